"""The containers themselves, under `/containers/{name}`: each route as the container has it, chunk for chunk as it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from mock_server.containers.container import Reply
from mock_server.exchange import ATTRIBUTES_HEADER, Exchange, Twin, begin
from mock_server.faults import Stage
from mock_server.journal import Entry
from mock_server.requests import MAX_BODY_BYTES, read_attempt, read_body
from mock_server.words import WordError

NO_SERVICE: Mapping[Stage, str] = {
    "service": "is an answer of the SageMaker Runtime's, which is not asked here",
    "event stream": "damages an event stream, and a container writes none",
}


def container_router(twin: Twin) -> APIRouter:
    """Return the routes of the containers."""
    router = APIRouter()

    @router.api_route("/containers/{name}", methods=["GET", "POST"])
    @router.api_route("/containers/{name}/{path:path}", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    async def container(name: str, request: Request, path: str = "") -> Response:
        return await _answer(twin, name, f"/{path}", request)

    return router


async def _answer(twin: Twin, name: str, path: str, request: Request) -> Response:
    body = await read_body(request)
    attempt = read_attempt(request.headers)
    entry = twin.journal.start(Entry(front="container", path=request.url.path, endpoint=name, attempt=attempt, body=body or b""))
    endpoint = twin.catalog.get(name)
    if endpoint is None:
        return _refuse(twin, entry, 404, f"{name!r} is not an endpoint; there are: {', '.join(twin.catalog)}")
    if body is None:
        return _refuse(twin, entry, 413, f"the body is longer than {MAX_BODY_BYTES} bytes")
    try:
        exchange = begin(twin, endpoint, entry, request.headers.get(ATTRIBUTES_HEADER, ""), NO_SERVICE)
        reply = _ask(exchange, request, path, body)
    except WordError as error:
        return _refuse(twin, entry, 400, str(error))
    return _respond(exchange, reply)


def _refuse(twin: Twin, entry: Entry, status: int, error: str) -> Response:
    """Answer with the twin's own error: no container says this."""
    twin.journal.finish(replace(entry, ended="refused", status=status))
    return JSONResponse({"error": error}, status)


def _ask(exchange: Exchange, request: Request, path: str, body: bytes) -> Reply:
    fault = exchange.fault
    if fault and fault.stage == "model":
        if fault.argument == "0":
            raise WordError("mock.fault: 'model-error:0' is a model that SageMaker waits for in vain", "model-error with a status, or stall")
        return exchange.endpoint.container.failure(int(fault.argument))
    return exchange.ask(request.method, path, request.headers.get("content-type"), body)


def _respond(exchange: Exchange, reply: Reply) -> Response:
    if not reply.is_chunked:
        reply = replace(reply, head_waits=True)
    return exchange.respond(reply.status, dict(reply.headers), exchange.timeline(reply, None))
