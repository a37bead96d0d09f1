"""Where the frames of an event stream are cut into HTTP chunks: last of all, so that whatever ends the stream early stands behind whole frames."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from itertools import accumulate

from mock_server.assembly import TimedCutter
from mock_server.cuts import Cut
from mock_server.live import Timelines
from mock_server.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Rest:
    """What is missing of a frame that has begun to leave."""

    data: bytes = b""
    """Empty where none has."""
    parts: int = 0
    """How many parts of the answer are whole with it."""


class HttpCutter:
    """Cuts frames into HTTP chunks, and knows with which of these each part of the answer is whole."""

    def __init__(self, cut: Cut, seed: int) -> None:
        self._cutter = TimedCutter(cut, seed)
        self._left_bytes = 0
        """How many bytes of the body are in chunks."""
        self._frames: list[bytes] = []
        """Those that come, but for whole ones in chunks of earlier timelines."""
        self._ends = [0]
        """Where in the body these frames begin and end."""
        self._part_ends: list[int] = []
        """Where those of them end that are parts."""

    def feed(self, timeline: Timeline, *, last: bool = False) -> Timeline:
        """Return the timeline in HTTP chunks; what is held back of the last one's frames leaves with them."""
        self._forget()
        chunks = list(timeline.chunks)
        ends = list(accumulate(map(len, chunks), initial=self._ends[-1]))
        self._frames += chunks
        self._ends += ends[1:]
        self._part_ends += [ends[count] for count in (range(1, timeline.parts + 1) if timeline.part_chunks is None else timeline.part_chunks)]
        pieces, due_s = self._cutter.feed(chunks, timeline.due_s, last=last or timeline.ending is not None)
        left = list(accumulate(map(len, pieces), initial=self._left_bytes))[1:]
        self._left_bytes = left[-1] if left else self._left_bytes
        whole = bisect_right(self._part_ends, self._left_bytes)
        return replace(timeline, chunks=pieces, due_s=due_s, parts=whole, part_chunks=[bisect_left(left, end) + 1 for end in self._part_ends[:whole]])

    def finish(self) -> Timeline:
        """Return what is held back: nothing completes its HTTP chunk."""
        return self.feed(Timeline((), (), 0, head_waits=True), last=True)

    def rest(self, left_bytes: int) -> Rest:
        """Return what is missing of the frame that is on its way when so many bytes of the body have left."""
        number = bisect_right(self._ends, left_bytes) - 1
        if self._ends[number] == left_bytes:
            return Rest()
        start, end = self._ends[number : number + 2]
        return Rest(self._frames[number][left_bytes - start :], self._part_ends.count(end))

    def _forget(self) -> None:
        """Forget the frames that have left: when the next timeline comes, the one before has been played."""
        whole = bisect_right(self._ends, self._left_bytes) - 1
        del self._frames[:whole], self._ends[:whole]
        del self._part_ends[: bisect_right(self._part_ends, self._left_bytes)]


class HttpCut:
    """Timelines of frames as timelines of HTTP chunks."""

    def __init__(self, timelines: Timelines, cut: Cut, seed: int) -> None:
        self._timelines = timelines
        self._cutter = HttpCutter(cut, seed)
        self._played = self._play()

    def __aiter__(self) -> AsyncIterator[Timeline]:
        """Yield what leaves."""
        return self._played

    async def aclose(self) -> None:
        """Stop whatever the timelines come from."""
        await self._played.aclose()
        await self._timelines.aclose()

    def rest(self, left_bytes: int) -> Rest:
        """Return what is missing of the frame that is on its way when so many bytes of the body have left."""
        return self._cutter.rest(left_bytes)

    async def _play(self) -> AsyncGenerator[Timeline]:
        async for timeline in self._timelines:
            if timeline.ending and not timeline.due_s:
                yield self._cutter.finish()  # the ending may be due later than the frames before it
            yield self._cutter.feed(timeline)
        yield self._cutter.finish()
