from __future__ import annotations

import pytest

from backends.events import Data, Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.timing import Timing

FINISH = Finish("stop", "eos_token", 4)


def timing_of(*events: tuple[float, StreamEvent]) -> Timing:
    timing = Timing()
    for at_s, event in events:
        timing.part(b"four", at_s)
        timing.event(event, at_s, 0, 4)
    return timing


def test_nothing_is_known_before_the_first_token() -> None:
    timing = Timing()
    timing.part(b":\n\n", 0.25)
    assert (timing.ttft_s, timing.tokens_per_s, timing.itl_s, timing.itl_percentile_s(50), timing.finish) == (None, None, (), None, None)
    assert (timing.parts, timing.bytes, timing.total_s) == (1, 3, 0.25)


def test_a_steady_answer_is_measured_from_token_to_token() -> None:
    timing = timing_of((0.5, Token("a")), (0.75, Token("b")), (1.25, Token("c")), (1.5, FINISH))
    assert timing.ttft_s == 0.5
    assert timing.itl_s == (0.25, 0.5)
    assert timing.tokens == 3
    assert timing.tokens_per_s == pytest.approx(2 / 0.75)
    assert (timing.parts, timing.bytes, timing.total_s, timing.finish) == (4, 16, 1.5, FINISH)


def test_tokens_that_arrive_together_have_no_rate() -> None:
    timing = timing_of((0.5, Token("a")), (0.5, Token("b")))
    assert timing.tokens_per_s is None
    assert timing.itl_s == (0.0,)


def test_one_token_has_no_rate() -> None:
    assert timing_of((0.5, Token("a"))).tokens_per_s is None


def test_thoughts_and_tool_calls_are_tokens_too() -> None:
    timing = timing_of((0.5, Reasoning("hm")), (1.0, ToolCall(0, "id", "f")), (1.5, Token("a")))
    assert (timing.ttft_s, timing.tokens) == (0.5, 3)


def test_data_has_a_first_moment_and_no_tokens() -> None:
    timing = timing_of((0.5, Data(b"a")), (0.75, Data(b"b")))
    assert (timing.first_data_s, timing.ttft_s, timing.tokens, timing.has_begun) == (0.5, None, 0, True)
    assert not timing_of().has_begun
    assert timing_of((0.5, Token("a"))).has_begun


@pytest.mark.parametrize(("percent", "latency_s"), [(0, 1.0), (1, 1.0), (25, 1.0), (26, 2.0), (50, 2.0), (75, 3.0), (95, 4.0), (100, 4.0)])
def test_percentiles_are_by_nearest_rank(percent: float, latency_s: float) -> None:
    timing = timing_of(*((at_s, Token("a")) for at_s in (0.0, 2.0, 3.0, 7.0, 10.0)))
    assert timing.itl_s == (2.0, 1.0, 4.0, 3.0)
    assert timing.itl_percentile_s(percent) == latency_s
