"""A request that is made already, and its response as it comes: for whoever records or passes on what others say.

Source of the headers' names: botocore's service model sagemaker-runtime 2017-05-13.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from backends.body import encode_body
from backends.chat import ChatRequest
from backends.endpoints import Endpoint
from backends.errors import ConfigurationError
from backends.events import Data, StreamEvent
from backends.incoming import ChunkedBody
from backends.network_answer import Head
from backends.wire.lines import Frame

CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
OF_ONE_CONNECTION = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that are no part of a message, but of the connection that it comes on."""

_MEMBERS = {
    "content-type": "ContentType",
    CUSTOM_ATTRIBUTES: "CustomAttributes",
    "x-amzn-sagemaker-inference-component": "InferenceComponentName",
    "x-amzn-sagemaker-inference-id": "InferenceId",
    "x-amzn-sagemaker-session-id": "SessionId",
    "x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname",
    "x-amzn-sagemaker-target-variant": "TargetVariant",
}
_STREAM_MEMBERS = {**_MEMBERS, "x-amzn-sagemaker-accept": "Accept"}
_INVOKE_MEMBERS = {
    **_MEMBERS,
    "accept": "Accept",
    "x-amzn-sagemaker-enable-explanations": "EnableExplanations",
    "x-amzn-sagemaker-target-model": "TargetModel",
}
"""Header -> the operation's member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """One request that is made already."""

    endpoint: Endpoint
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    """To SageMaker, those go on that the operation knows, signed anew; to a container, all that are not the connection's own."""
    stream: bool = True
    """SageMaker only: InvokeEndpointWithResponseStream, or else InvokeEndpoint."""
    method: str = "POST"
    """Containers only."""
    path: str = "/invocations"
    """Containers only: what is appended to the endpoint's URL, a query included."""

    def members(self) -> dict[str, Any]:
        """Return the arguments of boto3's method."""
        known = _STREAM_MEMBERS if self.stream else _INVOKE_MEMBERS
        given = {known[name.lower()]: value for name, value in self.headers if value and name.lower() in known}
        return {"EndpointName": self.endpoint.name, "Body": self.body, **given}

    def attempt(self) -> dict[str, str]:
        """Return what an SDK says of its attempts; it is not signed."""
        return {name.lower(): value for name, value in self.headers if name.lower() in {"amz-sdk-invocation-id", "amz-sdk-request"}}

    def passed_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers for a container.

        Raises:
            ConfigurationError: No header can carry one of the values.
        """
        passed = [(name, value) for name, value in self.headers if name.lower() not in OF_ONE_CONNECTION | {"accept-encoding"}]
        try:
            return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*passed, ("Accept-Encoding", "identity"))]
        except UnicodeEncodeError as error:
            raise ConfigurationError(f"a header holds {error.object!r}, expected Latin-1") from error


def encode_chat(request: ChatRequest) -> RawRequest:
    """Return a chat request as the request that a backend sends for it.

    Raises:
        ConfigurationError: It cannot be sent.
    """
    attributes = ((CUSTOM_ATTRIBUTES, request.custom_attributes),) if request.custom_attributes else ()
    return RawRequest(endpoint=request.endpoint, body=encode_body(request, stream=True), headers=(("Content-Type", "application/json"), *attributes))


def raw_head(response: httpx.Response) -> Head:
    """Return the head of a response whose HTTP chunks are wanted as they are."""
    headers = dict(response.headers)
    return Head(headers, None, headers.get("content-type"), ChunkedBody(), response.status_code, _Chunks())


class _Chunks:
    """HTTP chunks in, the same out."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self._position = 0

    def feed(self, data: bytes) -> Iterable[StreamEvent]:
        start, self._position = self._position, self._position + len(data)
        self.frames = [(start, self._position, data)]
        return (Data(data),)

    def finish(self) -> Iterable[StreamEvent]:
        return ()
