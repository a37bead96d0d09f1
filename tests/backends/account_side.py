"""An AWS account for tests: SageMaker's control plane on a loopback port, which tells of the endpoints that it is given.

What it writes is JSON 1.1, as botocore's service model has it: the operation in `X-Amz-Target`, an error as `{"__type", "message"}`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LMI = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.36.0-lmi18.0.0-cu128"
TGI = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.0.1-tgi0.9.3-gpu-py39-cu118-ubuntu20.04"
VLLM = "763104351884.dkr.ecr.us-east-1.amazonaws.com/vllm:0.11.2-gpu-py312-cu129-ubuntu22.04-sagemaker-v1.2"
TOKEN = "hf_a-secret-of-the-owner"
STS_REFUSES = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not your role</Message></Error></ErrorResponse>"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"


@dataclass(frozen=True, slots=True)
class Told:
    """An endpoint of the account; its configuration and its model have its name."""

    name: str
    image: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    status: str = "InService"
    reason: str = ""
    components: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name -> what `DescribeInferenceComponent` tells besides it."""


class Refusal(Exception):
    """The account refuses."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def denied(operation: str) -> Refusal:
    """Return what IAM says to somebody who may not."""
    action = f"sagemaker:{operation}"
    return Refusal(
        "AccessDeniedException",
        f"User: arn:aws:iam::123456789012:user/reader is not authorized to perform: {action} on resource: {ARN}:endpoint/* "
        f"because no identity-based policy allows the {action} action",
    )


@dataclass
class AccountSide:
    """The account."""

    endpoints: Sequence[Told]
    refusals: dict[str, Refusal] = field(default_factory=dict)
    """Operation -> how it is refused."""
    page: int = 100
    """How many endpoints are listed at once."""
    asked: list[str] = field(default_factory=list)
    """The operations, in the order in which they came."""
    regions: set[str] = field(default_factory=set)
    url: str = ""

    def answer(self, operation: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(operation)
        if operation in self.refusals:
            raise self.refusals[operation]
        return dict(getattr(self, f"_{operation}")(said))

    def _named(self, name: str) -> Told:
        for told in self.endpoints:
            if told.name == name:
                return told
        raise Refusal("ValidationException", f'Could not find endpoint "{ARN}:endpoint/{name}".')

    def _ListEndpoints(self, said: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        names = [told for told in self.endpoints if said.get("NameContains", "") in told.name]
        first = int(said.get("NextToken", "0"))
        listed = names[first : first + self.page]
        more = {"NextToken": str(first + self.page)} if first + self.page < len(names) else {}
        always = {"EndpointArn": f"{ARN}:endpoint/x", "CreationTime": 1.7e9, "LastModifiedTime": 1.7e9}
        return {"Endpoints": [{"EndpointName": each.name, "EndpointStatus": each.status, **always} for each in listed], **more}

    def _DescribeEndpoint(self, said: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        told = self._named(said["EndpointName"])
        deployed = [{"VariantName": "AllTraffic", "DeployedImages": [{"SpecifiedImage": told.image}]}] if told.image else []
        known = {"EndpointName": told.name, "EndpointConfigName": told.name, "EndpointStatus": told.status, "ProductionVariants": deployed}
        return known | ({"FailureReason": told.reason} if told.reason else {})

    def _DescribeEndpointConfig(self, said: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        told = self._named(said["EndpointConfigName"])
        model = {} if told.components else {"ModelName": told.name}
        return {"EndpointConfigName": told.name, "ProductionVariants": [{"VariantName": "AllTraffic", **model}]}

    def _DescribeModel(self, said: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        told = self._named(said["ModelName"])
        return {"ModelName": told.name, "PrimaryContainer": {"Image": told.image, "Environment": {"HF_TOKEN": TOKEN, **told.environment}}}

    def _ListInferenceComponents(self, said: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        return {"InferenceComponents": [{"InferenceComponentName": name} for name in self._named(said["EndpointNameEquals"]).components]}

    def _DescribeInferenceComponent(self, said: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        name = said["InferenceComponentName"]
        return {"InferenceComponentName": name, **next(told.components[name] for told in self.endpoints if name in told.components)}


@contextmanager
def account_side(*endpoints: Told, **more: Any) -> Iterator[AccountSide]:
    """Serve an account until the block ends."""
    side = AccountSide(endpoints, **more)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["content-length"]))
            if "x-amz-target" not in self.headers:
                return self._send(403, "text/xml", STS_REFUSES)
            side.regions.add(self.headers["authorization"].split("/")[2])
            try:
                status, told = 200, side.answer(self.headers["x-amz-target"].partition(".")[2], json.loads(said))
            except Refusal as refusal:
                status, told = refusal.status, {"__type": refusal.code, "message": str(refusal)}
            return self._send(status, "application/x-amz-json-1.1", json.dumps(told).encode())

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    side.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield side
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environ_of(side: AccountSide) -> dict[str, str]:
    """Return the variables that point boto3 at the account, with dummy keys."""
    return {"AWS_ENDPOINT_URL_SAGEMAKER": side.url, "AWS_ACCESS_KEY_ID": "dummy", "AWS_SECRET_ACCESS_KEY": "dummy", "AWS_REGION": "us-east-1"}
