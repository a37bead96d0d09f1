"""The twin as an ASGI application; it runs on `mock_server.server.Server` alone, whose connections the streams are written to."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Router
from starlette.types import ASGIApp

from mock_server.admin import admin_router
from mock_server.container_front import container_routes
from mock_server.invocation import Twin
from mock_server.runtime import runtime_routes


def create_app(twin: Twin) -> ASGIApp:
    """Wire the fronts of a twin together.

    The two that stream stand before FastAPI: its way to a route takes as long as all that they do up to an answer's first byte.
    """
    admin = FastAPI(title="streamtwin", docs_url=None, redoc_url=None)  # those pages load their scripts from a foreign host
    admin.include_router(admin_router(twin))
    return Router([*runtime_routes(twin), *container_routes(twin)], default=admin)
