"""Serve the page: one process, one port, bound before anything else so that a taken one is known at once."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backends.settings import Settings
from demo.desk import Desk, open_desk
from demo.gate import Gate
from demo.limits import limits_of
from demo.page import Page
from demo.prefix import Prefix

# A model's Markdown may ask for an image from any host and tell it the chat by its address.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-src 'none'; frame-ancestors 'self' https://*.huggingface.co https://*.hf.space"
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-accel-buffering": "no",
}


class PortTaken(OSError):
    """Somebody else listens there."""


class Headers:
    """ASGI middleware: the browser asks and tells nobody else, and a proxy in front does not hold an answer back to send it in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add our headers to its response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise PortTaken(f"Port {port} of {host} cannot be served: {error.strerror}.") from error


def create_app(desk: Desk, settings: Settings) -> FastAPI:
    """Return the page as an ASGI application that closes `desk` when it ends."""
    page = Page(desk, limits_of(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await page.aclose()
        await desk.aclose()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.add_middleware(Gate, limits=limits_of(settings))
    app.add_middleware(Prefix, root_path=urlsplit(settings.root_path).path)
    app.add_middleware(Headers)
    page.mount(app, host=settings.host, port=settings.port, root_path=settings.root_path)
    return app


class Server(uvicorn.Server):
    """uvicorn that says where it is once people can come."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say the address."""
        await super().startup(sockets)
        host, port = (sockets or self.servers[0].sockets)[0].getsockname()[:2]
        print(f"Streamtwin is at http://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)  # noqa: T201 - the command's output


def create_server(desk: Desk, settings: Settings) -> Server:
    """Return a server of the page; `run` it with the listening socket."""
    # An open page holds a heartbeat for ever: it is not waited for.
    return Server(
        uvicorn.Config(
            create_app(desk, settings), log_level="warning", access_log=False, timeout_graceful_shutdown=1, ws="none", forwarded_allow_ips=settings.proxies
        )
    )


def serve(settings: Settings) -> None:
    """Serve until interrupted; raises PortTaken and ConfigurationError."""
    with bind(settings.host, settings.port) as listener, open_desk(settings) as desk:
        create_server(desk, settings).run([listener])
