"""The flags of every deployment, and what they mean."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any

import typer

from backends.deploy.journey import Order
from backends.deploy.names import name_for, own_name
from backends.deploy.plan import Secret
from backends.deploy.plans import Wish
from backends.deploy.terminal import Terminal, seconds
from backends.errors import ConfigurationError

INSTANCE = "ml.g5.2xlarge"
QUESTION = "tell me one sentence"
"""The announcement's, and soon answered."""

Region = Annotated[str | None, typer.Option(help="The AWS region; without it, what the AWS configuration says.")]
Profile = Annotated[str | None, typer.Option(help="A profile of the AWS configuration; without it, AWS_PROFILE or the default one.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: for scripts.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What a person says of any deployment; each field is a flag."""

    instance_type: Annotated[str | None, typer.Option(help=f"What it runs on; without it {INSTANCE}, or JumpStart's choice for the model.")] = None
    instances: Annotated[int, typer.Option(min=1, help="How many instances.")] = 1
    name: Annotated[
        str | None,
        typer.Option(help="The endpoint's name, and its configuration's and model's; streamtwin- is put in front. Without it, one with the time in it."),
    ] = None
    role: Annotated[
        str | None,
        typer.Option(
            help="The execution role, by ARN or name. Without it: Studio's, else streamtwin-sagemaker, which is created with the least rights if you agree."
        ),
    ] = None
    token_from: Annotated[
        str | None,
        typer.Option(help="Where the Hugging Face Hub's token is, for gated models: env:VARIABLE, or secret:NAME of Secrets Manager. Never the token itself."),
    ] = None
    env: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable of the container's environment; may be given again.")] = None
    health_check: Annotated[
        str | None, typer.Option(help="How long the container may take to be well, such as 15m. Without it: lmi 15m, tgi 5m, jumpstart the model's own.")
    ] = None
    question: Annotated[str, typer.Option(help="The first question, streamed to the terminal; empty: none is asked.")] = QUESTION
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the endpoint is in service, and ask the first question.")] = True
    wait_limit: Annotated[str, typer.Option(help="How long to wait, such as 90s, 30m or 2h; the endpoint goes on by itself.")] = "30m"
    rollback: Annotated[bool, typer.Option("--rollback", help="If it fails half-way, delete at once what was made.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, every call with its members, and the price; create nothing.")] = False
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask: for scripts. It agrees to what is created and what that costs, not to a model's terms.")
    ] = False
    region: Region = None
    profile: Profile = None

    @property
    def terminal(self) -> Terminal:
        """Where it is said."""
        return Terminal(self.region, self.profile, self.yes)

    def wish(self, command: str, model: str, instance_type: str = INSTANCE) -> Wish:
        """Return what the plans take; raises ConfigurationError."""
        return Wish(
            name=own_name(self.name) if self.name else name_for(command, model, datetime.now(UTC)),
            instance_type=self.instance_type or instance_type,
            instances=self.instances,
            health_check_s=round(seconds(self.health_check)) if self.health_check else None,
            token=read_token(self.token_from) if self.token_from else None,
            variables=read_variables(self.env or ()),
            question=self.question if self.wait else "",
        )

    def order(self) -> Order:
        """Return how the plan is to be carried out; raises ConfigurationError."""
        return Order(is_dry=self.dry_run, takes_back=self.rollback, waits=self.wait, wait_s=seconds(self.wait_limit))


def with_flags(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the flags of `function` and of every deployment; `function` is given the latter as its first argument, a `Flags`."""
    [_, *own] = inspect.signature(function, eval_str=True).parameters.values()
    shared = [*inspect.signature(Flags, eval_str=True).parameters.values()]

    @wraps(function)
    def command(**given: Any) -> None:
        flags = Flags(**{each.name: given.pop(each.name) for each in shared})
        function(flags, **given)

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what typer reads
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    del command.__wrapped__  # what typer would read in its place
    return command


def read_token(text: str) -> Secret:
    """Return a reference to the Hub's token; the token itself is refused, and not repeated.

    Raises:
        ConfigurationError: It is no reference.
    """
    kind, _, name = text.partition(":")
    if not name or kind not in {"env", "secret"}:
        raise ConfigurationError("--token-from takes where the token is, env:VARIABLE or secret:NAME, never the token itself: the shell would keep it")
    return Secret(text)


def read_variables(given: Iterable[str]) -> dict[str, str]:
    """Return what `--env` was given, by name; a value is not repeated in an error.

    Raises:
        ConfigurationError: It is not of the form NAME=VALUE.
    """
    variables = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not (separator and name.isidentifier() and name.isascii()):
            raise ConfigurationError(f"--env names {name!r}; expected NAME=VALUE, such as OPTION_MAX_MODEL_LEN=2048")
        variables[name] = value
    return variables
