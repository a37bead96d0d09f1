"""Recordings that are played: the same bytes, cuts, times and ends, through either front."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from backends.recording import Front, RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording
from backends.recording.files import load_recording, save_recording
from backends.wire.parts import encode_error, encode_exception, encode_part
from mock_server import MockServer
from mock_server.__main__ import main
from mock_server.catalog import CatalogError, load_catalog
from mock_server.clock import VirtualClock
from mock_server.journal import Entry
from tests.backends.far_side import line
from tests.mock_server.plain_client import PATHS, PlainClient
from tests.mock_server.test_record import lines_of, recording_process, until

TGI = "falcon-7b-instruct-tgi"
ASKED = RecordedRequest("POST", "/endpoints/theirs/invocations-response-stream", {"content-type": "application/json"}, b'{"inputs": "hello"}')
HEAD = RecordedHead(0.25, 200, {"x-amzn-sagemaker-content-type": "application/jsonlines", "content-type": "application/vnd.amazon.eventstream", "date": "then"})
HELLO = (line("Hel"), line("l")[:9], b"", line("l")[9:] + "ö".encode()[:1], "ö".encode()[1:])
TIMES = (0.5, 0.5, 0.500001, 1.25, 7.0)
PARTS = tuple(map(RecordedPart, TIMES, HELLO))
STREAM = Recording("runtime", ASKED, HEAD, PARTS, RecordedEnd("completed", 7.125))
CHUNKED = RecordedHead(0.25, 200, {"content-type": "application/jsonlines", "x-request-id": "33", "transfer-encoding": "chunked", "set-cookie": "a=b"})
CONTAINERS = Recording("container", replace(ASKED, path="/invocations"), CHUNKED, tuple(part for part in PARTS if part.data), RecordedEnd("completed", 7.125))
RESET = "the connection breaks"


class SpyClock(VirtualClock):
    """A virtual clock that remembers what it was asked to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[float] = []

    async def sleep_until(self, moment_s: float) -> None:
        self.moments.append(moment_s)
        await super().sleep_until(moment_s)


@contextmanager
def replaying(folder: Path, *recordings: Recording, keys: str = "", clock: VirtualClock | None = None) -> Iterator[MockServer]:
    """Run a twin whose endpoint `mine` plays what is saved in a folder beside its catalog."""
    (folder / "kept").mkdir(exist_ok=True)
    for number, recording in enumerate(recordings):
        save_recording(folder / "kept" / f"r{number}.jsonl", recording)
    catalog = folder / "catalog.toml"
    catalog.write_text(f"[mine]\nrecording = 'kept'\n{keys}")
    with MockServer(catalog=catalog, clock=clock or VirtualClock()) as twin:
        yield twin


def play(twin: MockServer, front: Front = "runtime", attributes: str = "") -> tuple[int, dict[str, str], list[bytes], str]:
    """Return the status, the headers, the HTTP chunks and how it ended."""
    with PlainClient(twin.url) as client:
        client.ask("mine", front, attributes)
        status, headers = client.head()
        chunks: list[bytes] = []
        try:
            chunks.extend(client.chunks())
        except (EOFError, ConnectionResetError):
            return status, headers, chunks, RESET
    return status, headers, chunks, ""


def entry_of(twin: MockServer) -> Entry:
    return twin.journal.wait(1)


def frames(parts: Sequence[bytes]) -> list[bytes]:
    return list(map(encode_part, parts))


@pytest.mark.parametrize("recording", [STREAM, CONTAINERS], ids=["runtime", "container"])
def test_a_recording_has_its_bytes_and_cuts_through_either_front(recording: Recording, tmp_path: Path) -> None:
    parts = [part.data for part in recording.parts]
    with replaying(tmp_path, recording) as twin:
        status, headers, chunks, ended = play(twin)
        assert (status, headers["x-amzn-sagemaker-content-type"], chunks, ended) == (200, "application/jsonlines", frames(parts), "")
        status, headers, chunks, ended = play(twin, "container")
        assert (status, headers["content-type"], chunks, ended) == (200, "application/jsonlines", list(filter(None, parts)), "")
    assert "set-cookie" not in headers


