"""The recorder on real sockets: what is in a file when an answer has come, broken or been given up."""

from __future__ import annotations

import asyncio
import io
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from backends.recording import RecordedEnd, Recording
from backends.recording.files import load_recording
from backends.wire.parts import encode_error, encode_exception, encode_part
from mock_server import MockServer
from mock_server.__main__ import main
from mock_server.record.progress import Progress
from tests.backends.far_side import LAST_CHUNK, Close, FarSide, Reset, Step, chunk, container_head, line, refusal, sagemaker_head

TGI = "falcon-7b-instruct-tgi"
ROOT = Path(__file__).parents[2]
TOKEN = "a-session-token"
HELLO = (line("Hel"), line("l")[:9], line("l")[9:] + "ö".encode()[:1], "ö".encode()[1:], b"")
FRAMES = b"".join(map(encode_part, HELLO))
WRITES = tuple(filter(None, HELLO))
DAMAGED = encode_part(b"damaged")[:-1] + b"\x00"
DEADLINE_S = 20.0


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "dummy-key",
        "AWS_SECRET_ACCESS_KEY": "dummy-secret",
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


async def record(*arguments: str, far: FarSide | None = None) -> int:
    """Run the command beside a far side that runs in this loop."""
    where = ("--endpoint", "mine", "--endpoint-url", far.url) if far else ()
    return await asyncio.to_thread(main, ["record", *where, *arguments])


def data(recording: Recording) -> tuple[bytes, ...]:
    return tuple(part.data for part in recording.parts)


STREAMS: list[tuple[list[Step], int, RecordedEnd]] = [
    ([chunk(FRAMES) + LAST_CHUNK], 0, RecordedEnd("completed")),
    ([chunk(FRAMES[:50]), chunk(FRAMES[50:]), LAST_CHUNK], 0, RecordedEnd("completed")),
    (
        [chunk(FRAMES + encode_exception("ModelStreamError", {"Message": "Broke.", "ErrorCode": "StreamBroken"})) + LAST_CHUNK],
        1,
        RecordedEnd("exception", code="ModelStreamError", error_code="StreamBroken", message="Broke."),
    ),
    ([chunk(FRAMES + encode_error("Boom", "It broke.")), LAST_CHUNK], 1, RecordedEnd("error", code="Boom", message="It broke.")),
    ([chunk(FRAMES + encode_part(b"half")[:30]) + LAST_CHUNK], 1, RecordedEnd("truncated", rest=encode_part(b"half")[:30])),
    ([chunk(FRAMES + DAMAGED + FRAMES) + LAST_CHUNK], 1, RecordedEnd("malformed", rest=DAMAGED)),
    ([chunk(FRAMES), Reset], 1, RecordedEnd("broken")),
    ([chunk(FRAMES), Close], 1, RecordedEnd("broken")),
    ([chunk(FRAMES + encode_error("Boom", "It broke.")), Reset], 1, RecordedEnd("error", code="Boom", message="It broke.")),
]


