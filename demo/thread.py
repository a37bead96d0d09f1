"""A conversation as a tree of turns: any question may be asked anew, as it was or edited, and what came of it before is kept beside it.

One path through the tree is read: the turns from the first to `end`. Nothing here changes in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from demo.turns import Turn

BEGINNING = -1
"""What stands before a conversation's first turn."""


@dataclass(frozen=True, slots=True)
class Node:
    """A turn, and behind which other it stands."""

    turn: Turn
    before: int = BEGINNING
    """A place in `Thread.nodes`, always a smaller one than its own."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation; a turn's `at` counts along the path that is read, from 0."""

    nodes: tuple[Node, ...] = ()
    """In the order in which they were asked."""
    end: int = BEGINNING
    """The last turn of the path that is read: a place in `nodes`."""

    @property
    def path(self) -> tuple[int, ...]:
        """The places in `nodes` of the turns that are read, first one first."""
        places: list[int] = []
        place = self.end
        while place != BEGINNING:
            places.append(place)
            place = self.nodes[place].before
        return tuple(reversed(places))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that are read."""
        return tuple(self.nodes[place].turn for place in self.path)

    def alternatives(self, at: int) -> tuple[int, int]:
        """Return which of how many the turn `at` is, counted from 0; raises IndexError."""
        place = self.path[at]
        beside = self._behind(self.nodes[place].before)
        return beside.index(place), len(beside)

    @property
    def all_alternatives(self) -> list[tuple[int, int]]:
        """What `alternatives` tells of each turn that is read."""
        behind = self._all_behind()
        beside = [(place, behind[self.nodes[place].before]) for place in self.path]
        return [(places.index(place), len(places)) for place, places in beside]

    def ask(self, turn: Turn, at: int | None = None) -> Thread:
        """Return the conversation with `turn` at its end, or beside the one that stands `at`, and nothing behind it."""
        path = self.path
        before = (BEGINNING, *path)[len(path) if at is None else at]
        return Thread((*self.nodes, Node(turn, before)), len(self.nodes))

    def change(self, at: int, change: Callable[[Turn], Turn]) -> Thread:
        """Return the conversation with what `change` makes of the turn `at` in its place; raises IndexError."""
        place = self.path[at]
        node = self.nodes[place]
        return replace(self, nodes=(*self.nodes[:place], replace(node, turn=change(node.turn)), *self.nodes[place + 1 :]))

    def change_all(self, change: Callable[[Turn], Turn]) -> Thread:
        """Return the conversation with what `change` makes of each turn in its place, read or not."""
        return replace(self, nodes=tuple(replace(node, turn=change(node.turn)) for node in self.nodes))

    def flip(self, at: int, step: int) -> Thread:
        """Return the conversation as it goes on, newest turns first, from the alternative `step` further than the one `at`; at the last one it stays."""
        beside = self._behind(self.nodes[self.path[at]].before)
        place = beside[min(max(self.alternatives(at)[0] + step, 0), len(beside) - 1)]
        return replace(self, end=self._newest_behind(place))

    def undo(self) -> Thread:
        """Return the conversation without its last turn: as the alternative before that one has it, if there is one; raises IndexError if it is empty."""
        gone, before = self.path[-1], self.nodes[self.end].before
        rest = [place for place in self._behind(before) if place != gone]
        end = self._newest_behind(max((place for place in rest if place < gone), default=rest[0])) if rest else before
        return Thread(tuple(Node(node.turn, _without(gone, node.before)) for place, node in enumerate(self.nodes) if place != gone), _without(gone, end))

    def _behind(self, before: int) -> list[int]:
        return [place for place, node in enumerate(self.nodes) if node.before == before]

    def _newest_behind(self, place: int) -> int:
        """Return the end of the path that goes on from `place` by the newest turns."""
        behind = self._all_behind()
        while place in behind:
            place = behind[place][-1]
        return place

    def _all_behind(self) -> dict[int, list[int]]:
        """Return which places stand behind each, for those behind which there is any."""
        behind: dict[int, list[int]] = {}
        for place, node in enumerate(self.nodes):
            behind.setdefault(node.before, []).append(place)
        return behind


def _without(gone: int, place: int) -> int:
    """Return where `place` is once the last turn `gone`, behind which nothing stands, is taken out."""
    return place - (place > gone)