def test_a_recorded_containers_own_headers_are_its_answers(tmp_path: Path) -> None:
    with replaying(tmp_path, CONTAINERS) as twin:
        headers = play(twin, "container")[1]
    assert {name: value for name, value in headers.items() if name != "date"} == {
        "content-type": "application/jsonlines",
        "x-request-id": "33",
        "transfer-encoding": "chunked",
    }


@pytest.mark.parametrize(
    ("attributes", "keys", "moments"),
    [
        ("", "", [0.25, 0.5, 0.500001, 1.25, 7.0]),
        ("mock.speed=4", "", [0.0625, 0.125, 0.12500025, 0.3125, 1.75]),
        ("mock.profile=instant", "", []),
        ("", "profile = 'instant'", []),
        ("mock.cut=whole", "", [0.25, 7.0]),
        ("mock.cut=at:19,35", "", [0.25, 0.5, 1.25, 7.0]),
    ],
)
def test_a_recording_has_its_times_unless_it_is_to_have_others(attributes: str, keys: str, moments: list[float], tmp_path: Path) -> None:
    clock = SpyClock()
    with replaying(tmp_path, STREAM, keys=keys, clock=clock) as twin:
        assert play(twin, attributes=attributes)[3] == ""
        assert entry_of(twin).profile == ("" if moments else "instant")
    assert clock.moments == moments


@pytest.mark.parametrize("front", ["runtime", "container"])
def test_a_recording_is_cut_anew_where_that_is_asked_for(front: Front, tmp_path: Path) -> None:
    with replaying(tmp_path, STREAM) as twin:
        chunks = play(twin, front, "mock.cut=bytes:7")[2]
    pieces = [STREAM.body[start : start + 7] for start in range(0, len(STREAM.body), 7)]
    assert chunks == (frames(pieces) if front == "runtime" else pieces)


BROKE = encode_exception("ModelStreamError", {"Message": "Broke.", "ErrorCode": "StreamBroken"})
ENDS: list[tuple[RecordedEnd, list[bytes], str]] = [
    (RecordedEnd("exception", 8.0, "ModelStreamError", "StreamBroken", "Broke."), [BROKE], ""),
    (RecordedEnd("exception", 8.0, "InternalStreamFailure", message="No."), [encode_exception("InternalStreamFailure", {"Message": "No."})], ""),
    (RecordedEnd("error", 8.0, "Boom", message="It broke."), [encode_error("Boom", "It broke.")], ""),
    (RecordedEnd("truncated", 8.0, rest=BROKE[:20]), [BROKE[:20]], ""),
    (RecordedEnd("malformed", 8.0, rest=BROKE[:-1] + b"\x00"), [BROKE[:-1] + b"\x00"], ""),
    (RecordedEnd("broken", 8.0), [], RESET),
    (RecordedEnd("cancelled", 8.0), [], RESET),
    (RecordedEnd("unfinished"), [], RESET),
]


@pytest.mark.parametrize(("end", "behind", "ended"), ENDS)
def test_a_recording_ends_as_the_stream_did(end: RecordedEnd, behind: list[bytes], ended: str, tmp_path: Path) -> None:
    clock, recording = SpyClock(), replace(STREAM, end=end)
    with replaying(tmp_path, recording, clock=clock) as twin:
        _, _, chunks, how = play(twin)
        entry = entry_of(twin)
    assert (chunks, how) == (frames(HELLO) + behind, ended)
    assert (entry.ended, entry.parts, entry.notes) == ("fault", len(HELLO), (f"replayed r0: {recording.describe()}",))
    assert clock.moments[-1] == max(7.0, end.at_s)


