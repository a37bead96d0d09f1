from __future__ import annotations

import pytest

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TransportError, TruncatedStream
from backends.recording import RecordedEnd
from backends.recording.lines import encode_recording, parse_recording
from demo.taped_recording import can_be_recorded, recording_of
from tests.demo.tapes import taped

LINE = b'{"outputs": ["a"]}\n'
HEADERS = {"x-amzn-sagemaker-content-type": "application/jsonlines", "set-cookie": "secret"}


def test_a_tape_becomes_a_recording_that_can_be_read_again() -> None:
    tape = taped([LINE, LINE])
    tape.headers, tape.head_at_s = HEADERS, 0.05
    read = parse_recording(b"".join(encode_recording(recording_of(tape))))
    assert (read.front, read.request.path, read.body) == ("runtime", "/endpoints/e/invocations-response-stream", LINE * 2)
    assert [part.at_s for part in read.parts] == [0.1, 0.2]
    assert read.head is not None
    assert (read.head.at_s, "set-cookie" in read.head.headers) == (0.05, False)
    assert read.end == RecordedEnd("completed", 0.2)


def test_a_container_s_answer_has_its_own_path() -> None:
    tape = taped([LINE])
    tape.front = "Container directly"
    assert (recording_of(tape).front, recording_of(tape).request.path) == ("container", "/invocations")


IN_BODY = b'{"error": "out of memory", "code": 424}\n'
ENDS: dict[str, tuple[bytes, BackendError, RecordedEnd]] = {
    "broken": (LINE, TransportError("reset", phase="stream"), RecordedEnd("broken", 0.1, message="reset")),
    "too slow": (LINE, TransportError("late", phase="stream", timed_out=True), RecordedEnd("cancelled", 0.1, message="late")),
    "exception": (
        LINE,
        StreamInterrupted("ModelStreamError: gone", code="ModelStreamError", error_code="StreamBroken"),
        RecordedEnd("exception", 0.1, "ModelStreamError", "StreamBroken", "gone"),
    ),
    "error": (LINE, StreamInterrupted("gone", code="InternalError"), RecordedEnd("error", 0.1, "InternalError", "", "gone")),
    "the container's own error": (IN_BODY, StreamInterrupted("the container stopped", code="424"), RecordedEnd("completed", 0.1)),
    "inside a frame": (LINE, TruncatedStream("cut", pending=b"\0\0\0\x7d"), RecordedEnd("truncated", 0.1, message="cut", rest=b"\0\0\0\x7d")),
    "inside a line": (b'{"out', TruncatedStream("cut", pending=b'{"out'), RecordedEnd("completed", 0.1)),
    "a damaged frame": (LINE, MalformedFrame("crc", offset=0, frame=b"\0\1"), RecordedEnd("malformed", 0.1, message="crc", rest=b"\0\1")),
    "a damaged line": (b"{a}\n", MalformedFrame("json", offset=0, frame=b"{a}"), RecordedEnd("cancelled", 0.1, message="json")),
}


@pytest.mark.parametrize(("body", "error", "end"), ENDS.values(), ids=ENDS)
def test_an_answer_ends_as_its_error_tells(body: bytes, error: BackendError, end: RecordedEnd) -> None:
    tape = taped([], ending=None)
    tape.part(body, 0.1)
    tape.error, tape.ending, tape.headers = error, "broken off", HEADERS
    assert recording_of(tape).end == end


def test_an_answer_that_was_stopped_was_cancelled() -> None:
    tape = taped([LINE], ending=None)
    tape.ending = "stopped by you"
    assert recording_of(tape).end.kind == "cancelled"


def test_only_an_answer_that_began_and_ended_can_be_recorded() -> None:
    tape = taped([LINE], ending=None)
    assert not can_be_recorded(tape)
    tape.headers = HEADERS
    assert not can_be_recorded(tape)
    tape.ending = "finished"
    assert can_be_recorded(tape)
    tape.total_parts += 1
    assert not can_be_recorded(tape)
