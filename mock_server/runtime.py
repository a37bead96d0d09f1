"""The SageMaker Runtime front: InvokeEndpoint and InvokeEndpointWithResponseStream, as an unmodified AWS SDK calls them.

Sources: botocore's service model sagemaker-runtime 2017-05-13 (paths, headers, errors, members); where it is silent, what users of the service published:
ModelError's members in alphabetical order, and `Endpoint <name> of account <id> not found.` For a body over the limit no capture is public, so the plain
text of that 413 is ours; so are the 404 and 405 of what is no operation. Request ids are new each time, whatever the seed.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from backends.wire.eventstream import EVENT_STREAM
from backends.wire.parts import encode_part
from mock_server.claim import SignatureRefused, WireRequest
from mock_server.connection import find_connection
from mock_server.containers.container import ContainerRequest, Reply
from mock_server.faults import SERVICE_ERRORS, ServiceError, Stage
from mock_server.invocation import ATTRIBUTES_HEADER, Invocation, Twin, begin
from mock_server.journal import Entry
from mock_server.limits import RESPONSE_S, STREAM_S, Limit
from mock_server.live import Live, head_of
from mock_server.requests import GONE, MAX_BODY_BYTES, receive
from mock_server.sigv4 import NAMESPACE, STATUS
from mock_server.stream_faults import model_stream_error
from mock_server.timeline import Timeline
from mock_server.words import WordError

MAX_ATTRIBUTES_LENGTH = 1024
SHORT_PART_BYTES = 512
ACCOUNT = "123456789012"
VARIANT = "AllTraffic"
OPERATIONS = re.compile(r"/endpoints/[^/]+/invocations(-response-stream)?")
REGION = re.compile(r"Credential=[^/]*/\d+/([a-z0-9-]+)/")
UNSTREAMED: Mapping[Stage, str] = {"event stream": "damages an event stream, and InvokeEndpoint answers without one"}
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
UNFINISHED = model_stream_error("ModelInvocationTimeExceeded")
"""The last frame of a stream that took too long."""


class Refused(Exception):
    """The service answers with an error."""

    def __init__(self, error: ServiceError, **members: Any) -> None:
        super().__init__(error.message)
        self.error = error
        self.members = members


def runtime_routes(twin: Twin) -> list[BaseRoute]:
    """Return the routes of the SageMaker Runtime; the last of them refuses whatever comes to it."""

    async def invoke_endpoint_with_response_stream(request: Request) -> Response:
        return await _answer(twin, request, streams=True)

    async def invoke_endpoint(request: Request) -> Response:
        return await _answer(twin, request, streams=False)

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
    response = _error(str(uuid4()), Refused(error))
    if error.status == 405:
        response.headers["allow"] = "POST"
    await response(scope, receive, send)


async def _answer(twin: Twin, request: Request, *, streams: bool) -> Response:
    request_id = str(uuid4())
    arrived = await receive(request, twin.journal, "runtime", request_id)
    if arrived is None:
        return GONE
    entry, body = arrived
    try:
        _authenticate(twin, request.scope, body)
    except SignatureRefused as refused:
        twin.journal.finish(replace(entry, ended="refused", status=STATUS, notes=(str(refused),)))
        return _forbid(request_id, refused)
    try:
        invocation = _admit(twin, entry, request.headers, body, streams=streams)
    except Refused as refused:
        twin.journal.finish(replace(entry, ended="refused", status=refused.error.status))
        return _error(request_id, refused)
    try:
        async with find_connection(request.scope).until_gone():
            return await _invoke(invocation, request.headers, body or b"", streams=streams)
    except Refused as refused:
        invocation.finish(invocation.failure, status=refused.error.status)
        return _error(request_id, refused)
    invocation.leave(request)
    return GONE


def _authenticate(twin: Twin, scope: Scope, body: bytes | None) -> None:
    if twin.gate.level != "off":
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        twin.gate.check(WireRequest(scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body))


def _forbid(request_id: str, refused: SignatureRefused) -> Response:
    """Answer as what stands before every operation: the member is in lower case, and the code has a namespace."""
    return _error(request_id, Refused(ServiceError(STATUS, refused.code, refused.message, "message", f":{NAMESPACE}")))


def _admit(twin: Twin, entry: Entry, headers: Headers, body: bytes | None, *, streams: bool) -> Invocation:
    """Check what the service itself checks before it asks the container."""
    if body is None:
        raise Refused(ServiceError(413, "", f"HTTP content length exceeded {MAX_BODY_BYTES} bytes."))
    attributes = headers.get(ATTRIBUTES_HEADER, "")
    if len(attributes) > MAX_ATTRIBUTES_LENGTH:
        problem = f"Value at 'customAttributes' failed to satisfy constraint: Member must have length less than or equal to {MAX_ATTRIBUTES_LENGTH}"
        raise _invalid(f"1 validation error detected: {problem}")
    endpoint = twin.catalog.get(entry.endpoint)
    if endpoint is None:
        raise _invalid(f"Endpoint {entry.endpoint} of account {ACCOUNT} not found.")
    try:
        return begin(twin, endpoint, entry, attributes, {} if streams else UNSTREAMED)
    except WordError as error:
        raise _invalid(str(error)) from error


async def _invoke(invocation: Invocation, headers: Headers, body: bytes, *, streams: bool) -> Response:
    fault = invocation.fault
    if fault and fault.stage == "service":
        raise Refused(_service_error(invocation, headers, fault.name, streams=streams))
    if fault and fault.stage == "model":
        status = int(fault.argument)
        failure = invocation.endpoint.container.failure(status).body.decode() if status else TIMED_OUT
        raise _model_error(invocation, headers, status, failure)
    forwarded = {"x-amzn-sagemaker-forwarded-api": "InvokeEndpointWithResponseStream" if streams else "InvokeEndpoint"}
    asked = ContainerRequest("POST", "/invocations", headers.get("content-type"), body, invocation.choices.seed, forwarded)
    answer, limit_s = await _ask(invocation, asked, headers, STREAM_S if streams else RESPONSE_S, whole=not streams)
    if isinstance(answer, Reply) and answer.is_service and answer.status >= 300:
        return invocation.respond(answer.status, {**dict(answer.headers), "x-amzn-requestid": invocation.entry.request_id}, answer, None)
    if isinstance(answer, Reply) and answer.status != 200:
        invocation.miss("the container refused the request")
        raise _model_error(invocation, headers, answer.status, answer.body.decode(errors="replace"))
    if isinstance(answer, Reply) and not streams:
        return _collect(invocation, answer, _response_limit(invocation, headers, limit_s))
    return _stream(invocation, answer, Limit(limit_s, Timeline((UNFINISHED,), (limit_s,), 0, head_waits=True, ending="clean")))


async def _ask(invocation: Invocation, asked: ContainerRequest, headers: Headers, usual_s: float, *, whole: bool) -> tuple[Reply | Live, float]:
    """Return the container's answer, and the seconds after which the service gives it up; the waits of a script are still to come, those for a model run."""
    limit_s = invocation.limit_s(usual_s)
    until_s = asyncio.get_running_loop().time() + limit_s
    try:
        async with asyncio.timeout_at(until_s):
            answer = await invocation.ask(asked, whole=whole)
    except TimeoutError as error:
        invocation.broke_off = "timed-out"
        raise _model_error(invocation, headers, 0, TIMED_OUT) from error
    return answer, until_s - asyncio.get_running_loop().time() if isinstance(answer, Live) else limit_s


