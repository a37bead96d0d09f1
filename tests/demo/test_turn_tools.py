from __future__ import annotations

import re

import pytest

from demo.language import ENGLISH
from demo.thread import Thread
from demo.turn_tools import FLIPS, OPINIONS, Pressed, pressed, tools
from demo.turns import Call, Turn

ANSWERED = Turn("why?", "so")


def names(html: str) -> list[str]:
    return re.findall(r'class="(\w+)', html)


@pytest.mark.parametrize(
    ("told", "tool"),
    [
        ("like 3 17", Pressed("like", 3)),
        ("edit 0 1", Pressed("edit", 0)),
        ("like 3", None),
        ("like -1 2", None),
        ("like 1234567 2", None),
        ("like 3 17\n", None),
        ("", None),
        (None, None),
    ],
)
def test_what_the_script_tells_is_read_and_nothing_else(told: str | None, tool: Pressed | None) -> None:
    assert pressed(told) == tool


@pytest.mark.parametrize(
    ("turn", "of", "shown"),
    [
        (ANSWERED, 1, ["tools", "like", "dislike", "edit"]),
        (ANSWERED, 2, ["tools", "earlier", "which", "later", "like", "dislike", "edit"]),
        (Turn("why?", failure="no"), 1, ["tools", "edit"]),
        (Turn("why?", media="<img>"), 1, ["tools", "like", "dislike", "edit"]),
        (Turn("why?", calls=(Call("clock"),)), 1, ["tools", "like", "dislike", "edit"]),
        (Turn("why?", reasoning="hm"), 1, ["tools", "like", "dislike", "edit"]),
    ],
)
def test_a_turn_has_the_tools_that_it_has_a_use_for(turn: Turn, of: int, shown: list[str]) -> None:
    assert names(tools(turn, 0, of, ENGLISH)) == shown


def test_an_alternative_is_counted_from_one() -> None:
    assert ">2 of 3<" in tools(ANSWERED, 1, 3, ENGLISH)


@pytest.mark.parametrize(
    ("said", "liked", "looks"),
    [
        ([], None, ['"like" title="Like"', '"dislike" title="Dislike"']),
        (["like"], True, ['"like on" title="Take back the like"', '"dislike" title="Dislike"']),
        (["like", "dislike"], False, ['"like" title="Like"', '"dislike on" title="Take back the dislike"']),
        (["dislike", "dislike"], None, ['"like" title="Like"', '"dislike" title="Dislike"']),
        (["like", "like"], None, ['"like" title="Like"', '"dislike" title="Dislike"']),
    ],
)
def test_an_opinion_is_kept_shown_and_taken_back(said: list[str], liked: bool | None, looks: list[str]) -> None:
    thread = Thread().ask(ANSWERED)
    for opinion in said:
        thread = OPINIONS[opinion](thread, 0)
    assert thread.turns[0].liked is liked
    assert all(f"class={look}" in tools(thread.turns[0], 0, 1, ENGLISH) for look in looks)


def test_alternatives_are_flipped_through() -> None:
    thread = Thread().ask(Turn("a")).ask(Turn("b"), 0)
    assert FLIPS["earlier"](thread, 0).turns == (Turn("a"),)
    assert FLIPS["later"](FLIPS["earlier"](thread, 0), 0) == thread
