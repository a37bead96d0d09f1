"""What a person reads of an answer, from its events."""

from __future__ import annotations

import pytest

from backends.events import Data, Finish, Reasoning, StreamEvent, Token, ToolCall
from demo.reading import Reading
from demo.turns import Call


def read(*events: StreamEvent, broke_off: bool = False) -> Reading:
    """Return what is read of events that come a second apart."""
    reading = Reading(("<|end|>",), ("STOP",))
    for second, event in enumerate(events):
        reading.feed(event, float(second))
    reading.finish(float(len(events)), broke_off=broke_off)
    return reading


@pytest.mark.parametrize(
    ("events", "reasoning", "answer", "thought_s"),
    [
        ((Token("a"), Token("b"), Finish()), "", "ab", None),
        ((Reasoning("\nwhy"), Reasoning(" so"), Token("a"), Finish()), "why so", "a", 2.0),
        ((Token("<think>"), Token("\nwhy"), Token("\n</think>"), Token("\n\n"), Token("a")), "why", "a", 4.0),
        ((Token("<think>why</think>a"), Token("b")), "why", "ab", 0.0),
        ((Token("<think>"), Token("why")), "why", "", 2.0),
        ((Token("<think>"), Token("\n\n</think>"), Token("a")), "", "a", None),
        ((Token("a"), Token("<think>why</think>")), "", "a<think>why</think>", None),
        ((Reasoning("why"), ToolCall(0, "1", "clock", "{}"), Finish()), "why", "", 1.0),
        ((Reasoning("why"), Token("<|en"), Token("d|>"), Token("a")), "why", "a", 3.0),
        ((Token("a STO"), Token("P"), Finish("stop_sequence")), "", "a ", None),
        ((Data(b"x"), Token("", special=True)), "", "", None),
    ],
)
def test_thoughts_answer_and_time_are_told_apart(events: tuple[StreamEvent, ...], reasoning: str, answer: str, thought_s: float | None) -> None:
    reading = read(*events)
    assert (reading.reasoning, reading.answer, reading.thought_s) == (reasoning, answer, thought_s)


def test_thoughts_take_no_time_before_they_are_over() -> None:
    reading = Reading()
    reading.feed(Reasoning("why"), 1.0)
    assert reading.thought_s is None


@pytest.mark.parametrize(("broke_off", "answer"), [(False, "a "), (True, "a STOP")])
def test_an_answer_that_broke_off_keeps_what_would_have_been_a_stop_string(broke_off: bool, answer: str) -> None:
    assert read(Token("a "), Token("STOP"), broke_off=broke_off).answer == answer


def test_calls_grow_piece_by_piece_and_stand_in_their_order() -> None:
    reading = read(
        ToolCall(1, "b", "weather"),
        ToolCall(0, "a", "clock", '{"zone": '),
        ToolCall(1, arguments='{"city": "Paris"}'),
        ToolCall(0, arguments='"UTC"}'),
        ToolCall(2, name=None, arguments="{"),
    )
    assert reading.calls == (Call("clock", '{"zone": "UTC"}'), Call("weather", '{"city": "Paris"}'), Call("", "{"))
