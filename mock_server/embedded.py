"""The twin inside another process: a thread with an event loop of its own, on a port that is bound before it starts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from backends.endpoints import Endpoint
from mock_server import catalog as catalogs
from mock_server.app import create_app
from mock_server.clock import Clock
from mock_server.control.calls import Call
from mock_server.control.plane import Deployed
from mock_server.journal import Journal
from mock_server.server import Server, bind
from mock_server.settings import CREATION_S, TwinSettings
from mock_server.sigv4 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Level, utc_now
from mock_server.tls import Certificate
from mock_server.twin import Twin

HOST = "127.0.0.1"


def environ_for(url: str, region: str, authority: Path | None = None) -> dict[str, str]:
    """Return the variables that point any AWS SDK at a twin: all services' endpoint, region, dummy keys, no proxy on the way, a certificate to trust."""
    host = str(urlsplit(url).hostname)
    trust = {"AWS_CA_BUNDLE": str(authority.resolve())} if authority else {}
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "NO_PROXY": host,
        "no_proxy": host,
        **trust,
    }


class MockServer:
    """A running twin; a context manager, or `start` and `stop`.

    Args:
        catalog: A catalog file; without it, the one that comes with the twin.
        profile: How fast the endpoints answer whose catalog does not say.
        clock: What their waits are measured by.
        time_limits: What SageMaker's limits are multiplied by, 60 s for a plain call and 8 minutes for a stream; `math.inf` for none. `mock.speed` divides
            them as it does every wait.
        creation_s: How long an endpoint takes to be created, changed or deleted, by `clock`; `math.inf` for one that is never done.
        sigv4: How closely it looks at signatures: `off`, `shape` (well formed, whoever signed) or `verify` (the dummy key's, for `region`, and fresh).
        region: The AWS region that it stands for.
        utc_now: The time that signatures are checked by.
        tls: The files of a certificate and of its key, in PEM, to answer over TLS alone; a third file is the authority that clients have to trust.

    Raises:
        CatalogError: The catalog does not load.
        WordError: There is no such profile, or no such level.
        CertificateError: A file of `tls` is missing, or not what it should be.
    """

    def __init__(
        self,
        *,
        catalog: Path | str | None = None,
        profile: str = "instant",
        clock: Clock | None = None,
        time_limits: float = 1.0,
        creation_s: float = CREATION_S,
        sigv4: Level = "off",
        region: str = "us-east-1",
        utc_now: Callable[[], datetime] = utc_now,
        tls: Sequence[Path | str] | None = None,
    ) -> None:
        file = Path(catalog) if catalog else catalogs.FILE
        self.journal = Journal()
        """What it saw."""
        self._thread: threading.Thread | None = None
        self._settings = TwinSettings(
            profile=profile, time_limits=time_limits, creation_s=creation_s, region=region, sigv4=sigv4, utc_now=utc_now, folder=file.parent
        )
        self._certificate = Certificate(*map(Path, tls)) if tls else None
        app = create_app(catalogs.load_catalog(file), clock, settings=self._settings, journal=self.journal)
        self._twin: Twin = app.state.twin
        self._server = Server(app, self._certificate)
        self._listener = bind(HOST, 0)
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self._listener.getsockname()[1]}"
        """Where it is: an SDK's endpoint URL."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What it serves, with the URL of each container."""
        return tuple(entry.as_endpoint(self.url) for entry in self._twin.catalog.values())

    @property
    def containers(self) -> dict[str, str]:
        """The container of each endpoint by its name: family and version, as `tgi-2.4`."""
        return {name: entry.container.name for name, entry in self._twin.catalog.items()}

    @property
    def environ(self) -> dict[str, str]:
        """Variables that point any AWS SDK at it: the endpoint, its region, dummy keys, no proxy on the way, and whose certificate to trust."""
        return environ_for(self.url, self._settings.region, self._certificate.authority if self._certificate else None)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What the control plane was asked: the last thousand calls, in the order of their answers."""
        return self._twin.control.calls.all

    @property
    def created(self) -> tuple[Deployed, ...]:
        """The endpoints that were created by the control plane, as they are now, the oldest first."""
        return self._twin.control.endpoints()

    def find_endpoint(self, name: str) -> Deployed | None:
        """Return an endpoint that was created by the control plane, as it is now; None if there is none of that name."""
        return self._twin.control.find_endpoint(name)

    def queue_fault(self, fault: str, *, endpoint: str | None = None, times: int = 1) -> None:
        """Let a fault, written as in `mock.fault`, strike the next requests that can have it and ask for none themselves, to one endpoint or to any.

        One that is written `NAME@OPERATION`, as `access-denied@CreateEndpoint`, strikes calls of the control plane, about `endpoint` or anything.

        Raises:
            WordError: It is no fault.
            LookupError: There is no such endpoint.
        """
        self._twin.queue_fault(fault, endpoint, times)

    def set_defaults(self, **values: object) -> None:
        """Let requests have these that do not ask for them themselves, until `reset`: what they could ask by `mock.`, as `cut="every-byte", seed=7`.

        A fault strikes each request that can have it; one from `queue_fault` goes before it.

        Raises:
            WordError: No endpoint knows such a name, or such a value.
        """
        self._twin.defaults.set(values, self._twin.catalog.values())

    def break_off(self) -> None:
        """Close the connections whose requests are being answered, as a twin that stops; return when they have ended."""
        self._server.break_off()

    def reset(self) -> None:
        """Forget what was seen and created, the faults that wait, the defaults and the sessions, and serve the catalog again; what runs goes on."""
        self._twin.forget()

    def start(self) -> Self:
        """Start to answer; connections made before wait in the listener's queue."""
        self._thread = threading.Thread(target=self._run, name="streamtwin", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, and close what is open; a second time does nothing."""
        self._server.stop()
        if self._thread is not None:
            self._thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))
