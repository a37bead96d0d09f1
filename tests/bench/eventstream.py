"""The event stream: bytes to messages, beside botocore's EventStreamBuffer on the same chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from time import process_time

from botocore.eventstream import EventStreamBuffer

from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import encode_part
from tests.bench.decoder import cut
from tests.bench.rows import Row, beside

FRAME = encode_part(b'{"token": {"id": 304, "text": " Deep", "log_prob": -0.0523}}\n    ')


def count_ours(chunks: list[bytes]) -> int:
    decoder = EventStreamDecoder()
    return sum(1 for chunk in chunks for _ in decoder.feed(chunk))


def count_by_botocore(chunks: list[bytes]) -> int:
    buffer = EventStreamBuffer()
    messages = 0
    for chunk in chunks:
        buffer.add_data(chunk)
        messages += sum(1 for _ in buffer)
    return messages


def cut_anywhere(body: bytes, most_bytes: int) -> list[bytes]:
    """Cut at places that are random, and the same in every run."""
    random = Random(20)
    chunks = []
    start = 0
    while start < len(body):
        size = random.randint(1, most_bytes)
        chunks.append(body[start : start + size])
        start += size
    return chunks


WHOLE, CUT = "4", "3"
"""Aims: where nearly every message is whole in a chunk, and where none may be."""
CUTTINGS: dict[str, tuple[Callable[[bytes], list[bytes]], str]] = {
    "one message a chunk": (lambda body: cut(body, len(FRAME)), WHOLE),
    "16 messages a chunk": (lambda body: cut(body, 16 * len(FRAME)), WHOLE),
    "64 KiB chunks": (lambda body: cut(body, 65536), WHOLE),
    "random chunks of up to 400 bytes": (lambda body: cut_anywhere(body, 400), CUT),
    "7-byte chunks": (lambda body: cut(body, 7), CUT),
    "1-byte chunks": (lambda body: cut(body, 1), CUT),
}


def rows(scale: float, repeats: int) -> Iterator[Row]:
    messages = max(10, int(100_000 * scale))
    for name, (cutting, aim) in CUTTINGS.items():
        chunks = cutting(FRAME * messages)
        yield beside(
            name=f"event stream, {name}",
            unit="messages/s",
            amount=messages,
            ours=partial(count_ours, chunks),
            peer_name="botocore",
            peer=partial(count_by_botocore, chunks),
            repeats=repeats,
            aim=aim,
            clock=process_time,
        )
