"""Rust's side of a JSON request and of a number: what serde_json and axum 0.6 say of a body they cannot read, and how they write a float.

Sources: axum 0.6 `Json` (its rejections, texts and statuses, and the 2 MB `DefaultBodyLimit`), serde's `invalid_type`, ryu's layout of f32.
A column is counted to the end of the offending value, or of the body where that cannot be told; of serde's words for bad syntax, two stand for all.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

MAX_BODY_BYTES = 2 * 1024 * 1024
SMALLEST_PLAIN = 1e-6
"""Smaller numbers are written with an exponent."""


class Rejection(Exception):
    """The HTTP layer refuses a body before anybody looks at the request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Kind:
    """One Rust type that a member can have."""

    expected: str
    types: tuple[type, ...]
    bounds: tuple[int, int] | None = None
    items: Kind | None = None
    """What the items of a sequence are."""

    def complaint(self, value: object) -> str | None:
        """Return what serde says of `value`, None if it fits."""
        if type(value) not in self.types:
            return f"invalid type: {_describe(value)}, expected {self.expected}"
        if self.bounds and isinstance(value, int) and not self.bounds[0] <= value <= self.bounds[1]:
            return f"invalid value: integer `{value}`, expected {self.expected}"
        if self.items and isinstance(value, list):
            return next(filter(None, map(self.items.complaint, value)), None)
        return None


BOOL = Kind("a boolean", (bool,))
F32 = Kind("f32", (int, float))
I32 = Kind("i32", (int,), (-(2**31), 2**31 - 1))
STRING = Kind("a string", (str,))
STRINGS = Kind("a sequence", (list,), items=STRING)
U32 = Kind("u32", (int,), (0, 2**32 - 1))
U64 = Kind("u64", (int,), (0, 2**64 - 1))
USIZE = Kind("usize", (int,), (0, 2**64 - 1))


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a Rust struct: its type, whether it is an `Option`, and what stands in for it."""

    kind: Kind
    optional: bool = True
    default: Any = None


def parse_body(content_type: str | None, body: bytes) -> Any:
    """Return the JSON value of a request's body.

    Raises:
        Rejection: It is too long, not called JSON, or not JSON.
    """
    if len(body) > MAX_BODY_BYTES:
        raise Rejection(413, "Failed to buffer the request body: length limit exceeded")
    if not re.match(r"application/([\w.-]+\+)?json\s*(;|$)", content_type or "", re.IGNORECASE):
        raise Rejection(415, "Expected request with `Content-Type: application/json`")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        complaint = "EOF while parsing a value" if error.pos >= len(error.doc) else "expected value"
        raise Rejection(400, f"Failed to parse the request body as JSON: {complaint} at line {error.lineno} column {error.colno}") from error


def read_struct(name: str, table: Mapping[str, Member], value: Any, body: bytes, path: str = "") -> dict[str, Any]:
    """Return the members of a struct, defaults filled in; unknown members are ignored.

    Raises:
        Rejection: A member is missing or has another type.
    """
    if not isinstance(value, dict):
        raise _mismatch(path, f"invalid type: {_describe(value)}, expected struct {name}", _position(body, len(body)))
    read = {}
    for key, member in table.items():
        given = value.get(key)
        if given is None and (member.optional or key not in value):
            if not member.optional and member.default is None:
                raise _mismatch(path, f"missing field `{key}`", _position(body, len(body)))
            given = member.default
        elif complaint := member.kind.complaint(given):
            raise _mismatch(f"{path}.{key}".strip("."), complaint, _position(body, _end_of(key, body)))
        read[key] = given
    return read


@lru_cache(maxsize=16384)
def format_f32(number: float) -> str:
    """Return the shortest decimal that is this number as a 32-bit float."""
    bits = struct.pack("f", number)
    value = struct.unpack("f", bits)[0]
    text = next(text for digits in range(1, 10) if struct.pack("f", float(text := f"{value:.{digits}g}")) == bits)
    if 0 < abs(value) < SMALLEST_PLAIN:
        return text.replace("e-0", "e-")
    plain = f"{Decimal(text):f}"
    return plain if "." in plain else f"{plain}.0"


def _mismatch(path: str, complaint: str, where: str) -> Rejection:
    prefix = f"{path}: " if path else ""
    return Rejection(422, f"Failed to deserialize the JSON body into the target type: {prefix}{complaint} at {where}")


def _position(body: bytes, offset: int) -> str:
    before = body[:offset]
    line_start = before.rfind(b"\n") + 1
    line = before.count(b"\n") + 1
    return f"line {line} column {offset - line_start}"


def _end_of(key: str, body: bytes) -> int:
    match = re.search(rb'"%s"\s*:\s*("(?:[^"\\]|\\.)*"|[\[{]|[^,}\]\s]+)' % key.encode(), body)
    return match.end() if match else len(body)


def _describe(value: object) -> str:
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value!r}`"
    if isinstance(value, str):
        return f"string {json.dumps(value, ensure_ascii=False)}"
    return {type(None): "null", list: "sequence"}.get(type(value), "map")
