"""A twin that looks at signatures, as real boto3 and our own backend see it over a socket."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import boto3
import botocore
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.errors import RequestRejected
from backends.sagemaker import Credentials, SageMakerBackend
from mock_server import MockServer
from mock_server.__main__ import main
from mock_server.sigv4 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Level
from mock_server.words import WordError
from tests.mock_server.plain_client import PlainClient

LMI = "falcon-7b-instruct-lmi"
LINES = [b'{"outputs": [" Hello"]}\n', b'{"outputs": ["!"]}\n', b'{"outputs": [" I"]}\n', b'{"outputs": [" am"]}\n']
KEYS: dict[str, Any] = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY, "region_name": "us-east-1"}
BASIC_HASH = b64encode(sha256(b"Basic YTpi").digest()).decode()
HOUR = timedelta(hours=1)
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer(sigv4="verify") as server:
        yield server


def ask(twin: MockServer, attributes: str = "a=b", endpoint: str = LMI, *, whole: bool = False, garbage: str = "", **client: Any) -> Any:
    """Ask with a client of boto3's; `garbage` takes the place of its signature."""
    with closing(boto3.client("sagemaker-runtime", endpoint_url=twin.url, **{**KEYS, **client})) as runtime:
        if garbage:
            runtime.meta.events.register("before-send", lambda request, **_: request.headers.update(Authorization=garbage))
        call = runtime.invoke_endpoint if whole else runtime.invoke_endpoint_with_response_stream
        body = json.dumps({"inputs": "hello", "stream": not whole, "parameters": {"max_new_tokens": 4}})
        response = call(EndpointName=endpoint, ContentType="application/json", CustomAttributes=attributes, Body=body)
        return response["Body"].read() if whole else [event["PayloadPart"]["Bytes"] for event in response["Body"]]


