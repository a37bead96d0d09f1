"""The one door: a container's body in, events out, whatever its framing and wherever it is cut.

The framing is taken from the content type and checked against the first byte that is not blank; a type that is absent or wrong is sniffed. Cutting the
same bytes in any other way gives the same events, then the same error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeAlias

from orjson import loads

from backends.errors import MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import Data, Finish, StreamEvent
from backends.wire.answers import AnswerReader
from backends.wire.documents import Document, parse_frame
from backends.wire.eventstream import EVENT_STREAM, EVIDENCE_BYTES
from backends.wire.fragments import Fragment, FragmentDecoder, find_opening
from backends.wire.jsonlines import JSONLinesDecoder
from backends.wire.lines import CR, LF, MAX_FRAME_BYTES, Frame, LineDecoder
from backends.wire.parts import parse_event
from backends.wire.sse import SSEDecoder

OnMalformed: TypeAlias = Callable[[MalformedFrame], None]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BINARY_PREFIXES = ("image/", "audio/", "video/")
_NO_DOCUMENT: Document = {}
_MOST_PIECES, _MOST_PIECE_BYTES = 64, 4096
_MOST_BLANK_BYTES = 64 * 1024
"""So long may a line be blank at its beginning and still tell the framing: what is held until then is bounded."""
_JSON_STARTS = b"{["
_SSE_STARTS = b":deir"  # a comment, or one of the fields data, event, id, retry


class _Framing(Protocol):
    """**Protocol:** lines in, frames out."""

    def feed(self, lines: list[Frame]) -> list[Frame]: ...

    def finish(self, last: Frame | None) -> list[Frame]: ...


def decode_events(
    parts: Iterable[bytes | Mapping[str, Any]], content_type: str | None = None, *, on_malformed: OnMalformed | None = None
) -> Iterator[StreamEvent]:
    """Yield the events of one answer, the last one a `Finish`; no text is removed or trimmed.

    Of an answer with several choices, choice 0 is read and the others are skipped.

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
    return EventDecoder(content_type, on_malformed=on_malformed).decode(parts)


def _part_bytes(part: object) -> bytes:
    if isinstance(part, Mapping):
        return parse_event(part) or b""
    if isinstance(part, bytes | bytearray | memoryview):
        return bytes(part)
    raise TypeError(f"a part is of type {type(part).__name__}, expected bytes or botocore's event dict: pass an iterable of parts, not one body")


