"""Files that a page offers for download: GET saved/{key}. Each page has one at a time, in memory, until it offers another or is gone.

Not every page says that it is gone: of too much, the oldest go first.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_urlsafe
from sys import getsizeof
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

KEPT_BYTES = 64 * 1024 * 1024
"""So much all pages' files take; one that alone takes more is kept until another is offered."""

RECORD_BYTES = 1_000
"""About what a file takes beside its text."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file."""

    name: str
    media_type: str
    text: str

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return getsizeof(self.text) + RECORD_BYTES


class Downloads:
    """What the pages offer, each by its session."""

    def __init__(self) -> None:
        self._offered: dict[str, tuple[str, Download]] = {}
        self._size_bytes = 0

    def offer(self, session: str, download: Download) -> str:
        """Offer a file in place of the one before; return its address, relative to the page's, which nobody guesses."""
        key = token_urlsafe(16)
        self.forget(session)
        self._offered[session] = key, download
        self._size_bytes += download.size_bytes
        while self._size_bytes > KEPT_BYTES and len(self._offered) > 1:
            self.forget(next(iter(self._offered)))
        return f"saved/{key}"

    def forget(self, session: str) -> None:
        """Forget what a page offers that is gone."""
        if offered := self._offered.pop(session, None):
            self._size_bytes -= offered[1].size_bytes

    def route(self) -> Route:
        """Return the route that sends the files."""

        async def send(request: Request) -> Response:
            asked = request.path_params["key"]
            found = next((download for key, download in self._offered.values() if key == asked), None)
            if found is None:
                return PlainTextResponse("There is no such file any more: export it again.", 404)
            headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}", "cache-control": "no-store"}
            return Response(found.text, 200, headers, found.media_type)

        return Route("/saved/{key}", send, methods=["GET"])
