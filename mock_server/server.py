"""Our uvicorn server: on a port that is bound beforehand, with a shutdown that waits for nobody, or for running streams as long as it was told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from mock_server.connection import Connection
from mock_server.tls import Certificate

LAST_WORDS_S = 1.0
"""How long streams that the twin ends have until they are gone; whoever does not read hears nothing."""
POLL_S = 0.02
"""How often a server that stops looks who is left."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free one.

    Raises:
        OSError: The port is taken, or the host is none of this machine's.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, kind, protocol)  # asyncio sets TCP_NODELAY only where the protocol is named; without it a small answer takes 40 ms
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """A uvicorn server on a bound socket that starts and stops without waiting; with a certificate, over TLS alone.

    SIGTERM gives running streams `grace_s` seconds, and then ends those that are left as the service, or a container, would.
    """

    def __init__(self, app: ASGIApp, certificate: Certificate | None = None, *, grace_s: float = 0.0) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                backlog=1024,
                ssl_certfile=certificate.chain if certificate else None,
                ssl_keyfile=certificate.key if certificate else None,
            )
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exit = asyncio.Event()
        self._at_once = asyncio.Event()
        self._grace_s = grace_s

    async def main_loop(self) -> None:
        """Wait to be stopped; meanwhile the Date header moves on once a second."""
        self._loop = asyncio.get_running_loop()
        tick = 0
        while not await self.on_tick(tick):
            tick += 10  # uvicorn renews the header at every tenth tick
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), 1.0)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's signature
        """Stop at a signal: with grace at the first SIGTERM, at once at any other and at the second."""
        if sig != signal.SIGTERM or self.should_exit:
            self._set(self._at_once)
        self.should_exit = True
        self._set(self._exit)

    def stop(self) -> None:
        """Stop at once, from any thread."""
        self.should_exit = True
        self._set(self._at_once)
        self._set(self._exit)

    def break_off(self) -> None:
        """Close the connections whose requests are being answered; return when these have ended. From any other thread."""
        if self._loop is not None and not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._break_off(), self._loop).result()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listener and every connection, streams included, the latter with grace unless it is to be at once; wait for their requests to end."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in self._connections:
            connection.shutdown()  # an idle one closes; any other does so behind its response
        await self._wait_until_gone(self._grace_s)
        if not self._at_once.is_set():
            for connection in self._connections:
                connection.wind_up()
            await self._wait_until_gone(LAST_WORDS_S)
        for connection in self._connections:
            connection.stop()
        await self._wait_for_requests()

    async def _break_off(self) -> None:
        for connection in self._connections:
            if connection.is_busy:
                connection.stop()
        await self._wait_for_requests()

    async def _wait_for_requests(self) -> None:
        tasks: set[asyncio.Task[Any]] = set(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=5.0)

    @property
    def _connections(self) -> frozenset[Connection]:
        return frozenset(cast("set[Connection]", self.server_state.connections))

    async def _wait_until_gone(self, limit_s: float) -> None:
        """Wait until no connection is left, the time is over, or it is to be at once."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + limit_s
        while self.server_state.connections and not self._at_once.is_set() and loop.time() < until_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._at_once.wait(), POLL_S)

    def _set(self, event: asyncio.Event) -> None:
        if self._loop is None:
            event.set()
        else:
            with contextlib.suppress(RuntimeError):  # the loop has closed by itself
                self._loop.call_soon_threadsafe(event.set)
