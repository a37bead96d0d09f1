"""Whom the page talks to: the embedded twin through both of its fronts, a SageMaker endpoint, or a container."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from backends.chat import ChatBackend
from backends.connection import Timeouts
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import ConfigurationError
from backends.sagemaker import Credentials, SageMakerBackend
from backends.settings import Settings
from demo.language import mark
from demo.limits import limits_of
from mock_server import MockServer

SAGEMAKER, CONTAINER = mark("SageMaker runtime"), mark("Container directly")


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
    _open: dict[str, ChatBackend] = field(default_factory=dict)

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint `name`; raises KeyError."""
        return {endpoint.name: endpoint for endpoint in self.endpoints}[name]

    def backend(self, front: str) -> ChatBackend:
        """Return the backend behind `front`; raises KeyError and ConfigurationError."""
        if front not in self._open:
            self._open[front] = self.fronts[front]()
        return self._open[front]

    async def aclose(self) -> None:
        """Close every connection."""
        while self._open:
            await self._open.popitem()[1].aclose()


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """Open what `settings` name, a twin of our own included, which ends with the block; raises ConfigurationError."""
    timeouts = Timeouts(total_s=limits_of(settings).answer_s)
    if settings.backend == "mock":
        with MockServer(profile="typical") as twin:
            yield _twin_desk(twin, settings.endpoint_name, timeouts)
    else:
        yield _sagemaker_desk(settings, timeouts) if settings.backend == "sagemaker" else _container_desk(settings, timeouts)


def _twin_desk(twin: MockServer, picked: str | None, timeouts: Timeouts) -> Desk:
    names = [endpoint.name for endpoint in twin.endpoints]
    if picked is not None and picked not in names:
        raise ConfigurationError(f"ENDPOINT_NAME (--endpoint) is {picked!r}; the built-in twin has {', '.join(names)}.")
    return Desk(
        headline=mark("The built-in twin of a SageMaker endpoint. Nothing leaves this machine."),
        place=urlsplit(twin.url).netloc,
        endpoints=tuple(sorted(twin.endpoints, key=lambda endpoint: endpoint.name != picked)),
        fronts={SAGEMAKER: lambda: _twin_backend(twin.url, timeouts), CONTAINER: lambda: ContainerBackend(timeouts=timeouts, use_proxy=False)},
        scripted=True,
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
