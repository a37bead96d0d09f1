"""A container that answers with recordings: their bytes, cuts, times and ends, through either front."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.endpoints import Accepts
from backends.recording import RecordedEnd, Recording, RecordingError
from backends.recording.files import load_recording
from backends.wire.parts import encode_error, encode_exception
from mock_server.containers.container import Container, ContainerRequest, Headers, Reply, ReplyEnd

STREAM_TYPE = "x-amzn-sagemaker-content-type"
OF_ONE_CONNECTION = frozenset({"connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding"})
"""Headers of a recorded response that are the twin's own to say."""
ROUTE = "/invocations"
"""Where SageMaker asks its containers."""
FRAME = re.compile(rb".+?(?:\n\n|\Z)", re.DOTALL)
LINE = re.compile(rb".+?(?:\n|\Z)", re.DOTALL)


def load_recordings(path: Path) -> dict[str, Recording]:
    """Return the recording of a file, or those of a folder, by name.

    Raises:
        RecordingError: There is none, one cannot be read, or holds no answer.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise RecordingError(f"{path}: expected a folder of recordings, *.jsonl, found none")
    recordings = {file.stem: load_recording(file) for file in files}
    for file in files:
        if recordings[file.stem].head is None:
            raise RecordingError(f"{file}: expected an answer to replay: the recording ends before one began")
    return recordings


@dataclass(frozen=True, slots=True)
class Replay:
    """What plays recordings in a container's place.

    Args:
        recordings: By name; at least one, and each with a head.
        container: Whose they are: it answers what was not recorded, and says how it fails.
    """

    recordings: Mapping[str, Recording]
    container: Container | None = None

    @property
    def name(self) -> str:
        """The container's family and version, where it is known."""
        return self.container.name if self.container else "recording"

    @property
    def accepts(self) -> tuple[Accepts, ...]:
        """What the container takes; where it is not known, everything."""
        return self.container.accepts if self.container else ("inputs", "messages")

    def handle(self, request: ContainerRequest) -> Reply:
        """Replay the recording of the same request, or else the first of the same route, or else of any."""
        routed = {name: recording for name, recording in self.recordings.items() if _route(recording) == (request.method, request.path)}
        if routed or request.method == "POST":
            return _reply(*_find(routed or self.recordings, request.body))
        answered = self.container.handle(request) if self.container else None
        return answered if isinstance(answered, Reply) else Reply(404, (("content-type", "text/plain"),), (b"not recorded",), (0,))

    def failure(self, status: int) -> Reply:
        """Return how the container fails, in plain words where it is not known."""
        return self.container.failure(status) if self.container else Reply(status, (("content-type", "text/plain"),), (b"The model failed.",), (0,))


def _route(recording: Recording) -> tuple[str, str]:
    return recording.request.method, ROUTE if recording.front == "runtime" else recording.request.path


def _find(recordings: Mapping[str, Recording], body: bytes) -> tuple[str, Recording]:
    """Return the recording of this body, byte for byte or as JSON; of another body, the first."""
    asked = _document(body)
    equal = (item for item in recordings.items() if item[1].request.body == body)
    alike = (item for item in recordings.items() if asked is not None and _document(item[1].request.body) == asked)
    return next(equal, None) or next(alike, None) or next(iter(recordings.items()))


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _reply(name: str, recording: Recording) -> Reply:
    head = recording.head
    assert head is not None  # noqa: S101 - as load_recordings has seen to
    writes: Sequence[bytes] = [part.data for part in recording.parts] if recording.timed else _split(recording)
    due_s = [part.at_s for part in recording.parts] if recording.timed else None
    return Reply(
        head.status,
        _headers(recording.front == "runtime", head.headers),
        writes,
        range(1, len(writes) + 1),
        due_s,
        is_chunked="content-length" not in head.headers or recording.end.kind != "completed",
        head_s=head.at_s if recording.timed else None,
        end=_end(recording.end),
        is_service=recording.front == "runtime",
        note=f"replayed {name}: {recording.describe()}",
    )


def _headers(from_service: bool, headers: Mapping[str, str]) -> Headers:
    """Return what the container said; of a container behind the service, that is its content type."""
    if from_service and STREAM_TYPE in headers:
        return (("content-type", headers[STREAM_TYPE]),)
    return tuple((name, value) for name, value in headers.items() if name not in OF_ONE_CONNECTION)


def _split(recording: Recording) -> list[bytes]:
    """Return a body whose cuts are unknown as a write per frame, as most containers write."""
    is_sse = recording.head is not None and "event-stream" in recording.head.headers.get("content-type", "")
    return (FRAME if is_sse else LINE).findall(recording.body)


def _end(end: RecordedEnd) -> ReplyEnd | None:
    """Return how an answer breaks off: with what the event stream says of it, or with its connection."""
    if end.kind == "completed":
        return None
    if end.kind == "exception":
        members = {"Message": end.message, **({"ErrorCode": end.error_code} if end.error_code else {})}
        return ReplyEnd(end.at_s, encode_exception(end.code, members))
    return ReplyEnd(end.at_s, encode_error(end.code, end.message) if end.kind == "error" else end.rest)
