"""SageMaker JumpStart by `ModelBuilder`: which models stream, one of them by its id alone, and one whose licence has to be accepted."""

from __future__ import annotations

import os
from typing import Any

from sagemaker.core.common_utils import name_from_base
from sagemaker.core.jumpstart.configs import JumpStartConfig
from sagemaker.core.jumpstart.filters import And
from sagemaker.core.jumpstart.notebook_utils import list_jumpstart_models
from sagemaker.core.resources import EndpointConfig
from sagemaker.core.training.configs import Compute
from sagemaker.serve.model_builder import ModelBuilder

from tests.clients.programs.notebooks.rehearsal import rehearsal_session
from tests.clients.programs.notebooks.streaming import stream_tokens

ROLE = os.environ["SAGEMAKER_ROLE"]  # the ARN of a role that SageMaker may assume; ModelBuilder asks IAM whether it is one
QUESTION = {"inputs": "How do I build a website?", "parameters": {"max_new_tokens": 256}}

session = rehearsal_session()


def answer(model_id: str, **options: Any) -> None:
    """Deploy a model, print its answer while it comes, and delete all that was made."""
    builder = ModelBuilder.from_jumpstart_config(
        JumpStartConfig(model_id=model_id, **options), role_arn=ROLE, compute=Compute(instance_type="ml.g5.2xlarge"), sagemaker_session=session
    )
    name = name_from_base(model_id)
    model = builder.build(model_name=name)
    endpoint = builder.deploy(endpoint_name=name, wait=False)
    try:
        endpoint.wait_for_status("InService", poll=1)
        for text in stream_tokens(endpoint.endpoint_name, QUESTION):
            print(text, end="", flush=True)
        print()
    finally:  # whatever went wrong: an endpoint that is forgotten costs by the hour
        config = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name)
        endpoint.delete()
        endpoint.wait_for_delete(poll=1)
        config.delete()
        model.delete()


for model_id in list_jumpstart_models(filter=And("task == llm", "framework == huggingface"), region=session.boto_region_name, sagemaker_session=session):
    print(model_id)
answer("huggingface-llm-falcon-7b-instruct-bf16")
answer("meta-textgeneration-llama-2-7b-f", accept_eula=True)  # say so after having read it
