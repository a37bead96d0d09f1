"""The near side of a worker: a process that holds a parser, given jobs, and killed where it does not answer in time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mock_server.contract.judge import Answer, read_answer

FILE = Path(__file__).with_name("worker.py")
IMPORT_LIMIT_S = 120.0
"""How long a parser's module may take to be imported."""
GRACE_S = 2.0
"""How long a worker whose time is up may take to say where it is: a parser that holds the interpreter's lock lets it say nothing."""


class RefusedParser(Exception):
    """The parser cannot be tried; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Which parser is held, how it is called, and by which Python."""

    parser: str
    """As `package.module:name`."""
    adapter: str = "parts"
    python: str = sys.executable
    environ: Mapping[str, str] = field(default_factory=dict)
    """What is added to the environment."""


class Worker:
    """One worker process after another: the next one is started when a job needs it.

    A context manager that leaves no process behind.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._process: _Process | None = None
        self._is_stopped = False
        self._takes_type = False

    def run(self, job: Mapping[str, Any], limit_s: float) -> Answer:
        """Return what the parser makes of a job.

        Raises:
            RefusedParser: It cannot be imported or called.
        """
        process = self.start()
        reply = process.ask({**job, "limit_s": limit_s}, limit_s + GRACE_S)
        answer = replace(read_answer(reply) if reply else process.last_answer(), takes_type=self._takes_type)
        if answer.ended in {"hang", "died"} or answer.error == "MemoryError":
            self.close()
        return answer

    def start(self) -> _Process:
        """Start a process where there is none, and let it import the parser.

        Raises:
            RefusedParser: It cannot.
        """
        if self._is_stopped:
            raise RefusedParser("the run was stopped")
        if self._process is None:
            process = _Process(self._launch)
            reply = process.ask(None, IMPORT_LIMIT_S)
            if reply is None or "refused" in reply:
                why = reply["refused"] if reply else f"{self._launch.parser} cannot be imported by {self._launch.python}: {process.last_answer().describe()}"
                process.close()
                raise RefusedParser(why)
            self._process, self._takes_type = process, reply["takes_type"]
        return self._process

    def stop(self) -> None:
        """Kill the process, and let none follow it."""
        self._is_stopped = True
        self.close()

    def close(self) -> None:
        """Kill the process, and those that it started."""
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()


class _Process:
    """A worker that runs; in a session of its own, so that Ctrl-C is ours, and what the parser started ends with it."""

    def __init__(self, launch: Launch) -> None:
        self._was_killed = False
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the Python that the user names
                (launch.python, str(FILE), launch.parser, launch.adapter),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **launch.environ},
                start_new_session=True,
            )
        except OSError as error:
            raise RefusedParser(f"--python {launch.python}: expected a Python that can be started: {error.strerror}") from error
        assert self._process.stdin is not None  # noqa: S101 - mypy knows no pipes
        assert self._process.stdout is not None  # noqa: S101
        self._jobs, self._answers = self._process.stdin, self._process.stdout

    def ask(self, job: Mapping[str, Any] | None, limit_s: float) -> dict[str, Any] | None:
        """Return the next line that the process says, None where it dies or has to be killed before."""
        timer = threading.Timer(limit_s, self._kill)
        timer.start()
        try:
            if job is not None:
                self._jobs.write(json.dumps(job).encode() + b"\n")
                self._jobs.flush()
            line = self._answers.readline()
        except BrokenPipeError:
            return None
        finally:
            timer.cancel()
            timer.join()
        return json.loads(line) if line.endswith(b"\n") else None

    def last_answer(self) -> Answer:
        """Return how a process ended that says no more."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        if self._was_killed:
            return Answer("hang")
        code = self._process.returncode
        if code is None:
            return Answer("died", error="its pipes are closed")
        return Answer("died", error=f"{signal.Signals(-code).name}, signal {-code}" if code < 0 else f"exit code {code}")

    def close(self) -> None:
        """End it."""
        self._kill()
        self._process.wait()
        for pipe in (self._jobs, self._answers):
            with suppress(OSError):  # what could not be written any more
                pipe.close()

    def _kill(self) -> None:
        if self._process.returncode is None:
            self._was_killed = True
            with suppress(ProcessLookupError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)
