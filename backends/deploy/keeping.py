"""The commands for what is there: `list`, `describe`, `logs`, `invoke`, `delete`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from backends.account import Account
from backends.chat import Parameters
from backends.deploy import asking
from backends.deploy.aws import Caller
from backends.deploy.deleting import delete as carry_out
from backends.deploy.deleting import older_than
from backends.deploy.describing import describe_endpoint, rows
from backends.deploy.endings import INTERRUPTED, EndpointFailed, Exit, Stopped, why
from backends.deploy.finding import Shared, deletes_of, deletes_of_shared, find_ours, find_shared, full_name, is_there, with_archives
from backends.deploy.journey import tail
from backends.deploy.logs import Logs
from backends.deploy.names import PREFIX
from backends.deploy.options import QUESTION, Profile, Region, Yes
from backends.deploy.plan import Call, printed, thing_of
from backends.deploy.plans import question_for
from backends.deploy.running import is_not_there, three, waiting
from backends.deploy.running import wait as wait_for
from backends.deploy.terminal import Terminal, seconds
from backends.endpoints import Recognised
from backends.errors import ConfigurationError, RequestRejected

NOTHING = "Nothing was deleted."
POLL_S = 2.0

Endpoint = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]", help="The endpoint's name, as it was given to --name or whole; without it, the one that this tool has made, if there is just one."
    ),
]


def list_ours(region: Region = None, profile: Profile = None) -> None:
    """List all that this tool has made, by tag and by name: endpoints, what is left of some, the role, the bucket."""
    terminal = Terminal(region, profile)
    with terminal.ending():
        aws = terminal.aws
        shared = find_shared(aws)
        found = with_archives(find_ours(aws), shared)
        for line in rows(found, datetime.now(UTC), terminal.command):
            terminal.show(line)
        for kind, name in (("role", shared.role), ("bucket", shared.bucket)):
            if name:
                terminal.show(f"{kind} {name}, for every endpoint; `{terminal.command('delete', '--all')}` deletes it with them")
        if not found and not shared.role and not shared.bucket:
            terminal.show(f"There is nothing of this tool's in {aws.region}.")


def describe(
    name: Endpoint = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is in service, as the command that created it does.")] = False,
    wait_limit: Annotated[str, typer.Option(help="How long to wait, such as 90s, 30m or 2h.")] = "30m",
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Show an endpoint's state, instance, price, image and age, and why it failed."""
    terminal = Terminal(region, profile)
    with terminal.ending(name or ""):
        aws = terminal.aws
        chosen = _choose(aws, name)
        if wait:
            _wait(terminal, aws, chosen, seconds(wait_limit))
        for line in describe_endpoint(aws, chosen, datetime.now(UTC)):
            terminal.show(line)


