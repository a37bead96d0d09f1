"""How the twin stops: what runs may end, what does not is ended as the service or a container would end it, and a second signal waits for nobody."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from botocore.exceptions import EventStreamError

from backends.errors import StreamInterrupted
from backends.sagemaker import SageMakerBackend
from backends.wire.parts import encode_exception
from mock_server.app import create_app
from mock_server.catalog import FILE, load_catalog
from mock_server.clock import Clock
from mock_server.journal import Journal
from mock_server.server import Server, bind
from mock_server.settings import TwinSettings
from mock_server.stream_faults import STREAM_ERRORS
from tests.backends.far_side import FarSide, Stall, chunk, container_head
from tests.contract.clients import KEYS, body, boto3_client, request_for
from tests.mock_server.plain_client import PATHS, PlainClient

LMI, TGI = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"
FRONTS = ("runtime", "container")
FOREVER = "mock.fault=stall@2"
LONG = "mock.cut=every-byte;mock.script=long"
"""More, with 1500 tokens, than the buffers of two sockets hold."""
BROKEN = encode_exception("ModelStreamError", {"Message": STREAM_ERRORS["StreamBroken"], "ErrorCode": "StreamBroken"})


class HeldClock:
    """A clock that stands still until it is let go."""

    def __init__(self) -> None:
        self._running = threading.Event()

    def now_s(self) -> float:
        return 0.0

    async def sleep_until(self, moment_s: float) -> None:
        assert moment_s > 0
        await asyncio.to_thread(self._running.wait, 20)

    def let_go(self) -> None:
        self._running.set()


class Serving:
    """A server in a thread, which a signal is delivered to by hand."""

    def __init__(self, grace_s: float, clock: Clock | None, catalog: Path) -> None:
        self.journal = Journal()
        self._listener = bind("127.0.0.1", 0)
        self.address = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        self._server = Server(create_app(load_catalog(catalog), clock, settings=TwinSettings(profile="instant"), journal=self.journal), grace_s=grace_s)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve(sockets=[self._listener])))
        self._thread.start()

    def signal(self, number: int = signal.SIGTERM) -> None:
        self._server.handle_exit(number, None)

    def stop(self) -> None:
        self._server.stop()

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


@contextmanager
def serving(grace_s: float, clock: Clock | None = None, catalog: Path = FILE) -> Iterator[Serving]:
    server = Serving(grace_s, clock, catalog)
    try:
        yield server
    finally:
        server.stop()
        server.join()


@contextmanager
def signalled(server: Serving) -> Iterator[None]:
    """Send SIGTERM, and go on when an idle connection, made before, was closed: from then on the server stops."""
    with PlainClient(server.url) as idle:
        idle.ask(LMI, parameters={"max_new_tokens": 1})
        assert idle.head()[0] == 200
        assert len(list(idle.chunks())) == 1
        server.signal()
        assert idle.socket.recv(1) == b""
        yield


@pytest.mark.parametrize("front", FRONTS)
def test_sigterm_refuses_new_connections_and_lets_a_running_stream_finish(front: str) -> None:
    clock = HeldClock()
    with serving(grace_s=60, clock=clock) as server, PlainClient(server.url) as client:
        client.ask(TGI, front, "mock.fault=stall:1@2", parameters={"max_new_tokens": 5})
        client.head()
        chunks = client.chunks()
        assert len(list(islice(chunks, 2))) == 2
        with signalled(server), pytest.raises(ConnectionRefusedError), socket.create_connection(server.address):
            pass
        assert len(server.journal.open) == 1
        clock.let_go()
        assert len(list(chunks)) == 3
        assert client.socket.recv(1) == b"", "a connection that would be kept is closed behind its stream"
        server.join()
        entry = server.journal.wait(2)
    assert (entry.ended, entry.parts) == ("completed", 5)


def test_a_stream_that_is_still_open_at_the_limit_ends_as_the_service_ends_it() -> None:
    with serving(grace_s=0.05) as server, PlainClient(server.url) as client:
        client.ask(TGI, attributes=FOREVER)
        client.head()
        chunks = client.chunks()
        assert len(list(islice(chunks, 2))) == 2
        server.signal()
        assert list(chunks) == [BROKEN]
        server.join()
        entry = server.journal.wait()
    assert (entry.ended, entry.parts, entry.cancelled_at_part, entry.status) == ("stopped", 2, None, 200)


def test_a_container_that_is_stopped_breaks_its_connection_behind_what_it_wrote() -> None:
    with serving(grace_s=0) as server, PlainClient(server.url) as client:
        client.ask(TGI, "container", FOREVER)
        client.head()
        chunks = client.chunks()
        assert len(list(islice(chunks, 2))) == 2
        server.signal()
        with pytest.raises(EOFError):
            next(chunks)
        server.join()
        entry = server.journal.wait()
    assert (entry.ended, entry.parts, entry.cancelled_at_part) == ("stopped", 2, None)


def test_a_stream_whose_head_waits_for_its_first_token_still_ends_with_its_error() -> None:
    with serving(grace_s=0) as server, PlainClient(server.url) as client:
        client.ask(LMI, attributes="mock.fault=stall")
        server.journal.wait_open()
        server.signal()
        assert client.head()[0] == 200
        assert list(client.chunks()) == [BROKEN]


def test_an_answer_in_one_piece_that_has_not_come_is_a_connection_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PATHS, "whole", "/endpoints/{}/invocations")
    with serving(grace_s=0) as server, PlainClient(server.url) as client:
        client.ask(LMI, "whole", "mock.fault=stall")
        server.journal.wait_open()
        server.signal()
        assert client.socket.recv(1) == b""
        assert server.journal.wait().ended == "stopped"


def test_a_request_that_has_not_come_whole_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    with serving(grace_s=0) as server, PlainClient(server.url) as client:
        client.socket.sendall(b"POST /endpoints/%b/invocations HTTP/1.1\r\nHost: twin\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n" % LMI.encode())
        assert client.socket.recv(1024).startswith(b"HTTP/1.1 100"), "the twin waits for the body"
        server.signal()
        with pytest.raises((ConnectionResetError, EOFError, IndexError)):
            client.head()
        entry = server.journal.wait()
    assert (entry.ended, entry.status) == ("stopped", None)
    assert not caplog.records


def test_a_client_that_never_reads_holds_up_the_end_no_longer_than_its_last_words_may_take() -> None:
    with serving(grace_s=0) as server, PlainClient(server.url, buffer_bytes=64 * 1024) as client:
        client.ask(TGI, attributes=LONG, parameters={"max_new_tokens": 1500})
        client.head()
        with signalled(server):
            server.join()
        assert server.journal.wait(2).ended == "stopped"


def again(server: Serving) -> None:
    server.signal()


def ctrl_c(server: Serving) -> None:
    server.signal(signal.SIGINT)


@pytest.mark.parametrize("hurry", [again, ctrl_c, Serving.stop])
def test_a_second_signal_waits_for_nobody(hurry: Callable[[Serving], None]) -> None:
    with serving(grace_s=3600) as server, PlainClient(server.url) as client:
        client.ask(TGI, attributes=FOREVER)
        client.head()
        chunks = client.chunks()
        assert len(list(islice(chunks, 2))) == 2
        with signalled(server):
            hurry(server)
            with pytest.raises((EOFError, ConnectionResetError)):
                next(chunks)
        server.join()
        assert server.journal.wait(2).ended == "stopped"


async def test_our_backend_reads_why_its_stream_ended() -> None:
    with serving(grace_s=0) as server:
        async with SageMakerBackend(region="us-east-1", endpoint_url=server.url, credentials=KEYS, use_proxy=False) as backend:
            endpoint = load_catalog()[TGI].as_endpoint(server.url)
            async with backend.stream(request_for(endpoint, FOREVER)) as answer:
                await anext(answer)
                server.signal()
                with pytest.raises(StreamInterrupted) as raised:
                    [event async for event in answer]
    assert (raised.value.code, raised.value.error_code) == ("ModelStreamError", "StreamBroken")


def test_boto3_reads_why_its_stream_ended() -> None:
    with serving(grace_s=0) as server:
        client = boto3_client(server.url)
        response = client.invoke_endpoint_with_response_stream(EndpointName=TGI, ContentType="application/json", Body=body(), CustomAttributes=FOREVER)
        parts = iter(response["Body"])
        next(parts)
        server.signal()
        with pytest.raises(EventStreamError, match=r"\(ModelStreamError\).*closed the connection"):
            list(parts)


def stop_in_a_frame(server: Serving, endpoint: str, attributes: str, parts: int) -> int:
    """Stop the twin behind so many parts and inside another one, and return how many boto3 has read when it is told so."""
    response = boto3_client(server.url).invoke_endpoint_with_response_stream(
        EndpointName=endpoint, ContentType="application/json", Body=body(), CustomAttributes=attributes
    )
    events = iter(response["Body"])
    read = list(islice(events, parts))
    server.signal()
    with pytest.raises(EventStreamError, match=r"\(ModelStreamError\).*closed the connection"):
        read.extend(events)
    return len(read)


HTTP_CUTS = ("bytes:7", "random:50", "every-byte", "whole+at:490")


@pytest.mark.parametrize("http_cut", HTTP_CUTS)
def test_a_frame_that_is_on_its_way_is_whole_before_the_stream_is_broken(http_cut: str) -> None:
    with serving(grace_s=0) as server:
        read = stop_in_a_frame(server, TGI, f"mock.cut=bytes:20;mock.http_cut={http_cut};mock.profile=constant:0,1000", 3)
        entry = server.journal.wait()
    assert (entry.ended, entry.parts) == ("stopped", read)


@pytest.mark.parametrize("http_cut", HTTP_CUTS)
async def test_a_frame_of_a_model_is_whole_before_the_stream_is_broken_too(tmp_path: Path, http_cut: str) -> None:
    catalog, token = tmp_path / "catalog.toml", chunk(b'data: {"choices": [{"text": "Hello"}]}\n\n')
    async with FarSide([[container_head(b"text/event-stream") + token + token, Stall]]) as model:
        catalog.write_text(f'[mine]\ncontainer = "tgi-2.1"\nupstream = "{model.url}"\nupstream_model = "m"\n', encoding="utf-8")
        with serving(grace_s=0, catalog=catalog) as server:
            read = await asyncio.to_thread(stop_in_a_frame, server, "mine", f"mock.cut=bytes:20;mock.http_cut={http_cut}", 3)
            entry = server.journal.wait()
    assert (entry.ended, entry.parts) == ("stopped", read)
