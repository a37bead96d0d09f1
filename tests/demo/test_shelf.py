"""What a browser keeps of conversations: what is found, what wins where two tabs disagree, and what an import changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.shelf import NAME_CHARACTERS, REMEMBERED, UNNAMED, Gone, Saved, Shelf, is_within, new_id, shelf_of
from demo.thread import Thread
from demo.turns import Turn

STEADY = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
"""The same examples each time, however busy the machine."""


def asked(*questions: str) -> Thread:
    """Return a conversation whose answers are the questions, aloud."""
    thread = Thread()
    for question in questions:
        thread = thread.ask(Turn(question, f"{question}!"))
    return thread


def saved(identity: str, *questions: str, at: int = 0, title: str = "") -> Saved:
    return Saved(identity, asked(*(questions or (identity,))), at, title)


def ids(shelf: Shelf) -> str:
    return " ".join(saved.id for saved in shelf.saved)


def test_the_newest_conversation_comes_first() -> None:
    assert ids(shelf_of([saved("a", at=1), saved("b", at=3), saved("c", at=2)])) == "b c a"


@pytest.mark.parametrize(
    ("conversation", "name"),
    [
        (saved("a", "why\n  so?", "next"), "why so?"),
        (saved("a", "why?", title="Reasons"), "Reasons"),
        (saved("a", "x" * 200), "x" * NAME_CHARACTERS + "…"),
        (Saved("a", Thread(), 0), UNNAMED),
        (Saved("a", asked(" \n"), 0), UNNAMED),
    ],
)
def test_a_conversation_is_named_by_its_title_or_its_first_question(conversation: Saved, name: str) -> None:
    assert conversation.name == name


def test_a_conversation_that_is_put_takes_the_place_of_its_earlier_state() -> None:
    shelf = shelf_of([saved("a", at=1), saved("b", at=2)]).put(saved("a", "x", at=3))
    assert ids(shelf) == "a b"
    assert shelf.find("a") == saved("a", "x", at=3)


def test_what_is_not_there_is_not_found() -> None:
    assert shelf_of([saved("a")]).find(None) is None


def test_a_conversation_that_was_deleted_stays_so_though_another_tab_still_holds_it() -> None:
    before = shelf_of([saved("a", at=1), saved("b", at=2)])
    deleted = before.delete("a", 3)
    assert ids(deleted) == ids(deleted.merge(before)) == ids(before.merge(deleted)) == "b"


def test_a_deleted_conversation_comes_back_if_it_is_changed_later_or_put_again() -> None:
    deleted = shelf_of([saved("a", at=1)]).delete("a", 3)
    assert ids(deleted.merge(shelf_of([saved("a", at=4)]))) == "a"
    assert ids(deleted.put(saved("a", at=1))) == "a"


def test_so_many_that_were_deleted_are_remembered() -> None:
    shelf = shelf_of([], (Gone(str(at), at) for at in range(REMEMBERED + 5)))
    assert len(shelf.gone) == REMEMBERED
    assert shelf.gone[0] == Gone(str(REMEMBERED + 4), REMEMBERED + 4)


def test_two_tabs_lose_nothing_of_each_other() -> None:
    both = shelf_of([saved("a", at=1)])
    one, other = both.put(saved("b", at=2)), both.put(saved("a", "a", "more", at=3))
    assert one.merge(other) == other.merge(one)
    assert [len(kept.thread.nodes) for kept in one.merge(other).saved] == [2, 1]


STATES = st.builds(saved, st.sampled_from("ab"), st.sampled_from("xy"), at=st.integers(0, 2), title=st.sampled_from(["", "t"]))
SHELVES = st.builds(shelf_of, st.lists(STATES, max_size=4), st.lists(st.builds(Gone, st.sampled_from("ab"), st.integers(0, 2)), max_size=2))


@STEADY
@given(SHELVES, SHELVES, SHELVES)
def test_in_whatever_order_tabs_hear_of_each_other_they_come_to_the_same(one: Shelf, two: Shelf, three: Shelf) -> None:
    merged = {first.merge(second).merge(third) for first, second, third in permutations((one, two, three))}
    assert len(merged) == 1
    assert one.merge(one) == one


@pytest.mark.parametrize(
    ("query", "found"),
    [("", "c b a"), ("  ", "c b a"), ("STRASSE", "b"), ("website build", "a"), ("kyoto", "c"), ("k", "c"), ("nothing", ""), ("why!", "a"), ("trip", "c")],
)
def test_every_word_that_is_looked_for_stands_in_a_title_or_a_text(query: str, found: str) -> None:
    shelf = shelf_of(
        [saved("a", "Build a website", "why", at=1), saved("b", "Straße", at=2), saved("c", "\uff2b\uff59\uff4f\uff54\uff4f", at=3, title="A trip")]
    )
    assert " ".join(kept.id for kept in shelf.matching(query)) == found


def test_what_stands_in_an_alternative_is_found_too() -> None:
    assert shelf_of([Saved("a", asked("one", "two").ask(Turn("other"), 0), 0)]).matching("two!")


HERE = shelf_of([saved("a", "one", "two", at=5)])


@pytest.mark.parametrize(
    ("imported", "kept"),
    [
        (saved("a", "one", "two", at=5), ["one two"]),
        (saved("a", "one", "two", at=9, title="Other"), ["one two"]),
        (saved("a", "one", at=9), ["one two"]),
        (saved("a", "one", "two", "three", at=1), ["one two three"]),
        (saved("a", "one", "else", at=1), ["one two", "one else"]),
        (saved("b", "one", "two", at=1), ["one two", "one two"]),
    ],
    ids=["the same", "the same under another title", "an earlier state", "a later state", "one that went on otherwise", "another of the same words"],
)
def test_an_import_adds_what_is_not_here_and_loses_nothing(imported: Saved, kept: list[str]) -> None:
    once = HERE.with_imported([imported], 99)
    assert [" ".join(turn.question for turn in saved.thread.turns) for saved in once.saved] == kept
    assert once.with_imported([imported], 100) == once


def test_however_many_are_imported_the_shelf_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.shelf.shelf_of", made := Mock(wraps=shelf_of))
    assert len(HERE.with_imported([saved(str(number)) for number in range(50)], 99).saved) == 51
    assert made.call_count == 1


def test_of_many_states_of_a_millisecond_each_is_written_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Thread] = []

    def write(thread: Thread) -> str:
        written.append(thread)
        return str(thread.nodes)

    monkeypatch.setattr(Thread, "__repr__", write)
    assert len(shelf_of(saved("a", str(number)) for number in range(50)).saved) == 1
    assert len(written) == 50


def test_a_conversation_that_was_deleted_is_back_once_it_is_imported() -> None:
    shelf = HERE.delete("a", 10).with_imported(HERE.saved, 99)
    assert ids(shelf) == "a"
    assert ids(shelf.merge(HERE.delete("a", 10))) == "a"


def test_likes_do_not_make_another_conversation() -> None:
    liked = asked("a", "b").change(0, lambda turn: replace(turn, liked=True))
    assert is_within(liked, asked("a", "b"))


def test_no_two_ids_are_the_same() -> None:
    assert new_id() != new_id()