@pytest.mark.parametrize("end", [end for end, _, _ in ENDS], ids=lambda end: f"{end.kind}-{end.code}")
def test_what_an_event_stream_says_of_its_end_is_a_broken_connection_of_a_container(end: RecordedEnd, tmp_path: Path) -> None:
    with replaying(tmp_path, replace(STREAM, end=end)) as twin:
        assert play(twin, "container")[2:] == (list(filter(None, HELLO)), RESET)


def test_a_fault_goes_before_the_recorded_end(tmp_path: Path) -> None:
    with replaying(tmp_path, replace(STREAM, end=ENDS[0][0])) as twin:
        assert play(twin, attributes="mock.fault=reset@2")[2:] == (frames(HELLO[:2]), RESET)
        assert play(twin, attributes="mock.fault=stall:3@2")[2:] == ([*frames(HELLO), BROKE], "")


def test_an_answer_that_does_not_stream_comes_when_the_recordings_last_part_did(tmp_path: Path) -> None:
    clock = SpyClock()
    with replaying(tmp_path, STREAM, clock=clock) as twin:
        response = httpx.post(f"{twin.url}/endpoints/mine/invocations", content=b"{}", trust_env=False)
    assert (response.content, response.headers["content-type"], clock.moments) == (STREAM.body, "application/jsonlines", [7.0])


def test_a_recorded_answer_with_a_length_has_one_again(tmp_path: Path) -> None:
    head = RecordedHead(0.25, 200, {"content-type": "application/json", "content-length": "4"})
    whole = replace(CONTAINERS, head=head, parts=(RecordedPart(0.5, b"[1"), RecordedPart(0.75, b"2]")))
    with replaying(tmp_path, whole) as twin:
        response = httpx.post(f"{twin.url}/containers/mine/invocations", content=b"{}", trust_env=False)
    assert (response.content, response.headers["content-length"]) == (b"[12]", "4")


def test_an_error_of_the_service_is_played_as_it_came(tmp_path: Path) -> None:
    head = RecordedHead(
        0.25, 429, {"x-amzn-errortype": "ThrottlingException", "x-amzn-requestid": "old", "content-type": "application/json", "content-length": "9"}
    )
    recording = replace(STREAM, head=head, parts=(RecordedPart(0.25, b'{"a": 1}\n'),))
    with replaying(tmp_path, recording) as twin:
        response = httpx.post(f"{twin.url}{PATHS['runtime'].format('mine')}", content=b"{}", trust_env=False)
        entry = entry_of(twin)
    assert (response.status_code, response.content, response.headers["x-amzn-errortype"]) == (429, b'{"a": 1}\n', "ThrottlingException")
    assert response.headers["x-amzn-requestid"] == entry.request_id
    assert entry.ended == "refused"


def test_an_error_of_a_container_is_a_model_error_through_the_runtime(tmp_path: Path) -> None:
    recording = replace(CONTAINERS, head=replace(CHUNKED, status=503), parts=(RecordedPart(0.5, b"busy"),))
    with replaying(tmp_path, recording) as twin:
        response = httpx.post(f"{twin.url}{PATHS['runtime'].format('mine')}", content=b"{}", trust_env=False)
        direct = httpx.post(f"{twin.url}/containers/mine/invocations", content=b"{}", trust_env=False)
    assert (response.status_code, response.json()["OriginalStatusCode"], response.json()["OriginalMessage"]) == (424, 503, "busy")
    assert (direct.status_code, direct.content) == (503, b"busy")


def captured(content_type: str, body: bytes) -> Recording:
    return Recording(
        "runtime", ASKED, RecordedHead(0.0, 200, {"content-type": content_type}), (RecordedPart(0.0, body),), RecordedEnd("completed"), timed=False
    )


