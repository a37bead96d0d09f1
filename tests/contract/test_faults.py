"""Each fault, row by row: what is on the wire, what an unmodified boto3 shows of it, and what our backends raise; likewise at the container itself.

The frames are checked with literal CRC-32s and read by botocore's own `EventStreamBuffer`; the wire is read from a plain socket.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from zlib import crc32

import httpx
import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError, ReadTimeoutError
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as StreamReadTimeoutError

from backends.chat import ChatBackend
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import BackendError, MalformedFrame, RequestRejected, StreamInterrupted, TransportError, TruncatedStream
from backends.events import Finish, StreamEvent
from backends.sagemaker import SageMakerBackend, Timeouts
from backends.wire.eventstream import EventStreamDecoder, encode_message
from mock_server import MockServer
from mock_server.faults import KINDS, SERVICE_ERRORS, parse_faults
from mock_server.sigv4 import NAMESPACE
from tests.contract.clients import KEYS, PartsTap, body, boto3_client, request_for
from tests.mock_server.plain_client import PlainClient

LMI, TGI = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"
PARTS = 51
"""Of the script `hello`."""
TIME_EXCEEDED = "Your model primary did not complete sending the inference response in the allotted time."
IMPATIENCE_S = 0.3
OPERATION = "when calling the InvokeEndpointWithResponseStream operation"
FAILED_EVENT = b'data:{"error":"Request failed during generation: Server error: the model failed","error_type":"generation"}\n\n'
FAILED_LINE = b'{"code": 500, "error": "the model failed"}'
"""How TGI and LMI say in their streams that they failed."""


@dataclass(frozen=True)
class Shown:
    """What a client makes of it."""

    error: type[Exception] | None
    """None: it sees an end like any other."""
    says: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    parts: int = 0
    """How many parts come before it."""


@dataclass(frozen=True)
class Row:
    fault: str
    wire: str
    boto3: Shown
    ours: Shown
    container: tuple[str, Shown, Shown] | None = None
    """At the container itself: the wire, what httpx shows, and what our backend raises; None where it has no such fault."""
    endpoint: str = TGI
    attempts: int = 1
    """How often it is tried by who may try three times."""
    asks: str = ""
    """What else is asked of the twin."""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.fault, self.asks, "" if self.endpoint == TGI else "lmi")))

    @property
    def attributes(self) -> str:
        asked = [f"mock.fault={self.fault}"] if self.fault else []
        return ";".join([*asked, *filter(None, (self.asks,)), "mock.script=hello"])


def refused(status: int, code: str, fault: str = "", wire: str = "", container: tuple[str, Shown, Shown] | None = None, **fields: Any) -> Row:
    """Return the row of an error before the stream."""
    says = f"({code})"
    shown = Shown(RequestRejected, fields={"status": status, "code": code} | fields)
    attempts = 3 if status in {429, 500, 503} else 1
    return Row(fault, f"{status} {code}{wire}", Shown(ClientError, says), shown, container, attempts=attempts)


def model_failed(status: int, kind: str) -> tuple[str, Shown, Shown]:
    rejected = Shown(RequestRejected, fields={"status": status, "code": kind})
    return f"{status}", Shown(None, parts=1), rejected


MODEL_ERROR = ": ErrorCode LogStreamArn Message OriginalMessage OriginalStatusCode"
WHOLE = Shown(None, parts=PARTS)
BROKEN = Shown(TransportError, fields={"phase": "stream", "timed_out": False}, parts=2)
CUT_SHORT = Shown(TruncatedStream, parts=2)

ROWS = (
    refused(400, "ValidationError", "validation-error", ": Message"),
    refused(429, "ModelNotReadyException", "model-not-ready", ": Message"),
    refused(429, "ThrottlingException", "throttling", ": message"),
    refused(500, "InternalFailure", "internal-failure", ": Message"),
    refused(503, "ServiceUnavailable", "service-unavailable", ": Message"),
    refused(530, "InternalDependencyException", "dependency", ": Message"),
    refused(403, "AccessDeniedException", "access-denied", ": Message"),
    refused(403, "ExpiredTokenException", "expired-token", f":{NAMESPACE}: message"),
    refused(424, "ModelError", "model-error", MODEL_ERROR, model_failed(500, "incomplete_generation"), original_status=500),
    refused(424, "ModelError", "model-error:404", MODEL_ERROR, model_failed(404, "generation"), original_status=404),
    refused(424, "ModelError", "model-error:0", MODEL_ERROR, original_status=0),
    Row("model-stream-error@2", "2 part, exception ModelStreamError; last chunk",
        Shown(EventStreamError, f"(ModelStreamError) {OPERATION}: {TIME_EXCEEDED}", parts=2),
        Shown(StreamInterrupted, TIME_EXCEEDED, {"code": "ModelStreamError", "error_code": "ModelInvocationTimeExceeded"}, 2)),
    Row("model-stream-error:StreamBroken@2", "2 part, exception ModelStreamError; last chunk", Shown(EventStreamError, "(ModelStreamError)", parts=2),
        Shown(StreamInterrupted, "", {"code": "ModelStreamError", "error_code": "StreamBroken"}, 2)),
    Row("internal-stream-failure@2", "2 part, exception InternalStreamFailure; last chunk",
        Shown(EventStreamError, f"(InternalStreamFailure) {OPERATION}: Internal failure.", parts=2),
        Shown(StreamInterrupted, "Internal failure.", {"code": "InternalStreamFailure", "error_code": None}, 2)),
    Row("unmodeled-exception@2", "2 part, exception ThrottlingException; last chunk",  # botocore knows neither its code nor its message
        Shown(EventStreamError, f"() {OPERATION}: ", parts=2), Shown(StreamInterrupted, "Rate exceeded", {"code": "ThrottlingException"}, 2)),
    Row("unmodeled-error@2", "2 part, error InternalError; last chunk",
        Shown(EventStreamError, f"(InternalError) {OPERATION}: An internal server error occurred.", parts=2),
        Shown(StreamInterrupted, "An internal server error occurred.", {"code": "InternalError"}, 2)),
    Row("unknown-event@2", "2 part, event Unknown, 49 part; last chunk", WHOLE, WHOLE),
    Row("unknown-event:initial-response@2", "2 part, event initial-response, 49 part; last chunk", WHOLE, WHOLE),
    Row("unknown-event:ModelStreamError@2", "2 part, event ModelStreamError, 49 part; last chunk", Shown(None, parts=PARTS + 1), WHOLE),  # an empty dict
    Row("empty-part@2", "2 part, empty part, 49 part; last chunk", Shown(None, parts=PARTS + 1), Shown(None, parts=PARTS + 1)),
    Row("bad-prelude-crc@2", "2 part, bad prelude CRC, 48 part; last chunk", Shown(ChecksumMismatch, "Checksum mismatch", parts=2),
        Shown(MalformedFrame, "prelude CRC", parts=2)),
    Row("bad-message-crc@2", "2 part, bad message CRC, 48 part; last chunk", Shown(ChecksumMismatch, "Checksum mismatch", parts=2),
        Shown(MalformedFrame, "message CRC", parts=2)),
    Row("truncate-frame@2", "2 part, 109 bytes of 218; last chunk", Shown(None, parts=2), CUT_SHORT),  # to boto3, an end: what was lost is lost silently
    Row("no-frames", "; last chunk", Shown(None), Shown(TruncatedStream)),
    Row("no-frames@2", "2 part; last chunk", Shown(None, parts=2), CUT_SHORT),
    Row("reset@2", "2 part; RST", Shown(ProtocolError, "Connection reset by peer", parts=2), BROKEN,
        ("2 chunks; RST", Shown(httpx.ReadError, parts=2), BROKEN)),
    Row("close@2", "2 part; FIN", Shown(ProtocolError, "Response ended prematurely", parts=2), BROKEN,
        ("2 chunks; FIN", Shown(httpx.RemoteProtocolError, "incomplete chunked read", parts=2), BROKEN)),
    Row("close-in-chunk@2", "2 part; 109 bytes of a chunk of 218, FIN", Shown(ProtocolError, "IncompleteRead(109 bytes read, 109 more expected)", parts=2),
        BROKEN, ("2 chunks; 56 bytes of a chunk of 113, FIN", Shown(httpx.RemoteProtocolError, "incomplete chunked read", parts=3),
                 Shown(TransportError, fields=BROKEN.fields, parts=3))),
    Row("stall@2", "2 part; silence", Shown(StreamReadTimeoutError, "Read timed out", parts=2),
        Shown(TransportError, "stalled", {"phase": "stream", "timed_out": True}, 2),
        ("2 chunks; silence", Shown(httpx.ReadTimeout, parts=2), Shown(TransportError, "stalled", {"phase": "stream", "timed_out": True}, 2))),
    Row("stall", "silence before the head", Shown(ReadTimeoutError, "Read timeout on endpoint URL"),
        Shown(TransportError, "no answer", {"phase": "headers", "timed_out": True}),
        ("silence before the head", Shown(httpx.ReadTimeout), Shown(TransportError, "", {"phase": "headers", "timed_out": True})), endpoint=LMI),
    Row("stall:0.01@2", "51 part; last chunk", WHOLE, WHOLE, ("51 chunks; last chunk", WHOLE, WHOLE)),
    Row("container-error@2", "3 part; last chunk", Shown(None, parts=3), Shown(StreamInterrupted, "the model failed", {"code": "generation"}, 3),
        ("3 chunks; last chunk", Shown(None, parts=3), Shown(StreamInterrupted, "the model failed", {"code": "generation"}, 3))),
    Row("container-error@2", "3 part; last chunk", Shown(None, parts=3), Shown(StreamInterrupted, "the model failed", {"code": "500"}, 3),
        ("3 chunks; last chunk", Shown(None, parts=3), Shown(StreamInterrupted, "the model failed", {"code": "500"}, 3)), endpoint=LMI),
    Row("container-error:overloaded@2", "3 part; last chunk", Shown(None, parts=3), Shown(StreamInterrupted, "Model is overloaded", {"code": "overloaded"}, 3),
        ("3 chunks; last chunk", Shown(None, parts=3), Shown(StreamInterrupted, "Model is overloaded", {"code": "overloaded"}, 3))),
    Row("no-final-newline", "51 part; last chunk", WHOLE, WHOLE, ("51 chunks; last chunk", WHOLE, WHOLE)),
    Row("no-final-newline", "51 part; last chunk", WHOLE, WHOLE, ("51 chunks; last chunk", WHOLE, WHOLE), endpoint=LMI),
    Row("no-finish", "50 part; last chunk", Shown(None, parts=50), Shown(TruncatedStream, parts=50),
        ("50 chunks; last chunk", Shown(None, parts=50), Shown(TruncatedStream, parts=50))),
    Row("no-finish", "50 part; last chunk", Shown(None, parts=50), Shown(None, parts=50),  # nothing in these lines says that one is the last
        ("50 chunks; last chunk", Shown(None, parts=50), Shown(None, parts=50)), endpoint=LMI),
    Row("keep-alive@2", "52 part; last chunk", Shown(None, parts=52), Shown(None, parts=52),
        ("52 chunks; last chunk", Shown(None, parts=52), Shown(None, parts=52))),
    Row("keep-alive@2", "52 part; last chunk", Shown(None, parts=52), Shown(None, parts=52),
        ("52 chunks; last chunk", Shown(None, parts=52), Shown(None, parts=52)), endpoint=LMI),
    Row("crlf", "51 part; last chunk", WHOLE, WHOLE, ("51 chunks; last chunk", WHOLE, WHOLE)),
    Row("crlf", "51 part; last chunk", WHOLE, WHOLE, ("51 chunks; last chunk", WHOLE, WHOLE), endpoint=LMI),
    Row("crlf+reset@2", "2 part; RST", Shown(ProtocolError, "Connection reset by peer", parts=2), BROKEN,
        ("2 chunks; RST", Shown(httpx.ReadError, parts=2), BROKEN)),
    Row("", "51 part; last chunk", WHOLE, WHOLE, asks="mock.http_cut=every-byte"),
    Row("", "51 part; last chunk", WHOLE, WHOLE, asks="mock.http_cut=merge:5"),
    Row("close@2", "2 part; FIN", Shown(ProtocolError, "Response ended prematurely", parts=2), BROKEN, asks="mock.http_cut=bytes:7"),
)  # fmt: skip


@pytest.fixture
def own_twin() -> Iterator[MockServer]:
    """A twin of the test's own: its journal has nobody else's requests."""
    with MockServer() as server:
        yield server


def named(twin: MockServer, name: str) -> Endpoint:
    return next(endpoint for endpoint in twin.endpoints if endpoint.name == name)


def test_every_fault_has_its_row() -> None:
    assert {fault.name for row in ROWS if row.fault for fault in parse_faults(row.fault).terms} == set(KINDS)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_a_fault_is_on_the_wire_and_every_client_shows_it(twin: MockServer, row: Row) -> None:
    endpoint = named(twin, row.endpoint)
    asked = await asyncio.to_thread(twin_says, twin, row, "runtime")
    assert asked == row.wire
    await shows(row.boto3, by_boto3(twin.url, endpoint, row))
    await shows(row.ours, by_backend(sagemaker(twin, row), endpoint, row))
    if row.container is None:
        return
    wire, by_plain_httpx, by_container_backend = row.container
    assert await asyncio.to_thread(twin_says, twin, row, "container") == wire
    await shows(by_plain_httpx, by_httpx(endpoint, row))
    await shows(by_container_backend, by_backend(ContainerBackend(use_proxy=False, timeouts=timeouts(row)), endpoint, row))


def twin_says(twin: MockServer, row: Row, front: str) -> str:
    """Return in words what a plain socket sees."""
    with PlainClient(twin.url) as client:
        waits_for_ever = row.fault.startswith("stall") and ":" not in row.fault
        client.socket.settimeout(IMPATIENCE_S if waits_for_ever else 20.0)
        client.ask(row.endpoint, front, row.attributes, parameters={"max_new_tokens": 530})
        try:
            status, headers = client.head()
        except TimeoutError:
            return "silence before the head"
        if status != 200 and front == "runtime":
            return f"{status} {headers['x-amzn-errortype']}: {' '.join(json.loads(client.body(headers)))}"
        if status != 200:
            return str(status)
        chunks, end = client.rest()
    said = f"{len(chunks)} chunks" if front == "container" else ", ".join(frames_in(b"".join(chunks)))
    return f"{said}; {end}"


def frames_in(data: bytes) -> Iterator[str]:
    """Yield in words what the messages of an event stream are, those that are alike together; each is checked before botocore reads it."""
    messages: list[str] = []
    while data:
        total = int.from_bytes(data[:4])
        frame, data = data[:total], data[total:]
        if len(frame) < total:
            messages.append(f"{len(frame)} bytes of {total}")
        elif crc32(frame[:8]) != int.from_bytes(frame[8:12]):
            messages.append("bad prelude CRC")
        elif crc32(frame[:-4]) != int.from_bytes(frame[-4:]):
            messages.append("bad message CRC")
        else:
            messages.append(message_in(frame))
    for message, alike in groupby(messages):
        yield f"{len(list(alike))} {message}" if message == "part" else message


def message_in(frame: bytes) -> str:
    buffer = EventStreamBuffer()
    buffer.add_data(frame)
    message: Any = next(buffer)
    headers = message.headers
    kind = headers[":message-type"]
    if (kind, headers.get(":event-type")) == ("event", "PayloadPart"):
        return "part" if message.payload else "empty part"
    return f"{kind} {headers[':error-code' if kind == 'error' else f':{kind}-type']}"


@dataclass
class Seen:
    """What a client got before it ended, and what it ended with."""

    parts: list[bytes] = field(default_factory=list)
    events: list[StreamEvent] = field(default_factory=list)
    error: Exception | None = None


def timeouts(row: Row) -> Timeouts:
    return Timeouts(first_byte_s=IMPATIENCE_S, idle_s=IMPATIENCE_S) if row.fault in {"stall", "stall@2"} else Timeouts()


def sagemaker(twin: MockServer, row: Row) -> SageMakerBackend:
    async def no_sleep(seconds: float) -> None:
        assert seconds >= 0

    return SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False, timeouts=timeouts(row), sleep=no_sleep)


async def by_backend(backend: ChatBackend, endpoint: Endpoint, row: Row) -> Seen:
    seen, tap = Seen(), PartsTap()
    try:
        async with backend.stream(request_for(endpoint, row.attributes), tap=tap) as answer:
            async for event in answer:
                seen.events.append(event)
    except BackendError as error:
        seen.error = error
    await backend.aclose()
    seen.parts = tap.parts
    assert isinstance(seen.events[-1], Finish) if seen.error is None else not any(isinstance(event, Finish) for event in seen.events)
    return seen


async def by_boto3(url: str, endpoint: Endpoint, row: Row, attempts: int = 1) -> Seen:
    seen = Seen()
    client = boto3_client(url, attempts, IMPATIENCE_S if timeouts(row).idle_s == IMPATIENCE_S else 20.0)

    def ask() -> None:
        response = client.invoke_endpoint_with_response_stream(
            EndpointName=endpoint.name, ContentType="application/json", Body=body(), CustomAttributes=row.attributes
        )
        for event in response["Body"]:
            seen.parts.append(event.get("PayloadPart", {}).get("Bytes", b""))

    try:
        await asyncio.to_thread(ask)
    except (ClientError, ReadTimeoutError, ChecksumMismatch, ProtocolError, StreamReadTimeoutError) as error:
        seen.error = error
    return seen


async def by_httpx(endpoint: Endpoint, row: Row) -> Seen:
    seen = Seen()
    headers = {"Content-Type": "application/json", "X-Amzn-SageMaker-Custom-Attributes": row.attributes}
    try:
        async with (
            httpx.AsyncClient(trust_env=False, timeout=timeouts(row).idle_s) as client,
            client.stream("POST", f"{endpoint.url}/invocations", content=body(), headers=headers) as response,
        ):
            async for chunk in response.aiter_raw():
                seen.parts.append(chunk)
    except httpx.HTTPError as error:
        seen.error = error
    return seen


async def shows(shown: Shown, asked: Awaitable[Seen]) -> None:
    seen = await asked
    assert isinstance(seen.error, shown.error or type(None)), seen.error
    assert shown.says in str(seen.error)
    assert {name: getattr(seen.error, name) for name in shown.fields} == shown.fields
    assert len(seen.parts) == shown.parts


@pytest.mark.parametrize("row", [row for row in ROWS if row.attempts > 1], ids=str)
async def test_who_may_try_three_times_does(own_twin: MockServer, row: Row) -> None:
    for asked in (by_boto3(own_twin.url, named(own_twin, TGI), row, attempts=3), by_backend(sagemaker(own_twin, row), named(own_twin, TGI), row)):
        own_twin.journal.reset()
        await asked
        await asyncio.to_thread(own_twin.journal.wait, row.attempts)
        assert [entry.attempt for entry in own_twin.journal.finished] == list(range(1, row.attempts + 1))


@pytest.mark.parametrize("fault", ["throttling", "internal-failure", "service-unavailable", "model-not-ready"])
async def test_a_fault_of_the_first_two_attempts_is_survived_by_both(twin: MockServer, fault: str) -> None:
    row = Row(f"{fault}x2", "", WHOLE, WHOLE)
    await shows(WHOLE, by_boto3(twin.url, named(twin, TGI), row, attempts=3))
    await shows(WHOLE, by_backend(sagemaker(twin, row), named(twin, TGI), row))


def test_boto3_s_typed_exceptions_have_their_members(twin: MockServer) -> None:
    client = boto3_client(twin.url)
    call = {"EndpointName": TGI, "ContentType": "application/json", "Body": body()}

    for name in ("validation-error", "model-not-ready", "internal-failure", "service-unavailable", "dependency"):
        code = SERVICE_ERRORS[name].code
        with pytest.raises(getattr(client.exceptions, code)) as raised:
            client.invoke_endpoint_with_response_stream(**call, CustomAttributes=f"mock.fault={name}")
        assert raised.value.response["Error"] == {"Code": code, "Message": SERVICE_ERRORS[name].message}
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


def test_a_denied_access_names_who_what_and_where(twin: MockServer) -> None:
    client = boto3_client(twin.url)
    for ask, operation in ((client.invoke_endpoint, "InvokeEndpoint"), (client.invoke_endpoint_with_response_stream, "InvokeEndpointWithResponseStream")):
        with pytest.raises(ClientError) as denied:
            ask(EndpointName=TGI, Body=body(), CustomAttributes="mock.fault=access-denied")
        assert denied.value.response["Error"]["Message"] == (
            f"User: arn:aws:iam::123456789012:user/streamtwin is not authorized to perform: sagemaker:{operation} on resource: "
            f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{TGI} because no identity-based policy allows the sagemaker:{operation} action"
        )


@contextmanager
def answering(response: bytes) -> Iterator[str]:
    """Answer one request with these bytes; yield the URL."""

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            seen = b""
            while not seen.endswith(body()):
                seen += connection.recv(65536)
            connection.sendall(response)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


async def test_a_message_in_lower_case_is_lost_to_boto3_and_not_to_us() -> None:
    """No service writes it so; what boto3 makes of it is why the twin writes `Message`."""
    headers = {":exception-type": "ModelStreamError", ":content-type": "application/json", ":message-type": "exception"}
    frame = encode_message(headers, b'{"message": "late", "ErrorCode": "StreamBroken"}')
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n"
    row, endpoint = Row("", "", WHOLE, WHOLE), Endpoint(TGI)
    with answering(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(frame), frame)) as url:
        seen = await by_boto3(url, endpoint, row)
    assert isinstance(seen.error, EventStreamError)
    assert seen.error.response == {"Error": {"Code": "ModelStreamError", "Message": ""}}


@pytest.mark.parametrize("row", [row for row in ROWS if row.ours.error and row.ours.parts and row.fault != "stall@2"], ids=str)
async def test_whoever_reads_slowly_is_told_the_same(own_twin: MockServer, row: Row) -> None:
    events: list[StreamEvent] = []
    async with SageMakerBackend(region="us-east-1", endpoint_url=own_twin.url, credentials=KEYS, use_proxy=False) as backend:
        answer = backend.stream(request_for(named(own_twin, row.endpoint), row.attributes))
        assert row.ours.error
        with pytest.raises(row.ours.error) as raised:  # noqa: PT012 - what comes before the error counts
            async with answer:
                await asyncio.to_thread(own_twin.journal.wait)  # all has left the twin before the first event is taken
                async for event in answer:
                    events.append(event)  # noqa: PERF401 - a comprehension would lose what precedes the error

    assert len(events) == row.ours.parts - row.fault.startswith("container-error")
    assert row.fault != "truncate-frame@2" or (isinstance(raised.value, TruncatedStream) and raised.value.pending)


@pytest.mark.parametrize("endpoint", [TGI, LMI])
@pytest.mark.parametrize("front", ["runtime", "container"])
def test_the_container_s_faults_are_in_its_own_bytes(twin: MockServer, front: str, endpoint: str) -> None:
    def lines(fault: str) -> list[bytes]:
        with PlainClient(twin.url) as client:
            client.ask(endpoint, front, f"mock.fault={fault};mock.script=hello", parameters={"max_new_tokens": 4})
            assert client.head()[0] == 200
            chunks, end = client.rest()
        assert end == "last chunk"
        return chunks if front == "container" else [message.payload for chunk in chunks for message in EventStreamDecoder().feed(chunk)]

    whole = lines("stall:0")
    comment, failure = (b":\n\n", FAILED_EVENT) if endpoint == TGI else (b"\n", FAILED_LINE)
    assert lines("container-error@2") == [*whole[:2], failure]
    assert lines("container-error") == [failure]
    assert lines("no-finish") == whole[:3]
    assert lines("no-final-newline") == [*whole[:3], whole[3].rstrip(b"\n")]
    assert lines("keep-alive@2") == [*whole[:2], comment, *whole[2:]]
    assert lines("crlf") == [line.replace(b"\n", b"\r\n") for line in whole]
    assert lines("crlf+no-finish+keep-alive") == [line.replace(b"\n", b"\r\n") for line in (comment, *whole[:3])]


def test_the_end_of_a_stream_that_is_whole_is_not_a_container_s_only(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, "container", "mock.fault=close@51;mock.script=hello", parameters={"max_new_tokens": 530})
        client.head()
        chunks, end = client.rest()
    assert (len(chunks), end) == (PARTS, "FIN")
