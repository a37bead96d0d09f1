"""The twin in a test suite: `pytest_plugins = ["mock_server.pytest_plugin"]` in its top-level conftest.py.

A test takes the fixture `sagemaker_twin`, or has the marker of that name, which says what its requests get that ask for nothing themselves. A failed test
shows what the twin saw.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.access import line
from mock_server.journal import Journal
from mock_server.words import WordError

if TYPE_CHECKING:
    from mock_server import MockServer

NAME = "sagemaker_twin"
"""The fixture's name and the marker's."""
MARKER = f"{NAME}(cut=, http_cut=, fault=, seed=, script=, profile=, speed=): what requests get that ask for nothing themselves, as cut='every-byte'"
WITHOUT = (
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
"""Variables with which an SDK would go elsewhere, sign with another's keys, or refuse an endpoint URL."""
NOWHERE = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
"""Files that could say the same."""
OTHERS = "AWS_ENDPOINT_URL"
"""Where the services beside SageMaker's are: a suite that has its own place for them keeps it."""
SEEN = pytest.StashKey["MockServer"]()
"""The twin of a test that has one."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, also to `--strict-markers`."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show below a failed test what its twin saw."""
    report = yield
    twin = item.stash.get(SEEN, None)
    if twin and report.failed:
        report.sections.append(("sagemaker twin journal", tell(twin.journal) or f"No request has come to {twin.url}."))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Refuse a marker that has no effect: on a test that takes no fixtures, or in a suite whose own fixture of that name does without ours."""
    if item.get_closest_marker(NAME) and SEEN not in item.stash:
        pytest.fail(f"{item.nodeid}: the marker {NAME} has no effect, as the fixture {NAME} of {__name__} was not set up for this test", pytrace=False)


def tell(journal: Journal) -> str:
    """Return a line for each request, with the journal's notes below, those that are still open last."""
    return "\n".join(
        "\n  ".join((line(replace(entry, ended=entry.ended or "still-open")), *entry.notes))  # type: ignore[arg-type]  # a word for people
        for entry in (*journal.finished, *journal.open)
    )


@pytest.fixture(scope="session")
def sagemaker_twin_options() -> Mapping[str, Any]:
    """What `MockServer` is made with, such as `catalog`, `profile`, `clock` or `region`; a suite says its own by a fixture of this name."""
    return {}


@pytest.fixture(scope="session")
def sagemaker_twin_server(sagemaker_twin_options: Mapping[str, Any]) -> Iterator[MockServer]:
    """The twin of a whole session, or of one worker of pytest-xdist; the environment does not point at it."""
    from mock_server import MockServer  # a suite whose tests need no twin does not wait for its imports

    with MockServer(**sagemaker_twin_options) as server:
        yield server


@pytest.fixture
def sagemaker_twin(request: pytest.FixtureRequest, sagemaker_twin_server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    """The session's twin, as new: any AWS SDK finds it by the environment, and nothing else, for this test."""
    sagemaker_twin_server.break_off()  # else what came to it outside of a test of its own would end behind the reset, as this test's
    sagemaker_twin_server.reset()
    _set_defaults(sagemaker_twin_server, request.node)
    for name in WITHOUT:
        monkeypatch.delenv(name, raising=False)
    for name, value in (NOWHERE | sagemaker_twin_server.environ).items():
        if name != OTHERS or OTHERS not in os.environ:
            monkeypatch.setenv(name, value)
    request.node.stash[SEEN] = sagemaker_twin_server
    session = _change_session(None)
    yield sagemaker_twin_server
    _change_session(session)
    sagemaker_twin_server.break_off()


@pytest.fixture(autouse=True)
def _sagemaker_twin_by_marker(request: pytest.FixtureRequest) -> None:
    """Give a test that has the marker the fixture too."""
    if request.node.get_closest_marker(NAME):
        request.getfixturevalue(NAME)


def _set_defaults(twin: MockServer, item: pytest.Item) -> None:
    """Read the markers of a test: its own goes before its class's and its module's, key by key."""
    values: Mapping[str, Any] = {}
    for marker in item.iter_markers(NAME):
        if marker.args:
            pytest.fail(f"{item.nodeid}: the marker {NAME} takes values by name, as cut='every-byte', and got {marker.args[0]!r} without one", pytrace=False)
        values = {**marker.kwargs, **values}
    try:
        twin.set_defaults(**values)
    except WordError as error:
        raise pytest.fail.Exception(f"{item.nodeid}: the marker {NAME}: {error}", pytrace=False) from None


def _change_session(session: Any) -> Any:
    """Put another default session in place of boto3's, which keeps the keys that it found first; return the old one."""
    boto3 = sys.modules.get("boto3")
    if boto3 is None:
        return None
    old, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session  # type: ignore[attr-defined]
    return old
