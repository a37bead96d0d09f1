"""`python -m demo` as a person starts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from demo.__main__ import main

ROOT = Path(__file__).resolve().parents[2]

EAVESDROPPER = """
import os, sys

def _note(event, args):
    if event == "socket.getaddrinfo":
        with open(os.environ["HOSTS_FILE"], "a") as file:
            print(args[0], file=file)

sys.addaudithook(_note)
"""
"""A `sitecustomize` that notes every host that is looked up."""


@contextmanager
def started(*command: str, environ: Mapping[str, str] | None = None, folder: Path = ROOT) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the page; yield its process and the address that it prints."""
    process = subprocess.Popen([sys.executable, *command], cwd=folder, env={**os.environ, **(environ or {})}, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            match = re.fullmatch(r"Streamtwin is at (http://\S+)\n", line)
            assert match, line
            yield process, match[1]
        finally:
            process.kill()


def fetch(url: str) -> tuple[Mapping[str, str], str]:
    with urlopen(url, timeout=60) as response:  # noqa: S310 - our own page's address
        return dict(response.headers.items()), response.read().decode()


def test_it_says_where_it_is_asks_no_other_host_and_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(EAVESDROPPER)
    hosts = tmp_path / "hosts"
    environ = {"PYTHONPATH": str(tmp_path), "HOSTS_FILE": str(hosts)}
    with started("-m", "demo", "--port", "0", environ=environ) as (process, url):
        headers, body = fetch(url)
        assert "Streamtwin" in body
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-accel-buffering"] == "no"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    looked_up = set(hosts.read_text().split()) if hosts.exists() else set()
    assert looked_up <= {"127.0.0.1", "localhost", "None", "b'127.0.0.1'"}


def test_a_space_starts_its_app_file_from_anywhere(tmp_path: Path) -> None:
    environ = {"GRADIO_SERVER_PORT": "0", "GRADIO_SERVER_NAME": "127.0.0.1"}
    with started(str(ROOT / "demo" / "app.py"), environ=environ, folder=tmp_path) as (_, url):
        assert "Streamtwin" in fetch(url)[1]


def test_the_page_leads_nobody_to_what_steers_its_twin() -> None:
    with started("-m", "demo", "--port", "0") as (_, url):
        for path in ("_mock/journal", "_mock/health", "gradio_api/proxy=http://127.0.0.1/_mock/health"):
            with pytest.raises(HTTPError) as refusal:
                fetch(f"{url}{path}")
            assert 400 <= refusal.value.code < 500


def test_a_proxy_of_the_environment_is_not_asked_for_the_page_itself() -> None:
    nowhere = "http://127.0.0.1:9"
    with started("-m", "demo", "--port", "0", environ={"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "ALL_PROXY": nowhere}) as (_, url):
        assert url.startswith("http://127.0.0.1:")


def test_a_taken_port_is_told_with_the_flag_that_picks_another(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    complaint = capsys.readouterr().err
    assert str(port) in complaint
    assert "--port" in complaint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--backend", "bedrock"], "CHAT_BACKEND (--backend) is 'bedrock'"),
        (["--port", "many"], "GRADIO_SERVER_PORT (--port) is 'many'"),
        (["--backend", "sagemaker"], "--endpoint"),
        (["--backend", "mock", "--endpoint", "unicorn", "--port", "0"], "falcon-7b-instruct-lmi"),
    ],
)
def test_a_wrong_flag_is_told_and_nothing_starts(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
