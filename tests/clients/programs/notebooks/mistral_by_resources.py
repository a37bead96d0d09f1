"""Mistral 7B on a text-generation-inference of today, by `sagemaker.core.resources` alone: it is in sagemaker-core, a third of the SDK's size.

Each class is one of the service's: `create` makes it and describes it; nothing asks for STS, and nothing is told to anybody.
"""

from __future__ import annotations

import json
import os

import boto3
from sagemaker.core import image_uris
from sagemaker.core.common_utils import name_from_base
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant, Tag

from tests.clients.programs.notebooks.streaming import stream_lines

ROLE = os.environ["SAGEMAKER_ROLE"]  # the ARN of a role that SageMaker may assume
INSTANCE = "ml.g5.2xlarge"
QUESTION = {"messages": [{"role": "user", "content": "What is life?"}], "max_tokens": 400, "stream": True}

name = name_from_base("mistral-7b")
tags = [Tag(key="made-by", value="mistral_by_resources")]  # by which all of it is found again
region = boto3.Session().region_name
image = image_uris.retrieve("huggingface-llm", region, version="3.3.6", image_scope="inference", instance_type=INSTANCE)
variables = {"HF_MODEL_ID": "mistralai/Mistral-7B-Instruct-v0.3", "SM_NUM_GPUS": "1", "MAX_INPUT_LENGTH": "3000", "MAX_TOTAL_TOKENS": "4096"}

model = Model.create(model_name=name, primary_container=ContainerDefinition(image=image, environment=variables), execution_role_arn=ROLE, tags=tags)
variant = ProductionVariant(
    variant_name="AllTraffic", model_name=name, initial_instance_count=1, instance_type=INSTANCE, container_startup_health_check_timeout_in_seconds=600
)
config = EndpointConfig.create(endpoint_config_name=name, production_variants=[variant], tags=tags)
endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name, tags=tags)
try:
    endpoint.wait_for_status("InService", poll=1)
    for line in stream_lines(name, QUESTION):
        data = line.removeprefix(b"data:").strip()
        if data.startswith(b"{"):
            print("".join(choice["delta"].get("content") or "" for choice in json.loads(data)["choices"]), end="", flush=True)
finally:  # whatever went wrong: an endpoint that is forgotten costs by the hour
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    config.delete()
    model.delete()
