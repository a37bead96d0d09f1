"""What the twin sees of a stream: its times, where its client left, how long it was kept waiting, and nobody's secrets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice

import httpx
import pytest

from mock_server import MockServer
from mock_server.clock import VirtualClock
from mock_server.journal import Entry
from mock_server.tally import MAX_TIMES
from tests.mock_server.plain_client import PlainClient

LMI, TGI = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"
LONG = "mock.cut=bytes:2;mock.script=long"
"""Nine megabytes, with 1500 tokens."""
TURNS = 50
FRONTS = ("runtime", "container")


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer(clock=VirtualClock()) as server:
        yield server


def read(twin: MockServer, attributes: str, *, tokens: int = 4, front: str = "runtime") -> Entry:
    """Read an answer to its end, however that comes; return the journal's entry."""
    with PlainClient(twin.url) as client:
        client.ask(LMI, front, attributes, parameters={"max_new_tokens": tokens})
        client.head()
        with contextlib.suppress(EOFError, ConnectionResetError):
            list(client.chunks())
    return twin.journal.wait()


def keep_busy(twin: MockServer) -> None:
    """Give the twin's loop so many turns that a stream that nobody reads has filled every buffer."""
    for _ in range(TURNS):
        read(twin, "")


@pytest.mark.parametrize("front", FRONTS)
def test_each_part_has_the_moment_that_was_planned_and_the_one_that_it_left_at(twin: MockServer, front: str) -> None:
    entry = read(twin, "mock.profile=constant:2,0.5", front=front)
    assert entry.planned_s == (2.0, 2.5, 3.0, 3.5)
    assert (entry.kept_s, entry.late_s, entry.first_part_s, entry.duration_s) == (entry.planned_s, 0.0, 2.0, 3.5)


PLANS = {
    "mock.speed=2": (1.0, 1.25, 1.5, 1.75),
    "mock.cut=merge:2": (2.5, 3.5),
    "mock.cut=merge:2;mock.http_cut=bytes:7": (3.5, 3.5),  # the first part's last byte leaves with the second's first
    "mock.fault=stall:3@2": (2.0, 2.5, 6.0, 6.5),
    "mock.fault=reset@2": (2.0, 2.5),
}


@pytest.mark.parametrize(("attributes", "planned_s"), PLANS.items(), ids=PLANS)
def test_what_is_planned_is_what_the_request_asked_for(twin: MockServer, attributes: str, planned_s: tuple[float, ...]) -> None:
    entry = read(twin, f"mock.profile=constant:2,0.5;{attributes}")
    assert (entry.planned_s, entry.kept_s) == (planned_s, planned_s)
    assert len(entry.planned_s) == entry.parts


def test_of_a_stream_without_waits_the_times_are_told_as_well() -> None:
    with MockServer() as twin:
        entry = read(twin, "")
    assert entry.planned_s == (0.0,) * 4
    assert len(entry.kept_s) == 4
    assert sorted(entry.kept_s) == list(entry.kept_s)
    assert 0 < entry.kept_s[0] <= entry.late_s == entry.kept_s[-1] <= entry.duration_s


def test_the_times_of_the_first_thousand_parts_are_told(twin: MockServer) -> None:
    entry = read(twin, "mock.script=long;mock.cut=every-byte;mock.profile=constant:2,0.5", tokens=1500)
    assert entry.parts > MAX_TIMES
    assert len(entry.planned_s) == len(entry.kept_s) == MAX_TIMES


@pytest.mark.parametrize("front", FRONTS)
def test_a_client_that_leaves_is_noted_with_the_part_and_the_byte(front: str) -> None:
    with MockServer() as twin:
        with PlainClient(twin.url) as client:
            client.ask(LMI, front, "mock.fault=stall@3")
            client.head()
            chunks = list(islice(client.chunks(), 3))
        entry = twin.journal.wait()
    assert (entry.ended, entry.cancelled_at_part, entry.cancelled_at_byte) == ("cancelled", 3, sum(map(len, chunks)))


def test_a_stream_that_was_not_cancelled_has_no_place_of_it(twin: MockServer) -> None:
    entry = read(twin, "mock.fault=reset@2")
    assert (entry.ended, entry.cancelled_at_part, entry.cancelled_at_byte) == ("fault", None, None)


def test_a_client_that_reads_late_is_told_of_by_how_long_it_was_waited_for() -> None:
    with MockServer() as twin, PlainClient(twin.url, buffer_bytes=64 * 1024) as client:
        client.ask(TGI, attributes=LONG, parameters={"max_new_tokens": 1500})
        client.head()
        keep_busy(twin)
        list(client.chunks())
        quick, slow = twin.journal.wait(1), twin.journal.wait(TURNS + 1)
    assert (quick.waits, quick.waited_s) == (0, 0.0)
    assert slow.ended == "completed"
    assert slow.waits >= 1
    assert 0 < slow.waited_s <= slow.duration_s


def test_a_client_that_leaves_while_it_is_waited_for_was_waited_for() -> None:
    with MockServer() as twin:
        with PlainClient(twin.url, buffer_bytes=64 * 1024) as client:
            client.ask(TGI, attributes=LONG, parameters={"max_new_tokens": 1500})
            client.head()
            keep_busy(twin)
        entry = twin.journal.wait(TURNS + 1)
    assert (entry.ended, entry.waits > 0, entry.waited_s > 0) == ("cancelled", True, True)


def test_the_journal_keeps_the_headers_that_say_who_asked_and_no_other(twin: MockServer) -> None:
    secret = {"Authorization": "Bearer feedface", "Cookie": "a=feedface", "X-Amz-Security-Token": "feedface", "X-Api-Key": "feedface", "X-Other": "feedface"}
    told = {"User-Agent": "me/1", "amz-sdk-invocation-id": "6f1f", "amz-sdk-request": "attempt=2; max=3", "Accept": "*/*"}
    httpx.post(f"{twin.url}/endpoints/{LMI}/invocations?token=feedface", json={"inputs": "hello"}, headers=secret | told, trust_env=False)
    entry = twin.journal.wait()
    assert {name.lower(): value for name, value in told.items()}.items() <= entry.request_headers.items()
    assert (entry.method, entry.attempt, entry.request_headers["content-type"]) == ("POST", 2, "application/json")
    assert "feedface" not in repr(entry)


def test_a_long_header_is_cut_off(twin: MockServer) -> None:
    httpx.get(f"{twin.url}/containers/{LMI}/ping", headers={"User-Agent": "x" * 5000}, trust_env=False)
    entry = twin.journal.wait()
    assert (entry.method, len(entry.request_headers["user-agent"])) == ("GET", 1024)


MISSED = {
    "mock.fault=reset@9": {"reset@9"},
    "mock.fault=reset@2": set[str](),
    "mock.fault=crlf+container-error@9+reset@8": {"container-error@9", "reset@8"},
    "": set[str](),
}


@pytest.mark.parametrize(("attributes", "missed"), MISSED.items(), ids=MISSED)
def test_a_fault_that_was_not_reached_is_named(twin: MockServer, attributes: str, missed: set[str]) -> None:
    entry = read(twin, attributes)
    assert set(entry.missed_faults) == missed
    assert all(any(f"the fault {fault} was not reached: " in note for note in entry.notes) for fault in missed)
