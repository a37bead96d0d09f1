"""The SageMaker Runtime front, as real boto3 sees it over a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from mock_server import MockServer
from tests.mock_server.plain_client import PlainClient

LMI, TGI = ENDPOINTS = ("falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi")
LINES = [b'{"outputs": [" Hello"]}\n', b'{"outputs": ["!"]}\n', b'{"outputs": [" I"]}\n', b'{"outputs": [" am"]}\n']
ACCOUNT = "123456789012"


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def client(twin: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client that knows the twin by its variables alone."""
    for name, value in twin.environ.items():
        monkeypatch.setenv(name, value)
    with closing(boto3.client("sagemaker-runtime", config=Config(read_timeout=5))) as client:
        yield client


def connect(twin: MockServer, region: str = "us-east-1", read_timeout_s: float = 5.0) -> Any:
    config = Config(read_timeout=read_timeout_s)
    return boto3.client("sagemaker-runtime", config=config, endpoint_url=twin.url, region_name=region, aws_access_key_id="a", aws_secret_access_key="b")


def ask(client: Any, attributes: str = "", endpoint: str = LMI, operation: str = "stream", **body: Any) -> Any:
    call = client.invoke_endpoint_with_response_stream if operation == "stream" else client.invoke_endpoint
    given = {"inputs": "hello", "stream": operation == "stream", "parameters": {"max_new_tokens": 4}} | body
    return call(EndpointName=endpoint, ContentType="application/json", CustomAttributes=attributes or "a=b", Body=json.dumps(given))


def parts(response: Any) -> list[bytes]:
    return [event["PayloadPart"]["Bytes"] for event in response["Body"]]


def collect(response: Any) -> tuple[list[bytes], Exception | None]:
    """Read a stream as far as it goes."""
    seen: list[bytes] = []
    try:
        seen.extend(event["PayloadPart"]["Bytes"] for event in response["Body"])
    except (ClientError, ChecksumMismatch, ProtocolError, ReadTimeoutError) as error:
        return seen, error
    finally:
        response["Body"].close()
    return seen, None


def test_a_stream_arrives_part_by_part(client: Any, twin: MockServer) -> None:
    response = ask(client)
    assert response["ContentType"] == "application/jsonlines"
    assert response["InvokedProductionVariant"] == "AllTraffic"
    assert "CustomAttributes" not in response
    assert parts(response) == LINES
    entry = twin.journal.wait()
    assert (entry.ended, entry.parts, entry.status, entry.attempt, entry.script, entry.custom_attributes) == ("completed", 4, 200, 1, "hello", "a=b")
    assert entry.request_id == response["ResponseMetadata"]["RequestId"]


def test_the_head_has_what_the_service_sends(client: Any) -> None:
    response = ask(client, endpoint=TGI)
    assert len(parts(response)) == 4
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert set(headers) == {
        "date",
        "content-type",
        "transfer-encoding",
        "x-amzn-requestid",
        "x-amzn-invoked-production-variant",
        "x-amzn-sagemaker-content-type",
    }
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amzn-sagemaker-content-type"] == "text/event-stream"


