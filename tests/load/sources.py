"""What a load test streams from: one of our backends, on one event loop for all of its users, or boto3; each answer tells a tap how it arrives.

Both work with and without gevent's monkey patching, by which Locust makes every thread a greenlet of one thread: the event loop's as well, at no cost that
shows. A thread runs one loop, so a process has one here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from functools import cache, cached_property
from time import monotonic
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from backends.body import encode_body
from backends.chat import ChatBackend, ChatRequest, Tap
from backends.container import ContainerBackend
from backends.errors import BackendError
from backends.sagemaker import SageMakerBackend
from backends.wire import decode_events

FAILURES = (BackendError, BotoCoreError, ClientError, HTTPError)
"""What an answer fails with: our errors, boto3's, and those of urllib3 that boto3 lets through."""
CONNECTIONS = 1000
"""So many connections boto3 keeps open for further requests; more are made when needed."""


class Source(Protocol):
    """**Protocol:** whoever answers the requests of all users of a process."""

    def stream(self, request: ChatRequest, tap: Tap) -> None:
        """Wait for the whole answer; raises one of `FAILURES`."""


class BackendSource:
    """Our backends, which are asynchronous: a thread runs their event loop, and users wait for what it does."""

    def __init__(self, backend: ChatBackend) -> None:
        self._backend = backend
        self._loop = _event_loop()

    def stream(self, request: ChatRequest, tap: Tap) -> None:
        reading = asyncio.run_coroutine_threadsafe(self._read(request, tap), self._loop)
        try:
            reading.result()
        finally:
            reading.cancel()  # a user that is stopped leaves its stream; of one that has ended nothing is left to cancel

    async def _read(self, request: ChatRequest, tap: Tap) -> None:
        async with self._backend.stream(request, tap=tap) as answer:
            async for _ in answer:
                pass


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="backend", daemon=True).start()
    return loop


class Boto3Source:
    """An unmodified boto3, whose parts `decode_events` reads."""

    def __init__(self, endpoint_url: str | None) -> None:
        self._endpoint_url = endpoint_url

    @cached_property
    def _client(self) -> Any:
        return boto3.Session().client("sagemaker-runtime", endpoint_url=self._endpoint_url, config=Config(max_pool_connections=CONNECTIONS))

    def stream(self, request: ChatRequest, tap: Tap) -> None:
        start_s = monotonic()
        attributes = {"CustomAttributes": request.custom_attributes} if request.custom_attributes else {}
        response = self._client.invoke_endpoint_with_response_stream(
            EndpointName=request.endpoint.name, ContentType="application/json", Body=encode_body(request, stream=True), **attributes
        )
        with closing(response["Body"]) as body:
            for event in decode_events(_noted(body, tap, start_s), response.get("ContentType")):
                tap.event(event, monotonic() - start_s, 0, 0)  # decode_events does not say where in the body an event lay


def _noted(parts: Iterable[Mapping[str, Any]], tap: Tap, start_s: float) -> Iterator[Mapping[str, Any]]:
    for part in parts:
        tap.part(part["PayloadPart"]["Bytes"], monotonic() - start_s)
        yield part


SOURCES: Mapping[str, Callable[[str | None], Source]] = {
    "sagemaker": lambda url: BackendSource(SageMakerBackend(endpoint_url=url)),
    "container": lambda _: BackendSource(ContainerBackend()),
    "boto3": Boto3Source,
}
"""By its name, from the URL that was given; region, keys and retries are found as boto3 finds them."""