@pytest.mark.parametrize("level", ["off", "shape", "verify"])
def test_boto3_with_the_variables_of_the_twin_is_let_in(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    with MockServer(sigv4=level, region="eu-central-1") as twin:
        for name, value in twin.environ.items():
            monkeypatch.setenv(name, value)
        with closing(boto3.client("sagemaker-runtime")) as client:
            response = client.invoke_endpoint(EndpointName=LMI, ContentType="application/json", Body=b'{"inputs": "hello"}')
            assert response["Body"].read()
            assert client.meta.region_name == "eu-central-1"


def test_every_attempt_is_signed_anew_and_let_in(twin: MockServer) -> None:
    assert ask(twin, "mock.fault=throttlingx2") == LINES
    twin.journal.wait(3)
    assert [entry.attempt for entry in twin.journal.finished] == [1, 2, 3]


@pytest.mark.parametrize("name", ["my endpoint", "a%30b", "naïve", "a+b", "a~b", "a(b)"])
def test_a_name_that_has_to_be_escaped_is_no_wrong_signature(twin: MockServer, name: str) -> None:
    with pytest.raises(ClientError) as refusal:
        ask(twin, endpoint=name)
    assert refusal.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("client", "code", "message"),
    [
        ({"aws_secret_access_key": "another"}, "InvalidSignatureException", MISMATCH),
        ({"aws_access_key_id": "AKIDNOBODY"}, "UnrecognizedClientException", "The security token included in the request is invalid."),
        ({"aws_session_token": "session"}, "UnrecognizedClientException", "The security token included in the request is invalid"),
        ({"region_name": "eu-west-3"}, "InvalidSignatureException", "Credential should be scoped to a valid region. "),
        ({"config": Config(signature_version=botocore.UNSIGNED)}, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        (
            {"garbage": "Basic YTpi"},
            "IncompleteSignatureException",
            f"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{BASIC_HASH}'.",
        ),
    ],
    ids=["secret", "key", "token", "region", "unsigned", "garbage"],
)
def test_boto3_shows_a_refusal_as_the_services_and_does_not_try_again(
    twin: MockServer, client: dict[str, Any], code: str, message: str, *, whole: bool
) -> None:
    with pytest.raises(ClientError) as refusal:
        ask(twin, whole=whole, **client)
    response = refusal.value.response
    assert response["Error"] == {"Code": code, "Message": message}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    entry = twin.journal.wait()
    assert (entry.ended, entry.status, entry.endpoint, entry.notes) == ("refused", 403, LMI, (f"{code}: {message}",))
    assert entry.request_id == response["ResponseMetadata"]["RequestId"]
    assert len(twin.journal.finished) == 1


@pytest.mark.parametrize(("later", "message"), [(HOUR, "Signature expired: "), (-HOUR, "Signature not yet current: ")])
def test_a_clock_that_is_an_hour_off_is_told(later: timedelta, message: str) -> None:
    with MockServer(sigv4="verify", utc_now=lambda: datetime.now(UTC) + later) as twin, pytest.raises(ClientError) as refusal:
        ask(twin)
    error = refusal.value.response["Error"]
    assert (error["Code"], error["Message"].startswith(message)) == ("InvalidSignatureException", True)
    assert len(twin.journal.finished) == 1


@pytest.mark.parametrize(
    ("client", "passes"),
    [({"aws_secret_access_key": "another"}, True), ({"region_name": "eu-west-3"}, True), ({"config": Config(signature_version=botocore.UNSIGNED)}, False)],
    ids=["secret", "region", "unsigned"],
)
def test_where_only_the_shape_is_asked_anybody_may_sign(client: dict[str, Any], *, passes: bool) -> None:
    with MockServer(sigv4="shape") as twin:
        if passes:
            assert ask(twin, **client) == LINES
        else:
            with pytest.raises(ClientError, match="MissingAuthenticationTokenException"):
                ask(twin, **client)


def test_a_refusal_is_byte_for_byte_what_a_user_of_the_service_captured(twin: MockServer) -> None:
    with PlainClient(twin.url) as plain:
        plain.ask(LMI)
        status, headers = plain.head()
        body = plain.body(headers)
    assert (status, headers["content-type"], headers["content-length"]) == (403, "application/json", "42")
    assert headers["x-amzn-errortype"] == "MissingAuthenticationTokenException:http://internal.amazon.com/coral/com.amazon.coral.service/"
    assert headers["x-amzn-requestid"]
    assert body == b'{"message":"Missing Authentication Token"}'


@pytest.mark.parametrize(
    "request_of",
    [
        lambda twin: ask(twin, endpoint="nobody", aws_secret_access_key="another"),
        lambda twin: ask(twin, "mock.cut=wrote", aws_secret_access_key="another"),
        lambda twin: ask(twin, "mock.fault=throttling", aws_secret_access_key="another"),
    ],
    ids=["unknown endpoint", "bad attribute", "fault"],
)
def test_who_signed_comes_before_what_is_asked(twin: MockServer, request_of: Callable[[MockServer], Any]) -> None:
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        request_of(twin)


def test_a_body_over_the_limit_is_refused_for_its_signature_if_it_has_none(twin: MockServer) -> None:
    body = b"x" * (25 * 1024 * 1024 + 1)
    path = f"{twin.url}/endpoints/{LMI}/invocations"
    assert httpx.post(path, content=body, trust_env=False).status_code == 403
    with closing(boto3.client("sagemaker-runtime", endpoint_url=twin.url, **KEYS)) as client, pytest.raises(ClientError) as refusal:
        client.invoke_endpoint(EndpointName=LMI, Body=body)
    assert refusal.value.response["Error"]["Code"] == "413"


def test_who_did_not_say_a_region_is_in_the_twins() -> None:
    with MockServer(region="eu-west-3") as twin:
        failure = httpx.post(
            f"{twin.url}/endpoints/{LMI}/invocations", headers={"X-Amzn-SageMaker-Custom-Attributes": "mock.fault=model-error"}, trust_env=False
        )
    assert failure.json()["LogStreamArn"].startswith("arn:aws:logs:eu-west-3:")


def test_containers_and_the_twins_own_paths_are_asked_no_signature(twin: MockServer) -> None:
    assert httpx.post(f"{twin.url}/containers/{LMI}/invocations", json={"inputs": "hello"}, trust_env=False).status_code == 200
    assert httpx.get(f"{twin.url}/_mock/health", trust_env=False).status_code == 200


def test_neither_the_journal_nor_a_log_holds_a_signature(twin: MockServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("botocore", "urllib3", "httpcore", "httpx"):  # the client's own
        caplog.set_level(logging.CRITICAL, logger)
    secret = "AWS4-HMAC-SHA256 Credential=AKIDNOBODY/x, SignedHeaders=host, Signature=feedface"
    assert ask(twin) == LINES
    with pytest.raises(ClientError):
        ask(twin, aws_secret_access_key="another")
    with pytest.raises(ClientError):
        ask(twin, garbage=secret)
    presigned = f"{twin.url}/endpoints/{LMI}/invocations?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=feedface"
    assert httpx.post(presigned, trust_env=False).json()["message"].startswith("AWS query-string parameters must include 'X-Amz-Credential'. ")
    seen = httpx.get(f"{twin.url}/_mock/journal", trust_env=False).text + caplog.text
    assert '"ended":"refused"' in seen.replace(" ", "")
    for told in ("Signature=", "feedface", "Authorization:", "SignedHeaders=host"):
        assert told not in seen


@pytest.mark.parametrize(("secret", "code"), [(SECRET_ACCESS_KEY, None), ("another", "InvalidSignatureException")])
async def test_our_own_backend_is_let_in_or_told_the_code(anyio_backend: str, twin: MockServer, secret: str, code: str | None) -> None:
    assert anyio_backend == "asyncio"
    request = ChatRequest(messages=[ChatMessage("user", "hello")], endpoint=Endpoint(LMI, accepts="inputs"))
    backend = SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=Credentials(ACCESS_KEY_ID, secret))
    rejected = None
    async with backend:
        try:
            async with backend.stream(request) as answer:
                assert [event async for event in answer]
        except RequestRejected as error:
            rejected = (error.status, error.code)
    assert rejected == ((403, code) if code else None)


def test_a_level_that_is_none_is_told() -> None:
    with pytest.raises(WordError, match="sigv4: 'verfy' is not a level; legal: off, shape, verify"):
        MockServer(sigv4="verfy")  # type: ignore[arg-type]  # the test's point


def test_a_level_that_is_none_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--sigv4", "verfy"])
    assert stop.value.code == 2
    assert "invalid choice: 'verfy'" in capsys.readouterr().err
