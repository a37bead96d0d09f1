"""Whom the page talks to: the embedded twin through both of its fronts, a SageMaker endpoint, or a container."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from backends.chat import ChatBackend
from backends.connection import Timeouts
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import ConfigurationError
from backends.sagemaker import Credentials, SageMakerBackend
from backends.settings import Settings
from demo.found import CONTAINER, SAGEMAKER, Found, is_elsewhere
from demo.language import mark
from demo.limits import limits_of
from mock_server import MockServer

__all__ = ["CONTAINER", "SAGEMAKER", "Desk", "open_desk"]

OWN_TWIN = mark("The built-in twin of a SageMaker endpoint. Nothing leaves this machine.")
PUBLIC_TWIN = mark("A twin of a SageMaker endpoint, on the server of this page. What you type goes there, and no further.")
CREATION_S = 2.0
"""How long the twin takes to create an endpoint: long enough to be seen, where SageMaker takes minutes."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """The endpoints of a page and the ways to them; a backend is made when it is first asked for, on the loop that uses it."""

    headline: str
    """One line for the top of the page, which is translated."""
    place: str
    """Whom one talks to: an address or a name."""
    endpoints: tuple[Endpoint, ...]
    """The first one is picked when the page opens."""
    fronts: Mapping[str, Callable[[], ChatBackend]]
    """The ways to an endpoint, by what the page calls them."""
    scripted: bool = False
    """Whether the far side is a twin, which takes cuts, faults and profiles."""
    public: bool = False
    """Whether strangers come: nothing is then reached but `endpoints`."""
    may_deploy: bool = False
    """Whether people may create endpoints in the AWS account of the machine that serves the page."""
    containers: Mapping[str, str] = field(default_factory=dict)
    """What runs at them, by their names, where that is known."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    twin: MockServer | None = None
    """The page's own, where endpoints can be created for nothing."""
    _open: dict[Hashable, ChatBackend] = field(default_factory=dict)

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint `name`; raises KeyError."""
        return {endpoint.name: endpoint for endpoint in self.endpoints}[name]

    def backend(self, front: str, found: Found | None = None) -> ChatBackend:
        """Return the backend behind `front`, or the one that reaches what somebody found; raises KeyError and ConfigurationError."""
        if found and not is_elsewhere(found):
            front, found = found.front, None
        way = (found.front, found.region, found.profile) if found else front
        if way not in self._open:
            self._open[way] = self._reach(found) if found else self.fronts[front]()
        return self._open[way]

    def _reach(self, found: Found) -> ChatBackend:
        self.check_private()
        if found.front == CONTAINER:
            return ContainerBackend(timeouts=self.timeouts)
        return SageMakerBackend(region=found.region, profile=found.profile, timeouts=self.timeouts)

    @property
    def tells_all(self) -> bool:
        """Whether whoever asks reads what a far side says of a failure; to strangers a real one's words would name what is its owner's."""
        return self.scripted or not self.public

    def check_private(self) -> None:
        """Let somebody pass who may reach more than the page's own endpoints; raises ConfigurationError on a public page."""
        if self.public:
            raise ConfigurationError("this page is public and reaches no other endpoints than its own")

    def check_may_deploy(self) -> None:
        """Let somebody pass who may create endpoints in the account; raises ConfigurationError where the owner has not allowed that."""
        if not self.may_deploy:
            raise ConfigurationError("this page creates no endpoints in an AWS account: its owner allows it by CHAT_DEPLOY=yes")

    async def aclose(self) -> None:
        """Close every connection."""
        while self._open:
            await self._open.popitem()[1].aclose()


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """Open what `settings` name, a twin of our own included, which ends with the block; raises ConfigurationError."""
    timeouts = Timeouts(total_s=limits_of(settings).answer_s)
    if settings.backend == "mock":
        with MockServer(profile="typical", creation_s=CREATION_S) as twin:
            desk = _twin_desk(twin, settings, timeouts)
            yield replace(desk, public=settings.public, may_deploy=settings.deploy and not settings.public, timeouts=timeouts)
    else:
        desk = _sagemaker_desk(settings, timeouts) if settings.backend == "sagemaker" else _container_desk(settings, timeouts)
        yield replace(desk, public=settings.public, may_deploy=settings.deploy and not settings.public, timeouts=timeouts)


def _twin_desk(twin: MockServer, settings: Settings, timeouts: Timeouts) -> Desk:
    picked = settings.endpoint_name
    names = [endpoint.name for endpoint in twin.endpoints]
    if picked is not None and picked not in names:
        raise ConfigurationError(f"ENDPOINT_NAME (--endpoint) is {picked!r}; the built-in twin has {', '.join(names)}.")
    return Desk(
        headline=PUBLIC_TWIN if settings.public else OWN_TWIN,
        place=urlsplit(twin.url).netloc,
        endpoints=tuple(sorted(twin.endpoints, key=lambda endpoint: endpoint.name != picked)),
        fronts={SAGEMAKER: lambda: _twin_backend(twin.url, timeouts), CONTAINER: lambda: ContainerBackend(timeouts=timeouts, use_proxy=False)},
        scripted=True,
        containers=twin.containers,
        twin=twin,
    )


def _twin_backend(url: str, timeouts: Timeouts) -> SageMakerBackend:
    return SageMakerBackend(region="us-east-1", endpoint_url=url, credentials=Credentials("twin", "no-secret"), timeouts=timeouts, use_proxy=False)


def _sagemaker_desk(settings: Settings, timeouts: Timeouts) -> Desk:
    endpoint = Endpoint(
        settings.endpoint_name or "", accepts=settings.accepts, family=settings.family, component=settings.component, has_sessions=settings.sessions
    )
    fronts = {SAGEMAKER: lambda: SageMakerBackend(timeouts=timeouts)}
    return Desk(headline=mark("A SageMaker endpoint, with your AWS credentials."), place=endpoint.name, endpoints=(endpoint,), fronts=fronts)


def _container_desk(settings: Settings, timeouts: Timeouts) -> Desk:
    url = settings.container_url or ""
    endpoint = Endpoint(settings.endpoint_name or urlsplit(url).netloc, accepts=settings.accepts, family=settings.family, url=url)
    return Desk(
        headline=mark("A model container, reached directly."), place=url, endpoints=(endpoint,), fronts={CONTAINER: lambda: ContainerBackend(timeouts=timeouts)}
    )
