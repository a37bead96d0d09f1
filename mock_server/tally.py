"""What has left of one answer so far, when it was to and when it did, and how long its client kept it waiting."""

from __future__ import annotations

from dataclasses import dataclass, field

from mock_server.journal import Ended
from mock_server.timeline import Timeline

MAX_TIMES = 1000
"""Of so many parts it is told when each was to leave and when it left."""


@dataclass(slots=True)
class Tally:
    """The running account of one response; moments are in seconds since it began to be played."""

    parts: int = 0
    """Whole ones."""
    bytes: int = 0
    status: int | None = None
    """The HTTP status, once the head has left."""
    ended: Ended = "cancelled"
    planned_s: list[float] = field(default_factory=list)
    kept_s: list[float] = field(default_factory=list)
    late_s: float = 0.0
    """The most by which anything left later than planned."""
    waits: int = 0
    waited_s: float = 0.0
    duration_s: float = 0.0

    def count(self, timeline: Timeline, first: int, last: int, now_s: float) -> None:
        """Count the chunks of a timeline that just left in one write: from number `first`, counted from 0, up to `last`, which did not."""
        before, whole = timeline.whole_parts(first), timeline.whole_parts(last)
        self.parts += whole - before
        if first < len(timeline.due_s):
            self.late_s = max(self.late_s, now_s - timeline.due_s[first])
        if (room := MAX_TIMES - len(self.kept_s)) > 0:
            told = timeline.part_times_s(before, min(whole, before + room))
            self.planned_s += told
            self.kept_s += [now_s] * len(told)
