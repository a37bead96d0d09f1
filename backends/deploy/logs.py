"""What an endpoint's containers have logged, polled from CloudWatch Logs: live tailing needs a host that no twin has.

Source: SageMaker's guide (the log group of an endpoint); CloudWatch Logs' API reference (FilterLogEvents).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backends.deploy.aws import Caller, pages
from backends.deploy.plan import Call
from backends.errors import RequestRejected

GROUP = "/aws/sagemaker/Endpoints/"
PAGE = 1000
OVERLAP_S = 60
"""How far back is looked again: events arrive late, and out of order."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event."""

    at_s: float
    """Since 1970."""
    stream: str
    """`variant/instance`."""
    text: str


def filter_events(name: str, since_s: float, pattern: str = "") -> Call:
    """Return the call that asks for an endpoint's events since a time."""
    more = {"filterPattern": pattern} if pattern else {}
    return Call("logs", "FilterLogEvents", {"logGroupName": f"{GROUP}{name}", "startTime": max(0, round(since_s * 1000)), "limit": PAGE, **more})


class Logs:
    """The events of one endpoint, each told once."""

    def __init__(self, aws: Caller, name: str, *, since_s: float, pattern: str = "") -> None:
        self._aws = aws
        self._name = name
        self._since_s = since_s
        self._pattern = pattern
        self._told: set[str] = set()

    def poll(self) -> Iterator[Line]:
        """Yield what came since the last time; nothing while there is no log at all. Raises BackendError."""
        newest_s = self._since_s
        try:
            for event in pages(self._aws, filter_events(self._name, self._since_s, self._pattern), "events"):
                at_s = event["timestamp"] / 1000
                newest_s = max(newest_s, at_s - OVERLAP_S)
                if event["eventId"] not in self._told:
                    self._told.add(event["eventId"])
                    yield Line(at_s, event["logStreamName"], event["message"].rstrip())
        except RequestRejected as refusal:
            if refusal.code != "ResourceNotFoundException":
                raise
        self._since_s = newest_s
