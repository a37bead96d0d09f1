"""What is read of JumpStart's bucket without the SDK is what the SDK reads there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.deploy.aws import Aws
from backends.deploy.images import KNOWN, KNOWN_REGION, find_image
from backends.deploy.jumpstart import ANNOUNCED, find_model
from backends.deploy.published import read_model
from backends.errors import ConfigurationError
from backends.signing import Credentials
from mock_server import MockServer

GATED = "meta-textgeneration-llama-2-7b-f"


@pytest.fixture(scope="module")
def twin() -> Iterator[MockServer]:
    with MockServer() as twin:
        yield twin


@pytest.fixture
def aws(twin: MockServer) -> Aws:
    return Aws(region="us-east-1", endpoint_url=twin.url, credentials=Credentials("twin", "no-secret"))


@pytest.mark.parametrize("model_id", [*ANNOUNCED, GATED])
def test_a_model_is_read_as_the_sdk_reads_it(model_id: str, twin: MockServer, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in twin.environ.items():
        monkeypatch.setenv(name, value)
    assert read_model(aws, model_id) == find_model(model_id, "us-east-1")


def test_a_model_may_run_on_another_of_its_instances(aws: Aws) -> None:
    model = read_model(aws, ANNOUNCED[6], instance_type="ml.g5.12xlarge")
    assert (model.instance_type, model.environment["SM_NUM_GPUS"]) == ("ml.g5.12xlarge", "4")


def test_an_instance_that_a_model_is_not_for_is_told_with_those_that_it_is_for(aws: Aws) -> None:
    with pytest.raises(ConfigurationError, match=r"is not for ml\.t2\.medium; it is for ml\.g5\.2xlarge, "):
        read_model(aws, ANNOUNCED[6], instance_type="ml.t2.medium")


def test_a_model_of_no_known_name_is_told_with_those_that_there_are(aws: Aws) -> None:
    with pytest.raises(ConfigurationError, match="JumpStart has no model 'falcon' in us-east-1; it has huggingface-llm-bilingual"):
        read_model(aws, "falcon")


def test_keys_that_are_given_go_before_any_aws_configuration(twin: MockServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (broken := tmp_path / "config").write_text("no section\n", encoding="utf-8")
    for name, value in {
        "AWS_CONFIG_FILE": str(broken),
        "AWS_PROFILE": "gone",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    aws = Aws(region="us-east-1", endpoint_url=twin.url, credentials=Credentials("twin", "no-secret"))
    assert read_model(aws, GATED).eula


@pytest.mark.parametrize("framework", KNOWN)
def test_an_image_that_is_known_without_the_sdk_is_the_sdk_s(framework: str) -> None:
    known = KNOWN[framework]
    assert find_image(framework, KNOWN_REGION, version=known.version, instance_type="ml.g5.2xlarge") == known.uri
