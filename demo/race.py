"""Two answers at once, from one question: merged into one stream of moments, stopped together, each with a clock beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from backends.chat import Answer, ChatBackend, ChatRequest, Tap
from backends.timing import Timing
from demo.language import ENGLISH, Words, mark
from demo.pacing import BRISK_S
from demo.run import Run
from demo.status import duration
from demo.turns import Turn

NEVER = mark("never came")


@dataclass(frozen=True, slots=True)
class Whole:
    """A backend that is asked for whole answers: what one waits for where nothing streams."""

    backend: ChatBackend

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> Answer:
        """Return the answer to `request`, which comes as one part; nothing is sent before it is entered."""
        return self.backend.invoke(request, tap=tap)


@dataclass(slots=True)
class Lane:
    """One side of a race, as it stands."""

    turn: Turn
    """With its failure, where nothing could be sent."""
    run: Run | None = None
    """None where nothing could be sent."""
    elapsed_s: float = 0.0
    """Since the start, as last painted."""
    words: Words = ENGLISH
    """Those of whoever asked."""

    @property
    def timing(self) -> Timing:
        """What was measured so far."""
        return self.run.timing if self.run else Timing()

    @property
    def ending(self) -> str | None:
        """How it ended, in a word; None while it is on its way."""
        return self.run.tape.ending if self.run else self.words("no answer")

    @property
    def shown(self) -> Turn:
        """The turn as a side shows it: until its first word the clock says enough, and once it is over the table does."""
        return replace(self.turn, status=self.ending or (self.turn.status if self.timing.tokens else ""))

    def first_word(self) -> str:
        """Return how long one waited for the first word, or waits."""
        return self._wait(self.timing.ttft_s)

    def last_word(self) -> str:
        """Return how long one waited for the last word, or waits."""
        return self._wait(self.timing.total_s if self.timing.finish else None)

    def _wait(self, came_at_s: float | None) -> str:
        if came_at_s is not None:
            return duration(came_at_s)
        return self.words(NEVER) if self.ending else self.words("waiting {seconds} s", seconds=f"{self.elapsed_s:.1f}")


class Race:
    """Answers that start together; used once, on one event loop.

    Whoever closes the iterator that `moments` returns, or calls `stop` from any task, closes every connection. A lane that fails leaves the others alone.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self._changed = asyncio.Event()
        self._now = asyncio.get_running_loop().time
        self._began_at_s = self._now()

    async def stop(self) -> None:
        """Close every connection; `moments` goes on to its last one."""
        await asyncio.gather(*(lane.run.stop() for lane in self.lanes if lane.run))

    async def moments(self) -> AsyncGenerator[None]:
        """Yield whenever the lanes are worth painting, at least four times a second, and when the last of them is over."""
        runners = {asyncio.create_task(self._follow(lane, lane.run)) for lane in self.lanes if lane.run}
        for runner in runners:
            runner.add_done_callback(lambda _: self._changed.set())
        try:
            while not all(runner.done() for runner in runners):
                await self._changed.wait()
                self._changed.clear()
                self._turn_clocks()
                yield
                await asyncio.wait(runners, timeout=BRISK_S, return_when=asyncio.FIRST_COMPLETED)
            for runner in runners:
                runner.result()
            yield
        finally:
            for runner in runners:
                runner.cancel()
            await asyncio.gather(*runners, return_exceptions=True)

    def _turn_clocks(self) -> None:
        for lane in self.lanes:
            if not lane.ending:
                lane.elapsed_s = self._now() - self._began_at_s

    async def _follow(self, lane: Lane, run: Run) -> None:
        async with aclosing(run.turns()) as turns:
            async for lane.turn in turns:
                self._changed.set()
