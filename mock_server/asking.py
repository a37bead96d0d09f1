"""How the SageMaker Runtime asks a container, whichever of its operations it is: how long it waits, and what it makes of a container that fails."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from mock_server.admission import Admitted
from mock_server.containers.container import Reply
from mock_server.limits import Limit
from mock_server.live import Live
from mock_server.refusals import TIMED_OUT, Refused, error_response, fault_error, model_error
from mock_server.timeline import Timeline


async def ask(admitted: Admitted, usual_s: float, *, whole: bool) -> tuple[Reply | Live, float]:
    """Return the container's answer, and the seconds after which the service gives it up.

    The waits of a script are still to come; those for a model run. What is wanted whole is a `Reply`.

    Raises:
        Refused: A fault of the service's or the model's strikes, or the model did not begin in time.
    """
    invocation = admitted.invocation
    _strike(admitted)
    limit_s = invocation.limit_s(usual_s)
    until_s = asyncio.get_running_loop().time() + limit_s
    try:
        answer = await invocation.ask(admitted.request, whole=whole, until_s=until_s)
    except TimeoutError as error:
        invocation.broke_off = "timed-out"
        raise _failure(admitted, 0, TIMED_OUT) from error
    return answer, until_s - asyncio.get_running_loop().time() if isinstance(answer, Live) else limit_s


def _strike(admitted: Admitted) -> None:
    """Let a fault happen that is asked for in place of an answer."""
    invocation = admitted.invocation
    fault = invocation.fault
    if fault and fault.stage == "service":
        raise fault_error(fault.name, admitted.operation, invocation.endpoint.name, admitted.region)
    if fault and fault.stage == "model":
        status = int(fault.argument)
        raise _failure(admitted, status, invocation.endpoint.container.failure(status).body.decode() if status else TIMED_OUT)


def failed(admitted: Admitted, answer: Reply | Live) -> Response | None:
    """Return the response to a request that failed as a recording of the service has it, None where it did not fail.

    Raises:
        Refused: The container refused it.
    """
    invocation = admitted.invocation
    if isinstance(answer, Live) or answer.status == 200:
        return None
    if answer.is_service and answer.status >= 300:
        return invocation.respond(answer.status, {**dict(answer.headers), "x-amzn-requestid": invocation.draft.entry.request_id}, answer, None)
    invocation.miss("the container refused the request")
    raise _failure(admitted, answer.status, answer.body.decode(errors="replace"))


def response_limit(admitted: Admitted, after_s: float) -> Limit:
    """Return the limit of an answer that comes whole: an error comes in its place."""
    error = error_response(admitted.invocation.draft.entry.request_id, _failure(admitted, 0, TIMED_OUT))
    head = (error.status_code, [(name, value) for name, value in error.raw_headers if name != b"content-length"])
    body = bytes(error.body)
    return Limit(after_s, Timeline((body,), (after_s,), 0, head_waits=True, length_bytes=len(body), ending="clean", head=head))


def content_type_of(reply: Reply) -> str:
    """Return the content type that a container names, or what stands for none."""
    return dict(reply.headers).get("content-type", "application/octet-stream")


def _failure(admitted: Admitted, status: int, body: str) -> Refused:
    return model_error(admitted.invocation.endpoint.name, admitted.region, status, body)
