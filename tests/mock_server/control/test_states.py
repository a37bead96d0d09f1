"""Endpoints and components from their creation to their end, by a clock that the test turns."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mock_server import MockServer
from mock_server.clock import VirtualClock
from tests.mock_server.control.rehearsal import ARN, CONTAINER, CREATION_S, IMAGE, ROLE, VARIANT, Rehearsal, rehearsal_of

IN_PROGRESS = ("ValidationException", f'Cannot update in-progress endpoint "{ARN}:endpoint/falcon".')
GONE = ("ValidationException", f'Could not find endpoint "{ARN}:endpoint/falcon".')
UNHEALTHY = "The primary container for production variant AllTraffic did not pass the ping health check. Please check CloudWatch logs for this endpoint."
TGI = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.4.0-tgi2.4.0-gpu-py311-cu124-ubuntu22.04"
BARE_VARIANT = {"VariantName": "AllTraffic", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}
NEEDS = {"ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}


def find(rehearsal: Rehearsal) -> Any:
    found = rehearsal.twin.find_endpoint("falcon")
    assert found is not None
    return found


def images(rehearsal: Rehearsal) -> list[str]:
    return [container.image for variant in find(rehearsal).variants for container in variant.containers]


def test_an_endpoint_is_created_serves_and_goes_as_its_clock_says(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    assert (rehearsal.status(), find(rehearsal).variants) == ("Creating", ())
    rehearsal.clock.turn(CREATION_S - 1)
    assert rehearsal.status() == "Creating"
    rehearsal.clock.turn(1)
    assert rehearsal.status() == "InService"
    [variant] = find(rehearsal).variants
    [container] = variant.containers
    assert (variant.name, container.image, container.model_data_url) == ("AllTraffic", IMAGE, "s3://bucket/code.tar.gz")
    assert container.environment == {"OPTION_MODEL_ID": "tiiuae/falcon-7b"}
    assert rehearsal.ask("delete_endpoint", EndpointName="falcon") == {}
    assert (rehearsal.status(), find(rehearsal).variants) == ("Deleting", ())
    rehearsal.clock.turn()
    assert (rehearsal.status(), rehearsal.twin.find_endpoint("falcon")) == (GONE, None)


def test_an_endpoint_is_found_by_its_name_as_it_was_written_alone(rehearsal: Rehearsal) -> None:
    rehearsal.deploy(name="CamelCase")
    assert rehearsal.status("camelcase") == "Creating"
    assert rehearsal.twin.find_endpoint("camelcase") is None
    assert rehearsal.twin.find_endpoint("CamelCase") is not None


def test_a_state_is_as_old_as_the_clock_says(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    rehearsal.clock.turn()
    told = rehearsal.ask("describe_endpoint", EndpointName="falcon")
    assert (told["LastModifiedTime"] - told["CreationTime"]).total_seconds() == CREATION_S


def test_nothing_can_be_done_to_an_endpoint_that_is_being_deleted_and_its_name_is_taken_until_it_is_gone(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    rehearsal.clock.turn()
    rehearsal.ask("delete_endpoint", EndpointName="falcon")
    assert rehearsal.ask("delete_endpoint", EndpointName="falcon") == IN_PROGRESS
    assert rehearsal.endpoint() == ("ValidationException", f'Cannot create already existing endpoint "{ARN}:endpoint/falcon".')
    rehearsal.clock.turn()
    assert rehearsal.endpoint() == {"EndpointArn": f"{ARN}:endpoint/falcon"}


def test_what_answers_is_what_the_models_were_when_the_endpoint_was_created(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    rehearsal.ask("delete_model", ModelName="falcon")
    rehearsal.ask("delete_endpoint_config", EndpointConfigName="falcon")
    rehearsal.clock.turn()
    assert images(rehearsal) == [IMAGE]


def test_an_endpoint_is_not_created_from_a_configuration_whose_model_is_gone(rehearsal: Rehearsal) -> None:
    rehearsal.model()
    rehearsal.config()
    rehearsal.ask("delete_model", ModelName="falcon")
    assert rehearsal.endpoint() == ("ValidationException", f'Could not find model "{ARN}:model/falcon".')


def test_a_model_data_source_is_where_the_model_is(rehearsal: Rehearsal) -> None:
    source = {"S3DataSource": {"S3Uri": "s3://bucket/model/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    rehearsal.model(PrimaryContainer={"Image": IMAGE, "ModelDataSource": source})
    rehearsal.config()
    rehearsal.endpoint()
    rehearsal.clock.turn()
    assert find(rehearsal).variants[0].containers[0].model_data_url == "s3://bucket/model/"


def updating(rehearsal: Rehearsal, **config: Any) -> None:
    """Have an endpoint in service, and begin to update it to another image."""
    rehearsal.deploy()
    rehearsal.clock.turn()
    rehearsal.model("tgi", PrimaryContainer={"Image": TGI})
    rehearsal.config("tgi", ProductionVariants=[{**VARIANT, "ModelName": "tgi"}], **config)
    assert rehearsal.ask("update_endpoint", EndpointName="falcon", EndpointConfigName="tgi") == {"EndpointArn": f"{ARN}:endpoint/falcon"}


def test_an_update_leaves_what_was_there_in_service_until_it_is_done(rehearsal: Rehearsal) -> None:
    updating(rehearsal)
    told = rehearsal.ask("describe_endpoint", EndpointName="falcon")
    assert (told["EndpointStatus"], told["EndpointConfigName"], images(rehearsal)) == ("Updating", "falcon", [IMAGE])
    assert told["PendingDeploymentSummary"]["EndpointConfigName"] == "tgi"
    assert rehearsal.ask("delete_endpoint", EndpointName="falcon") == IN_PROGRESS
    rehearsal.clock.turn()
    told = rehearsal.ask("describe_endpoint", EndpointName="falcon")
    assert (told["EndpointStatus"], told["EndpointConfigName"], images(rehearsal)) == ("InService", "tgi", [TGI])
    assert "PendingDeploymentSummary" not in told


def test_an_update_that_fails_rolls_back_and_says_why(rehearsal: Rehearsal) -> None:
    updating(rehearsal, Tags=[{"Key": "mock:fault", "Value": "health-check"}])
    rehearsal.clock.turn()
    assert (rehearsal.status(), images(rehearsal)) == ("RollingBack", [IMAGE])
    rehearsal.clock.turn()
    told = rehearsal.ask("describe_endpoint", EndpointName="falcon")
    assert (told["EndpointStatus"], told["EndpointConfigName"], told["FailureReason"]) == ("InService", "falcon", UNHEALTHY)
    assert (images(rehearsal), find(rehearsal).reason) == ([IMAGE], UNHEALTHY)
    rehearsal.ask("update_endpoint", EndpointName="falcon", EndpointConfigName="falcon")
    rehearsal.clock.turn()
    assert "FailureReason" not in rehearsal.ask("describe_endpoint", EndpointName="falcon")


def test_an_update_needs_the_configuration_that_was_there(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    rehearsal.clock.turn()
    rehearsal.config("other")
    rehearsal.ask("delete_endpoint_config", EndpointConfigName="falcon")
    refusal = ("ValidationException", f'Could not find endpoint configuration "{ARN}:endpoint-config/falcon".')
    assert rehearsal.ask("update_endpoint", EndpointName="falcon", EndpointConfigName="other") == refusal


def test_an_endpoint_that_failed_can_only_be_deleted(rehearsal: Rehearsal) -> None:
    rehearsal.deploy(Tags=[{"Key": "mock:fault", "Value": "health-check"}])
    rehearsal.clock.turn()
    assert rehearsal.ask("update_endpoint", EndpointName="falcon", EndpointConfigName="falcon") == (
        "ValidationException",
        f'Cannot update failed endpoint "{ARN}:endpoint/falcon"; it can only be deleted.',
    )
    assert rehearsal.ask("delete_endpoint", EndpointName="falcon") == {}
    rehearsal.clock.turn()
    assert rehearsal.status() == GONE


def component(rehearsal: Rehearsal, **specification: Any) -> Any:
    return rehearsal.ask(
        "create_inference_component",
        InferenceComponentName="part",
        EndpointName="falcon",
        Specification=specification,
        RuntimeConfig={"CopyCount": 2},
    )


def part(rehearsal: Rehearsal) -> Any:
    return rehearsal.ask("describe_inference_component", InferenceComponentName="part")


@pytest.fixture
def bare(rehearsal: Rehearsal) -> Rehearsal:
    """An endpoint in service that waits for components."""
    rehearsal.model()
    rehearsal.config(ProductionVariants=[BARE_VARIANT], ExecutionRoleArn=ROLE)
    rehearsal.endpoint()
    rehearsal.clock.turn()
    return rehearsal


@pytest.mark.parametrize(
    "specification",
    [{"ModelName": "falcon"}, {"Container": {"Image": IMAGE, "Environment": CONTAINER["Environment"], "ArtifactUrl": CONTAINER["ModelDataUrl"]}}],
    ids=["model", "container"],
)
def test_a_component_is_created_on_an_endpoint_and_goes_before_it(bare: Rehearsal, specification: dict[str, Any]) -> None:
    assert find(bare).variants[0].containers == ()
    component(bare, **specification, **NEEDS)
    told = part(bare)
    assert (told["InferenceComponentStatus"], told["RuntimeConfig"]) == ("Creating", {"DesiredCopyCount": 2, "CurrentCopyCount": 0})
    assert find(bare).components == {}
    bare.clock.turn()
    told = part(bare)
    assert (told["InferenceComponentStatus"], told["RuntimeConfig"]) == ("InService", {"DesiredCopyCount": 2, "CurrentCopyCount": 2})
    assert (told["EndpointArn"], told["VariantName"]) == (f"{ARN}:endpoint/falcon", "AllTraffic")
    [container] = find(bare).components["part"].containers
    assert (container.image, container.environment, container.model_data_url) == (IMAGE, CONTAINER["Environment"], CONTAINER["ModelDataUrl"])
    refusal = f'Cannot delete endpoint "{ARN}:endpoint/falcon" while it has inference components: part.'
    assert bare.ask("delete_endpoint", EndpointName="falcon") == ("ValidationException", refusal)
    assert bare.ask("delete_inference_component", InferenceComponentName="part") == {}
    assert (part(bare)["InferenceComponentStatus"], find(bare).components) == ("Deleting", {})
    bare.clock.turn()
    assert part(bare) == ("ValidationException", f'Could not find inference component "{ARN}:inference-component/part".')
    assert bare.ask("delete_endpoint", EndpointName="falcon") == {}


def test_an_adapter_runs_in_the_container_of_the_component_below_it(bare: Rehearsal) -> None:
    component(bare, ModelName="falcon", **NEEDS)
    adapter = {"BaseInferenceComponentName": "part", "Container": {"ArtifactUrl": "s3://bucket/adapter.tar.gz"}}
    bare.ask("create_inference_component", InferenceComponentName="adapter", EndpointName="falcon", Specification=adapter)
    bare.clock.turn()
    assert find(bare).components["adapter"].containers[0].image == IMAGE


@pytest.mark.parametrize(
    ("operation", "change", "copies", "image"),
    [
        ("update_inference_component_runtime_config", {"DesiredRuntimeConfig": {"CopyCount": 3}}, 3, IMAGE),
        ("update_inference_component", {"RuntimeConfig": {"CopyCount": 4}}, 4, IMAGE),
        ("update_inference_component", {"Specification": {"Container": {"Image": TGI}, **NEEDS}}, 2, TGI),
    ],
    ids=["copies", "copies-too", "image"],
)
def test_a_component_that_is_updated_answers_meanwhile(bare: Rehearsal, operation: str, change: dict[str, Any], copies: int, image: str) -> None:
    component(bare, ModelName="falcon", **NEEDS)
    bare.clock.turn()
    assert bare.ask(operation, InferenceComponentName="part", **change) == {"InferenceComponentArn": f"{ARN}:inference-component/part"}
    told = part(bare)
    assert (told["InferenceComponentStatus"], told["RuntimeConfig"]["CurrentCopyCount"]) == ("Updating", 2)
    assert find(bare).components["part"].containers[0].image == IMAGE
    bare.clock.turn()
    told = part(bare)
    assert (told["InferenceComponentStatus"], told["RuntimeConfig"]["CurrentCopyCount"]) == ("InService", copies)
    assert find(bare).components["part"].containers[0].image == image


def test_a_component_whose_update_fails_stays_as_it_was(bare: Rehearsal) -> None:
    component(bare, ModelName="falcon", **NEEDS)
    bare.clock.turn()
    bare.twin.queue_fault("capacity@UpdateInferenceComponent")
    bare.ask("update_inference_component", InferenceComponentName="part", RuntimeConfig={"CopyCount": 9})
    bare.clock.turn()
    told = part(bare)
    assert (told["InferenceComponentStatus"], told["RuntimeConfig"]["CurrentCopyCount"]) == ("InService", 2)
    assert told["FailureReason"] == "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."


def test_a_component_needs_an_endpoint_that_can_have_it(rehearsal: Rehearsal) -> None:
    rehearsal.deploy(Tags=[{"Key": "mock:fault", "Value": "capacity"}])
    rehearsal.clock.turn()
    refusal = f'Endpoint "{ARN}:endpoint/falcon" takes no inference component: it is Failed.'
    assert component(rehearsal, ModelName="falcon", **NEEDS) == ("ValidationException", refusal)


def test_a_virtual_clock_goes_on_to_the_end_of_what_was_begun() -> None:
    clock = VirtualClock()
    with MockServer(clock=clock, creation_s=CREATION_S) as twin, rehearsal_of(twin) as rehearsal:
        with clock.held():
            rehearsal.deploy()
            assert rehearsal.status() == "Creating"
        rehearsal.wait_for("InService")
        assert clock.now_s() == CREATION_S


def test_an_endpoint_is_never_ready_where_that_takes_for_ever() -> None:
    clock = VirtualClock()
    with MockServer(clock=clock, creation_s=math.inf) as twin, rehearsal_of(twin) as rehearsal:
        rehearsal.deploy()
        assert rehearsal.status() == "Creating"


def test_the_waiters_of_boto3_see_an_endpoint_come_and_go_in_real_time() -> None:
    with MockServer(creation_s=0.05) as twin, rehearsal_of(twin) as rehearsal:
        rehearsal.deploy()
        patience = {"Delay": 1, "MaxAttempts": 30}
        rehearsal.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="falcon", WaiterConfig=patience)
        rehearsal.ask("delete_endpoint", EndpointName="falcon")
        rehearsal.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="falcon", WaiterConfig=patience)
        assert rehearsal.status() == GONE
