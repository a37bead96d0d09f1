"""Parsers of the event stream's own bytes: our reader, and botocore's buffer in front of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.eventstream import EventStreamBuffer

from backends.events import StreamEvent
from backends.wire import decode_events
from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import parse_part


def unframed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decoder = EventStreamDecoder()
    for piece in pieces:
        for message in decoder.feed(piece):
            yield parse_part(message) or b""
    yield from (message.payload for message in decoder.finish())


def ours(pieces: Iterable[bytes], content_type: str | None) -> Iterator[StreamEvent]:
    return decode_events(unframed(pieces), content_type)


def behind_botocore(pieces: Iterable[bytes], content_type: str | None) -> Iterator[StreamEvent]:
    def parts() -> Iterator[bytes]:
        buffer = EventStreamBuffer()
        for piece in pieces:
            buffer.add_data(piece)
            messages: list[Any] = list(buffer)  # botocore has no types of its own here
            yield from (message.payload for message in messages if message.headers.get(":event-type") == "PayloadPart")

    return decode_events(parts(), content_type)
