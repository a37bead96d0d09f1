"""JumpStart's models that stream: which there are, and what the SageMaker SDK knows of each.

The SDK reads JumpStart's bucket of the region, by boto3 and as AWS's configuration says. Sources: the announcement of streaming JumpStart models (the
filter, the ten ids); sagemaker-core 2.27, `sagemaker.core.jumpstart`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from backends.deploy.images import image_uris, missing_sdk
from backends.errors import ConfigurationError
from backends.remedies import answers_in_our_words

FILTER = ("task == llm", "framework == huggingface")
FALCON = "huggingface-llm-falcon-7b-instruct-bf16"
ANNOUNCED = (
    "huggingface-llm-bilingual-rinna-4b-instruction-ppo-bf16",
    "huggingface-llm-falcon-180b-bf16",
    "huggingface-llm-falcon-180b-chat-bf16",
    "huggingface-llm-falcon-40b-bf16",
    "huggingface-llm-falcon-40b-instruct-bf16",
    "huggingface-llm-falcon-7b-bf16",
    FALCON,
    "huggingface-llm-mistral-7b",
    "huggingface-llm-mistral-7b-instruct",
    "huggingface-llm-rinna-3-6b-instruction-ppo-bf16",
)
"""The models that streamed when streaming was announced."""
_READS = ("GetObject", "HeadObject")


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpStartModel:
    """What a model is deployed with."""

    model_id: str
    version: str
    image: str
    artifact: str
    """Where its files are: an archive, or a prefix that ends in a slash."""
    environment: Mapping[str, str]
    instance_type: str
    health_check_s: int | None = None
    download_s: int | None = None
    """How long its files may take to be there."""
    eula: str | None = None
    """Where the terms are that have to be accepted; None: there are none."""
    is_isolated: bool = False
    """Whether the container does without a network."""


def models_that_stream(region: str) -> tuple[str, ...]:
    """Return the ids of the models in a region that stream, the announced ones first.

    Raises:
        BackendError: The SDK is missing, or the bucket cannot be read.
    """
    try:
        from sagemaker.core.jumpstart.filters import And
        from sagemaker.core.jumpstart.notebook_utils import list_jumpstart_models
    except ImportError as error:
        raise missing_sdk(error) from error
    with answers_in_our_words(None, _READS):
        ids = {str(each[0] if isinstance(each, tuple) else each) for each in list_jumpstart_models(filter=And(*FILTER), region=region)}
    return (*(each for each in ANNOUNCED if each in ids), *sorted(ids - {*ANNOUNCED}))


def find_model(model_id: str, region: str, *, version: str = "*", instance_type: str | None = None) -> JumpStartModel:
    """Return what a model is deployed with.

    Args:
        model_id: JumpStart's.
        region: Where it is to be.
        version: `*` for the newest.
        instance_type: None for the model's own.

    Raises:
        BackendError: The SDK is missing, it knows no such model or version, or the bucket cannot be read.
    """
    images = image_uris()
    logging.getLogger("sagemaker.jumpstart").setLevel(logging.ERROR)  # it warns of a version that is left open; which one it is, is said
    from sagemaker.core import environment_variables, instance_types, model_uris
    from sagemaker.core.jumpstart.accessors import JumpStartModelsAccessor

    with answers_in_our_words(None, _READS):
        try:
            specs = JumpStartModelsAccessor.get_model_specs(region=region, model_id=model_id, version=version)
            chosen = {"region": region, "model_id": model_id, "model_version": specs.version}
            kind = instance_type or str(instance_types.retrieve_default(**chosen, scope="inference"))
            image = images.retrieve(framework=None, **chosen, image_scope="inference", instance_type=kind)
            artifact = model_uris.retrieve(**chosen, model_scope="inference", instance_type=kind)
            environment = environment_variables.retrieve_default(**chosen, instance_type=kind)
        except (KeyError, ValueError) as error:
            raise ConfigurationError(
                f"JumpStart has no {model_id} {version.strip('*')} for {instance_type or 'its own instance type'} in {region}: {error.args[0]}; "
                "`python -m backends.deploy jumpstart --list` shows the models that stream"
            ) from error
    limits = specs.deploy_kwargs or {}
    return JumpStartModel(
        model_id=model_id,
        version=specs.version,
        image=str(image),
        artifact=str(artifact),
        environment={name: str(value) for name, value in environment.items()},
        instance_type=kind,
        health_check_s=limits.get("container_startup_health_check_timeout"),
        download_s=limits.get("model_data_download_timeout"),
        eula=specs.hosting_eula_key and f"https://jumpstart-cache-prod-{region}.s3.{region}.amazonaws.com/{specs.hosting_eula_key}",
        is_isolated=bool(specs.inference_enable_network_isolation),
    )
