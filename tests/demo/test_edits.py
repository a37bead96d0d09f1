"""What the pages edit is kept within a bound, and each page has its own."""

from __future__ import annotations

from demo.edits import Edit, Edits

ONE, TWO, THREE = (Edit(0, draft * 1000, "why?") for draft in "abc")


def test_each_page_edits_its_own_question() -> None:
    edits = Edits()
    edits.begin("a", ONE)
    edits.begin("b", TWO)
    assert (edits.of("a"), edits.of("b"), edits.of("c")) == (ONE, TWO, None)
    assert (edits.end("a"), edits.end("a"), edits.of("a"), edits.of("b")) == (ONE, None, None, TWO)


def test_who_edited_first_is_forgotten_where_there_is_no_room_for_another() -> None:
    edits = Edits(most_bytes=ONE.size_bytes + TWO.size_bytes)
    for page, edit in (("a", ONE), ("b", TWO), ("a", THREE), ("c", ONE)):
        edits.begin(page, edit)
    assert [edits.of(page) for page in "abc"] == [THREE, None, ONE]


def test_what_ends_makes_room() -> None:
    edits = Edits(most_bytes=ONE.size_bytes)
    edits.begin("a", ONE)
    edits.end("a")
    edits.begin("b", TWO)
    assert edits.of("b") == TWO


def test_one_edit_is_kept_however_large_it_is() -> None:
    edits = Edits(most_bytes=1)
    edits.begin("a", ONE)
    assert edits.of("a") == ONE
    edits.begin("b", TWO)
    assert (edits.of("a"), edits.of("b")) == (None, TWO)


def test_what_was_made_of_a_question_is_told_from_it() -> None:
    assert [ONE.is_changed(typed) for typed in ("", " why? ", "how?")] == [False, False, True]
