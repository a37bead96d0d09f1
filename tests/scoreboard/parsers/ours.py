"""This project's own reader, of an event stream's bytes: its decoder of frames before `decode_events`, which reads the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backends.wire import StreamEvent, decode_events
from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import parse_part


def payloads(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts of an event stream."""
    decoder = EventStreamDecoder()
    for data in stream:
        for message in decoder.feed(data):
            part = parse_part(message)
            if part is not None:
                yield part
    yield from (part for message in decoder.finish() if (part := parse_part(message)) is not None)


def read_frames(stream: Iterable[bytes], content_type: str | None = None) -> Iterator[StreamEvent]:
    """Yield the events of an event stream."""
    yield from decode_events(payloads(stream), content_type)
