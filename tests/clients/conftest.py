"""A twin of the module's own, so that its journal has nobody else's requests, and other people's clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from mock_server import MockServer
from tests.clients.foreign import Client, started


@pytest.fixture(scope="module")
def twin() -> Iterator[MockServer]:
    with MockServer(sigv4="verify") as server:  # each signs in its own way
        yield server


@pytest.fixture(autouse=True)
def _forget(twin: MockServer) -> None:
    twin.journal.reset()


@pytest.fixture(scope="module")
def start(twin: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Client]]:
    """Start a client of the twin by its name in `foreign.USES`."""
    with ExitStack() as running:
        yield lambda name: running.enter_context(started(name, twin.environ, tmp_path_factory.mktemp(name)))
