"""The commands in this process, against a twin over a real socket; and callers that are cut off as a test says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner

from backends.deploy.__main__ import app
from backends.deploy.aws import Caller
from backends.deploy.plan import Call, Secret
from mock_server import MockServer

NAME = "streamtwin-mine"
PREFIX = "python -m backends.deploy "


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def commands(self) -> list[list[str]]:
        """The commands of this tool that it tells a person to run, in order."""
        return [line.partition(PREFIX)[2].split() for line in self.err.splitlines() if PREFIX in line]


@dataclass(frozen=True)
class Rehearsal:
    """A twin that boto3 is pointed at."""

    twin: MockServer

    def run(self, *words: str, answers: str = "") -> Done:
        done = CliRunner().invoke(app, words, input=answers)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    def create(self, *words: str) -> Done:
        """Run the quickest of the commands: TGI, without a first question, under one name."""
        return self.run("tgi", "--yes", "--name", NAME, "--question", "", *words)

    @property
    def operations(self) -> list[str]:
        """What SageMaker was asked since the twin was forgotten."""
        return [call.operation for call in self.twin.calls]


@dataclass
class Cut:
    """A caller that is cut off at one call: by Ctrl-C, or another's hand."""

    aws: Caller
    at: int
    """Which of the calls that change anything, the first is 0."""
    answered: bool
    """Whether the call itself still happens."""
    seen: list[Call] = field(default_factory=list)

    @property
    def region(self) -> str:
        return self.aws.region

    def look_up(self, secret: Secret) -> str:
        return self.aws.look_up(secret)

    def call(self, call: Call) -> Mapping[str, Any]:
        if call.operation.startswith(("Describe", "Get", "Head", "List")):
            return self.aws.call(call)
        self.seen.append(call)
        if len(self.seen) <= self.at:
            return self.aws.call(call)
        if self.answered:
            self.aws.call(call)
        raise KeyboardInterrupt