class EventDecoder:
    """The push form of `decode_events`: the same arguments, events and errors.

    Iterate what `feed` and `finish` return to its end before the next call: an error stands behind the events that came before it. It ends the answer.
    """

    def __init__(self, content_type: str | None = None, *, on_malformed: OnMalformed | None = None) -> None:
        self.frames: list[Frame] = []
        """For each event that the last call gave, the frame that it came from, and where in the body that is; an end without a frame is an empty one there."""
        self._media_type = (content_type or "").partition(";")[0].strip().lower()
        if self._media_type == EVENT_STREAM:
            raise _not_decoded()
        self._on_malformed = on_malformed
        self._lines = LineDecoder(MAX_FRAME_BYTES + len(b"data: "))
        self._head = bytearray()
        self._blank_bytes = 0  # that the head begins with, so that each is looked at once, however many there are
        self._framing: _Framing | None = None
        self._fragments: FragmentDecoder | None = None
        self._answer = AnswerReader()
        self._binary = self._media_type.startswith(_BINARY_PREFIXES)

    def decode(self, parts: Iterable[bytes | Mapping[str, Any]]) -> Iterator[StreamEvent]:
        """Yield the events of a whole body, and its `Finish`."""
        pieces: list[bytes] = []
        most = 0
        part: Any
        for part in parts:
            try:
                data = part if type(part) is bytes else part["PayloadPart"]["Bytes"]
            except (KeyError, TypeError):
                data = None
            if data is None:
                data = _part_bytes(part)
            # The speed of tiny parts is decided here: of one that ends no line nothing can come, so it waits for the next.
            if LF not in data and CR not in data and len(pieces) < most and len(data) <= _MOST_PIECE_BYTES:
                pieces.append(data)
            elif pieces:
                pieces.append(data)
                yield from self.feed(b"".join(pieces))
                pieces.clear()
            else:
                yield from self.feed(data)
                if not most and self._framing:  # before, a part may complete an event without ending a line
                    most = _MOST_PIECES
        yield from self.feed(b"".join(pieces))
        yield from self.finish()

    def feed(self, data: bytes) -> Iterable[StreamEvent]:
        """Return every event that `data` completes; what precedes a bad frame comes before the error."""
        if self._framing is None:
            return self._begin(data)
        lines = self._lines.feed(data)
        return self._events(self._framing.feed(lines)) if lines else ()

    def finish(self) -> Iterable[StreamEvent]:
        """Return what the end of the body completes, and the `Finish`."""
        self.frames = []
        return self._end()

    def _begin(self, data: bytes) -> Iterable[StreamEvent]:
        """Feed what is not lines: a body that is no text, fragments, or one whose framing is not known yet."""
        if self._answer.done:
            return ()
        if self._binary:
            return self._pass_through(data)
        if self._fragments is None:
            return self._begin_text(data)
        self.frames = []
        return self._read_fragments(self._fragments, self._fragments.feed(data))

    def _begin_text(self, data: bytes) -> Iterable[StreamEvent]:
        """Hold the body's beginning until its first byte that is not blank tells the framing, or its first 21 that it comes in fragments."""
        head = self._head
        head += data
        if self._lines.position == 0 and not self._blank_bytes:
            if BYTE_ORDER_MARK.startswith(head):
                return ()
            if head.startswith(BYTE_ORDER_MARK):
                self._skip(len(BYTE_ORDER_MARK))
        blank = len(head) - len(head[self._blank_bytes :].lstrip())
        line_start = max(head.rfind(b"\n", self._blank_bytes, blank), head.rfind(b"\r", self._blank_bytes, blank)) + 1
        if blank - line_start > _MOST_BLANK_BYTES:
            self._framing = SSEDecoder() if self._media_type == "text/event-stream" else JSONLinesDecoder()
            return self.feed(bytes(head))
        if blank == len(head):
            self._skip(line_start)
            self._blank_bytes = len(head)
            return ()
        self._blank_bytes = blank
        return self._choose(bytes(head[blank:]))

    def _choose(self, text: bytes) -> Iterable[StreamEvent]:
        """Choose the framing by what stands behind the blanks."""
        if text[0] == 0:
            raise _not_decoded()
        if self._is_sse(text[0]):
            self._framing = SSEDecoder()
            return self.feed(bytes(self._head))
        opening = find_opening(text)
        if opening is None:
            self._framing = JSONLinesDecoder()
            return self.feed(bytes(self._head))
        if len(text) < len(opening):
            return ()
        self._fragments = FragmentDecoder(opening, self._lines.position + self._blank_bytes)
        return self._begin(text[len(opening) :])

    def _skip(self, length: int) -> None:
        """Leave out bytes of the body's beginning that belong to no frame: a byte order mark, blank lines."""
        self._lines.skip(length)
        del self._head[:length]

    def _is_sse(self, first: int) -> bool:
        return first not in _JSON_STARTS and (first in _SSE_STARTS or self._media_type == "text/event-stream")

    def _pass_through(self, data: bytes) -> Iterable[StreamEvent]:
        if not data:
            return ()
        start = self._lines.position
        self._lines.skip(len(data))
        self.frames = [(start, start + len(data), data)]
        return (Data(data),)

    def _read_fragments(self, fragments: FragmentDecoder, came: Iterable[Fragment], *, pending: bool = False) -> Iterator[StreamEvent]:
        """Yield the text that came; behind the document are lines."""
        for frame, text in came:
            self.frames.append(frame)
            yield self._answer.read_fragment(text)
        if fragments.frame is None:
            return
        lines = JSONLinesDecoder()
        self._fragments, self._framing = None, lines
        self._lines.skip(fragments.frame[1] + (not pending) - self._lines.position)
        yield from self._read_each([fragments.frame], pending=pending)
        yield from self._read_each(lines.feed(self._lines.feed(fragments.left)))

    def _end(self) -> Iterator[StreamEvent]:
        if self._fragments:
            yield from self._read_fragments(self._fragments, self._fragments.finish(), pending=True)
        elif self._framing is None and (begun := bytes(self._head).strip()) and find_opening(begun):
            self._framing = JSONLinesDecoder()
            self._lines.feed(bytes(self._head))
        if self._framing:
            yield from self._read_each(self._framing.finish(self._lines.finish()), pending=True)
        if not self._answer.done:
            finish = Finish() if self._binary else self._answer.finish()
            self.frames.append((self._lines.position, self._lines.position, b""))
            yield finish

    def _events(self, frames: list[Frame]) -> Iterable[StreamEvent]:
        """Return the events of frames: of a token each, as nearly all are, at once; from the first that is something else, one by one."""
        if not self._answer.comes_in_tokens:
            self.frames = []
            return self._read_each(frames)
        self.frames = frames
        read_token = self._answer.read_token
        events: list[StreamEvent] = []
        for frame in frames:
            content = frame[2]
            try:
                token = read_token(loads(content) if len(content) <= MAX_FRAME_BYTES else _NO_DOCUMENT)
            except (ValueError, TypeError, AttributeError, StreamInterrupted):
                token = None
            if token is None:
                self.frames = frames[: len(events)]
                return chain(events, self._read_each(frames[len(events) :]))
            events.append(token)
        return events

    def _read_each(self, frames: Iterable[Frame], *, pending: bool = False) -> Iterator[StreamEvent]:
        for frame in frames:
            for document in self._documents(frame, pending=pending):
                try:
                    events = self._answer.read(document)
                except (TypeError, AttributeError) as error:
                    self._refuse(frame, error)
                else:
                    self.frames += [frame] * len(events)
                    yield from events
            if self._answer.done:
                self._framing = None
                return

    def _documents(self, frame: Frame, *, pending: bool) -> Sequence[Document]:
        start, _, content = frame
        try:
            return parse_frame(content)
        except ValueError as error:
            if pending:  # containers do end without a line end; what is no whole frame is what a broken connection left
                raise TruncatedStream(f"the stream ended inside the frame at byte {start}, which begins {content[:60]!r}", pending=content) from error
            self._refuse(frame, error)
            return ()

    def _refuse(self, frame: Frame, error: Exception) -> None:
        start, _, content = frame
        message = f"the frame at byte {start} cannot be read: {error}; it begins {content[:60]!r}"
        malformed = MalformedFrame(message, offset=start, frame=content[:EVIDENCE_BYTES])
        if self._on_malformed is None:
            raise malformed from error
        self._on_malformed(malformed)


def _not_decoded() -> ValueError:
    return ValueError(
        "these bytes are an AWS event stream, not yet a container's body: "
        "decode them with backends.wire.eventstream.EventStreamDecoder and backends.wire.parts.parse_part first"
    )
