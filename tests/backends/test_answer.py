from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.answer import AnswerText
from backends.events import Finish, FinishReason, Reasoning, Token

END = "<|endoftext|>"


def read(tokens: list[str], ends: tuple[str, ...] = (END,), stop: tuple[str, ...] = (), reason: FinishReason | None = None) -> list[str]:
    text = AnswerText(ends, stop)
    return [*(text.feed(Token(token)) for token in tokens), text.feed(Finish(reason))]


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [
        (["Hel", "lo", END], ["Hel", "lo", "", ""]),
        (["Hi<|endof", "text|>"], ["Hi", "", ""]),
        (["a<", "b"], ["a", "<b", ""]),
        (["a", "<|end", "of the line"], ["a", "", "<|endof the line", ""]),
        (["1 < 2", " <"], ["1 < 2", " ", "<"]),
        ([f"one{END}two{END}"], ["onetwo", ""]),
        (["<<|endoftext|>"], ["<", ""]),
        (["  \n", " \t", END, "\n"], ["  \n", " \t", "", "\n", ""]),
        ([*END], [*([""] * (len(END) + 1))]),
        ([], [""]),
    ],
)
def test_end_strings_are_never_shown_and_every_other_character_is(tokens: list[str], shown: list[str]) -> None:
    assert read(tokens) == shown


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [
        (["Yes.", "\nUser", ":"], ["Yes.", "", "", ""]),
        (["Yes.", "\nUser", "s like it"], ["Yes.", "", "\nUsers like it", ""]),
        (["Yes.\nUser:", " me"], ["Yes.", "\nUser: me", ""]),
        (["Yes.\nUser:", END], ["Yes.", "", ""]),
        (["Yes.\nUs", END, "er:"], ["Yes.", "", "", ""]),
        (["Yes.\n"], ["Yes.", "\n"]),
    ],
)
def test_a_stop_string_is_hidden_only_where_the_answer_ends_with_it(tokens: list[str], shown: list[str]) -> None:
    assert read(tokens, stop=("\nUser:",)) == shown


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("stop_sequence", "Yes."), (None, "Yes."), ("stop", "Yes.\nUser:"), ("length", "Yes.\nUser:"), ("content_filter", "Yes.\nUser:")],
)
def test_a_stop_string_is_text_where_the_answer_ended_for_another_reason(reason: FinishReason | None, shown: str) -> None:
    assert "".join(read(["Yes.", "\nUser:", END], stop=("\nUser:",), reason=reason)) == shown


@pytest.mark.parametrize("word", ["x" * 4_000, "xy" * 2_000, "x" * 2_000 + "y" + "x" * 1_999], ids=["same", "pairs", "broken"])
def test_a_long_stop_string_is_looked_for_without_writing_out_its_beginnings(word: str) -> None:
    text = AnswerText((END,), (word,))
    assert "".join(text.feed(Token(token)) for token in ("a", *(word[at : at + 5] for at in range(0, len(word), 5)))) == "a"
    assert text.finish() == ""


def test_the_longest_stop_string_at_the_end_is_hidden() -> None:
    assert "".join(read(["x", "abc"], stop=("abcd", "bc", "c"))) == "xa"


def test_of_several_end_strings_the_longest_is_removed() -> None:
    assert "".join(read(["x", "ab", "c", "y", "ab"], ends=("ab", "abc"))) == "xy"


def test_what_was_held_back_comes_when_the_answer_breaks_off() -> None:
    text = AnswerText((END,), ("\nUser:",))
    assert text.feed(Token("Yes.\nUser:")) == "Yes."
    assert text.finish(broke_off=True) == "\nUser:"
    assert text.finish() == ""


def test_special_tokens_are_not_text_and_neither_are_thoughts() -> None:
    text = AnswerText()
    assert text.feed(Token("</s>", special=True)) == ""
    assert text.feed(Reasoning("hm")) == ""
    assert text.feed(Token("</s>")) == "</s>"


LETTERS = st.text(alphabet="ab<|\nU", max_size=12)


@given(tokens=st.lists(LETTERS), ends=st.lists(st.text(alphabet="ab<|", min_size=1, max_size=4), max_size=3))
def test_however_the_text_is_cut_into_tokens_it_is_the_text_without_end_strings(tokens: list[str], ends: list[str]) -> None:
    text = "".join(tokens)
    pattern = "|".join(re.escape(end) for end in sorted(ends, key=len, reverse=True))
    assert "".join(read(tokens, tuple(ends))) == (re.sub(pattern, "", text) if ends else text)


@given(tokens=st.lists(LETTERS), stop=st.lists(st.text(alphabet="ab\nU", min_size=1, max_size=4), max_size=3))
def test_however_the_text_is_cut_only_a_stop_string_at_its_end_is_missing(tokens: list[str], stop: list[str]) -> None:
    text = "".join(tokens)
    longest = max((word for word in stop if text.endswith(word)), key=len, default="")
    assert "".join(read(tokens, (), tuple(stop))) == text.removesuffix(longest)


@given(tokens=st.lists(st.text(alphabet="xyz")))
def test_text_that_can_become_no_end_string_is_shown_at_once(tokens: list[str]) -> None:
    assert read(tokens) == [*tokens, ""]
