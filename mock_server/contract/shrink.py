"""The fewest offsets with which a parser still fails a case in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

from mock_server.contract.cuttings import Offsets

TRIES = 600
HANGS = 12
"""A hang costs its whole time, so there are fewer tries."""
SECONDS = 10.0


@dataclass(slots=True)
class Budget:
    """What may still be spent."""

    tries: int
    until_s: float

    def spend(self) -> bool:
        """Return whether there is one more try, and take it."""
        self.tries -= 1
        return self.tries >= 0 and monotonic() < self.until_s


def shrink(offsets: Offsets, size: int, fails: Callable[[Offsets], bool], budget: Budget) -> Offsets:
    """Return the fewest offsets that were found to fail, at least no more than those given.

    Args:
        offsets: Where the cut is that fails.
        size: How long the body is, in bytes.
        fails: Whether the parser fails in the same way if the body is cut so.
        budget: How much to try: first the whole body, then single offsets from the nearest on, then to leave out of those given.
    """
    singles = Budget(budget.tries // 2, budget.until_s)
    for fewer in _single(offsets, size):
        if len(fewer) >= len(offsets) or not singles.spend():
            break
        if fails(fewer):
            return fewer
    return _leave_out(offsets, fails, Budget(budget.tries // 2, budget.until_s))


def _single(offsets: Offsets, size: int) -> Iterator[Offsets]:
    yield ()
    own = sorted({offset for offset in offsets if 0 < offset < size})
    yield from ((offset,) for offset in own)
    seen = set(own)
    for distance in range(1, size):
        near = {offset + step for offset in own for step in (-distance, distance)} - seen
        yield from ((offset,) for offset in sorted(near) if 0 < offset < size)
        seen |= near


def _leave_out(offsets: Offsets, fails: Callable[[Offsets], bool], budget: Budget) -> Offsets:
    """Leave out runs of offsets, half of them at first, as long as it fails without."""
    kept, run = offsets, max(1, len(offsets) // 2)
    while len(kept) > 1:
        start, before = 0, len(kept)
        while start < len(kept):
            fewer = kept[:start] + kept[start + run :]
            if not budget.spend():
                return kept
            if fewer and fails(fewer):
                kept = fewer
            else:
                start += run
        if run == 1 and len(kept) == before:
            break
        run = max(1, run // 2)
    return kept
