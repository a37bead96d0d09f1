"""The twin as an ASGI application; it runs on `mock_server.server.Server` alone, whose connections the streams are written to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi import FastAPI
from starlette.routing import Mount, Route

from mock_server import access
from mock_server.admin import admin_app
from mock_server.catalog import CatalogEntry
from mock_server.clock import Clock, LoopClock
from mock_server.container_front import container_routes
from mock_server.control.app import ControlApp
from mock_server.control.container_logs import ContainerLogs
from mock_server.control.created import Created
from mock_server.control.jumpstart import with_jumpstart
from mock_server.control.neighbours import Neighbours
from mock_server.control.one_port import AwsRoute
from mock_server.control.plane import ControlPlane
from mock_server.journal import Journal
from mock_server.metrics import Metrics
from mock_server.openai_route import openai_routes
from mock_server.profiles import find_profile
from mock_server.runtime import runtime_routes
from mock_server.served import Served
from mock_server.sessions import Sessions
from mock_server.settings import TwinSettings
from mock_server.sigv4 import Gate
from mock_server.twin import Twin

DEFAULTS = TwinSettings()


def create_app(
    catalog: Mapping[str, CatalogEntry],
    clock: Clock | None = None,
    *,
    settings: TwinSettings = DEFAULTS,
    journal: Journal | None = None,
    any_host: bool = False,
) -> FastAPI:
    """Wire the fronts of a twin together; its `state.twin` is what they share.

    Args:
        catalog: The endpoints to serve.
        clock: What their waits are measured by; without it, the event loop's.
        settings: What holds for all of them.
        journal: Where the twin writes what it sees.
        any_host: Whether `/_mock/` may be asked under any name.

    Raises:
        WordError: There is no such profile, or no such level of signature checks.
    """
    twin = _create_twin(catalog, clock or LoopClock(), settings, journal or Journal())
    admin = Mount("/_mock", admin_app(twin, any_host=any_host))
    admin.path_regex = re.compile(admin.path_regex.pattern, re.DOTALL)  # a line end in a path is no reason to answer as nobody
    app = FastAPI(title="streamtwin", docs_url=None, redoc_url=None, openapi_url=None)  # the document of what is ours is at /_mock/openapi.json
    app.state.twin = twin
    neighbours = Neighbours(twin.logs.prepare)
    aws = [AwsRoute({"s3": with_jumpstart(neighbours)}, neighbours), Route("/", ControlApp(twin), methods=["POST"])]
    app.router.routes += [*aws, admin, *container_routes(twin), *openai_routes(twin), *runtime_routes(twin)]
    return app


def _create_twin(catalog: Mapping[str, CatalogEntry], clock: Clock, settings: TwinSettings, journal: Journal) -> Twin:
    gate = Gate(settings.sigv4, settings.region, settings.utc_now)
    served = Served(catalog, settings.folder, lambda name, rules: Sessions(name, rules, clock, settings.utc_now))
    journal.tell(access.log)
    metrics = Metrics(journal, lambda: served.now.entries)
    control = ControlPlane(clock, settings.utc_now, settings.creation_s)
    control.calls.tell(access.log_call)
    created = Created(control)
    logs = ContainerLogs(control, created, settings.utc_now)
    journal.tell(logs.note)
    return Twin(served, find_profile(settings.profile), clock, journal, gate, settings.time_limits, metrics, control, created, logs)
