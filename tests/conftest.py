"""The ground every test stands on: no host but this one, no credentials and no proxy but a test's own."""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mock_server import MockServer

pytest_plugins = ["pytester"]

OURS = (
    "CHAT_BACKEND",
    "CHAT_ACCEPTS",
    "CHAT_FAMILY",
    "CHAT_SESSIONS",
    "CHAT_PUBLIC",
    "CHAT_LIMITS",
    "CHAT_DEPLOY",
    "FORWARDED_ALLOW_IPS",
    "SPACE_ID",
    "ENDPOINT_NAME",
    "endpoint_name",
    "INFERENCE_COMPONENT_NAME",
    "CONTAINER_URL",
)
"""Variables that the page reads."""

PINNED = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "GRADIO_ANALYTICS_ENABLED": "False",  # read when gradio is imported
    "HF_HUB_DISABLE_TELEMETRY": "1",  # likewise
}

outside: list[str] = []
"""Hosts other than this one that were looked up or connected to since the list was last emptied."""


def _scrub(environ: os._Environ[str]) -> None:
    for name in list(environ):
        if name.startswith(("AWS_", "GRADIO_")) or name.lower().endswith("_proxy") or name in OURS:
            del environ[name]
    environ.update(PINNED)


def _is_this_machine(host: str) -> bool:
    if host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guard(event: str, args: tuple[Any, ...]) -> None:
    """Refuse to leave this machine, in any thread and below any library, and remember it: a library may swallow the refusal."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host or ""
    if not _is_this_machine(text):
        outside.append(text)
        raise PermissionError(f"Tests stay on this machine, and this one wanted {text}.")


_scrub(os.environ)
sys.addaudithook(_guard)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background ignores Ctrl-C, and would hand that on to the commands that tests interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _on_this_machine() -> Iterator[None]:
    outside.clear()
    yield
    assert not outside, f"the test tried to reach {outside}"


@pytest.fixture(scope="module", autouse=True)
def _jumpstart_is_read_anew() -> None:
    """Let the SDK forget JumpStart's bucket and its clients: it keeps them for the life of a process, and the twin that they lead to is another module's."""
    if accessors := sys.modules.get("sagemaker.core.jumpstart.accessors"):
        models, session = accessors.JumpStartModelsAccessor, type(accessors.constants.DEFAULT_JUMPSTART_SAGEMAKER_SESSION)
        models._cache, models._cache_kwargs = None, {}
        session._resolved, session._session = False, None


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def twin() -> Iterator[MockServer]:
    """One twin for all tests of a process; ask by `x-amzn-sagemaker-custom-attributes`, and tell entries of the journal by request."""
    from mock_server import MockServer

    with MockServer() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that `make browser` found; without one there is no point in going on."""
    from tests.browser.chromium import recorded

    path = recorded()
    if path is None:
        pytest.exit("No Chromium is known to this environment: run make browser", returncode=2)
    return path
