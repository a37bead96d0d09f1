"""A recording as JSON lines that people can read, compare and commit. Bytes are "text" where they are UTF-8, else "base64".

{"format": "streamtwin-recording", "version": 1, "front": "runtime", "timed": true, "request": {"method": .., "path": .., "headers": {..}, "text": ".."}}
{"at_s": 0.214503, "status": 200, "headers": {..}}
{"at_s": 0.251997, "text": ".."}                    one for each part
{"at_s": 1.002114, "end": "completed"}              or another end, with "code", "error_code", "message", and as bytes what came of a broken frame

Where "timed" is false, no line has an "at_s". A recording whose last line is torn, or no end, is unfinished: its recorder was killed.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any, NoReturn, TypeAlias, get_args

from backends.recording import ENDS, UNFINISHED, Front, RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording, RecordingError

FORMAT = "streamtwin-recording"
VERSION = 1
REQUEST_HEADERS = frozenset(
    {
        "accept",
        "content-type",
        "x-amzn-sagemaker-accept",
        "x-amzn-sagemaker-custom-attributes",
        "x-amzn-sagemaker-inference-component",
        "x-amzn-sagemaker-target-container-hostname",
        "x-amzn-sagemaker-target-model",
        "x-amzn-sagemaker-target-variant",
    }
)
"""All that is kept of a request's headers."""

_SECRETS = re.compile("cookie|auth|credential|secret|signature|security|session|api-?key")
"""A response's header whose name holds one of these is not kept."""


def encode_start(front: Front, request: RecordedRequest, *, timed: bool = True) -> bytes:
    """Return a recording's first line; no secret and no signature of the request gets into it."""
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() in REQUEST_HEADERS}
    asked = {"method": request.method, "path": request.path.partition("?")[0], "headers": headers, **_spell(request.body)}
    return _line({"format": FORMAT, "version": VERSION, "front": front, "timed": timed, "request": asked})


def encode_head(head: RecordedHead, *, timed: bool = True) -> bytes:
    """Return the line of the answer's head, without cookies and their like."""
    headers = {name.lower(): value for name, value in head.headers.items() if not _SECRETS.search(name.lower())}
    return _line({**_at(head.at_s, timed=timed), "status": head.status, "headers": headers})


def encode_part(part: RecordedPart, *, timed: bool = True) -> bytes:
    """Return the line of a part."""
    return _line({**_at(part.at_s, timed=timed), **_spell(part.data)})


def encode_end(end: RecordedEnd, *, timed: bool = True) -> bytes:
    """Return the last line."""
    said = {name: value for name in ("code", "error_code", "message") if (value := getattr(end, name))}
    return _line({**_at(end.at_s, timed=timed), "end": end.kind, **said, **(_spell(end.rest) if end.rest else {})})


def encode_recording(recording: Recording) -> Iterator[bytes]:
    """Yield every line."""
    timed = recording.timed
    yield encode_start(recording.front, recording.request, timed=timed)
    if recording.head:
        yield encode_head(recording.head, timed=timed)
    for part in recording.parts:
        yield encode_part(part, timed=timed)
    if recording.end.kind != "unfinished":
        yield encode_end(recording.end, timed=timed)


def _line(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode("utf-8", "replace") + b"\n"  # a lone surrogate is no text; a question mark is


def _at(at_s: float, *, timed: bool) -> dict[str, float]:
    return {"at_s": round(at_s, 6)} if timed else {}


def _spell(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def parse_recording(data: bytes, name: str = "recording") -> Recording:
    """Return the recording that a file holds.

    Args:
        data: The file's bytes.
        name: What errors call it.

    Raises:
        RecordingError: A line is none of a recording's, or stands in the wrong place.
    """
    lines = data.split(b"\n")
    reader = _Reader(name)
    for line in lines if _is_whole(lines[-1]) else lines[:-1]:
        reader.read(line)
    return reader.finish()


def _is_whole(line: bytes) -> bool:
    """Return whether a line that has no end was written to its end all the same."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


_Rule: TypeAlias = tuple[str, Callable[[Any], bool]]
"""What is expected of a member, in words and as a test."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can spell one, UTF-8 cannot
_WRITTEN_ENDS = tuple(kind for kind in ENDS if kind != "unfinished")
_BYTES = ("text", "base64")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _LONE_SURROGATE.search(value)


def _is_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, (*value, *value.values())))


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and b64encode(b64decode(value, validate=True)) == value.encode()
    except ValueError:
        return False


