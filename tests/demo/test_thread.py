"""A conversation is a tree of turns, of which one path is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from demo.thread import Node, Thread
from demo.transcript import whole
from demo.turns import Turn


def turn(question: str) -> Turn:
    """Return a turn that was answered."""
    return Turn(question, f"{question}!")


def questions(thread: Thread) -> str:
    """Return the path that is read, a letter a turn."""
    return "".join(turn.question for turn in thread.turns)


def asked(letters: str) -> Thread:
    """Return a conversation without alternatives."""
    thread = Thread()
    for letter in letters:
        thread = thread.ask(turn(letter))
    return thread


def test_an_empty_one_has_no_turns() -> None:
    assert Thread().turns == ()


def test_turns_are_read_in_the_order_in_which_they_were_asked() -> None:
    assert questions(asked("abc")) == "abc"


def test_each_turn_is_the_only_one_at_first() -> None:
    assert [asked("abc").alternatives(at) for at in range(3)] == [(0, 1)] * 3


def test_asking_anew_in_the_middle_hides_what_stood_behind_and_keeps_it() -> None:
    edited = asked("abc").ask(turn("B"), 1)
    assert questions(edited) == "aB"
    assert edited.alternatives(1) == (1, 2)
    assert questions(edited.flip(1, -1)) == "abc"


def test_the_first_question_can_be_asked_anew() -> None:
    edited = asked("ab").ask(turn("A"), 0)
    assert questions(edited) == "A"
    assert edited.alternatives(0) == (1, 2)


def test_what_is_asked_behind_an_alternative_belongs_to_it() -> None:
    thread = asked("abc").ask(turn("B"), 1).ask(turn("d"))
    assert questions(thread) == "aBd"
    assert questions(thread.flip(1, -1)) == "abc"
    assert questions(thread.flip(1, -1).flip(1, 1)) == "aBd"


def test_all_alternatives_are_those_of_each_turn() -> None:
    thread = asked("abc").ask(turn("B"), 1).ask(turn("c")).ask(turn("C"), 2).ask(turn("d"))
    assert thread.all_alternatives == [thread.alternatives(at) for at in range(4)] == [(0, 1), (1, 2), (1, 2), (0, 1)]


class Counted(tuple[Node, ...]):
    """Nodes that know how often they were gone through."""

    times = 0

    def __iter__(self) -> Iterator[Node]:
        Counted.times += 1
        return super().__iter__()


@pytest.mark.parametrize("look", [whole, lambda thread: thread.flip(0, -1)], ids=["shown", "flipped"])
def test_a_long_conversation_is_gone_through_as_often_as_a_short_one(look: Callable[[Thread], object]) -> None:
    times = []
    for letters in ("abc", "abc" * 20):
        Counted.times = 0
        thread = asked(letters)
        look(replace(thread, nodes=Counted(thread.nodes)))
        times.append(Counted.times)
    assert times[0] == times[1]


def test_flipping_goes_on_with_the_newest_turns_behind_the_alternative() -> None:
    thread = asked("abc").ask(turn("C"), 2).ask(turn("B"), 1)
    assert questions(thread.flip(1, -1)) == "abC"


@pytest.mark.parametrize("step", [1, 5])
def test_flipping_stays_at_the_last_alternative(step: int) -> None:
    thread = asked("ab").ask(turn("B"), 1)
    assert thread.flip(1, step) == thread


def test_flipping_stays_at_the_first_alternative() -> None:
    assert questions(asked("ab").ask(turn("B"), 1).flip(1, -1).flip(1, -1)) == "ab"


def test_a_turn_changes_in_its_place() -> None:
    thread = asked("abc").change(1, lambda turn: replace(turn, answer="other"))
    assert [turn.answer for turn in thread.turns] == ["a!", "other", "c!"]


def test_all_turns_change_those_that_are_not_read_too() -> None:
    thread = asked("ab").ask(turn("B"), 1).change_all(lambda turn: replace(turn, answer="other"))
    assert questions(thread) == "aB"
    assert [node.turn.answer for node in thread.nodes] == ["other"] * 3


@pytest.mark.parametrize(
    ("thread", "left"),
    [
        (asked("abc"), "ab"),
        (asked("a"), ""),
        (asked("abc").ask(turn("C"), 2), "abc"),
        (asked("abc").ask(turn("C"), 2).flip(2, -1), "abC"),
        (asked("abc").ask(turn("B"), 1), "abc"),
    ],
    ids=["the last", "the only one", "an alternative", "the first of two", "an alternative with nothing behind it"],
)
def test_undo_takes_the_last_turn_out_and_shows_the_alternative_that_is_left(thread: Thread, left: str) -> None:
    undone = thread.undo()
    assert questions(undone) == left
    assert len(undone.nodes) == len(thread.nodes) - 1


def test_after_undo_the_rest_of_the_tree_is_as_it_was() -> None:
    thread = asked("abc").ask(turn("B"), 1).ask(turn("d"))
    undone = thread.flip(1, -1).undo()
    assert questions(undone) == "ab"
    assert questions(undone.flip(1, 1)) == "aBd"


def test_an_empty_one_has_nothing_to_undo() -> None:
    with pytest.raises(IndexError):
        Thread().undo()


def test_there_is_no_turn_behind_the_last() -> None:
    with pytest.raises(IndexError):
        asked("ab").alternatives(2)