@pytest.mark.parametrize(("steps", "code", "end"), STREAMS)
async def test_each_part_is_kept_and_how_the_stream_ended(steps: list[Step], code: int, end: RecordedEnd, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    async with FarSide([[sagemaker_head(), *steps]]) as far:
        assert await record("--prompt", "hello", "--out", str(file), far=far) == code
    recording = load_recording(file)
    assert (recording.front, recording.request.path, data(recording)) == ("runtime", "/endpoints/mine/invocations-response-stream", HELLO)
    assert recording.request.body == b'{"inputs": "hello", "parameters": {}, "stream": true}'
    assert recording.head is not None
    assert recording.head.status == 200
    found = recording.end
    assert (found.kind, found.code, found.error_code, found.rest) == (end.kind, end.code, end.error_code, end.rest)
    assert found.message == end.message or (not end.message and end.kind != "completed")


async def test_a_containers_chunks_are_kept_with_its_route_and_what_was_sent(tmp_path: Path) -> None:
    file, body = tmp_path / "mine.jsonl", tmp_path / "body.bin"
    body.write_bytes(b"\xff\x00")
    async with FarSide([[container_head() + b"".join(map(chunk, WRITES)) + LAST_CHUNK]]) as far:
        sent = ("--path", "/v1/x?key=secret", "--body", str(body), "--content-type", "application/x-mine", "--custom-attributes", "a=b")
        assert await record("--url", far.url, *sent, "--out", str(file)) == 0
        [seen] = far.requests
    assert (seen.target, seen.body, seen.headers["content-type"]) == ("/v1/x?key=secret", b"\xff\x00", "application/x-mine")
    assert seen.headers["x-amzn-sagemaker-custom-attributes"] == "a=b"
    recording = load_recording(file)
    assert (recording.front, recording.request.path, recording.request.body, data(recording)) == ("container", "/v1/x", b"\xff\x00", WRITES)
    assert recording.request.headers == {"content-type": "application/x-mine", "x-amzn-sagemaker-custom-attributes": "a=b"}


async def test_an_error_is_kept_as_it_came_and_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.jsonl"
    async with FarSide([[refusal(429, b'{"message":"Rate exceeded"}', b"x-amzn-ErrorType: ThrottlingException\r\n")]]) as far:
        assert await record("--prompt", "hello", "--out", str(file), far=far) == 1
        assert len(far.requests) == 1
    recording = load_recording(file)
    assert recording.head is not None
    assert (recording.head.status, recording.head.headers["x-amzn-errortype"]) == (429, "ThrottlingException")
    assert data(recording) == (b'{"message":"Rate exceeded"}',)
    assert capsys.readouterr().err == f"{file}: HTTP 429, 1 part, 27 bytes in {recording.parts[-1].at_s:.3f} s; completed\n"


async def test_no_key_no_token_and_no_signature_is_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    cookie = sagemaker_head().replace(b"Content-Type: application/vnd", b"Set-Cookie: a=b-secret\r\nContent-Type: application/vnd")
    async with FarSide([[cookie + chunk(FRAMES) + LAST_CHUNK]]) as far:
        assert await record("--prompt", "hello", "--out", str(file), far=far) == 0
        sent = far.requests[0].headers
    assert (sent["x-amz-security-token"], "dummy-key" in sent["authorization"]) == (TOKEN, True)
    signature = sent["authorization"].rpartition("Signature=")[2]
    text = file.read_text()
    for secret in (TOKEN, "dummy-key", "dummy-secret", "b-secret", signature, sent["amz-sdk-invocation-id"], sent["x-amz-date"]):
        assert secret not in text


async def test_the_times_are_those_of_the_parts(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    asked = ("--prompt", "what is life", "--custom-attributes", "mock.profile=typical;mock.speed=4", "--out", str(file))
    with MockServer() as twin:
        assert await record("--endpoint", TGI, "--endpoint-url", twin.url, *asked) == 0
    recording = load_recording(file)
    times = [part.at_s for part in recording.parts]
    assert times == sorted(times)
    assert len(set(times)) > len(times) / 2
    assert recording.head is not None
    assert 0 < recording.head.at_s < times[-1] <= recording.end.at_s


@contextmanager
def recording_process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mock_server", "record", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def until(holds: Callable[[], object]) -> None:
    """Return as soon as `holds()` does, which another process makes true."""
    deadline = monotonic() + DEADLINE_S
    while not holds():
        assert monotonic() < deadline
        sleep(0.01)


def lines_of(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


@pytest.mark.parametrize(
    ("blow", "code", "end"),
    [(signal.SIGKILL, -signal.SIGKILL, "unfinished"), (signal.SIGINT, 130, "cancelled")],
)
def test_a_recorder_that_is_ended_in_the_middle_leaves_what_came_before(blow: signal.Signals, code: int, end: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    with MockServer() as twin:
        where = ("--endpoint", TGI, "--endpoint-url", twin.url, "--out", str(file))
        with recording_process(*where, "--prompt", "what is life", "--custom-attributes", "mock.fault=stall@5") as process:
            until(lambda: lines_of(file) >= 7)
            process.send_signal(blow)
            assert process.wait(timeout=DEADLINE_S) == code
        entry = twin.journal.wait(1)
    recording = load_recording(file)
    assert (recording.end.kind, len(recording.parts)) == (end, 5)
    assert (entry.ended, entry.cancelled_at_part) == ("cancelled", 5)


def test_a_recorder_that_is_ended_before_the_answer_says_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    with MockServer() as twin:
        where = ("--url", f"{twin.url}/containers/{TGI}", "--out", str(file))
        with recording_process(*where, "--prompt", "what is life", "--custom-attributes", "mock.fault=stall@0") as process:
            twin.journal.wait_open(1)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=DEADLINE_S) == 130
    recording = load_recording(file)
    assert (recording.end.kind, recording.parts) == ("cancelled", ())


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_overwritten(twin: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("mine")
    arguments = ["record", "--endpoint", TGI, "--endpoint-url", twin.url, "--prompt", "hello", "--out", str(file)]
    assert main(arguments) == 2
    assert file.read_text() == "mine"
    assert capsys.readouterr().err == (
        f"python -m mock_server record: --out {file}: there is such a file already; choose another, or overwrite it with --force\n"
    )
    assert main([*arguments, "--force"]) == 0
    assert load_recording(file).end.kind == "completed"


UNWRITABLE = [
    ("none/mine.jsonl", "No such file or directory"),
    ("mine/mine.jsonl", "Not a directory"),
    ("folder", "Is a directory"),
    ("x" * 300, "File name too long"),
]


@pytest.mark.parametrize(("name", "problem"), UNWRITABLE)
async def test_nobody_is_asked_for_what_cannot_be_written(name: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").touch()
    (tmp_path / "folder").mkdir()
    file = tmp_path / name
    async with FarSide([[sagemaker_head() + chunk(FRAMES) + LAST_CHUNK]]) as far:
        assert await record("--prompt", "hello", "--out", str(file), "--force", far=far) == 2
        assert not far.requests
    assert capsys.readouterr().err == f"python -m mock_server record: --out {file}: expected a file that can be written: {problem}\n"


def test_what_cannot_be_had_leaves_the_file_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("mine")
    assert main(["record", "--url", "http://127.0.0.1:1", "--prompt", "hello", "--out", str(file), "--force"]) == 1
    assert re.match(r"python -m mock_server record: no connection: .+\n", capsys.readouterr().err)
    assert file.read_text() == "mine"


def test_a_question_may_come_from_standard_input(twin: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ["record", "--endpoint", TGI, "--endpoint-url", twin.url, "--out"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"what is life")))
    assert main([*where, str(tmp_path / "a")]) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"inputs": "hello", "stream": true}')))
    assert main([*where, str(tmp_path / "b"), "--body", "-"]) == 0
    assert [load_recording(tmp_path / name).request.body[:13] for name in "ab"] == [b'{"inputs": "w', b'{"inputs": "h']


MISTAKES = [
    (["--prompt", "x", "--out", "a"], "nobody to ask: give --endpoint NAME, or --url for a container"),
    (["--endpoint", "mine", "--body", "/none", "--out", "a"], "--body /none: expected a file that can be read: No such file or directory"),
    (["--proxy", "--out", "/dev/null"], "--out /dev/null: expected a folder, or the name of a new one: File exists"),
    (["--proxy", "--out", "/proc"], "--out /proc: expected a folder that can be written to: No such file or directory"),
    (["--import-capture", __file__, "--out", "/proc"], "--out /proc: expected a folder that can be written to: No such file or directory"),
    (["--import-capture", "/none", "--out", "."], "/none: expected a file of Data Capture: No such file or directory"),
    (["--url", "ftp://mine", "--prompt", "x", "--out", "a"], "the url of the endpoint 'container' is 'ftp://mine', expected "),
    (["--url", "http://mine", "--body", __file__, "--custom-attributes", "日", "--out", "a"], "a header holds '日', expected Latin-1"),
]


@pytest.mark.parametrize(("arguments", "problem"), MISTAKES)
def test_a_mistake_is_exit_2_and_leaves_no_file(
    arguments: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["record", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"python -m mock_server record: {problem}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [[], ["--out", "a", "--prompt", "x", "--proxy"], ["--out", "a", "--url", "x", "--endpoint-url", "y"], ["--port", "x"]])
def test_flags_that_do_not_go_together_are_exit_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["record", *arguments])
    assert stop.value.code == 2


class Terminal(io.StringIO):
    """What a person sees."""

    def isatty(self) -> bool:
        return True


async def test_a_person_who_waits_sees_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Terminal()
    monkeypatch.setattr(sys, "stderr", seen)
    file = tmp_path / "mine.jsonl"
    with MockServer() as twin:
        asked = ("--prompt", "what is life", "--custom-attributes", "mock.fault=stall:0.4@3", "--out", str(file))
        assert await record("--endpoint", TGI, "--endpoint-url", twin.url, *asked) == 0
    redrawn, said = re.split(r"(?=\r\x1b\[K\S*mine\.jsonl)", seen.getvalue())
    assert re.search(r"\r\x1b\[K3 parts, \d+ bytes, \d\.\d s", redrawn)
    assert "\n" not in redrawn
    assert re.fullmatch(r"\r\x1b\[K\S+: HTTP 200, \d+ parts, \d+ bytes in \d\.\d{3} s; completed\n", said)


def test_nothing_is_redrawn_where_nobody_sees_it() -> None:
    log = io.StringIO()
    Progress(log).say("done")
    assert log.getvalue() == "done\n"


def test_a_full_disk_ends_the_recording_with_its_reason(twin: MockServer, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["record", "--endpoint", TGI, "--endpoint-url", twin.url, "--prompt", "hello", "--out", "/dev/full", "--force"]
    assert main(asked) == 2
    assert "/dev/full: the recording cannot go on: No space left on device" in capsys.readouterr().err
