"""The SageMaker Runtime front: InvokeEndpoint and InvokeEndpointWithResponseStream, as an unmodified AWS SDK calls them.

Source: botocore's service model sagemaker-runtime 2017-05-13 (paths, headers, members). Of what a container says in its headers, that goes on which the model
has a member for; the id of a new session under whichever name it comes. The 404 and 405 of what is no operation are ours. Request ids are new each time,
whatever the seed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from backends.wire.eventstream import EVENT_STREAM
from backends.wire.parts import encode_part
from mock_server.admission import Admitted, Door, serve
from mock_server.asking import ask, content_type_of, failed, response_limit
from mock_server.containers.container import Reply
from mock_server.containers.stateful import CLOSED_SESSION_HEADER, NEW_SESSION_HEADER
from mock_server.faults import ServiceError, Stage
from mock_server.limits import RESPONSE_S, STREAM_S, Limit
from mock_server.live import Live, head_of
from mock_server.operation import ATTRIBUTES_HEADER, INVOKE, SESSION_HEADER, STREAM
from mock_server.refusals import Refused, error_response
from mock_server.stream_faults import model_stream_error
from mock_server.timeline import Timeline
from mock_server.twin import Twin

SHORT_PART_BYTES = 512
OPERATIONS = re.compile(r"/endpoints/[^/]+/(invocations(-response-stream)?|(inference-components/[^/]+/)?openai/v1/chat/completions)")
UNSTREAMED: Mapping[Stage, str] = {"event stream": "damages an event stream, and InvokeEndpoint answers without one"}
UNFINISHED = model_stream_error("ModelInvocationTimeExceeded")
"""The last frame of a stream that took too long."""
TOLD = {ATTRIBUTES_HEADER: ATTRIBUTES_HEADER}
TOLD_WHOLE = {**TOLD, SESSION_HEADER: NEW_SESSION_HEADER, NEW_SESSION_HEADER: NEW_SESSION_HEADER, CLOSED_SESSION_HEADER: CLOSED_SESSION_HEADER}
"""Headers of a container's that the service tells, and as what."""


def runtime_routes(twin: Twin) -> list[BaseRoute]:
    """Return the routes of the SageMaker Runtime; the last of them refuses whatever comes to it."""
    streamed, whole = Door(STREAM, "/invocations", {}, _answer_streamed), Door(INVOKE, "/invocations", UNSTREAMED, _answer_whole)

    async def invoke_endpoint_with_response_stream(request: Request) -> Response:
        return await serve(twin, streamed, request)

    async def invoke_endpoint(request: Request) -> Response:
        return await serve(twin, whole, request)

    return [
        Route("/endpoints/{name}/invocations-response-stream", invoke_endpoint_with_response_stream, methods=["POST"]),
        Route("/endpoints/{name}/invocations", invoke_endpoint, methods=["POST"]),
        Mount("", _no_operation),
    ]


async def _no_operation(scope: Scope, receive: Receive, send: Send) -> None:
    method, path = scope["method"], scope["path"]
    if OPERATIONS.fullmatch(path):
        error = ServiceError(405, "MethodNotAllowedException", f"{method} is not allowed for {path}, expected POST.")
    else:
        error = ServiceError(404, "UnknownOperationException", f"{method} {path} is no operation of the SageMaker Runtime that the twin knows.")
    response = error_response(str(uuid4()), Refused(error))
    if error.status == 405:
        response.headers["allow"] = "POST"
    await response(scope, receive, send)


async def _answer_streamed(admitted: Admitted) -> Response:
    answer, limit_s = await ask(admitted, STREAM_S, whole=False)
    return failed(admitted, answer) or _stream(admitted, answer, limit_s)


async def _answer_whole(admitted: Admitted) -> Response:
    reply, limit_s = await ask(admitted, RESPONSE_S, whole=True)
    assert isinstance(reply, Reply)  # noqa: S101 - what is wanted whole is known when it is answered
    return failed(admitted, reply) or _collect(admitted, reply, response_limit(admitted, limit_s))


def _frame(part: bytes) -> bytes:
    """Return a part as a frame; a script's come again and again, so short ones are kept."""
    return _short_frame(part) if len(part) <= SHORT_PART_BYTES else encode_part(part)


_short_frame = lru_cache(maxsize=16384)(encode_part)


def _stream(admitted: Admitted, answer: Reply | Live, limit_s: float) -> Response:
    head, limit = head_of(answer), Limit(limit_s, Timeline((UNFINISHED,), (limit_s,), 0, head_waits=True, ending="clean"))
    headers = {**admitted.identity, **_told(head, TOLD), "x-amzn-sagemaker-content-type": content_type_of(head), "content-type": EVENT_STREAM}
    return admitted.invocation.respond(200, headers, answer, _frame, limit=limit)


def _collect(admitted: Admitted, reply: Reply, limit: Limit) -> Response:
    """Answer as InvokeEndpoint: the whole body at once, when the last of it is there."""
    invocation = admitted.invocation
    if invocation.choices.http_cut:
        invocation.draft.note("mock.http_cut found nothing to cut: InvokeEndpoint answers without chunks")
    headers = {**admitted.identity, **_told(reply, TOLD_WHOLE), "content-type": content_type_of(reply)}
    return invocation.respond(200, headers, reply.as_one_write(), None, limit=limit)


def _told(reply: Reply, names: Mapping[str, str]) -> dict[str, str]:
    return {names[name.lower()]: value for name, value in reply.headers if name.lower() in names}
