"""The set-up, tried in a folder of its own with a Python that only pretends: what is run, what is told, and what is left when it breaks half-way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
GOOD = "python3"
"""A Python that can do everything."""

PRETENDER = """\
#!/bin/sh
# A Python as the test wants it: old, without venv, or good; and an npm. The log says what it was asked.
case "$*" in
  *version_info*) exit {too_old} ;;
  *ensurepip*) exit {without_venv} ;;
  "-m venv --clear "*) rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && cp "$0" "$4/bin/npm" ;;
esac
echo "$@" >> log
case "$*" in *"$FAILING"*) [ -z "$FAILING" ] || exit 9 ;; esac
"""


@dataclass(frozen=True, slots=True)
class House:
    """A folder that holds the Makefile and nothing that it could run but pretenders."""

    root: Path

    def add_python(self, name: str = GOOD, *, too_old: bool = False, without_venv: bool = False) -> None:
        program = self.root / "bin" / name
        program.write_text(PRETENDER.replace("{too_old}", str(int(too_old))).replace("{without_venv}", str(int(without_venv))), encoding="utf-8")
        program.chmod(0o755)

    def make(self, *arguments: str, failing: str = "") -> subprocess.CompletedProcess[str]:
        environ = {"PATH": str(self.root / "bin"), "FAILING": failing}
        return subprocess.run([str(self.root / "bin" / "make"), *arguments], cwd=self.root, env=environ, capture_output=True, text=True, timeout=60)

    def log(self) -> list[str]:
        """Return what was asked of a Python since the last call."""
        log = self.root / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "bin").mkdir()
    for name in ("make", "sh", "cp", "mkdir", "touch", "awk", "rm"):
        program = shutil.which(name)
        assert program, f"the tests of the Makefile need {name}"
        (tmp_path / "bin" / name).symlink_to(program)
    for name in ("Makefile", "requirements.txt", "requirements-deploy.txt", "requirements-dev.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tests" / "clients", tmp_path / "tests" / "clients")
    return House(tmp_path)


def test_make_alone_lists_every_target_that_has_a_meaning_for_people(house: House) -> None:
    listed = re.findall(r"^make ([a-z-]+) +\S", house.make().stdout, re.MULTILINE)
    assert listed == re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE)
    assert {"demo", "mock", "test", "test-fast", "lint", "bench", "clean"} <= set(listed)


def test_the_demo_is_set_up_once_and_then_only_started(house: House) -> None:
    house.add_python()
    assert house.make("demo").returncode == 0
    venv, pip, demo = house.log()
    assert (venv, demo) == ("-m venv --clear .venv", "-m demo")
    assert "--constraint constraints.txt -r requirements.txt" in pip
    assert house.make("demo", "ARGS=--port 0").returncode == 0
    assert house.log() == ["-m demo --port 0"]


def test_the_demo_does_without_what_only_tests_need(house: House) -> None:
    house.add_python()
    house.make("demo")
    assert not any("requirements-dev.txt" in line for line in house.log())
    house.make("test-fast")
    assert [line for line in house.log() if "requirements-dev.txt" in line]


@pytest.mark.parametrize("failing", ["venv", "pip install"])
def test_a_set_up_that_broke_half_way_is_taken_up_again(house: House, failing: str) -> None:
    house.add_python()
    assert house.make("demo", failing=failing).returncode != 0
    assert not any("-m demo" in line for line in house.log())
    assert house.make("demo").returncode == 0
    assert house.log()[-2].startswith("-m pip install")


def test_an_environment_whose_python_is_gone_is_made_anew(house: House) -> None:
    house.add_python()
    broken = house.root / ".venv" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.symlink_to(house.root / "bin" / "gone")
    assert house.make("demo").returncode == 0
    assert house.log()[0] == "-m venv --clear .venv"


def test_changed_requirements_are_installed_into_the_environment_that_is_there(house: House) -> None:
    house.add_python()
    house.make("demo")
    house.log()
    stamp = house.root / ".venv" / ".ready"
    os.utime(house.root / "requirements.txt", ns=(stamp.stat().st_mtime_ns + 10**9,) * 2)
    house.make("demo")
    assert [line.split(" --")[0] for line in house.log()] == ["-m pip install", "-m demo"]


def test_the_newest_python_that_can_is_taken(house: House) -> None:
    house.add_python("python3.13", without_venv=True)
    house.add_python("python3.12")
    house.add_python("python3", too_old=True)
    assert house.make("demo").returncode == 0
    assert house.log()[0] == "-m venv --clear .venv"


def test_a_python_that_is_named_is_the_only_one_asked(house: House) -> None:
    house.add_python()
    house.add_python("mine", too_old=True)
    done = house.make("demo", "PYTHON=mine")
    assert done.returncode != 0
    assert "Python 3.11 or later is needed, and mine is none" in done.stderr


def test_an_old_python_is_told_with_the_way_out(house: House) -> None:
    house.add_python(too_old=True)
    done = house.make("demo")
    assert done.returncode != 0
    assert "make PYTHON=/path/to/python3" in done.stderr


def test_a_missing_venv_module_is_told_with_the_one_command(house: House) -> None:
    house.add_python(without_venv=True)
    done = house.make("demo")
    assert done.returncode != 0
    assert "sudo apt-get install python3-venv" in done.stderr


def test_no_browser_test_is_begun_without_a_browser(house: House) -> None:
    house.add_python()
    done = house.make("test", failing="tests.browser.chromium")
    assert done.returncode != 0
    assert house.log()[-1] == "-m tests.browser.chromium"


def test_other_people_s_clients_are_set_up_once_and_each_in_an_environment_of_its_own(house: House) -> None:
    house.add_python()
    assert house.make("test-sdk").returncode == 0
    log = house.log()
    environments = [f"build/clients/{name}" for name in ("aiobotocore", "frameworks", "node", "sagemaker", "wheel")]
    assert sorted(line.split()[-1] for line in log if line.startswith("-m venv")) == [".venv", *environments]
    assert [line for line in log if line.startswith("install --prefix build/clients/javascript ")]
    assert house.make("test-sdk").returncode == 0
    [tests] = house.log()
    assert tests.startswith("-m pytest")


@pytest.mark.parametrize("failing", ["-r tests/clients/node.txt", "install --prefix", "-r tests/clients/frameworks.txt"])
def test_clients_whose_set_up_broke_half_way_are_taken_up_again(house: House, failing: str) -> None:
    house.add_python()
    assert house.make("test-sdk", failing=failing).returncode != 0
    assert not any("-m pytest" in line for line in house.log())
    assert house.make("test-sdk").returncode == 0
    assert any(failing in line for line in house.log())


def test_a_space_is_built_once_from_the_two_lists_together(house: House) -> None:
    house.add_python()
    shutil.copytree(ROOT / "tests" / "space", house.root / "tests" / "space")
    assert house.make("test-space").returncode == 0
    log = house.log()
    assert [line.split()[-1] for line in log if line.startswith("-m venv")] == [".venv", "build/space"]
    assert [line for line in log if line.endswith("-r requirements.txt -r tests/space/requirements.txt") and "--constraint" not in line]
    assert house.make("test-space").returncode == 0
    browser, tests = house.log()
    assert (browser, tests.startswith("-m pytest")) == ("-m tests.browser.chromium", True)


def test_the_makefile_keeps_to_what_make_3_81_knows() -> None:
    for newer in (".ONESHELL", ".SHELLFLAGS", "$(file ", "$(intcmp", "$(let ", "!=", "&:", "define CREATE_VENV =", "undefine", "::="):
        assert newer not in MAKEFILE, f"{newer} came after GNU Make 3.81"


def test_constraints_pin_every_requirement() -> None:
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    for file in ("requirements.txt", "requirements-deploy.txt", "requirements-dev.txt"):
        names = re.findall(r"^[a-z][a-z0-9-]*", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
        assert names
        assert set(names) <= pinned


def test_ci_checks_style_and_runs_every_test() -> None:
    ci = ROOT / ".ci" / "run"
    assert os.access(ci, os.X_OK)
    assert re.findall(r"^make ([a-z-]+)$", ci.read_text(encoding="utf-8"), re.MULTILINE) == ["lint", "test", "test-space", "test-sdk", "test-upstream"]
