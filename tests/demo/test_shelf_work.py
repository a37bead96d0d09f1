"""What is known of shelves, so that a text is not read again with each event."""

from __future__ import annotations

import pytest

from demo.saved import CannotKeep, encode
from demo.shelf import Saved, Shelf
from demo.shelf_work import Known
from demo.thread import Thread
from demo.turns import Turn


def shelf_of(question: str) -> Shelf:
    return Shelf((Saved("one", Thread().ask(Turn(question)), 0),))


def test_what_was_read_or_written_is_known_by_its_text() -> None:
    known, shelf = Known(), shelf_of("why?")
    text = known.write(shelf)
    assert (text, known.read(text) is shelf, known.write(shelf) is text) == (encode(shelf), True, True)
    read = known.read(encode(shelf_of("how?")))
    assert known.read(encode(shelf_of("how?"))) is read


def test_what_was_used_longest_ago_is_forgotten_where_too_much_is_known() -> None:
    one, two, three = map(shelf_of, "abc")
    known = Known(most=2 * len(encode(one)))
    texts = [known.write(shelf) for shelf in (one, two)]
    known.read(texts[0])
    known.write(three)
    assert [known.read(text) is shelf for text, shelf in zip(texts, (one, two), strict=True)] == [True, False]


def test_one_text_is_known_however_large_it_is() -> None:
    known, shelf = Known(most=0), shelf_of("why?")
    assert known.read(known.write(shelf)) is shelf


def test_what_cannot_be_read_is_not_known() -> None:
    known = Known()
    for _ in range(2):
        with pytest.raises(CannotKeep):
            known.read("hello")
