"""What a twin has done, in Prometheus's text format: one registry per twin, fed by the journal once per request, when it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from mock_server.catalog import CatalogEntry
from mock_server.faults import parse_faults
from mock_server.journal import Entry, Journal

__all__ = ["CONTENT_TYPE", "Metrics"]

PREFIX = "streamtwin_"
FIRST_PART_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DURATION_S = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 240, 480)
UNKNOWN = "(unknown)"
"""In place of an endpoint's name that the twin does not have: whoever asks could make as many series as he likes."""


@dataclass(frozen=True, slots=True)
class _Series:
    """What is counted of the answers of one endpoint through one front."""

    parts: Counter
    sent_bytes: Counter
    waited_s: Counter
    first_part_s: Histogram
    duration_s: Histogram


class Metrics:
    """The metrics of one twin.

    Args:
        journal: What it sees.
        endpoints: Returns what is served.
    """

    def __init__(self, journal: Journal, endpoints: Callable[[], Mapping[str, CatalogEntry]]) -> None:
        self._endpoints = endpoints
        self._registry = registry = CollectorRegistry()
        place = ("endpoint", "front")
        Gauge(f"{PREFIX}open_requests", "Requests that are being answered.", registry=registry).set_function(lambda: len(journal.open))
        self._requests = Counter(f"{PREFIX}requests", "Requests that ended, and how.", (*place, "ended"), registry=registry)
        self._parts = Counter(f"{PREFIX}parts", "Parts that left whole.", place, registry=registry)
        self._bytes = Counter(f"{PREFIX}sent_bytes", "Bytes of response bodies that left.", place, registry=registry)
        self._waited_s = Counter(f"{PREFIX}backpressure_seconds", "Time in which clients read too slowly.", place, registry=registry)
        self._faults = Counter(f"{PREFIX}faults", "Faults that struck.", ("fault",), registry=registry)
        self._first_part_s = Histogram(
            f"{PREFIX}first_part_seconds", "From an answer's beginning to its first part.", place, buckets=FIRST_PART_S, registry=registry
        )
        self._duration_s = Histogram(f"{PREFIX}duration_seconds", "From an answer's beginning to its end.", place, buckets=DURATION_S, registry=registry)
        self._series = cache(self._open_series)  # to find one by its labels costs more than to count in it
        self._ended = cache(self._requests.labels)
        journal.tell(self._count)

    def text(self) -> bytes:
        """Return all of them."""
        return generate_latest(self._registry)

    def _open_series(self, *place: str) -> _Series:
        return _Series(
            parts=self._parts.labels(*place),
            sent_bytes=self._bytes.labels(*place),
            waited_s=self._waited_s.labels(*place),
            first_part_s=self._first_part_s.labels(*place),
            duration_s=self._duration_s.labels(*place),
        )

    def _count(self, entry: Entry) -> None:
        place = (entry.endpoint if entry.endpoint in self._endpoints() else UNKNOWN, entry.front)
        self._ended(*place, entry.ended).inc()
        for name in _struck(entry):
            self._faults.labels(name).inc()
        if entry.status is None:
            return
        series = self._series(*place)
        series.parts.inc(entry.parts)
        series.sent_bytes.inc(entry.bytes)
        series.waited_s.inc(entry.waited_s)
        series.duration_s.observe(entry.duration_s)
        if entry.first_part_s is not None:
            series.first_part_s.observe(entry.first_part_s)


def _struck(entry: Entry) -> list[str]:
    """Return the names of the faults that struck: those that were not missed, and whose moment came before a client went."""
    if not entry.fault or entry.ended == "refused":
        return []
    faults = parse_faults(entry.fault).striking(entry.attempt)
    reached = [fault for fault in faults if entry.ended in {"completed", "fault"} or fault.after <= entry.parts]
    return [fault.name for fault in reached if fault.text not in entry.missed_faults]
