"""The service's OpenAI-compatible route: a container's own chat, whose bytes are passed on without an event stream around them.

Sources: the developer guide of Amazon SageMaker AI, "Invoke endpoints with OpenAI-compatible APIs" (paths, bearer tokens, responses "directly from the
container"); Bifrost's documentation (`chat/completions` alone is routed, and LMI answers with JSON lines). No capture of an error is public: here the
container's pass as they are, and the service's are those of InvokeEndpoint. So is what the container gets, but for the name of the operation. Ours, too:
the container's HTTP chunks leave as it wrote them, and `CustomAttributes` are heard in the same header.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server.admission import Admitted, Door, serve
from mock_server.asking import ask, content_type_of, failed, response_limit
from mock_server.container_front import as_written, check_http_cut
from mock_server.containers.container import Reply
from mock_server.faults import Stage
from mock_server.limits import RESPONSE_S, STREAM_S, Limit
from mock_server.live import Live, head_of
from mock_server.operation import CHAT_COMPLETIONS
from mock_server.refusals import invalid
from mock_server.timeline import Timeline
from mock_server.twin import Twin
from mock_server.words import WordError

UNFRAMED: Mapping[Stage, str] = {"event stream": "damages an event stream, and this route answers without one"}
SUFFIX = "/openai/v1/chat/completions"


def openai_routes(twin: Twin) -> list[Route]:
    """Return the route of an endpoint, and that of an inference component."""
    door = Door(CHAT_COMPLETIONS, "/v1/chat/completions", UNFRAMED, _answer)

    async def chat_completions(request: Request) -> Response:
        return await serve(twin, door, request)

    paths = ("/endpoints/{name}", "/endpoints/{name}/inference-components/{component}")
    return [Route(f"{path}{SUFFIX}", chat_completions, methods=["POST"]) for path in paths]


async def _answer(admitted: Admitted) -> Response:
    try:
        check_http_cut(admitted.invocation)
    except WordError as error:
        raise invalid(str(error)) from error
    fault, limit_s = admitted.invocation.fault, STREAM_S
    answer: Reply | Live
    if fault and fault.stage == "model" and fault.argument != "0":
        answer = admitted.invocation.endpoint.container.failure(int(fault.argument))
    else:
        answer, limit_s = await ask(admitted, STREAM_S, whole=False)
    is_services = isinstance(answer, Reply) and answer.is_service
    return (is_services and failed(admitted, answer)) or _pass_on(admitted, answer, limit_s)


def _pass_on(admitted: Admitted, answer: Reply | Live, limit_s: float) -> Response:
    """Answer as the container does, up to the service's limit: an answer that comes whole is an error then, a stream breaks."""
    answer, head = as_written(answer), head_of(answer)
    if isinstance(answer, Reply) and not answer.is_chunked:
        limit = response_limit(admitted, admitted.invocation.limit_s(RESPONSE_S))
    else:
        limit = Limit(limit_s, Timeline((), (), 0, head_waits=True, ending="reset", start_s=limit_s))
    return admitted.invocation.respond(head.status, {**admitted.identity, "content-type": content_type_of(head)}, answer, None, limit=limit)
