"""The recorder: a tap on a raw answer that writes each part as it arrives, and then how the answer ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Literal

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TransportError, TruncatedStream
from backends.events import StreamEvent
from backends.network_answer import NetworkAnswer
from backends.recording import ENDS, UNFINISHED, EndKind, Front, RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, RecordingError
from backends.recording.files import RecordingWriter
from backends.wire.eventstream import EVENT_STREAM, EventStreamDecoder, Message
from backends.wire.parts import parse_part


class Recorder:
    """A `backends.chat.Tap` for the answers of a backend's `send`.

    The file is made when the answer begins, or is given up before; what cannot be had at all leaves none.

    Args:
        front: Whose answer it is.
        request: What is asked.
        open_file: Makes the file.
    """

    def __init__(self, front: Front, request: RecordedRequest, open_file: Callable[[], RecordingWriter]) -> None:
        self._front: Front = front
        self._request = request
        self._open_file = open_file
        self._writer: RecordingWriter | None = None
        self._frames: EventStreamDecoder | None = None
        self._end: RecordedEnd | None = None
        self._status = 0
        self.parts = 0
        self.bytes = 0
        """Of the parts."""
        self.last_s = 0.0
        """When the latest that was written happened, in seconds since the request began."""

    @property
    def has_begun(self) -> bool:
        """Whether there is a file."""
        return self._writer is not None

    @property
    def is_good(self) -> bool:
        """Whether a whole answer was written that is no error."""
        return self._end is not None and self._end.kind == "completed" and self._status < HTTPStatus.BAD_REQUEST

    @contextmanager
    def following(self, answer: NetworkAnswer) -> Iterator[None]:
        """Run the block that enters `answer`, calls `begin` and reads to the end; note how that went.

        Raises:
            RecordingError: The file cannot be written.
        """
        try:
            yield
        except TransportError as error:
            if self._writer:
                self._finish("cancelled" if error.timed_out else "broken", answer, str(error))
            raise
        except (BackendError, RecordingError):
            raise
        except BaseException:
            self._finish("cancelled", answer)
            raise
        else:
            self._complete(answer)
        finally:
            if self._writer:
                self._writer.close()

    def begin(self, answer: NetworkAnswer) -> None:
        """Note the head of an answer that was entered."""
        self._status = answer.status
        self.last_s = answer.began_at_s
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == EVENT_STREAM:
            self._frames = EventStreamDecoder()
        self._start().head(RecordedHead(answer.began_at_s, answer.status, answer.headers))

    def part(self, data: bytes, at_s: float) -> None:
        """Note the parts that an HTTP chunk completes."""
        self.last_s = at_s
        if self._frames is None:
            self._keep(data)
        elif self._end is None:
            self._unframe(self._frames, data)

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:
        """Note nothing: a raw answer's events are its parts."""

    def describe(self) -> str:
        """Return what was written, in words."""
        ended = self._end or UNFINISHED
        parts = "1 part" if self.parts == 1 else f"{self.parts} parts"
        return f"HTTP {self._status}, {parts}, {self.bytes} bytes in {self.last_s:.3f} s; {ENDS[ended.kind]}{f' ({ended.message})' if ended.message else ''}"

    def _unframe(self, frames: EventStreamDecoder, data: bytes) -> None:
        try:
            for message in frames.feed(data):
                self._take(message)
        except MalformedFrame as error:
            self._end = RecordedEnd("malformed", self.last_s, message=str(error), rest=error.frame)

    def _take(self, message: Message) -> None:
        try:
            part = parse_part(message)
        except StreamInterrupted as error:
            text = str(error).removeprefix(f"{error.code}: ")
            kind: EndKind = "exception" if message.headers[":message-type"] == "exception" else "error"
            self._end = self._end or RecordedEnd(kind, self.last_s, error.code, error.error_code or "", text)
        else:
            if part is not None and self._end is None:
                self._keep(part)

    def _keep(self, part: bytes) -> None:
        self.parts += 1
        self.bytes += len(part)
        self._start().part(RecordedPart(self.last_s, part))

    def _complete(self, answer: NetworkAnswer) -> None:
        try:
            for _ in self._frames.finish() if self._frames and not self._end else ():
                pass
        except TruncatedStream as error:
            self._end = RecordedEnd("truncated", answer.ended_at_s, message=str(error), rest=error.pending)
        self._finish("completed", answer)

    def _finish(self, kind: Literal["completed", "broken", "cancelled"], answer: NetworkAnswer, message: str = "") -> None:
        """Note the end; what was read of it in the stream says more than how the connection ended."""
        self._end = self._end or RecordedEnd(kind, max(self.last_s, answer.ended_at_s), message=message)
        self._start().end(self._end)

    def _start(self) -> RecordingWriter:
        if self._writer is None:
            self._writer = self._open_file()
            self._writer.start(self._front, self._request)
        return self._writer
