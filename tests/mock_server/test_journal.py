from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace

import pytest

from mock_server.journal import MAX_BODY_BYTES, MAX_ENTRIES, Entry, Journal


def entry(path: str = "/p") -> Entry:
    return Entry(front="runtime", path=path, endpoint="e")


def test_a_request_is_open_and_then_finished() -> None:
    journal = Journal()
    started = journal.start(entry())
    assert (journal.open, journal.finished) == ((started,), ())
    ended = replace(started, ended="completed", parts=3)
    journal.finish(ended)
    assert (journal.open, journal.finished) == ((), (ended,))
    assert journal.wait(1) == ended


def test_a_request_that_was_refused_at_once_is_numbered_too() -> None:
    journal = Journal()
    journal.start(entry())
    journal.finish(replace(entry(), ended="refused"))
    assert ([seen.number for seen in journal.open], [seen.number for seen in journal.finished]) == ([1], [2])


def test_waiting_ends_when_another_thread_finishes_the_last_one() -> None:
    journal = Journal()
    one, two = journal.start(entry()), journal.start(entry())
    threading.Thread(target=lambda: deque(map(journal.finish, (two, one)))).start()
    assert [journal.wait(2), journal.wait(1)] == [one, two]


def test_waiting_in_vain_names_what_is_still_open() -> None:
    journal = Journal()
    journal.finish(journal.start(entry("/first")))
    journal.start(entry("/second"))
    with pytest.raises(TimeoutError, match=r"^1 of 2 requests have ended after 0 s; still open: /second \(number 2\)$"):
        journal.wait(2, timeout_s=0)


def test_open_requests_can_be_waited_for() -> None:
    journal = Journal()
    threading.Thread(target=lambda: journal.start(entry())).start()
    assert [seen.number for seen in journal.wait_open()] == [1]
    with pytest.raises(TimeoutError, match=r"^1 of 2 requests are open after 0 s: /p \(number 1\)$"):
        journal.wait_open(2, timeout_s=0)


def test_a_reset_forgets_what_has_finished_and_keeps_what_is_open() -> None:
    journal = Journal()
    journal.finish(journal.start(entry()))
    still = journal.start(entry())
    journal.reset()
    assert (journal.open, journal.finished) == ((still,), ())
    with pytest.raises(TimeoutError):
        journal.wait(1, timeout_s=0)


def test_the_journal_is_bounded_and_still_counts() -> None:
    journal = Journal()
    for _ in range(MAX_ENTRIES + 5):
        journal.finish(journal.start(entry()))
    assert len(journal.finished) == MAX_ENTRIES
    assert [journal.wait(number).number for number in (6, MAX_ENTRIES + 5)] == [6, MAX_ENTRIES + 5]
    with pytest.raises(LookupError, match=r"^request 5 to end is forgotten: the journal keeps the last 1000$"):
        journal.wait(5)


def test_a_long_body_is_cut_off_and_any_body_can_be_told_as_json() -> None:
    started = Journal().start(replace(entry(), body=b"\xff" * 100_000))
    assert len(started.body) == MAX_BODY_BYTES
    assert started.as_json()["body"].startswith("\ufffd")
