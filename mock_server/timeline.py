"""What leaves the twin and when: chunks with their moments, which parts of the answer they complete, and how the response ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

ResponseEnd: TypeAlias = Literal["clean", "reset", "close", "hang"]
"""How a response ends: with its last chunk, with a TCP reset, with a FIN and no last chunk, or never."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What leaves next; moments are in seconds since the request."""

    chunks: Iterable[bytes]
    """Each one HTTP chunk: a frame, a container's write, or a piece of these; none is empty."""
    due_s: Sequence[float]
    """When each chunk leaves, ascending."""
    parts: int
    """How many parts of the answer are whole when all chunks have left."""
    head_waits: bool = False
    """Whether the response's head leaves with the first chunk; else it leaves at once."""
    length_bytes: int | None = None
    """The body's length, where the response says it beforehand; None: HTTP chunks, one per chunk."""
    part_chunks: Sequence[int] | None = None
    """How many chunks have left when each part is whole, ascending; None: the first chunks are the parts."""
    ending: ResponseEnd | None = None
    """How the response ends behind these chunks; None: with the next timeline, and cleanly where there is none."""
    head: tuple[int, list[tuple[bytes, bytes]]] | None = None
    """Status and headers that leave in place of the response's own, if no head has left yet."""
    torn: bytes = b""
    """A chunk of which the head and the first half leave before a `close`."""
    start_s: float = 0.0
    """Before this nothing of it leaves, be it the head or the ending."""
    end_s: float = 0.0
    """When it ends, where that is later than its last chunk."""
    faulty: bool = False
    """Whether a fault damaged the answer."""

    def whole_parts(self, chunks: int) -> int:
        """Return how many parts are whole when so many chunks have left."""
        return min(chunks, self.parts) if self.part_chunks is None else bisect_right(self.part_chunks, chunks)

    def part_times_s(self, first: int, last: int) -> Sequence[float]:
        """Return when each part is to be whole, from number `first`, counted from 0, up to `last`, which is not among them."""
        return self.due_s[first:last] if self.part_chunks is None else [self.due_s[chunks - 1] for chunks in self.part_chunks[first:last]]

    def delayed(self, pause_s: float) -> Timeline:
        """Return the same, later."""
        return replace(self, due_s=tuple(moment_s + pause_s for moment_s in self.due_s)) if pause_s else self

    def at_speed(self, speed: float) -> Timeline:
        """Return the same with every wait divided by `speed`."""
        if speed == 1.0:
            return self
        return replace(self, due_s=tuple(moment_s / speed for moment_s in self.due_s), start_s=self.start_s / speed, end_s=self.end_s / speed)
