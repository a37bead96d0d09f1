"""The twin as a FastAPI application; it runs on `mock_server.server.Server` alone, whose connections the streams are written to."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from mock_server.admin import admin_router
from mock_server.container_front import container_router
from mock_server.exchange import Twin
from mock_server.runtime import runtime_router


def create_app(twin: Twin) -> FastAPI:
    """Wire the fronts of a twin together."""
    app = FastAPI(title="streamtwin", docs_url=None, redoc_url=None)  # those pages load their scripts from a foreign host
    for router in (runtime_router(twin), container_router(twin), admin_router(twin)):
        app.include_router(router)

    @app.exception_handler(ClientDisconnect)
    async def client_disconnected(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it

    return app
