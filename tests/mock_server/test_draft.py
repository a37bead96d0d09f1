from __future__ import annotations

import pytest

from mock_server.draft import Draft
from mock_server.journal import Ended, Entry, Journal
from mock_server.tally import Tally

ARRIVED = Entry(front="runtime", path="/p", endpoint="e", attempt=2)


def test_what_is_known_when_a_request_is_answered_is_seen_while_it_is_open() -> None:
    journal = Journal()
    draft = Draft(journal, ARRIVED, cut="write", script="hello")
    draft.add(script="what-is-life-en", seed=7)
    draft.note("the cut found nothing")
    assert journal.open == ()
    draft.start()
    (seen,) = journal.wait_open()
    assert (seen.number, seen.attempt, seen.cut, seen.script, seen.seed, seen.notes) == (1, 2, "write", "what-is-life-en", 7, ("the cut found nothing",))
    assert draft.entry is seen


def test_what_becomes_known_later_is_seen_at_the_end_beside_what_left() -> None:
    journal = Journal()
    draft = Draft(journal, ARRIVED, cut="write")
    draft.note("first")
    draft.start()
    draft.miss("reset@5", "the answer has 2 parts")
    draft.finish(
        "completed", Tally(parts=2, bytes=40, status=200, planned_s=[0.0, 1.0], kept_s=[0.25, 1.5], late_s=0.5, waits=1, waited_s=0.125, duration_s=2.0)
    )
    seen = journal.wait()
    assert (journal.open, seen.number, seen.cut, seen.ended, seen.status) == ((), 1, "write", "completed", 200)
    assert (seen.missed_faults, seen.notes) == (("reset@5",), ("first", "the fault reset@5 was not reached: the answer has 2 parts"))
    assert (seen.parts, seen.bytes, seen.planned_s, seen.kept_s, seen.late_s) == (2, 40, (0.0, 1.0), (0.25, 1.5), 0.5)
    assert (seen.waits, seen.waited_s, seen.duration_s) == (1, 0.125, 2.0)


@pytest.mark.parametrize(("ended", "places"), [("cancelled", (3, 60)), ("stopped", (None, None)), ("completed", (None, None))])
def test_only_a_client_that_left_has_left_somewhere(ended: Ended, places: tuple[int | None, int | None]) -> None:
    journal = Journal()
    Draft(journal, ARRIVED).finish(ended, Tally(parts=3, bytes=60))
    seen = journal.wait()
    assert (seen.number, seen.cancelled_at_part, seen.cancelled_at_byte) == (1, *places)
