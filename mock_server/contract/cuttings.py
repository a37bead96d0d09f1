"""Every cutting of a body that is worth a try: whole, in steps, with empty parts between, and in two at every byte.

A cutting is a tuple of offsets, ascending; one that stands there twice has an empty part between.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import TypeAlias

Offsets: TypeAlias = tuple[int, ...]

EXHAUSTIVE_BYTES = 4096
"""A body up to here is cut in two at every byte."""
LINE_ENDS = 50
NEAR_BYTES = 8
RANDOM_CUTTINGS = 200


def cut_at(body: bytes, *offsets: int) -> list[bytes]:
    """Return the parts between the offsets."""
    return [body[start:end] for start, end in pairwise([0, *sorted(offsets), len(body)])]


def every(body: bytes, size: int) -> list[bytes]:
    """Return parts of `size` bytes, the last one shorter, none of an empty body."""
    return [body[start : start + size] for start in range(0, len(body), size)]


def offsets_of(parts: Sequence[bytes]) -> Offsets:
    """Return where parts that were cut end, the last one excepted."""
    return tuple(accumulate(map(len, parts[:-1])))


def all_offsets(body: bytes, seed: int = 0) -> Iterator[Offsets]:
    """Yield the body's cuttings: whole, by one, three and seven bytes, by five with empty parts between, and in two parts at every byte.

    Of a body over 4 KiB the two-part cuts are those within 8 bytes of 50 seeded line ends, which frames of text have, and 200 random cuttings besides.

    Args:
        body: What is cut.
        seed: What the dice are thrown with.
    """
    size = len(body)
    yield ()
    yield from (tuple(range(step, size, step)) for step in (1, 3, 7))
    yield tuple(chain.from_iterable((offset, offset) for offset in range(5, size, 5)))
    if size <= EXHAUSTIVE_BYTES:
        yield from ((offset,) for offset in range(1, size))
        return
    dice = random.Random(seed)  # noqa: S311 - dice that replay, not secrets
    ends = [place + 1 for place, byte in enumerate(body) if byte in b"\r\n"] or [size]
    for end in dice.sample(ends, min(LINE_ENDS, len(ends))):
        yield from ((offset,) for offset in range(max(1, end - NEAR_BYTES), min(size, end + NEAR_BYTES)))
    for _ in range(RANDOM_CUTTINGS):
        yield tuple(sorted(dice.sample(range(1, size), dice.randint(1, 40))))


def cuttings(body: bytes, seed: int = 0) -> Iterator[list[bytes]]:
    """Yield the parts of each of a body's cuttings."""
    yield from (cut_at(body, *offsets) for offsets in all_offsets(body, seed))
