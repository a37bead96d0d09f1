"""The wheel as it is built, unpacked and used by other people: what it holds, and the page about tests, whose code runs as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "mock_server" / "contract" / "README.md").read_text(encoding="utf-8")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def run(*command: str, cwd: Path, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=cwd, env={**os.environ, **(environ or {})}, capture_output=True, text=True, timeout=180)


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
        "mock_server/py.typed",
    ):
        assert (wheel / file).is_file()
    assert "gradio" not in (metadata / "METADATA").read_text(encoding="utf-8").partition("\n\n")[0]
    assert (metadata / "entry_points.txt").read_text(encoding="utf-8").split() == ["[console_scripts]", "streamtwin", "=", "mock_server.__main__:main"]


def test_the_page_about_tests_keeps_its_word(wheel: Path, tmp_path: Path) -> None:
    files = re.findall(r"^`(\w+\.py)`[^`]*?:\n\n```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
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
