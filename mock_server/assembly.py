"""From timed writes to what leaves: parts (cut), chunks (the front's framing), damaged chunks (fault).

An answer goes through at once or write by write; each step keeps what it has to remember from one to the next, and none waits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    speed: float = 1.0


class TimedCutter:
    """Cuts bytes that have moments: a piece is due with the one that holds its last byte."""

    def __init__(self, cut: Cut, seed: int) -> None:
        self.cutter = Cutter(cut, seed)
        self._latest_s = 0.0

    def feed(self, data: Sequence[bytes], due_s: Sequence[float], *, last: bool) -> tuple[list[bytes], list[float]]:
        """Return the pieces that these bytes complete, and when each is due; what is left behind the `last` ones is a piece, too."""
        held_bytes, ends = self.cutter.held_bytes, list(accumulate(map(len, data)))
        pieces = self.cutter.feed(data)
        if last:
            pieces += self.cutter.finish()
        self._latest_s = due_s[-1] if due_s else self._latest_s
        moments_s = [*due_s, self._latest_s]
        return pieces, [moments_s[bisect_left(ends, end - held_bytes)] for end in accumulate(map(len, pieces))]


class Assembly:
    """The steps that one answer takes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.parts = 0
        """How many parts have come."""
        self._cutter = None if plan.cut.is_write else TimedCutter(plan.cut, plan.seed)

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
        return timeline.at_speed(self._plan.speed)
