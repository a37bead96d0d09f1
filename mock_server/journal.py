"""What the twin saw of each request, and how the client behaved; bounded, and safe to ask from any thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import count, islice
from typing import Any, Literal, TypeAlias, get_args

Ended: TypeAlias = Literal["completed", "refused", "fault", "failed", "timed-out", "cancelled", "stopped"]
"""Whole; refused with an error of the service or the container; damaged as asked, or as a recording is; broken off by the model behind the endpoint; given up
at the service's time limit; closed by the client; closed because the twin stopped."""

Front: TypeAlias = Literal["runtime", "container"]
"""Which side of the twin was asked: the SageMaker Runtime, or a container itself."""

FaultFrom: TypeAlias = Literal["request", "queue", "default"]
"""Who asked for a fault: the request's own attributes; somebody beforehand, by `MockServer.queue_fault` or `/_mock/faults`; or a test for all of its own."""

MAX_ENTRIES = 1000
MAX_BYTES = 32 * 1024 * 1024
"""About so much all finished entries take; the oldest go first."""
MAX_BODY_BYTES = 16 * 1024
MAX_HEADER_CHARACTERS = 1024
TOLD_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "traceparent",
        "transfer-encoding",
        "user-agent",
    }
)
TOLD_PREFIX = "x-amzn-sagemaker-"
"""Headers whose values anybody may see: any other could hold a secret."""
ENTRY_BYTES = 1024
"""About what an entry takes besides what varies in length."""
TIME_BYTES = 32
"""What a float in a tuple takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request."""

    number: int = 0
    """Counts from 1 in order of arrival; 0 until the journal has it."""
    front: Front
    method: str = "POST"
    path: str
    endpoint: str
    request_id: str = ""
    attempt: int = 1
    """Which attempt of a request this is, as the SDK says in `amz-sdk-request`."""
    body: bytes = b""
    """The request's body, cut off at 16 KiB."""
    request_headers: Mapping[str, str] = field(default_factory=dict)
    """Of what the client sent, what is nobody's secret (`TOLD_HEADERS`), names in lower case."""
    custom_attributes: str = ""
    """What was forwarded to the container."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The same of what its container got."""
    variant: str = ""
    """The production variant that was invoked; empty where a container was asked itself."""
    script: str | None = None
    profile: str = ""
    """What timed the answer; empty for a recording's own times."""
    cut: str = ""
    http_cut: str | None = None
    fault: str | None = None
    fault_from: FaultFrom | None = None
    missed_faults: tuple[str, ...] = ()
    """Those among them that the answer ended before, or that had nothing to strike; `notes` say why."""
    seed: int = 0
    status: int | None = None
    """The HTTP status that was answered, None where no head left."""
    parts: int = 0
    """Parts of the answer that left whole."""
    bytes: int = 0
    """Bytes of the response's body that left, framing of the event stream included and of HTTP not."""
    ended: Ended | None = None
    """None while it is open."""
    cancelled_at_part: int | None = None
    """How many parts had left when the client closed the connection."""
    cancelled_at_byte: int | None = None
    """The same in bytes of the response's body."""
    planned_s: tuple[float, ...] = ()
    """When each of the first thousand parts was to leave, in seconds since the answer began, on the twin's clock."""
    kept_s: tuple[float, ...] = ()
    """When it left; as long as `planned_s`."""
    late_s: float = 0.0
    """The most by which any part left later than planned: the twin's own delay, and the client's and the model's if they made it wait."""
    duration_s: float = 0.0
    """From when the answer began to its end; 0 for what was refused at once."""
    waits: int = 0
    """How often the client read too slowly, so that nothing more could leave."""
    waited_s: float = 0.0
    """How long that was in all, in real time."""
    notes: tuple[str, ...] = ()

    @property
    def first_part_s(self) -> float | None:
        """When the first part left; None if none did."""
        return self.kept_s[0] if self.kept_s else None

    def as_json(self) -> dict[str, Any]:
        """Return the members as JSON can hold them."""
        return {member.name: getattr(self, member.name) for member in fields(self)} | {"body": self.body.decode(errors="replace")}

    def size_bytes(self) -> int:
        """Return about how much memory it takes."""
        texts = (self.path, self.endpoint, self.custom_attributes, self.fault or "", *self.request_headers.values(), *self.headers.values(), *self.notes)
        return ENTRY_BYTES + len(self.body) + sum(map(len, texts)) + TIME_BYTES * (len(self.planned_s) + len(self.kept_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which finished entries somebody wants; what is None does not matter."""

    endpoint: str | None = None
    ended: Ended | None = None
    front: Front | None = None

    def __post_init__(self) -> None:
        for name, word, known in (("ended", self.ended, get_args(Ended)), ("front", self.front, get_args(Front))):
            if word is not None and word not in known:
                raise ValueError(f"{name} is {word!r}; expected one of {', '.join(known)}")

    def fits(self, entry: Entry) -> bool:
        """Return whether an entry is one of them."""
        asked = ((self.endpoint, entry.endpoint), (self.ended, entry.ended), (self.front, entry.front))
        return all(value is None or value == actual for value, actual in asked)


def showable(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers, names in lower case, that a journal may hold; long values are cut off."""
    return {name: value[:MAX_HEADER_CHARACTERS] for name, value in headers.items() if name in TOLD_HEADERS or name.startswith(TOLD_PREFIX)}


class Journal:
    """The requests of one twin."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[int, Entry] = {}
        self._finished: deque[Entry] = deque()
        self._finished_bytes = 0
        self._ever_finished = 0
        self._counted_from = 0  # how many had finished at the last reset
        self._numbers = count(1)
        self._readers: list[Callable[[Entry], None]] = []

    @property
    def finished(self) -> tuple[Entry, ...]:
        """The entries that ended, in that order; the last thousand, or fewer if they are large."""
        with self._changed:
            return tuple(self._finished)

    @property
    def open(self) -> tuple[Entry, ...]:
        """The requests that are being answered."""
        with self._changed:
            return tuple(self._open.values())

    def count_open(self, endpoint: str) -> int:
        """Return how many requests that endpoint is answering."""
        with self._changed:
            return sum(entry.endpoint == endpoint for entry in self._open.values())

    def start(self, entry: Entry, **members: Any) -> Entry:
        """Note a request that is being answered; return its entry, with these members, and numbered."""
        with self._changed:
            numbered = self._number(entry, members)
            self._open[numbered.number] = numbered
            self._changed.notify_all()
        return numbered

    def finish(self, entry: Entry, **members: Any) -> None:
        """Note, with these members, how a request ended, also of one that was never started."""
        with self._changed:
            entry = replace(entry, **members) if entry.number else self._number(entry, members)
            self._open.pop(entry.number, None)
            self._finished.append(entry)
            self._finished_bytes += entry.size_bytes()
            self._ever_finished += 1
            while len(self._finished) > MAX_ENTRIES or self._finished_bytes > MAX_BYTES:
                self._finished_bytes -= self._finished.popleft().size_bytes()
            self._changed.notify_all()
        for read in self._readers:
            read(entry)

    def tell(self, reader: Callable[[Entry], None]) -> None:
        """Hand every entry that ends from now on to `reader`, in the thread that ends it."""
        self._readers.append(reader)

    def find(self, *, endpoint: str | None = None, ended: Ended | None = None, front: Front | None = None, limit: int | None = None) -> tuple[Entry, ...]:
        """Return the finished entries that are like that, in the order in which they ended; the last `limit` of them.

        Raises:
            ValueError: No entry ends with such a word, or has such a front; the message lists those that there are.
        """
        found = tuple(filter(Wanted(endpoint=endpoint, ended=ended, front=front).fits, self.finished))
        return found if limit is None else found[max(0, len(found) - limit) :]

    def page(self, wanted: Wanted, *, after: int, limit: int) -> tuple[list[Entry], int]:
        """Return up to `limit` finished entries behind the first `after`, and what to ask for as `after` to go on from there.

        `after` counts what has ended since the start, whether it was wanted or is still remembered.
        """
        with self._changed:
            finished, forgotten = tuple(self._finished), self._ever_finished - len(self._finished)
        numbered = enumerate(finished, forgotten + 1)
        found = list(islice(((number, entry) for number, entry in numbered if number > after and wanted.fits(entry)), limit))
        read = found[-1][0] if len(found) == limit else max(after, forgotten + len(finished))
        return [entry for _, entry in found], read

    def reset(self) -> None:
        """Forget what has finished."""
        with self._changed:
            self._finished.clear()
            self._finished_bytes = 0
            self._counted_from = self._ever_finished

    def wait(self, number: int = 1, *, timeout_s: float = 10.0) -> Entry:
        """Wait until `number` requests have ended since the start or `reset`; return the entry of the last of these, so that 1 is the first to end.

        Raises:
            TimeoutError: They have not, in time; the message names the requests that are still open.
            LookupError: That entry is forgotten.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._ever_finished - self._counted_from >= number, timeout_s):
                ended = self._ever_finished - self._counted_from
                raise TimeoutError(f"{ended} of {number} requests have ended after {timeout_s} s; still open: {self._say_open()}")
            forgotten = self._ever_finished - self._counted_from - len(self._finished)
            if number <= forgotten:
                raise LookupError(f"request {number} to end is forgotten: the journal keeps the last {MAX_ENTRIES}, up to {MAX_BYTES} bytes")
            return self._finished[number - forgotten - 1]

    def wait_open(self, requests: int = 1, *, timeout_s: float = 10.0) -> tuple[Entry, ...]:
        """Wait until at least so many requests are being answered at once; return their entries.

        Raises:
            TimeoutError: They are not, in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._open) >= requests, timeout_s):
                raise TimeoutError(f"{len(self._open)} of {requests} requests are open after {timeout_s} s: {self._say_open()}")
            return tuple(self._open.values())

    def _number(self, entry: Entry, members: Mapping[str, Any]) -> Entry:
        return replace(entry, number=next(self._numbers), body=entry.body[:MAX_BODY_BYTES], **members)

    def _say_open(self) -> str:
        return ", ".join(f"{entry.path} (number {entry.number})" for entry in self._open.values()) or "none"
