"""What goes out to a SageMaker endpoint: boto3's own bytes, as often as its retry mode says."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Any

import boto3
import pytest

from backends.errors import RequestRejected, TransportError
from backends.sagemaker import Credentials
from tests.backends.asking import ask, collect, no_sleep, request_to, sagemaker, text_of
from tests.backends.far_side import HELLO, Close, FarSide, Reset, refusal, sagemaker_answer

OK = sagemaker_answer(*HELLO)


def compared(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Return the headers with what differs from one request to the next made equal."""
    same = {"X-Amz-Date": "", "amz-sdk-invocation-id": ""}
    values = {name: same.get(name, value) for name, value in headers}
    values["Authorization"] = re.sub("Signature=.*", "", values["Authorization"])
    values["User-Agent"] = re.sub(" m/[^ ]*", lambda features: "".join(sorted(features[0])), values["User-Agent"])
    return values


@pytest.mark.parametrize("operation", ["invoke_endpoint_with_response_stream", "invoke_endpoint"])
@pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])
async def test_a_request_is_the_one_that_boto3_sends(operation: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    session = boto3.Session(aws_access_key_id="dummy", aws_secret_access_key="dummy", aws_session_token="token", region_name="us-east-1")

    def call(url: str) -> None:
        client = session.client("sagemaker-runtime", endpoint_url=url)
        body = b'{"inputs": "Say hello", "parameters": {}' + (b', "stream": true}' if "stream" in operation else b"}")
        with suppress(client.exceptions.ClientError):
            getattr(client, operation)(EndpointName="my-endpoint", ContentType="application/json", Body=body, CustomAttributes="a=b")

    whole = refusal(400) if operation == "invoke_endpoint" else OK[0]
    async with FarSide([[whole]]) as far:
        await asyncio.to_thread(call, far.url)
        async with sagemaker(far.url, credentials=Credentials("dummy", "dummy", "token")) as backend:
            request = request_to(custom_attributes="a=b")
            await collect(backend.stream(request) if "stream" in operation else backend.invoke(request))
        botos, ours = far.requests
    assert (ours.target, ours.body) == (botos.target, botos.body)
    assert compared(ours.raw_headers) == compared(botos.raw_headers)


async def test_attempts_are_signed_anew_and_carry_one_invocation_id() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    asked = refusal(429, b'{"message":"Rate exceeded"}', b"x-amzn-ErrorType: ThrottlingException\r\nx-amz-retry-after: 1500\r\n")
    async with FarSide([[refusal(503)], [asked], OK]) as far:
        events, error = await ask(far, sleep=sleep)
        assert (text_of(events), error) == ("Hello", None)
        assert [seen.headers["amz-sdk-request"] for seen in far.requests] == ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"]
        assert len({seen.headers["amz-sdk-invocation-id"] for seen in far.requests}) == 1
        assert far.connections == 1
    assert 0 <= waits[0] <= 0.05
    assert 1.5 <= waits[1] <= 2.0


@pytest.mark.parametrize(
    ("environment", "arguments", "attempts"),
    [
        ({}, {}, 3),
        ({"AWS_MAX_ATTEMPTS": "2"}, {}, 2),
        ({"AWS_RETRY_MODE": "legacy"}, {}, 5),
        ({"AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "2"}, {}, 2),
        ({"AWS_RETRY_MODE": "adaptive"}, {}, 3),
        ({"AWS_MAX_ATTEMPTS": "2"}, {"attempts": 4}, 4),
        ({}, {"attempts": 1}, 1),
    ],
)
async def test_there_are_as_many_attempts_as_the_configuration_says(
    environment: dict[str, str], arguments: dict[str, Any], attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with FarSide([[refusal(500, b'{"Message":"Internal failure."}', b"x-amzn-ErrorType: InternalFailure\r\n")]]) as far:
        _, error = await ask(far, sleep=no_sleep, **arguments)
        assert isinstance(error, RequestRejected)
        assert (error.code, str(error)) == ("InternalFailure", "Internal failure.")
        assert len(far.requests) == attempts


async def test_a_connection_that_breaks_before_the_head_is_tried_again() -> None:
    async with FarSide([[Reset], [b"HTTP/1.1 200 OK\r\nConte", Close], OK]) as far:
        events, error = await ask(far, sleep=no_sleep)
        assert (text_of(events), error) == ("Hello", None)
        assert far.connections == 3


async def test_a_connection_that_nobody_takes_is_a_transport_error() -> None:
    async with FarSide([]) as far:
        pass
    _, error = await ask(far, sleep=no_sleep)
    assert isinstance(error, TransportError)
    assert (error.phase, error.timed_out) == ("connect", False)