@pytest.mark.parametrize("cut", ["whole", "every-byte", "bytes:7", "random:30", "inside-json", "write+inside-utf8"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_botocore_reads_any_cut(client: Any, endpoint: str, cut: str) -> None:
    def body(cut: str) -> bytes:
        return b"".join(parts(ask(client, f"mock.cut={cut};mock.script=emoji", endpoint, parameters={"max_new_tokens": 200})))

    assert body(cut) == body("write")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_without_streaming_the_body_comes_whole(client: Any, endpoint: str) -> None:
    whole = ask(client, endpoint=endpoint, operation="invoke", stream=True)
    streamed = ask(client, endpoint=endpoint)
    assert whole["ContentType"] == streamed["ContentType"]
    assert whole["Body"].read() == b"".join(parts(streamed))
    assert whole["ResponseMetadata"]["HTTPHeaders"]["content-length"]


def test_a_whole_answer_can_be_streamed_too(client: Any) -> None:
    response = ask(client, endpoint=TGI, stream=False)
    assert (response["ContentType"], parts(response)) == ("application/json", [b'[{"generated_text":" Hello! I am"}]'])


def test_another_operation_is_an_error_of_the_services_shape(client: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        client.invoke_endpoint_async(EndpointName=LMI, InputLocation="s3://bucket/key")
    path = f"/endpoints/{LMI}/async-invocations"
    assert refusal.value.response["Error"] == {
        "Code": "UnknownOperationException",
        "Message": f"POST {path} is no operation of the SageMaker Runtime that the twin knows.",
    }
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "allow"),
    [
        ("GET", f"/endpoints/{LMI}/invocations-response-stream", 405, "MethodNotAllowedException", "POST"),
        ("OPTIONS", f"/endpoints/{LMI}/invocations", 405, "MethodNotAllowedException", "POST"),
        ("POST", "/endpoints/a%2Fb/invocations-response-stream", 404, "UnknownOperationException", None),
        ("POST", f"/endpoints/{LMI}/invocations/", 404, "UnknownOperationException", None),
        ("GET", "/", 404, "UnknownOperationException", None),
        ("GET", "/openapi.json", 404, "UnknownOperationException", None),
    ],
)
def test_what_is_no_operation_is_refused_in_the_services_shape(twin: MockServer, method: str, path: str, status: int, code: str, allow: str | None) -> None:
    response = httpx.request(method, f"{twin.url}{path}", trust_env=False)
    assert (response.status_code, response.headers["x-amzn-errortype"], response.headers.get("allow")) == (status, code, allow)
    assert response.headers["x-amzn-requestid"]
    assert list(response.json()) == ["Message"]


def test_an_unknown_endpoint_is_a_validation_error(client: Any, twin: MockServer) -> None:
    with pytest.raises(client.exceptions.ValidationError) as refusal:
        ask(client, endpoint="nobody")
    message = f"Endpoint nobody of account {ACCOUNT} not found."
    assert refusal.value.response["Error"] == {"Message": message, "Code": "ValidationError"}
    assert refusal.value.response["Message"] == message
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    entry = twin.journal.wait()
    assert (entry.ended, entry.status, entry.endpoint) == ("refused", 400, "nobody")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ("mock.cut=wrote", "mock.cut: 'wrote' is not a cut; legal: write, whole, "),
        ("a=b;mock.fault=throttling@2", "mock.fault: 'throttling@2' happens before the stream and takes no @N; legal: "),
        ("mock.speed=", "mock.speed: '' is not a speed; legal: "),
        (
            "x" * 1025,
            "1 validation error detected: Value at 'customAttributes' failed to satisfy constraint: Member must have length less than or equal to 1024",
        ),
    ],
)
def test_a_bad_attribute_is_a_validation_error_that_says_what_is_legal(client: Any, attributes: str, message: str) -> None:
    with pytest.raises(client.exceptions.ValidationError) as refusal:
        ask(client, attributes)
    assert refusal.value.response["Message"].startswith(message)


def test_a_fault_of_the_event_stream_makes_no_sense_without_one(client: Any) -> None:
    with pytest.raises(client.exceptions.ValidationError, match="'truncate-frame' damages an event stream, and InvokeEndpoint answers without one"):
        ask(client, "mock.fault=truncate-frame", operation="invoke")


def test_a_body_over_25_mb_is_a_413_with_the_services_text(client: Any, twin: MockServer) -> None:
    with pytest.raises(ClientError) as refusal:
        client.invoke_endpoint_with_response_stream(EndpointName=LMI, Body=b"x" * (25 * 1024 * 1024 + 1))
    assert refusal.value.response["Error"] == {"Code": "413", "Message": "HTTP content length exceeded 26214400 bytes."}
    assert twin.journal.wait().status == 413


def test_a_body_of_25_mb_reaches_the_container(client: Any) -> None:
    with pytest.raises(client.exceptions.ModelError) as failure:
        client.invoke_endpoint_with_response_stream(EndpointName=TGI, ContentType="application/json", Body=b"x" * (25 * 1024 * 1024))
    assert failure.value.response["OriginalStatusCode"] == 413


@pytest.mark.parametrize(
    ("endpoint", "body", "status", "message"),
    [
        (TGI, b"[,]", 400, "Failed to parse the request body as JSON: expected value at line 1 column 2"),
        (TGI, b"{}", 422, "Failed to deserialize the JSON body into the target type: missing field `inputs` at line 1 column 2"),
        (TGI, b'{"inputs":""}', 422, '{"error":"Input validation error: `inputs` cannot be empty","error_type":"validation"}'),
        (LMI, b"nope", 424, '{"code": 424, "error": "Expecting value: line 1 column 1 (char 0)"}'),
    ],
)
def test_what_the_container_refuses_is_a_model_error(client: Any, endpoint: str, body: bytes, status: int, message: str) -> None:
    with pytest.raises(client.exceptions.ModelError) as failure:
        client.invoke_endpoint_with_response_stream(EndpointName=endpoint, ContentType="application/json", Body=body)
    response = failure.value.response
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (status, message)


def test_a_model_error_has_every_member_of_the_real_one(client: Any, twin: MockServer) -> None:
    with pytest.raises(client.exceptions.ModelError) as failure:
        ask(client, "mock.fault=model-error:424", TGI)
    response = failure.value.response
    original = '{"error":"Request failed during generation: Server error: the model failed","error_type":"generation"}'
    group = f"/aws/sagemaker/Endpoints/{TGI}"
    console = f"https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group={group}"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 424
    assert response["OriginalMessage"] == original
    assert response["LogStreamArn"] == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    assert (
        response["Message"] == f'Received client error (424) from primary with message "{original}". See {console} in account {ACCOUNT} for more information.'
    )
    twin.journal.wait()
    assert [(entry.attempt, entry.ended, entry.status) for entry in twin.journal.finished] == [(1, "fault", 424)]


