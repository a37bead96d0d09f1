"""A plan, carried out: looks first, then one creation after the other, then the wait; whatever stops it is told with what exists by then."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from backends.deploy.aws import Caller
from backends.deploy.endings import EndpointFailed, Exit, HalfDone, NameTaken, Stopped, WaitTimedOut, code_of, things, why
from backends.deploy.plan import TAKEN, Call, Plan, secrets_of, thing_of, undo
from backends.errors import BackendError, RequestRejected, TransportError

NOT_THERE = re.compile(r"(?i)could not find|does not exist|cannot find")
ROLE_UNKNOWN = re.compile(r"(?i)could not (?:assume|access) role")
"""What SageMaker says of a role that IAM created a moment ago."""
ROLE_S, ROLE_POLL_S = 90, 3
"""How long a new role may take to be known everywhere."""
POLL_S = (0.5, 15.0)
"""The shortest and the longest time between two looks; it grows with the time that was waited."""
SAY_S = 30
"""A line at the least so often while nothing changes."""
LOST_S = 120
"""For how long a wait goes on without a connection."""
GONE_S = 900
"""How long an endpoint may take to be gone, or to be done with what it is at."""
BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})

_LOST = "no connection, asking again"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Clock:
    """What waits are measured and passed by."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Made:
    """How far a plan has got."""

    done: list[Call] = field(default_factory=list)
    begun: Call | None = None
    """Asked for, and not yet answered."""


def is_not_there(error: BackendError) -> bool:
    """Return whether a refusal says that what was asked for does not exist."""
    return isinstance(error, RequestRejected) and bool(NOT_THERE.search(str(error)))


def create(aws: Caller, plan: Plan, say: Say, clock: Clock = Clock()) -> None:
    """Make everything that a plan creates, in order.

    Raises:
        NameTaken: Nothing was made.
        HalfDone: It went no further; carries what exists.
        BackendError: Nothing was made.
    """
    for secret in secrets_of(plan.creates):
        aws.look_up(secret)
    for look in plan.looks:
        if look.service == "sagemaker":
            _refuse_taken(aws, look)
    made = _Made()
    try:
        for call in plan.creates:
            say(f"Creating the {thing_of(call)}.")
            made.begun = call
            _send(aws, call, is_role_new=any(done.operation == "CreateRole" for done in made.done), clock=clock)
            made.done.append(call)
            made.begun = None
    except (BackendError, KeyboardInterrupt) as error:
        raise _half_done(made, error) from error


def wait(aws: Caller, name: str, *, limit_s: float, say: Say, clock: Clock = Clock()) -> None:
    """Return once an endpoint is in service, saying its state while it is not.

    Raises:
        EndpointFailed: It never will be.
        WaitTimedOut: It took longer than `limit_s`.
        Stopped: It is gone, or the account cannot be asked.
    """
    for status, reason in _states(aws, name, limit_s, say, clock):
        if status == "InService":
            return
        if status == "Failed":
            raise EndpointFailed(f"The endpoint {name} failed: {reason or 'SageMaker gives no reason'}", code=Exit.FAILED, exists=three(name))
        if status == "Deleting":
            raise Stopped(f"The endpoint {name} is being deleted.", code=Exit.FAILED)
        if not status:
            raise Stopped(f"There is no endpoint {name}.", code=Exit.REFUSED)
    raise WaitTimedOut(
        f"The endpoint {name} is not in service after {_span(limit_s)}. It goes on by itself, and costs money once it is.",
        code=Exit.TIMED_OUT,
        exists=three(name),
        goes_on=waiting(name),
    )


def settle(aws: Caller, name: str, *, say: Say, clock: Clock = Clock()) -> str:
    """Return an endpoint's state once it is at nothing any more; empty: it is gone.

    Raises:
        WaitTimedOut: It takes longer than it should.
    """
    for status, _ in _states(aws, name, GONE_S, say, clock):
        if status not in BUSY:
            return status
    raise WaitTimedOut(f"The endpoint {name} is still busy after {_span(GONE_S)}.", code=Exit.TIMED_OUT, exists=three(name))


def _states(aws: Caller, name: str, limit_s: float, say: Say, clock: Clock) -> Iterator[tuple[str, str]]:
    """Yield an endpoint's state and what is said of its failure, look after look, until the limit; an empty state: it is not there."""
    begun = said_at = heard_at = clock.now()
    before = None
    while True:
        now = clock.now()
        try:
            status, reason = _state(aws, name)
            heard_at = now
        except TransportError as lost:
            if now - heard_at > LOST_S:
                raise Stopped(why(lost), code=Exit.REFUSED, exists=three(name), goes_on=waiting(name)) from lost
            status, reason = _LOST, ""
        if status and (status != before or now - said_at >= SAY_S):
            say(f"{name}: {status}, {_span(now - begun)}")
            before, said_at = status, now
        if status != _LOST:
            yield status, reason
        if now - begun >= limit_s:
            return
        clock.sleep(min(POLL_S[1], POLL_S[0] + (now - begun) / 10))


def _state(aws: Caller, name: str) -> tuple[str, str]:
    try:
        told = aws.call(Call("sagemaker", "DescribeEndpoint", {"EndpointName": name}))
    except RequestRejected as refusal:
        if is_not_there(refusal):
            return "", ""
        raise Stopped(why(refusal), code=Exit.REFUSED, exists=three(name), goes_on=waiting(name)) from refusal
    return told["EndpointStatus"], told.get("FailureReason", "")


def _refuse_taken(aws: Caller, look: Call) -> None:
    try:
        aws.call(look)
    except RequestRejected as refusal:
        if is_not_there(refusal):
            return
        raise
    [name] = look.parameters.values()
    kind = {"DescribeEndpoint": "an endpoint", "DescribeEndpointConfig": "an endpoint configuration", "DescribeModel": "a model"}[look.operation]
    raise NameTaken(f"There is {kind} {name} already, and nothing was created: choose another --name, or leave it out.", code=Exit.USAGE)


def _send(aws: Caller, call: Call, *, is_role_new: bool, clock: Clock) -> None:
    """Make a call; again and again while a role that was created a moment ago is not known yet."""
    until = clock.now() + ROLE_S
    while True:
        try:
            aws.call(call)
        except RequestRejected as refusal:
            if not (is_role_new and ROLE_UNKNOWN.search(str(refusal)) and clock.now() < until):
                raise
            clock.sleep(ROLE_POLL_S)
        else:
            return


def _half_done(made: _Made, error: BaseException) -> Stopped:
    """Return what a plan that stopped has left: what AWS refused is not there, what nobody answered for may be."""
    unsure = made.begun if isinstance(error, KeyboardInterrupt | TransportError) else None
    return HalfDone(
        why(error),
        code=code_of(error),
        exists=things(made.done),
        perhaps=thing_of(unsure) if unsure else "",
        undoes=undo((*made.done, *([unsure] if unsure else []))),
        is_another_s=isinstance(error, RequestRejected) and bool(TAKEN.search(str(error))),
        goes_on=waiting(unsure.parameters["EndpointName"]) if unsure and unsure.operation == "CreateEndpoint" else (),
    )


def three(name: str) -> tuple[str, ...]:
    """Return what an endpoint consists of, by kind and name."""
    return (f"endpoint {name}", f"endpoint configuration {name}", f"model {name}")


def waiting(name: str) -> tuple[str, ...]:
    """Return what this tool is to be told to wait for an endpoint again."""
    return ("describe", name, "--wait")


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
