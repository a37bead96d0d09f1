from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from mock_server.journal import MAX_BODY_BYTES, MAX_BYTES, MAX_ENTRIES, Entry, Journal, Wanted


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


def test_what_has_become_known_is_noted_with_a_start_and_with_an_end() -> None:
    journal = Journal()
    started = journal.start(entry(), cut="write", seed=7)
    assert (started.number, started.cut, started.seed, journal.open) == (1, "write", 7, (started,))
    journal.finish(started, ended="fault", seed=8)
    assert journal.wait() == replace(started, ended="fault", seed=8)
    journal.finish(entry(), ended="refused")
    assert (journal.wait(2).number, journal.wait(2).ended) == (2, "refused")


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
    with pytest.raises(LookupError, match=r"^request 5 to end is forgotten: the journal keeps the last 1000, up to 33554432 bytes$"):
        journal.wait(5)


LARGE = {
    "bodies": {"body": b"x" * MAX_BODY_BYTES},
    "notes": {"notes": ("x" * 50_000,)},
    "headers": {"request_headers": {"user-agent": "x" * 50_000}},
    "paths": {"path": "/" + "x" * 50_000},
    "times": {"planned_s": (0.0,) * 1000, "kept_s": (0.0,) * 1000},
}


@pytest.mark.parametrize("members", LARGE.values(), ids=LARGE)
def test_entries_that_are_large_push_out_the_oldest_before_there_are_a_thousand(members: dict[str, Any]) -> None:
    journal, large = Journal(), replace(entry(), **members)
    fitting = MAX_BYTES // large.size_bytes()
    ended = min(fitting + 5, MAX_ENTRIES + 5)
    for _ in range(ended):
        journal.finish(journal.start(large))
    assert len(journal.finished) == min(fitting, MAX_ENTRIES)
    assert sum(seen.size_bytes() for seen in journal.finished) <= MAX_BYTES
    assert journal.wait(ended).number == ended
    journal.reset()
    journal.finish(entry())
    assert len(journal.finished) == 1


def test_entries_are_found_by_what_they_are() -> None:
    journal = Journal()
    seen = [
        replace(entry(), endpoint="a", ended="completed"),
        replace(entry(), endpoint="a", ended="cancelled"),
        replace(entry(), endpoint="b", ended="completed", front="container"),
        replace(entry(), endpoint="a", ended="completed"),
    ]
    for one in seen:
        journal.finish(one)

    def numbers(**wanted: Any) -> list[int]:
        return [found.number for found in journal.find(**wanted)]

    assert numbers() == [1, 2, 3, 4]
    assert numbers(endpoint="a") == [1, 2, 4]
    assert numbers(endpoint="a", ended="completed") == [1, 4]
    assert numbers(front="container") == [3]
    assert numbers(endpoint="a", limit=2) == [2, 4]
    assert numbers(limit=0) == numbers(endpoint="c") == []


UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({"ended": "canceled"}, "ended is 'canceled'; expected one of completed, refused, fault, failed, timed-out, cancelled, stopped"),
    ({"front": "model"}, "front is 'model'; expected one of runtime, container"),
]


@pytest.mark.parametrize(("wanted", "says"), UNKNOWN, ids=str)
def test_a_word_that_no_entry_has_is_refused(wanted: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{says}$"):
        Journal().find(**wanted)


def test_who_reads_page_by_page_misses_nothing_and_reads_nothing_twice() -> None:
    journal = Journal()
    wanted, after, read = Wanted(endpoint="e"), 0, []
    slow = journal.start(entry("/slow"))
    for number in range(5):
        journal.finish(replace(entry(f"/{number}"), endpoint="ef"[number % 2]))
    for _ in range(3):
        page, after = journal.page(wanted, after=after, limit=2)
        read += [seen.path for seen in page]
    assert (read, after) == (["/0", "/2", "/4"], 5)
    journal.finish(slow)
    page, after = journal.page(wanted, after=after, limit=2)
    assert ([seen.path for seen in page], after) == (["/slow"], 6)


def test_whoever_asked_hears_of_every_request_that_ends() -> None:
    journal, heard = Journal(), list[Entry]()
    journal.tell(heard.append)
    started = journal.start(entry())
    assert heard == []
    journal.finish(started)
    assert heard == [started]


def test_a_long_body_is_cut_off_and_any_body_can_be_told_as_json() -> None:
    started = Journal().start(replace(entry(), body=b"\xff" * 100_000))
    assert len(started.body) == MAX_BODY_BYTES
    assert started.as_json()["body"].startswith("\ufffd")
