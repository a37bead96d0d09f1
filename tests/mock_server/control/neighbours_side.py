"""boto3's clients of any service, pointed at a twin by `AWS_ENDPOINT_URL` and keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config

from mock_server import MockServer

QUICK = Config(read_timeout=60, retries={"total_max_attempts": 1})


class Clients:
    """Clients of one twin, made as they are asked for; nothing is tried twice."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __call__(self, service: str, config: Config = QUICK, region: str = "us-east-1") -> Any:
        """Return a client."""
        client = boto3.Session(region_name=region).client(service, config=QUICK.merge(config))  # type: ignore[call-overload]  # any name
        self._stack.callback(client.close)
        return client


@contextmanager
def clients_of(twin: MockServer) -> Iterator[Clients]:
    """Point boto3 at a twin as a person would."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("AWS_ENDPOINT_URL", twin.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "a")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        yield Clients(stack)