def test_the_members_of_a_model_error_stand_in_the_services_order(twin: MockServer) -> None:
    with PlainClient(twin.url) as plain:
        plain.ask(LMI, attributes="mock.fault=model-error")
        status, headers = plain.head()
        members = json.loads(plain.body(headers))
    assert (status, headers["x-amzn-errortype"], headers["content-type"]) == (424, "ModelError", "application/json")
    assert list(members) == ["ErrorCode", "LogStreamArn", "Message", "OriginalMessage", "OriginalStatusCode"]
    assert members["ErrorCode"] == "SERVER_ERROR_FROM_MODEL"


def test_a_model_that_times_out_has_no_status(client: Any) -> None:
    with pytest.raises(client.exceptions.ModelError, match=r"Received server error \(0\) from primary with message \"Your invocation timed out") as failure:
        ask(client, "mock.fault=model-error:0")
    assert failure.value.response["OriginalStatusCode"] == 0


@pytest.mark.parametrize(
    ("fault", "code", "status", "attempts"),
    [
        ("validation-error", "ValidationError", 400, 1),
        ("throttling", "ThrottlingException", 429, 3),
        ("internal-failure", "InternalFailure", 500, 3),
        ("service-unavailable", "ServiceUnavailable", 503, 3),
        ("model-error", "ModelError", 424, 1),
    ],
)
def test_boto3_retries_what_the_service_would_have_it_retry(client: Any, twin: MockServer, fault: str, code: str, status: int, attempts: int) -> None:
    with pytest.raises(ClientError) as failure:
        ask(client, f"mock.fault={fault}")
    assert failure.value.response["Error"]["Code"] == code
    assert failure.value.response["Error"]["Message"]
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    twin.journal.wait(attempts)
    assert [(entry.attempt, entry.ended) for entry in twin.journal.finished] == [(attempt + 1, "fault") for attempt in range(attempts)]


@pytest.mark.parametrize(("fault", "failures"), [("throttlingx1", 1), ("internal-failurex2", 2), ("service-unavailablex1", 1), ("resetx1", 1)])
def test_a_request_recovers_by_retry(client: Any, twin: MockServer, fault: str, failures: int) -> None:
    assert parts(ask(client, f"mock.fault={fault}")) == LINES
    twin.journal.wait(failures + 1)
    assert [entry.ended for entry in twin.journal.finished] == ["fault"] * failures + ["completed"]


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        (
            "model-stream-error",
            EventStreamError,
            "(ModelStreamError) when calling the InvokeEndpointWithResponseStream operation: Your model primary did not complete",
        ),
        ("model-stream-error:StreamBroken", EventStreamError, "(ModelStreamError)"),
        ("internal-stream-failure", EventStreamError, "(InternalStreamFailure) when calling"),
        ("bad-message-crc", ChecksumMismatch, "Checksum mismatch"),
        ("reset", ProtocolError, "Connection broken: ConnectionResetError"),
        ("truncate-frame", None, "None"),
    ],
)
@pytest.mark.parametrize("after", [1, 3])
def test_a_fault_in_the_stream_looks_to_boto3_as_the_service_makes_it_look(
    client: Any, twin: MockServer, fault: str, kind: type | None, text: str, after: int
) -> None:
    seen, error = collect(ask(client, f"mock.fault={fault}@{after}"))
    assert seen == LINES[:after]
    assert type(error) is (kind or type(None))
    assert text in str(error)
    entry = twin.journal.wait()
    assert entry.ended == "fault"


def test_the_error_code_of_a_stream_error_is_on_the_wire(twin: MockServer) -> None:
    with PlainClient(twin.url) as plain:
        plain.ask(TGI, attributes="mock.fault=model-stream-error:StreamBroken")
        plain.head()
        assert b'"ErrorCode": "StreamBroken"' in b"".join(plain.chunks())


def test_a_stall_is_a_read_timeout_and_the_twin_sees_the_client_leave(twin: MockServer) -> None:
    with closing(connect(twin, read_timeout_s=0.2)) as impatient:
        seen, error = collect(ask(impatient, "mock.fault=stall@2"))
    assert (seen, type(error)) == (LINES[:2], ReadTimeoutError)
    entry = twin.journal.wait()
    assert (entry.ended, entry.cancelled_at_part) == ("cancelled", 2)


def test_a_reset_before_the_head_is_a_closed_connection_and_retried(client: Any, twin: MockServer) -> None:
    with pytest.raises((ConnectionClosedError, ConnectionError, ClientError)):
        ask(client, "mock.fault=reset")
    twin.journal.wait(3)
    assert [entry.attempt for entry in twin.journal.finished] == [1, 2, 3]


def test_the_region_of_the_signature_is_told_back(twin: MockServer) -> None:
    with closing(connect(twin, region="eu-west-3")) as other, pytest.raises(other.exceptions.ModelError) as failure:
        ask(other, "mock.fault=model-error")
    assert failure.value.response["LogStreamArn"].startswith("arn:aws:logs:eu-west-3:")
