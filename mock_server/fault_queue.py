"""Faults that were ordered beforehand: each waits for the next request that can have it, as many times as it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from mock_server.control.faults import ORDER, ControlFault, parse_control_fault
from mock_server.faults import Faults, parse_faults
from mock_server.words import WordError

MAX_WAITING = 1000
MAX_TIMES = 1_000_000


@dataclass(frozen=True, slots=True)
class QueuedFault:
    """One order."""

    number: int
    """Counts from 1 in order of arrival."""
    faults: Faults | ControlFault
    endpoint: str | None
    """None: whichever is asked next. Of the control plane's faults, whatever has that name."""
    times: int
    """How many requests it is still for."""


class FaultQueue:
    """The orders of one twin; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, QueuedFault] = {}
        self._numbers = count(1)

    @property
    def waiting(self) -> tuple[QueuedFault, ...]:
        """The orders that are left, the oldest first."""
        with self._lock:
            return tuple(self._waiting.values())

    def add(self, fault: str, endpoint: str | None = None, times: int = 1) -> QueuedFault:
        """Order a fault, written as in `mock.fault`, or as `control.faults` says for the control plane.

        Raises:
            WordError: It is none, or there are too many.
        """
        if not 1 <= times <= MAX_TIMES:
            raise WordError(f"times: received {times!r}", f"a whole number from 1 to {MAX_TIMES}")
        faults = parse_control_fault(fault) if ORDER.fullmatch(fault) else parse_faults(fault)
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                raise WordError(f"{MAX_WAITING} faults are waiting", "no more; remove one")
            order = QueuedFault(next(self._numbers), faults, endpoint, times)
            self._waiting[order.number] = order
        return order

    def take(self, endpoint: str, can_have: Callable[[Faults], bool]) -> Faults | None:
        """Return what the oldest order for a request to this endpoint asks for that it can have; None where there is none."""
        with self._lock:
            for order in self._waiting.values():
                if isinstance(order.faults, Faults) and order.endpoint in {None, endpoint} and can_have(order.faults):
                    self._use(order)
                    return order.faults
        return None

    def take_control(self, operation: str, name: str) -> ControlFault | None:
        """Return the oldest order for a call of this operation, about something of this name, of the control plane."""
        with self._lock:
            for order in self._waiting.values():
                if isinstance(order.faults, ControlFault) and order.endpoint in {None, name} and order.faults.strikes(operation):
                    self._use(order)
                    return order.faults
        return None

    def remove(self, number: int) -> None:
        """Take an order back; raises KeyError."""
        with self._lock:
            del self._waiting[number]

    def clear(self) -> None:
        """Take all orders back."""
        with self._lock:
            self._waiting.clear()

    def _use(self, order: QueuedFault) -> None:
        if order.times == 1:
            del self._waiting[order.number]
        else:
            self._waiting[order.number] = replace(order, times=order.times - 1)
