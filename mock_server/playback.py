"""Play a timeline to a client: each chunk when it is due, chunks that are due together in one write."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, replace
from itertools import chain

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.clock import Clock
from mock_server.connection import Connection, find_connection
from mock_server.http_cut import HttpCut, Rest
from mock_server.journal import Ended
from mock_server.live import Timelines
from mock_server.tally import Tally
from mock_server.timeline import Timeline

MAX_WRITE_BYTES = 64 * 1024
"""So many bytes of chunks that are due go out in one system call; then other streams have their turn."""
MIN_WRITE_BYTES = 4 * 1024
"""The same for a stream's second write; each one after it may be twice as long."""


EMPTY = Timeline((), (), 0, head_waits=True, length_bytes=0)
BREAK = replace(EMPTY, length_bytes=None)


class PlayedResponse(Response):
    """A response that leaves as its timelines say, one after another, chunk by chunk past ASGI, and that notices at once when the client goes.

    A scripted answer is one timeline; one that is still being given is many, each with what has come. All count from the request. The first that says how
    the response ends is the last. `report` is called once, with what left and how it ended. When the twin stops, `last_words` and a proper end follow what
    has left, and the rest of a frame that is on its way; without any, the connection breaks.
    """

    def __init__(
        self,
        *,
        status: int,
        headers: list[tuple[bytes, bytes]],
        timelines: Timelines,
        last_words: bytes,
        clock: Clock,
        report: Callable[[Tally], None],
    ) -> None:
        self.status_code = status
        self.background = None
        self.raw_headers = headers
        self._timelines = timelines
        self._last_words = last_words
        self._clock = clock
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Play to one client."""
        connection = find_connection(scope)
        start_s, tally = self._clock.now_s(), Tally()
        player = _Player(self._clock, connection, send, self.status_code, self.raw_headers, start_s, tally)
        try:
            async with connection.until_gone(has_last_word=True), contextlib.aclosing(self._timelines):
                await player.play(self._timelines)
            if connection.is_stopped and not connection.is_gone and tally.ended == "cancelled":
                rest = self._timelines.rest(tally.bytes) if isinstance(self._timelines, HttpCut) else Rest()
                await player.break_off(rest, self._last_words)
        finally:
            if connection.is_stopped and tally.ended == "cancelled":
                tally.ended = "stopped"
            tally.duration_s = self._clock.now_s() - start_s
            self._report(tally)


def _http_chunks(chunks: list[bytes]) -> bytes:
    """Return each as an HTTP chunk of its own; all formatted at once, in half the time, and a paced one without that apparatus."""
    if len(chunks) == 1:
        return b"%x\r\n%b\r\n" % (len(chunks[0]), chunks[0])
    return b"%x\r\n%b\r\n" * len(chunks) % tuple(chain.from_iterable(zip(map(len, chunks), chunks, strict=True)))


@dataclass(slots=True)
class _Player:
    """One response on its way to one client."""

    clock: Clock
    connection: Connection
    send: Send
    status: int
    headers: list[tuple[bytes, bytes]]
    start_s: float
    tally: Tally
    timeline: Timeline = EMPTY
    """What is being played."""
    chunks: int = 0
    """How many of its chunks have left."""

    async def play(self, timelines: AsyncIterable[Timeline]) -> None:
        faulty = False
        async for self.timeline in timelines:
            self.chunks = 0
            if self.timeline.start_s:
                await self.clock.sleep_until(self.start_s + self.timeline.start_s)
            if not self.timeline.head_waits:
                await self._send_head()
            await self._send_chunks()
            faulty = faulty or self.timeline.faulty
            if self.timeline.ending:
                break
            await self._relieve()
        await self._end("fault" if faulty else "completed")

    async def break_off(self, rest: Rest, last_words: bytes) -> None:
        """End in the middle, but not of a frame."""
        if not last_words:
            async with self.connection.until_gone():
                await self.connection.hang_up()
            return
        chunks = [chunk for chunk in (rest.data, last_words) if chunk]
        self.chunks, self.timeline = 0, replace(BREAK, due_s=(self.clock.now_s() - self.start_s,) * len(chunks), parts=rest.parts)
        await self._put(chunks, self.connection.write)
        await self.send({"type": "http.response.body", "body": b""})

    async def _end(self, ended: Ended) -> None:
        last = self.timeline
        if last.end_s:
            await self.clock.sleep_until(self.start_s + last.end_s)
        if last.ending == "hang":
            await self.clock.sleep_until(math.inf)
        if last.ending == "reset":
            self.tally.ended = ended
            await self.connection.reset()
        if last.ending == "close":
            await self._tear(last.torn)
            self.tally.ended = ended
            await self.connection.hang_up()
        await self._send_head()
        await self._relieve()
        await self.send({"type": "http.response.body", "body": b""})
        self.tally.ended = ended

    async def _tear(self, chunk: bytes) -> None:
        """Let the first half of a chunk leave, behind a head that promises all of it."""
        if not chunk:
            return
        await self._send_head()
        half = chunk[: len(chunk) // 2]
        if self.timeline.length_bytes is None:
            self.connection.write(b"%x\r\n%b" % (len(chunk), half))
        else:
            await self.send({"type": "http.response.body", "body": half, "more_body": True})
        self.tally.bytes += len(half)

    async def _send_chunks(self) -> None:
        """Write what is due now together, a little at first and then more: nobody's first chunk waits for another's bulk."""
        due_now_s, packed_bytes, most_bytes = 0.0, 0, 1
        packed: list[bytes] = []
        for chunk, due_s in zip(self.timeline.chunks, self.timeline.due_s, strict=True):
            if due_s > due_now_s:
                due_now_s = self.clock.now_s() - self.start_s
                if due_s > due_now_s:
                    if packed:
                        await self._write(packed)
                        packed, packed_bytes = [], 0
                    await self.clock.sleep_until(self.start_s + due_s)
            packed.append(chunk)
            packed_bytes += len(chunk)
            if packed_bytes >= most_bytes:
                await self._write(packed)
                packed, packed_bytes = [], 0
                most_bytes = min(MAX_WRITE_BYTES, max(MIN_WRITE_BYTES, 2 * most_bytes))
                await asyncio.sleep(0)
        if packed:
            await self._put(packed, self.connection.write)

    async def _write(self, chunks: list[bytes]) -> None:
        await self._put(chunks, self.connection.send_now)
        await self._relieve()

    async def _relieve(self) -> None:
        """Wait while the client reads too slowly, and count how long, on the real clock."""
        if not self.connection.flow.write_paused:
            return
        now_s = asyncio.get_running_loop().time
        self.tally.waits, began_s = self.tally.waits + 1, now_s()
        try:
            await self.connection.relieve()
        finally:
            self.tally.waited_s += now_s() - began_s

    async def _put(self, chunks: list[bytes], write: Callable[[bytes], None]) -> None:
        """Let chunks leave: now, or with what comes next."""
        if self.tally.status is None:
            await self._send_head()
        if self.timeline.length_bytes is None:
            write(_http_chunks(chunks))
        else:
            await self.send({"type": "http.response.body", "body": b"".join(chunks), "more_body": True})
        first, self.chunks = self.chunks, self.chunks + len(chunks)
        self.tally.count(self.timeline, first, self.chunks, self.clock.now_s() - self.start_s)
        self.tally.bytes += sum(map(len, chunks))

    async def _send_head(self) -> None:
        if self.tally.status is not None:
            return
        self.tally.status, headers = self.timeline.head or (self.status, self.headers)
        length_bytes = self.timeline.length_bytes
        framing = (b"transfer-encoding", b"chunked") if length_bytes is None else (b"content-length", b"%d" % length_bytes)
        await self.send({"type": "http.response.start", "status": self.tally.status, "headers": [*headers, framing]})
