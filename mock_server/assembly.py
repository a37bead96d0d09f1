"""From timed writes to what leaves: parts (cut), chunks (the front's framing), damaged chunks (fault), HTTP chunks (HTTP cut).

An answer goes through at once or write by write; each step keeps what it has to remember from one to the next, and none waits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TypeAlias

from mock_server.cuts import Cut, Cutter
from mock_server.stream_faults import StreamDamage
from mock_server.timeline import Timeline

Frame: TypeAlias = Callable[[bytes], bytes]
"""From a part to the chunk that carries it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an answer goes through."""

    cut: Cut
    seed: int = 0
    frame: Frame | None = None
    """None: a part is its own chunk."""
    damage: StreamDamage | None = None
    http_cut: Cut | None = None
    """None, and `write`: what was framed is a chunk."""
    speed: float = 1.0


class _TimedCutter:
    """Cuts bytes that have moments: a piece is due with the one that holds its last byte."""

    def __init__(self, cut: Cut, seed: int) -> None:
        self.cutter = Cutter(cut, seed)
        self._latest_s = 0.0

    def feed(self, data: Sequence[bytes], due_s: Sequence[float], *, last: bool) -> tuple[list[bytes], list[float]]:
        held_bytes, ends = self.cutter.held_bytes, list(accumulate(map(len, data)))
        pieces = self.cutter.feed(data)
        if last:
            pieces += self.cutter.finish()
        self._latest_s = due_s[-1] if due_s else self._latest_s
        moments_s = [*due_s, self._latest_s]
        return pieces, [moments_s[bisect_left(ends, end - held_bytes)] for end in accumulate(map(len, pieces))]


class _HttpCutter:
    """Cuts chunks into others, and knows with which of these each part of the answer is whole."""

    def __init__(self, cut: Cut, seed: int) -> None:
        self._cutter = _TimedCutter(cut, seed)
        self._came_bytes = self._left_bytes = 0
        self._part_ends: list[int] = []
        """Where in the body those parts end that are not whole yet."""

    def feed(self, timeline: Timeline, *, last: bool) -> Timeline:
        chunks = list(timeline.chunks)
        ends = list(accumulate(map(len, chunks), initial=self._came_bytes))
        self._came_bytes = ends[-1]
        self._part_ends += [ends[count] for count in (range(1, timeline.parts + 1) if timeline.part_chunks is None else timeline.part_chunks)]
        pieces, due_s = self._cutter.feed(chunks, timeline.due_s, last=last or timeline.ending is not None)
        left = list(accumulate(map(len, pieces), initial=self._left_bytes))[1:]
        self._left_bytes = left[-1] if left else self._left_bytes
        whole = bisect_right(self._part_ends, self._left_bytes)
        part_chunks = [bisect_left(left, end) + 1 for end in self._part_ends[:whole]]
        del self._part_ends[:whole]
        return replace(timeline, chunks=pieces, due_s=due_s, parts=whole, part_chunks=part_chunks)


class Assembly:
    """The steps that one answer takes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.parts = 0
        """How many parts have come."""
        self._cutter = None if plan.cut.is_write else _TimedCutter(plan.cut, plan.seed)
        self._http_cutter = None if plan.http_cut is None or plan.http_cut.is_write else _HttpCutter(plan.http_cut, plan.seed)

    @property
    def missed_cuts(self) -> list[str]:
        """The names of the aimed cuts that have found nothing to hit so far."""
        return self._cutter.cutter.missed if self._cutter else []

    @property
    def has_struck(self) -> bool:
        """Whether the moment of the fault has come, if there is one."""
        return self._plan.damage is None or self._plan.damage.struck

    def feed(self, writes: Sequence[bytes], due_s: Sequence[float], *, last: bool) -> Timeline:
        """Return what leaves of these writes, which are due then; `last` says that they are the answer's last ones."""
        parts = writes
        if self._cutter:
            parts, due_s = self._cutter.feed(writes, due_s, last=last)
        self.parts += len(parts)
        timeline = Timeline(map(self._plan.frame, parts) if self._plan.frame else parts, due_s, len(parts))
        if self._plan.damage:
            timeline = self._plan.damage.feed(timeline, last=last)
        if self._http_cutter:
            timeline = self._http_cutter.feed(timeline, last=last)
        return timeline.at_speed(self._plan.speed)
