from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import pytest

from backends.chat import ChatMessage, ChatRequest, Tap
from backends.endpoints import Endpoint
from backends.errors import StreamInterrupted
from backends.events import Finish, Token
from demo.race import Lane, Race, Whole
from demo.run import Run
from demo.turns import Turn
from tests.demo.fakes import FOREVER, ScriptedAnswer, ScriptedBackend, Step, TurningLoop, every

WHY = ChatRequest(messages=[ChatMessage("user", "why?")], endpoint=Endpoint("e"))


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Callable[[], asyncio.AbstractEventLoop]]]:
    return "asyncio", {"loop_factory": TurningLoop}


def race(*scripts: Sequence[Step]) -> tuple[Race, ScriptedBackend]:
    backend = ScriptedBackend(scripts)
    return Race([Lane(Turn("why?"), Run(backend, WHY)) for _ in scripts]), backend


async def watch(race: Race) -> list[tuple[float, *tuple[str, ...]]]:
    """Return the texts of all lanes whenever one of them changed, and when."""
    seen: list[tuple[float, *tuple[str, ...]]] = []
    async for _ in race.moments():
        texts = tuple(lane.turn.answer for lane in race.lanes)
        if not seen or seen[-1][1:] != texts:
            seen.append((round(asyncio.get_running_loop().time() - race._began_at_s, 6), *texts))
    return seen


async def test_both_answers_grow_at_once() -> None:
    run, _ = race(every(0.2, "abc"), every(0.3, "xy"))
    assert await watch(run) == [(0.0, "", ""), (0.2, "a", ""), (0.3, "a", "x"), (0.4, "ab", "x"), (0.6, "abc", "xy")]
    assert [lane.ending for lane in run.lanes] == ["finished: stop (eos_token)"] * 2


async def test_two_fast_answers_are_painted_together_every_50_ms() -> None:
    run, _ = race(every(0.01, "a" * 50), every(0.01, "b" * 50))
    times_s = [time_s for time_s, *_ in await watch(run)]
    assert len(times_s) <= 13


async def test_the_clocks_tell_the_wait_for_the_first_word_and_for_the_last() -> None:
    run, _ = race([0.6, Token("a"), 0.6, Finish("stop")], [FOREVER])
    words: list[tuple[str, ...]] = []
    moments = run.moments()
    async for _ in moments:
        words.append(tuple(word for lane in run.lanes for word in (lane.first_word(), lane.last_word())))
        if words[-1][1] == "1.20 s":
            await run.stop()
    assert words[0] == ("waiting 0.0 s",) * 4
    assert ("600 ms", "waiting 0.6 s", "waiting 0.6 s", "waiting 0.6 s") in words
    assert words[-1] == ("600 ms", "1.20 s", "never came", "never came")


async def test_a_side_that_fails_says_why_and_the_other_goes_on() -> None:
    run, _ = race([0.1, Token("so far"), StreamInterrupted("It broke.", code="ModelStreamError")], every(0.3, "xyz"))
    await watch(run)
    failed, whole = run.lanes
    assert (failed.shown.answer, failed.shown.status) == ("so far", "broken off")
    assert failed.shown.failure == "The endpoint gave up in the middle of its answer: It broke."
    assert (failed.first_word(), failed.last_word()) == ("100 ms", "never came")
    assert (whole.shown.answer, whole.shown.failure) == ("xyz", None)


async def test_a_side_that_cannot_start_keeps_nobody_waiting() -> None:
    backend = ScriptedBackend([every(0.1, "ab")])
    run = Race([Lane(Turn("why?", failure="Nothing was sent.")), Lane(Turn("why?"), Run(backend, WHY))])
    assert (await watch(run))[-1] == (0.2, "", "ab")
    assert (run.lanes[0].ending, run.lanes[0].first_word()) == ("no answer", "never came")


async def test_where_neither_side_can_start_it_is_over_at_once() -> None:
    run = Race([Lane(Turn("why?", failure="no")), Lane(Turn("why?", failure="no"))])
    assert await watch(run) == [(0.0, "", "")]


async def test_stop_ends_both() -> None:
    run, backend = race([Token("a"), FOREVER], [FOREVER])
    watching = asyncio.create_task(watch(run))
    await asyncio.sleep(2)
    await run.stop()
    assert (await watching)[-1][1:] == ("a", "")
    assert [lane.ending for lane in run.lanes] == ["stopped by you"] * 2
    assert all(answer.closed.is_set() for answer in backend.answers)


async def test_whoever_leaves_closes_both_connections() -> None:
    run, backend = race([Token("a"), FOREVER], [FOREVER])
    tasks = asyncio.all_tasks()
    moments = run.moments()
    for _ in range(3):
        await anext(moments)
    await moments.aclose()
    assert [answer.closed.is_set() for answer in backend.answers] == [True, True]
    assert asyncio.all_tasks() == tasks


async def test_a_fault_of_our_own_is_not_hidden() -> None:
    backend = ScriptedBackend([[FOREVER], every(0.1, "ab")])
    with pytest.raises(ZeroDivisionError):
        await watch(Race([Lane(Turn("why?"), Broken(backend, WHY)), Lane(Turn("why?"), Run(backend, WHY))]))


class Broken(Run):
    async def turns(self) -> AsyncGenerator[Turn]:
        yield Turn("why?")
        raise ZeroDivisionError


async def test_until_its_first_word_a_side_leaves_the_wait_to_its_clock() -> None:
    run, _ = race([0.5, *every(0.5, "ab")])
    seen = [run.lanes[0].shown.status async for _ in run.moments()]
    assert seen[0] == ""
    assert "TTFT 1.00 s · 1 token · streaming" in seen
    assert seen[-1] == "finished: stop (eos_token)"


async def test_a_whole_answer_is_invoked_and_not_streamed() -> None:
    asked: list[str] = []

    class Invoked(ScriptedBackend):
        def invoke(self, request: ChatRequest, *, tap: Tap | None = None) -> ScriptedAnswer:
            asked.append("invoke")
            return super().invoke(request, tap=tap)

    run = Race([Lane(Turn("why?"), Run(Whole(Invoked([[1.0, Token("all of it"), Finish("stop")]])), WHY))])
    assert await watch(run) == [(0.0, ""), (1.0, "all of it")]
    assert asked == ["invoke"]
