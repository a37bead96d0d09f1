"""The SageMaker SDK's resources on the control plane: what it reads of each answer, by its own models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mock_server import MockServer

ROOT = Path(__file__).resolve().parents[3]


def test_the_resources_of_the_sdk_go_from_nothing_to_an_endpoint_and_back() -> None:
    with MockServer(creation_s=0.05, sigv4="verify") as twin:
        command = [sys.executable, "-m", "tests.mock_server.control.sdk_journey", twin.url, "us-east-1"]
        done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    failure = seen.pop("failure")
    assert "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error." in failure
    assert seen == {
        "at first": "Creating",
        "image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.28.0-lmi10.0.0-cu124",
        "models": ["falcon"],
        "endpoints": ["falcon"],
        "component": "falcon",
        "left": [],
        "asked outside": [],
    }
    assert {call.code for call in twin.calls} <= {"", "ValidationException"}
