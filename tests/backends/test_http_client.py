"""What our HTTP client sends attempt by attempt, with respx in place of the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import respx

from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.errors import RequestRejected, TransportError
from backends.events import Finish, StreamEvent, Token
from backends.sagemaker import Credentials, SageMakerBackend, Timeouts
from backends.wire.parts import encode_part

URL = "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/falcon/invocations-response-stream"
REQUEST = ChatRequest(messages=[ChatMessage("user", "what is life")], endpoint=Endpoint("falcon"))
ANSWER = httpx.Response(
    200,
    headers={"content-type": "application/vnd.amazon.eventstream", "x-amzn-sagemaker-content-type": "application/jsonlines"},
    content=encode_part(b'{"outputs": ["a"]}\n'),
)
TABLE = (
    # status, x-amzn-ErrorType, how often it is tried
    (400, "ValidationError", 1),
    (400, "ThrottlingException", 3),
    (403, "AccessDeniedException", 1),
    (408, "RequestTimeout", 3),
    (413, "", 1),
    (424, "ModelError", 1),
    (429, "ThrottlingException", 3),
    (429, "ModelNotReadyException", 3),
    (500, "InternalFailure", 3),
    (502, "", 3),
    (503, "ServiceUnavailable", 3),
    (504, "", 3),
    (530, "InternalDependencyException", 1),
)


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
async def backend(slept: list[float]) -> AsyncIterator[SageMakerBackend]:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with SageMakerBackend(region="eu-west-1", credentials=Credentials("AKIDEXAMPLE", "secret"), sleep=sleep) as backend:
        yield backend


async def ask(backend: SageMakerBackend) -> list[StreamEvent]:
    async with backend.stream(REQUEST) as answer:
        return [event async for event in answer]


def refusal(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, headers={"x-amzn-errortype": code}, json={"Message": "no"})


@pytest.mark.parametrize(("status", "code", "attempts"), TABLE)
async def test_a_refusal_is_tried_again_as_the_table_says(
    backend: SageMakerBackend, slept: list[float], respx_mock: respx.MockRouter, status: int, code: str, attempts: int
) -> None:
    route = respx_mock.post(URL).mock(return_value=refusal(status, code))

    with pytest.raises(RequestRejected) as raised:
        await ask(backend)

    assert raised.value.status == status
    assert route.call_count == attempts
    assert len(slept) == attempts - 1
    assert all(0 <= seconds <= 2 for seconds in slept)


async def test_every_attempt_is_signed_anew_and_tells_its_number(backend: SageMakerBackend, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(URL).mock(side_effect=[refusal(503, ""), httpx.ConnectError("refused"), ANSWER])

    assert await ask(backend) == [Token("a"), Finish()]

    requests = [call.request for call in route.calls]
    assert [request.headers["amz-sdk-request"] for request in requests] == ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"]
    assert len({request.headers["amz-sdk-invocation-id"] for request in requests}) == 1
    assert len({request.content for request in requests}) == 1
    for request in requests:
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
        assert "python-httpx" not in request.headers["user-agent"]
        assert "accept" not in request.headers


async def test_a_connection_that_never_comes_is_tried_three_times(backend: SageMakerBackend, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(URL).mock(side_effect=httpx.ConnectError("refused"))

    with pytest.raises(TransportError, match="no connection: refused") as raised:
        await ask(backend)

    assert (raised.value.phase, raised.value.timed_out, route.call_count) == ("connect", False, 3)


async def test_silence_ends_by_the_total_limit_and_is_not_tried_again(respx_mock: respx.MockRouter) -> None:
    sent: list[httpx.Request] = []

    async def silence(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        await asyncio.Event().wait()
        return ANSWER

    respx_mock.post(URL).mock(side_effect=silence)
    async with SageMakerBackend(region="eu-west-1", credentials=Credentials("AKIDEXAMPLE", "secret"), timeouts=Timeouts(total_s=2)) as backend:
        with pytest.raises(TransportError, match="the answer took longer than 2 s") as raised:
            await ask(backend)

    assert raised.value.timed_out
    assert len(sent) == 1
