"""A model container reached directly, without SageMaker in front: chunked HTTP from its `/invocations`."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Self

import httpx

from backends.body import check_custom_attributes, encode_body
from backends.chat import ChatRequest, Tap
from backends.connection import ConnectionPool, Timeouts
from backends.endpoints import Endpoint
from backends.errors import ConfigurationError
from backends.exchange import Exchange
from backends.incoming import ChunkedBody, WholeBody
from backends.network_answer import Head, NetworkAnswer
from backends.raw import RawRequest, raw_head
from backends.rejections import ERROR_BODY_BYTES, parse_rejection

_HIGHEST_PORT = 65535


class ContainerBackend:
    """Answers from containers; each request's endpoint says by its `url` which one.

    Args:
        timeouts: How long to wait for what.
        use_proxy: Whether HTTP_PROXY and its relatives are followed.
    """

    def __init__(self, *, timeouts: Timeouts = Timeouts(), use_proxy: bool = True) -> None:  # noqa: B008 - frozen
        self._timeouts = timeouts
        self._pool = ConnectionPool(use_proxy=use_proxy)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> NetworkAnswer:
        """Return the answer to `request`; nothing is sent before it is entered."""
        return self._answer(request, tap, stream=True)

    def invoke(self, request: ChatRequest, *, tap: Tap | None = None) -> NetworkAnswer:
        """Return the same without streaming: the whole answer comes as one part."""
        return self._answer(request, tap, stream=False)

    def send(self, request: RawRequest, *, tap: Tap | None = None) -> NetworkAnswer:
        """Return the response to a request that is made already, whatever its status: each HTTP chunk is a part, and `Data`."""
        return self._pool.track(NetworkAnswer(partial(self._open_raw, request), self._timeouts, tap))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    def _answer(self, request: ChatRequest, tap: Tap | None, *, stream: bool) -> NetworkAnswer:
        return self._pool.track(NetworkAnswer(partial(self._open, request, stream=stream), self._timeouts, tap))

    async def _open(self, request: ChatRequest, exchange: Exchange, *, stream: bool) -> Head:
        message = _http_request(request, stream=stream)
        response = await exchange.send(await exchange.wait(partial(self._pool.client, str(message.url))), message)
        headers = dict(response.headers)
        request_id = headers.get("x-request-id")
        if not response.is_success:
            raise parse_rejection(response.status_code, headers, await exchange.read_all(ERROR_BODY_BYTES), request_id=request_id)
        return Head(headers, request_id, headers.get("content-type"), ChunkedBody() if stream else WholeBody())

    async def _open_raw(self, request: RawRequest, exchange: Exchange) -> Head:
        message = httpx.Request(request.method, _url(request.endpoint, request.path), headers=request.passed_headers(), content=request.body)
        return raw_head(await exchange.send(await exchange.wait(partial(self._pool.client, str(message.url))), message))


def _http_request(request: ChatRequest, *, stream: bool) -> httpx.Request:
    url = _url(request.endpoint, "/invocations")
    check_custom_attributes(request.custom_attributes)
    headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
    if request.custom_attributes:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = request.custom_attributes
    return httpx.Request("POST", url, headers=headers, content=encode_body(request, stream=stream))


def _url(endpoint: Endpoint, path: str) -> httpx.URL:
    url = parse_url(f"{(endpoint.url or '').rstrip('/')}{path}")
    if url is None:
        raise ConfigurationError(
            f"the url of the endpoint {endpoint.name!r} is {endpoint.url!r}, expected the base URL of its container, like http://127.0.0.1:8080"
        )
    return url


def parse_url(text: str) -> httpx.URL | None:
    """Return the URL, None if nothing can be reached by it."""
    try:
        url = httpx.URL(text)
        can_be = url.scheme in {"http", "https"} and bool(url.host) and (url.port or 0) <= _HIGHEST_PORT
    except (httpx.InvalidURL, ValueError):  # the latter for a host that is no domain name in any script, as `xn--`
        return None
    return url if can_be else None
