"""One client's connection: a uvicorn protocol that lets a response write its own HTTP chunks, reset it, and end when the client goes.

Through ASGI one send is one HTTP chunk and one system call. Writing the chunks ourselves, each frame keeps its own chunk and many share a call: some eight
times more tokens a second. ASGI still sends the head and the last chunk, so that uvicorn's own state holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

from starlette.types import Scope
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

    def send(self, data: bytes) -> None:
        """Send what was written, and this, with nothing left to do in the loop."""
        self._pieces.append(data)
        self.flush()

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
    _has_last_word = False
    _outbox: Outbox
    is_gone = False
    is_stopped = False
    """Whether it goes because the twin stops."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to keep together what leaves together."""
        super().connection_made(transport)
        self.access_log = False  # pytest hangs handlers on every logger, and uvicorn takes them for a wish; a query may hold a signature
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
    async def until_gone(self, *, has_last_word: bool = False) -> AsyncIterator[None]:
        """Run the block until it ends or the client goes, whichever comes first, wherever it waits.

        With a last word, it ends as well when the twin stops, while the client is still there to hear it.
        """
        self._has_last_word = has_last_word
        try:
            async with asyncio.timeout(None) as self._scope:
                if self.is_gone:
                    self._interrupt()
                yield
        except TimeoutError:
            if not (self.is_gone or (self.is_stopped and has_last_word)):
                raise
        finally:
            self._scope = None

    def write(self, data: bytes) -> None:
        """Write bytes as they are; they leave with what is written in the same turn of the loop."""
        self._outbox.write(data)

    def send_now(self, data: bytes) -> None:
        """Send bytes as they are, behind what was written."""
        self._outbox.send(data)

    async def drain(self) -> None:
        """Send what was written, and wait while the client reads too slowly."""
        self._outbox.flush()
        await self.relieve()

    async def relieve(self) -> None:
        """Wait while the client reads too slowly."""
        if self.flow.write_paused:
            await self.flow.drain()

    async def reset(self) -> None:
        """Send what is buffered, then RST, and wait to be gone."""
        self.transport.set_write_buffer_limits(0)
        await self.drain()
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.transport.abort()
        await asyncio.Event().wait()

    async def hang_up(self) -> None:
        """Send what is buffered, then FIN with no last chunk before it, and wait to be gone."""
        self._outbox.close()
        await asyncio.Event().wait()

    @property
    def is_busy(self) -> bool:
        """Whether a request on it is being answered, or arrives."""
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]  # before the first request there is none

    def wind_up(self) -> None:
        """Let whoever has a last word say it, because the twin stops; close at once if nobody has."""
        self.is_stopped = True
        if self._scope is not None and self._has_last_word:
            self._interrupt()
        else:
            self.transport.abort()

    def stop(self) -> None:
        """Close at once, because the twin stops."""
        self.is_stopped = True
        self.transport.abort()

    def _interrupt(self) -> None:
        """End the block that is run until the client goes; a second time there is none."""
        scope, self._scope = self._scope, None
        if scope is not None:
            scope.reschedule(asyncio.get_running_loop().time())


def find_connection(scope: Scope) -> Connection:
    """Return the connection that a request came on."""
    connection: Connection = scope["extensions"][EXTENSION]
    return connection