_MEMBERS: Mapping[str, _Rule] = {
    "format": (FORMAT, lambda value: value == FORMAT),
    "version": (f"{VERSION}, as a newer streamtwin reads what is newer", lambda value: value == VERSION),
    "front": (" or ".join(get_args(Front)), lambda value: value in get_args(Front)),
    "timed": ("true or false", lambda value: isinstance(value, bool)),
    "request": ("an object", lambda value: isinstance(value, dict)),
    "headers": ("an object of strings", _is_headers),
    "at_s": ("a number of seconds, 0 or more", lambda value: type(value) in (int, float) and isfinite(value) and value >= 0),
    "status": ("an HTTP status", lambda value: type(value) is int and 200 <= value <= 599),
    "end": (f"one of {', '.join(_WRITTEN_ENDS)}", lambda value: value in _WRITTEN_ENDS),
    "text": ("a string", _is_text),
    "base64": ("base64", _is_base64),
    **dict.fromkeys(("method", "path", "code", "error_code", "message"), ("a string", _is_text)),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "first line": ("format", "version", "front", "timed", "request"),
    "request": ("method", "path", "headers"),
    "head": ("status", "headers"),
    "part": (),
    "end": ("end",),
}
_POSSIBLE: Mapping[str, tuple[str, ...]] = {"request": _BYTES, "part": _BYTES, "end": ("code", "error_code", "message", *_BYTES)}
_MARKS: Mapping[str, str] = {"format": "first line", "status": "head", "end": "end"}
"""The member that a line is told by -> what it is; any other is a part."""
_FOLLOWERS: Mapping[str, tuple[str, ...]] = {
    "beginning": ("first line",),
    "first line": ("head", "end"),
    "head": ("part", "end"),
    "part": ("part", "end"),
    "end": (),
}


class _Reader:
    """The lines of one recording, read one by one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._number = 0
        self._last = "beginning"
        self._first: Mapping[str, Any] = {}
        self._at_s = 0.0
        self._head: RecordedHead | None = None
        self._parts: list[RecordedPart] = []
        self._end = UNFINISHED

    def read(self, line: bytes) -> None:
        self._number += 1
        try:
            members = json.loads(line)
        except (ValueError, RecursionError):
            members = None
        if not isinstance(members, dict):
            self._refuse("a JSON object", line[:80])
        kind = next((kind for mark, kind in _MARKS.items() if mark in members), "part")
        if kind not in _FOLLOWERS[self._last]:
            self._refuse(f"{' or '.join(_FOLLOWERS[self._last]) or 'nothing'} behind the {self._last}", kind)
        self._check(kind, members)
        self._take(kind, members)
        self._last = kind

    def finish(self) -> Recording:
        if not self._first:
            self._number += 1
            self._refuse("a whole first line", "none")
        asked = self._first["request"]
        request = RecordedRequest(asked["method"], asked["path"], asked["headers"], _read_bytes(asked))
        return Recording(self._first["front"], request, self._head, tuple(self._parts), self._end, self._first["timed"])

    def _take(self, kind: str, members: Mapping[str, Any]) -> None:
        if kind == "first line":
            self._check("request", members["request"])
            self._first = members
            return
        if (at_s := float(members.get("at_s", 0.0))) < self._at_s:
            self._refuse(f"at_s of {self._at_s} or more", at_s)
        self._at_s = at_s
        if kind == "head":
            self._head = RecordedHead(at_s, members["status"], members["headers"])
        elif kind == "part":
            self._parts.append(RecordedPart(at_s, _read_bytes(members)))
        else:
            said = {name: members[name] for name in ("code", "error_code", "message") if name in members}
            self._end = RecordedEnd(members["end"], at_s, **said, rest=_read_bytes(members))

    def _check(self, kind: str, members: Mapping[str, Any]) -> None:
        needed = _NEEDED[kind] if kind in {"first line", "request"} or not self._first["timed"] else ("at_s", *_NEEDED[kind])
        for name in needed:
            if name not in members:
                self._refuse(f"a member {name} in the {kind}", sorted(members))
        for name, value in members.items():
            if name not in (*needed, *_POSSIBLE.get(kind, ())):
                self._refuse(f"no member {name} in the {kind}", value)
            expected, fits = _MEMBERS[name]
            if not fits(value):
                self._refuse(f"{name}: {expected}", value)
        if kind != "end" and _BYTES[0] in _POSSIBLE.get(kind, ()) and len(members.keys() & {*_BYTES}) != 1:
            self._refuse(f"either text or base64 in the {kind}", sorted(members))

    def _refuse(self, expected: str, came: object) -> NoReturn:
        raise RecordingError(f"{self._name}:{self._number}: expected {expected}, got {came!r:.80}")


def _read_bytes(members: Mapping[str, str]) -> bytes:
    return b64decode(members["base64"]) if "base64" in members else members.get("text", "").encode()
