from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.endpoints import Endpoint
from backends.errors import BackendError, ConfigurationError, RequestRejected, StreamInterrupted, TransportError
from backends.events import Finish, Token
from demo.run import Run
from demo.turns import Turn
from tests.demo.fakes import FOREVER, ScriptedBackend, Step, TurningLoop, every


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Callable[[], asyncio.AbstractEventLoop]]]:
    return "asyncio", {"loop_factory": TurningLoop}


def request(**parameters: Any) -> ChatRequest:
    return ChatRequest(messages=[ChatMessage("user", "why?")], endpoint=Endpoint("e", family="falcon"), parameters=Parameters(**parameters))


class Shown:
    """All that one answer showed, and when."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.times_s: list[float] = []

    async def watch(self, run: Run) -> None:
        loop = asyncio.get_running_loop()
        began_at_s = loop.time()
        async for turn in run.turns():
            self.turns.append(turn)
            self.times_s.append(round(loop.time() - began_at_s, 6))

    def painted(self) -> list[tuple[float, str]]:
        """Return when the text changed, and to what."""
        seen = zip(self.times_s, (turn.answer for turn in self.turns), strict=True)
        return [after for before, after in pairwise([(0.0, ""), *seen]) if after[1] != before[1]]


async def show(*steps: Step, **parameters: Any) -> Shown:
    shown = Shown()
    await shown.watch(Run(ScriptedBackend([steps]), request(**parameters)))
    return shown


async def test_the_first_text_is_shown_at_once_and_the_rest_every_50_ms() -> None:
    shown = await show(*every(0.022, "abcdefghij"))
    assert shown.painted() == [(0.022, "a"), (0.072, "abc"), (0.122, "abcde"), (0.172, "abcdefg"), (0.22, "abcdefghij")]


async def test_a_slow_token_is_shown_as_it_comes() -> None:
    shown = await show(*every(0.6, "ab"))
    assert shown.painted() == [(0.6, "a"), (1.2, "ab")]


async def test_a_long_answer_is_shown_every_100_ms() -> None:
    shown = await show(Token("x" * 5000), *every(0.01, "abcdefghijklmnop"))
    assert [time_s for time_s, _ in shown.painted()] == [0.0, 0.1, 0.16]


async def test_the_end_is_shown_at_once() -> None:
    shown = await show(Token("a"), 0.001, Token("b"), Finish("length"))
    assert shown.times_s[-1] == 0.001
    assert shown.turns[-1].answer == "ab"


async def test_one_sees_how_long_one_waits_for_the_first_token() -> None:
    shown = await show(0.6, Token("a"), Finish())
    assert [turn.status for turn in shown.turns[:3]] == ["waiting 0.0 s", "waiting 0.2 s", "waiting 0.5 s"]


async def test_one_sees_for_how_long_nothing_came() -> None:
    shown = await show(0.5, Token("a"), 2.1, Token("b"), Finish())
    assert "TTFT 500 ms · 1 token · stalled 2 s" in [turn.status for turn in shown.turns]
    assert "TTFT 500 ms · 1 token · streaming" in [turn.status for turn in shown.turns]


async def test_the_last_line_holds_the_figures() -> None:
    shown = await show(*every(0.1, "abc"))
    assert shown.turns[-1] == Turn("why?", "abc", "TTFT 100 ms · 10.0 tokens/s · 3 tokens · finished: stop (eos_token)")


async def test_end_marks_that_span_tokens_are_never_shown() -> None:
    shown = await show(*every(0.2, ["a <", "|endof", "text|", ">"]))
    assert {turn.answer for turn in shown.turns} == {"", "a "}


async def test_a_stop_string_of_the_prompt_is_not_shown() -> None:
    shown = await show(Token("yes"), Token("\nUser:"), Finish("stop_sequence"), stop=("###",))
    assert shown.turns[-1].answer == "yes"


@pytest.mark.parametrize(
    ("steps", "stop_after_s", "answer"),
    [
        ((FOREVER, Token("a")), 3.0, ""),
        ((0.1, Token("a"), 0.1, Token("b"), FOREVER, Token("c")), 3.0, "ab"),
        ((0.1, Token("a <|endof"), FOREVER, Token("c")), 3.0, "a <|endof"),
        (tuple(every(0.01, "a" * 1000)), 1.005, "a" * 100),
    ],
    ids=["waiting", "stalled", "stalled in an end mark", "flowing"],
)
async def test_stop_ends_an_answer_and_keeps_what_arrived(steps: tuple[Step, ...], stop_after_s: float, answer: str) -> None:
    backend, shown = ScriptedBackend([steps]), Shown()
    run = Run(backend, request())
    watching = asyncio.create_task(shown.watch(run))
    await asyncio.sleep(stop_after_s)
    await run.stop()
    await watching
    last = shown.turns[-1]
    assert (last.answer, last.failure, last.status.rpartition(" · ")[2]) == (answer, None, "stopped by you")
    assert shown.times_s[-1] == stop_after_s
    assert backend.answers[0].closed.is_set()


async def test_whoever_leaves_closes_the_connection() -> None:
    backend, tasks = ScriptedBackend([(Token("a"), FOREVER)]), asyncio.all_tasks()
    turns = Run(backend, request()).turns()
    await anext(turns)
    await turns.aclose()
    assert backend.answers[0].closed.is_set()
    assert asyncio.all_tasks() == tasks


async def test_what_arrived_before_an_error_stays() -> None:
    shown = await show(0.1, Token("so far"), 0.1, StreamInterrupted("The model broke.", code="ModelStreamError"))
    assert shown.turns[-1].answer == "so far"
    assert shown.turns[-1].failure == "The endpoint gave up in the middle of its answer: The model broke."
    assert shown.turns[-1].status == "TTFT 100 ms · 1 token · broken off"


async def test_an_error_in_the_stream_before_any_text_is_a_refusal() -> None:
    shown = await show(0.1, StreamInterrupted("too long", code="validation"))
    assert shown.turns[-1] == Turn("why?", "", "no answer", "The endpoint refused the request: too long")


async def test_one_sees_that_earlier_turns_were_left_out() -> None:
    shown = Shown()
    await shown.watch(Run(ScriptedBackend([every(0.3, "a")]), request(), left_out=2))
    assert all(turn.status.endswith(" · 2 earlier turns left out") for turn in shown.turns)


async def test_an_error_before_the_first_token_leaves_the_question() -> None:
    shown = await show(TransportError("Connection refused.", phase="connect"))
    assert shown.turns[-1] == Turn("why?", "", "no answer", "The connection failed: Connection refused.")


DENIED = "User: arn:aws:sts::123456789012:assumed-role/page is not authorized to perform: sagemaker:InvokeEndpointWithResponseStream"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RequestRejected(DENIED, status=403, code="AccessDeniedException"), "Access was denied."),
        (ConfigurationError("temperature is 9"), "Nothing was sent: temperature is 9"),
    ],
)
async def test_a_stranger_is_not_told_whose_account_it_is_and_the_log_is(error: BackendError, told: str, caplog: pytest.LogCaptureFixture) -> None:
    shown = Shown()
    await shown.watch(Run(ScriptedBackend([[error]]), request(), in_full=False))
    assert shown.turns[-1].failure == told
    assert [str(error) in record.getMessage() for record in caplog.records if record.name == "demo.run"] == [True]


async def test_a_fault_of_our_own_becomes_a_sentence_and_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    shown = await show(Token("a"), 0.1, ZeroDivisionError("oops"))
    assert shown.turns[-1].answer == "a"
    assert "oops" not in (shown.turns[-1].failure or "")
    assert [(record.levelno, record.exc_info is not None) for record in caplog.records if record.name == "demo.run"] == [(logging.ERROR, True)]


async def test_an_unknown_family_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="unicorn"):
        Run(ScriptedBackend([[]]), ChatRequest(messages=[ChatMessage("user", "why?")], endpoint=Endpoint("e", family="unicorn")))
