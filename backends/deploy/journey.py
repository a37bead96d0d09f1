"""A deployment from its plan to the first answer, at a terminal: said, agreed to, made, waited for, asked."""

from __future__ import annotations

from dataclasses import dataclass
from time import time

from backends.deploy import asking
from backends.deploy.aws import Caller
from backends.deploy.deleting import delete
from backends.deploy.endings import EndpointFailed, Exit, HalfDone, Stopped, WaitTimedOut, things, why
from backends.deploy.logs import Logs
from backends.deploy.place import Place
from backends.deploy.plan import Plan, printed, undo
from backends.deploy.plans import Wish
from backends.deploy.prices import price
from backends.deploy.running import create, three, wait, waiting
from backends.deploy.terminal import Terminal
from backends.errors import BackendError

NOTHING = "Nothing was created."
TAIL = 20
"""As many lines of a failed endpoint's log are shown."""
LOGGED_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a plan is to be carried out."""

    is_dry: bool
    takes_back: bool
    """Whether what was made is deleted again if it fails half-way."""
    waits: bool
    wait_s: float


def carry_out(terminal: Terminal, aws: Caller, plan: Plan, place: Place, wish: Wish, order: Order) -> None:
    """Say what a plan would do; then, unless it is a dry run, ask and do it.

    Raises:
        BackendError: It ended before its end; a Stopped tells what exists.
    """
    cost = price(wish.instance_type, wish.instances, place.region)
    if order.is_dry:
        show(terminal, plan, place, cost)
        return
    terminal.say(f"In account {place.account}, region {place.region}, this is created:")
    terminal.list(things(plan.creates))
    terminal.list(plan.notes)
    terminal.say(cost)
    terminal.confirm("Create it?", NOTHING)
    try:
        create(aws, plan, terminal.say)
        if order.waits:
            _see_it_through(terminal, aws, plan, order)
    except (HalfDone, EndpointFailed, WaitTimedOut) as stopped:
        if order.takes_back:
            raise _taken_back(terminal, aws, plan, stopped) from stopped
        raise
    terminal.say(f"{plan.name} costs money until: {terminal.command('delete', plan.name)}")


def show(terminal: Terminal, plan: Plan, place: Place, cost: str) -> None:
    """Print a plan, call by call."""
    terminal.show(f"The plan of {plan.command} for {plan.name}, in account {place.account}, region {place.region}. Nothing is created.")
    for line in plan.notes:
        terminal.show(line)
    for title, calls in (("First, reading:", plan.looks), ("Then, creating:", plan.creates), ("Then, until it is in service, and asking it:", plan.follows)):
        terminal.show(f"\n{title}")
        for call in calls:
            terminal.show(printed(call))
    terminal.show(f"\nTo take it back:\n{terminal.command('delete', plan.name)}\n\n{cost}")


def _see_it_through(terminal: Terminal, aws: Caller, plan: Plan, order: Order) -> None:
    """Wait, and ask the first question; whatever stops it, the endpoint exists."""
    goes_on = waiting(plan.name)
    try:
        wait(aws, plan.name, limit_s=order.wait_s, say=terminal.say)
        terminal.say(f"{plan.name} is in service.")
        goes_on = ("invoke", plan.name)
        ask(terminal, plan)
    except EndpointFailed:
        tail(terminal, aws, plan.name)
        raise
    except Stopped:
        raise
    except (BackendError, KeyboardInterrupt) as error:
        code = Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.REFUSED
        raise Stopped(why(error), code=code, exists=three(plan.name), goes_on=goes_on) from error


def ask(terminal: Terminal, plan: Plan) -> None:
    """Ask a plan's question, with the figures behind the answer."""
    if plan.question:
        terminal.say(f"> {plan.question.messages[-1].content}")
        figures = asking.ask(plan.question, lambda text: terminal.show(text, end=""), region=terminal.region, profile=terminal.profile)
        terminal.show("")
        terminal.say(figures)


def tail(terminal: Terminal, aws: Caller, name: str) -> None:
    """Tell the last lines of an endpoint's log, if there is one that can be read."""
    try:
        lines = list(Logs(aws, name, since_s=time() - LOGGED_S).poll())[-TAIL:]
    except BackendError as error:
        terminal.say(f"Its log cannot be read: {why(error)}")
        return
    terminal.say(f"The end of its log ({terminal.command('logs', name)} has all of it):" if lines else "Its containers have logged nothing.")
    terminal.list([line.text for line in lines])


def _taken_back(terminal: Terminal, aws: Caller, plan: Plan, stopped: Stopped) -> Stopped:
    """Delete what was made; return how it ended, with nothing left."""
    terminal.say(f"{stopped} Deleting what was made:")
    delete(aws, stopped.undoes if isinstance(stopped, HalfDone) and stopped.undoes else undo(plan.creates), terminal.say)
    return Stopped("Nothing of it is left.", code=stopped.code)
