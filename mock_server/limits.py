"""The service's own patience: what a container has not answered by then is given up, and the client is told so in its place.

Source: the developer guide of Amazon SageMaker AI, "Custom inference code with hosting services": 60 s for a regular response, 8 minutes for a streaming
one. That a stream of which nothing at all has come ends as any other does is ours.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from itertools import islice

from mock_server.live import LiveTimelines, Timelines
from mock_server.timeline import Timeline

RESPONSE_S = 60.0
STREAM_S = 480.0


@dataclass(frozen=True, slots=True)
class Limit:
    """When an answer is given up, in seconds since the request, and what leaves then in place of the rest."""

    after_s: float
    instead: Timeline


class Limited:
    """Timelines up to a limit; `was_reached` once that cut them short."""

    def __init__(self, timelines: Timelines, limit: Limit) -> None:
        self.was_reached = False
        self._timelines = timelines
        self._limit = limit
        self._played = self._play()

    def __aiter__(self) -> AsyncIterator[Timeline]:
        """Yield what leaves."""
        return self._played

    async def aclose(self) -> None:
        """Stop whatever the timelines come from."""
        await self._played.aclose()
        await self._timelines.aclose()

    async def _play(self) -> AsyncGenerator[Timeline]:
        coming, until_s = aiter(self._timelines), asyncio.get_running_loop().time() + self._limit.after_s
        while timeline := await self._next(coming, until_s):
            if timeline.start_s > self._limit.after_s:
                self.was_reached = True
                break
            in_time = bisect_right(timeline.due_s, self._limit.after_s)
            if in_time < len(timeline.due_s) or timeline.ending == "hang" or timeline.end_s > self._limit.after_s:
                self.was_reached = True
                yield _begin(timeline, in_time)
                break
            yield timeline
        if self.was_reached:
            yield self._limit.instead

    async def _next(self, coming: AsyncIterator[Timeline], until_s: float) -> Timeline | None:
        """Return the next timeline; None behind the last, or where a model has not given it by the limit: all others are there."""
        if not isinstance(self._timelines, LiveTimelines):
            return await anext(coming, None)
        try:
            async with asyncio.timeout_at(until_s):
                return await anext(coming, None)
        except TimeoutError:
            self.was_reached = True
            return None


def _begin(timeline: Timeline, chunks: int) -> Timeline:
    """Return the first chunks alone, with something behind them."""
    begun = islice(timeline.chunks, chunks)
    return replace(timeline, chunks=begun, due_s=timeline.due_s[:chunks], parts=timeline.whole_parts(chunks), ending=None, torn=b"", end_s=0.0)
