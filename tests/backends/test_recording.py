"""Recordings as they stand in files, and as they come out of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from backends.recording import Front, RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording, RecordingError
from backends.recording.files import RecordingWriter, load_recording, save_recording
from backends.recording.lines import encode_recording, parse_recording

ASKED = RecordedRequest("POST", "/endpoints/mine/invocations-response-stream", {"content-type": "application/json"}, '{"inputs": "héllo"}'.encode())
HEAD = RecordedHead(0.25, 200, {"x-amzn-sagemaker-content-type": "application/jsonlines"})
PARTS = (RecordedPart(0.5, b'{"outputs": ["a"]}\n'), RecordedPart(0.500001, b"\xe6\x97"), RecordedPart(1.0, b""))
WHOLE = Recording("runtime", ASKED, HEAD, PARTS, RecordedEnd("completed", 1.25))
START = (
    '{"format": "streamtwin-recording", "version": 1, "front": "runtime", "timed": true, "request": {"method": "POST", '
    '"path": "/endpoints/mine/invocations-response-stream", "headers": {"content-type": "application/json"}, "text": "{\\"inputs\\": \\"héllo\\"}"}}'
)
BEGUN = '{"at_s": 0.25, "status": 200, "headers": {"x-amzn-sagemaker-content-type": "application/jsonlines"}}'
PART = '{"at_s": 0.5, "text": "{\\"outputs\\": [\\"a\\"]}\\n"}'
END = '{"at_s": 1.25, "end": "completed"}'
LINES = [START, BEGUN, PART, '{"at_s": 0.500001, "base64": "5pc="}', '{"at_s": 1.0, "text": ""}', END]

ENDS = [
    RecordedEnd("exception", 1.25, "ModelStreamError", "StreamBroken", "Your model broke."),
    RecordedEnd("error", 1.25, "Boom", message="é"),
    RecordedEnd("truncated", 1.25, rest=b"\x00\x00\x00\x7d"),
    RecordedEnd("malformed", 1.25, message="message CRC", rest=b"plain"),
    RecordedEnd("broken", 1.25, message="reset by peer"),
    RecordedEnd("cancelled", 1.25),
    RecordedEnd("unfinished"),
]


def encoded(recording: Recording) -> bytes:
    return b"".join(encode_recording(recording))


def test_a_recording_is_a_line_for_what_was_asked_one_for_the_head_one_for_each_part_and_one_for_the_end() -> None:
    assert encoded(WHOLE).decode().splitlines() == LINES
    assert parse_recording("\n".join(LINES).encode()) == WHOLE


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.kind)
@pytest.mark.parametrize("front", get_args(Front))
def test_every_end_comes_back_as_it_was(end: RecordedEnd, front: Front) -> None:
    recording = replace(WHOLE, front=front, end=end)
    assert parse_recording(encoded(recording)) == recording


def test_an_untimed_recording_has_no_time_in_any_line() -> None:
    recording = Recording("runtime", ASKED, replace(HEAD, at_s=0.0), (RecordedPart(0.0, b"all"),), RecordedEnd("completed"), timed=False)
    assert b"at_s" not in encoded(recording)
    assert parse_recording(encoded(recording)) == recording


def test_a_recording_of_nothing_but_the_question_is_unfinished() -> None:
    recording = parse_recording(START.encode())
    assert (recording.head, recording.parts, recording.end.kind) == (None, (), "unfinished")


def test_a_file_that_stops_anywhere_behind_its_first_line_holds_what_came_before() -> None:
    data = "\n".join(LINES).encode()
    for length in range(len(START.encode()), len(data)):
        recording = parse_recording(data[:length])
        assert recording.end.kind == "unfinished"
        assert recording.parts == PARTS[: len(recording.parts)]
        assert len(recording.parts) >= data[:length].count(b"\n") - 2


def test_a_file_that_stops_inside_its_first_line_is_none() -> None:
    for length in range(len(START.encode())):
        with pytest.raises(RecordingError, match=r"mine\.jsonl:1: expected a whole first line, got 'none'"):
            parse_recording(START.encode()[:length], "mine.jsonl")


def members(line: str, **changes: object) -> str:
    """Return a line with members changed, or left out where they are None."""
    changed = json.loads(line) | changes
    return json.dumps({name: value for name, value in changed.items() if value is not None})


BROKEN = [
    ([], 1, "a whole first line, got 'none'"),
    ([PART], 1, "first line behind the beginning, got 'part'"),
    (["[1]"], 1, "a JSON object, got b'[1]'"),
    ([START, "{,}"], 2, "a JSON object, got b'{,}'"),
    ([START, '{"at_s": ' + "[" * 100_000], 2, 'a JSON object, got b\'{"at_s": [[['),
    ([START, ""], 2, "a JSON object, got b''"),
    ([members(START, format="har")], 1, "format: streamtwin-recording, got 'har'"),
    ([members(START, version=2)], 1, "version: 1, as a newer streamtwin reads what is newer, got 2"),
    ([members(START, front="back")], 1, "front: runtime or container, got 'back'"),
    ([members(START, front=["runtime"])], 1, "front: runtime or container, got ['runtime']"),
    ([members(START, timed="yes")], 1, "timed: true or false, got 'yes'"),
    ([members(START, request=None)], 1, "a member request in the first line, got ['format', 'front', 'timed', 'version']"),
    ([members(START, request=3)], 1, "request: an object, got 3"),
    ([members(START, request={})], 1, "a member method in the request, got []"),
    ([members(START, request={"method": "GET", "path": "/", "headers": {"a": 1}, "text": ""})], 1, "headers: an object of strings, got {'a': 1}"),
    ([members(START, request={"method": "GET", "path": "/", "headers": {}})], 1, "either text or base64 in the request, got ['headers', 'method', 'path']"),
    ([START, START], 2, "head or end behind the first line, got 'first line'"),
    ([START, PART], 2, "head or end behind the first line, got 'part'"),
    ([START, members(BEGUN, status="200")], 2, "status: an HTTP status, got '200'"),
    ([START, members(BEGUN, at_s=None)], 2, "a member at_s in the head, got ['headers', 'status']"),
    ([START, BEGUN, BEGUN], 3, "part or end behind the head, got 'head'"),
    ([START, BEGUN, members(PART, at_s=-1)], 3, "at_s: a number of seconds, 0 or more, got -1"),
    ([START, BEGUN, members(PART, at_s=True)], 3, "at_s: a number of seconds, 0 or more, got True"),
    ([START, BEGUN, '{"at_s": NaN, "text": ""}'], 3, "at_s: a number of seconds, 0 or more, got nan"),
    ([START, BEGUN, members(PART, at_s=0.1)], 3, "at_s of 0.25 or more, got 0.1"),
    ([START, BEGUN, members(PART, text=3)], 3, "text: a string, got 3"),
    ([START, BEGUN, '{"at_s": 1, "text": "\\ud800"}'], 3, "text: a string, got '\\ud800'"),
    ([START, BEGUN, members(PART, base64="QQ==")], 3, "either text or base64 in the part, got ['at_s', 'base64', 'text']"),
    ([START, BEGUN, members(PART, text=None)], 3, "either text or base64 in the part, got ['at_s']"),
    ([START, BEGUN, members(PART, text=None, base64="QQ=")], 3, "base64: base64, got 'QQ='"),
    ([START, BEGUN, members(PART, text=None, base64="é")], 3, "base64: base64, got 'é'"),
    ([START, BEGUN, members(PART, txt="a")], 3, "no member txt in the part, got 'a'"),
    ([START, BEGUN, members(END, end="unfinished")], 3, "end: one of completed, exception, error, truncated, malformed, broken, cancelled, got 'unfinished'"),
    ([START, BEGUN, members(END, code=3)], 3, "code: a string, got 3"),
    ([START, BEGUN, END, PART], 4, "nothing behind the end, got 'part'"),
    ([members(START, timed=False), BEGUN], 2, "no member at_s in the head, got 0.25"),
]


@pytest.mark.parametrize(("lines", "number", "problem"), BROKEN)
def test_a_broken_file_is_named_with_its_line_and_what_was_expected(lines: list[str], number: int, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(RecordingError) as refusal:
        load_recording(file)
    assert str(refusal.value).startswith(f"{file}:{number}: expected {problem}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.jsonl: expected a recording: No such file or directory"):
        load_recording(tmp_path / "none.jsonl")


SECRET = "AKIAIOSFODNN7EXAMPLE"
SECRETS = dict.fromkeys(
    (
        "Authorization",
        "Proxy-Authorization",
        "X-Amz-Security-Token",
        "X-Amz-Date",
        "X-Amz-Content-SHA256",
        "Cookie",
        "X-Api-Key",
        "amz-sdk-invocation-id",
        "X-Amzn-SageMaker-Session-Id",
        "X-Anything",
    ),
    f"x {SECRET}",
)


def test_no_secret_of_a_request_and_no_cookie_of_a_response_gets_into_a_file(tmp_path: Path) -> None:
    asked = RecordedRequest("POST", f"/endpoints/mine/invocations?X-Amz-Signature={SECRET}", {**SECRETS, "Content-Type": "text/plain"}, b"")
    head = RecordedHead(0.0, 200, {"Set-Cookie": SECRET, "x-auth-token": SECRET, "x-amzn-sagemaker-new-session-id": SECRET, "Content-Type": "text/plain"})
    save_recording(tmp_path / "a", replace(WHOLE, request=asked, head=head))
    with RecordingWriter(tmp_path / "b") as writer:
        writer.start("container", asked)
        writer.head(head)
    for name in ("a", "b"):
        recording = load_recording(tmp_path / name)
        assert SECRET.encode() not in (tmp_path / name).read_bytes()
        assert recording.request == RecordedRequest("POST", "/endpoints/mine/invocations", {"content-type": "text/plain"}, b"")
        assert recording.head == RecordedHead(0.0, 200, {"content-type": "text/plain"})


def test_a_line_is_in_the_file_when_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    with RecordingWriter(file) as writer:
        writer.start("runtime", ASKED)
        writer.head(HEAD)
        for count, part in enumerate(PARTS, start=1):
            writer.part(part)
            assert load_recording(file) == Recording("runtime", ASKED, HEAD, PARTS[:count])
        writer.end(WHOLE.end)
        assert load_recording(file) == WHOLE


def test_a_file_is_overwritten_only_if_that_was_said(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("mine")
    for take in (RecordingWriter, lambda file: save_recording(file, WHOLE)):
        with pytest.raises(RecordingError, match=r"mine\.jsonl: there is such a file already"):
            take(file)
    assert file.read_text() == "mine"
    save_recording(file, WHOLE, overwrite=True)
    assert load_recording(file) == WHOLE


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"a\.jsonl: expected a file that can be written: No such file or directory"):
        RecordingWriter(tmp_path / "none" / "a.jsonl")
    with (
        RecordingWriter(Path("/dev/full"), overwrite=True) as writer,
        pytest.raises(RecordingError, match="/dev/full: the recording cannot go on: No space left"),
    ):
        writer.start("runtime", ASKED)


def test_a_message_with_half_a_character_is_kept_with_a_question_mark() -> None:
    recording = replace(WHOLE, end=RecordedEnd("error", 2.0, message="\ud800!"))
    assert parse_recording(encoded(recording)).end.message == "?!"


ASK = "POST /endpoints/mine/invocations-response-stream (runtime): "
SAID = [
    (WHOLE, "HTTP 200, 3 parts, 21 bytes in 1.250 s; completed"),
    (replace(WHOLE, end=RecordedEnd("broken", 2.0, message="reset")), "HTTP 200, 3 parts, 21 bytes in 2.000 s; ended by a broken connection (reset)"),
    (
        replace(WHOLE, end=RecordedEnd("unfinished")),
        "HTTP 200, 3 parts, 21 bytes in 1.000 s; unfinished: the recorder stopped before the answer did, so what followed is unknown",
    ),
    (replace(WHOLE, timed=False, parts=PARTS[:1]), "HTTP 200, 1 part, 19 bytes whose cuts and times are unknown; completed"),
    (
        replace(WHOLE, head=None, parts=(), end=RecordedEnd("cancelled")),
        "no answer; cancelled while it was recorded, so what would have followed is unknown",
    ),
    (replace(WHOLE, parts=(), end=RecordedEnd("unfinished")), "HTTP 200, 0 parts, 0 bytes in 0.250 s; unfinished: "),
]


@pytest.mark.parametrize(("recording", "said"), SAID)
def test_a_recording_says_what_it_holds(recording: Recording, said: str) -> None:
    assert recording.describe().startswith(ASK + said)
