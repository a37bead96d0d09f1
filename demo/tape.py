"""What came of an answer, part by part and event by event, and when: what the page shows of the wire, of tokens and of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from secrets import token_urlsafe

from backends.chat import ChatRequest
from backends.errors import BackendError
from backends.events import StreamEvent
from backends.timing import Timing
from demo.found import Found

MAX_BYTES = 16 * 1024 * 1024
"""Of a body; what is over is counted and not kept."""
MAX_EVENTS = 200_000
"""Parts, and events, of one answer; what is over is counted and not kept."""
KEPT_TAPES = 12
"""How many answers of a page are kept; the oldest go first."""
KEPT_BYTES = 256 * 1024 * 1024
"""About so much all tapes of all pages take; the oldest go first."""
GROWTH_BYTES = 1024 * 1024
"""So much a tape grows before it is looked whether all are too much."""
RECORD_BYTES = 200
"""About what a part, a frame or an event takes."""
PRELUDE_BYTES, CHECKSUM_BYTES = 12, 4
"""Of a message of an event stream; how long its headers are stands in the prelude, behind four bytes."""


@dataclass(frozen=True, slots=True)
class TapedPart:
    """A part as it arrived: the body's bytes `start` to `end` (excluded)."""

    start: int
    end: int
    at_s: float
    """Seconds since the request."""


@dataclass(frozen=True, slots=True)
class TapedEvent:
    """An event, and the body's bytes that it was read from."""

    event: StreamEvent
    start: int
    end: int
    at_s: float


@dataclass(frozen=True, slots=True)
class TapedFrame:
    """What stands around a part's bytes in the event stream, as it came."""

    head: bytes
    """Prelude and headers."""
    checksum: bytes


@dataclass(slots=True)
class Tape:
    """A `backends.chat.FrameTap` that keeps what came, up to its bounds."""

    request: ChatRequest
    front: str = ""
    """Through what the endpoint was reached, as the page calls it."""
    found: Found | None = None
    """Where a person found the endpoint, if it is none of the page's own."""
    key: str = field(default_factory=lambda: token_urlsafe(16))
    """What nobody guesses: whoever has it may fetch what came."""
    number: int = 0
    """Counts a page's answers from 1."""
    again: int = 0
    """The number of the answer whose request it asks anew; 0 for none."""
    timing: Timing = field(default_factory=Timing)
    """What was measured so far."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    headers: Mapping[str, str] = field(default_factory=dict)
    """The response's, names in lower case."""
    content_type: str | None = None
    body: bytearray = field(default_factory=bytearray)
    parts: list[TapedPart] = field(default_factory=list)
    events: list[TapedEvent] = field(default_factory=list)
    frames: dict[int, TapedFrame] = field(default_factory=dict)
    """By the number of the part, from 0, that each was around or would have been; of one that held none, its payload is not kept."""
    total_parts: int = 0
    """Those that are not kept among them."""
    total_bytes: int = 0
    total_events: int = 0
    ending: str | None = None
    """How the answer ended, in a word; None while it is on its way."""
    head_at_s: float = 0.0
    """When the answer began: seconds since the request."""
    error: BackendError | None = None
    """What the answer failed with."""
    failure: str | None = None
    """Why it failed, in a sentence."""
    is_forgotten: bool = False
    """Whether there was no room for it any more; what comes then is counted and not kept."""
    grew: Callable[[Tape], None] = field(default=lambda _: None, repr=False, compare=False)
    """Is told whenever it has grown by `GROWTH_BYTES`."""
    _heads_bytes: int = 0
    _told_bytes: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all that came is kept."""
        return len(self.parts) == self.total_parts and len(self.events) == self.total_events

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return len(self.body) + self._heads_bytes + RECORD_BYTES * (len(self.parts) + len(self.events) + len(self.frames))

    def frame(self, data: bytes) -> None:
        """Keep what stands around the part that comes next."""
        if len(self.parts) == self.total_parts < MAX_EVENTS and not self.is_forgotten:
            head = data[: PRELUDE_BYTES + int.from_bytes(data[4:8])]
            self.frames[self.total_parts] = TapedFrame(head, data[-CHECKSUM_BYTES:])
            self._heads_bytes += len(head)
            self._grow()

    def part(self, data: bytes, at_s: float) -> None:
        """Keep a part."""
        start = self.total_bytes
        self.total_parts += 1
        self.total_bytes += len(data)
        has_room = self.total_bytes <= MAX_BYTES and len(self.parts) < MAX_EVENTS and not self.is_forgotten
        if has_room and len(self.parts) == self.total_parts - 1:
            self.parts.append(TapedPart(start, self.total_bytes, at_s))
            self.body += data
            self._grow()

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:
        """Keep an event."""
        self.total_events += 1
        if len(self.events) < MAX_EVENTS and not self.is_forgotten:
            self.events.append(TapedEvent(event, start, end, at_s))
            self._grow()

    def _grow(self) -> None:
        if self.size_bytes >= self._told_bytes + GROWTH_BYTES:
            self._told_bytes = self.size_bytes
            self.grew(self)


class Tapes:
    """The tapes of all pages, each page's by its session, newest last; bounded."""

    def __init__(self) -> None:
        self._pages: dict[str, deque[Tape]] = {}
        self._numbers: dict[str, Iterator[int]] = {}

    def add(self, page: str, tape: Tape) -> Tape:
        """Keep a page's new tape, give it its number, and forget what is too old or too much; return it."""
        tape.number = next(self._numbers.setdefault(page, count(1)))
        kept = self._pages.setdefault(page, deque(maxlen=KEPT_TAPES))
        kept.append(tape)
        tape.grew = self._make_room
        self._make_room(tape)
        return tape

    def _make_room(self, growing: Tape) -> None:
        """Forget the oldest tapes, but never `growing`, while all are too much."""
        kept = sorted(((tape, tapes) for tapes in self._pages.values() for tape in tapes), key=lambda each: each[0].began)
        size_bytes = sum(tape.size_bytes for tape, _ in kept)
        for tape, tapes in kept:
            if size_bytes > KEPT_BYTES and tape is not growing:
                tapes.remove(tape)
                tape.is_forgotten = True
                size_bytes -= tape.size_bytes

    def of(self, page: str) -> tuple[Tape, ...]:
        """Return a page's tapes, newest last."""
        return tuple(self._pages.get(page, ()))

    def find(self, page: str, number: int) -> Tape | None:
        """Return a page's tape by its number; None if there is none, or no more."""
        return next((tape for tape in self.of(page) if tape.number == number), None)

    def find_by_key(self, key: str) -> Tape | None:
        """Return any page's tape by its key; None if there is none, or no more."""
        return next((tape for tapes in self._pages.values() for tape in tapes if tape.key == key), None)

    def forget(self, page: str) -> None:
        """Forget a page that is gone."""
        self._pages.pop(page, None)
        self._numbers.pop(page, None)
