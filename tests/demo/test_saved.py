"""The JSON of kept conversations: what goes in comes out, and what is none of ours is refused with a sentence."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.saved import CONVERSATIONS, TURNS, YEAR_10000_MS, _Turn, decode, encode, export, size_bytes
from demo.shelf import Gone, Saved, Shelf, shelf_of
from demo.thread import BEGINNING, Node, Thread
from demo.turns import Call, Turn

LEFT_OUT = {"tape", "media"}
"""Members of a turn that are gone when its page is."""

TEXT = st.text(max_size=12)
CALLS = st.builds(Call, TEXT, TEXT)
TURN = st.builds(
    Turn, TEXT, TEXT, TEXT, st.none() | TEXT, reasoning=TEXT, thought_s=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    calls=st.lists(CALLS, max_size=2).map(tuple), liked=st.none() | st.booleans(),
)  # fmt: skip
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
MOMENTS = st.integers(0, YEAR_10000_MS - 1)

STEADY = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
"""The same examples each time, however busy the machine."""


@st.composite
def threads(draw: st.DrawFn) -> Thread:
    turns = draw(st.lists(TURN, max_size=5))
    nodes = tuple(Node(turn, draw(st.integers(BEGINNING, place - 1))) for place, turn in enumerate(turns))
    return Thread(nodes, draw(st.integers(BEGINNING, len(nodes) - 1)))


SHELVES = st.builds(shelf_of, st.lists(st.builds(Saved, IDS, threads(), MOMENTS, TEXT), max_size=3), st.lists(st.builds(Gone, IDS, MOMENTS), max_size=3))


@STEADY
@given(SHELVES)
def test_what_is_kept_comes_back_as_it_was(shelf: Shelf) -> None:
    assert decode(encode(shelf)) == shelf


@STEADY
@given(SHELVES)
def test_what_is_exported_comes_back_as_it_was(shelf: Shelf) -> None:
    assert decode(export(*shelf.saved)).saved == shelf.saved


def test_every_member_of_a_turn_is_kept_or_known_to_be_gone_with_the_page() -> None:
    assert {field.name for field in fields(Turn)} == (set(_Turn.model_fields) - {"before"}) | LEFT_OUT


def one(turn: Turn) -> Shelf:
    return Shelf((Saved("one", Thread().ask(turn), 5),))


def test_html_and_tapes_are_left_out_on_the_way_in_and_out() -> None:
    turn = Turn("draw", status="1 KiB", tape=7, media="<img src='media/key'>")
    assert "media" not in encode(one(turn))
    written = encode(one(turn)).replace('"question"', '"media":"<script>alert(1)</script>","tape":7,"question"')
    assert decode(written) == one(replace(turn, tape=0, media=""))


def test_the_form_that_browsers_and_files_hold_is_this() -> None:
    shelf = Shelf((Saved("one", Thread().ask(Turn("why?", "so")).ask(Turn("and?"), 0), 5, "Mine"),), (Gone("two", 6),))
    turns = '[{"question":"why?","answer":"so"},{"question":"and?"}]'
    assert encode(shelf) == (
        '{"streamtwin":"conversations","version":1,"conversations":[{"id":"one","changed_ms":5,"title":"Mine","end":1,"turns":' + turns + "}],"
        '"deleted":[{"id":"two","at_ms":6}]}'
    )


def test_half_a_character_is_kept_as_a_question_mark() -> None:
    assert decode(encode(one(Turn("a\ud800b")))) == one(Turn("a?b"))


def test_nothing_is_an_empty_shelf() -> None:
    assert decode("") == Shelf()


@pytest.mark.parametrize(("text", "bytes_"), [("", 2), ("a", 3), ('"', 4), ("\n", 4), ("é", 4), ("人", 5), ("😀", 6)])
def test_the_size_is_that_of_json_in_json(text: str, bytes_: int) -> None:
    assert size_bytes(text) == bytes_


def kept(**members: Any) -> str:
    """Return a file of one conversation with these members in place of good ones."""
    conversation = {"id": "one", "changed_ms": 5, "end": 0, "turns": [{"question": "why?"}]} | members
    return json.dumps({"streamtwin": "conversations", "version": 1, "conversations": [conversation]})


CYCLE = [{"question": "a", "before": 1}, {"question": "b", "before": 0}]
FOREIGN = {
    "no JSON": ("hello", "no whole JSON"),
    "half of it": (kept()[:-9], "no whole JSON"),
    "not even an object": ("[]", "no conversations of this page: $"),
    "somebody else's": ('{"messages": []}', "no conversations of this page: streamtwin"),
    "a later version": (kept().replace('"version": 1', '"version": 2'), "another version of this page"),
    "very deep": ("[" * 1_000_000, "no whole JSON"),
    "deep inside": (kept(extra=0).replace('"extra": 0', '"extra": ' + '{"a":' * 1_000_000), "no whole JSON"),
    "a number as a question": (kept(turns=[{"question": 1}]), "conversations.0.turns.0.question"),
    "a turn without a question": (kept(turns=[{"answer": "x"}]), "conversations.0.turns.0.question"),
    "a string of turns": (kept(turns="abc"), "conversations.0.turns"),
    "turns in a cycle": (kept(turns=CYCLE), "Turn 0 of a conversation stands behind turn 1"),
    "a turn behind itself": (kept(turns=[{"question": "a", "before": 0}]), "stands behind turn 0"),
    "a turn behind nothing that is": (kept(turns=[{"question": "a", "before": -2}]), "stands behind turn -2"),
    "an end that is not there": (kept(end=1), "of 1 turns ends at turn 1"),
    "an end before the beginning": (kept(end=-2), "ends at turn -2"),
    "too many turns": (kept(turns=[{"question": ""}] * (TURNS + 1)), "conversations.0.turns"),
    "too many conversations": (json.dumps(json.loads(kept()) | {"conversations": json.loads(kept())["conversations"] * (CONVERSATIONS + 1)}), "conversations"),
    "an id with a slash": (kept(id="../x"), "conversations.0.id"),
    "an id with a newline": (kept(id="one\n"), "conversations.0.id"),
    "a moment that is no date": (kept(changed_ms=YEAR_10000_MS), "conversations.0.changed_ms"),
    "a moment that is no number": (kept(changed_ms=math.nan), "no whole JSON"),
    "a moment that is larger than any": (kept(changed_ms=10**40), "conversations.0.changed_ms"),
    "half a character": (kept(title="x").replace('"x"', '"\\ud800"'), "no whole JSON"),
    "a like that is none": (kept(turns=[{"question": "a", "liked": "yes"}]), "conversations.0.turns.0.liked"),
    "a time that is endless": (kept(turns=[{"question": "a", "thought_s": math.inf}]), "no whole JSON"),
}


@pytest.mark.parametrize(("text", "said"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_none_of_ours_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        decode(text)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_file_of_nothing_but_errors_is_refused_at_the_first() -> None:
    with pytest.raises(ValueError, match=r"turns\.0") as refused:
        decode(kept(turns=[0] * TURNS))
    assert refused.value.__cause__.error_count() == 1  # type: ignore[union-attr]  # pydantic's


@STEADY
@given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)).map(json.dumps))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    with suppress(ValueError):
        assert decode(text) == Shelf()
