"""What whoever comes may ask of the page's server: ASGI middleware in front of Gradio and of our own routes.

Gradio serves more than this page uses: uploads without a bound, a file route, a REST API, a development stream, a route that starts its queue once more.
Here stands what the page asks for, and nothing else is there. Each session that is made up costs the server some ten milliseconds and 200 KiB, so an address
has only so many, and only so many connections that are held open.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.admission import visitor_of
from demo.language import Words, words_for
from demo.limits import Limits

HOUR_S = 3600.0
"""So long Gradio keeps what belongs to a session that is gone."""
SESSION = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Way:
    """A request that the page makes."""

    method: str
    path: re.Pattern[str]
    """`session` is a group of it where the path names one."""
    is_held: bool = False
    """Whether it stays open for long."""
    is_visit: bool = False
    """Whether it leaves something behind, as a session does, and is counted as one."""


def _way(method: str, path: str, **traits: bool) -> Way:
    return Way(method, re.compile(path), **traits)


WAYS = (
    _way("GET", r"/"),
    _way("GET", r"/(?:assets|static)/.+"),
    _way("GET", r"/(?:theme\.css|favicon\.ico|manifest\.json|robots\.txt|config)"),
    _way("GET", r"/gradio_api/(?:theme\.css|app_id)"),
    _way("GET", r"/gradio_api/heartbeat/(?P<session>[^/]+)", is_held=True),
    _way("GET", r"/gradio_api/queue/data", is_held=True),
    _way("POST", r"/gradio_api/(?:queue/join|run/predict|cancel|reset)", is_held=True),
    _way("POST", r"/gradio_api/upload", is_held=True, is_visit=True),
    _way("GET", r"/gradio_api/upload_progress", is_held=True),
    _way("GET", r"/saved/[^/]+"),
    _way("GET", r"/recordings/[^/]+/\d+"),
    _way("GET", r"/media/[^/]+", is_held=True),
)
"""All that is served; HEAD goes where GET goes."""


class Gate:
    """ASGI middleware that lets through what the page asks for, within its limits."""

    def __init__(self, app: ASGIApp, limits: Limits, now: Callable[[], float] = monotonic) -> None:
        self._app = app
        self._limits = limits
        self._sessions = Sessions(limits.pages_each, now)
        self._held: Counter[str] = Counter()
        self._visits = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer in its stead."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        words = words_for(Headers(scope=scope).get("accept-language"))
        match = way_of(scope["method"], scope["path"])
        if match is None:
            await _refusal(404, words("This page has nothing there."))(scope, receive, send)
            return
        way, session = match
        visitor = visitor_of((scope.get("client") or ("",))[0])
        with self._holding(visitor, way) as has_room:
            if not has_room:
                refusal: Response | None = _refusal(429, words("The page holds {n} connections to a visitor: close a tab.", n=self._limits.connections_each))
            else:
                body = await _body(receive, self._limits.request_bytes) if scope["method"] == "POST" else b""
                named = f"visit-{next(self._visits)}" if way.is_visit else session
                refusal = self._refused(visitor, named or _session_in(scope, body or b""), body, words)
                receive = _replayed(body or b"", receive) if scope["method"] == "POST" else receive
                await asyncio.sleep(0)  # a large body takes some time to read, and Gradio reads it once more: whoever waits has a turn between
            await (refusal or self._app)(scope, receive, send)

    def _refused(self, visitor: str, session: str | None, body: bytes | None, words: Words) -> Response | None:
        """Return the answer to a request that is over a limit; None of one that passes."""
        if body is None:
            return _refusal(413, words("The page takes requests of up to {n} bytes.", n=f"{self._limits.request_bytes:,}"))
        if session is not None and not SESSION.fullmatch(session):
            return _refusal(400, words("A session's name is of up to 64 letters, digits, - and _."))
        if session is not None and not self._sessions.admit(visitor, session):
            return _refusal(429, words("The page takes {n} visits from an address within an hour.", n=self._limits.pages_each))
        return None

    @contextmanager
    def _holding(self, visitor: str, way: Way) -> Iterator[bool]:
        """Count a request that stays open; the block's value is whether there is room for it."""
        if not way.is_held:
            yield True
            return
        has_room = self._held[visitor] < self._limits.connections_each
        self._held[visitor] += has_room
        try:
            yield has_room
        finally:
            self._held[visitor] -= has_room
            if not self._held[visitor]:
                del self._held[visitor]


class Sessions:
    """The sessions of each visitor within the last hour.

    Args:
        now: Monotonic seconds.
    """

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self._most = most
        self._now = now
        self._seen_at_s: dict[str, OrderedDict[str, float]] = {}
        self._swept_at_s = now()

    def admit(self, visitor: str, session: str) -> bool:
        """Return whether the visitor has this session, or may have one more, and then has it."""
        self._sweep()
        seen_at_s = self._seen_at_s.setdefault(visitor, OrderedDict())
        while seen_at_s and next(iter(seen_at_s.values())) <= self._now() - HOUR_S:
            seen_at_s.popitem(last=False)
        if session not in seen_at_s and len(seen_at_s) >= self._most:
            return False
        seen_at_s[session] = self._now()
        seen_at_s.move_to_end(session)
        return True

    def _sweep(self) -> None:
        """Forget, once an hour, the visitors who are gone."""
        since_s = self._now() - HOUR_S
        if self._swept_at_s > since_s:
            return
        self._swept_at_s = self._now()
        self._seen_at_s = {visitor: seen_at_s for visitor, seen_at_s in self._seen_at_s.items() if seen_at_s and next(reversed(seen_at_s.values())) > since_s}


def way_of(method: str, path: str) -> tuple[Way, str | None] | None:
    """Return the way that a request takes, and the session that its path names; None if there is none."""
    method = "GET" if method == "HEAD" else method
    for way in WAYS:
        if way.method == method and (match := way.path.fullmatch(path)):
            return way, match.groupdict().get("session")
    return None


def _session_in(scope: Scope, body: bytes) -> str | None:
    """Return the session that a request's query or body names."""
    if scope["method"] != "POST":
        return next(iter(parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", ())), None)
    try:
        members = _members(body)
    except ValueError:
        return None  # which is then Gradio's to refuse
    session = members.get("session_hash") if isinstance(members, dict) else None
    return session if session is None or isinstance(session, str) else ""


def _members(body: bytes) -> Any:
    """Return what JSON holds, whatever of it Gradio would read; raises ValueError."""
    try:
        return orjson.loads(body)  # a body with what a browser keeps has 3 MiB: several times as fast, while everybody waits
    except orjson.JSONDecodeError:
        return json.loads(body)


async def _body(receive: Receive, most_bytes: int) -> bytes | None:
    """Return a request's body; None of one that is longer, or whose sender is gone."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or len(body) > most_bytes:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what hands out a body that was read already, and then goes on with `receive`."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence, "detail": sentence}, status)
