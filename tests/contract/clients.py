"""Three clients that ask the twin the same question: our backends, an unmodified boto3, and plain httpx; each returns the events it read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, TypeAlias

import boto3
import httpx
from botocore.config import Config

from backends.chat import ChatBackend, ChatMessage, ChatRequest, Parameters
from backends.container import ContainerBackend
from backends.endpoints import Accepts, Endpoint
from backends.events import StreamEvent
from backends.sagemaker import Credentials, SageMakerBackend
from backends.wire import EventDecoder, decode_events
from mock_server import MockServer

KEYS = Credentials("AKIDEXAMPLE", "not-a-secret")
MAX_NEW_TOKENS = 530
"""All of every script but the long one."""

Ask: TypeAlias = Callable[[Endpoint, str], Awaitable[list[StreamEvent]]]
"""Ask an endpoint, with these custom attributes, and return the events of its answer."""


@dataclass
class PartsTap:
    """Keeps the parts, and checks what every tap is promised."""

    parts: list[bytes] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0
    last_s: float = 0.0

    def part(self, data: bytes, at_s: float) -> None:
        assert at_s >= self.last_s
        self.last_s = at_s
        self.parts.append(data)
        self.size += len(data)

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:  # noqa: ARG002 - a tap's signature
        assert at_s >= self.last_s
        assert 0 <= start <= end <= self.size
        self.spans.append((start, end))


def request_for(endpoint: Endpoint, attributes: str, prompt: str = "hello") -> ChatRequest:
    return ChatRequest(
        messages=[ChatMessage("user", prompt)],
        endpoint=Endpoint(endpoint.name, endpoint.accepts, "plain", endpoint.url),
        parameters=Parameters(max_new_tokens=MAX_NEW_TOKENS),
        custom_attributes=attributes,
    )


async def ask_backend(backend: ChatBackend, endpoint: Endpoint, attributes: str) -> list[StreamEvent]:
    tap = PartsTap()
    async with backend.stream(request_for(endpoint, attributes), tap=tap) as answer:
        events = [event async for event in answer]
    assert len(tap.spans) == len(events)
    return events


@asynccontextmanager
async def sagemaker_backend(twin: MockServer) -> AsyncIterator[Ask]:
    async with SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False) as backend:
        yield partial(ask_backend, backend)


@asynccontextmanager
async def container_backend(_: MockServer) -> AsyncIterator[Ask]:
    async with ContainerBackend(use_proxy=False) as backend:
        yield partial(ask_backend, backend)


@asynccontextmanager
async def plain_boto3(twin: MockServer) -> AsyncIterator[Ask]:
    client = boto3_client(twin.url)

    async def ask(endpoint: Endpoint, attributes: str) -> list[StreamEvent]:
        response = client.invoke_endpoint_with_response_stream(
            EndpointName=endpoint.name, ContentType="application/json", Body=body(endpoint.accepts), CustomAttributes=attributes
        )
        return list(decode_events(response["Body"], response["ContentType"]))

    yield ask


@asynccontextmanager
async def plain_httpx(_: MockServer) -> AsyncIterator[Ask]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

        async def ask(endpoint: Endpoint, attributes: str) -> list[StreamEvent]:
            headers = {"Content-Type": "application/json", "X-Amzn-SageMaker-Custom-Attributes": attributes}
            async with client.stream("POST", f"{endpoint.url}/invocations", content=body(endpoint.accepts), headers=headers) as response:
                decoder = EventDecoder(response.headers["content-type"])
                events = [event async for chunk in response.aiter_raw() for event in decoder.feed(chunk)]
                return [*events, *decoder.finish()]

        yield ask


CLIENTS: dict[str, Callable[[MockServer], AbstractAsyncContextManager[Ask]]] = {
    "our SageMaker backend": sagemaker_backend,
    "our container backend": container_backend,
    "boto3": plain_boto3,
    "httpx": plain_httpx,
}


def body(accepts: Accepts = "inputs") -> bytes:
    if accepts == "messages":
        return json.dumps({"messages": [{"role": "user", "content": "hello"}], "max_tokens": MAX_NEW_TOKENS, "stream": True}).encode()
    return json.dumps({"inputs": "hello", "parameters": {"max_new_tokens": MAX_NEW_TOKENS}, "stream": True}).encode()


@lru_cache(maxsize=4)
def boto3_client(url: str, attempts: int = 1, read_timeout_s: float = 20.0) -> Any:
    return boto3.Session().client(
        "sagemaker-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEYS.access_key_id,
        aws_secret_access_key=KEYS.secret_access_key,
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=read_timeout_s),
    )
