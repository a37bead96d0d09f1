"""What a connection gives, as the parts of the container's body: one decoder for each way in which a body is carried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import parse_part


class PartDecoder(Protocol):
    """**Protocol:** what the connection gave in, the body's parts out."""

    def feed(self, chunks: Sequence[bytes]) -> Iterable[bytes]:
        """Return every part that these HTTP chunks complete; they arrived together."""

    def finish(self) -> Iterable[bytes]:
        """Return what the end completes."""


class WholeBody:
    """The body as one part."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, chunks: Sequence[bytes]) -> Iterable[bytes]:
        """Keep `chunks`."""
        self._body += b"".join(chunks)
        return ()

    def finish(self) -> Iterable[bytes]:
        """Return the body."""
        return (bytes(self._body),)


class ChunkedBody:
    """The body's HTTP chunks, each a part."""

    def feed(self, chunks: Sequence[bytes]) -> Iterable[bytes]:
        """Return `chunks`."""
        return chunks

    def finish(self) -> Iterable[bytes]:
        """Return nothing."""
        return ()


class EventStreamParts:
    """The bytes of an event stream in, the bytes of its PayloadParts out.

    Args:
        on_frame: Called with each message as it came, before its part is yielded.
    """

    def __init__(self, on_frame: Callable[[bytes], None] | None = None) -> None:
        self._messages = EventStreamDecoder()
        self._on_frame = on_frame
        self._untold = bytearray()

    def feed(self, chunks: Sequence[bytes]) -> Iterator[bytes]:
        """Yield every part that `chunks` complete, wherever they are cut.

        Raises:
            MalformedFrame: A message is none.
            StreamInterrupted: A message is an exception or an error.
        """
        data = b"".join(chunks)
        if self._on_frame:
            self._untold += data
        for message in self._messages.feed(data):
            if self._on_frame:
                self._on_frame(self._take_frame())
            part = parse_part(message)
            if part is not None:
                yield part

    def finish(self) -> Iterable[bytes]:
        """Return nothing.

        Raises:
            TruncatedStream: The stream stops inside a message.
        """
        return tuple(message.payload for message in self._messages.finish())

    def _take_frame(self) -> bytes:
        """Return the bytes of the message that was read just now: its first four say how many there are."""
        size = int.from_bytes(self._untold[:4])
        frame = bytes(self._untold[:size])
        del self._untold[:size]
        return frame
