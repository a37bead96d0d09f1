"""What one person found for their own page: an endpoint of an account, or a container at an address, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from backends.account import AccountEndpoint
from backends.endpoints import Accepts, Endpoint
from backends.probe import Probed
from demo.language import mark

SAGEMAKER, CONTAINER = mark("SageMaker runtime"), mark("Container directly")
"""The ways to an endpoint, as the page calls them."""
NO_ROUTE = "no route"
"""The status of what answers at an address and knows no `/invocations`."""


@dataclass(frozen=True, slots=True)
class Found:
    """An endpoint that somebody may add to their list."""

    endpoint: Endpoint
    front: str
    container: str = ""
    """The model server, empty where it was not recognised."""
    status: str = ""
    """SageMaker's word, one of `backends.probe.Health`, or `NO_ROUTE`; empty where nobody has asked."""
    reason: str = ""
    """Why it failed."""
    region: str | None = None
    profile: str | None = None
    is_rehearsed: bool = False
    """Whether it was created on the page's own twin."""

    @property
    def label(self) -> str:
        """What it is called in lists; no two that differ have the same."""
        if self.front == CONTAINER:
            return self.endpoint.url or ""
        named = " / ".join(filter(None, (self.endpoint.name, self.endpoint.component)))
        return " · ".join(filter(None, (named, self.region, self.profile)))

    def taking(self, accepts: Accepts, family: str) -> Found:
        """Return the same as a person says that it is."""
        return replace(self, endpoint=replace(self.endpoint, accepts=accepts, family=family))


def is_elsewhere(found: Found | None) -> bool:
    """Return whether what is picked is out of the hands of the page and its twin; None is one of the page's own endpoints."""
    return found is not None and not found.is_rehearsed


def of_account(told: AccountEndpoint, region: str | None, profile: str | None) -> Found:
    """Return what an account tells of an endpoint."""
    known = told.recognised
    endpoint = Endpoint(told.name, known.accepts, known.family, component=told.component)
    return Found(endpoint, SAGEMAKER, known.container, told.status, told.reason, region, profile)


def at_address(probed: Probed) -> Found:
    """Return what was found at an address."""
    known, url = probed.recognised, urlsplit(probed.url)
    return Found(
        Endpoint(f"{url.netloc}{url.path}", known.accepts, known.family, probed.url),
        CONTAINER,
        known.container,
        probed.health if probed.takes_invocations else NO_ROUTE,
    )
