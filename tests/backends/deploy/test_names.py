"""Names and tags: chosen before the first call, legal everywhere, found again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backends.deploy.names import bucket_for, name_for, own_name, tags
from backends.errors import ConfigurationError

NOW = datetime(2026, 11, 21, 22, 51, 46, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("command", "model", "name"),
    [
        ("lmi", "tiiuae/falcon-7b-instruct", "streamtwin-lmi-falcon-7b-instruct-261121-225146-123"),
        ("tgi", "s3://bucket/My_Model.v2", "streamtwin-tgi-my-model-v2-261121-225146-123"),
        ("jumpstart", "rinna-3-6b-instruction-ppo-bf16", "streamtwin-jumpstart-rinna-3-6b-instruction-p-261121-225146-123"),
        ("lmi", "s3://bucket/", "streamtwin-lmi-261121-225146-123"),
    ],
)
def test_a_name_tells_its_command_its_model_and_its_moment_and_fits(command: str, model: str, name: str) -> None:
    assert name_for(command, model, NOW) == name
    assert own_name(name) == name


def test_a_name_of_one_s_own_gets_the_prefix_that_the_policies_ask_for() -> None:
    assert own_name("falcon") == own_name("streamtwin-falcon") == "streamtwin-falcon"


@pytest.mark.parametrize("text", ["Falcon", "falcon_7b", "falcon-", "f" * 53, ""])
def test_a_name_that_sagemaker_would_refuse_is_refused_before(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--name is"):
        own_name(text)


def test_the_bucket_is_the_account_s_and_the_region_s() -> None:
    assert bucket_for("123456789012", "eu-west-1") == "streamtwin-123456789012-eu-west-1"


def test_the_tags_name_the_endpoint_first() -> None:
    assert tags("streamtwin-x", command="lmi") == [{"Key": "streamtwin:endpoint", "Value": "streamtwin-x"}, {"Key": "streamtwin:command", "Value": "lmi"}]
