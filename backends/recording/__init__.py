"""A recording: the bytes, cuts and times of one answer that really happened, and what was asked for it.

`backends.recording.lines` has its form in a file, `backends.recording.files` reads and writes one. What is kept of requests and responses is safe to commit:
no credential, no signature and no cookie gets into a line, wherever the recording comes from. Bodies are kept as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Front: TypeAlias = Literal["runtime", "container"]
"""Whose answer it is: SageMaker Runtime's, or a container's own."""
EndKind: TypeAlias = Literal["completed", "exception", "error", "truncated", "malformed", "broken", "cancelled", "unfinished"]

ENDS: Mapping[EndKind, str] = {
    "completed": "completed",
    "exception": "ended by an exception of the service",
    "error": "ended by an error that the service's model does not name",
    "truncated": "stopped inside a frame",
    "malformed": "ended by a frame that cannot be read",
    "broken": "ended by a broken connection",
    "cancelled": "cancelled while it was recorded, so what would have followed is unknown",
    "unfinished": "unfinished: the recorder stopped before the answer did, so what followed is unknown",
}
"""How an answer ends, in words. `unfinished` is never written: it is what a file says by stopping."""


class RecordingError(ValueError):
    """A recording cannot be read, or not be written; the message names the file, the line, and what was expected."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """What was asked."""

    method: str
    path: str
    """In a file, without its query, which may hold a signature."""
    headers: Mapping[str, str]
    """In a file, those that `backends.recording.lines.REQUEST_HEADERS` names."""
    body: bytes


@dataclass(frozen=True, slots=True)
class RecordedHead:
    """What came before the first part."""

    at_s: float
    """Seconds since the request began; so are all times of a recording, to the microsecond."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True, slots=True)
class RecordedPart:
    """A PayloadPart's bytes, or an HTTP chunk of a container's."""

    at_s: float
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordedEnd:
    """How an answer ended."""

    kind: EndKind
    at_s: float = 0.0
    code: str = ""
    """Exceptions and errors only: `ModelStreamError`."""
    error_code: str = ""
    """ModelStreamError only: `StreamBroken`."""
    message: str = ""
    rest: bytes = b""
    """What came of a frame that is truncated or malformed."""


UNFINISHED = RecordedEnd("unfinished")


@dataclass(frozen=True, slots=True)
class Recording:
    """One request and what was answered."""

    front: Front
    request: RecordedRequest
    head: RecordedHead | None
    """None where the recording ends before the answer began."""
    parts: Sequence[RecordedPart]
    end: RecordedEnd = UNFINISHED
    timed: bool = True
    """Whether cuts and times are those of the stream; else the content alone is known, and every time is 0."""

    @property
    def body(self) -> bytes:
        """The parts, joined."""
        return b"".join(part.data for part in self.parts)

    @property
    def lasted_s(self) -> float:
        """When the last that is known of it happened."""
        last_s = self.parts[-1].at_s if self.parts else self.head.at_s if self.head else 0.0
        return max(last_s, self.end.at_s)

    def describe(self) -> str:
        """Return a sentence for a person."""
        asked, ended = f"{self.request.method} {self.request.path} ({self.front})", ENDS[self.end.kind]
        if self.end.message:
            ended += f" ({self.end.message})"
        if self.head is None:
            return f"{asked}: no answer; {ended}"
        lasted = f"in {self.lasted_s:.3f} s" if self.timed else "whose cuts and times are unknown"
        parts = "1 part" if len(self.parts) == 1 else f"{len(self.parts)} parts"
        return f"{asked}: HTTP {self.head.status}, {parts}, {len(self.body)} bytes {lasted}; {ended}"
