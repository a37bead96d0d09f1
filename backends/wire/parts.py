"""The events of InvokeEndpointWithResponseStream: payload parts, and the exceptions that end a stream.

Source: botocore's service model sagemaker-runtime 2017-05-13, where `PayloadPart.Bytes` is the message's payload itself. botocore shows the same events
as dicts, exceptions among them, though in truth it raises those as `EventStreamError`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from backends.errors import StreamInterrupted
from backends.wire.eventstream import Message, encode_headers, encode_message, frame_message

PART_HEADERS = encode_headers({":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"})
EXCEPTIONS = ("ModelStreamError", "InternalStreamFailure")


def encode_part(payload: bytes) -> bytes:
    """Return the message that carries `payload` as one PayloadPart."""
    return frame_message(PART_HEADERS, payload)


def encode_exception(name: str, members: Mapping[str, Any]) -> bytes:
    """Return the message of a modeled exception: `ModelStreamError` with `Message` and `ErrorCode`, `InternalStreamFailure` with `Message`."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return encode_message(headers, json.dumps(members).encode())


def encode_error(code: str, message: str) -> bytes:
    """Return the message of an error that the service's model does not name."""
    return encode_message({":error-code": code, ":error-message": message, ":message-type": "error"})


def parse_part(message: Message) -> bytes | None:
    """Return the bytes of a PayloadPart, None for an event of another kind.

    Raises:
        StreamInterrupted: The message is an exception or an error.
    """
    headers = message.headers
    kind = headers.get(":message-type")
    if kind == "exception":
        raise _interruption(str(headers.get(":exception-type", "")), _members(message.payload))
    if kind == "error":
        raise StreamInterrupted(str(headers.get(":error-message", "")), code=str(headers.get(":error-code", "")))
    return message.payload if headers.get(":event-type") == "PayloadPart" else None


def parse_event(event: Mapping[str, Any]) -> bytes | None:
    """Return the bytes of a PayloadPart in botocore's dict form, None for an event of another kind.

    Raises:
        StreamInterrupted: The event is an exception.
    """
    part = event.get("PayloadPart")
    if part is not None:
        data: bytes = part.get("Bytes", b"")
        return data
    for name in EXCEPTIONS:
        if name in event:
            raise _interruption(name, event[name])
    return None


def _members(payload: bytes) -> Mapping[str, Any]:
    with suppress(ValueError):
        members = json.loads(payload)
        if isinstance(members, dict):
            return members
    return {"Message": payload.decode(errors="replace")}


def _interruption(name: str, members: Mapping[str, Any]) -> StreamInterrupted:
    message = str(members.get("Message") or members.get("message") or "the service gives no message")
    return StreamInterrupted(f"{name}: {message}", code=name, error_code=members.get("ErrorCode"))
