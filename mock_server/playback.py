"""Play a timeline to a client: each chunk when it is due, chunks that are due together in one write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.faults import Timeline
from mock_server.journal import Ended
from mock_server.server import Connection, find_connection

MAX_WRITE_BYTES = 64 * 1024
"""So many bytes of chunks that are due go out in one system call; then other streams have their turn."""


class Clock(Protocol):
    """**Protocol:** the time that timelines are played by."""

    def now_s(self) -> float:
        """Return the time, from any fixed moment."""

    async def sleep_until(self, moment_s: float) -> None:
        """Return when that moment has come."""


class LoopClock:
    """The event loop's own clock."""

    def now_s(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    async def sleep_until(self, moment_s: float) -> None:
        """Sleep up to an absolute moment, so that delays do not add up."""
        await asyncio.sleep(moment_s - self.now_s())


class VirtualClock:
    """A clock that goes as far as anybody sleeps: what would take seconds takes none, in the same order within each stream."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        """Return the latest moment that anybody has slept to."""
        return self._now_s

    async def sleep_until(self, moment_s: float) -> None:
        """Move on to that moment, and let everybody else run."""
        self._now_s = max(self._now_s, moment_s)
        await asyncio.sleep(0)


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
        """Play."""
        connection = find_connection(scope)
        tally = Tally()
        try:
            async with connection.until_gone():
                await self._play(connection, send, tally)
        finally:
            if connection.is_gone and tally.ended == "cancelled" and connection.is_stopped:
                tally.ended = "stopped"
            self._report(tally)

    async def _play(self, connection: Connection, send: Send, tally: Tally) -> None:
        timeline = self._timeline
        start_s = self._clock.now_s()
        if not timeline.head_waits:
            await self._send_head(send, tally)
        await self._send_chunks(connection, send, tally, start_s)
        if timeline.ending == "hang":
            await asyncio.Event().wait()
        if timeline.ending == "reset":
            tally.ended = "fault"
            await connection.reset()
        if not tally.head_left:
            await self._send_head(send, tally)
        await send({"type": "http.response.body", "body": b""})
        tally.ended = "fault" if timeline.faulty else "completed"

    async def _send_chunks(self, connection: Connection, send: Send, tally: Tally, start_s: float) -> None:
        """Write every chunk; those that are due now go together, but the first goes alone, so that nobody waits for another's bulk."""
        clock, packed_bytes, due_now_s = self._clock, 0, 0.0
        packed: list[bytes] = []
        for chunk, due_s in zip(self._timeline.chunks, self._timeline.due_s, strict=False):
            if due_s > due_now_s:
                due_now_s = clock.now_s() - start_s
                if due_s > due_now_s:
                    await self._write(connection, send, tally, packed)
                    packed, packed_bytes = [], 0
                    await clock.sleep_until(start_s + due_s)
                    due_now_s = due_s
            packed.append(chunk)
            packed_bytes += len(chunk)
            if packed_bytes >= MAX_WRITE_BYTES or not tally.chunks:
                await self._write(connection, send, tally, packed)
                packed, packed_bytes = [], 0
        await self._write(connection, send, tally, packed)

    async def _write(self, connection: Connection, send: Send, tally: Tally, chunks: list[bytes]) -> None:
        if not chunks:
            return
        if not tally.head_left:
            await self._send_head(send, tally)
        if self._timeline.length_bytes is None:
            connection.write(b"".join([b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]))
        else:
            await send({"type": "http.response.body", "body": b"".join(chunks), "more_body": True})
        tally.chunks += len(chunks)
        tally.bytes += sum(map(len, chunks))
        await connection.drain()

    async def _send_head(self, send: Send, tally: Tally) -> None:
        tally.head_left = True
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
