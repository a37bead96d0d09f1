"""JumpStart's bucket, as the SDK's own accessors read it in any region."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker.core import environment_variables, image_uris, instance_types, model_uris
from sagemaker.core.jumpstart.accessors import JumpStartModelsAccessor
from sagemaker.core.jumpstart.filters import And
from sagemaker.core.jumpstart.notebook_utils import list_jumpstart_models

from backends.endpoints import recognise
from mock_server import MockServer
from mock_server.control.jumpstart import ACCOUNTS, EULA, EULA_KEY, MODELS, OLD_TGI, TGI, image_uri
from tests.mock_server.control.neighbours_side import Clients, clients_of

POST = (
    "huggingface-llm-bilingual-rinna-4b-instruction-ppo-bf16",
    "huggingface-llm-falcon-180b-bf16",
    "huggingface-llm-falcon-180b-chat-bf16",
    "huggingface-llm-falcon-40b-bf16",
    "huggingface-llm-falcon-40b-instruct-bf16",
    "huggingface-llm-falcon-7b-bf16",
    "huggingface-llm-falcon-7b-instruct-bf16",
    "huggingface-llm-mistral-7b",
    "huggingface-llm-mistral-7b-instruct",
    "huggingface-llm-rinna-3-6b-instruction-ppo-bf16",
)
"""The models that the announcement lists."""
GATED = "meta-textgeneration-llama-2-7b-f"
REGIONS = ("us-west-2", "eu-central-1", "ap-southeast-4", "cn-north-1")


@pytest.fixture
def clients(twin: MockServer) -> Iterator[Clients]:
    with clients_of(twin) as made:
        yield made


@pytest.fixture(params=REGIONS)
def region(request: pytest.FixtureRequest, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> str:
    """A region that the SDK's cache of this process has not read from another twin."""
    accessor: Any = JumpStartModelsAccessor
    monkeypatch.setattr(accessor, "_cache", None)
    monkeypatch.setattr(accessor, "_curr_region", None)
    clients("s3", region=request.param).get_object(Bucket=f"jumpstart-cache-prod-{request.param}", Key="models_manifest.json")
    return str(request.param)


def test_the_posts_filter_lists_its_ten_models(region: str) -> None:
    assert tuple(list_jumpstart_models(filter=And("task == llm", "framework == huggingface"), region=region)) == POST
    assert sorted(list_jumpstart_models(region=region)) == sorted((*POST, GATED))


@pytest.mark.parametrize("model", [model.id for model in MODELS])
def test_the_sdk_knows_all_that_a_deployment_needs(region: str, model: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    named: dict[str, Any] = {"model_id": model, "model_version": "*", "region": region}
    instance = instance_types.retrieve_default(**named, scope="inference")
    assert instance in instance_types.retrieve(**named, scope="inference")
    image = image_uris.retrieve(**named, framework=None, image_scope="inference", instance_type=instance)
    assert image.startswith(f"{ACCOUNTS.get(region, '763104351884')}.dkr.ecr.{region}.amazonaws.com")
    assert recognise(image, {}).server == "TGI"
    variables = environment_variables.retrieve_default(**named, instance_type=instance)
    assert int(variables["SM_NUM_GPUS"]) >= 1
    assert int(variables["MAX_INPUT_LENGTH"]) < int(variables["MAX_TOTAL_TOKENS"])
    place = model_uris.retrieve(**named, model_scope="inference")
    assert place.startswith(f"s3://jumpstart-cache-prod-{region}/")
    assert place.endswith("/")
    spec = JumpStartModelsAccessor.get_model_specs(region=region, model_id=model, version="*")
    assert spec.deploy_kwargs["container_startup_health_check_timeout"] >= 600
    assert spec.predictor_specs.default_content_type == spec.predictor_specs.default_accept_type == "application/json"  # or SDK 2 makes no Predictor
    assert spec.hosting_eula_key == (EULA_KEY if model == GATED else None)


def test_a_larger_instance_uses_all_its_gpus(region: str) -> None:
    named: dict[str, Any] = {"model_id": "huggingface-llm-falcon-40b-instruct-bf16", "model_version": "*", "region": region}
    assert environment_variables.retrieve_default(**named, instance_type="ml.g5.48xlarge")["SM_NUM_GPUS"] == "8"


@pytest.mark.parametrize("tag", [OLD_TGI, TGI])
def test_the_images_are_those_that_the_sdk_has_for_that_version_in_every_region(tag: str) -> None:
    version = tag.partition("-tgi")[2].partition("-")[0]
    for region in (*ACCOUNTS, "us-east-1", "us-west-2", "ap-northeast-1", "eu-west-3", "sa-east-1"):
        expected = image_uris.retrieve("huggingface-llm", region, version=version, image_scope="inference", instance_type="ml.g5.2xlarge")
        assert image_uri(region, tag) == expected


def test_an_object_that_is_asked_for_again_has_the_same_etag(clients: Clients) -> None:
    s3 = clients("s3")
    asked = {"Bucket": "jumpstart-cache-prod-us-east-1", "Key": "models_manifest.json"}
    got = s3.get_object(**asked)
    body = got["Body"].read()
    head = s3.head_object(**asked)
    assert (head["ETag"], head["ContentLength"]) == (got["ETag"], len(body))
    assert [entry["model_id"] for entry in json.loads(body)] == [model.id for model in MODELS]
    assert s3.get_object(Bucket=asked["Bucket"], Key=EULA_KEY)["Body"].read().decode() == EULA


REFUSED = {
    "no such key": ("get_object", {"Key": "other.json"}, "NoSuchKey"),
    "written to": ("put_object", {"Key": "models_manifest.json", "Body": b"[]"}, "AccessDenied"),
    "listed": ("list_objects_v2", {}, "AccessDenied"),
}


@pytest.mark.parametrize(("operation", "given", "code"), REFUSED.values(), ids=REFUSED)
def test_the_bucket_can_only_be_read(clients: Clients, operation: str, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(clients("s3"), operation)(Bucket="jumpstart-cache-prod-us-east-1", **given)
    assert raised.value.response["Error"]["Code"] == code
