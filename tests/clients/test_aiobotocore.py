"""aiobotocore, and boto3 beside it: streams through every cut, an exception frame, a cancelled task, and the service under both of its names."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_server import MockServer
from mock_server.catalog import FILE, load_catalog
from tests.clients.foreign import Client, Start, body_of, named, question_for
from tests.contract.cuttings import CUTS

ENDPOINTS = tuple(load_catalog(FILE))
NAMES = ("sagemaker-runtime", "runtime.sagemaker")
"""Of the service: today's, and the one in AWS's first posts."""


@pytest.fixture(scope="module")
def client(start: Start) -> Client:
    return start("aiobotocore")


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("endpoint_name", ENDPOINTS)
def test_every_byte_arrives_through_every_cut(twin: MockServer, client: Client, endpoint_name: str, cut: str) -> None:
    endpoint = named(twin, endpoint_name)
    attributes = "mock.script=emoji;mock.seed=3"
    answer = client.ask(client=NAMES[0], operation="stream", input=question_for(endpoint, f"{attributes};mock.cut={cut}"))

    assert answer["error"] is None
    assert b"".join(answer["parts"]) == body_of(endpoint, attributes)


@pytest.mark.parametrize("name", NAMES)
def test_the_async_client_finds_the_twin_under_both_names(twin: MockServer, client: Client, name: str) -> None:
    for operation, stream in (("stream", True), ("invoke", False)):
        answer = client.ask(client=name, operation=operation, input=question_for(twin.endpoints[0], "mock.script=hello", stream=stream))

        assert answer["error"] is None
        assert b"".join(answer["parts"]) == body_of(twin.endpoints[0], "mock.script=hello", stream=stream)


@pytest.mark.parametrize("name", NAMES)
def test_boto3_finds_the_twin_under_both_names(twin: MockServer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in twin.environ.items():
        monkeypatch.setenv(variable, value)
    client: Any = boto3.Session().client(name)  # type: ignore[call-overload]  # the stubs know one of the names
    response = client.invoke_endpoint_with_response_stream(**question_for(twin.endpoints[0], "mock.script=hello"))

    assert b"".join(event["PayloadPart"]["Bytes"] for event in response["Body"]) == body_of(twin.endpoints[0], "mock.script=hello")


def test_an_exception_frame_is_raised_after_the_parts_before_it(twin: MockServer, client: Client) -> None:
    question = question_for(twin.endpoints[1], "mock.fault=model-stream-error@2;mock.script=hello")
    answer = client.ask(client=NAMES[0], operation="stream", input=question)

    assert len(answer["parts"]) == 2
    assert answer["error"]["type"] == "botocore.exceptions.EventStreamError"
    assert answer["error"]["members"] == {
        "Code": "ModelStreamError",
        "Message": "Your model primary did not complete sending the inference response in the allotted time.",
    }


def test_what_fails_at_first_is_tried_again(twin: MockServer, client: Client) -> None:
    question = question_for(twin.endpoints[0], "mock.fault=service-unavailablex1;mock.script=hello")
    answer = client.ask(client=NAMES[0], operation="stream", input=question)

    assert answer["error"] is None
    twin.journal.wait(2)
    assert [(entry.attempt, entry.status) for entry in twin.journal.finished] == [(1, 503), (2, 200)]


def test_a_task_that_is_cancelled_in_a_silence_closes_the_connection(twin: MockServer, client: Client) -> None:
    question = question_for(twin.endpoints[1], "mock.fault=stall@3;mock.script=hello")
    answer = client.ask(client=NAMES[0], operation="stream", input=question, cancelAfter=3)

    assert answer["cancelled"]
    assert len(answer["parts"]) == 3
    entry = twin.journal.wait()
    assert (entry.ended, entry.cancelled_at_part) == ("cancelled", 3)
