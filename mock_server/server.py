"""Our uvicorn server: a protocol that lets a response write its own HTTP chunks and reset its connection, and a shutdown that waits for nobody.

Through ASGI one send is one HTTP chunk and one system call. Writing the chunks ourselves, each frame keeps its own chunk and many share a call: some eight
times more tokens a second. ASGI still sends the head and the last chunk, so that uvicorn's own state holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "streamtwin.connection"
LINGER_ZERO = struct.pack("ii", 1, 0)
"""Closing a socket with this option sends RST in place of FIN."""


class Outbox:
    """What leaves on a connection: all that is written up to `flush`, or else in one turn of the loop, in one system call."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._pieces: list[bytes] = []
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Keep bytes until they leave."""
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pieces.append(data)

    def flush(self) -> None:
        """Send what was written."""
        if self._pieces and not self.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces.clear()

    def close(self) -> None:
        """Send what was written, and close."""
        self.flush()
        self._transport.close()


class Connection(HttpToolsProtocol):
    """One client's connection, as its response sees it."""

    _scope: asyncio.Timeout | None = None
    _outbox: Outbox
    is_gone = False
    is_stopped = False
    """Whether it went because the twin stopped."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to keep together what leaves together."""
        super().connection_made(transport)
        self._outbox = Outbox(transport)

    def on_message_begin(self) -> None:
        """Hand the connection to the application."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: self}  # type: ignore[dict-item]  # uvicorn's type has room for settings alone

    def on_headers_complete(self) -> None:
        """Have uvicorn's heads and last chunks leave with what we write between them."""
        super().on_headers_complete()
        self.cycle.transport = self._outbox  # type: ignore[assignment]  # all that uvicorn does with it is write, close and ask whether it is closing

    def on_response_complete(self) -> None:
        """Let the end of a response leave at once."""
        self._outbox.flush()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the response that is being played."""
        self.is_gone = True
        super().connection_lost(exc)
        self._interrupt()

    def eof_received(self) -> None:
        """End the connection at once if a response is being played: what is still buffered has no reader."""
        if self._scope is not None:
            self.transport.abort()

    @contextlib.asynccontextmanager
    async def until_gone(self) -> AsyncIterator[None]:
        """Run the block until it ends or the client goes, whichever comes first, wherever it waits."""
        try:
            async with asyncio.timeout(None) as self._scope:
                if self.is_gone:
                    self._interrupt()
                yield
        except TimeoutError:
            if not self.is_gone:
                raise
        finally:
            self._scope = None

    def write(self, data: bytes) -> None:
        """Write bytes as they are; they leave with the next `drain`, or the response's end."""
        self._outbox.write(data)

    async def drain(self) -> None:
        """Send what was written, and wait while the client reads too slowly."""
        self._outbox.flush()
        if self.flow.write_paused:
            await self.flow.drain()

    async def reset(self) -> None:
        """Send what is buffered, then RST, and wait to be gone."""
        self.transport.set_write_buffer_limits(0)
        await self.drain()
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.transport.abort()
        await asyncio.Event().wait()

    def stop(self) -> None:
        """Close at once, because the twin stops."""
        self.is_stopped = True
        self.transport.abort()

    def _interrupt(self) -> None:
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())


def find_connection(scope: Scope) -> Connection:
    """Return the connection that a request came on."""
    connection: Connection = scope["extensions"][EXTENSION]
    return connection


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
    """A uvicorn server on a bound socket that starts and stops without waiting."""

    def __init__(self, app: ASGIApp) -> None:
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
            )
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exit = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait to be stopped; meanwhile the Date header moves on once a second."""
        self._loop = asyncio.get_running_loop()
        tick = 0
        while not await self.on_tick(tick):
            tick += 10  # uvicorn renews the header at every tenth tick
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), 1.0)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at a signal, at once."""
        super().handle_exit(sig, frame)
        self.stop()

    def stop(self) -> None:
        """Stop, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has closed by itself
                self._loop.call_soon_threadsafe(self._exit.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listener and every connection, streams included, and wait for their requests to end."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in cast("set[Connection]", self.server_state.connections.copy()):
            connection.stop()
        tasks: set[asyncio.Task[Any]] = set(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=5.0)
