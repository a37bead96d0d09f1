"""What each operation answers, as literals: rows of what is asked, one after the other on a twin that has a model, a configuration and an endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mock_server.control.rehearsal import ARN, CONTAINER, IMAGE, ROLE, VARIANT, Rehearsal

INVALID = "ValidationException"


def not_found(noun: str, segment: str) -> tuple[str, str]:
    return INVALID, f'Could not find {noun} "{ARN}:{segment}/nothing".'


def exists(noun: str, segment: str) -> tuple[str, str]:
    return INVALID, f'Cannot create already existing {noun} "{ARN}:{segment}/falcon".'


def in_progress(noun: str, segment: str) -> tuple[str, str]:
    return INVALID, f'Cannot update in-progress {noun} "{ARN}:{segment}/falcon".'


def wrong(value: str, where: str, constraint: str) -> tuple[str, str]:
    return INVALID, f"1 validation error detected: Value {value} at '{where}' failed to satisfy constraint: Member must {constraint}"


TAKEN = {"Key": "made-by", "Value": "rehearsal"}
NAME_PATTERN = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
VARIANT_OF_NOTHING = {**VARIANT, "ModelName": "nothing"}
BARE_VARIANT = {"VariantName": "AllTraffic", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}
NEEDS = {"ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}

ROWS: list[tuple[str, dict[str, Any], Any]] = [
    ("create_model", {"ModelName": "other", "PrimaryContainer": CONTAINER}, {"ModelArn": f"{ARN}:model/other"}),
    ("create_model", {"ModelName": "CamelCase", "Containers": [CONTAINER, CONTAINER]}, {"ModelArn": f"{ARN}:model/camelcase"}),
    ("create_model", {"ModelName": "falcon", "PrimaryContainer": CONTAINER}, exists("model", "model")),
    ("create_model", {"ModelName": "FALCON", "PrimaryContainer": CONTAINER}, exists("model", "model")),
    ("create_model", {"ModelName": "other"}, (INVALID, "Exactly one of PrimaryContainer and Containers has to be given.")),
    ("create_model", {"ModelName": "other", "PrimaryContainer": {"Mode": "SingleModel"}}, (INVALID, "Container definition must have an Image.")),
    (
        "create_model",
        {"ModelName": "under_score", "PrimaryContainer": CONTAINER},
        wrong("'under_score'", "modelName", r"satisfy regular expression pattern: [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?"),
    ),
    ("create_model", {"ModelName": "a" * 64, "PrimaryContainer": CONTAINER}, wrong(f"'{'a' * 64}'", "modelName", "have length less than or equal to 63")),
    (
        "create_model",
        {"ModelName": "other", "PrimaryContainer": {**CONTAINER, "Mode": "Several"}},
        wrong("'Several'", "primaryContainer.mode", "satisfy enum value set: [SingleModel, MultiModel]"),
    ),
    (
        "create_model",
        {"ModelName": "other", "PrimaryContainer": {**CONTAINER, "Environment": {"a-b": "c"}}},
        wrong("'a-b'", "primaryContainer.environment.a-b.key", "satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*"),
    ),
    ("describe_model", {"ModelName": "nothing"}, not_found("model", "model")),
    ("delete_model", {"ModelName": "nothing"}, not_found("model", "model")),
    ("delete_model", {"ModelName": "falcon"}, {}),
    (
        "create_endpoint_config",
        {"EndpointConfigName": "other", "ProductionVariants": [VARIANT]},
        {"EndpointConfigArn": f"{ARN}:endpoint-config/other"},
    ),
    ("create_endpoint_config", {"EndpointConfigName": "falcon", "ProductionVariants": [VARIANT]}, exists("endpoint configuration", "endpoint-config")),
    ("create_endpoint_config", {"EndpointConfigName": "other", "ProductionVariants": [VARIANT_OF_NOTHING]}, not_found("model", "model")),
    (
        "create_endpoint_config",
        {"EndpointConfigName": "other", "ProductionVariants": [VARIANT], "ShadowProductionVariants": [VARIANT_OF_NOTHING]},
        not_found("model", "model"),
    ),
    (
        "create_endpoint_config",
        {"EndpointConfigName": "other", "ProductionVariants": [BARE_VARIANT]},
        (INVALID, "ExecutionRoleArn is required where a production variant names no model, so that inference components can run on it."),
    ),
    (
        "create_endpoint_config",
        {"EndpointConfigName": "other", "ProductionVariants": [BARE_VARIANT], "ExecutionRoleArn": ROLE},
        {"EndpointConfigArn": f"{ARN}:endpoint-config/other"},
    ),
    (
        "create_endpoint_config",
        {"EndpointConfigName": "other", "ProductionVariants": [{**VARIANT, "VariantName": "a_b"}]},
        wrong("'a_b'", "productionVariants.1.member.variantName", f"satisfy regular expression pattern: {NAME_PATTERN}"),
    ),
    ("describe_endpoint_config", {"EndpointConfigName": "nothing"}, not_found("endpoint configuration", "endpoint-config")),
    ("delete_endpoint_config", {"EndpointConfigName": "nothing"}, not_found("endpoint configuration", "endpoint-config")),
    ("delete_endpoint_config", {"EndpointConfigName": "falcon"}, {}),
    ("create_endpoint", {"EndpointName": "other", "EndpointConfigName": "falcon"}, {"EndpointArn": f"{ARN}:endpoint/other"}),
    ("create_endpoint", {"EndpointName": "falcon", "EndpointConfigName": "falcon"}, exists("endpoint", "endpoint")),
    ("create_endpoint", {"EndpointName": "other", "EndpointConfigName": "nothing"}, not_found("endpoint configuration", "endpoint-config")),
    ("describe_endpoint", {"EndpointName": "nothing"}, not_found("endpoint", "endpoint")),
    ("delete_endpoint", {"EndpointName": "nothing"}, not_found("endpoint", "endpoint")),
    ("delete_endpoint", {"EndpointName": "falcon"}, in_progress("endpoint", "endpoint")),
    ("update_endpoint", {"EndpointName": "falcon", "EndpointConfigName": "falcon"}, in_progress("endpoint", "endpoint")),
    ("update_endpoint", {"EndpointName": "nothing", "EndpointConfigName": "falcon"}, not_found("endpoint", "endpoint")),
    (
        "create_inference_component",
        {"InferenceComponentName": "part", "EndpointName": "falcon", "Specification": {"ModelName": "falcon", **NEEDS}},
        {"InferenceComponentArn": f"{ARN}:inference-component/part"},
    ),
    (
        "create_inference_component",
        {"InferenceComponentName": "part", "EndpointName": "nothing", "Specification": {"ModelName": "falcon", **NEEDS}},
        not_found("endpoint", "endpoint"),
    ),
    (
        "create_inference_component",
        {"InferenceComponentName": "part", "EndpointName": "falcon", "Specification": {"ModelName": "nothing", **NEEDS}},
        not_found("model", "model"),
    ),
    (
        "create_inference_component",
        {"InferenceComponentName": "part", "EndpointName": "falcon", "Specification": {"BaseInferenceComponentName": "nothing"}},
        not_found("inference component", "inference-component"),
    ),
    (
        "create_inference_component",
        {"InferenceComponentName": "part", "EndpointName": "falcon", "Specification": NEEDS},
        (INVALID, "Specification needs a ModelName, a Container with an Image, or a BaseInferenceComponentName."),
    ),
    ("create_inference_component", {"InferenceComponentName": "part", "EndpointName": "falcon"}, (INVALID, "Specification has to be given.")),
    (
        "create_inference_component",
        {"InferenceComponentName": "part", "EndpointName": "falcon", "VariantName": "blue", "Specification": {"ModelName": "falcon", **NEEDS}},
        (INVALID, f'Could not find variant "blue" of endpoint "{ARN}:endpoint/falcon".'),
    ),
    ("describe_inference_component", {"InferenceComponentName": "nothing"}, not_found("inference component", "inference-component")),
    ("delete_inference_component", {"InferenceComponentName": "nothing"}, not_found("inference component", "inference-component")),
    ("update_inference_component", {"InferenceComponentName": "nothing"}, not_found("inference component", "inference-component")),
    (
        "update_inference_component_runtime_config",
        {"InferenceComponentName": "nothing", "DesiredRuntimeConfig": {"CopyCount": 2}},
        not_found("inference component", "inference-component"),
    ),
    ("add_tags", {"ResourceArn": f"{ARN}:model/falcon", "Tags": [TAKEN]}, {"Tags": [TAKEN]}),
    ("add_tags", {"ResourceArn": f"{ARN}:model/nothing", "Tags": [TAKEN]}, ("ResourceNotFound", f"Could not find resource {ARN}:model/nothing.")),
    (
        "add_tags",
        {"ResourceArn": f"{ARN}:model/falcon", "Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]},
        wrong("of length 51", "tags", "have length less than or equal to 50"),
    ),
    ("list_tags", {"ResourceArn": f"{ARN}:model/falcon"}, {"Tags": []}),
    ("list_tags", {"ResourceArn": f"{ARN}:model/nothing"}, ("ResourceNotFound", f"Could not find resource {ARN}:model/nothing.")),
    ("delete_tags", {"ResourceArn": f"{ARN}:model/falcon", "TagKeys": ["made-by"]}, {}),
    ("delete_tags", {"ResourceArn": f"{ARN}:model/nothing", "TagKeys": ["made-by"]}, ("ResourceNotFound", f"Could not find resource {ARN}:model/nothing.")),
    ("list_inference_components", {}, {"InferenceComponents": []}),
    ("list_models", {"NameContains": "llama"}, {"Models": []}),
    ("list_endpoint_configs", {"NameContains": "llama"}, {"EndpointConfigs": []}),
    ("list_endpoints", {"StatusEquals": "Failed"}, {"Endpoints": []}),
    ("list_endpoints", {"NextToken": "bm9uc2Vuc2U="}, (INVALID, "The token of the next page is not one that this list gave.")),
    ("get_resources", {}, {"PaginationToken": "", "ResourceTagMappingList": []}),
]


@pytest.mark.parametrize(("operation", "given", "expected"), ROWS, ids=[f"{operation}-{number}" for number, (operation, _, _) in enumerate(ROWS)])
def test_an_operation_answers_in_the_words_of_the_service(rehearsal: Rehearsal, operation: str, given: dict[str, Any], expected: Any) -> None:
    rehearsal.deploy()
    assert rehearsal.ask(operation, **given) == expected


def described(rehearsal: Rehearsal, operation: str, **given: Any) -> Any:
    """Return a description without its moments."""
    return {member: value for member, value in rehearsal.ask(operation, **given).items() if not member.endswith("Time")}


def test_what_was_given_is_described_and_no_tag_with_it(rehearsal: Rehearsal) -> None:
    rehearsal.model(Tags=[TAKEN], EnableNetworkIsolation=True)
    rehearsal.config(Tags=[TAKEN])
    assert described(rehearsal, "describe_model", ModelName="falcon") == {
        "ModelName": "falcon",
        "ModelArn": f"{ARN}:model/falcon",
        "PrimaryContainer": CONTAINER,
        "ExecutionRoleArn": ROLE,
        "EnableNetworkIsolation": True,
    }
    assert described(rehearsal, "describe_endpoint_config", EndpointConfigName="falcon") == {
        "EndpointConfigName": "falcon",
        "EndpointConfigArn": f"{ARN}:endpoint-config/falcon",
        "ProductionVariants": [VARIANT],
    }


def test_no_structure_is_told_that_is_empty(rehearsal: Rehearsal) -> None:
    rehearsal.model(PrimaryContainer={"Image": IMAGE, "Environment": {}}, VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]})
    told = rehearsal.ask("describe_model", ModelName="falcon")
    assert told["PrimaryContainer"] == {"Image": IMAGE}
    assert told["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


def test_an_endpoint_in_service_tells_of_its_variants(rehearsal: Rehearsal) -> None:
    rehearsal.model()
    rehearsal.config(ProductionVariants=[{**VARIANT, "InitialVariantWeight": 3.0, "RoutingConfig": {"RoutingStrategy": "RANDOM"}}])
    rehearsal.endpoint()
    assert described(rehearsal, "describe_endpoint", EndpointName="falcon") == {
        "EndpointName": "falcon",
        "EndpointArn": f"{ARN}:endpoint/falcon",
        "EndpointConfigName": "falcon",
        "EndpointStatus": "Creating",
    }
    rehearsal.clock.turn()
    [variant] = rehearsal.ask("describe_endpoint", EndpointName="falcon")["ProductionVariants"]
    [image] = variant.pop("DeployedImages")
    assert variant == {
        "VariantName": "AllTraffic",
        "CurrentWeight": 3.0,
        "DesiredWeight": 3.0,
        "CurrentInstanceCount": 1,
        "DesiredInstanceCount": 1,
        "RoutingConfig": {"RoutingStrategy": "RANDOM"},
    }
    assert image["SpecifiedImage"] == IMAGE
    assert image["ResolvedImage"].startswith("763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference@sha256:")


def test_a_region_does_not_see_what_is_in_another(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    with rehearsal.client(region_name="eu-west-1") as elsewhere:
        assert elsewhere.list_endpoints()["Endpoints"] == []
        answer = elsewhere.create_model(ModelName="falcon", PrimaryContainer=CONTAINER)
    assert answer["ModelArn"] == "arn:aws:sagemaker:eu-west-1:123456789012:model/falcon"


def test_nothing_is_left_after_a_reset(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    assert rehearsal.twin.calls
    rehearsal.twin.reset()
    assert not rehearsal.twin.calls
    assert [rehearsal.ask(f"list_{kind}")[member] for kind, member in (("models", "Models"), ("endpoints", "Endpoints"))] == [[], []]
