"""A SageMaker endpoint, or the local twin of one: boto3 resolves and signs, httpx sends, and the event stream is read as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any, Self

import httpx

from backends.body import check_custom_attributes, encode_body
from backends.chat import ChatRequest, FrameTap, Tap
from backends.connection import ConnectionPool, Timeouts
from backends.endpoints import Endpoint
from backends.errors import BackendError, TransportError, WireError
from backends.exchange import Exchange
from backends.incoming import EventStreamParts, PartDecoder, WholeBody
from backends.network_answer import Head, NetworkAnswer
from backends.raw import RawRequest, raw_head
from backends.rejections import ERROR_BODY_BYTES, parse_rejection
from backends.retries import RetryPolicy
from backends.sessions import CLOSE_BODY, NEW_SESSION, OPEN_BODY, Session
from backends.signing import Credentials, Operation, SignedRequest, Signer
from backends.wire.eventstream import EVENT_STREAM

__all__ = ["Credentials", "SageMakerBackend", "Timeouts"]


class SageMakerBackend:
    """Answers from SageMaker endpoints of one region and account.

    Region, endpoint URL, credentials, retries and proxies are found as boto3 finds them where they are not given; nothing is looked up before the first
    answer is entered.

    Args:
        region: An AWS region.
        profile: A profile of the AWS configuration.
        endpoint_url: Where SageMaker Runtime, or its twin, is.
        credentials: Keys to sign with; with them, no credential source is asked.
        timeouts: How long to wait for what.
        allow_insecure: Whether AWS credentials may go out without TLS.
        use_proxy: Whether HTTP_PROXY and its relatives are followed.
        attempts: The most attempts before an answer begins, the first included.
        sleep: What passes the time between attempts.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        credentials: Credentials | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        allow_insecure: bool = False,
        use_proxy: bool = True,
        attempts: int | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._signer = Signer(
            region=region, profile=profile, endpoint_url=endpoint_url, credentials=credentials, allow_insecure=allow_insecure, attempts=attempts
        )
        self._timeouts = timeouts
        self._pool = ConnectionPool(use_proxy=use_proxy)
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> NetworkAnswer:
        """Return the answer to `request`; nothing is sent before it is entered."""
        return self._pool.track(NetworkAnswer(partial(self._open_stream, request, tap), self._timeouts, tap))

    def invoke(self, request: ChatRequest, *, tap: Tap | None = None) -> NetworkAnswer:
        """Return the same without streaming: the whole answer comes as one part."""
        return self._pool.track(NetworkAnswer(partial(self._open_whole, request), self._timeouts, tap))

    def send(self, request: RawRequest, *, tap: Tap | None = None) -> NetworkAnswer:
        """Return the response to a request whose body is made already, whatever its status: each HTTP chunk is a part, and `Data`. Nothing is tried twice."""
        return self._pool.track(NetworkAnswer(partial(self._open_raw, request), self._timeouts, tap))

    async def check(self) -> None:
        """Look up what a request needs, and send none.

        Raises:
            ConfigurationError: There is no region, no credentials, or the latter must not go to the endpoint URL.
        """
        await asyncio.to_thread(self._signer.sign, "invoke_endpoint", {"EndpointName": "none", "Body": b""})

    async def open_session(self, endpoint: Endpoint) -> Session:
        """Open a stateful session; later requests name it by `ChatRequest.session_id`.

        Raises:
            BackendError: None was opened.
        """
        told = await self._manage({"SessionId": NEW_SESSION, "Body": OPEN_BODY}, endpoint)
        return Session.from_header(endpoint, told.get("x-amzn-sagemaker-new-session-id"))

    async def close_session(self, session: Session) -> None:
        """Close a stateful session.

        Raises:
            BackendError: It is not known, or nobody answers for it.
        """
        await self._manage({"SessionId": session.id, "Body": CLOSE_BODY}, session.endpoint)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _manage(self, members: Mapping[str, Any], endpoint: Endpoint) -> Mapping[str, str]:
        """Return the headers of the response to a request about a session."""

        async def send(exchange: Exchange) -> Head:
            return raw_head(await self._call("invoke_endpoint", {**_members(endpoint), **members}, exchange))

        async with self._pool.track(NetworkAnswer(send, self._timeouts, None)) as answer:
            if not answer.status:
                raise TransportError("the backend was closed", phase="headers")
            return answer.headers

    async def _open_stream(self, request: ChatRequest, tap: Tap | None, exchange: Exchange) -> Head:
        response = await self._call("invoke_endpoint_with_response_stream", _chat_members(request, stream=True), exchange)
        content_type = response.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != EVENT_STREAM:
            raise WireError(f"the response's content type is {content_type!r}, expected {EVENT_STREAM}: is this a SageMaker Runtime endpoint?")
        return _head(response, "x-amzn-sagemaker-content-type", EventStreamParts(tap.frame if isinstance(tap, FrameTap) else None))

    async def _open_whole(self, request: ChatRequest, exchange: Exchange) -> Head:
        return _head(await self._call("invoke_endpoint", _chat_members(request, stream=False), exchange), "content-type", WholeBody())

    async def _open_raw(self, request: RawRequest, exchange: Exchange) -> Head:
        operation: Operation = "invoke_endpoint_with_response_stream" if request.stream else "invoke_endpoint"
        signed = await exchange.wait(partial(asyncio.to_thread, self._signer.sign, operation, request.members()))
        return raw_head(await self._pass_on(replace(signed, headers={**signed.headers, **request.attempt()}), exchange))

    async def _call(self, operation: Operation, members: Mapping[str, Any], exchange: Exchange) -> httpx.Response:
        """Return the response of the first attempt that succeeds."""
        sign = partial(asyncio.to_thread, self._signer.sign, operation, members)
        first = await exchange.wait(sign)
        policy = RetryPolicy(first.attempts)
        for attempt in count(1):
            signed = first if attempt == 1 else (await exchange.wait(sign)).as_attempt(attempt, first)
            try:
                return await self._send(signed, exchange)
            except BackendError as error:
                delay_s = None if exchange.out_of_time else policy.delay_s(error, attempt, exchange.headers)
                if delay_s is None:
                    raise
            await exchange.rest(delay_s, self._sleep)
        raise AssertionError("unreachable: the loop has no end")

    async def _send(self, signed: SignedRequest, exchange: Exchange) -> httpx.Response:
        response = await self._pass_on(signed, exchange)
        if response.is_success:
            return response
        body = await exchange.read_all(ERROR_BODY_BYTES)
        headers = dict(response.headers)
        raise parse_rejection(response.status_code, headers, body, request_id=headers.get("x-amzn-requestid"))

    async def _pass_on(self, signed: SignedRequest, exchange: Exchange) -> httpx.Response:
        client = await exchange.wait(lambda: self._pool.client(signed.url, self._signer.ca_bundle))
        message = httpx.Request(signed.method, signed.url, headers={"Accept-Encoding": "identity", **signed.headers}, content=signed.body)
        return await exchange.send(client, message)


def _members(endpoint: Endpoint) -> dict[str, Any]:
    component = {"InferenceComponentName": endpoint.component} if endpoint.component else {}
    return {"EndpointName": endpoint.name, "ContentType": "application/json", **component}


def _chat_members(request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """Return the arguments of boto3's method; raises ConfigurationError."""
    body = encode_body(request, stream=stream)
    check_custom_attributes(request.custom_attributes)
    said = {"CustomAttributes": request.custom_attributes, "SessionId": request.session_id}
    return {**_members(request.endpoint), "Body": body, **{name: value for name, value in said.items() if value}}


def _head(response: httpx.Response, content_type_name: str, parts: PartDecoder) -> Head:
    headers = dict(response.headers)
    return Head(headers, headers.get("x-amzn-requestid"), headers.get(content_type_name), parts)
