"""Deletion: one call after the other, each reported; what is gone already is fine, and what stops it is told with what is left."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from backends.deploy.aws import Caller
from backends.deploy.endings import Exit, HalfDone, Stopped, code_of, things, why
from backends.deploy.finding import Found
from backends.deploy.plan import Call, thing_of
from backends.deploy.running import Clock, Say, is_not_there, settle
from backends.errors import BackendError, RequestRejected

BUSY = re.compile(r"(?i)in-progress|in progress|currently being|Creating|Updating")
"""What SageMaker says of an endpoint that it is still at work on."""
ABSENT = frozenset({"NoSuchEntity", "NoSuchBucket", "NoSuchKey", "404"})


def delete(aws: Caller, calls: Sequence[Call], say: Say, clock: Clock = Clock()) -> None:  # noqa: B008 - frozen
    """Make calls that delete, in order, and report each.

    Raises:
        HalfDone: It went no further; carries what is left.
    """
    left = list(calls)
    while left:
        try:
            say(_delete(aws, left[0], say, clock))
        except RequestRejected as refusal:
            raise HalfDone(why(refusal), code=Exit.REFUSED, exists=things(left)) from refusal
        except (BackendError, KeyboardInterrupt) as error:
            raise HalfDone(why(error), code=code_of(error), exists=things(left[1:]), perhaps=thing_of(left[0])) from error
        left.pop(0)


def _delete(aws: Caller, call: Call, say: Say, clock: Clock) -> str:
    """Make one call, and wait until an endpoint is gone; return a sentence about it."""
    thing = thing_of(call)
    try:
        _send(aws, call, say, clock)
    except RequestRejected as refusal:
        if is_not_there(refusal) or refusal.code in ABSENT:
            return f"The {thing} was gone already."
        raise
    if call.operation == "DeleteEndpoint" and (status := settle(aws, call.parameters["EndpointName"], say=say, clock=clock)):
        raise Stopped(f"The {thing} is {status} after its deletion was asked for.", code=Exit.REFUSED)
    return f"Deleted the {thing}."


def _send(aws: Caller, call: Call, say: Say, clock: Clock) -> None:
    """Make the call; an endpoint that is still being created or changed lets itself be deleted only after that."""
    try:
        aws.call(call)
    except RequestRejected as refusal:
        if call.operation != "DeleteEndpoint" or is_not_there(refusal) or not BUSY.search(str(refusal)):
            raise
        say(f"The {thing_of(call)} cannot be deleted before SageMaker is done with it: {refusal}")
        if settle(aws, call.parameters["EndpointName"], say=say, clock=clock):
            aws.call(call)


def older_than(found: Sequence[Found], age: timedelta, now: datetime) -> tuple[Found, ...]:
    """Return what was made longer ago than `age`; an archive alone has no age, and stays."""
    return tuple(each for each in found if each.created and now - each.created > age)
