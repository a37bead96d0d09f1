"""A twin with a catalog of the test's own, and boto3 in front of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from mock_server import MockServer


@contextmanager
def twin_of(folder: Path, catalog: str, **settings: Any) -> Iterator[MockServer]:
    """Run a twin with this catalog."""
    file = folder / "catalog.toml"
    file.write_text(catalog, encoding="utf-8")
    with MockServer(catalog=file, **settings) as twin:
        yield twin


@contextmanager
def client_of(twin: MockServer) -> Iterator[Any]:
    """Connect boto3 to a twin; nothing is tried twice."""
    config = Config(read_timeout=10, retries={"total_max_attempts": 1})
    keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    with closing(boto3.client("sagemaker-runtime", config=config, endpoint_url=twin.url, **keys)) as client:  # type: ignore[call-overload]  # keys are strings
        yield client


def stream(client: Any, endpoint: str, body: Any, **members: Any) -> bytes:
    """Ask for a stream and return the container's bytes."""
    given = {"EndpointName": endpoint, "ContentType": "application/json", "Body": json.dumps(body), **members}
    return b"".join(event["PayloadPart"]["Bytes"] for event in client.invoke_endpoint_with_response_stream(**given)["Body"])


def invoke(client: Any, endpoint: str, body: Any, **members: Any) -> Any:
    """Ask for a whole answer and return boto3's response."""
    return client.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=json.dumps(body), **members)
