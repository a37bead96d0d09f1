"""The JSON objects that a frame holds: nearly always one.

orjson reads it; what it refuses, and Python containers write, is read by Python's json: `NaN`, `Infinity`, lone surrogates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from backends.wire.lines import MAX_FRAME_BYTES

Document: TypeAlias = Mapping[str, Any]

DONE: Document = {"[DONE]": True}
"""What the sentinel `[DONE]` of a body, which is no JSON, is read as."""


def parse_frame(frame: bytes) -> Sequence[Document]:
    """Return the JSON objects of one frame: none of a blank one, and several of several lines that are each an object, as LMI's documentation shows them.

    Raises:
        ValueError: It is something else, or longer than 24 MiB.
    """
    if len(frame) > MAX_FRAME_BYTES:
        raise ValueError(f"it is longer than {MAX_FRAME_BYTES} bytes")
    try:
        document = orjson.loads(frame)
    except ValueError:
        return _parse_unusual(frame.strip())
    return (_object(document),)


def _parse_unusual(frame: bytes) -> Sequence[Document]:
    if not frame:
        return ()
    if frame == b"[DONE]":
        return (DONE,)
    try:
        return (_object(json.loads(frame.decode())),)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError:
        lines = frame.split(b"\n")
        if len(lines) == 1:
            raise
    return [document for line in lines for document in parse_frame(line)]


def _object(document: Any) -> Document:
    if isinstance(document, list) and document:  # TGI and LMI wrap a whole answer so
        document = document[0]
    if not isinstance(document, dict):
        raise ValueError(f"expected a JSON object, got {type(document).__name__}")  # noqa: TRY004 - the bytes are wrong, not the caller's types
    return document
