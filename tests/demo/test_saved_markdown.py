"""Conversations as Markdown, read by a parser of others: every turn is there, and none swallows the next."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from demo.saved_markdown import markdown
from demo.shelf import Saved
from demo.thread import Thread
from demo.turns import Call, Turn

MARKS = st.text(st.sampled_from(list("`~#>*_-+=1. \n\tab<!-/pre|[]()&\\$\u00e9\u4eba")), max_size=60)

STEADY = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
"""The same examples each time, however busy the machine."""


def kept(*turns: Turn, title: str = "") -> Saved:
    thread = Thread()
    for turn in turns:
        thread = thread.ask(turn)
    return Saved("one", thread, 0, title)


def headings(text: str) -> int:
    """Return how many paragraphs say that a question follows."""
    tokens = MarkdownIt().parse(text)
    return sum(token.level == 1 and token.type == "inline" and token.content == "**Question**" for token in tokens)


def test_a_conversation_reads_as_it_does_on_the_page() -> None:
    saved = kept(Turn("why?", "Because:\n\n```python\nif x:\n\n    y\n```", "TTFT 1 ms", "It broke."), Turn("a\nb", "ok"), title="Why *not*")
    assert markdown(saved) == (
        "# Why \\*not\\*\n\n**Question**\n\nwhy?\n\n**Answer**\n\n> Because:\n>\n> ```python\n> if x:\n>\n>     y\n> ```\n\nIt broke.\n\nTTFT 1 ms\n\n"
        "**Question**\n\na  \nb\n\n**Answer**\n\n> ok\n"
    )


def test_only_the_turns_that_are_read_are_told() -> None:
    thread = Thread().ask(Turn("one", "x")).ask(Turn("other", "y"), 0)
    assert "one" not in markdown(Saved("one", thread, 0))


def test_a_tool_call_is_told() -> None:
    assert "Tool call: look" in markdown(kept(Turn("q", calls=(Call("look", "{}"),))))


@pytest.mark.parametrize("cut", ["```\ncode", "~~~~\n```", "<!-- a", "<pre>\n", "- a\n\n  ```\n  b", "> a\n> ```", "    code", "a\n===", "<script>", "[a]: b"])
def test_what_an_answer_leaves_open_ends_with_it(cut: str) -> None:
    assert headings(markdown(kept(Turn("one", cut, "figures"), Turn("two", "x")))) == 2


@STEADY
@given(MARKS, MARKS)
def test_no_turn_swallows_the_next(question: str, answer: str) -> None:
    assert headings(markdown(kept(Turn("one", answer, "figures"), Turn(question, answer), Turn("three", "x")))) == 3


@STEADY
@given(MARKS)
def test_a_title_is_one_heading_that_says_it(title: str) -> None:
    first, said, last, *_ = MarkdownIt().parse(markdown(kept(Turn("one"), title=title)))
    assert (first.type, last.type) == ("heading_open", "heading_close")
    shown = "".join(child.content for child in said.children or ())
    assert shown == kept(Turn("one"), title=title).name


@STEADY
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"], include_characters="\n"), min_size=1))
def test_a_question_is_read_as_it_was_typed(question: str) -> None:
    tokens = MarkdownIt().parse(markdown(kept(Turn(question))))
    start = next(place for place, token in enumerate(tokens) if token.content == "**Question**")
    stop = next(place for place, token in enumerate(tokens) if token.content == "**Answer**")
    inside = [token for token in tokens[start + 2 : stop - 1] if token.type == "inline"]
    breaks = {"hardbreak": "\n", "softbreak": "\n"}
    shown = "\n".join("".join(child.content or breaks.get(child.type, "") for child in token.children or ()) for token in inside)
    assert re.sub(r"\s+", " ", shown).strip() == re.sub(r"\s+", " ", question).strip()


@STEADY
@given(MARKS)
def test_an_answer_in_its_quote_reads_as_it_would_alone(answer: str) -> None:
    answer = answer.replace("\t", " ").strip("\n") if answer.strip() else "x"
    quoted = markdown(kept(Turn("one", answer))).partition("**Answer**\n\n")[2]
    inside = re.fullmatch(r"<blockquote>\n?(.*)</blockquote>\n", MarkdownIt().render(quoted), re.DOTALL)
    assert inside
    assert inside[1].rstrip("\n") == MarkdownIt().render(answer).rstrip("\n")
