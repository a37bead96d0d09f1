from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pytest

from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import encode_part
from mock_server import MockServer
from mock_server.clock import VirtualClock
from mock_server.connection import Connection
from mock_server.server import bind
from tests.mock_server.plain_client import PATHS, PlainClient

LMI, TGI = ENDPOINTS = ("falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi")
FRONTS = ("runtime", "container")
FOUR: dict[str, Any] = {"parameters": {"max_new_tokens": 4}}
LINES = [b'{"outputs": [" Hello"]}\n', b'{"outputs": ["!"]}\n', b'{"outputs": [" I"]}\n', b'{"outputs": [" am"]}\n']
FOREVER = "mock.fault=stall"
TOO_LONG_FOR_BUFFERS = "mock.cut=bytes:2;mock.script=long"
"""Nine megabytes, with 1500 tokens."""
TURNS = 50


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def test_each_write_is_an_http_chunk_of_the_container(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, "container", **FOUR)
        status, headers = client.head()
        assert (status, headers["transfer-encoding"]) == (200, "chunked")
        assert list(client.chunks()) == LINES


def test_each_frame_is_an_http_chunk_of_the_runtime(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, **FOUR)
        status, headers = client.head()
        assert (status, headers["content-type"], headers["transfer-encoding"]) == (200, "application/vnd.amazon.eventstream", "chunked")
        assert list(client.chunks()) == [encode_part(line) for line in LINES]


def test_a_connection_serves_one_request_after_another(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        for front in FRONTS * 3:
            client.ask(TGI, front, **FOUR)
            assert client.head()[0] == 200
            assert len(list(client.chunks())) == 4
    twin.journal.wait(6)
    assert [entry.ended for entry in twin.journal.finished] == ["completed"] * 6


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_cut_moves_the_chunks_and_no_byte(twin: MockServer, endpoint: str, front: str) -> None:
    bodies = set()
    for cut in ("write", "whole", "every-byte", "bytes:7", "random:9", "inside-json+inside-utf8+inside-prefix+inside-escape"):
        with PlainClient(twin.url) as client:
            client.ask(endpoint, front, f"mock.cut={cut};mock.script=emoji", parameters={"max_new_tokens": 300})
            client.head()
            data = b"".join(client.chunks())
            bodies.add(data if front == "container" else b"".join(message.payload for message in EventStreamDecoder().feed(data)))
    assert len(bodies) == 1


def test_a_cut_counts_its_parts_in_the_journal(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, "container", "mock.cut=every-byte", **FOUR)
        client.head()
        data = list(client.chunks())
    entry = twin.journal.wait()
    assert (entry.parts, entry.bytes, entry.cut) == (len(data), len(data), "every-byte")


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_reset_comes_behind_the_parts_before_it(twin: MockServer, endpoint: str, front: str) -> None:
    with PlainClient(twin.url) as client:
        client.ask(endpoint, front, "mock.fault=reset@3", **FOUR)
        assert client.head()[0] == 200
        chunks = client.chunks()
        assert len(list(islice(chunks, 3))) == 3
        with pytest.raises(ConnectionResetError):
            next(chunks)
    entry = twin.journal.wait()
    assert (entry.ended, entry.parts, entry.cancelled_at_part, entry.fault, entry.status) == ("fault", 3, None, "reset@3", 200)


def test_a_reset_before_the_first_part_is_before_the_head_where_the_container_holds_it_back(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, attributes="mock.fault=reset")
        with pytest.raises(ConnectionResetError):
            client.head()
    with PlainClient(twin.url) as client:
        client.ask(TGI, attributes="mock.fault=reset")
        assert client.head()[0] == 200
        with pytest.raises(ConnectionResetError):
            next(client.chunks())
    twin.journal.wait(2)
    assert [(entry.ended, entry.status) for entry in twin.journal.finished] == [("fault", None), ("fault", 200)]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_client_that_leaves_a_stall_is_seen(twin: MockServer, front: str, after: int) -> None:
    with PlainClient(twin.url) as client:
        client.ask(TGI, front, f"{FOREVER}@{after}", **FOUR)
        client.head()
        assert len(list(islice(client.chunks(), after))) == after
    entry = twin.journal.wait()
    assert (entry.ended, entry.cancelled_at_part, entry.parts, entry.fault) == ("cancelled", after, after, f"stall@{after}")


def test_a_client_that_leaves_before_the_head_is_seen(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, attributes=FOREVER)
        (asked,) = twin.journal.wait_open()
    entry = twin.journal.wait()
    assert (entry.number, entry.ended, entry.cancelled_at_part, entry.status) == (asked.number, "cancelled", 0, None)


@pytest.mark.parametrize("front", FRONTS)
def test_an_open_request_is_seen_with_all_that_it_asked_for(twin: MockServer, front: str) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, front, "a=b;mock.fault=stall@2;mock.cut=every-byte+inside-prefix;mock.seed=9")
        (asked,) = twin.journal.wait_open()
    assert (asked.ended, asked.script, asked.profile, asked.cut) == (None, "hello", "instant", "every-byte+inside-prefix")
    assert (asked.fault, asked.seed, asked.custom_attributes, asked.notes) == ("stall@2", 9, "a=b", ("the cut inside-prefix found nothing to cut",))


