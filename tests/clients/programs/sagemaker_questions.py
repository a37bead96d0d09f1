"""What the SageMaker SDK does with what it is given, question by question: how each should be answered, and how it is, is the test's to say."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from importlib.metadata import requires
from typing import Any

from sagemaker.core import image_uris
from sagemaker.core.common_utils import name_from_base
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.jumpstart.accessors import JumpStartModelsAccessor
from sagemaker.core.jumpstart.configs import JumpStartConfig
from sagemaker.core.resources import Endpoint, EndpointConfig
from sagemaker.core.training.configs import Compute
from sagemaker.serve.model_builder import ModelBuilder

from tests.clients.programs.notebooks.rehearsal import OneEndpoint, rehearsal_session

INSTANCE = "ml.g5.2xlarge"
GATED_ID = "meta-textgeneration-llama-2-7b-f"
JUMPSTART_ID = "huggingface-llm-falcon-7b-instruct-bf16"


def _builder(**options: Any) -> Any:
    session = options.pop("session", None) or rehearsal_session()
    if "model" not in options:
        options["image_uri"] = image_uris.retrieve(
            "huggingface-llm", session.boto_region_name, version="0.9.3", image_scope="inference", instance_type=INSTANCE
        )
        options["env_vars"] = {"HF_MODEL_ID": "tiiuae/falcon-7b-instruct"}
    return ModelBuilder(role_arn=os.environ["SAGEMAKER_ROLE"], instance_type=INSTANCE, sagemaker_session=session, **options)


def _variant_of(builder: Any, **options: Any) -> Any:
    """Deploy, and return the production variant that the endpoint configuration has."""
    name = name_from_base("question")
    builder.build(model_name=name)
    endpoint = builder.deploy(endpoint_name=name, wait=False, **options)
    return EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name).production_variants[0]


def _seconds(value: Any) -> int | None:
    return value if isinstance(value, int) else None  # the SDK has an object of its own for what is not given


def health_check_timeout() -> int | None:
    """Return the health check's time-out that a variant has for which 600 s were asked."""
    variant = _variant_of(_builder(), container_timeout_in_seconds=600)
    return _seconds(variant.container_startup_health_check_timeout_in_seconds)


def jumpstart_timeouts() -> bool:
    """Return whether a JumpStart model is given the time that its specification says it takes."""
    session = rehearsal_session()
    specs = JumpStartModelsAccessor.get_model_specs(region=session.boto_region_name, model_id=JUMPSTART_ID, version="*")
    variant = _variant_of(_builder(model=JUMPSTART_ID, session=session))
    given = (variant.container_startup_health_check_timeout_in_seconds, variant.model_data_download_timeout_in_seconds)
    wanted = (specs.deploy_kwargs["container_startup_health_check_timeout"], specs.deploy_kwargs["model_data_download_timeout"])
    return given == wanted


def model_data_that_is_not_there() -> str | None:
    """Return where a model without an archive is said to have one, if there is nothing."""
    session = rehearsal_session()
    model = _builder(session=session).build(model_name=name_from_base("question"))
    url = model.primary_container.model_data_url
    if not isinstance(url, str):
        return None
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return None if session.s3_client.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"] else url


def longest_sleep_s() -> float:
    """Return the longest sleep of a deployment that is waited for; none is longer than a second in truth."""
    slept: list[float] = []
    really = time.sleep

    def sleep(seconds: Any) -> None:
        slept.append(seconds)
        really(min(seconds, 1.0))

    time.sleep = sleep
    try:
        builder = _builder()
        name = name_from_base("question")
        builder.build(model_name=name)
        builder.deploy(endpoint_name=name)
    finally:
        time.sleep = really
    return max(slept, default=0.0)


def stream_of_a_resource() -> str:
    """Return what becomes of an answer that `Endpoint` streams."""
    body = json.dumps({"inputs": "hello"})
    try:
        answer = Endpoint(endpoint_name="falcon-7b-instruct-lmi").invoke_with_response_stream(body=body, content_type="application/json")
    except AttributeError as error:
        return f"AttributeError: {error}"
    return "answered" if answer else "nothing"


def licence(accepted: bool) -> Callable[[], bool]:
    """Return a question: with which word on its licence a gated model is created."""

    def accept_eula() -> bool:
        session = rehearsal_session()
        config = JumpStartConfig(model_id=GATED_ID, accept_eula=accepted)
        role = os.environ["SAGEMAKER_ROLE"]
        builder = ModelBuilder.from_jumpstart_config(config, role_arn=role, compute=Compute(instance_type=INSTANCE), sagemaker_session=session)
        model = builder.build(model_name=name_from_base("question"))
        return bool(model.primary_container.model_data_source.s3_data_source.model_access_config.accept_eula)

    return accept_eula


def requires_graphene() -> bool:
    """Return whether sagemaker-core requires graphene, which its `image_retriever` imports."""
    return any(requirement.startswith("graphene") for requirement in requires("sagemaker-core") or ())


def account() -> str:
    """Return the account that a session of the SDK's says it is in; it asks STS."""
    return str(Session().account_id())


def untold() -> str:
    """Build a model without having said that nothing is to be told."""
    return str(_builder(session=Session(boto_session=OneEndpoint())).build(model_name=name_from_base("question")).model_name)


QUESTIONS: Mapping[str, Callable[[], Any]] = {
    "health check timeout": health_check_timeout,
    "JumpStart's timeouts": jumpstart_timeouts,
    "licence accepted": licence(True),
    "licence not accepted": licence(False),
    "model data that is not there": model_data_that_is_not_there,
    "longest sleep": longest_sleep_s,
    "stream of a resource": stream_of_a_resource,
    "graphene is required": requires_graphene,
    "account": account,
    "untold": untold,
}
