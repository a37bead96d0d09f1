"""A hundred streams at once, for five seconds, all cuts and both fronts: every one whole, and nothing left behind."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

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


def open_files() -> int:
    """Return how many files and sockets this process has open."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - a Path would open one more


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
    tasks_before, files_before = asyncio.all_tasks(), open_files()
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
    await until_closed(files_before)


async def until_closed(files_before: int) -> None:
    """Wait until no more is open than before: the twin, in this process too, has to see that its clients went."""
    deadline_s = monotonic() + 10
    while (still := open_files()) > files_before:
        assert monotonic() < deadline_s, f"{still} files are open, and {files_before} were before"
        await asyncio.sleep(0)


def test_this_machine_tells_its_open_files() -> None:
    before = open_files()
    with Path(__file__).open():
        assert open_files() == before + 1
