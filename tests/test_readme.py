"""The README keeps its word: its programs run against a twin, and every command, flag and file that it names is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from backends.prompts import FAMILIES
from demo.limits import Limits
from mock_server import MockServer
from mock_server.catalog import KEYS
from mock_server.containers import CONTAINERS
from mock_server.control.faults import KINDS as CONTROL_FAULTS
from mock_server.control.service import HANDLERS
from mock_server.cuts import KINDS as CUTS
from mock_server.faults import KINDS as FAULTS
from mock_server.profiles import LEGAL

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "mock_server" / "README.md").read_text(encoding="utf-8")
PROSE = README + MANUAL + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = "\n".join(re.findall(r"^```(?:sh|bat)\n(.*?)^```", README + MANUAL, re.MULTILINE | re.DOTALL))


def run(*command: str, cwd: Path = ROOT, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=cwd, env={**os.environ, **(environ or {})}, capture_output=True, text=True, timeout=120)


def flags_of(command: str) -> set[str]:
    done = run("-m", *command.split(), "--help")
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}


def front_matter() -> dict[str, str]:
    return dict(line.split(": ", 1) for line in README.split("---\n")[1].splitlines())


def rows(heading: str) -> Iterator[str]:
    """Yield the first cell of each row of the table under the header `heading`."""
    table = MANUAL.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    yield from (line.split("|")[1] for line in table.splitlines()[2:])


def words(heading: str) -> set[str]:
    """Return the names that stand in code in the first column of a table, without their arguments."""
    return {re.split(r"[\[:]", word)[0] for row in rows(heading) for word in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "def test_" not in program])
def test_a_program_prints_an_answer_to_its_end(program: str, twin: MockServer) -> None:
    done = run("-c", program, environ=twin.environ)
    assert done.returncode == 0, done.stderr
    assert "website" in done.stdout
    assert re.search(r"finished: stop|\d+ tokens, the first after", done.stdout)


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "def test_" in program])
def test_a_test_of_the_readme_passes(program: str, tmp_path: Path) -> None:
    file = tmp_path / "test_mine.py"
    file.write_text(program, encoding="utf-8")
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(file), cwd=tmp_path, environ={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("target", sorted({*re.findall(r"^make ([a-z-]+)", COMMANDS, re.MULTILINE), *re.findall(r"`make ([a-z-]+)`", PROSE)}))
def test_a_make_target_that_is_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_flag_of_the_page_is_named_and_every_one_that_is_named_exists() -> None:
    done = run("-m", "demo", "--help")
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"} == {
        flag for row in README.splitlines() if row.startswith("| `") for flag in re.findall(r"`(--[a-z-]+)`", row)
    }


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m ((?!venv|pip)[a-z_.]+(?: [a-z]+)?)", COMMANDS))))
def test_a_command_is_called_with_flags_that_it_has(command: str) -> None:
    flags = {flag for line in re.findall(rf"python -m {command} (-.*)", COMMANDS) for flag in re.findall(r"--[a-z-]+", line)}
    assert flags <= flags_of(command)


def test_every_model_family_is_told_and_no_other() -> None:
    told = README.partition("| `CHAT_FAMILY` |")[2].partition("\n")[0]
    assert set(re.findall(r"`([^`]+)`", told)) == set(FAMILIES)


def test_every_limit_of_the_page_is_told_and_no_other() -> None:
    told = README.partition("| `CHAT_LIMITS` |")[2].partition("\n")[0]
    assert set(re.findall(r"`([a-z_]+)`", told)) == {limit.name for limit in fields(Limits)}


def test_every_fault_is_told_and_no_other() -> None:
    assert words("fault") == set(FAULTS)


def test_every_fault_of_the_control_plane_is_told_and_no_other() -> None:
    assert words("goes wrong") == set(CONTROL_FAULTS)


def test_every_operation_of_the_control_plane_is_told_and_no_other() -> None:
    operations = {name for handlers in HANDLERS.values() for name in handlers}
    told_together = {name for name in operations if name.startswith(("Describe", "List", "Delete")) and not name.endswith("Tags")}
    assert words("operations") == operations - told_together


def test_every_cut_is_told_and_no_other() -> None:
    cells = {line.split("|")[1].strip(" `"): line.split("|")[2] for line in MANUAL.splitlines() if line.startswith("| `mock.")}
    named = {re.split(":", word)[0] for word in re.findall(r"`([^`]+)`", cells["mock.cut"])} - {"+"}
    assert named == set(CUTS)


def test_every_profile_is_told_with_its_arguments_and_no_other() -> None:
    assert {word for row in rows("profile") for word in re.findall(r"`([^`]+)`", row)} == set(LEGAL.partition(";")[0].split(", "))


def test_every_endpoint_of_the_catalog_is_told_and_no_other(twin: MockServer) -> None:
    assert words("endpoint") == {endpoint.name for endpoint in twin.endpoints}


LINK = re.compile(r"\]\(([^)#:]+)\)|(?:src|srcset)=\"([^\"]+)\"")
FILES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "mock_server/README.md", "mock_server/contract/README.md")
LINKS = sorted({(file, "".join(link)) for file in FILES for link in LINK.findall((ROOT / file).read_text(encoding="utf-8"))})


@pytest.mark.parametrize(("file", "target"), LINKS)
def test_a_file_that_is_linked_exists(file: str, target: str) -> None:
    assert ((ROOT / file).parent / target).exists()


def test_every_picture_is_shown_and_is_light_enough_for_a_page() -> None:
    pictures = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in (ROOT / "demo" / "pictures").iterdir()}
    assert set(pictures) == {target for file, target in LINKS if file == "README.md" and target.startswith("demo/pictures/")}
    assert max(pictures.values()) < 2_000_000


def test_every_container_is_told_and_no_other() -> None:
    assert words("container") == set(CONTAINERS)


def test_every_key_of_a_catalog_is_told_and_no_other() -> None:
    assert words("key") == set(KEYS)


HUES = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
WANTED = {"title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "short_description", "license"}


def test_the_front_matter_of_the_space_is_whole() -> None:
    """https://huggingface.co/docs/hub/spaces-config-reference."""
    space = front_matter()
    assert set(space) >= WANTED
    assert {space["colorFrom"], space["colorTo"]} <= HUES
    assert (space["sdk"], space["license"]) == ("gradio", "apache-2.0")
    assert (ROOT / space["app_file"]).is_file()
    assert len(space["short_description"]) <= 60


def test_the_space_has_a_python_that_the_project_runs_on() -> None:
    python = front_matter()["python_version"]
    assert re.fullmatch(r'"3\.\d+"', python), "YAML would read 3.10 as 3.1"
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    version = python.strip('"')
    assert int(version.removeprefix("3.")) >= int(oldest.removeprefix(">=3."))
    assert f"echo python{version} ||" in (ROOT / "Makefile").read_text(encoding="utf-8"), "make test-space takes another"


def test_the_space_starts_the_page_on_the_gradio_that_is_tested() -> None:
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line)
    built = re.findall(r"^gradio\[oauth,mcp\]==(\S+)$", (ROOT / "tests" / "space" / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert [front_matter()["sdk_version"]] == [pins["gradio"]] == built


def test_a_space_can_install_the_requirements_which_it_sees_alone() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+(>=[\d.]+)?(,<\d+)?", line), "a Space has no other file when it installs this one, and pins Gradio itself"
