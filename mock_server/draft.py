"""What the journal is to say of one request, collected as it becomes known.

An `Entry` is frozen, and has so many members that each copy costs more than what it notes: one is made when the request is answered, and one when it ends.
"""

from __future__ import annotations

from typing import Any

from mock_server.journal import Ended, Entry, Journal
from mock_server.tally import Tally


class Draft:
    """The entry of one request on its way to its end.

    Args:
        journal: What gets it.
        entry: What the request itself says.
        members: What else is known of it, under the names of the entry's members.
    """

    def __init__(self, journal: Journal, entry: Entry, **members: Any) -> None:
        self.entry = entry
        """As the request arrived; once it is answered, as the journal has it while it is open."""
        self._journal = journal
        self._members = members
        self._notes: list[str] = []
        self._missed_faults: list[str] = []

    def add(self, **members: Any) -> None:
        """Say more, or something else; nobody sees it before the request is answered."""
        self._members |= members

    def note(self, text: str) -> None:
        """Say something that no member has a place for."""
        self._notes.append(text)

    def miss(self, fault: str, reason: str) -> None:
        """Say that a fault was not reached, and why."""
        self._missed_faults.append(fault)
        self.note(f"the fault {fault} was not reached: {reason}")

    def start(self) -> None:
        """Let the journal have it: the request is being answered."""
        self.entry = self._journal.start(self.entry, **self._known())

    def finish(self, ended: Ended, tally: Tally) -> None:
        """Let the journal have how the request ended, and what left."""
        is_cancelled = ended == "cancelled"
        self._journal.finish(
            self.entry,
            **self._known(),
            ended=ended,
            status=tally.status,
            parts=tally.parts,
            bytes=tally.bytes,
            cancelled_at_part=tally.parts if is_cancelled else None,
            cancelled_at_byte=tally.bytes if is_cancelled else None,
            planned_s=tuple(tally.planned_s),
            kept_s=tuple(tally.kept_s),
            late_s=tally.late_s,
            duration_s=tally.duration_s,
            waits=tally.waits,
            waited_s=tally.waited_s,
        )

    def _known(self) -> dict[str, Any]:
        return {**self._members, "missed_faults": tuple(self._missed_faults), "notes": tuple(self._notes)}
