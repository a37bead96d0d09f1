from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backends.chat import ChatMessage
from demo.thread import Thread
from demo.transcript import Look, Painter, rows, whole
from demo.turns import Call, Turn, told

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


def foot(figures: str, failure: str = "") -> str:
    failed = f'<p class="failure">{failure}</p>' if failure else ""
    return f'<div class="aside foot"><div class="said">{failed}<p class="figures">{figures}</p></div></div>'


@pytest.mark.parametrize("plain", [False, True])
def test_a_turn_is_a_question_an_answer_and_a_foot(plain: bool) -> None:
    assert texts(rows(TURNS[:2], Look(plain))) == [
        ("user", "one"),
        ("assistant", "1"),
        ("assistant", foot("done")),
        ("user", "two"),
        ("assistant", ""),
        ("assistant", foot("broken off", "The connection failed.")),
    ]


@pytest.mark.parametrize(
    ("turn", "thoughts"),
    [
        (Turn("q", reasoning="a <b>\n$$x$$"), '<details class="aside thoughts" open><summary>Thinking</summary>a &lt;b&gt;&#10;$<wbr>$x$<wbr>$'),
        (Turn("q", reasoning="a", thought_s=2.13), '<details class="aside thoughts"><summary>Thought for 2.13 s</summary>a'),
    ],
)
def test_thoughts_stand_before_the_answer_and_fold_as_it_begins(turn: Turn, thoughts: str) -> None:
    assert texts(rows([turn]))[1:3] == [("assistant", thoughts), ("assistant", "")]


def test_growing_thoughts_only_add_to_their_row() -> None:
    early, late = (texts(rows([Turn("q", reasoning=thoughts)]))[1][1] for thoughts in ("a\n", "a\nb"))
    assert late.startswith(early)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("", ""),
        ('{"a": "<b>', '{"a": "&lt;b&gt;'),
        ('{"a": "東", "b": [1]}', '{&#10;  "a": "東",&#10;  "b": [&#10;    1&#10;  ]&#10;}'),
        ("[" * 100_000, "[" * 100_000),
    ],
    ids=["none", "on their way", "whole", "too deep"],
)
def test_a_call_is_shown_as_it_grows_and_neatly_once_it_is_whole(arguments: str, shown: str) -> None:
    turn = Turn("q", "text", calls=(Call("<clock>", arguments),))
    assert texts(rows([turn]))[2] == ("assistant", f'<div class="aside calls"><p>Tool call <b>&lt;clock&gt;</b></p><pre>{shown}</pre></div>')


def test_rows_other_than_question_and_answer_are_one_line() -> None:
    turn = Turn("q\nq", "a\na", "1 s\r\n", "no\nno", reasoning="x\n\ny", thought_s=1.0, calls=(Call("c\n", '{"d": 1}'),))
    _, thoughts, _, calls, bottom = texts(rows([turn]))
    assert not any("\n" in text or "\r" in text for _, text in (thoughts, calls, bottom))


def test_a_conversation_has_tools_at_the_foot_of_each_turn() -> None:
    thread = Thread().ask(Turn("a", "1")).ask(Turn("b", "2")).ask(Turn("c", "3"), 1)
    feet = [text for _, text in texts(whole(thread)) if "foot" in text]
    assert ["tools" in foot for foot in feet] == [True, True]
    assert [">2 of 2<" in foot for foot in feet] == [False, True]


def test_a_growing_turn_has_no_tools_and_those_before_it_follow_the_conversation() -> None:
    thread, painter = Thread().ask(Turn("a", "1")).ask(Turn("b")), Painter()
    first = painter.growing(thread, Turn("b", "2"))
    assert texts(first)[3:] == [("user", "b"), ("assistant", "2"), ("assistant", foot("").replace('<p class="figures"></p>', ""))]
    again = painter.growing(thread, Turn("b", "2 and"))
    assert again[0] is first[0]
    liked = painter.growing(thread.change(0, lambda turn: replace(turn, liked=True)), Turn("b", "2 and"))
    assert "like on" in texts(liked)[2][1]


def test_white_space_of_an_answer_reaches_the_page() -> None:
    answer = "\n  a\n\tb  \n\n"
    assert texts(rows([Turn("q", answer)]))[1] == ("assistant", answer)


def test_markup_in_a_failure_is_shown_as_it_is() -> None:
    failure = Turn("q", "", "1.5 s · a", "bad <b> `x` [y](http://z) *w* & $1 \\ #")
    assert texts(rows([failure]))[2][1] == foot("1.5 s · a", "bad &lt;b&gt; `x` [y](http://z) *w* &amp; $1 \\ #")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("plain words, with (brackets) and a-dash", None),
        ("what does <b> do?", "what does \\<b\\> do?"),
        ("1. one\n2) two\n- three\n+ four\n2 five", "1\\. one\n2\\) two\n\\- three\n\\+ four\n2 five"),
        ("def f():\n    return 1\n\treturn 2", "def f():\n\xa0\xa0\xa0\xa0return 1\n\xa0\xa0\xa0\xa0return 2"),
        (r"\(x\) [y] \d", r"&#92;<wbr>(x&#92;<wbr>) &#91;y&#93; &#92;<wbr>d"),
        ("# $$x$$ **y**", "\\# \\$\\$x\\$\\$ \\*\\*y\\*\\*"),
    ],
)
def test_a_question_is_shown_as_it_was_typed(typed: str, sent: str | None) -> None:
    assert texts(rows([Turn(typed)]))[0][1] == (sent or typed)


def test_plain_text_holds_no_html() -> None:
    shown = texts(rows([Turn("a < b", "<kbd>&amp;</kbd>", "1 s", "x > y")], Look(plain=True)))
    assert [text for _, text in shown] == ["a &lt; b", "&lt;kbd&gt;&amp;amp;&lt;/kbd&gt;", foot("1 s", "x &gt; y")]
