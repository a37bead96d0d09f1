"""How a command ends before its end: why, what exists now, and the commands that go on or clean up.

Stopped
├── NameTaken           nothing was made: something of that name is there
├── HalfDone            some of what was planned exists
├── EndpointFailed      SageMaker gave the endpoint up
├── WaitTimedOut        it may still come into service
└── Declined            a person said no
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from backends.deploy.plan import Call, thing_of
from backends.errors import BackendError, ConfigurationError
from backends.remedies import remedy


class Exit(IntEnum):
    """A command's exit code."""

    DONE = 0
    REFUSED = 1
    """AWS refused, or the connection was lost."""
    USAGE = 2
    """The command line or the configuration is wrong; nothing was changed."""
    FAILED = 3
    """The endpoint failed."""
    TIMED_OUT = 4
    """The time limit of waiting ran out."""
    DECLINED = 5
    """A person said no; nothing was changed."""
    INTERRUPTED = 130
    """Ctrl-C."""


INTERRUPTED = "Interrupted."


class Stopped(BackendError):
    """A command ended before its end.

    Args:
        message: Why, in a sentence.
        code: The exit code.
        exists: What is there now, by kind and name.
        perhaps: What may be there: nobody said whether it was made, or deleted.
        undoes: The calls that take back what was made.
        is_another_s: Whether something of the same name is somebody else's, so that only `undoes` cleans up.
        goes_on: What this tool is to be told to go on; empty: there is nothing to go on with.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Exit,
        exists: Sequence[str] = (),
        perhaps: str = "",
        undoes: Sequence[Call] = (),
        is_another_s: bool = False,
        goes_on: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.exists = tuple(exists)
        self.perhaps = perhaps
        self.undoes = tuple(undoes)
        self.is_another_s = is_another_s
        self.goes_on = tuple(goes_on)


class NameTaken(Stopped):
    """Something of that name is there."""


class HalfDone(Stopped):
    """Some of what was planned exists."""


class EndpointFailed(Stopped):
    """SageMaker gave the endpoint up."""


class WaitTimedOut(Stopped):
    """It may still come into service."""


class Declined(Stopped):
    """A person said no."""


def why(error: BaseException) -> str:
    """Return a failure as a sentence, with what mends it where that is known."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    mended = remedy(error) if isinstance(error, BackendError) else ""
    return f"{str(error).rstrip('.')}. {mended}".strip()


def code_of(error: BaseException) -> Exit:
    """Return the exit code of a failure."""
    if isinstance(error, Stopped):
        return error.code
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED
    return Exit.USAGE if isinstance(error, ConfigurationError) else Exit.REFUSED


def things(calls: Sequence[Call]) -> tuple[str, ...]:
    """Return what calls create or delete, each once."""
    return tuple(dict.fromkeys(thing_of(call) for call in calls))
