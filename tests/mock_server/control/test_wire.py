"""The control plane over HTTP: what botocore's model holds of it, what is no call of its, and what it asks of signatures."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from mock_server.control.schema import find_operation, shape_output
from mock_server.control.service import HANDLERS
from mock_server.control.services import SAGEMAKER, Service
from mock_server.sigv4 import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.mock_server.control.rehearsal import CONTAINER, ROLE, VARIANT, Rehearsal, rehearsal_on
from tests.mock_server.control.shapes import strangers

OPERATIONS = [(service, name) for service, handlers in HANDLERS.items() for name in handlers]
NAMES = {"ModelName": "falcon", "EndpointConfigName": "falcon", "EndpointName": "falcon", "InferenceComponentName": "part"}
ARN = "arn:aws:sagemaker:us-east-1:123456789012:model/falcon"
SPECIFICATION = {"ModelName": "falcon", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}
GIVEN: dict[str, dict[str, Any]] = {
    "CreateModel": {"PrimaryContainer": CONTAINER, "ExecutionRoleArn": ROLE},
    "CreateEndpointConfig": {"ProductionVariants": [VARIANT]},
    "CreateInferenceComponent": {"Specification": SPECIFICATION},
    "UpdateInferenceComponentRuntimeConfig": {"DesiredRuntimeConfig": {"CopyCount": 2}},
    "AddTags": {"ResourceArn": ARN, "Tags": [{"Key": "a", "Value": "b"}]},
    "ListTags": {"ResourceArn": ARN},
    "DeleteTags": {"ResourceArn": ARN, "TagKeys": ["a"]},
}
"""What an operation needs besides names."""
ORDER = ("Create", "Describe", "Add", "List", "Get", "Update", "DeleteTags", "DeleteInferenceComponent", "DeleteEndpoint", "DeleteModel")


def call(rehearsal: Rehearsal, target: str, body: bytes, **headers: str) -> tuple[int, Any]:
    answer = httpx.post(f"{rehearsal.twin.url}/", content=body, headers={"x-amz-target": target, **headers}, trust_env=False)
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"]
    return answer.status_code, orjson.loads(answer.content) if answer.content else None


@pytest.mark.parametrize("service", HANDLERS, ids=lambda service: service.model)
def test_every_operation_is_one_of_botocore_s(service: Service) -> None:
    model = ServiceModel(create_loader().load_service_model(service.model, "service-2"), service.model)
    assert model.metadata["targetPrefix"] == service.target
    assert set(HANDLERS[service]) <= set(model.operation_names)


def test_every_operation_answers_what_the_model_says_and_nothing_else(rehearsal: Rehearsal) -> None:
    answered = set()
    for service, name in sorted(OPERATIONS, key=lambda pair: next(place for place, word in enumerate(ORDER) if pair[1].startswith(word))):
        operation = find_operation(service, name)
        assert operation is not None
        assert operation.input_shape is not None
        given = {member: NAMES[member] for member in operation.input_shape.members if member in NAMES} | GIVEN.get(name, {})
        status, answer = call(rehearsal, f"{service.target}.{name}", orjson.dumps(given))
        assert (name, status, None if operation.output_shape is None else answer) == (name, 200, answer)
        if operation.output_shape is not None:
            assert not list(strangers(operation.output_shape, answer))
            assert not ParamValidator().validate(answer, operation.output_shape).has_errors(), name
        answered.add(name)
        rehearsal.clock.turn()
    assert answered == {name for _, name in OPERATIONS}


def test_what_the_model_does_not_know_is_not_answered() -> None:
    operation = find_operation(SAGEMAKER, "DescribeModel")
    assert operation is not None
    told: Mapping[str, Any] = {"ModelName": "a", "Tags": [], "VpcConfig": {}, "PrimaryContainer": {"Image": "b", "ImageConfig": {}, "Other": 1}}
    assert shape_output(operation, told) == {"ModelName": "a", "PrimaryContainer": {"Image": "b"}}


MALFORMED: list[tuple[str, bytes, int, str, str]] = [
    ("SageMaker.DescribeModel", b"{", 400, "SerializationException", "the body is no JSON: "),
    ("SageMaker.DescribeModel", b"[1]", 400, "SerializationException", "the body is no JSON object but b'[1]'"),
    ("SageMaker.DescribeModel", b'{"ModelName": 5}', 400, "SerializationException", "Invalid type for parameter ModelName, value: 5, type: <class 'int'>"),
    ("SageMaker.DescribeModel", b'{"ModelName": {}}', 400, "ValidationException", "1 validation error detected: Value null at 'modelName' failed"),
    (
        "SageMaker.DescribeModel",
        b"",
        400,
        "ValidationException",
        "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: Member must",
    ),
    (
        "SageMaker.CreateEndpoint",
        b"{}",
        400,
        "ValidationException",
        "2 validation errors detected: Value null at 'endpointName' failed to satisfy constraint: Member must not be null; Value null at 'endpointConfigName'",
    ),
    ("SageMaker.ListModels", b'{"MaxResults": 101}', 400, "ValidationException", "1 validation error detected: Value '101' at 'maxResults' failed"),
    ("SageMaker.ListModels", b'{"MaxResults": 0}', 400, "ValidationException", "1 validation error detected: Value '0' at 'maxResults' failed"),
    (
        "SageMaker.ListModels",
        b'{"CreationTimeAfter": "2026-11-21"}',
        400,
        "ValidationException",
        "1 validation error detected: Value '2026-11-21' at ",
    ),
    ("SageMaker.ListModels", b'{"CreationTimeAfter": 1e18}', 400, "SerializationException", "Unable to calculate"),
    ("SageMaker.CreateTrainingJob", b"{}", 400, "UnknownOperationException", "SageMaker.CreateTrainingJob is no operation that the twin has; it has Create"),
    ("DynamoDB_20120810.ListTables", b"{}", 400, "UnknownOperationException", "DynamoDB_20120810.ListTables is no operation that the twin has"),
    ("", b"{}", 400, "UnknownOperationException", " is no operation"),
]


@pytest.mark.parametrize(("target", "body", "status", "code", "message"), MALFORMED)
def test_what_is_no_call_is_told_so(rehearsal: Rehearsal, target: str, body: bytes, status: int, code: str, message: str) -> None:
    answered, error = call(rehearsal, target, body)
    assert (answered, error["__type"]) == (status, code)
    assert error["message"].startswith(message)


def test_a_body_over_the_limit_is_refused(rehearsal: Rehearsal) -> None:
    status, error = call(rehearsal, "SageMaker.CreateModel", b" " * (25 * 1024 * 1024 + 1))
    assert (status, error["__type"]) == (413, "RequestEntityTooLargeException")


def test_a_client_that_goes_before_its_call_is_whole_has_asked_nothing(rehearsal: Rehearsal) -> None:
    place = urlsplit(rehearsal.twin.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: twin\r\nx-amz-target: SageMaker.ListModels\r\ncontent-length: 100\r\n\r\n{")
    assert rehearsal.ask("list_models") == {"Models": []}
    assert len(rehearsal.twin.calls) == 1


def test_a_member_that_the_model_does_not_know_is_ignored(rehearsal: Rehearsal) -> None:
    assert call(rehearsal, "SageMaker.ListModels", b'{"Tomorrow": 1}') == (200, {"Models": []})


def test_the_log_names_parameters_and_none_of_their_values(rehearsal: Rehearsal) -> None:
    rehearsal.model(PrimaryContainer={**CONTAINER, "Environment": {"HF_TOKEN": "hf_secret"}})
    rehearsal.ask("create_model", ModelName="a_b", PrimaryContainer={"Image": "hf_secret"})
    accepted, refused = rehearsal.twin.calls
    assert (accepted.name, accepted.parameters, accepted.status) == ("falcon", ("ModelName", "PrimaryContainer", "ExecutionRoleArn"), 200)
    assert (refused.name, refused.parameters, refused.code) == ("a_b", ("ModelName", "PrimaryContainer"), "ValidationException")
    assert (accepted.service, accepted.operation, accepted.region) == ("sagemaker", "CreateModel", "us-east-1")
    assert refused.number == accepted.number + 1
    assert "hf_secret" not in repr(rehearsal.twin.calls)


OWN: dict[str, Any] = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY}
SIGNED: list[tuple[str, dict[str, Any], str | None]] = [
    ("verify", OWN, None),
    ("verify", {}, "UnrecognizedClientException"),
    ("verify", {**OWN, "aws_secret_access_key": "another"}, "InvalidSignatureException"),
    ("verify", {**OWN, "region_name": "eu-west-1"}, "InvalidSignatureException"),
    ("verify", {"config": Config(signature_version=UNSIGNED)}, "MissingAuthenticationTokenException"),
    ("shape", {}, None),
    ("shape", {"config": Config(signature_version=UNSIGNED)}, "MissingAuthenticationTokenException"),
    ("off", {"config": Config(signature_version=UNSIGNED)}, None),
]


@pytest.mark.parametrize(("level", "settings", "code"), SIGNED)
def test_calls_are_signed_as_the_level_wants(level: Any, settings: dict[str, Any], code: str | None) -> None:
    with rehearsal_on(sigv4=level) as rehearsal:
        for service, operation in (("sagemaker", "list_models"), ("resourcegroupstaggingapi", "get_resources")):
            with rehearsal.client(service, **settings) as client:
                if code is None:
                    assert getattr(client, operation)()
                    continue
                with pytest.raises(ClientError) as refusal:
                    getattr(client, operation)()
            response = refusal.value.response
            assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)
        assert {called.code for called in rehearsal.twin.calls} == {code or ""}
