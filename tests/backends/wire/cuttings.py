"""Ways to cut a body into parts: whole, byte by byte, and in two at every place that matters."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

EXHAUSTIVE_BYTES = 4096


def cut_at(body: bytes, *offsets: int) -> list[bytes]:
    places = [0, *sorted(offsets), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(places)]


def every(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def cuttings(body: bytes, frame_ends: list[int] | None = None, seed: int = 0) -> Iterator[list[bytes]]:
    """Yield the body whole, byte by byte, by three and seven bytes, with empty parts between, and in two parts at every byte.

    Of a body over 4 KiB the two-part cuts are those within 8 bytes of 50 seeded frame ends, and 200 random cuttings besides.
    """
    yield [body]
    yield every(body, 1)
    yield every(body, 3)
    yield every(body, 7)
    yield [piece for part in every(body, 5) for piece in (part, b"")]
    chance = random.Random(seed)
    if len(body) <= EXHAUSTIVE_BYTES:
        yield from (cut_at(body, place) for place in range(1, len(body)))
        return
    ends = frame_ends or [place + 1 for place, byte in enumerate(body) if byte in b"\r\n"]
    for end in chance.sample(ends, min(50, len(ends))):
        yield from (cut_at(body, place) for place in range(max(1, end - 8), min(len(body), end + 8)))
    for _ in range(200):
        yield cut_at(body, *chance.sample(range(1, len(body)), chance.randint(1, 40)))
