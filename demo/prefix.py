"""The path under which a proxy in front serves the page.

A proxy takes its own path off a request and says so by `X-Forwarded-Prefix`, as jupyter-server-proxy does at `/proxy/PORT/` (SageMaker Studio has that under
`/jupyterlab/default` or `/jupyter/default`), or says nothing, and --root-path tells; or it leaves the path as it is, as `/proxy/absolute/PORT/` does, and
then --root-path takes it off here. Source: jupyter-server-proxy, jupyter_server_proxy/handlers.py.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = re.compile(r"(?:/[\w.~@:-]+)+", re.ASCII)


class Prefix:
    """ASGI middleware: what is behind it sees paths from the page's own root on.

    Args:
        root_path: What --root-path says of it; a proxy's own word counts where that is nothing.
    """

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        prefix = self._root_path or forwarded_prefix(scope)
        path: str = scope["path"]
        if prefix and (path + "/").startswith(prefix + "/"):
            path = path[len(prefix) :] or "/"
        await self._app({**scope, "path": path, "raw_path": path.encode(), "root_path": prefix}, receive, send)


def forwarded_prefix(scope: Scope) -> str:
    """Return the path that a proxy says it took off; empty if it says none, or what is no path."""
    said = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
    return said if PREFIX.fullmatch(said) else ""
