"""The wheel as it is built, unpacked and used by other people: what it holds, and the contract kit's page, whose commands and code run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from mock_server.contract.judge import RESULTS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "mock_server" / "contract" / "README.md").read_text(encoding="utf-8")
SECTIONS = {title: text for title, _, text in (section.partition("\n") for section in PAGE.split("\n## "))}
COMMANDS = re.findall(r"^streamtwin .+", PAGE, re.MULTILINE)
QUICKLY = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""A suite of other people's has none of the plugins that ours has."""
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


Shell: TypeAlias = Callable[[str], subprocess.CompletedProcess[str]]


def blocks(title: str, language: str = "python") -> list[str]:
    """Return what stands in code in a section of the page."""
    return re.findall(rf"^```{language}\n(.*?)^```", SECTIONS[title], re.MULTILINE | re.DOTALL)


def words(heading: str) -> set[str]:
    """Return what stands in code in the first column of the table under a heading."""
    rows = PAGE.partition(f"\n| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])}


def run(*command: str, cwd: Path, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=cwd, env=os.environ | QUICKLY | (environ or {}), capture_output=True, text=True, timeout=180)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked, as an environment has it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for room in ("backends", "mock_server", "demo", "tests"):
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    done = run("-c", BUILD, str(folder), cwd=source)
    assert done.returncode == 0, done.stderr
    [file] = folder.glob("streamtwin-*.whl")
    zipfile.ZipFile(file).extractall(folder / "installed")
    return folder / "installed"


def test_it_holds_the_backends_and_the_twin_and_nothing_else(wheel: Path) -> None:
    [metadata] = wheel.glob("streamtwin-*.dist-info")
    assert {path.name for path in wheel.iterdir()} == {"backends", "mock_server", metadata.name}
    for file in (
        "mock_server/catalog.toml",
        "mock_server/scripts/fallback.json",
        "mock_server/contract/cases/alignment.py",
        "backends/py.typed",
        *(f"backends/deploy/policies/{name}.json" for name in ("chat", "deploy", "role")),
        "mock_server/py.typed",
    ):
        assert (wheel / file).is_file()
    assert "gradio" not in (metadata / "METADATA").read_text(encoding="utf-8").partition("\n\n")[0]
    assert (metadata / "entry_points.txt").read_text(encoding="utf-8").split() == ["[console_scripts]", "streamtwin", "=", "mock_server.__main__:main"]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script that an installer writes for the wheel's entry point."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "streamtwin"
    script.write_text(f"#!{sys.executable}\nimport sys\nfrom mock_server.__main__ import main\nsys.exit(main())\n", encoding="utf-8")
    script.chmod(0o755)
    return folder


@pytest.fixture
def shell(wheel: Path, programs: Path, tmp_path: Path) -> Shell:
    """Run a line of a shell in a folder that holds mine.py, where the wheel is installed."""
    (tmp_path / "mine.py").write_text(blocks("What does my parser do wrong?")[0], encoding="utf-8")
    path = os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))
    environ = {"PATH": path, "PYTHONPATH": str(wheel), "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}

    def run_line(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, env=os.environ | environ, capture_output=True, text=True, timeout=180)

    return run_line


def test_the_page_s_parser_fails_as_the_page_shows(shell: Shell) -> None:
    done = shell(COMMANDS[0])
    assert done.returncode == 1, done.stderr
    told = iter(done.stdout.splitlines())
    [excerpt] = blocks("What does my parser do wrong?", "text")
    missing = [line for line in excerpt.splitlines() if line not in told]  # which goes on behind the last one that was found
    assert not missing


@pytest.mark.parametrize("line", COMMANDS[2:])
def test_every_other_command_of_the_page_finds_failures(shell: Shell, line: str) -> None:
    done = shell(line)
    assert (done.returncode, done.stderr) == (1, "")
    assert "mine:parse passes " in done.stdout


def test_the_test_that_a_case_prints_fails_where_it_stands_and_needs_nothing_of_ours(shell: Shell, tmp_path: Path) -> None:
    done = shell(COMMANDS[1])
    assert (done.returncode, done.stderr) == (1, "")
    _, _, test = done.stdout.partition("\nAs a test:\n\n")
    (tmp_path / "test_pasted.py").write_text(test, encoding="utf-8")
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path, environ={"PYTHONPATH": ""})
    assert "1 failed" in done.stdout
    assert "mine.py:7: UnicodeDecodeError" in done.stdout


