"""The one door: a container's body in, events out, whatever its framing and wherever it is cut.

The framing is taken from the content type and checked against the first byte that is not blank; a type that is absent or wrong is sniffed. Cutting the
same bytes in any other way gives the same events, then the same error.
"""

from __future__ import annotations

import re
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
_MOST_HELD_BYTES = 4096
_TOO_BLANK = re.compile(rb"[^\r\n]{4097}")
"""A line that is blank for so long at its beginning does not tell the framing any more: what is held, and looked at again with each part, is bounded."""
_JSON_STARTS = b"{["
_SSE_STARTS = b":deir"  # a comment, or one of the fields data, event, id, retry


class _Framing(Protocol):
    """**Protocol:** lines in, frames out."""

    passes_lines: bool
    """Whether the next line, if it is a whole document, is a frame as it is."""

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
        self._framing: _Framing | None = None
        self._fragments: FragmentDecoder | None = None
        self._answer = AnswerReader()
        self._binary = self._media_type.startswith(_BINARY_PREFIXES)

    def decode(self, parts: Iterable[bytes | Mapping[str, Any]]) -> Iterator[StreamEvent]:
        """Yield the events of a whole body, and its `Finish`."""
        held = bytearray()
        most_bytes = 0
        part: Any
        data: Any
        for part in parts:
            # The speed of tiny parts is decided here: of one that ends no line nothing can come, so it waits for the next.
            try:
                data = part if type(part) is bytes else part["PayloadPart"]["Bytes"]
                if LF not in data and CR not in data and len(held) < most_bytes:
                    held += data
                    continue
            except (KeyError, TypeError):
                data = None
            if data is None:
                data = _part_bytes(part)
            if held:
                held += data
                data = bytes(held)
                held.clear()
            yield from self.feed(data)
            most_bytes = _MOST_HELD_BYTES if self._framing else 0  # before, a part may complete an event without ending a line
        yield from self.feed(bytes(held))
        yield from self.finish()

    def feed(self, data: bytes) -> Iterable[StreamEvent]:
        """Return every event that `data` completes; what precedes a bad frame comes before the error."""
        framing = self._framing
        if framing is None:
            return self._begin(data)
        lines = self._lines.feed(data)
        if not lines:
            return ()
        frames = self.frames = lines if framing.passes_lines else framing.feed(lines)
        answer = self._answer
        events: list[StreamEvent] = []
        if answer.comes_in_tokens:
            for frame in frames:
                content = frame[2]
                try:
                    token = answer.read_token(loads(content) if len(content) <= MAX_FRAME_BYTES else _NO_DOCUMENT)
                except (ValueError, LookupError, TypeError, AttributeError, StreamInterrupted):
                    break
                if token is None:
                    break
                events.append(token)
            else:
                return events
        return self._read_on(framing, frames, events)

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
        if self._lines.position == 0:
            if BYTE_ORDER_MARK.startswith(head):
                return ()
            if head.startswith(BYTE_ORDER_MARK):
                self._skip(len(BYTE_ORDER_MARK))
        blank = bytes(head[: len(head) - len(head.lstrip())])
        line_start = max(blank.rfind(b"\n"), blank.rfind(b"\r")) + 1
        self._skip(line_start)
        text = blank if _TOO_BLANK.search(blank) else bytes(head[len(blank) - line_start :])
        return self._choose(text) if text else ()

    def _choose(self, text: bytes) -> Iterable[StreamEvent]:
        """Choose the framing by what stands behind the blanks."""
        if text[0] == 0:
            raise _not_decoded()
        opening = find_opening(text)
        if opening is None:
            self._framing = SSEDecoder() if self._is_sse(text[0]) else JSONLinesDecoder()
            return self.feed(bytes(self._head))
        if opening.startswith(text):
            return ()
        self._fragments = FragmentDecoder(opening, self._lines.position + len(self._head) - len(text))
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

    def _read_on(self, framing: _Framing, frames: list[Frame], events: list[StreamEvent]) -> Iterable[StreamEvent]:
        """Return `events`, which the first of `frames` gave, and then those of the others one by one."""
        self.frames = frames[: len(events)]
        rest = frames[len(events) :]
        return chain(events, self._read_each(framing.feed(rest) if framing.passes_lines else rest))

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
