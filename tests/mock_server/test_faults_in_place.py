"""Faults and cuts of a running twin: what the journal says of them, and where they are refused."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backends.wire.parts import encode_part
from mock_server import MockServer
from tests.mock_server.boto import twin_of
from tests.mock_server.plain_client import PlainClient

LMI, TGI = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"
LINES = [b'{"outputs": [" Hello"]}\n', b'{"outputs": ["!"]}\n', b'{"outputs": [" I"]}\n', b'{"outputs": [" am"]}\n']
FRAMES = b"".join(map(encode_part, LINES))


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def chunks_of(twin: MockServer, attributes: str, endpoint: str = LMI, front: str = "runtime") -> tuple[list[bytes], str]:
    with PlainClient(twin.url) as client:
        client.ask(endpoint, front, attributes, parameters={"max_new_tokens": 4})
        assert client.head()[0] == 200
        return client.rest()


def post(twin: MockServer, path: str, attributes: str, *, stream: bool = False) -> httpx.Response:
    body = {"inputs": "hello", "parameters": {"max_new_tokens": 4}, "stream": stream}
    return httpx.post(f"{twin.url}/{path}", json=body, headers={"x-amzn-sagemaker-custom-attributes": attributes}, trust_env=False)


@pytest.mark.parametrize("http_cut", ["whole", "bytes:7", "every-byte", "random:50", "merge:3", "at:1,300"])
def test_http_chunks_are_cut_and_the_journal_counts_parts(twin: MockServer, http_cut: str) -> None:
    chunks, end = chunks_of(twin, f"mock.http_cut={http_cut}")
    assert (b"".join(chunks), end) == (FRAMES, "last chunk")
    assert len(chunks) != len(LINES)
    entry = twin.journal.wait()
    assert (entry.parts, entry.bytes, entry.http_cut, entry.ended) == (4, len(FRAMES), http_cut, "completed")


@pytest.mark.parametrize(("fault", "end"), [("reset@2", "RST"), ("close@2", "FIN"), ("close-in-chunk@2", "FIN")])
def test_a_connection_that_breaks_has_all_of_the_parts_before_it_however_they_were_cut(twin: MockServer, fault: str, end: str) -> None:
    chunks, ended = chunks_of(twin, f"mock.http_cut=bytes:7;mock.fault={fault}")
    assert b"".join(chunks) == b"".join(map(encode_part, LINES[:2]))
    assert ended.endswith(end)
    entry = twin.journal.wait()
    assert (entry.parts, entry.ended, entry.fault) == (2, "fault", fault)


@pytest.mark.parametrize("http_cut", ["write", "bytes:7"])
def test_a_container_has_no_http_cut(twin: MockServer, http_cut: str) -> None:
    response = post(twin, f"containers/{LMI}/invocations", f"mock.http_cut={http_cut}")
    assert (response.status_code, response.json()["error"].partition(";")[0]) == (
        400,
        "mock.http_cut: cuts an event stream into HTTP chunks, and a container writes none",
    )


def test_an_answer_without_chunks_says_that_there_was_nothing_to_cut(twin: MockServer) -> None:
    assert post(twin, f"endpoints/{LMI}/invocations", "mock.http_cut=bytes:7").content == b"".join(LINES)
    assert twin.journal.wait().notes == ("mock.http_cut found nothing to cut: InvokeEndpoint answers without chunks",)


@pytest.mark.parametrize(
    ("fault", "left"),
    [("container-error@2", [*LINES[:2], b'{"code": 500, "error": "the model failed"}']), ("crlf", [line[:-1] + b"\r\n" for line in LINES])],
)
def test_a_container_that_only_streams_has_its_faults_in_a_whole_answer_too(twin: MockServer, fault: str, left: list[bytes]) -> None:
    response = post(twin, f"endpoints/{LMI}/invocations", f"mock.fault={fault}")
    assert (response.status_code, response.content) == (200, b"".join(left))


def test_a_container_that_fails_before_it_writes_a_whole_answer_has_a_status_for_it(twin: MockServer) -> None:
    direct = post(twin, f"containers/{TGI}/generate", "mock.fault=container-error")
    assert (direct.status_code, direct.json()["error_type"]) == (500, "incomplete_generation")
    through = post(twin, f"endpoints/{TGI}/invocations", "mock.fault=container-error")
    assert (through.status_code, through.json()["OriginalStatusCode"]) == (424, 500)
    twin.journal.wait(2)
    assert [entry.ended for entry in twin.journal.finished] == ["fault", "fault"]


def test_a_whole_answer_has_no_other_fault_of_a_container(twin: MockServer) -> None:
    assert post(twin, f"containers/{TGI}/generate", "mock.fault=no-finish+container-error@1").json() == {"generated_text": " Hello! I am"}
    entry = twin.journal.wait()
    assert (entry.ended, entry.notes) == (
        "completed",
        tuple(f"the fault {fault} was not reached: the container wrote its answer at once" for fault in ("no-finish", "container-error@1")),
    )


@pytest.mark.parametrize(
    ("fault", "ended", "missed"),
    [
        ("crlf", "completed", None),
        ("keep-alive@2", "completed", None),
        ("empty-part@2", "completed", None),
        ("unknown-event", "completed", None),
        ("no-finish", "fault", None),
        ("no-final-newline", "fault", None),
        ("container-error@3", "fault", None),
        ("no-frames@4", "fault", None),
        ("container-error@4", "completed", "container-error@4"),
        ("keep-alive@9", "completed", "keep-alive@9"),
    ],
)
def test_the_journal_tells_damage_from_what_a_reader_has_to_bear(twin: MockServer, fault: str, ended: str, missed: str | None) -> None:
    chunks_of(twin, f"mock.fault={fault}")
    entry = twin.journal.wait()
    nothing = "was not reached: it found nothing to change in what the container wrote"
    assert (entry.ended, entry.notes) == (ended, (f"the fault {missed} {nothing}",) if missed else ())
    assert entry.fault == fault


REFUSED = "the request was refused"


@pytest.mark.parametrize("front", ["endpoints/{}/invocations-response-stream", "endpoints/{}/invocations", "containers/{}/invocations"])
@pytest.mark.parametrize("fault", ["no-finish", "crlf", "container-error"])
def test_a_container_that_refuses_reaches_none_of_its_faults(twin: MockServer, front: str, fault: str) -> None:
    response = httpx.post(f"{twin.url}/{front.format(TGI)}", json={}, headers={"x-amzn-sagemaker-custom-attributes": f"mock.fault={fault}"}, trust_env=False)
    assert response.status_code in {422, 424}
    entry = twin.journal.wait()
    assert (entry.ended, entry.missed_faults, entry.notes) == ("refused", (fault,), (f"the fault {fault} was not reached: {REFUSED}",))


def test_a_refusal_is_told_for_each_fault_that_it_kept_from_striking(twin: MockServer) -> None:
    faults = "keep-alive+no-finish+reset@2"
    assert (
        httpx.post(
            f"{twin.url}/endpoints/{TGI}/invocations-response-stream",
            json={},
            headers={"x-amzn-sagemaker-custom-attributes": f"mock.fault={faults}"},
            trust_env=False,
        ).status_code
        == 424
    )
    assert set(twin.journal.wait().missed_faults) == set(faults.split("+"))


def test_who_asks_whether_a_container_is_well_reaches_no_fault_of_it(twin: MockServer) -> None:
    assert httpx.get(f"{twin.url}/containers/{LMI}/ping", headers={"x-amzn-sagemaker-custom-attributes": "mock.fault=crlf"}, trust_env=False).status_code == 200
    assert twin.journal.wait().missed_faults == ("crlf",)


def test_a_model_that_fails_first_leaves_its_container_no_fault(tmp_path: Path, free_port: int) -> None:
    catalog = f'[mine]\ncontainer = "lmi-0.23"\nupstream = "http://127.0.0.1:{free_port}"\nupstream_model = "m"\n'
    with twin_of(tmp_path, catalog) as twin:
        assert post(twin, "endpoints/mine/invocations-response-stream", "mock.fault=container-error", stream=True).status_code == 424
        entry = twin.journal.wait()
    assert (entry.ended, entry.missed_faults) == ("failed", ("container-error",))
    assert entry.notes[-1] == "the fault container-error was not reached: the model failed before"


def test_a_whole_answer_that_breaks_off_stops_before_its_length(twin: MockServer) -> None:
    for fault, least in (("close", 0), ("close-in-chunk", 10)):
        with pytest.raises(httpx.RemoteProtocolError):
            post(twin, f"endpoints/{LMI}/invocations", f"mock.fault={fault}")
        twin.journal.wait()
        assert twin.journal.finished[-1].bytes >= least
        assert twin.journal.finished[-1].parts == 0
        twin.journal.reset()
