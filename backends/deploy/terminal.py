"""What the commands have in common: what is said where, questions to a person, and how a command ends."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import typer

from backends.deploy.aws import Aws
from backends.deploy.endings import Declined, Exit, Stopped, code_of, why
from backends.deploy.plan import as_command
from backends.errors import BackendError, ConfigurationError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """Progress and questions go to stderr, what was asked for to stdout."""

    region: str | None = None
    profile: str | None = None
    yes: bool = False

    @property
    def aws(self) -> Aws:
        """What the command reaches."""
        return Aws(region=self.region, profile=self.profile)

    def say(self, text: str) -> None:
        """Tell how far things are."""
        typer.echo(text, err=True)

    def show(self, text: str, *, end: str = "\n") -> None:
        """Write what was asked for."""
        typer.echo(text, nl=False)
        typer.echo(end, nl=False)

    def confirm(self, question: str, nothing: str) -> None:
        """Ask, unless `--yes` was given.

        Raises:
            Declined: The answer is no, or nobody is there to give one; `nothing` says what was not done.
        """
        if self.yes:
            return
        try:
            agreed = typer.confirm(question, err=True)
        except typer.Abort:
            self.say("")
            raise Declined(f"{nothing} Nobody agreed: answer y, or pass --yes.", code=Exit.DECLINED) from None
        if not agreed:
            raise Declined(nothing, code=Exit.DECLINED)

    def command(self, *words: str) -> str:
        """Return a command of this tool for the same region and profile, to be pasted."""
        flags = (*(("--region", self.region) if self.region else ()), *(("--profile", self.profile) if self.profile else ()))
        return shlex.join(("python", "-m", "backends.deploy", *words, *flags))

    @contextmanager
    def ending(self, name: str = "", nothing: str = "", again: Sequence[str] = ()) -> Iterator[None]:
        """Tell a failure, what exists and what to do; then end with its code.

        Args:
            name: The endpoint's that it is about.
            nothing: What to say where nothing was made or deleted by then.
            again: What `delete` is to be told to clean up; without it, `name`.
        """
        try:
            yield
        except (BackendError, KeyboardInterrupt) as error:
            self.say(why(error))
            if isinstance(error, Stopped):
                self._tell(error, again or (name,))
            elif nothing:
                self.say(nothing)
            raise typer.Exit(code_of(error)) from None

    def _tell(self, stopped: Stopped, again: Sequence[str]) -> None:
        if stopped.exists:
            self.say("This exists now: " + ", ".join(stopped.exists) + ".")
        if stopped.perhaps:
            self.say(f"This may exist: {stopped.perhaps}; nobody answered.")
        if stopped.is_another_s:
            self.say("The other one of that name is not this tool's to delete. To clean up what is:")
            self.list(as_command(call) for call in stopped.undoes)
            return
        if not (stopped.exists or stopped.perhaps):
            return
        if stopped.goes_on:
            self.say(f"To go on: {self.command(*stopped.goes_on)}")
        self.say(f"To clean up: {self.command('delete', *again)}")

    def list(self, lines: Iterator[str] | Sequence[str]) -> None:
        """Tell several things, a line each."""
        for line in lines:
            self.say(f"  {line}")


def seconds(text: str) -> float:
    """Return how many seconds `90s`, `30m`, `2h` or `1d` are.

    Raises:
        ConfigurationError: It is none of these.
    """
    if not (found := re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])", text.strip())):
        raise ConfigurationError(f"{text!r} is no span of time; expected a number with s, m, h or d, such as 90s, 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: float(found[1])}).total_seconds()


def age(span_s: float) -> str:
    """Return a span of time in its largest unit, for people."""
    for unit, length_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if span_s >= length_s:
            return f"{span_s / length_s:.0f} {unit}"
    return f"{max(0.0, span_s):.0f} s"
