"""The locustfile as people run it: processes of Locust's own that stream from a twin and say what they measured as JSON."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_server import MockServer

ROOT = Path(__file__).resolve().parents[2]
NAME = "falcon-7b-instruct-tgi"
TOKENS, USERS = 8, 4
PACED = "mock.profile=typical;mock.script=long"
TTFT_MS, ITL_MS = 250, 30
"""Of the profile `typical`: medians, and no draw of a few dozen is half of one. A busy machine hears of several tokens at once, but not of all."""


@pytest.fixture
def twin() -> Iterator[MockServer]:
    """A twin whose journal has nobody else's requests."""
    with MockServer() as server:
        yield server


def locust(twin: MockServer, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "locust", "-f", "tests/load/locustfile.py", "--headless", "--only-summary", *arguments]
    environ = {**os.environ, **twin.environ, "AWS_MAX_ATTEMPTS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def streaming(twin: MockServer, through: str, attributes: str = PACED) -> tuple[str, ...]:
    """Return the arguments of a short test whose last answers are awaited."""
    url = f"{twin.url}/containers/{NAME}" if through == "container" else twin.url
    where = ("--endpoint", NAME, "--endpoint-url", url, "--through", through, "--max-new-tokens", str(TOKENS), "--custom-attributes", attributes)
    return (*where, "--json", "--users", str(USERS), "--spawn-rate", "10", "--run-time", "6s", "--stop-timeout", "20")


def result(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    """Return, once the test is over, the rows of the endpoint by their kind, and what Locust told."""
    out, err = process.communicate(timeout=120)
    assert out, err
    assert "Traceback" not in err
    return {row["method"]: row for row in json.loads(out) if row["name"] == NAME}, err


def check_rows(measured: dict[str, Any]) -> int:
    """Check that the rows are of the same answers, and return of how many."""
    spent_ms = {kind: row["total_response_time"] for kind, row in measured.items()}
    counted: dict[str, int] = {kind: row["num_requests"] for kind, row in measured.items()}
    answers, rates = counted["answer"], counted["tokens/s"]
    assert {row["num_failures"] for row in measured.values()} == {0}
    assert (counted["TTFT"], counted["ITL"]) == (answers, answers * (TOKENS - 1))
    assert 0 < rates <= answers, "an answer has a rate unless all of its tokens arrived together"
    assert measured["TTFT"]["min_response_time"] >= TTFT_MS / 2
    assert spent_ms["TTFT"] + spent_ms["ITL"] >= answers * (TTFT_MS + (TOKENS - 1) * ITL_MS) / 2
    assert spent_ms["TTFT"] + spent_ms["ITL"] <= spent_ms["answer"]
    rate = 1000 * rates * (TOKENS - 1) / spent_ms["ITL"]
    assert measured["tokens/s"]["min_response_time"] <= rate * 1.001
    assert measured["tokens/s"]["max_response_time"] >= rate * 0.999
    assert measured["answer"]["total_content_length"] > 0
    return answers


@pytest.mark.parametrize("through", ["sagemaker", "container", "boto3"])
def test_a_test_on_one_machine_measures_every_answer(twin: MockServer, through: str) -> None:
    process = locust(twin, *streaming(twin, through))
    measured, _ = result(process)
    assert process.returncode == 0
    answers = check_rows(measured)
    twin.journal.wait(answers)
    assert [entry.ended for entry in twin.journal.finished] == ["completed"] * answers
    assert twin.journal.open == ()


@pytest.mark.parametrize(("through", "error"), [("sagemaker", "StreamInterrupted"), ("boto3", "EventStreamError")])
def test_an_answer_that_breaks_off_is_a_failure_by_its_name(twin: MockServer, through: str, error: str) -> None:
    process = locust(twin, *streaming(twin, through, f"{PACED};mock.fault=model-stream-error@3"))
    measured, told = result(process)
    assert process.returncode == 1
    assert measured["answer"]["num_failures"] == measured["answer"]["num_requests"] == measured["TTFT"]["num_requests"] > 0
    assert told.count(f"answer {NAME}: {error}(") == 1


def test_a_master_adds_up_what_two_workers_measure(twin: MockServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    master = locust(twin, *streaming(twin, "sagemaker"), "--master", "--expect-workers", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port)
    workers = [locust(twin, "--worker", "--master-port", port) for _ in range(2)]
    measured, _ = result(master)
    for worker in workers:
        worker.communicate(timeout=30)
    assert [process.returncode for process in (master, *workers)] == [0, 0, 0]
    answers = measured["answer"]["num_requests"]
    twin.journal.wait(answers)
    finished = len(twin.journal.finished)
    assert {row["num_failures"] for row in measured.values()} == {0}
    for count in (answers, measured["TTFT"]["num_requests"], measured["ITL"]["num_requests"] / (TOKENS - 1)):
        assert finished - USERS < count <= finished, "what a worker measured last may miss its last report, or be told of in part"
