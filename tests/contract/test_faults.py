"""Each fault, as boto3 shows it and as our backends raise it: the same wire, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from backends.chat import ChatBackend
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import BackendError, MalformedFrame, RequestRejected, StreamInterrupted, TransportError, TruncatedStream
from backends.events import Finish, StreamEvent
from backends.sagemaker import SageMakerBackend, Timeouts
from mock_server import MockServer
from tests.contract.clients import KEYS, PartsTap, body, boto3_client, request_for

TIME_EXCEEDED = "Your model primary did not complete sending the inference response in the allotted time."


@dataclass(frozen=True)
class Row:
    fault: str
    boto3_error: type[Exception] | None
    boto3_says: str
    ours: type[BackendError]
    fields: dict[str, Any] = field(default_factory=dict)
    parts: int = 0
    """How many parts come before it."""
    attempts: int = 1
    """How often it is tried by who may try three times."""

    def __str__(self) -> str:
        return self.fault


ROWS = (
    Row("validation-error", ClientError, "ValidationError", RequestRejected, {"status": 400, "code": "ValidationError"}),
    Row("model-error", ClientError, "ModelError", RequestRejected, {"status": 424, "code": "ModelError", "original_status": 500}),
    Row("model-error:404", ClientError, "ModelError", RequestRejected, {"status": 424, "code": "ModelError", "original_status": 404}),
    Row("model-error:0", ClientError, "ModelError", RequestRejected, {"status": 424, "code": "ModelError", "original_status": 0}),
    Row("throttling", ClientError, "ThrottlingException", RequestRejected, {"status": 429, "code": "ThrottlingException"}, attempts=3),
    Row("internal-failure", ClientError, "InternalFailure", RequestRejected, {"status": 500, "code": "InternalFailure"}, attempts=3),
    Row("service-unavailable", ClientError, "ServiceUnavailable", RequestRejected, {"status": 503, "code": "ServiceUnavailable"}, attempts=3),
    Row("model-stream-error@2", EventStreamError, f"(ModelStreamError) when calling the InvokeEndpointWithResponseStream operation: {TIME_EXCEEDED}",
        StreamInterrupted, {"code": "ModelStreamError", "error_code": "ModelInvocationTimeExceeded"}, parts=2),
    Row("model-stream-error:StreamBroken@2", EventStreamError, "ModelStreamError", StreamInterrupted, {"error_code": "StreamBroken"}, parts=2),
    Row("internal-stream-failure@2", EventStreamError, "InternalStreamFailure",
        StreamInterrupted, {"code": "InternalStreamFailure", "error_code": None}, parts=2),
    Row("truncate-frame@2", None, "", TruncatedStream, {}, parts=2),  # boto3 takes it for an end: what was lost is lost silently
    Row("bad-message-crc@2", ChecksumMismatch, "Checksum mismatch", MalformedFrame, {}, parts=2),
    Row("reset@2", ProtocolError, "", TransportError, {"phase": "stream", "timed_out": False}, parts=2),
)  # fmt: skip


@pytest.fixture
def twin() -> Iterator[MockServer]:
    """A twin of the test's own: its journal has nobody else's requests."""
    with MockServer() as server:
        yield server


async def ours(backend: ChatBackend, endpoint: Endpoint, attributes: str) -> tuple[list[StreamEvent], list[bytes], BackendError]:
    """Return the events and parts that came before the error, and the error."""
    events: list[StreamEvent] = []
    tap = PartsTap()
    with pytest.raises(BackendError) as raised:  # noqa: PT012 - entering raises too
        async with backend.stream(request_for(endpoint, attributes), tap=tap) as answer:
            async for event in answer:
                events.append(event)  # noqa: PERF401 - a comprehension would lose what precedes the error
    return events, tap.parts, raised.value


def by_boto3(twin: MockServer, endpoint: Endpoint, attributes: str, attempts: int) -> list[bytes]:
    """Return the parts; raise what boto3 raises, the parts kept on it."""
    parts: list[bytes] = []
    client = boto3_client(twin.url, attempts)
    try:
        response = client.invoke_endpoint_with_response_stream(
            EndpointName=endpoint.name, ContentType="application/json", Body=body(), CustomAttributes=attributes
        )
        for event in response["Body"]:
            parts.append(event["PayloadPart"]["Bytes"])  # noqa: PERF401 - likewise
    except Exception as error:
        error.parts = parts  # type: ignore[attr-defined]
        raise
    return parts


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_boto3_shows(twin: MockServer, row: Row) -> None:
    endpoint = twin.endpoints[1]
    attributes = f"mock.fault={row.fault};mock.script=hello"
    if row.boto3_error is None:
        assert len(by_boto3(twin, endpoint, attributes, 3)) == row.parts
    else:
        with pytest.raises(row.boto3_error) as raised:
            by_boto3(twin, endpoint, attributes, 3)
        assert row.boto3_says in str(raised.value)
        assert len(raised.value.parts) == row.parts  # type: ignore[attr-defined]
    twin.journal.wait(row.attempts)
    tried = [entry.attempt for entry in twin.journal.finished]
    assert tried == list(range(1, row.attempts + 1))


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_our_backend_raises(twin: MockServer, row: Row) -> None:
    async def no_sleep(seconds: float) -> None:
        assert seconds >= 0

    attributes = f"mock.fault={row.fault};mock.script=hello"
    async with SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False, sleep=no_sleep) as backend:
        events, parts, error = await ours(backend, twin.endpoints[1], attributes)

    assert type(error) is row.ours
    assert {name: getattr(error, name) for name in row.fields} == row.fields
    assert len(parts) == len(events) == row.parts
    assert not any(isinstance(event, Finish) for event in events)
    twin.journal.wait(row.attempts)
    tried = [entry.attempt for entry in twin.journal.finished]
    assert tried == list(range(1, row.attempts + 1))


@pytest.mark.parametrize("fault", ["throttling", "internal-failure", "service-unavailable"])
async def test_a_fault_of_the_first_two_attempts_is_survived_by_both(twin: MockServer, fault: str) -> None:
    async def no_sleep(seconds: float) -> None:
        assert seconds >= 0

    attributes = f"mock.fault={fault}x2;mock.script=hello"
    assert by_boto3(twin, twin.endpoints[0], attributes, 3)
    async with (
        SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False, sleep=no_sleep) as backend,
        backend.stream(request_for(twin.endpoints[0], attributes)) as answer,
    ):
        events = [event async for event in answer]

    assert isinstance(events[-1], Finish)


def test_boto3_s_typed_exceptions_have_their_members(twin: MockServer) -> None:
    client = boto3_client(twin.url)
    call = {"EndpointName": "falcon-7b-instruct-tgi", "ContentType": "application/json", "Body": body()}

    with pytest.raises(client.exceptions.ValidationError) as invalid:
        client.invoke_endpoint_with_response_stream(**{**call, "EndpointName": "nobody"})
    with pytest.raises(client.exceptions.ModelError) as failed:
        client.invoke_endpoint_with_response_stream(**call, CustomAttributes="mock.fault=model-error:404")

    assert "Endpoint nobody of account" in invalid.value.response["Error"]["Message"]
    response = failed.value.response
    assert response["OriginalStatusCode"] == 404
    assert response["OriginalMessage"]
    assert response["LogStreamArn"].startswith("arn:aws:logs:us-east-1:")
    assert response["Error"]["Message"].startswith("Received client error (404) from primary with message")


@pytest.mark.parametrize("row", [row for row in ROWS if row.parts], ids=str)
async def test_whoever_reads_slowly_is_told_the_same(twin: MockServer, row: Row) -> None:
    events: list[StreamEvent] = []
    async with SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False) as backend:
        answer = backend.stream(request_for(twin.endpoints[0], f"mock.fault={row.fault};mock.script=hello"))
        with pytest.raises(row.ours) as raised:  # noqa: PT012 - what comes before the error counts
            async with answer:
                await asyncio.to_thread(twin.journal.wait)  # all has left the twin before the first event is taken
                async for event in answer:
                    events.append(event)  # noqa: PERF401 - a comprehension would lose what precedes the error

    assert len(events) == row.parts
    assert not isinstance(raised.value, TruncatedStream) or raised.value.pending


async def test_a_stalled_stream_times_out_and_what_came_is_kept(twin: MockServer) -> None:
    timeouts = Timeouts(idle_s=0.2)
    attributes = "mock.fault=stall@3;mock.script=hello"
    for backend in (
        SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False, timeouts=timeouts),
        ContainerBackend(use_proxy=False, timeouts=timeouts),
    ):
        events, parts, error = await ours(backend, twin.endpoints[1], attributes)
        await backend.aclose()

        assert isinstance(error, TransportError)
        assert (error.phase, error.timed_out) == ("stream", True)
        assert len(events) == len(parts) == 3


async def test_a_reset_of_a_container_is_a_broken_transport_and_what_came_is_kept(twin: MockServer) -> None:
    async with ContainerBackend(use_proxy=False) as backend:
        events, parts, error = await ours(backend, twin.endpoints[1], "mock.fault=reset@3;mock.script=hello")

    assert isinstance(error, TransportError)
    assert (error.phase, error.timed_out) == ("stream", False)
    assert len(events) == len(parts) == 3


def test_httpx_sees_a_container_s_reset(twin: MockServer) -> None:
    headers = {"Content-Type": "application/json", "X-Amzn-SageMaker-Custom-Attributes": "mock.fault=reset@3;mock.script=hello"}
    parts: list[bytes] = []
    with (
        httpx.Client(trust_env=False) as client,
        pytest.raises(httpx.ReadError),
        client.stream("POST", f"{twin.endpoints[1].url}/invocations", content=body(), headers=headers) as response,
    ):
        parts.extend(response.iter_raw())

    assert response.status_code == 200
