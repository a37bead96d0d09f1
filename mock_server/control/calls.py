"""What the control plane was asked: operation, names of parameters and outcome of each call; no parameter's value but the name of what it is about."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

MAX_CALLS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call."""

    number: int = 0
    """Counts from 1 in order of the answers."""
    request_id: str
    service: str
    """`sagemaker` or `tagging`: the prefix of the IAM action."""
    operation: str
    region: str
    name: str = ""
    """Of what it is about; empty for lists."""
    parameters: tuple[str, ...] = ()
    """The names of the members that it gave."""
    status: int
    """0 where the connection was broken instead of an answer."""
    code: str = ""
    """Of the error; empty for success."""
    fault: str = ""
    """What was asked to go wrong, and did."""


class Calls:
    """The last thousand calls of one twin; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self._numbers = count(1)
        self._readers: list[Callable[[Call], None]] = []

    @property
    def all(self) -> tuple[Call, ...]:
        """The calls that are remembered, in the order of their answers."""
        with self._lock:
            return tuple(self._calls)

    def add(self, call: Call) -> None:
        """Keep a call, with a number, and hand it to who reads along."""
        with self._lock:
            numbered = replace(call, number=next(self._numbers))
            self._calls.append(numbered)
        for read in self._readers:
            read(numbered)

    def tell(self, reader: Callable[[Call], None]) -> None:
        """Hand every call from now on to `reader`."""
        self._readers.append(reader)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._calls.clear()
