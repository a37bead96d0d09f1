"""Play a timeline to a client: each chunk when it is due, chunks that are due together in one write."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from mock_server.clock import Clock
from mock_server.connection import Connection, find_connection
from mock_server.faults import Timeline
from mock_server.journal import Ended

MAX_WRITE_BYTES = 64 * 1024
"""So many bytes of chunks that are due go out in one system call; then other streams have their turn."""
MIN_WRITE_BYTES = 4 * 1024
"""The same for a stream's second write; each one after it may be twice as long."""


@dataclass(slots=True)
class Tally:
    """What has left so far."""

    chunks: int = 0
    bytes: int = 0
    head_left: bool = False
    ended: Ended = "cancelled"


class PlayedResponse(Response):
    """A response that leaves as its timeline says, chunk by chunk past ASGI, and notices at once when the client goes.

    `report` is called once, with what left and how it ended.
    """

    def __init__(self, *, status: int, headers: list[tuple[bytes, bytes]], timeline: Timeline, clock: Clock, report: Callable[[Tally], None]) -> None:
        self.status_code = status
        self.background = None
        length = timeline.length_bytes
        framing = (b"transfer-encoding", b"chunked") if length is None else (b"content-length", b"%d" % length)
        self.raw_headers = [*headers, framing]
        self._timeline = timeline
        self._clock = clock
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Play to one client."""
        connection = find_connection(scope)
        head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        player = _Player(self._timeline, self._clock, connection, send, head, Tally())
        try:
            async with connection.until_gone():
                await player.play()
        finally:
            if connection.is_stopped and player.tally.ended == "cancelled":
                player.tally.ended = "stopped"
            self._report(player.tally)


def _http_chunks(chunks: list[bytes]) -> bytes:
    """Return each as an HTTP chunk of its own; all formatted at once, in half the time."""
    return b"%x\r\n%b\r\n" * len(chunks) % tuple(chain.from_iterable(zip(map(len, chunks), chunks, strict=True)))


@dataclass(slots=True)
class _Player:
    """One timeline on its way to one client."""

    timeline: Timeline
    clock: Clock
    connection: Connection
    send: Send
    head: Message
    tally: Tally

    async def play(self) -> None:
        start_s = self.clock.now_s()
        if not self.timeline.head_waits:
            await self._send_head()
        await self._send_chunks(start_s)
        if self.timeline.ending == "hang":
            await self.clock.sleep_until(math.inf)
        if self.timeline.ending == "reset":
            self.tally.ended = "fault"
            await self.connection.reset()
        await self._send_head()
        await self.send({"type": "http.response.body", "body": b""})
        self.tally.ended = "fault" if self.timeline.faulty else "completed"

    async def _send_chunks(self, start_s: float) -> None:
        """Write what is due now together, a little at first and then more: nobody's first chunk waits for another's bulk."""
        due_now_s, packed_bytes, most_bytes = 0.0, 0, 1
        packed: list[bytes] = []
        for chunk, due_s in zip(self.timeline.chunks, self.timeline.due_s, strict=True):
            if due_s > due_now_s:
                due_now_s = self.clock.now_s() - start_s
                if due_s > due_now_s:
                    await self._write(packed)
                    packed, packed_bytes = [], 0
                    await self.clock.sleep_until(start_s + due_s)
            packed.append(chunk)
            packed_bytes += len(chunk)
            if packed_bytes >= most_bytes:
                await self._write(packed)
                packed, packed_bytes = [], 0
                most_bytes = min(MAX_WRITE_BYTES, max(MIN_WRITE_BYTES, 2 * most_bytes))
                await asyncio.sleep(0)
        await self._put(packed)

    async def _write(self, chunks: list[bytes]) -> None:
        await self._put(chunks)
        await self.connection.drain()

    async def _put(self, chunks: list[bytes]) -> None:
        """Let chunks leave with what comes next."""
        if not chunks:
            return
        await self._send_head()
        if self.timeline.length_bytes is None:
            self.connection.write(_http_chunks(chunks))
        else:
            await self.send({"type": "http.response.body", "body": b"".join(chunks), "more_body": True})
        self.tally.chunks += len(chunks)
        self.tally.bytes += sum(map(len, chunks))

    async def _send_head(self) -> None:
        if not self.tally.head_left:
            self.tally.head_left = True
            await self.send(self.head)
