"""A twin whose time goes by as a test says, boto3 in front of it, and what is created in most tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
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
KEYS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "a",
    "aws_secret_access_key": "b",
    "config": Config(retries={"total_max_attempts": 1}, read_timeout=60, parameter_validation=False),
}
"""How a client of boto3's is made: it tries nothing twice, and leaves it to the twin to say what is wrong."""


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
    """A twin, and two clients of boto3's; its clock is the one to turn, if it was given."""

    twin: MockServer
    sagemaker: Any
    tagging: Any
    clock: TurnedClock = field(default_factory=TurnedClock)

    @contextmanager
    def client(self, service: str = "sagemaker", **settings: Any) -> Iterator[Any]:
        """Connect boto3 to the twin, otherwise than the tests' own clients."""
        with closing(boto3.client(service, **{**KEYS, "endpoint_url": self.twin.url, **settings})) as client:  # type: ignore[call-overload]  # names are data
            yield client

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

    def wait_for(self, status: str) -> None:
        """Ask until an endpoint has that status."""
        until = time.monotonic() + 30
        while (found := self.status()) != status:
            assert time.monotonic() < until, f"still {found}"


@contextmanager
def rehearsal_of(twin: MockServer) -> Iterator[Rehearsal]:
    """Connect boto3 to a twin that runs."""
    clients = [boto3.client(service, endpoint_url=twin.url, **KEYS) for service in ("sagemaker", "resourcegroupstaggingapi")]
    yield Rehearsal(twin, *clients)
    for client in clients:
        client.close()


@contextmanager
def rehearsal_on(**settings: Any) -> Iterator[Rehearsal]:
    """Run a twin whose clock the test turns."""
    clock = TurnedClock()
    with MockServer(clock=clock, creation_s=CREATION_S, **settings) as twin, rehearsal_of(twin) as rehearsal:
        yield Rehearsal(twin, rehearsal.sagemaker, rehearsal.tagging, clock)
