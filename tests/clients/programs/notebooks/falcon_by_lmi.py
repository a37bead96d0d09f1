"""Falcon 7B on AWS's Large Model Inference container, whose options are a file in an archive, by `ModelBuilder`."""

from __future__ import annotations

import io
import json
import os
import tarfile

from sagemaker.core import image_uris
from sagemaker.core.common_utils import name_from_base
from sagemaker.core.resources import EndpointConfig
from sagemaker.serve.model_builder import ModelBuilder

from tests.clients.programs.notebooks.rehearsal import rehearsal_session
from tests.clients.programs.notebooks.streaming import stream_lines

ROLE = os.environ["SAGEMAKER_ROLE"]  # the ARN of a role that SageMaker may assume; ModelBuilder asks IAM whether it is one
PROPERTIES = b"""\
engine=MPI
option.model_id=tiiuae/falcon-7b-instruct
option.trust_remote_code=true
option.tensor_parallel_degree=1
option.max_rolling_batch_size=32
option.rolling_batch=auto
option.output_formatter=jsonlines
option.paged_attention=false
option.enable_streaming=true
"""

name = name_from_base("lmi-model-falcon-7b")
session = rehearsal_session()

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w:gz") as tar:  # a model.py and a requirements.txt could be in it too
    properties = tarfile.TarInfo("serving.properties")
    properties.size = len(PROPERTIES)
    tar.addfile(properties, io.BytesIO(PROPERTIES))
bucket = session.default_bucket()  # creates it where there is none
session.s3_client.put_object(Bucket=bucket, Key=f"{name}/model.tar.gz", Body=archive.getvalue())

builder = ModelBuilder(
    image_uri=image_uris.retrieve("djl-deepspeed", session.boto_region_name, version="0.23.0"),
    s3_model_data_url=f"s3://{bucket}/{name}/model.tar.gz",
    role_arn=ROLE,
    instance_type="ml.g5.2xlarge",
    sagemaker_session=session,
)
model = builder.build(model_name=name)
# wait=True looks after 30 s for the first time, and container_timeout_in_seconds, which the SDK documents, is lost on the way.
endpoint = builder.deploy(endpoint_name=name, wait=False, container_startup_health_check_timeout=900)
try:
    endpoint.wait_for_status("InService", poll=1)
    for line in stream_lines(endpoint.endpoint_name, {"inputs": "what is life", "parameters": {"max_new_tokens": 400}}):
        print("".join(json.loads(line)["outputs"]), end="", flush=True)
finally:  # whatever went wrong: an endpoint that is forgotten costs by the hour
    config = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name)
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    config.delete()
    model.delete()
    session.s3_client.delete_object(Bucket=bucket, Key=f"{name}/model.tar.gz")
