"""The one door: a container's body in, events out, whatever its framing and wherever it is cut.

The framing is taken from the content type and checked against the first byte that is not blank; a type that is absent or wrong is sniffed. Cutting the
same bytes in any other way gives the same events, then the same error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from orjson import loads

from backends.errors import MalformedFrame, TruncatedStream
from backends.events import Data, Finish, StreamEvent
from backends.wire.answers import DONE, AnswerReader, Document
from backends.wire.eventstream import EVIDENCE_BYTES
from backends.wire.jsonlines import JSONLinesDecoder
from backends.wire.lines import MAX_FRAME_BYTES, Frame, LineDecoder
from backends.wire.parts import parse_event
from backends.wire.sse import SSEDecoder

OnMalformed: TypeAlias = Callable[[MalformedFrame], None]

EVENT_STREAM = "application/vnd.amazon.eventstream"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BINARY_PREFIXES = ("image/", "audio/", "video/")
_JSON_STARTS = b"{["
_SSE_STARTS = b":deir"  # a comment, or one of the fields data, event, id, retry


class _Framing(Protocol):
    """**Protocol:** lines in, frames out."""

    line_limit_bytes: int

    def feed(self, lines: list[Frame]) -> list[Frame]: ...

    def finish(self, last: Frame | None) -> list[Frame]: ...


def decode_events(
    parts: Iterable[bytes | Mapping[str, Any]], content_type: str | None = None, *, on_malformed: OnMalformed | None = None
) -> Iterator[StreamEvent]:
    """Yield the events of one answer, the last one a `Finish`; no text is removed or trimmed.

    Args:
        parts: The body in pieces, cut anywhere: bytes, or botocore's event dicts (`{"PayloadPart": {"Bytes": b".."}}`). Its own exceptions pass through.
        content_type: What the container says that it is; None to look at the bytes.
        on_malformed: Called with each frame that cannot be read, which is then skipped; without it, the error is raised.

    Raises:
        MalformedFrame: A frame is no JSON, or longer than 24 MiB.
        TruncatedStream: The body stops inside a frame, before the answer's end, or without one frame.
        StreamInterrupted: The container or the service says that it failed.
        TypeError: `parts` yields something else.
        ValueError: The bytes are an event stream that nobody has decoded: `backends.wire.eventstream` does.
    """
    decoder = EventDecoder(content_type, on_malformed=on_malformed)
    feed = decoder.feed
    for part in parts:
        if part.__class__ is dict and "PayloadPart" in part and "Bytes" in part["PayloadPart"]:  # what botocore yields, nearly always
            events = feed(part["PayloadPart"]["Bytes"])
        else:
            events = feed(part if part.__class__ is bytes else _part_bytes(part))
        if events:
            yield from events
    yield from decoder.finish()


def _part_bytes(part: object) -> bytes:
    if part.__class__ is dict or isinstance(part, Mapping):
        return parse_event(part) or b""
    if isinstance(part, bytes | bytearray | memoryview):
        return bytes(part)
    raise TypeError(f"a part is of type {type(part).__name__}, expected bytes or botocore's event dict: pass an iterable of parts, not one body")


class EventDecoder:
    """The push form of `decode_events`: the same arguments, events and errors.

    Iterate what `feed` and `finish` return to its end before the next call; an error ends the answer.
    """

    def __init__(self, content_type: str | None = None, *, on_malformed: OnMalformed | None = None) -> None:
        self.start = 0
        """Where the frame of the event that was just yielded begins: a byte offset in the body."""
        self.end = 0
        """Where it ends (excluded); its line ends are left out."""
        self._media_type = (content_type or "").partition(";")[0].strip().lower()
        if self._media_type == EVENT_STREAM:
            raise _not_decoded()
        self._on_malformed = on_malformed
        self._head = bytearray()
        self._lines = LineDecoder()
        self._framing: _Framing | None = None
        self._answer = AnswerReader()
        self._binary = self._media_type.startswith(_BINARY_PREFIXES)

    def feed(self, data: bytes) -> Iterable[StreamEvent]:
        """Return an iterator over every event that `data` completes; what precedes a bad frame comes before the error."""
        if self._framing is None:
            return self._begin(data)
        lines = self._lines.feed(data)
        return self._events(self._framing.feed(lines)) if lines else ()

    def finish(self) -> Iterable[StreamEvent]:
        """Return an iterator over what the end of the body completes, and the `Finish`."""
        if not self._binary:
            if self._framing:
                yield from self._events(self._framing.finish(self._lines.finish()), pending=True)
            yield self._answer.finish()
        else:
            yield Finish()

    def _begin(self, data: bytes) -> Iterable[StreamEvent]:
        """Hold the body's beginning until its first byte that is not blank tells the framing."""
        if self._binary:
            return self._pass_through(data)
        self._head += data
        if not data.strip() or BYTE_ORDER_MARK.startswith(self._head):
            return ()
        body = bytes(self._head.removeprefix(BYTE_ORDER_MARK))
        text = body.lstrip()
        if not text:
            return ()
        if text[0] == 0:
            raise _not_decoded()
        self._framing = SSEDecoder() if self._is_sse(text[0]) else JSONLinesDecoder()
        self._lines = LineDecoder(self._framing.line_limit_bytes, offset=len(self._head) - len(body))
        return self.feed(body)

    def _is_sse(self, first: int) -> bool:
        return first not in _JSON_STARTS and (first in _SSE_STARTS or self._media_type == "text/event-stream")

    def _pass_through(self, data: bytes) -> Iterator[StreamEvent]:
        if data:
            self.start, self.end = self.end, self.end + len(data)
            yield Data(data)

    def _events(self, frames: list[Frame], *, pending: bool = False) -> Iterator[StreamEvent]:
        answer = self._answer
        for self.start, self.end, frame in frames:  # noqa: B020 - the attributes are what is iterated into
            if answer.done:
                return
            try:
                document = loads(frame)
            except ValueError:
                document = None
            for document in (document,) if document.__class__ is dict and len(frame) <= MAX_FRAME_BYTES else self._parse_unusual(frame, pending=pending):
                try:
                    events = answer.read(document)
                except (TypeError, AttributeError) as error:
                    self._refuse(frame, error)
                else:
                    yield from events

    def _parse_unusual(self, frame: bytes, *, pending: bool) -> Sequence[Document]:
        try:
            return parse_frame(frame)
        except ValueError as error:
            if pending:  # containers do end without a line end; what is no whole frame is what a broken connection left
                raise TruncatedStream(f"the stream ended inside the frame at byte {self.start}, which begins {frame[:60]!r}", pending=frame) from error
            self._refuse(frame, error)
            return ()

    def _refuse(self, frame: bytes, error: Exception) -> None:
        message = f"the frame at byte {self.start} cannot be read: {error}; it begins {frame[:60]!r}"
        malformed = MalformedFrame(message, offset=self.start, frame=frame[:EVIDENCE_BYTES])
        if self._on_malformed is None:
            raise malformed from error
        self._on_malformed(malformed)


def parse_frame(frame: bytes) -> Sequence[Document]:
    """Return the JSON objects of one frame: nearly always one.

    A blank frame has none, `[DONE]` is `DONE`; what Python's json writes beyond the standard (`NaN`, lone surrogates) is read, and so are several lines
    that are each an object, as LMI's documentation shows them.

    Raises:
        ValueError: It is none of these, or longer than 24 MiB.
    """
    if len(frame) > MAX_FRAME_BYTES:
        raise ValueError(f"it is longer than {MAX_FRAME_BYTES} bytes")
    frame = frame.strip()
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


def _not_decoded() -> ValueError:
    return ValueError(
        "these bytes are an AWS event stream, not yet a container's body: "
        "decode them with backends.wire.eventstream.EventStreamDecoder and backends.wire.parts.parse_part first"
    )
