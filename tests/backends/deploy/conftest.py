"""One twin for the tests of a module, forgotten before each, with boto3 pointed at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mock_server import MockServer
from tests.backends.deploy.rehearsing import Rehearsal


@pytest.fixture(scope="module")
def one() -> Iterator[MockServer]:
    with MockServer(creation_s=0.0) as twin:
        yield twin


@pytest.fixture
def rehearsal(one: MockServer, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    one.reset()
    for name, value in one.environ.items():
        monkeypatch.setenv(name, value)
    return Rehearsal(one)
