"""What SageMaker's Data Capture wrote to S3, as recordings: of each answer the content, but no cuts and no times.

Source: Amazon SageMaker Developer Guide, "Capture data from real-time endpoint". A line is {"captureData": {"endpointInput": {"observedContentType", "mode",
"data", "encoding"}, "endpointOutput": {..}}, "eventMetadata": {"eventId", "inferenceTime"}, "eventVersion"}; the encoding is CSV, JSON or BASE64.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backends.recording import RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording, RecordingError

ENCODINGS: Mapping[str, Callable[[str], bytes]] = {"CSV": str.encode, "JSON": str.encode, "BASE64": lambda data: b64decode(data, validate=True)}


def read_captures(file: Path, endpoint: str) -> Iterator[tuple[str, Recording]]:
    """Yield each captured event's id and its recording.

    Args:
        file: A file of Data Capture.
        endpoint: Whose it is; the events do not say.

    Raises:
        RecordingError: The file cannot be read, or a line is no captured event.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise RecordingError(f"{file}: expected a file of Data Capture: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _read_event(json.loads(line), endpoint)
            except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
                raise RecordingError(f"{file}:{number}: expected an event of Data Capture, with its output: {error!r:.200}") from error


def _read_event(event: Mapping[str, Any], endpoint: str) -> tuple[str, Recording]:
    captured, path = event["captureData"], f"/endpoints/{endpoint}/invocations"
    asked, answered = captured.get("endpointInput"), captured["endpointOutput"]
    body, headers = (_read_data(asked), _read_type(asked, "content-type")) if asked else (b"", {})
    request = RecordedRequest("POST", path, headers, body)
    head = RecordedHead(0.0, 200, _read_type(answered, "content-type"))
    parts = (RecordedPart(0.0, _read_data(answered)),)
    return str(event["eventMetadata"]["eventId"]), Recording("runtime", request, head, parts, RecordedEnd("completed"), timed=False)


def _read_data(side: Mapping[str, Any]) -> bytes:
    return ENCODINGS[side["encoding"]](side["data"])


def _read_type(side: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the header that says what the container's content type was, if the capture does."""
    return {name: str(side["observedContentType"])} if side.get("observedContentType") else {}
