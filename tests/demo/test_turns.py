from __future__ import annotations

from typing import Any

import pytest

from backends.chat import ChatMessage
from demo.transcript import rows
from demo.turns import Turn, told

TURNS = (
    Turn("one", "1", "done"),
    Turn("two", "", "broken off", "The connection failed."),
    Turn("three", "3 and a ha", "broken off", "The answer broke off."),
)


def texts(shown: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["role"], row["content"]["text"]) for row in shown]


def test_what_was_answered_is_told_and_what_was_not_is_left_out() -> None:
    assert told(TURNS, "four").messages == [
        ChatMessage("user", "one"),
        ChatMessage("assistant", "1"),
        ChatMessage("user", "three"),
        ChatMessage("assistant", "3 and a ha"),
        ChatMessage("user", "four"),
    ]


@pytest.mark.parametrize(("system_prompt", "first"), [("Be brief.", "system"), ("", "user"), (" \n", "user"), (None, "user")])
def test_a_system_prompt_comes_first_if_there_is_one(system_prompt: str | None, first: str) -> None:
    assert told((), "why?", system_prompt).messages[0].role == first


LONG = Turn("x" * 84, "y" * 884)
"""A turn that takes 1,000 bytes of what is told."""


@pytest.mark.parametrize(
    ("turns", "question", "system_prompt", "kept", "left_out"),
    [
        ([LONG] * 4, "q" * 80, None, 4, 0),
        ([LONG] * 4, "q" * 81, None, 3, 1),
        ([LONG] * 4, "\N{SNOWMAN}" * 27, None, 3, 1),
        ([LONG] * 4, "q", "s" * 63, 4, 0),
        ([LONG] * 4, "q", "s" * 64, 3, 1),
        ([LONG] * 9, "q", None, 4, 5),
        ([*TURNS[:1], LONG, *TURNS[1:2], LONG], "q" * 3000, None, 1, 2),
        ([LONG, Turn("x", "y" * 5000), *TURNS[:1]], "q", None, 1, 2),
        ([*TURNS[:1], Turn("x", "y" * 5000)], "q", "Be brief.", 0, 2),
        ([LONG], "q" * 9000, "Be brief.", 0, 1),
    ],
)
def test_the_oldest_turns_are_left_out_whole_where_a_chat_is_too_long_to_be_told(
    turns: list[Turn], question: str, system_prompt: str | None, kept: int, left_out: int
) -> None:
    chat = told(turns, question, system_prompt)
    assert chat.left_out == left_out
    assert [message.content for message in chat.messages if message.role == "assistant"] == [turn.answer for turn in turns if turn.answer][left_out:]
    assert [message.role for message in chat.messages] == ["system"] * bool(system_prompt) + ["user", "assistant"] * kept + ["user"]
    assert chat.messages[-1].content == question


def test_a_turn_is_three_rows() -> None:
    assert texts(rows(TURNS[:2], plain=True)) == [
        ("user", "one"),
        ("assistant", "1"),
        ("assistant", "done"),
        ("user", "two"),
        ("assistant", ""),
        ("assistant", "The connection failed.\n\nbroken off"),
    ]


def test_white_space_of_an_answer_reaches_the_page() -> None:
    answer = "\n  a\n\tb  \n\n"
    assert texts(rows([Turn("q", answer)]))[1] == ("assistant", answer)


def test_markup_in_a_failure_is_shown_as_it_is() -> None:
    failure = Turn("q", "", "1.5 s · a", "bad <b> `x` [y](http://z) *w* & $1 \\ #")
    assert texts(rows([failure]))[2][1] == "bad \\<b\\> \\`x\\` \\[y\\](http://z) \\*w\\* \\& \\$1 \\\\ \\#\n\n1.5 s · a"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("plain words, with (brackets) and a-dash", None),
        ("what does <b> do?", "what does \\<b\\> do?"),
        ("1. one\n2) two\n- three\n+ four\n2 five", "1\\. one\n2\\) two\n\\- three\n\\+ four\n2 five"),
        ("def f():\n    return 1\n\treturn 2", "def f():\n\xa0\xa0\xa0\xa0return 1\n\xa0\xa0\xa0\xa0return 2"),
        ("# $$x$$ **y**", "\\# \\$\\$x\\$\\$ \\*\\*y\\*\\*"),
    ],
)
def test_a_question_is_shown_as_it_was_typed(typed: str, sent: str | None) -> None:
    assert texts(rows([Turn(typed)]))[0][1] == (sent or typed)


def test_plain_text_holds_no_html() -> None:
    shown = texts(rows([Turn("a < b", "<kbd>&amp;</kbd>", "1 s", "x > y")], plain=True))
    assert [text for _, text in shown] == ["a &lt; b", "&lt;kbd&gt;&amp;amp;&lt;/kbd&gt;", "x &gt; y\n\n1 s"]
