"""The service's time limits, as boto3 meets them: on virtual time, so that nobody waits eight minutes, and on real time that is scaled."""

from __future__ import annotations

import asyncio
import json
import math
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EventStreamError

from mock_server import MockServer
from mock_server.clock import VirtualClock
from mock_server.journal import Entry
from mock_server.limits import Limit, Limited
from mock_server.profiles import find_profile
from mock_server.timeline import Timeline
from tests.backends.far_side import FarSide, Stall, chunk, container_head
from tests.mock_server.boto import client_of, stream
from tests.mock_server.plain_client import PlainClient
from tests.mock_server.test_upstream import LMI as LMI_CONTAINER
from tests.mock_server.test_upstream import TGI as TGI_CONTAINER
from tests.mock_server.test_upstream import ask as ask_model

STREAM, PLAIN = "invoke_endpoint_with_response_stream", "invoke_endpoint"
LMI, TGI = ENDPOINTS = ("falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi")
UNFINISHED = "Your model primary did not complete sending the inference response in the allotted time."
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


@contextmanager
def twin_on(clock: VirtualClock | None, **settings: Any) -> Iterator[tuple[MockServer, Any]]:
    """Yield a twin, and a boto3 client of it."""
    with MockServer(clock=clock, **settings) as twin:
        client = boto3.client("sagemaker-runtime", endpoint_url=twin.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        with closing(client):
            yield twin, client


def ask(client: Any, operation: str, endpoint: str, attributes: str, tokens: int = 40) -> Any:
    body = json.dumps({"inputs": "x", "stream": operation == STREAM, "parameters": {"max_new_tokens": tokens}})
    return getattr(client, operation)(EndpointName=endpoint, ContentType="application/json", CustomAttributes=f"mock.script=long;{attributes}", Body=body)


def read_stream(client: Any, endpoint: str, attributes: str) -> tuple[int, str]:
    """Return how many parts came, and which error ended them."""
    parts = 0
    try:
        for _ in ask(client, STREAM, endpoint, attributes)["Body"]:
            parts += 1
    except EventStreamError as error:
        return parts, error.response["Error"]["Message"]
    return parts, ""


def outcome(entry: Entry) -> tuple[str | None, int | None, int]:
    return entry.ended, entry.status, entry.parts


SLOW = [
    ("mock.profile=constant:8,30", 480, 16),
    ("mock.profile=constant:480,1", 480, 1),
    ("mock.profile=constant:480.001,1", 480, 0),
    ("mock.profile=constant:8,30;mock.speed=4", 120, 16),
    ("mock.fault=stall@3", 480, 3),
    ("mock.fault=stall", 480, 0),
    ("mock.fault=stall:600@3", 480, 3),
    ("mock.profile=constant:8,30;mock.cut=merge:4", 480, 4),
]
"""Attributes, when the stream is given up, and after how many parts."""


@pytest.mark.parametrize(("attributes", "after_s", "parts"), SLOW)
def test_a_stream_is_given_up_after_eight_minutes(attributes: str, after_s: float, parts: int) -> None:
    clock = VirtualClock()
    with twin_on(clock) as (twin, client):
        assert read_stream(client, LMI, attributes) == (parts, UNFINISHED)
        assert outcome(twin.journal.wait()) == ("timed-out", 200, parts)
    assert clock.now_s() == after_s


@pytest.mark.parametrize("http_cut", ["bytes:7", "random:50", "every-byte", "merge:3", "whole"])
def test_the_last_word_stands_behind_whole_frames_however_they_are_cut(http_cut: str) -> None:
    clock = VirtualClock()
    with twin_on(clock) as (twin, client):
        assert read_stream(client, LMI, f"mock.http_cut={http_cut};mock.profile=constant:100,100") == (4, UNFINISHED)
        assert outcome(twin.journal.wait()) == ("timed-out", 200, 4)
    assert clock.now_s() == 480


@pytest.mark.parametrize(("attributes", "parts"), [("mock.fault=stall", 0), ("mock.fault=stall@3", 3), ("mock.profile=constant:481,0", 32)])
def test_a_head_that_has_left_and_comments_that_keep_alive_change_nothing(attributes: str, parts: int) -> None:
    clock = VirtualClock()
    with twin_on(clock) as (_, client):
        assert read_stream(client, TGI, attributes) == (parts, UNFINISHED)
    assert clock.now_s() == 480


LATE = [
    ("mock.profile=constant:60.001,1", 1, 60),
    ("mock.profile=constant:1,2", 40, 60),
    ("mock.profile=constant:61,1;mock.speed=2", 1, 30),
    ("mock.fault=stall", 1, 60),
]
"""Attributes, tokens, and when the call is given up."""


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(("attributes", "tokens", "after_s"), LATE)
def test_a_plain_call_is_given_up_after_a_minute(endpoint: str, attributes: str, tokens: int, after_s: float) -> None:
    clock = VirtualClock()
    with twin_on(clock) as (twin, client):
        with pytest.raises(client.exceptions.ModelError) as refused:
            ask(client, PLAIN, endpoint, attributes, tokens)
        answer = refused.value.response
        assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (0, TIMED_OUT)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
        entry = twin.journal.wait()
        assert outcome(entry) == ("timed-out", 424, 0)
        assert answer["ResponseMetadata"]["RequestId"] == entry.request_id
    assert clock.now_s() == after_s


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_what_comes_in_the_last_second_is_in_time(endpoint: str) -> None:
    clock = VirtualClock()
    with twin_on(clock) as (twin, client):
        answer = ask(client, PLAIN, endpoint, "mock.profile=constant:60,0", 2)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert answer["Body"].read()
        assert outcome(twin.journal.wait()) == ("completed", 200, 1)


@pytest.mark.parametrize(("front", "limits"), [("container", 1.0), ("runtime", 2.0), ("runtime", math.inf)])
def test_without_that_limit_an_answer_is_whole(front: str, limits: float) -> None:
    clock = VirtualClock()
    with MockServer(clock=clock, time_limits=limits) as twin, PlainClient(twin.url) as client:
        client.ask(LMI, front, "mock.script=long;mock.profile=constant:8,30", parameters={"max_new_tokens": 20})
        client.head()
        assert len(list(client.chunks())) == 20
    assert clock.now_s() == 8 + 19 * 30


def test_scaled_limits_are_reached_in_real_time() -> None:
    with twin_on(None, time_limits=0.0001) as (_, client):
        assert read_stream(client, LMI, "mock.fault=stall@3") == (3, UNFINISHED)
        with pytest.raises(ClientError, match=r"Received server error \(0\) from primary"):
            ask(client, PLAIN, LMI, "mock.fault=stall")


def test_a_client_that_leaves_before_the_limit_has_cancelled() -> None:
    with MockServer() as twin, PlainClient(twin.url) as client:
        client.ask(TGI, attributes="mock.profile=constant:0,481")
        client.head()
        next(client.chunks())
        client.socket.shutdown(socket.SHUT_RDWR)
        assert outcome(twin.journal.wait()) == ("cancelled", 200, 1)


async def test_an_ending_that_would_come_later_is_given_up_too(anyio_backend: str) -> None:
    assert anyio_backend == "asyncio"
    begun, late, instead = Timeline((b"a",), (1.0,), 1), Timeline((), (), 0, ending="reset", start_s=500.0), Timeline((b"b",), (480.0,), 0, ending="clean")

    async def recorded() -> AsyncGenerator[Timeline]:
        yield begun
        yield late

    limited = Limited(recorded(), Limit(480.0, instead))
    assert [timeline async for timeline in limited] == [begun, instead]
    assert limited.was_reached


@contextmanager
def model_behind(url: str, folder: Path, container: str, limits: float) -> Iterator[MockServer]:
    file = folder / "catalog.toml"
    file.write_text(f'[mine]\ncontainer = "{container}"\nupstream = "{url}"\nupstream_model = "m"\n', encoding="utf-8")
    with MockServer(catalog=file, time_limits=limits) as twin:
        yield twin


BEGUN = container_head(b"text/event-stream") + chunk(b'data: {"choices": [{"text": "He"}]}\n\n') + chunk(b'data: {"choices": [{"text": "llo"}]}\n\n')


@pytest.mark.parametrize("container", [LMI_CONTAINER, TGI_CONTAINER])
async def test_a_model_that_falls_silent_is_given_up_and_left(tmp_path: Path, container: str) -> None:
    async with FarSide([[BEGUN, Stall]]) as model:
        with model_behind(model.url, tmp_path, container, 0.001) as twin:
            response = await ask_model(twin)
            entry = twin.journal.wait()
    assert UNFINISHED.encode() in response.content
    assert outcome(entry) == ("timed-out", 200, 2)


@pytest.mark.parametrize("http_cut", ["bytes:7", "random:50", "whole"])
async def test_the_last_word_stands_behind_the_whole_frames_of_a_model_too(tmp_path: Path, http_cut: str) -> None:
    async with FarSide([[BEGUN, Stall]]) as model:
        with model_behind(model.url, tmp_path, TGI_CONTAINER, 0.001) as twin, client_of(twin) as client:
            with pytest.raises(EventStreamError, match="did not complete sending") as given_up:
                await asyncio.to_thread(stream, client, "mine", {"inputs": "x", "stream": True}, CustomAttributes=f"mock.http_cut={http_cut}")
            entry = twin.journal.wait()
    assert given_up.value.response["Error"]["Code"] == "ModelStreamError"
    assert outcome(entry) == ("timed-out", 200, 2)


@pytest.mark.parametrize(("front", "limits"), [("plain", 0.001), ("runtime", 0.0001)])
async def test_a_model_that_never_begins_is_given_up(tmp_path: Path, front: str, limits: float) -> None:
    async with FarSide([[Stall]]) as model:
        with model_behind(model.url, tmp_path, LMI_CONTAINER, limits) as twin:
            response = await ask_model(twin, front)
            entry = twin.journal.wait()
    assert (response.status_code, response.json()["OriginalStatusCode"]) == (424, 0)
    assert outcome(entry) == ("timed-out", 424, 0)


def test_each_stream_that_the_endpoint_has_open_slows_the_next_one_down() -> None:
    clock = VirtualClock()
    with MockServer(clock=clock) as twin, PlainClient(twin.url) as first, PlainClient(twin.url) as second, PlainClient(twin.url) as elsewhere:
        with clock.held():
            for number, (client, endpoint) in enumerate([(elsewhere, LMI), (first, TGI), (second, TGI)], start=1):
                client.ask(endpoint, attributes="mock.script=long;mock.profile=overload", parameters={"max_new_tokens": 9})
                twin.journal.wait_open(number)
        twin.journal.wait(3)
    assert clock.now_s() == find_profile("overload").token_times_s(9, 0, streams=2)[-1]


def test_a_long_prompt_takes_its_time() -> None:
    clock = VirtualClock()
    with MockServer(clock=clock, profile="prefill-stall") as twin, PlainClient(twin.url) as client:
        client.ask(LMI, inputs="What? " * 1000, parameters={"max_new_tokens": 1})
        twin.journal.wait()
    (expected_s,) = find_profile("prefill-stall").token_times_s(1, 0, prompt_tokens=1500)
    assert clock.now_s() == expected_s
