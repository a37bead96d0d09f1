"""What a request may say in its headers: the table beside botocore's service model, the errors, and what reaches the container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import botocore.session
import httpx
import pytest

from mock_server import MockServer
from mock_server.operation import ENDPOINT_NAME, INVOKE, STREAM, Operation
from tests.mock_server.boto import client_of, invoke, stream

LMI = "falcon-7b-instruct-lmi"
HELLO = {"inputs": "hello", "parameters": {"max_new_tokens": 4}}
SESSION = "^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"
LONG = "x" * 300


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def client(twin: MockServer) -> Iterator[Any]:
    with client_of(twin) as client:
        yield client


@pytest.mark.parametrize("operation", [INVOKE, STREAM], ids=lambda operation: operation.name)
def test_the_members_are_those_of_the_services_model(operation: Operation) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker-runtime").operation_model(operation.name)
    assert model.input_shape

    def rules(said: Any) -> tuple[Any, ...]:
        return said.get("max"), said.get("pattern"), said.get("min", 0), "sensitive" in said

    members = model.input_shape.members.items()
    expected = {name: (shape.serialization["name"], *rules(shape.metadata)) for name, shape in members if "location" in shape.serialization}
    given = {member.name: (member.header, member.longest, member.pattern, member.shortest, member.is_sensitive) for member in operation.members}
    name, *rest = expected.pop("EndpointName")
    assert rest == [ENDPOINT_NAME.longest, ENDPOINT_NAME.pattern, 0, False], name
    assert given == {name: (header.lower(), *rest) for name, (header, *rest) in expected.items()}


NEW = "^(NEW_SESSION)$"
NAME = "^[a-zA-Z0-9](-*[a-zA-Z0-9])*"
FITS, SHORTER = "satisfy regular expression pattern: ", "have length less than or equal to "


@pytest.mark.parametrize(
    ("operation", "members", "violations"),
    [
        ("stream", {"SessionId": "NEW_SESSION"}, [("'NEW_SESSION' at 'sessionId'", FITS + SESSION)]),
        ("invoke", {"SessionId": "a_b"}, [("'a_b' at 'sessionId'", f"{FITS}{NEW}|{SESSION}")]),
        ("invoke", {"TargetVariant": LONG[:64]}, [(f"'{LONG[:64]}' at 'targetVariant'", SHORTER + "63")]),
        (
            "stream",
            {"InferenceId": LONG[:65], "TargetContainerHostname": "-"},
            [("'-' at 'targetContainerHostname'", FITS + NAME), (f"'{LONG[:65]}' at 'inferenceId'", SHORTER + "64")],
        ),
        ("stream", {"EndpointName": "my_endpoint"}, [("'my_endpoint' at 'endpointName'", FITS + NAME)]),
        ("invoke", {"CustomAttributes": "é"}, [("at 'customAttributes'", FITS + r"\p{ASCII}*")]),
    ],
)
def test_what_the_model_does_not_allow_is_a_validation_error(client: Any, operation: str, members: Any, violations: list[tuple[str, str]]) -> None:
    call = client.invoke_endpoint if operation == "invoke" else client.invoke_endpoint_with_response_stream
    with pytest.raises(client.exceptions.ValidationError) as refusal:
        call(**{"EndpointName": LMI, "Body": b"{}", **members})
    said = "; ".join(f"Value {where} failed to satisfy constraint: Member must {constraint}" for where, constraint in violations)
    plural = "s" if len(violations) > 1 else ""
    assert refusal.value.response["Error"]["Message"] == f"{len(violations)} validation error{plural} detected: {said}"


def test_an_empty_header_is_too_short_where_the_model_says_so(twin: MockServer) -> None:
    headers = {"X-Amzn-SageMaker-Inference-Id": ""}
    response = httpx.post(f"{twin.url}/endpoints/{LMI}/invocations", json=HELLO, headers=headers, trust_env=False)
    assert response.status_code == 400
    assert response.json()["Message"].endswith("at 'inferenceId' failed to satisfy constraint: Member must have length greater than or equal to 1")


def test_the_container_gets_what_the_api_knows_and_who_asked(client: Any, twin: MockServer) -> None:
    members = {"Accept": "application/jsonlines", "CustomAttributes": "a=b; c;mock.seed=7;route=/v1", "InferenceId": "mine", "TargetContainerHostname": "one"}
    stream(client, LMI, {**HELLO, "stream": True}, **members, PrefixAwareId="p 1")
    assert twin.journal.wait(1).headers == {
        "content-type": "application/json",
        "accept": "application/jsonlines",
        "x-amzn-sagemaker-custom-attributes": "a=b; c;route=/v1",
        "x-amzn-sagemaker-inference-id": "mine",
        "x-amzn-sagemaker-target-container-hostname": "one",
        "x-amzn-sagemaker-prefix-aware-id": "p 1",
        "x-amzn-sagemaker-forwarded-api": "InvokeEndpointWithResponseStream",
    }
    invoke(client, LMI, HELLO, Accept="text/csv", TargetModel="a b.tar.gz", EnableExplanations="`true`", CustomAttributes="mock.seed=7")
    assert twin.journal.wait(2).headers == {
        "content-type": "application/json",
        "accept": "text/csv",
        "x-amzn-sagemaker-target-model": "a b.tar.gz",
        "x-amzn-sagemaker-enable-explanations": "`true`",
        "x-amzn-sagemaker-forwarded-api": "InvokeEndpoint",
    }


def test_headers_that_the_api_does_not_know_stop_at_the_service(twin: MockServer) -> None:
    headers = {"Authorization": "Bearer me", "Cookie": "a=b", "X-Mine": "1", "X-Amz-Security-Token": "t", "User-Agent": "me", "Accept": "*/*"}
    httpx.post(f"{twin.url}/endpoints/{LMI}/invocations", json=HELLO, headers=headers, trust_env=False)
    assert set(twin.journal.wait().headers) == {"accept", "content-type", "x-amzn-sagemaker-forwarded-api"}


def test_the_journal_keeps_no_secret_that_a_container_was_told(twin: MockServer) -> None:
    headers = {"Authorization": "Bearer me", "Cookie": "a=b", "X-Api-Key": "k", "X-Mine": "also mine", "X-Amzn-SageMaker-Inference-Id": "x" * 5000}
    httpx.post(f"{twin.url}/containers/{LMI}/invocations", json=HELLO, headers=headers, trust_env=False)
    seen = twin.journal.wait().headers
    assert seen["x-amzn-sagemaker-inference-id"] == "x" * 1024
    assert not {"authorization", "cookie", "x-api-key", "x-mine"} & set(seen)
    told = httpx.get(f"{twin.url}/_mock/journal", trust_env=False).text
    assert "Bearer me" not in told
    assert "also mine" not in told
    assert json.loads(told)["finished"][0]["headers"]["x-amzn-sagemaker-inference-id"] == "x" * 1024


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"])
@pytest.mark.parametrize("service", ["sagemaker-runtime", "runtime.sagemaker"])
def test_either_variable_points_either_name_of_the_service_at_the_twin(twin: MockServer, monkeypatch: pytest.MonkeyPatch, variable: str, service: str) -> None:
    for name, value in twin.environ.items():
        if "ENDPOINT" not in name:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv(variable, twin.url)
    with closing(boto3.Session().client(service)) as client:  # type: ignore[call-overload]  # the stubs know one of the names
        assert invoke(client, LMI, HELLO)["InvokedProductionVariant"] == "AllTraffic"
