"""Requests that are made already: what goes out of them, and the response as it comes."""

from __future__ import annotations

import pytest

from backends.chat import ChatMessage, ChatRequest
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import ConfigurationError, TransportError
from backends.events import Data
from backends.raw import RawRequest, encode_chat
from tests.backends.asking import Recording, collect, no_sleep, sagemaker
from tests.backends.far_side import LAST_CHUNK, FarSide, Reset, chunk, container_head, refusal, sagemaker_answer, sagemaker_head

HEADERS = (
    ("Content-Type", "text/x"),
    ("Accept", "text/y"),
    ("X-Amzn-SageMaker-Accept", "text/z"),
    ("X-Amzn-SageMaker-Target-Model", "m"),
    ("X-Amzn-SageMaker-Custom-Attributes", ""),
    ("Authorization", "Bearer mine"),
    ("Host", "elsewhere"),
    ("Connection", "close"),
    ("amz-sdk-request", "attempt=2; max=3"),
)


@pytest.mark.parametrize(
    ("stream", "target", "headers"),
    [
        (True, "/endpoints/mine/invocations-response-stream", {"x-amzn-sagemaker-accept": "text/z"}),
        (False, "/endpoints/mine/invocations", {"accept": "text/y", "x-amzn-sagemaker-target-model": "m"}),
    ],
)
async def test_sagemaker_gets_what_the_operation_knows_signed_anew(stream: bool, target: str, headers: dict[str, str]) -> None:
    async with FarSide([sagemaker_answer(b"x")]) as far, sagemaker(far.url) as backend:
        _, error = await collect(backend.send(RawRequest(endpoint=Endpoint("mine"), body=b"\xff", headers=HEADERS, stream=stream)))
        [seen] = far.requests
    assert error is None
    assert (seen.target, seen.body, seen.headers["content-type"], seen.headers["amz-sdk-request"]) == (target, b"\xff", "text/x", "attempt=2; max=3")
    assert {name: value for name, value in seen.headers.items() if name == "accept" or name.startswith("x-amzn")} == headers
    assert seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=dummy/")


async def test_a_container_gets_everything_but_what_was_another_connections() -> None:
    request = RawRequest(endpoint=Endpoint("mine"), body=b"\xff", headers=HEADERS, method="PUT", path="/a%20b?c")
    async with FarSide([[refusal(200, b"x")]]) as far, ContainerBackend() as backend:
        await collect(backend.send(RawRequest(endpoint=Endpoint("mine", url=far.url), body=request.body, headers=HEADERS, method="PUT", path=request.path)))
        [seen] = far.requests
    assert (seen.target, seen.body, seen.headers["authorization"], seen.headers["host"]) == (
        "/a%20b?c",
        b"\xff",
        "Bearer mine",
        far.url.removeprefix("http://"),
    )
    assert (seen.headers["accept-encoding"], "connection" in seen.headers) == ("identity", False)


async def test_the_response_comes_chunk_by_chunk_whatever_it_holds() -> None:
    chunks, tap = (b'{"a', b"\x00\xff", b"data: {"), Recording()
    async with FarSide([[container_head(), b"".join(map(chunk, chunks)), LAST_CHUNK]]) as far, ContainerBackend() as backend:
        async with backend.send(RawRequest(endpoint=Endpoint("mine", url=far.url), body=b""), tap=tap) as answer:
            assert (answer.status, answer.headers["content-type"]) == (200, "application/jsonlines")
            assert [event async for event in answer] == [Data(data) for data in chunks]
        assert 0 < answer.began_at_s <= tap.times[0] <= answer.ended_at_s
    assert tap.parts == list(chunks)
    assert tap.spans == [(Data(chunks[0]), 0, 3), (Data(chunks[1]), 3, 5), (Data(chunks[2]), 5, 12)]


async def test_a_refusal_is_a_response_like_others_and_nothing_is_tried_twice() -> None:
    async with FarSide([[refusal(503, b"busy")], sagemaker_answer(b"x")]) as far, sagemaker(far.url, attempts=3, sleep=no_sleep) as backend:
        async with backend.send(RawRequest(endpoint=Endpoint("mine"), body=b"")) as answer:
            assert answer.status == 503
            assert [event async for event in answer] == [Data(b"busy")]
        assert len(far.requests) == 1


async def test_a_connection_that_breaks_is_an_error_behind_what_came() -> None:
    async with FarSide([[sagemaker_head() + chunk(b"abc"), Reset]]) as far, sagemaker(far.url) as backend:
        events, error = await collect(backend.send(RawRequest(endpoint=Endpoint("mine"), body=b"")))
    assert events == [Data(b"abc")]
    assert isinstance(error, TransportError)


async def test_a_header_that_cannot_be_sent_is_named() -> None:
    async with ContainerBackend() as backend:
        _, error = await collect(backend.send(RawRequest(endpoint=Endpoint("mine", url="http://127.0.0.1:1"), body=b"", headers=(("a", "日"),))))
    assert isinstance(error, ConfigurationError)
    assert str(error) == "a header holds '日', expected Latin-1"


def test_a_chat_is_encoded_as_a_backend_sends_it() -> None:
    endpoint = Endpoint("mine")
    asked = ChatRequest(messages=[ChatMessage("user", "hello")], endpoint=endpoint, custom_attributes="a=b")
    headers = (("Content-Type", "application/json"), ("x-amzn-sagemaker-custom-attributes", "a=b"))
    assert encode_chat(asked) == RawRequest(endpoint=endpoint, body=b'{"inputs": "hello", "parameters": {}, "stream": true}', headers=headers)
