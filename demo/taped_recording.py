"""A tape as a recording, which the twin replays: `recording = "answer-1.jsonl"` in a catalog.

The tape keeps what a frame held, not the frame, so how an answer ended is told by the error that its reader raised: one that the body by itself explains
is the container's, and SageMaker's stream around it was whole.
"""

from __future__ import annotations

from backends.body import encode_body
from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TransportError, TruncatedStream
from backends.events import Finish
from backends.recording import RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording
from backends.wire import decode_events
from demo.desk import SAGEMAKER
from demo.tape import Tape


def can_be_recorded(tape: Tape) -> bool:
    """Return whether an answer began, has ended, and is kept whole."""
    return bool(tape.headers) and tape.ending is not None and len(tape.parts) == tape.total_parts


def recording_of(tape: Tape) -> Recording:
    """Return the recording of an answer that `can_be_recorded`."""
    body = bytes(tape.body)
    parts = tuple(RecordedPart(part.at_s, body[part.start : part.end]) for part in tape.parts)
    head = RecordedHead(min(tape.head_at_s, parts[0].at_s) if parts else tape.head_at_s, 200, tape.headers)
    return Recording("runtime" if tape.front == SAGEMAKER else "container", _request(tape), head, parts, _end(tape))


def _request(tape: Tape) -> RecordedRequest:
    path = f"/endpoints/{tape.request.endpoint.name}/invocations-response-stream" if tape.front == SAGEMAKER else "/invocations"
    attributes = tape.request.custom_attributes
    headers = {"content-type": "application/json"} | ({"x-amzn-sagemaker-custom-attributes": attributes} if attributes else {})
    return RecordedRequest("POST", path, headers, encode_body(tape.request, stream=True))


def _end(tape: Tape) -> RecordedEnd:
    at_s = tape.parts[-1].at_s if tape.parts else tape.head_at_s
    if tape.error is not None:
        return _failed(tape.error, tape, at_s)
    finished = any(isinstance(event.event, Finish) for event in tape.events[-1:])
    return RecordedEnd("completed" if finished else "cancelled", at_s)


def _failed(error: BackendError, tape: Tape, at_s: float) -> RecordedEnd:
    match error:
        case TransportError():
            return RecordedEnd("cancelled" if error.timed_out else "broken", at_s, message=str(error))
        case StreamInterrupted() if not _is_in_body(tape):
            text = str(error).removeprefix(f"{error.code}: ")
            return RecordedEnd("error" if text == str(error) else "exception", at_s, error.code, error.error_code or "", text)
        case TruncatedStream() if not tape.body.endswith(error.pending):
            return RecordedEnd("truncated", at_s, message=str(error), rest=error.pending)
        case MalformedFrame():
            in_body = error.frame in tape.body  # and then nobody read on, so what followed is unknown
            return RecordedEnd("cancelled" if in_body else "malformed", at_s, message=str(error), rest=b"" if in_body else error.frame)
    return RecordedEnd("completed", at_s)


def _is_in_body(tape: Tape) -> bool:
    """Return whether the container itself said in its body that it failed."""
    try:
        for _ in decode_events([bytes(tape.body)], tape.content_type):
            pass
    except BackendError as error:
        return isinstance(error, StreamInterrupted)
    return False
