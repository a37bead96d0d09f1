"""A hundred streams at once, for five seconds, all cuts and both fronts: every one whole, and nothing left behind."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]
import pytest

from backends.chat import ChatBackend
from backends.container import ContainerBackend
from backends.events import Finish, Token
from backends.sagemaker import SageMakerBackend
from mock_server import MockServer
from mock_server.script import FOLDER, load_scripts
from tests.contract.clients import KEYS, MAX_NEW_TOKENS, request_for

STREAMS = 100
SECONDS = 5.0
CUTS = ("write", "bytes:40", "random:60", "inside-json", "inside-utf8", "inside-prefix", "whole")
SCRIPTS = load_scripts(FOLDER)


@pytest.fixture
def paced_twin() -> Iterator[MockServer]:
    with MockServer(profile="typical") as server:
        yield server


def connections(twin: MockServer) -> list[str]:
    """Return both ends of every connection to the twin that this process has open; other tests of it have servers of their own."""
    port = urlsplit(twin.url).port
    open_here = psutil.Process().net_connections("tcp")
    return [f"{one.laddr.port} to {one.raddr.port}: {one.status}" for one in open_here if one.raddr and port in (one.laddr.port, one.raddr.port)]


async def one_after_another(backend: ChatBackend, twin: MockServer, number: int, until_s: float) -> int:
    """Ask until the time is over, and return how many answers came; each must be its script."""
    endpoint = twin.endpoints[number % 2]
    for answers in itertools.count():
        if answers and monotonic() >= until_s:
            return answers
        script = list(SCRIPTS.values())[(number + answers) % len(SCRIPTS)]
        attributes = f"mock.script={script.name};mock.cut={CUTS[(number + answers) % len(CUTS)]};mock.seed={number};mock.speed=2"
        async with backend.stream(request_for(endpoint, attributes)) as answer:
            events = [event async for event in answer]
        assert isinstance(events[-1], Finish)
        assert [event.text for event in events if isinstance(event, Token)] == [token.text for token in script.tokens[:MAX_NEW_TOKENS]]
    raise AssertionError("unreachable: the loop has no end")


async def test_a_hundred_streams_at_once_are_whole_and_leave_nothing_behind(paced_twin: MockServer) -> None:
    tasks_before = asyncio.all_tasks()
    until_s = monotonic() + SECONDS
    async with (
        SageMakerBackend(region="us-east-1", endpoint_url=paced_twin.url, credentials=KEYS, use_proxy=False) as sagemaker,
        ContainerBackend(use_proxy=False) as container,
    ):
        backends: tuple[ChatBackend, ...] = (sagemaker, sagemaker, container)
        answers = await asyncio.gather(*(one_after_another(backends[number % 3], paced_twin, number, until_s) for number in range(STREAMS)))

    paced_twin.journal.wait(sum(answers))
    entries = paced_twin.journal.finished
    assert {entry.ended for entry in entries} == {"completed"}
    assert paced_twin.journal.open == ()
    assert asyncio.all_tasks() == tasks_before
    await until_closed(paced_twin)


async def until_closed(twin: MockServer) -> None:
    """Wait until no connection is left: the twin, in this process too, has to see that its clients went."""
    deadline_s = monotonic() + 30
    while still := connections(twin):
        assert monotonic() < deadline_s, f"{len(still)} connections are open: {still}"
        await asyncio.sleep(0)


async def test_an_open_connection_is_seen_at_both_ends(paced_twin: MockServer) -> None:
    assert connections(paced_twin) == []
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(paced_twin.url).port)
    writer.write(b"GET /ping HTTP/1.1\r\nHost: twin\r\n\r\n")
    await asyncio.wait_for(reader.read(1), 30)
    assert len(connections(paced_twin)) == 2
    writer.close()
    await until_closed(paced_twin)