@pytest.mark.parametrize(
    ("content_type", "body", "writes"),
    [
        ("application/jsonlines", b"[1]\n[2]\n[3]", [b"[1]\n", b"[2]\n", b"[3]"]),
        ("text/event-stream", b"data: 1\n\ndata: 2\nid: 3\n\n", [b"data: 1\n\n", b"data: 2\nid: 3\n\n"]),
        ("text/csv", b"", []),
    ],
)
def test_a_recording_without_times_is_timed_by_the_profile_frame_by_frame(content_type: str, body: bytes, writes: list[bytes], tmp_path: Path) -> None:
    clock = SpyClock()
    with replaying(tmp_path, captured(content_type, body), clock=clock) as twin:
        assert play(twin, attributes="mock.profile=typical")[2] == frames(writes)
        assert "whose cuts and times are unknown" in entry_of(twin).notes[0]
    assert len(clock.moments) == len(writes)


def asking(body: bytes, path: str = "/invocations", method: str = "POST", said: bytes = b"") -> Recording:
    return replace(CONTAINERS, request=RecordedRequest(method, path, {}, body), parts=(RecordedPart(0.5, said or body),))


MATCHES = [
    ("POST", "/invocations", b'{"a": 2}', b'{"a": 2}'),
    ("POST", "/invocations", b'{"a":   3, "b": 1}', b'{"b": 1, "a": 3}'),
    ("POST", "/invocations", b"\xff", b"\xff"),
    ("POST", "/invocations", b"anything else", b'{"a": 1}'),
    ("POST", "/invocations", b"[" * 100_000, b'{"a": 1}'),
    ("POST", "/generate_stream", b'{"a": 1}', b"generated"),
    ("POST", "/v1/unknown", b'{"a": 2}', b'{"a": 2}'),
    ("GET", "/info", b"", b"info"),
]


@pytest.mark.parametrize(("method", "path", "body", "said"), MATCHES)
def test_of_several_recordings_that_of_the_same_request_is_played_or_else_the_first(method: str, path: str, body: bytes, said: bytes, tmp_path: Path) -> None:
    bodies = (b'{"a": 1}', b'{"a": 2}', b'{"b": 1, "a": 3}', b"\xff")
    kept = (*map(asking, bodies), asking(b'{"a": 1}', "/generate_stream", said=b"generated"), asking(b"", "/info", "GET", b"info"))
    with replaying(tmp_path, *kept) as twin:
        response = httpx.request(method, f"{twin.url}/containers/mine{path}", content=body, trust_env=False)
    assert (response.status_code, response.content) == (200, said)


def test_what_was_not_recorded_is_the_containers_own_answer_where_it_is_named(tmp_path: Path) -> None:
    def health(twin: MockServer) -> httpx.Response:
        return httpx.get(f"{twin.url}/containers/mine/ping", trust_env=False)

    def failure(twin: MockServer) -> httpx.Response:
        attributes = {"x-amzn-sagemaker-custom-attributes": "mock.fault=model-error:500"}
        return httpx.post(f"{twin.url}/containers/mine/invocations", content=b"{}", headers=attributes, trust_env=False)

    with replaying(tmp_path, STREAM) as twin:
        assert (health(twin).status_code, health(twin).text, failure(twin).text) == (404, "not recorded", "The model failed.")
        listed = httpx.get(f"{twin.url}/_mock/endpoints", trust_env=False).json()[0]
        assert (listed["container"], listed["recordings"]) == ("recording", ["r0"])
        assert twin.endpoints[0].accepts == "inputs"
    with replaying(tmp_path, keys="container = 'lmi-0.23'") as twin:
        assert (health(twin).status_code, "not recorded" in health(twin).text, failure(twin).status_code) == (200, False, 500)
        assert httpx.get(f"{twin.url}/_mock/endpoints", trust_env=False).json()[0]["container"] == "lmi-0.23"


def test_a_script_is_no_choice_of_an_endpoint_that_plays_recordings(tmp_path: Path) -> None:
    with replaying(tmp_path, STREAM) as twin:
        attributes = {"x-amzn-sagemaker-custom-attributes": "mock.script=hello"}
        response = httpx.post(f"{twin.url}/containers/mine/invocations", content=b"{}", headers=attributes, trust_env=False)
    assert (response.status_code, response.json()["error"]) == (400, "mock.script: mine plays recordings; legal: no script")


