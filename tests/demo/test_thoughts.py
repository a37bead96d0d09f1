"""Thoughts and answer are parted the same, however the text is cut into tokens."""

from __future__ import annotations

from itertools import combinations

import pytest

from demo.thoughts import Heard, Thoughts

TEXTS: tuple[tuple[str, str, str], ...] = (
    ("", "", ""),
    ("yes", "", "yes"),
    (" \n yes \n", "", " \n yes \n"),
    ("<think>why</think>so", "why", "so"),
    ("<think>\nwhy\n\nthen\n</think>\n\nso\n", "\nwhy\n\nthen", "so\n"),
    (" \n<think>why</think> so", "why", " so"),
    ("<think>\n\n</think>\n\nso", "", "so"),
    ("<think></think>", "", ""),
    ("<think>why", "why", ""),
    ("<think>why\n", "why\n", ""),
    ("<think>a </thin b </think>so", "a </thin b ", "so"),
    ("<think>a <<//think></think>so", "a <<//think>", "so"),
    ("<think>a <think> b</think>so</think>", "a <think> b", "so</think>"),
    ("<think>why</think>\n<think>more</think>", "why", "<think>more</think>"),
    ("<think>why</", "why</", ""),
    ("<thin", "", "<thin"),
    ("<thinking>", "", "<thinking>"),
    ("<p><think>", "", "<p><think>"),
    ("so</think>", "", "so</think>"),
    ("Say <think>why</think>", "", "Say <think>why</think>"),
)
"""A text, the thoughts in it, and its answer."""


def parted(pieces: list[str]) -> tuple[str, str]:
    thoughts = Thoughts()
    heard = [*map(thoughts.feed, pieces), thoughts.finish()]
    return "".join(piece.thought for piece in heard), "".join(piece.answer for piece in heard)


@pytest.mark.parametrize(("text", "thought", "answer"), TEXTS)
def test_whole_text_is_parted(text: str, thought: str, answer: str) -> None:
    assert parted([text]) == (thought, answer)


@pytest.mark.parametrize(("text", "thought", "answer"), TEXTS)
def test_every_cut_in_three_gives_the_same(text: str, thought: str, answer: str) -> None:
    for one, two in combinations(range(len(text) + 1), 2):
        assert parted([text[:one], text[one:two], text[two:]]) == (thought, answer)


@pytest.mark.parametrize(("text", "thought", "answer"), TEXTS)
def test_a_character_at_a_time_gives_the_same(text: str, thought: str, answer: str) -> None:
    assert parted(list(text)) == (thought, answer)


def test_no_more_is_held_back_than_could_be_a_mark() -> None:
    thoughts = Thoughts()
    assert [thoughts.feed(piece) for piece in ("<think>", "a", " </th", "e\n", "b", "</think>", "\n", "c", "\n", "<think>")] == [
        Heard(),
        Heard(thought="a"),
        Heard(thought=" "),
        Heard(thought="</the"),
        Heard(thought="\nb"),
        Heard(),
        Heard(),
        Heard(answer="c"),
        Heard(answer="\n"),
        Heard(answer="<think>"),
    ]


def test_it_is_known_while_a_model_thinks() -> None:
    thoughts, seen = Thoughts(), []
    for piece in ("<thi", "nk>", "why", "</think>", "so"):
        thoughts.feed(piece)
        seen.append(thoughts.is_thinking)
    assert seen == [False, True, True, False, False]
