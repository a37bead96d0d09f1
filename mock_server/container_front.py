"""The containers themselves, under `/containers/{name}`: each route as the container has it, chunk for chunk as it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mock_server.connection import find_connection
from mock_server.containers.container import ContainerRequest, Reply
from mock_server.faults import Stage
from mock_server.invocation import Invocation, begin
from mock_server.journal import Entry
from mock_server.live import Live, head_of
from mock_server.operation import ATTRIBUTES_HEADER
from mock_server.refusals import Refused
from mock_server.requests import GONE, MAX_BODY_BYTES, receive
from mock_server.twin import Twin
from mock_server.words import WordError

NO_SERVICE: Mapping[Stage, str] = {
    "service": "is an answer of the SageMaker Runtime's, which is not asked here",
    "event stream": "damages an event stream, and a container writes none",
}

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


def container_routes(twin: Twin) -> list[Route]:
    """Return the routes of the containers."""

    async def container(request: Request) -> Response:
        return await _answer(twin, request)

    return [
        Route("/containers/{name}", container, methods=METHODS),
        Route("/containers/{name}/{path:path}", container, methods=METHODS),
    ]


async def _answer(twin: Twin, request: Request) -> Response:
    arrived = await receive(request, twin.journal, "container")
    if arrived is None:
        return GONE
    entry, body = arrived
    try:
        endpoint = twin.find_endpoint(entry.endpoint, entry.request_headers)
    except Refused as refused:
        return _refuse(twin, entry, 404, refused.error.message)
    if endpoint is None:
        return _refuse(twin, entry, 404, f"{entry.endpoint!r} is not an endpoint; there are: {', '.join(twin.catalog)}")
    if body is None:
        return _refuse(twin, entry, 413, f"the body is longer than {MAX_BODY_BYTES} bytes")
    try:
        invocation = begin(twin, endpoint, entry, request.headers.get(ATTRIBUTES_HEADER, ""), NO_SERVICE)
        check_http_cut(invocation)
        invocation.take_fault(NO_SERVICE)
        async with find_connection(request.scope).until_gone():
            return _respond(invocation, await _ask(invocation, request, body))
    except WordError as error:
        return _refuse(twin, entry, 400, str(error))
    invocation.leave(request)
    return GONE


def _refuse(twin: Twin, entry: Entry, status: int, error: str) -> Response:
    """Answer with the twin's own error: no container says this."""
    twin.journal.finish(entry, ended="refused", status=status, notes=(error,))
    return JSONResponse({"error": error}, status)


def check_http_cut(invocation: Invocation) -> None:
    """Let a request pass that cuts no event stream; raises WordError."""
    if invocation.choices.http_cut:
        raise WordError("mock.http_cut: cuts an event stream into HTTP chunks, and a container writes none", "mock.cut, which cuts its HTTP chunks")


async def _ask(invocation: Invocation, request: Request, body: bytes) -> Reply | Live:
    fault = invocation.fault
    if fault and fault.stage == "model":
        if fault.argument == "0":
            raise WordError("mock.fault: 'model-error:0' is a model that SageMaker waits for in vain", "model-error with a status, or stall")
        return invocation.endpoint.container.failure(int(fault.argument))
    path, headers = f"/{request.path_params.get('path', '')}", dict(request.headers)
    return await invocation.ask(ContainerRequest(request.method, path, headers.get("content-type"), body, invocation.choices.seed, headers))


def _respond(invocation: Invocation, answer: Reply | Live) -> Response:
    head = head_of(answer)
    return invocation.respond(head.status, dict(head.headers), as_written(answer), None)


def as_written(answer: Reply | Live) -> Reply | Live:
    """Return an answer as it leaves a container: no HTTP chunk is empty, and the head of one that has none waits for its body."""
    if isinstance(answer, Reply) and answer.due_s is not None:
        answer = _without_empty(answer, answer.due_s)
    return replace(answer, head_waits=True) if isinstance(answer, Reply) and not answer.is_chunked else answer


def _without_empty(reply: Reply, due_s: Sequence[float]) -> Reply:
    """Return a recorded reply without its empty parts: an event stream has such, but an empty HTTP chunk would be the last."""
    kept = [(write, at_s) for write, at_s in zip(reply.writes, due_s, strict=True) if write]
    return replace(reply, writes=[write for write, _ in kept], tokens=range(1, len(kept) + 1), due_s=[at_s for _, at_s in kept])
