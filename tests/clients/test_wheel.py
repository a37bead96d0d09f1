"""The project installed as a user does it: its script, its command and its plugin, from a folder that has none of its files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

from tests.clients.foreign import ENVIRONMENTS, ROOT

BIN = ENVIRONMENTS / "wheel" / "bin"
ENVIRON = {"PATH": os.environ["PATH"], "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
PAGE = (ROOT / "mock_server" / "contract" / "README.md").read_text(encoding="utf-8")


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BIN / program), *arguments], cwd=folder, env=ENVIRON, capture_output=True, text=True, timeout=180)


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """Put the checkout as it is now in place of the one that the environment was made with, which brought what it requires; once for all workers of a run."""
    if not BIN.exists():
        pytest.exit(f"{BIN} is not there: run make clients", returncode=2)
    own = tmp_path_factory.getbasetemp()
    of_the_run = own if worker_id == "master" else own.parent
    installed = of_the_run / "wheel-installed"
    with FileLock(of_the_run / "wheel.lock"):
        if not installed.exists():
            _install(tmp_path_factory.mktemp("source"))
            installed.touch()


def _install(source: Path) -> None:
    for room in ("backends", "mock_server"):
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    done = run(source, "python", "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--force-reinstall", ".")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the page's parser and its suite."""
    parser = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "mine.py").write_text(parser, encoding="utf-8")
    for name, text in re.findall(r"^`(\w+\.py)`[^`]*?:\n\n```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_what_it_requires_is_what_it_was_installed_with(folder: Path) -> None:
    done = run(folder, "python", "-m", "pip", "check")
    assert done.returncode == 0, done.stdout


def test_the_script_serves_until_ctrl_c(folder: Path) -> None:
    with subprocess.Popen([str(BIN / "streamtwin"), "serve", "--port", "0"], cwd=folder, env=ENVIRON, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = re.findall(r"http://127\.0\.0\.1:\d+", server.stdout.readline())[0]
        assert httpx.get(f"{url}/_mock/health", trust_env=False).status_code == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 0


@pytest.mark.parametrize("command", [("streamtwin",), ("python", "-m", "mock_server")], ids=" ".join)
def test_a_parser_is_found_in_the_folder_where_the_command_is_called(folder: Path, command: tuple[str, ...]) -> None:
    done = run(folder, *command, "contract", "--parser", "mine:parse", "--case", "three-bytes-split-behind-the-first")
    assert (done.returncode, done.stderr) == (1, "")
    typed = " ".join((command[0] if command[0] == "streamtwin" else str(BIN / command[0]), *command[1:]))
    assert f"  alone    {typed} contract --parser mine:parse" in done.stdout


def test_the_page_s_suite_passes(folder: Path) -> None:
    done = run(folder, "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d\d+ passed", done.stdout, re.MULTILINE)
