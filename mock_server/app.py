"""The twin as an ASGI application; it runs on `mock_server.server.Server` alone, whose connections the streams are written to."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI

from mock_server.admin import admin_router
from mock_server.catalog import CatalogEntry
from mock_server.clock import Clock, LoopClock
from mock_server.container_front import container_routes
from mock_server.invocation import Twin
from mock_server.journal import Journal
from mock_server.openai_route import openai_routes
from mock_server.profiles import find_profile
from mock_server.runtime import runtime_routes
from mock_server.sessions import Sessions
from mock_server.settings import TwinSettings
from mock_server.sigv4 import Gate

DEFAULTS = TwinSettings()


def create_app(
    catalog: Mapping[str, CatalogEntry], clock: Clock | None = None, *, settings: TwinSettings = DEFAULTS, journal: Journal | None = None
) -> FastAPI:
    """Wire the fronts of a twin together.

    Args:
        catalog: The endpoints to serve.
        clock: What their waits are measured by; without it, the event loop's.
        settings: What holds for all of them.
        journal: Where the twin writes what it sees.

    Raises:
        WordError: There is no such profile, or no such level of signature checks.
    """
    gate = Gate(settings.sigv4, settings.region, settings.utc_now)
    clock = clock or LoopClock()
    sessions = {name: Sessions(name, entry.sessions, clock, settings.utc_now) for name, entry in catalog.items() if entry.sessions}
    twin = Twin(catalog, find_profile(settings.profile), clock, journal or Journal(), gate, settings.time_limits, sessions)
    app = FastAPI(title="streamtwin", docs_url=None, redoc_url=None, openapi_url="/_mock/openapi.json")  # the docs pages load scripts from a foreign host
    app.include_router(admin_router(twin), prefix="/_mock")
    app.router.routes += [*container_routes(twin), *openai_routes(twin), *runtime_routes(twin)]
    return app
