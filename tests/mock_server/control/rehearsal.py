"""A twin whose time goes by as a test says, boto3 in front of it, and what is created in most tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from mock_server import MockServer

CREATION_S = 600.0
ROLE = "arn:aws:iam::123456789012:role/rehearsal"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.28.0-lmi10.0.0-cu124"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
CONTAINER = {"Image": IMAGE, "Environment": {"OPTION_MODEL_ID": "tiiuae/falcon-7b"}, "ModelDataUrl": "s3://bucket/code.tar.gz"}
VARIANT = {"VariantName": "AllTraffic", "ModelName": "falcon", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self._now_s = 1000.0

    def now_s(self) -> float:
        return self._now_s

    def turn(self, seconds: float = CREATION_S) -> None:
        self._now_s += seconds

    async def sleep_until(self, moment_s: float) -> None:
        if moment_s > self._now_s:
            await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A twin, its clock, and two clients of boto3's."""

    twin: MockServer
    clock: TurnedClock
    sagemaker: Any
    tagging: Any

    def ask(self, operation: str, **given: Any) -> Any:
        """Call an operation by its name, of whichever service has it; return the answer without what HTTP adds, or the error's code and text."""
        client = self.tagging if operation == "get_resources" else self.sagemaker
        try:
            answer = getattr(client, operation)(**given)
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        del answer["ResponseMetadata"]
        return answer

    def model(self, name: str = "falcon", **given: Any) -> Any:
        return self.ask("create_model", **{"ModelName": name, "PrimaryContainer": CONTAINER, "ExecutionRoleArn": ROLE, **given})

    def config(self, name: str = "falcon", **given: Any) -> Any:
        return self.ask("create_endpoint_config", **{"EndpointConfigName": name, "ProductionVariants": [VARIANT], **given})

    def endpoint(self, name: str = "falcon", **given: Any) -> Any:
        return self.ask("create_endpoint", **{"EndpointName": name, "EndpointConfigName": "falcon", **given})

    def deploy(self, **given: Any) -> Any:
        """Create one of each kind but components."""
        self.model()
        self.config()
        return self.endpoint(**given)

    def status(self, name: str = "falcon") -> Any:
        answer = self.ask("describe_endpoint", EndpointName=name)
        return answer["EndpointStatus"] if isinstance(answer, dict) else answer


@contextmanager
def rehearsal_on(**settings: Any) -> Iterator[Rehearsal]:
    """Run a twin whose clock the test turns."""
    clock = TurnedClock()
    config = Config(retries={"total_max_attempts": 1}, read_timeout=60)
    with MockServer(clock=clock, creation_s=CREATION_S, **settings) as twin:
        keys: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b", "endpoint_url": twin.url, "config": config}
        sagemaker, tagging = boto3.client("sagemaker", **keys), boto3.client("resourcegroupstaggingapi", **keys)
        yield Rehearsal(twin, clock, sagemaker, tagging)
        sagemaker.close()
        tagging.close()
