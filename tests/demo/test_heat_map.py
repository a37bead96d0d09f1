from __future__ import annotations

import html
import re
from math import log

import pytest

import demo.heat_map
from backends.events import Alternative, Finish, StreamEvent, Token
from demo.heat_map import NO_PROBABILITIES, heat_map, level, said, shown
from demo.tape import Tape, TapedEvent
from tests.demo.tapes import taped


def tape_of(*events: StreamEvent) -> Tape:
    tape = taped([], ending=None)
    for number, event in enumerate(events, 1):
        tape.event(event, number / 10, number, number + 1)
    tape.ending = "finished"
    return tape


LEVELS = {1.0: 0, 0.9: 0, 0.89: 1, 0.5: 1, 0.49: 2, 0.1: 2, 0.09: 3, 0.0: 3}


@pytest.mark.parametrize(("probability", "number"), LEVELS.items())
def test_a_probability_has_its_level(probability: float, number: int) -> None:
    assert level(probability) == number


def test_a_token_s_ground_underline_and_figure_tell_its_probability() -> None:
    tape = tape_of(Token("sure", 5, log(0.95)), Token(" maybe", 6, log(0.25)), Finish())
    assert re.findall("class='(tok p.)' tabindex", heat_map(tape)) == ["tok p0", "tok p2"]
    assert "<small>" not in heat_map(tape)
    assert re.findall("<small>(.*?)</small>", heat_map(tape, figures=True)) == ["95.0 %", "25.0 %"]


def test_all_that_is_known_of_a_token_is_said() -> None:
    others = (Alternative(" may\nbe", 6, log(0.25)), Alternative("<b>", 7, log(0.125)), Alternative("c"), Alternative("d", 9, log(0.0001)))
    tape = tape_of(Token(" may\nbe", 6, log(0.25), special=True, alternatives=others))
    assert html.unescape(re.findall("data-said='(.*?)'", heat_map(tape, special=True))[0]) == (
        "Token 1: “\u2068 may\\nbe\u2069” · special · id 6 · logprob -1.3863 · probability 25.0 % · at 0.100 s · "
        "instead of it “\u2068<b>\u2069” 12.5 %, “\u2068c\u2069”, “\u2068d\u2069” under 0.1 %"
    )


def test_no_probability_is_over_one_whatever_a_container_says() -> None:
    told = said(1, TapedEvent(Token("a", 5, 1000.0, alternatives=(Alternative("b", 6, 1e308),)), 0, 1, 0.25))
    assert "probability 100.0 %" in told
    assert told.endswith("“\u2068b\u2069” 100.0 %")


def test_of_a_token_that_tells_little_little_is_said() -> None:
    assert said(3, TapedEvent(Token("a\u200b"), 0, 1, 0.25)) == "Token 3: “\u2068aU+200B\u2069” · at 0.250 s"


def test_only_a_token_can_be_said() -> None:
    with pytest.raises(TypeError, match="is a Finish, expected a Token"):
        said(1, TapedEvent(Finish(), 0, 0, 0.0))


SHOWN = {
    "a b": "a<wbr><i>·</i>b",
    "\n\t\r": "<i>↵</i><br><i>→</i><i>←</i>",
    "": "<i>∅</i>",
    "\u200b": "<i>U+200B</i>",
    "<img src=x onerror='1'>": "&lt;img<wbr><i>·</i>src=x<wbr><i>·</i>onerror=&#x27;1&#x27;&gt;",
}


@pytest.mark.parametrize(("text", "seen"), SHOWN.items())
def test_white_space_can_be_seen_and_nothing_is_html(text: str, seen: str) -> None:
    assert shown(text) == seen


def test_special_tokens_are_shown_on_demand() -> None:
    tape = tape_of(Token("a", 1, -0.1), Token("</s>", 2, -0.1, special=True))
    assert "1 token · 1 special not shown" in heat_map(tape)
    assert "&lt;/s&gt;" not in heat_map(tape)
    assert "<span class='tok p0 special' tabindex='-1'" in heat_map(tape, special=True)


def test_one_token_alone_is_a_stop_of_the_tab_key() -> None:
    tape = tape_of(Token("</s>", special=True), Token("a"), Token("b"), Token("c"))
    assert re.findall("tabindex='(.*?)'", heat_map(tape)) == ["0", "-1", "-1"]


def test_it_is_said_where_a_container_tells_no_probabilities() -> None:
    assert NO_PROBABILITIES in heat_map(tape_of(Token("a"), Token("b")))
    assert "Probability:" not in heat_map(tape_of(Token("a")))
    assert NO_PROBABILITIES not in heat_map(tape_of(Token("a", logprob=0.0)))


def test_an_answer_without_tokens_says_so() -> None:
    assert "no tokens" in heat_map(tape_of(Finish()))


def test_a_bounded_number_of_tokens_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.heat_map, "MOST_TOKENS", 2)
    assert heat_map(tape_of(*[Token("a")] * 3)).count("class='tok'") == 2
    assert "only the first 2 are drawn" in heat_map(tape_of(*[Token("a")] * 3))


def test_what_is_drawn_is_one_line() -> None:
    assert "\n" not in heat_map(tape_of(Token("a\n\nb\r\u2028", alternatives=(Alternative("\n\n"),))), special=True)