def _response_limit(invocation: Invocation, headers: Headers, after_s: float) -> Limit:
    """Return the limit of an answer that comes whole: an error comes in its place."""
    error = _error(invocation.entry.request_id, _model_error(invocation, headers, 0, TIMED_OUT))
    head = (error.status_code, [(name, value) for name, value in error.raw_headers if name != b"content-length"])
    body = bytes(error.body)
    return Limit(after_s, Timeline((body,), (after_s,), 0, head_waits=True, length_bytes=len(body), ending="clean", head=head))


def _service_error(invocation: Invocation, headers: Headers, fault: str, *, streams: bool) -> ServiceError:
    """Return the error that a fault stands for, which may name what was asked for."""
    error = SERVICE_ERRORS[fault]
    arn = f"arn:aws:sagemaker:{_region(invocation, headers)}:{ACCOUNT}:endpoint/{invocation.endpoint.name.lower()}"
    operation = "InvokeEndpointWithResponseStream" if streams else "InvokeEndpoint"
    return replace(error, message=error.message.format(account=ACCOUNT, operation=operation, endpoint_arn=arn))


def _region(invocation: Invocation, headers: Headers) -> str:
    match = REGION.search(headers.get("authorization", ""))
    return match[1] if match else invocation.twin.gate.region


def _frame(part: bytes) -> bytes:
    """Return a part as a frame; a script's come again and again, so short ones are kept."""
    return _short_frame(part) if len(part) <= SHORT_PART_BYTES else encode_part(part)


_short_frame = lru_cache(maxsize=16384)(encode_part)


def _stream(invocation: Invocation, answer: Reply | Live, limit: Limit) -> Response:
    headers = {**_identity(invocation.entry.request_id), "x-amzn-sagemaker-content-type": _content_type(head_of(answer))}
    headers["content-type"] = EVENT_STREAM
    return invocation.respond(200, headers, answer, _frame, limit=limit)


def _collect(invocation: Invocation, reply: Reply, limit: Limit) -> Response:
    """Answer as InvokeEndpoint: the whole body at once, when the last of it is there."""
    if invocation.choices.http_cut:
        invocation.note("mock.http_cut found nothing to cut: InvokeEndpoint answers without chunks")
    headers = {**_identity(invocation.entry.request_id), "content-type": _content_type(reply)}
    return invocation.respond(200, headers, reply.as_one_write(), None, limit=limit)


def _identity(request_id: str) -> dict[str, str]:
    return {"x-amzn-requestid": request_id, "x-amzn-invoked-production-variant": VARIANT}


def _content_type(reply: Reply) -> str:
    return dict(reply.headers).get("content-type", "application/octet-stream")


def _invalid(message: str) -> Refused:
    return Refused(ServiceError(400, "ValidationError", message))


def _model_error(invocation: Invocation, headers: Headers, status: int, body: str) -> Refused:
    region = _region(invocation, headers)
    side = "client" if status // 100 == 4 else "server"
    group = f"/aws/sagemaker/Endpoints/{invocation.endpoint.name}"
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
    message = f'Received {side} error ({status}) from primary with message "{body}". See {console} in account {ACCOUNT} for more information.'
    return Refused(
        ServiceError(424, "ModelError", message),
        ErrorCode=f"{side.upper()}_ERROR_FROM_MODEL",
        LogStreamArn=f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}",
        OriginalMessage=body,
        OriginalStatusCode=status,
    )


def _error(request_id: str, refused: Refused) -> Response:
    error, headers = refused.error, {"x-amzn-requestid": request_id}
    if not error.code:
        return Response(error.message, error.status, headers, "text/plain")
    members = {**refused.members, error.member: error.message}
    body = json.dumps(dict(sorted(members.items())), separators=(",", ":"))
    return Response(body, error.status, {**headers, "x-amzn-errortype": error.code + error.namespace}, "application/json")
