"""Who may ask `/_mock/`: programs, and pages of the twin's own; no page of another site, which a browser here would let send requests.

Such a page is known by its `Origin`, which browsers put on all that changes anything (https://fetch.spec.whatwg.org/#origin-header), or, if its own name
resolves to this machine (DNS rebinding), by the name in `Host`.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """ASGI middleware that refuses requests of other sites' pages.

    Args:
        app: What is guarded.
        any_host: Whether it may be asked under any name, as where it is served to a network.
    """

    def __init__(self, app: ASGIApp, *, any_host: bool = False) -> None:
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host and not (self._any_host or _is_this_machine(host)):
            await _refuse(f"Host {host!r} is no name of this machine's loopback; expected 127.0.0.1, localhost or ::1")(scope, receive, send)
        elif origin is not None and _netloc(origin) != host.lower():
            await _refuse(f"Origin {origin!r} is another site; expected none, or that of Host")(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refuse(problem: str) -> JSONResponse:
    return JSONResponse({"error": problem}, 403)


def _netloc(origin: str) -> str | None:
    """Return an origin's host and port as `Host` says them; None where it has none, as the origin `null`."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _is_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
