"""The control plane of one twin: what it keeps, by which clock, and what is deployed by now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mock_server.clock import Clock
from mock_server.control.calls import Calls
from mock_server.control.errors import not_found
from mock_server.control.faults import ControlFault, words_in
from mock_server.control.kinds import COMPONENT, ENDPOINT, KINDS, Kind
from mock_server.control.records import Record, Store, Variant


@dataclass(slots=True)
class Progress:
    """What is known of a call so far, for the log."""

    target: str
    """What it says in `X-Amz-Target`."""
    region: str
    name: str = ""
    parameters: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, as its handler sees it."""

    operation: str
    region: str
    given: Mapping[str, Any]
    fault: ControlFault | None = None
    """What is to become of that which the call begins."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """An endpoint that was created, as it is at this moment."""

    name: str
    arn: str
    region: str
    status: str
    reason: str
    """Why it failed; empty if it did not."""
    created_at: datetime
    variants: tuple[Variant, ...]
    """What answers; none until it is in service for the first time, and while it goes."""
    components: Mapping[str, Variant]
    """The inference components that answer, by name."""


class ControlPlane:
    """What all calls to one twin's control plane share.

    Args:
        clock: What states change by.
        utc_now: The time that things are said to be created at.
        creation_s: How long it takes to create, change or delete an endpoint or a component; infinite for one that is never done.
    """

    def __init__(self, clock: Clock, utc_now: Callable[[], datetime], creation_s: float) -> None:
        self.clock = clock
        self.utc_now = utc_now
        self.creation_s = creation_s
        self.store = Store(clock.now_s)
        self.calls = Calls()

    def get(self, kind: Kind, region: str, name: str) -> Record:
        """Return a thing by its name, in whatever case.

        Raises:
            ControlError: There is none.
        """
        arn = kind.arn(region, name)
        record = self.store.find(arn)
        if record is None:
            raise not_found(kind, arn)
        return record

    def find_endpoint(self, name: str, region: str | None = None) -> Deployed | None:
        """Return an endpoint as it is now, in a region or in whichever has it; None if there is none of that very name."""
        found = (record for record in self.store.all(ENDPOINT, region) if record.name == name)
        return next(map(self._deployed, found), None)

    def endpoints(self, region: str | None = None) -> tuple[Deployed, ...]:
        """Return all endpoints as they are now, of a region or of all, the oldest first."""
        return tuple(map(self._deployed, self.store.all(ENDPOINT, region)))

    def forget(self) -> None:
        """Forget all that was created, and the calls."""
        self.store.clear()
        self.calls.clear()

    async def settle(self) -> None:
        """Return when nothing changes any more by itself; at once where something does so never."""
        while (moment_s := self._next_change_s()) < math.inf:
            await self.clock.sleep_until(moment_s)

    def fault_words(self, asked: Asked) -> Iterator[str]:
        """Yield the faults that are named by what a call gives, and by all that it refers to."""
        yield from words_in(asked.given)
        seen: set[str] = set()
        waiting: list[Mapping[str, Any]] = [asked.given]
        while waiting:
            for arn in _arns_in(waiting.pop(), asked.region):
                record = None if arn in seen else self.store.find(arn)
                seen.add(arn)
                if record is not None:
                    yield from words_in([{"Key": key, "Value": value} for key, value in record.tags.items()])
                    yield from words_in(record.given)
                    waiting.append(record.given)

    def _next_change_s(self) -> float:
        now_s = self.clock.now_s()
        moments = (moment_s for record in self.store.all() for moment_s in (*(step.from_s for step in record.steps), record.gone_s))
        return min((moment_s for moment_s in moments if moment_s > now_s), default=math.inf)

    def _deployed(self, record: Record) -> Deployed:
        now_s = self.clock.now_s()
        step = record.at(now_s)
        components = {
            component.name: variant
            for component in self.store.all(COMPONENT, record.region)
            if component.given["EndpointName"].lower() == record.name.lower()
            for variant in component.at(now_s).variants
        }
        reason = step.members.get("FailureReason", "")
        return Deployed(record.name, record.arn, record.region, step.status, reason, record.created_at, step.variants, components)


def _arns_in(given: Any, region: str) -> Iterator[str]:
    """Yield the ARNs of all that is named anywhere in an input."""
    if isinstance(given, Mapping):
        for kind in KINDS:
            if isinstance(name := given.get(kind.name_member), str):
                yield kind.arn(region, name)
        for member in given.values():
            yield from _arns_in(member, region)
    elif isinstance(given, list | tuple):
        for member in given:
            yield from _arns_in(member, region)
