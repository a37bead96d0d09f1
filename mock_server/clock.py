"""The time that answers are played by: the event loop's, or one that jumps from each planned moment to the next."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Any, Protocol, TypeAlias, cast

PATIENCE_TURNS = 1000
"""So many turns of the loop a virtual clock gives a stream that it woke to sleep again; one that waits for its client takes longer."""


class Clock(Protocol):
    """**Protocol:** the time that timelines are played by."""

    def now_s(self) -> float:
        """Return the time, from any fixed moment."""

    async def sleep_until(self, moment_s: float) -> None:
        """Return when that moment has come: never, if it is infinite."""


class LoopClock:
    """The event loop's own clock."""

    def now_s(self) -> float:
        """Return the loop's time; to who has no loop, as another thread, that of the clock that loops go by."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return monotonic()
        return loop.time()

    async def sleep_until(self, moment_s: float) -> None:
        """Sleep up to an absolute moment, so that delays do not add up."""
        await asyncio.sleep(moment_s - self.now_s())


_Task: TypeAlias = asyncio.Task[Any]
_Sleeper: TypeAlias = tuple[float, int, asyncio.Future[None], _Task]


class VirtualClock:
    """A clock that nobody waits for: when all whom it woke sleep again, it goes to the earliest moment that anybody sleeps to, and wakes that one.

    So the streams of a twin take their steps in the order of their planned moments, one at a time; of two at the same moment, the first to fall asleep is the
    first to wake. Requests come in real time, and find whatever time it is: let them come while the clock is `held`, and they begin at the same moment.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._numbers = count()
        self._sleepers: list[_Sleeper] = []
        self._awake: set[_Task] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_turning = False
        self._holders = 0

    def now_s(self) -> float:
        """Return the latest moment that anybody has slept to; from any thread."""
        return self._now_s

    async def sleep_until(self, moment_s: float) -> None:
        """Sleep until no other stream has anything to do before that moment."""
        self._loop = asyncio.get_running_loop()
        task, woken = cast("_Task", asyncio.current_task()), self._loop.create_future()
        self._rest(task)
        heappush(self._sleepers, (moment_s, next(self._numbers), woken, task))
        self._start_turning(self._loop)
        await woken

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let no time go by during the block; from any thread."""
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._start_turning, self._loop)

    def _start_turning(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_turning:
            self._is_turning = True
            loop.call_soon(self._turn, loop, PATIENCE_TURNS)

    def _turn(self, loop: asyncio.AbstractEventLoop, patience: int) -> None:
        """Wake the next sleeper, unless one is awake; come again with the loop's next turn."""
        if not self._awake or not patience:
            self._awake.clear()
            patience = PATIENCE_TURNS
            self._is_turning = self._wake_next()
        if self._is_turning:
            loop.call_soon(self._turn, loop, patience - 1)

    def _wake_next(self) -> bool:
        """Go to the earliest moment that is slept to; return whether there is one."""
        while not self._holders and self._sleepers and self._sleepers[0][0] < math.inf:
            moment_s, _, woken, task = heappop(self._sleepers)
            if not woken.done():  # a task that was cancelled sleeps no more
                self._now_s = max(self._now_s, moment_s)
                self._awake.add(task)
                task.add_done_callback(self._rest)
                woken.set_result(None)
                return True
        return False

    def _rest(self, task: _Task) -> None:
        """Note that a task has done what it was woken for."""
        task.remove_done_callback(self._rest)
        self._awake.discard(task)