def test_a_client_that_leaves_between_two_tokens_is_seen(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(TGI, attributes="mock.profile=typical;mock.speed=20", parameters={"max_new_tokens": 1000}, inputs="what is life")
        client.head()
        assert len(list(islice(client.chunks(), 3))) == 3
    entry = twin.journal.wait()
    assert entry.ended == "cancelled"
    assert entry.cancelled_at_part is not None
    assert entry.cancelled_at_part >= 3


def test_a_client_that_does_not_read_holds_up_its_own_stream_and_can_leave(twin: MockServer) -> None:
    with PlainClient(twin.url, buffer_bytes=64 * 1024) as client:
        client.ask(TGI, attributes=TOO_LONG_FOR_BUFFERS, parameters={"max_new_tokens": 1500})
        client.head()
        _keep_busy(twin)
    twin.journal.wait(TURNS + 1)
    entries = twin.journal.finished
    assert [entry.ended for entry in entries] == ["completed"] * TURNS + ["cancelled"]


def test_a_client_that_reads_late_gets_every_byte(twin: MockServer) -> None:
    with PlainClient(twin.url, buffer_bytes=64 * 1024) as client:
        client.ask(TGI, attributes=TOO_LONG_FOR_BUFFERS, parameters={"max_new_tokens": 1500})
        client.head()
        _keep_busy(twin)
        chunks = list(client.chunks())
    entry = twin.journal.wait(TURNS + 1)
    assert (entry.endpoint, entry.ended, entry.parts, entry.bytes) == (TGI, "completed", len(chunks), sum(map(len, chunks)))


def _keep_busy(twin: MockServer) -> None:
    """Give the twin's loop so many turns that a stream that nobody reads has filled every buffer."""
    with PlainClient(twin.url) as other:
        for _ in range(TURNS):
            other.ask(LMI, **FOUR)
            other.head()
            assert len(list(other.chunks())) == 4


def test_a_client_that_closes_its_half_is_gone(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(TGI, attributes=FOREVER)
        client.head()
        client.socket.shutdown(socket.SHUT_WR)
        entry = twin.journal.wait()
    assert entry.ended == "cancelled"


@pytest.mark.parametrize("front", FRONTS)
def test_a_client_that_leaves_inside_its_request_is_seen_and_harms_nobody(twin: MockServer, front: str, caplog: pytest.LogCaptureFixture) -> None:
    path = PATHS[front].format(TGI)
    with PlainClient(twin.url) as client:
        client.socket.sendall(b"POST %b HTTP/1.1\r\nHost: twin\r\nContent-Length: 99\r\n\r\nhalf" % path.encode())
    entry = twin.journal.wait()
    assert (entry.front, entry.path, entry.endpoint, entry.ended, entry.cancelled_at_part, entry.status) == (front, path, TGI, "cancelled", 0, None)
    with PlainClient(twin.url) as client:
        client.ask(TGI, **FOUR)
        assert client.head()[0] == 200
        assert len(list(client.chunks())) == 4
    assert not caplog.records


def test_stopping_closes_every_stream_at_once() -> None:
    with MockServer() as server, PlainClient(server.url) as client:
        client.ask(TGI, attributes=f"{FOREVER}@2", **FOUR)
        client.head()
        assert len(list(islice(client.chunks(), 2))) == 2
        server.stop()
        entry = server.journal.wait()
        assert (entry.ended, entry.cancelled_at_part, entry.parts) == ("stopped", None, 2)
        with pytest.raises((EOFError, ConnectionResetError)):
            next(client.chunks())
        server.stop()


def test_a_twin_that_never_started_can_be_stopped() -> None:
    MockServer().stop()


@pytest.mark.parametrize("front", FRONTS)
def test_a_hundred_streams_at_once_are_whole(twin: MockServer, front: str) -> None:
    def body(number: int) -> bytes:
        with PlainClient(twin.url) as client:
            client.ask(ENDPOINTS[number % 2], front, f"mock.script=long;mock.cut=random:50;mock.seed={number // 2 % 2}", parameters={"max_new_tokens": 300})
            client.head()
            return b"".join(client.chunks())

    with ThreadPoolExecutor(100) as pool:
        bodies = list(pool.map(body, range(100)))
    assert len(set(bodies)) == (4 if front == "runtime" else 2)
    twin.journal.wait(100)
    assert [entry.ended for entry in twin.journal.finished] == ["completed"] * 100


def test_a_virtual_clock_plays_minutes_in_no_time() -> None:
    clock = VirtualClock()
    with MockServer(profile="typical", clock=clock, time_limits=math.inf) as server, PlainClient(server.url) as client:
        client.ask(LMI, attributes="mock.script=long;mock.speed=0.1;mock.fault=stall:3600@1", parameters={"max_new_tokens": 200})
        client.head()
        assert len(list(client.chunks())) == 200
        assert clock.now_s() > 3600
        assert server.journal.wait().ended == "completed"


def test_a_virtual_clock_plays_many_streams_in_the_order_of_their_moments() -> None:
    clock, paces = VirtualClock(), [f"constant:{ttft_s},0.03" for ttft_s in range(30, 8, -1)]
    with MockServer(clock=clock) as server, contextlib.ExitStack() as clients:
        with clock.held():
            for number, pace in enumerate(paces, start=1):
                client = clients.enter_context(PlainClient(server.url))
                client.ask(TGI, attributes=f"mock.script=long;mock.profile={pace}", parameters={"max_new_tokens": 301})
                server.journal.wait_open(number)
        server.journal.wait(len(paces))
        assert [entry.profile for entry in server.journal.finished] == paces[::-1]
    assert clock.now_s() == pytest.approx(30 + 300 * 0.03)


def test_a_client_that_does_not_read_holds_up_no_virtual_time_of_others() -> None:
    clock = VirtualClock()
    with MockServer(clock=clock, profile="constant:1,1") as server, PlainClient(server.url, buffer_bytes=64 * 1024) as idle, PlainClient(server.url) as other:
        idle.ask(TGI, attributes=TOO_LONG_FOR_BUFFERS, parameters={"max_new_tokens": 1500})
        idle.head()
        other.ask(LMI, **FOUR)
        assert server.journal.wait().endpoint == LMI


def test_speed_divides_a_stall_too() -> None:
    clock = VirtualClock()
    with MockServer(clock=clock) as server, PlainClient(server.url) as client:
        client.ask(LMI, "container", "mock.fault=stall:3600@2;mock.speed=100", **FOUR)
        client.head()
        assert len(list(client.chunks())) == 4
    assert clock.now_s() == pytest.approx(36)


def test_a_listener_is_of_the_kind_whose_connections_send_small_answers_at_once() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_taken_port_is_an_error() -> None:
    with bind("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", listener.getsockname()[1])


@pytest.mark.parametrize("fault", ["reset@5", "stall:60@4", "truncate-frame@4"])
def test_a_fault_that_is_not_reached_is_said(twin: MockServer, fault: str) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, attributes=f"mock.fault={fault}", **FOUR)
        client.head()
        assert len(list(client.chunks())) == 4
    entry = twin.journal.wait()
    assert (entry.ended, entry.notes) == ("completed", (f"the fault {fault} was not reached: the answer has 4 parts",))


@pytest.mark.parametrize(("fault", "notes"), [("reset@2", ("the fault reset@2 was not reached: the container refused the request",)), ("model-error", ())])
def test_a_fault_of_a_stream_that_never_began_is_said(twin: MockServer, fault: str, notes: tuple[str, ...]) -> None:
    with PlainClient(twin.url) as client:
        client.ask(TGI, attributes=f"mock.fault={fault}", inputs=3)
        assert client.head()[0] == 424
    assert twin.journal.wait().notes == notes


def test_a_fault_before_the_answer_is_no_fault_that_was_missed(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(TGI, "container", "mock.fault=model-error:503")
        assert client.head()[0] == 503
    assert twin.journal.wait().notes == ()


def test_an_aimed_cut_that_finds_nothing_is_said(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, attributes="mock.cut=inside-prefix", **FOUR)
        client.head()
        assert len(list(client.chunks())) == 1
    assert twin.journal.wait().notes == ("the cut inside-prefix found nothing to cut",)


def test_the_same_seed_gives_the_same_bytes(twin: MockServer) -> None:
    def body(seed: int) -> bytes:
        with PlainClient(twin.url) as client:
            client.ask(TGI, attributes=f"mock.seed={seed};mock.cut=random:20", parameters={"do_sample": True, "details": True})
            client.head()
            return b"|".join(client.chunks())

    assert body(1) == body(1) != body(2)


async def test_a_connection_that_is_gone_already_plays_nothing(anyio_backend: str) -> None:
    assert anyio_backend == "asyncio"
    connection = Connection.__new__(Connection)
    connection.is_gone = True
    async with connection.until_gone():
        await asyncio.Event().wait()


async def test_a_time_limit_that_is_not_the_connections_is_not_swallowed(anyio_backend: str) -> None:
    assert anyio_backend == "asyncio"
    connection = Connection.__new__(Connection)
    with pytest.raises(TimeoutError):
        async with connection.until_gone():
            raise TimeoutError