def logs(
    name: Endpoint = None,
    since: Annotated[str, typer.Option(help="From how long ago, such as 10m, 2h or 7d.")] = "1h",
    pattern: Annotated[str, typer.Option("--filter", metavar="PATTERN", help="Only lines that fit a filter pattern of CloudWatch Logs, such as ERROR.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on asking for new ones, until Ctrl-C.")] = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Print what an endpoint's containers have logged."""
    terminal = Terminal(region, profile)
    with terminal.ending():
        aws = terminal.aws
        chosen = _choose(aws, name)
        log = Logs(aws, chosen, since_s=time.time() - seconds(since), pattern=pattern)
        some = False
        while True:
            for line in log.poll():
                terminal.show(f"{datetime.fromtimestamp(line.at_s, UTC):%Y-%m-%d %H:%M:%S} {line.stream} {line.text}")
                some = True
            if not some and is_there(aws, chosen) is False:
                raise Stopped(
                    f"There is no endpoint {chosen} in {aws.region}, and none of that name has logged anything in the last {since}.", code=Exit.REFUSED
                )
            if not follow:
                break
            time.sleep(POLL_S)
        if not some:
            terminal.say(f"{chosen} has logged nothing in the last {since}; --since 7d looks further back.")


def invoke(
    name: Endpoint = None,
    question: Annotated[str, typer.Argument(help="What to ask.")] = QUESTION,
    max_tokens: Annotated[int, typer.Option(min=1, help="The most tokens of the answer.")] = 256,
    temperature: Annotated[float | None, typer.Option(min=0, help="How freely tokens are chosen; without it, the container's own.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Do not stream: print the answer once it is whole.")] = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Ask an endpoint, and print the answer as it arrives, with a line of figures on stderr."""
    terminal = Terminal(region, profile)
    with terminal.ending():
        aws = terminal.aws
        chosen = _choose(aws, name)
        parameters = Parameters(max_new_tokens=max_tokens, temperature=temperature)
        request = question_for(chosen, _recognised(terminal, chosen), question, parameters)
        figures = asking.ask(request, lambda text: terminal.show(text, end=""), region=region, profile=profile, stream=not whole)
        terminal.show("")
        terminal.say(figures)


def delete(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Endpoints, each as it was given to --name or whole.")] = None,
    older: Annotated[str | None, typer.Option("--older-than", metavar="AGE", help="All that this tool made longer ago, such as 2h or 1d.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that this tool made, its role and its bucket included.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the calls; delete nothing.")] = False,
    yes: Yes = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Delete endpoints, each with its configuration, model and archive. Finding nothing is fine."""
    terminal = Terminal(region, profile, yes)
    again = (*(names or ()), *(("--older-than", older) if older else ()), *(("--all",) if everything else ()))
    with terminal.ending(nothing=NOTHING, again=again):
        if sum(map(bool, (names, older, everything))) != 1:
            raise ConfigurationError(
                f"delete what? `{terminal.command('list')}` shows what there is; then name endpoints, or pass --older-than or --all, one of the three"
            )
        aws = terminal.aws
        calls = _deletes(aws, names or [], older, everything=everything)
        if dry_run:
            terminal.show("\n".join(map(printed, calls)))
            return
        if not calls:
            terminal.say(f"There is nothing to delete: {_meant(names, older)} in {aws.region}.")
            return
        terminal.say(f"In {aws.region}, this is deleted:")
        terminal.list([thing_of(call) for call in calls])
        terminal.confirm("Delete it?", NOTHING)
        carry_out(aws, calls, terminal.say)


def _deletes(aws: Caller, names: Sequence[str], older: str | None, *, everything: bool) -> tuple[Call, ...]:
    """Return the calls that delete what is meant, each once."""
    older_s = seconds(older) if older else None
    shared = find_shared(aws) if older or everything else None
    chosen = list(names)
    if shared:
        found = with_archives(find_ours(aws), shared)
        chosen += [each.name for each in (found if older_s is None else older_than(found, timedelta(seconds=older_s), datetime.now(UTC)))]
    calls = [call for name in dict.fromkeys(chosen) for call in _deletes_of_one(aws, name, shared)]
    if shared and everything:
        calls += deletes_of_shared(shared)
    return tuple({(call.operation, *call.parameters.values()): call for call in calls}.values())


def _deletes_of_one(aws: Caller, name: str, shared: Shared | None) -> tuple[Call, ...]:
    """Return the calls that delete what is meant by a name; what is left of an endpoint of ours goes before what has the bare name and is no endpoint."""
    chosen = full_name(aws, name)
    is_ours = chosen.startswith(PREFIX) or is_there(aws, chosen)
    return (() if is_ours else deletes_of(aws, PREFIX + chosen, shared)) or deletes_of(aws, chosen, shared)


def _meant(names: Sequence[str] | None, older: str | None) -> str:
    """Return in words what was to be deleted and is not there."""
    if names:
        return f"no endpoint, configuration, model or archive called {', '.join(names)}"
    return f"nothing that this tool made longer than {older} ago" if older else "nothing that this tool made"


def _wait(terminal: Terminal, aws: Caller, name: str, limit_s: float) -> None:
    try:
        wait_for(aws, name, limit_s=limit_s, say=terminal.say)
    except EndpointFailed:
        tail(terminal, aws, name)
        raise
    except KeyboardInterrupt:
        raise Stopped(INTERRUPTED, code=Exit.INTERRUPTED, exists=three(name), goes_on=waiting(name)) from None


def _choose(aws: Caller, name: str | None) -> str:
    """Return the endpoint that a command is about: the one that is named, or the only one that there is."""
    return full_name(aws, name) if name else _only_one(aws)


def _only_one(aws: Caller) -> str:
    """Return the one endpoint that this tool has made.

    Raises:
        ConfigurationError: There is none, or there are several.
    """
    names = [each.name for each in find_ours(aws) if each.status]
    if len(names) == 1:
        return names[0]
    raise ConfigurationError(f"which endpoint? This tool has made {', '.join(names) or 'none'} in {aws.region}: name one")


def _recognised(terminal: Terminal, name: str) -> Recognised:
    """Return what the endpoint's container takes; where nobody may say, what its name tells.

    Raises:
        BackendError: There is no such endpoint, or it does not answer.
    """
    first = Account(region=terminal.region, profile=terminal.profile).describe(name)[0]
    if isinstance(first.error, RequestRejected) and not is_not_there(first.error):
        terminal.say(f"What {name} takes is not known: {why(first.error)}")
    elif first.error:
        raise first.error
    return first.recognised
