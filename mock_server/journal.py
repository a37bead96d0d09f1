"""What the twin saw of each request, and how the client behaved; bounded, and safe to ask from any thread."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from typing import Any, Literal, TypeAlias

Ended: TypeAlias = Literal["completed", "refused", "fault", "failed", "timed-out", "cancelled", "stopped"]
"""Whole; refused with an error of the service or the container; damaged as asked, or as a recording is; broken off by the model behind the endpoint; given up
at the service's time limit; closed by the client; closed because the twin stopped."""

Front: TypeAlias = Literal["runtime", "container"]
"""Which side of the twin was asked: the SageMaker Runtime, or a container itself."""

MAX_ENTRIES = 1000
MAX_BODY_BYTES = 16 * 1024
MAX_HEADER_CHARACTERS = 1024
SECRET = re.compile("auth|cookie|credential|key|secret|signature|token")
"""What is in the name of a header whose value nobody else is to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request."""

    number: int = 0
    """Counts from 1 in order of arrival; 0 until the journal has it."""
    front: Front
    path: str
    endpoint: str
    request_id: str = ""
    attempt: int = 1
    """Which attempt of a request this is, as the SDK says in `amz-sdk-request`."""
    body: bytes = b""
    """The request's body, cut off at 16 KiB."""
    custom_attributes: str = ""
    """What was forwarded to the container."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What its container got, names in lower case, without what could be a secret."""
    variant: str = ""
    """The production variant that was invoked; empty where a container was asked itself."""
    script: str | None = None
    profile: str = ""
    """What timed the answer; empty for a recording's own times."""
    cut: str = ""
    http_cut: str | None = None
    fault: str | None = None
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
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the members as JSON can hold them."""
        return {**asdict(self), "body": self.body.decode(errors="replace")}


def showable(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers, names in lower case, that a journal may hold; long values are cut off."""
    return {name: value[:MAX_HEADER_CHARACTERS] for name, value in headers.items() if not SECRET.search(name)}


class Journal:
    """The requests of one twin."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[int, Entry] = {}
        self._finished: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._ever_finished = 0
        self._numbers = count(1)

    @property
    def finished(self) -> tuple[Entry, ...]:
        """The entries that ended, in that order; the last thousand."""
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

    def start(self, entry: Entry) -> Entry:
        """Note a request that is being answered; return its entry, numbered."""
        with self._changed:
            numbered = replace(entry, number=next(self._numbers), body=entry.body[:MAX_BODY_BYTES])
            self._open[numbered.number] = numbered
            self._changed.notify_all()
        return numbered

    def finish(self, entry: Entry) -> None:
        """Note how a request ended, also of one that was never started."""
        with self._changed:
            entry = entry if entry.number else self.start(entry)
            self._open.pop(entry.number, None)
            self._finished.append(entry)
            self._ever_finished += 1
            self._changed.notify_all()

    def reset(self) -> None:
        """Forget what has finished."""
        with self._changed:
            self._finished.clear()
            self._ever_finished = 0

    def wait(self, number: int = 1, *, timeout_s: float = 10.0) -> Entry:
        """Wait until `number` requests have ended since the start or `reset`; return the entry of the last of these, so that 1 is the first to end.

        Raises:
            TimeoutError: They have not, in time; the message names the requests that are still open.
            LookupError: That entry is no more among the last thousand.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._ever_finished >= number, timeout_s):
                raise TimeoutError(f"{self._ever_finished} of {number} requests have ended after {timeout_s} s; still open: {self._say_open()}")
            forgotten = self._ever_finished - len(self._finished)
            if number <= forgotten:
                raise LookupError(f"request {number} to end is forgotten: the journal keeps the last {MAX_ENTRIES}")
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

    def _say_open(self) -> str:
        return ", ".join(f"{entry.path} (number {entry.number})" for entry in self._open.values()) or "none"
