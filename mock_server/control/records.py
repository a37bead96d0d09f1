"""What the control plane keeps: each thing with the steps that it goes through, so that its state is read from the clock and no timer runs."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mock_server.control.kinds import Kind

BUSY = frozenset({"Creating", "Updating", "RollingBack", "Deleting"})
"""States in which nothing can be changed or deleted."""


@dataclass(frozen=True, slots=True)
class Container:
    """What runs: an image, what it is told, and where its model is."""

    image: str
    environment: Mapping[str, str] = field(default_factory=dict)
    model_data_url: str = ""
    """An archive, or a prefix that ends in `/`; empty for none."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A production variant."""

    name: str
    weight: float
    containers: tuple[Container, ...]
    """The primary one first; none where inference components run on it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the states that a thing goes through."""

    status: str
    """Empty for a thing that has none."""
    from_s: float
    """When it begins, on the twin's clock."""
    members: Mapping[str, Any] = field(default_factory=dict)
    """What is described besides what was given at creation."""
    variants: tuple[Variant, ...] = ()
    """What answers meanwhile; of a component, the one that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing."""

    kind: Kind
    name: str
    region: str
    given: Mapping[str, Any]
    """The input that it was created from, or changed to, without tags."""
    created_at: datetime
    created_s: float
    """The same moment on the twin's clock."""
    steps: tuple[Step, ...]
    """In the order of their moments."""
    tags: Mapping[str, str] = field(default_factory=dict)
    gone_s: float = math.inf
    """From when on it is no more."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.kind.arn(self.region, self.name)

    def at(self, now_s: float) -> Step:
        """Return the step that it is in."""
        return next((step for step in reversed(self.steps) if step.from_s <= now_s), self.steps[0])

    def is_busy(self, now_s: float) -> bool:
        """Whether it is being created, changed or deleted."""
        return self.at(now_s).status in BUSY

    def modified_at(self, now_s: float) -> datetime:
        """Return when the step that it is in began."""
        return self.created_at + timedelta(seconds=self.at(now_s).from_s - self.created_s)


class Store:
    """All things of one twin, by region; names are case-insensitive. From any thread.

    Args:
        now_s: Returns the time by which things come and go.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}

    def find(self, arn: str) -> Record | None:
        """Return the thing that has this ARN."""
        with self._lock:
            record = self._records.get(arn.lower())
        return record if record is not None and record.gone_s > self._now_s() else None

    def all(self, kind: Kind | None = None, region: str | None = None) -> list[Record]:
        """Return all of a kind, or of every kind, in a region, or in every region; the oldest first."""
        now_s = self._now_s()
        with self._lock:
            self._records = {arn: record for arn, record in self._records.items() if record.gone_s > now_s}
            return [record for record in self._records.values() if kind in {None, record.kind} and region in {None, record.region}]

    def put(self, record: Record) -> None:
        """Keep a thing, in place of the one that has its ARN."""
        with self._lock:
            self._records[record.arn] = record

    def remove(self, record: Record) -> None:
        """Keep it no more."""
        with self._lock:
            self._records.pop(record.arn, None)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._records.clear()
