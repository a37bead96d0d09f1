"""Falcon 7B on Hugging Face's text-generation-inference, whose options are variables, by `ModelBuilder`."""

from __future__ import annotations

import os

from sagemaker.core import image_uris
from sagemaker.core.common_utils import name_from_base
from sagemaker.core.resources import EndpointConfig
from sagemaker.serve.model_builder import ModelBuilder

from tests.clients.programs.notebooks.rehearsal import rehearsal_session
from tests.clients.programs.notebooks.streaming import stream_tokens

ROLE = os.environ["SAGEMAKER_ROLE"]  # the ARN of a role that SageMaker may assume; ModelBuilder asks IAM whether it is one
INSTANCE = "ml.g5.2xlarge"
QUESTION = {"inputs": "tell me one sentence", "parameters": {"max_new_tokens": 400, "return_full_text": False}}

name = name_from_base("tgi-model-falcon-7b")
session = rehearsal_session()
builder = ModelBuilder(
    image_uri=image_uris.retrieve("huggingface-llm", session.boto_region_name, version="0.9.3", image_scope="inference", instance_type=INSTANCE),
    env_vars={
        "HF_MODEL_ID": "tiiuae/falcon-7b-instruct",
        "SM_NUM_GPUS": "1",
        "MAX_INPUT_LENGTH": "1900",
        "MAX_TOTAL_TOKENS": "2048",
        # "HF_MODEL_QUANTIZE": "bitsandbytes",
    },
    role_arn=ROLE,
    instance_type=INSTANCE,
    sagemaker_session=session,
)
model = builder.build(model_name=name)
# wait=True looks after 30 s for the first time, and container_timeout_in_seconds, which the SDK documents, is lost on the way.
endpoint = builder.deploy(endpoint_name=name, wait=False, container_startup_health_check_timeout=300)
try:
    endpoint.wait_for_status("InService", poll=1)
    for text in stream_tokens(endpoint.endpoint_name, QUESTION):
        print(text, end="", flush=True)
finally:  # whatever went wrong: an endpoint that is forgotten costs by the hour
    config = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name)
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    config.delete()
    model.delete()
