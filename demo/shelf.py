"""The conversations that a browser keeps: found, changed, and merged with what another tab of the same browser kept meanwhile.

Nothing here changes in place. A conversation that was deleted is remembered as such for a while: otherwise a tab that still holds it would bring it back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from secrets import token_urlsafe

from demo.thread import Node, Thread

REMEMBERED = 200
"""So many conversations that were deleted are remembered, the last ones."""
NAME_CHARACTERS = 80
"""So much of a first question names a conversation."""
UNNAMED = "…"


@dataclass(frozen=True, slots=True)
class Saved:
    """A conversation that is kept."""

    id: str
    thread: Thread
    changed_ms: int
    """When it was changed last: milliseconds since 1970."""
    title: str = ""
    """What a person calls it; empty where nobody gave it a name."""

    @property
    def name(self) -> str:
        """Its title, or else its first question, on one line."""
        questions = [turn.question for turn in self.thread.turns[:1]]
        line = " ".join((self.title or "".join(questions)).split())
        return (line[:NAME_CHARACTERS] + "…" * (len(line) > NAME_CHARACTERS)) or UNNAMED


@dataclass(frozen=True, slots=True)
class Gone:
    """A conversation that was deleted."""

    id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """Conversations, newest first, and which ones were deleted; made by `shelf_of`."""

    saved: tuple[Saved, ...] = ()
    gone: tuple[Gone, ...] = ()

    def find(self, identity: str | None) -> Saved | None:
        """Return a conversation; None if there is none of that id."""
        return next((saved for saved in self.saved if saved.id == identity), None)

    def put(self, saved: Saved) -> Shelf:
        """Return the shelf with `saved` in the place of what had its id."""
        rest = (other for other in self.saved if other.id != saved.id)
        return shelf_of((saved, *rest), (gone for gone in self.gone if gone.id != saved.id))

    def delete(self, identity: str, now_ms: int) -> Shelf:
        """Return the shelf without a conversation."""
        return shelf_of((saved for saved in self.saved if saved.id != identity), (*self.gone, Gone(identity, now_ms)))

    def merge(self, other: Shelf) -> Shelf:
        """Return what either holds; of each conversation the newest state, which may be that it was deleted."""
        return shelf_of((*self.saved, *other.saved), (*self.gone, *other.gone))

    def with_imported(self, imported: Iterable[Saved], now_ms: int) -> Shelf:
        """Return the shelf with conversations from elsewhere: one that is here already stays as it is, and no other takes its place."""
        here, gone = {saved.id: saved for saved in self.saved}, {mark.id: mark for mark in self.gone}
        for saved in imported:
            if new := _new(saved, here):
                here[new.id] = replace(new, changed_ms=now_ms) if gone.pop(new.id, None) else new
        return shelf_of(here.values(), gone.values())

    def matching(self, query: str) -> tuple[Saved, ...]:
        """Return the conversations in which every word of `query` stands, in the title or in any turn, whatever its case."""
        words = _folded(query).split()
        return tuple(saved for saved in self.saved if _holds(_text(saved), words)) if words else self.saved


def shelf_of(saved: Iterable[Saved], gone: Iterable[Gone] = ()) -> Shelf:
    """Return the shelf that holds the newest of `saved` for each id, unless it is among those `gone` since; in whatever order they are given."""
    last_gone: dict[str, Gone] = {}
    for mark in sorted(gone, key=lambda mark: mark.at_ms):
        last_gone[mark.id] = mark
    kept = (one for one in _newest(saved) if one.id not in last_gone or last_gone[one.id].at_ms < one.changed_ms)
    remembered = sorted(last_gone.values(), key=lambda mark: (-mark.at_ms, mark.id))[:REMEMBERED]
    return Shelf(tuple(sorted(kept, key=lambda one: (-one.changed_ms, one.id))), tuple(remembered))


def new_id() -> str:
    """Return an id that no other conversation has."""
    return token_urlsafe(9)


def is_within(part: Thread, whole: Thread) -> bool:
    """Tell whether `whole` began as `part`, or is it: whether each question and answer of the one is in the other, at the same place."""
    return len(part.nodes) <= len(whole.nodes) and all(map(_says_the_same, part.nodes, whole.nodes))


def _says_the_same(one: Node, other: Node) -> bool:
    return (one.before, one.turn.question, one.turn.answer) == (other.before, other.turn.question, other.turn.answer)


def _new(saved: Saved, here: Mapping[str, Saved]) -> Saved | None:
    """Return what of `saved` is not among those `here`, by their ids, under an id under which nothing would be lost; None if it is among them."""
    other = here.get(saved.id)
    if other and not is_within(saved.thread, other.thread) and not is_within(other.thread, saved.thread):
        saved = replace(saved, id=_id_of(saved.thread))
        other = here.get(saved.id)
    return None if other and is_within(saved.thread, other.thread) else saved


def _newest(saved: Iterable[Saved]) -> Iterator[Saved]:
    """Yield the newest state of each conversation."""
    newest: dict[str, list[Saved]] = {}
    for one in saved:
        states = newest.setdefault(one.id, [one])
        if one.changed_ms > states[0].changed_ms:
            newest[one.id] = [one]
        elif one.changed_ms == states[0].changed_ms and one != states[0]:
            states.append(one)
    # Of states of the same millisecond every tab has to choose the same, or they would correct each other for ever.
    yield from (states[0] if len(states) == 1 else max(states, key=repr) for states in newest.values())


def _id_of(thread: Thread) -> str:
    """Return an id that is always the same for what was asked and answered in a conversation."""
    said = [(node.before, node.turn.question, node.turn.answer) for node in thread.nodes]
    return sha256(repr(said).encode(errors="replace")).hexdigest()[:12]


def _folded(text: str) -> str:
    """Return `text` as it is compared: whatever its case, and the width of its letters."""
    return unicodedata.normalize("NFKC", text).casefold()


def _holds(text: str, words: Iterable[str]) -> bool:
    return all(word in text for word in words)


def _text(saved: Saved) -> str:
    turns = (text for node in saved.thread.nodes for text in (node.turn.question, node.turn.answer))
    return _folded("\n".join((saved.title, *turns)))
