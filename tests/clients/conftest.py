"""A twin of the module's own that takes no signature on trust and whose journal has nobody else's requests, and other people's clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic

import pytest

from mock_server import MockServer
from tests.clients.foreign import Client, Start, started


@pytest.fixture(scope="module")
def twin() -> Iterator[MockServer]:
    with MockServer(sigv4="verify") as server:  # each signs in its own way
        yield server


@pytest.fixture(autouse=True)
def _forget(twin: MockServer) -> None:
    """Wait until the twin knows how the last test's requests ended, which their clients may know before, and forget them."""
    deadline_s = monotonic() + 10
    while still := twin.journal.open:
        assert monotonic() < deadline_s, f"requests of the test before are open: {still}"
    twin.journal.reset()


@pytest.fixture(scope="module")
def start(twin: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with ExitStack() as running:

        def begin(name: str, **environ: str) -> Client:
            return running.enter_context(started(name, {**twin.environ, **environ}, tmp_path_factory.mktemp(name)))

        yield begin
