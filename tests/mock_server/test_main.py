"""The twin as a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import mock_server
from mock_server.__main__ import main
from mock_server.server import bind
from tests.mock_server.plain_client import PlainClient

TGI = "falcon-7b-instruct-tgi"
ROOT = Path(__file__).parents[2]


@contextmanager
def start(*flags: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mock_server", "--port", "0", *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    with start() as running:
        yield running


def greeting(process: subprocess.Popen[str]) -> str:
    """Read what it prints up to the last line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)


def test_it_prints_where_it_is_and_what_to_export_and_stops_at_ctrl_c_with_a_stream_open(process: subprocess.Popen[str]) -> None:
    text = greeting(process)
    url = re.findall(r"http://127\.0\.0\.1:\d+", text)[0]
    assert f"export AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME={url}" in text
    assert "export AWS_DEFAULT_REGION=us-east-1" in text
    assert httpx.get(f"{url}/_mock/endpoints", trust_env=False).json()[0]["profile"] == "typical"
    with PlainClient(url) as client:
        client.ask(TGI, attributes="mock.fault=stall")
        assert client.head()[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        with pytest.raises((EOFError, ConnectionResetError)):
            next(client.chunks())
    assert process.stderr is not None
    (line,) = process.stderr.read().splitlines()
    assert re.match(rf"[-0-9]+ [:,0-9]+ request=\S+ endpoint={TGI} front=runtime status=200 ended=stopped parts=0 bytes=0 ", line)


def test_sigterm_ends_what_is_open_at_the_limit_and_is_exit_0() -> None:
    with start("--grace", "0", "--quiet") as process:
        url = re.findall(r"http://127\.0\.0\.1:\d+", greeting(process))[0]
        with PlainClient(url) as client:
            client.ask(TGI, attributes="mock.fault=stall")
            assert client.head()[0] == 200
            process.send_signal(signal.SIGTERM)
            (last,) = client.chunks()
        assert b"StreamBroken" in last
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 403), ("0.0.0.0", 200)])
def test_its_own_paths_are_asked_by_another_name_where_it_is_served_to_a_network_alone(host: str, status: int) -> None:
    with start("--host", host) as process:
        port = re.findall(r":(\d+) for", greeting(process))[0]
        assert httpx.get(f"http://127.0.0.1:{port}/_mock/health", headers={"host": "twin.example"}, trust_env=False).status_code == status


def test_a_catalog_of_ones_own_says_where_files_may_be(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text('[mine]\ncontainer = "lmi-0.23"\n')
    (tmp_path / "scripts").mkdir()
    with start("--catalog", str(tmp_path / "catalog.toml")) as process:
        url = re.findall(r"http://127\.0\.0\.1:\d+", greeting(process))[0]
        assert httpx.patch(f"{url}/_mock/endpoints/mine", json={"scripts": "scripts"}, trust_env=False).status_code == 200


@pytest.mark.parametrize("command", [[], ["serve"]])
def test_a_taken_port_is_exit_2_and_names_the_option(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert main([*command, "--port", str(port)]) == 2
    assert capsys.readouterr().err.endswith(f"--host 127.0.0.1 --port {port}: Address already in use; choose another --port, or 0 for a free one\n")


def test_a_bad_catalog_is_exit_2_and_names_the_option_and_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text("[mine]\ncontainer = 'lmi-9'")
    assert main(["--catalog", str(file)]) == 2
    assert f"--catalog: {file}: endpoint 'mine': container: 'lmi-9' is not a container" in capsys.readouterr().err


def test_the_package_gives_one_name_and_says_so_of_others() -> None:
    with pytest.raises(AttributeError, match="module 'mock_server' has no attribute 'Server'"):
        getattr(mock_server, "Server")  # noqa: B009 - the name is not there


CALLED = [
    ("/opt/lib/mock_server/__main__.py", "python -m mock_server"),
    ("/opt/bin/streamtwin", "streamtwin"),
    ("streamtwin.exe", "streamtwin"),
]


@pytest.mark.parametrize(("file", "name"), CALLED)
def test_it_says_the_name_by_which_it_was_called(file: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", [file])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"usage: {name} [-h]" in (told := capsys.readouterr().out)
    assert f"Without a command it serves: {name} --port 8080" in told
    assert main(["contract", "--parser", "mine:parse", "--case", "nobody"]) == 2
    assert main(["record", "--body", "nowhere.json", "--endpoint", "x", "--out", "x.jsonl"]) == 2
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == [f"{name} contract", f"{name} record"]


BAD_TIMES = [[flag, text] for flag, texts in {"--time-limits": ("0", "nan", "x"), "--grace": ("-1", "soon")}.items() for text in texts]


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--port", "x"], ["surf"], ["--hosts", "x"], *BAD_TIMES])
def test_a_bad_argument_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err
