from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 60.0
SPINS = """
def spins(parts):
    pipe = open("alive", "wb", buffering=0)
    pipe.write(b"x")
    while True:
        pass
"""


def read(pipe: int) -> bytes:
    ready, _, _ = select.select([pipe], [], [], DEADLINE_S)
    assert ready, "nothing came"
    return os.read(pipe, 1)


def test_a_parser_that_hangs_does_not_outlive_a_command_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "spinning.py").write_text(SPINS)
    os.mkfifo(tmp_path / "alive")
    command = [sys.executable, "-m", "mock_server", "contract", "--parser", "spinning:spins", "--case", "each-event-a-part", "--time-limit", "100"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    holder = os.open(tmp_path / "alive", os.O_WRONLY)  # so that the pipe is not at its end before the parser opens it
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        assert read(pipe) == b"x"
        running.kill()
    os.close(holder)
    assert read(pipe) == b""
    os.close(pipe)