def test_each_result_and_flag_of_the_command_is_on_the_page_and_no_other(shell: Shell) -> None:
    assert words("result") == set(RESULTS)
    assert words("flag") == set(re.findall(r"--[a-z-]+", shell("python -m mock_server contract --help").stdout.partition("adapters:")[0])) - {"--help"}


@pytest.mark.parametrize("program", ["streamtwin", "python -m mock_server"])
def test_help_names_the_command_as_it_was_called(shell: Shell, program: str) -> None:
    assert shell(f"{program} contract --help").stdout.startswith(f"usage: {program} contract [-h]")


def test_the_page_about_tests_keeps_its_word(wheel: Path, tmp_path: Path) -> None:
    files = re.findall(r"^`(\w+\.py)`[^`]*?:\n\n```python\n(.*?)^```", SECTIONS["In a test suite"], re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == ["conftest.py", "test_client.py"]
    for name, text in files:
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", cwd=tmp_path, environ={"PYTHONPATH": str(wheel)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^([2-9]|\d\d+) passed", done.stdout, re.MULTILINE)


def test_another_package_that_takes_the_place_of_ours_is_named(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "backends").mkdir()
    (tmp_path / "backends" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["mock_server.pytest_plugin"]\n', encoding="utf-8")
    done = run("-m", "pytest", cwd=tmp_path, environ={"PYTHONPATH": os.pathsep.join((str(tmp_path), str(wheel)))})
    assert done.returncode != 0
    assert f"needs the package backends that came with it, {wheel / 'backends'}, but finds {tmp_path / 'backends'} under that name" in done.stdout + done.stderr


@pytest.mark.parametrize("place", ["PYTHONPATH", "the folder of conftest.py"])
def test_a_package_of_ones_own_that_hides_ours_is_told_by_pytest_as_the_page_says(wheel: Path, tmp_path: Path, place: str) -> None:
    theirs, tests = (tmp_path / "theirs", tmp_path / "tests") if place == "PYTHONPATH" else (tmp_path, tmp_path)
    (theirs / "mock_server").mkdir(parents=True)
    (theirs / "mock_server" / "__init__.py").write_text("", encoding="utf-8")
    tests.mkdir(exist_ok=True)
    (tests / "conftest.py").write_text('pytest_plugins = ["mock_server.pytest_plugin"]\n', encoding="utf-8")
    (tests / "test_mine.py").write_text("def test_it(sagemaker_twin_options):\n    pass\n", encoding="utf-8")
    start = ("-c", "import sys, pytest; sys.path.remove(''); sys.exit(pytest.main(sys.argv[1:]))", "-q", "-p", "no:cacheprovider")  # as pytest's own script
    path = os.pathsep.join((str(theirs), str(wheel))) if place == "PYTHONPATH" else str(wheel)
    done = run(*start, cwd=tests, environ={"PYTHONPATH": path})
    [message] = blocks("In a test suite", "text")
    assert done.returncode != 0
    assert message.strip() in done.stdout + done.stderr
    remedied = run(*start, "--import-mode=importlib", cwd=tests, environ={"PYTHONPATH": str(wheel)})
    assert remedied.returncode == 0, remedied.stdout + remedied.stderr


def test_the_page_s_row_is_one_of_the_corpus_and_its_case_one_that_our_reader_reads(wheel: Path, tmp_path: Path) -> None:
    row, own = blocks("What a case is")
    tables = [file.read_text(encoding="utf-8") for file in (wheel / "mock_server" / "contract" / "cases").glob("*.py")]
    assert sum(row.removeprefix("CASES = (\n").removesuffix(")\n") in table for table in tables) == 1
    reads = "\nfrom backends.wire import decode_events\nassert tuple(decode_events(case.parts, case.content_type)) == case.events == case.right.events"
    done = run("-c", own + reads, cwd=tmp_path, environ={"PYTHONPATH": str(wheel)})
    assert done.returncode == 0, done.stderr