BAD = [
    ("recording = 'none.jsonl'", "recording: {folder}/none.jsonl: expected a recording: No such file or directory"),
    ("recording = 'empty'", "recording: {folder}/empty: expected a folder of recordings, *.jsonl, found none"),
    ("recording = 'broken.jsonl'", "recording: {folder}/broken.jsonl:1: expected a JSON object, got b'[]'"),
    ("recording = 'silent.jsonl'", "recording: {folder}/silent.jsonl: expected an answer to replay: the recording ends before one began"),
    ("recording = 3", "recording: received 3; legal: a string"),
    ("recording = 'kept.jsonl'\ncontainer = 'lmi-9'", "container: 'lmi-9' is not a container"),
    ("recording = 'kept.jsonl'\nupstream = 'http://127.0.0.1:1'", "recording: upstream stands beside it; legal: one of the two"),
]


@pytest.mark.parametrize(("keys", "problem"), BAD)
def test_a_catalog_whose_recording_cannot_be_played_says_why(keys: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jsonl").write_text("[]\n")
    save_recording(tmp_path / "kept.jsonl", STREAM)
    save_recording(tmp_path / "silent.jsonl", replace(STREAM, head=None, parts=(), end=RecordedEnd("cancelled")))
    file = tmp_path / "catalog.toml"
    file.write_text(f"[mine]\n{keys}")
    with pytest.raises(CatalogError) as refusal:
        load_catalog(file)
    assert str(refusal.value).startswith(f"{file}: endpoint 'mine': {problem.format(folder=tmp_path)}")


@pytest.fixture
def _keys(twin: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in twin.environ.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_keys")
def test_what_is_recorded_from_a_twin_is_played_with_equal_bytes_parts_and_times(twin: MockServer, tmp_path: Path) -> None:
    file, again = tmp_path / "first.jsonl", tmp_path / "again.jsonl"
    asked = ["record", "--prompt", "what is life", "--custom-attributes", "mock.cut=random:40;mock.profile=typical;mock.speed=8", "--out"]
    assert main([*asked, str(file), "--endpoint", TGI, "--endpoint-url", twin.url]) == 0
    first = load_recording(file)
    clock, catalog = SpyClock(), tmp_path / "catalog.toml"
    catalog.write_text("[mine]\nrecording = 'first.jsonl'")
    with MockServer(catalog=catalog, clock=clock) as replayed:
        assert main(["record", "--prompt", "what is life", "--out", str(again), "--endpoint", "mine", "--endpoint-url", replayed.url]) == 0
    assert first.head is not None
    assert clock.moments == sorted({first.head.at_s, *(part.at_s for part in first.parts)})
    assert [part.data for part in load_recording(again).parts] == [part.data for part in first.parts]


@pytest.mark.usefixtures("_keys")
def test_what_a_killed_recorder_left_is_played_up_to_there_and_the_journal_says_so(twin: MockServer, tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    where = ("--endpoint", TGI, "--endpoint-url", twin.url, "--out", str(file), "--prompt", "what is life", "--custom-attributes", "mock.fault=stall@5")
    with recording_process(*where) as process:
        until(lambda: lines_of(file) >= 7)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)
    (tmp_path / "catalog.toml").write_text("[mine]\nrecording = 'kept.jsonl'")
    with MockServer(catalog=tmp_path / "catalog.toml", clock=VirtualClock()) as replayed:
        _, _, chunks, ended = play(replayed)
        entry = entry_of(replayed)
    assert (chunks, ended, entry.parts) == (frames([part.data for part in load_recording(file).parts]), RESET, 5)
    assert entry.notes[0].endswith("unfinished: the recorder stopped before the answer did, so what followed is unknown")
