"""The virtual clock alone: tasks that sleep, and the order in which they wake."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

import pytest

from mock_server.clock import LoopClock, VirtualClock

Log = list[tuple[float, str]]


@pytest.fixture(autouse=True)
def _on_asyncio(anyio_backend: str) -> None:
    assert anyio_backend == "asyncio"


def sleeper(clock: VirtualClock, log: Log) -> Callable[[str, Sequence[float]], asyncio.Task[None]]:
    """Return what starts a task that sleeps to one moment after the other and logs when it wakes."""

    async def sleep(name: str, moments_s: Sequence[float]) -> None:
        for moment_s in moments_s:
            await clock.sleep_until(moment_s)
            log.append((clock.now_s(), name))

    return lambda name, moments_s: asyncio.create_task(sleep(name, moments_s))


async def test_tasks_take_their_steps_in_the_order_of_their_moments() -> None:
    clock, log = VirtualClock(), Log()
    start = sleeper(clock, log)
    await asyncio.gather(start("a", [3, 6, 9]), start("b", [1, 2, 8, 100]), start("c", [7]))
    assert log == [(1, "b"), (2, "b"), (3, "a"), (6, "a"), (7, "c"), (8, "b"), (9, "a"), (100, "b")]


async def test_at_the_same_moment_the_first_to_fall_asleep_wakes_first() -> None:
    clock, log = VirtualClock(), Log()
    start = sleeper(clock, log)
    await asyncio.gather(start("a", [1, 2, 5]), start("b", [1, 2, 5]), start("c", [2, 5]))
    assert log == [(1, "a"), (1, "b"), (2, "c"), (2, "a"), (2, "b"), (5, "c"), (5, "a"), (5, "b")]


async def test_a_task_that_does_more_than_sleep_is_waited_for() -> None:
    clock, log = VirtualClock(), Log()

    async def work() -> None:
        await clock.sleep_until(1)
        for _ in range(100):
            await asyncio.sleep(0)
        log.append((clock.now_s(), "work"))

    await asyncio.gather(asyncio.create_task(work()), sleeper(clock, log)("a", [2]))
    assert log == [(1, "work"), (2, "a")]


async def test_a_task_that_waits_for_something_else_holds_nobody_up_for_ever() -> None:
    clock, log, done = VirtualClock(), Log(), asyncio.Event()

    async def wait() -> None:
        await clock.sleep_until(1)
        await done.wait()
        log.append((clock.now_s(), "waited"))

    waiting = asyncio.create_task(wait())
    await sleeper(clock, log)("a", [2, 3])
    done.set()
    await waiting
    assert log == [(2, "a"), (3, "a"), (3, "waited")]


async def test_a_task_that_ended_is_not_waited_for() -> None:
    clock, log = VirtualClock(), Log()
    start = sleeper(clock, log)
    await asyncio.gather(start("short", [1]), start("long", [2, 3]))
    assert log == [(1, "short"), (2, "long"), (3, "long")]


async def test_a_sleeper_that_is_cancelled_takes_no_time() -> None:
    clock, log = VirtualClock(), Log()
    start = sleeper(clock, log)
    with clock.held():
        cancelled, other = start("cancelled", [5]), start("other", [7])
        await asyncio.sleep(0)
        cancelled.cancel()
    await other
    assert cancelled.cancelled()
    assert log == [(7, "other")]


async def test_an_infinite_moment_never_comes_and_moves_nothing() -> None:
    clock, log = VirtualClock(), Log()
    start = sleeper(clock, log)
    never = start("never", [1, math.inf])
    await start("a", [2])
    for _ in range(10):
        await asyncio.sleep(0)
    assert (log, clock.now_s(), never.done()) == ([(1, "never"), (2, "a")], 2, False)
    never.cancel()


async def test_a_moment_that_is_over_is_now() -> None:
    clock, log = VirtualClock(), Log()
    await sleeper(clock, log)("a", [5, 2])
    assert log == [(5, "a"), (5, "a")]


async def test_no_time_goes_by_while_the_clock_is_held() -> None:
    clock, log = VirtualClock(), Log()
    start = sleeper(clock, log)
    with clock.held():
        late = start("late", [4])
        for _ in range(10):
            await asyncio.sleep(0)
        assert (log, clock.now_s()) == ([], 0.0)
        early = start("early", [3])
        await asyncio.sleep(0)
    await asyncio.gather(early, late)
    assert log == [(3, "early"), (4, "late")]


def test_a_clock_outlives_the_loop_that_it_served() -> None:
    clock, log = VirtualClock(), Log()

    async def run(name: str, moment_s: float) -> None:
        await sleeper(clock, log)(name, [moment_s])

    asyncio.run(run("a", 3))
    with clock.held():
        pass
    asyncio.run(run("b", 4))
    assert log == [(3, "a"), (4, "b")]


async def test_the_loop_s_clock_returns_at_once_from_a_moment_that_is_over() -> None:
    clock = LoopClock()
    before_s = clock.now_s()
    await clock.sleep_until(before_s - 60)
    assert clock.now_s() >= before_s


def test_the_loop_s_clock_tells_the_same_time_outside_of_the_loop() -> None:
    clock = LoopClock()

    async def inside() -> float:
        return clock.now_s()

    before, between, after = clock.now_s(), asyncio.run(inside()), clock.now_s()
    assert before <= between <= after
