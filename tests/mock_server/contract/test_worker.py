"""The worker's file in other Pythons than ours, those of the parsers' own environments."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from mock_server.contract import worker
from mock_server.contract.flags import ADAPTERS
from mock_server.contract.process import FILE, Launch
from mock_server.contract.runner import Plan, run_cases
from mock_server.contract.trial import LAYERS, MOST_PARTS
from tests.mock_server.contract.rows import PLAIN

OLDEST_MINOR = 9
PARSERS = """\
import json


def parts(pieces):
    for piece in pieces:
        yield json.loads(piece)["outputs"][0]


def boto3(events):
    return parts(event["PayloadPart"]["Bytes"] for event in events)


def lines(events):
    return (event["PayloadPart"]["Bytes"] for event in events)


def frames(pieces):  # twelve bytes of a message stand before its headers, four behind its payload
    return parts(piece[12 + int.from_bytes(piece[4:8], "big") : -4] for piece in pieces)


async def asynchronous(pieces):
    async for piece in pieces:
        yield json.loads(piece)["outputs"][0]
"""
CALLED = [("parts", "parts"), ("boto3", "boto3"), ("lines", "lines"), ("frames", "frames"), ("asynchronous", "async")]


def pythons() -> list[str]:
    """Return this Python, and those from the oldest one on that the path has and that start."""
    names = (f"python3.{minor}" for minor in range(OLDEST_MINOR, sys.version_info.minor + 4))
    found = [file for name in names if (file := which(name)) and subprocess.run([file, "-V"], capture_output=True, timeout=60).returncode == 0]
    return [sys.executable, *found]


def test_every_python_that_is_here_holds_a_parser(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(PARSERS, encoding="utf-8")
    launches = [Launch(f"theirs:{name}", adapter, python, {"PYTHONPATH": str(tmp_path)}) for python in pythons() for name, adapter in CALLED]
    results = {(launch.python, launch.adapter): result for launch in launches for result in run_cases([PLAIN], Plan(launch, time_limit=4.0))}
    assert {key: result.verdict for key, result in results.items() if not result.verdict.passed} == {}
    assert len(results) == len({launch.python for launch in launches}) * len(CALLED)


def test_its_syntax_is_the_oldest_python_s_and_its_imports_are_the_standard_library_s() -> None:
    tree = ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, OLDEST_MINOR))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert f"Any Python from 3.{OLDEST_MINOR} on runs it" in str(worker.__doc__)


@pytest.mark.parametrize("table", [worker.ADAPTERS, LAYERS], ids=["worker", "layers"])
def test_every_adapter_is_described_and_no_other(table: dict[str, object]) -> None:
    assert table.keys() == ADAPTERS.keys()
    assert table.keys() >= MOST_PARTS.keys()
