"""A recording as a case: a stream that somebody saw, cut as it was.

A recording says what came, and not what it means; so what is right is what `backends.wire` makes of it, which the corpus holds to the rules. How a
connection ended is no parser's to see: of one that broke, and of frames of the event stream that are none, the body is tried as far as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backends.errors import MalformedFrame, StreamInterrupted, TruncatedStream, WireError
from backends.events import Data, StreamEvent
from backends.recording import Recording, RecordingError
from backends.recording.files import load_recording
from backends.wire import decode_events
from mock_server.contract.case import Case, ErrorKind, Format, Outcome
from mock_server.contract.worker import EXCEPTIONS

RECORDED = "recorded"
"""The family of these cases."""
MOST_CHARACTERS = 63
"""Of a case's name."""
WHY = "A stream that was recorded: what is right is what the reader of the corpus makes of it."

_ERRORS: dict[type[Exception], ErrorKind] = {MalformedFrame: "malformed", TruncatedStream: "truncated", StreamInterrupted: "interrupted"}
_FORMATS: tuple[tuple[bytes, Format, Format], ...] = (
    (b'"token"', "token-sse", "token-lines"),
    (b'"outputs"', "outputs-lines", "outputs-lines"),
    (b'"delta"', "chat-sse", "chat-lines"),
    (b'"choices"', "completion-sse", "chat-lines"),
    (b'"generation"', "bedrock-lines", "bedrock-lines"),
)
"""A member of a body's first frame -> what the body is made of, as events and as lines."""


def load_cases(files: Sequence[Path]) -> dict[str, Case]:
    """Return the cases of these recordings, by name.

    Raises:
        RecordingError: A file is none, holds no answer, or an answer that is no text.
    """
    cases: dict[str, Case] = {}
    for file in files:
        case = case_of(load_recording(file), file)
        if case.name in cases:
            raise RecordingError(f"{file}: expected a name of its own: another recording is the case {case.name!r} as well")
        cases[case.name] = case
    return cases


def case_of(recording: Recording, file: Path) -> Case:
    """Return a recording as a case that is named as its file is.

    Raises:
        RecordingError: It holds no answer, or one that is no text.
    """
    head = recording.head
    if head is None or head.status != 200:
        raise RecordingError(f"{file}: expected an answer, found {'none' if head is None else f'HTTP {head.status}'}")
    content_type = head.headers.get("x-amzn-sagemaker-content-type" if recording.front == "runtime" else "content-type")
    parts, tail = [part.data for part in recording.parts], tuple(_tail(recording))
    right = _right([*parts], tail, content_type, file)
    form = _format(recording.body)
    return Case(
        name=re.sub("[^A-Za-z0-9]+", "-", file.stem).strip("-")[:MOST_CHARACTERS] or RECORDED,
        family=RECORDED,
        format=form,
        writes=tuple(parts),
        right=right,
        why=WHY,
        source=str(file),
        content_type=content_type,
        layer="events" if tail else "body",
        tail=tail,
        in_pieces=form == "fragments",
    )


def _tail(recording: Recording) -> Iterator[Mapping[str, Any]]:
    end = recording.end
    if end.kind == "exception" and end.code in EXCEPTIONS:
        yield {end.code: {"Message": end.message} | ({"ErrorCode": end.error_code} if end.error_code else {})}


def _right(parts: Sequence[bytes], tail: Sequence[Mapping[str, Any]], content_type: str | None, file: Path) -> Outcome:
    events: list[StreamEvent] = []
    try:
        for event in decode_events([*({"PayloadPart": {"Bytes": part}} for part in parts), *tail] if tail else parts, content_type):
            events.append(event)  # noqa: PERF402 - list.extend would lose what precedes an error
    except (WireError, StreamInterrupted) as error:
        says = tail[0][next(iter(tail[0]))]["Message"] if tail and isinstance(error, StreamInterrupted) else ""
        return Outcome(tuple(events), _ERRORS[type(error)], says)
    if any(isinstance(event, Data) for event in events):
        raise RecordingError(f"{file}: expected an answer that is text, found {content_type}")
    return Outcome(tuple(events))


def _format(body: bytes) -> Format:
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    is_sse, line = not start.startswith((b"{", b"[")), start.splitlines()[0] if start else b""
    found = next(((sse, lines) for member, sse, lines in _FORMATS if member in body[:4096]), None)
    if found:
        return found[0] if is_sse else found[1]
    return "document" if line.endswith((b"}", b"]")) else "fragments"
