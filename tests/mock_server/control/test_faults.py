"""What can be made to go wrong with calls and with what they begin: ordered by a test, or named by a tag or a variable."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from mock_server.control.faults import KINDS, parse_control_fault
from mock_server.control.service import HANDLERS
from mock_server.words import WordError
from tests.mock_server.control.rehearsal import ARN, CONTAINER, CREATION_S, Rehearsal

USER = "User: arn:aws:iam::123456789012:user/streamtwin is not authorized to perform:"
QUOTA = (
    "The account-level service limit 'ml.g5.2xlarge for endpoint usage' is 0 Instances, with current utilization of 0 Instances and a request delta of "
    "1 Instances. Please contact AWS support to request an increase for this limit."
)
NO_DATA = (
    'Could not access model data at s3://bucket/code.tar.gz. Please ensure that the role "arn:aws:iam::123456789012:role/rehearsal" exists and that '
    'its trust relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". Also ensure that the role has '
    '"s3:GetObject" permissions and that the object is located in us-east-1.'
)
FALCON = {"EndpointName": "falcon"}


def denied(action: str, arn: str) -> tuple[str, str]:
    return "AccessDeniedException", f"{USER} {action} on resource: {arn} because no identity-based policy allows the {action} action"


REFUSALS: list[tuple[str, str, dict[str, Any], tuple[str, str]]] = [
    ("access-denied@DescribeEndpoint", "describe_endpoint", FALCON, denied("sagemaker:DescribeEndpoint", f"{ARN}:endpoint/falcon")),
    ("access-denied@DeleteModel", "delete_model", {"ModelName": "falcon"}, denied("sagemaker:DeleteModel", f"{ARN}:model/falcon")),
    ("access-denied@ListEndpoints", "list_endpoints", {}, denied("sagemaker:ListEndpoints", "*")),
    ("access-denied@GetResources", "get_resources", {}, denied("tag:GetResources", "*")),
    ("access-denied@ListTags", "list_tags", {"ResourceArn": f"{ARN}:model/falcon"}, denied("sagemaker:ListTags", f"{ARN}:model/falcon")),
    ("expired-token@*", "list_models", {}, ("ExpiredTokenException", "The security token included in the request is expired")),
    ("throttling@DescribeEndpoint", "describe_endpoint", FALCON, ("ThrottlingException", "Rate exceeded")),
    ("internal-failure@DescribeEndpoint", "describe_endpoint", FALCON, ("InternalFailure", "Internal failure.")),
    ("service-unavailable@DescribeEndpoint", "describe_endpoint", FALCON, ("ServiceUnavailable", "The service is unavailable.")),
    (
        "quota@CreateEndpoint",
        "create_endpoint",
        {"EndpointName": "other", "EndpointConfigName": "falcon"},
        (
            "ResourceLimitExceeded",
            QUOTA,
        ),
    ),
    (
        "model-data@CreateModel",
        "create_model",
        {"ModelName": "other", "PrimaryContainer": CONTAINER, "ExecutionRoleArn": "arn:aws:iam::123456789012:role/rehearsal"},
        (
            "ValidationException",
            NO_DATA,
        ),
    ),
]


@pytest.mark.parametrize(("fault", "operation", "given", "expected"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_call_is_refused_once_as_it_was_ordered(rehearsal: Rehearsal, fault: str, operation: str, given: dict[str, Any], expected: tuple[str, str]) -> None:
    rehearsal.deploy()
    rehearsal.twin.queue_fault(fault)
    assert rehearsal.ask(operation, **given) == expected
    assert isinstance(rehearsal.ask(operation, **given), dict)


REASONS = {
    "image": "Please make sure all images included in the model for the production variant AllTraffic exist, and that the execution role used to create the "
    "model has permissions to access them.",
    "health-check": "The primary container for production variant AllTraffic did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint.",
    "capacity": "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.",
}


@pytest.mark.parametrize("fault", REASONS)
def test_an_endpoint_fails_for_the_reason_that_was_ordered(rehearsal: Rehearsal, fault: str) -> None:
    rehearsal.twin.queue_fault(f"{fault}@CreateEndpoint")
    rehearsal.deploy()
    assert rehearsal.status() == "Creating"
    rehearsal.clock.turn()
    told = rehearsal.ask("describe_endpoint", **FALCON)
    assert (told["EndpointStatus"], told["FailureReason"]) == ("Failed", REASONS[fault])
    assert "ProductionVariants" not in told
    found = rehearsal.twin.find_endpoint("falcon")
    assert found is not None
    assert (found.status, found.reason, found.variants) == ("Failed", REASONS[fault], ())


def test_an_endpoint_can_be_stuck(rehearsal: Rehearsal) -> None:
    rehearsal.twin.queue_fault("stuck@CreateEndpoint")
    rehearsal.deploy()
    rehearsal.clock.turn(1000 * CREATION_S)
    assert rehearsal.status() == "Creating"


def test_an_update_can_be_stuck(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    rehearsal.clock.turn()
    rehearsal.twin.queue_fault("stuck@UpdateEndpoint")
    rehearsal.ask("update_endpoint", EndpointName="falcon", EndpointConfigName="falcon")
    rehearsal.clock.turn(1000 * CREATION_S)
    assert rehearsal.status() == "Updating"


NAMED: list[tuple[dict[str, str], dict[str, str], dict[str, str], str]] = [
    ({"MOCK_FAULT": "health-check"}, {}, {}, "Failed"),
    ({}, {"mock:fault": "capacity"}, {}, "Failed"),
    ({}, {}, {"mock:fault": "image"}, "Failed"),
    ({"MOCK_FAULT": "stuck"}, {}, {}, "Creating"),
    ({"MOCK_FAULT": "throttling@UpdateEndpoint"}, {}, {}, "InService"),
    ({"MOCK_FAULT": "quota"}, {}, {}, "ResourceLimitExceeded"),
    ({}, {}, {"mock:fault": "access-denied"}, "AccessDeniedException"),
    ({}, {"mock:fault": "access-denied@CreateEndpoint"}, {}, "AccessDeniedException"),
]


@pytest.mark.parametrize(("variables", "config_tags", "endpoint_tags", "expected"), NAMED)
def test_a_fault_is_named_without_a_program(
    rehearsal: Rehearsal, variables: dict[str, str], config_tags: dict[str, str], endpoint_tags: dict[str, str], expected: str
) -> None:
    rehearsal.model(PrimaryContainer={**CONTAINER, "Environment": variables})
    rehearsal.config(Tags=[{"Key": key, "Value": value} for key, value in config_tags.items()])
    answer = rehearsal.endpoint(Tags=[{"Key": key, "Value": value} for key, value in endpoint_tags.items()])
    rehearsal.clock.turn()
    assert (answer[0] if isinstance(answer, tuple) else rehearsal.status()) == expected


def test_a_permission_is_missing_until_the_tag_is_gone(rehearsal: Rehearsal) -> None:
    rehearsal.deploy(Tags=[{"Key": "mock:fault", "Value": "access-denied@DeleteEndpoint"}])
    rehearsal.clock.turn()
    for _ in range(2):
        assert rehearsal.ask("delete_endpoint", **FALCON) == denied("sagemaker:DeleteEndpoint", f"{ARN}:endpoint/falcon")
    rehearsal.ask("delete_tags", ResourceArn=f"{ARN}:endpoint/falcon", TagKeys=["mock:fault"])
    assert rehearsal.ask("delete_endpoint", **FALCON) == {}


def test_a_word_that_names_no_fault_is_refused_where_it_is_first_seen(rehearsal: Rehearsal) -> None:
    code, message = rehearsal.model(PrimaryContainer={**CONTAINER, "Environment": {"MOCK_FAULT": "bad-luck"}})
    assert (code, message.partition(";")[0]) == ("ValidationException", "'bad-luck' is not a fault of the control plane")


def test_an_order_is_for_what_it_names_as_often_as_it_says(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    rehearsal.endpoint("other")
    rehearsal.twin.queue_fault("throttling@DescribeEndpoint", endpoint="other", times=2)
    assert rehearsal.status() == "Creating"
    assert [rehearsal.status("other") for _ in range(3)] == [("ThrottlingException", "Rate exceeded")] * 2 + ["Creating"]


def test_a_retry_finds_what_the_call_did_whose_answer_was_lost(rehearsal: Rehearsal) -> None:
    rehearsal.model()
    rehearsal.config()
    rehearsal.twin.queue_fault("lost-answer@CreateEndpoint")
    with rehearsal.client(config=Config(retries={"total_max_attempts": 2})) as client, pytest.raises(client.exceptions.ClientError) as refusal:
        client.create_endpoint(EndpointName="falcon", EndpointConfigName="falcon")
    assert refusal.value.response["Error"]["Message"] == f'Cannot create already existing endpoint "{ARN}:endpoint/falcon".'
    assert rehearsal.status() == "Creating"


def test_a_connection_that_breaks_before_the_call_leaves_nothing(rehearsal: Rehearsal) -> None:
    rehearsal.model()
    rehearsal.config()
    rehearsal.twin.queue_fault("reset@CreateEndpoint")
    with pytest.raises(ConnectionClosedError):
        rehearsal.endpoint()
    assert rehearsal.status() == ("ValidationException", f'Could not find endpoint "{ARN}:endpoint/falcon".')


def test_throttled_calls_are_tried_again_by_boto3(rehearsal: Rehearsal) -> None:
    rehearsal.twin.queue_fault("throttling@ListModels", times=2)
    with rehearsal.client(config=Config(retries={"mode": "standard"})) as client:
        assert client.list_models()["Models"] == []
    assert [(call.operation, call.status, call.fault) for call in rehearsal.twin.calls] == [
        ("ListModels", 400, "throttling@ListModels"),
        ("ListModels", 400, "throttling@ListModels"),
        ("ListModels", 200, ""),
    ]


def test_an_order_for_the_control_plane_strikes_no_stream_and_one_for_a_stream_no_call(rehearsal: Rehearsal) -> None:
    rehearsal.twin.queue_fault("access-denied@*")
    rehearsal.twin.queue_fault("throttling")
    url = f"{rehearsal.twin.url}/endpoints/falcon-7b-instruct-lmi/invocations"
    assert httpx.post(url, json={"inputs": "hello"}, trust_env=False).status_code == 429
    assert rehearsal.ask("list_models") == denied("sagemaker:ListModels", "*")
    assert rehearsal.ask("list_models") == {"Models": []}


def test_orders_are_made_listed_and_taken_back_while_the_twin_runs(rehearsal: Rehearsal) -> None:
    def ask(method: str, path: str, body: Any = None) -> Any:
        return httpx.request(method, f"{rehearsal.twin.url}/_mock{path}", json=body, trust_env=False).json()

    order = ask("POST", "/faults", {"fault": "quota@CreateEndpoint", "endpoint": "falcon", "times": 3})
    assert ask("GET", "/faults") == [order] == [{"fault": "quota@CreateEndpoint", "endpoint": "falcon", "times": 3, "number": order["number"]}]
    assert ask("DELETE", f"/faults/{order['number']}") == {"status": "ok"}
    assert "makes no sense" in ask("POST", "/faults", {"fault": "quota@DeleteModel"})["error"]
    assert ask("GET", "/choices")["control_faults"] == list(KINDS)
    rehearsal.ask("list_models", NameContains="falcon")
    [call] = ask("GET", "/calls")
    assert (call["service"], call["operation"], call["parameters"], call["status"]) == ("sagemaker", "ListModels", ["NameContains"], 200)
    assert ask("DELETE", "/calls") == {"status": "ok"}
    assert ask("GET", "/calls") == []


@pytest.mark.parametrize("fault", KINDS)
def test_every_fault_can_be_written_for_some_operation(fault: str) -> None:
    operations = [name for handlers in HANDLERS.values() for name in handlers]
    assert any(parse_control_fault(fault).strikes(operation) for operation in operations)
    assert all(operation in operations for operation in KINDS[fault].operations)


@pytest.mark.parametrize("text", ["", "bad-luck", "throttling@", "throttling@5", "throttling@create", "quota@DeleteModel", "image@CreateModel", "throttling:5"])
def test_what_is_no_fault_is_told_with_those_that_are(text: str) -> None:
    with pytest.raises(WordError):
        parse_control_fault(text)
