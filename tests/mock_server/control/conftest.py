"""One twin for the tests of a module, forgotten before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mock_server.control.rehearsal import Rehearsal, rehearsal_on


@pytest.fixture(scope="module")
def one() -> Iterator[Rehearsal]:
    with rehearsal_on() as rehearsal:
        yield rehearsal


@pytest.fixture
def rehearsal(one: Rehearsal) -> Rehearsal:
    one.twin.reset()
    return one
