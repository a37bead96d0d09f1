"""The commands that create: `lmi`, `tgi`, `jumpstart`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from backends.deploy import archive, images, jumpstart
from backends.deploy.aws import Aws
from backends.deploy.endings import Declined, Exit, why
from backends.deploy.journey import NOTHING, carry_out
from backends.deploy.names import PREFIX
from backends.deploy.options import Flags, with_flags
from backends.deploy.place import UNKNOWN, Place, find_place, placeholder
from backends.deploy.plan import Plan
from backends.deploy.plans import Wish, plan_jumpstart, plan_lmi, plan_tgi
from backends.deploy.terminal import Terminal
from backends.errors import ConfigurationError

Versions = Annotated[bool, typer.Option("--versions", help="Print the versions of the image that there are, and do nothing else.")]


@with_flags
def lmi(
    flags: Flags,
    model: Annotated[str | None, typer.Option(help=f"The Hub's id of the model, or a place in S3. Without it, {archive.FALCON}.")] = None,
    framework: Annotated[str, typer.Option(help="The family of images: djl-lmi, or djl-deepspeed as in the announcement.")] = images.LMI,
    version: Annotated[str | None, typer.Option(help="The image's version. Without it, the newest; of djl-deepspeed 0.23.0.")] = None,
    versions: Versions = False,
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of serving.properties, with option. in front or without; may be given again.")
    ] = None,
    properties: Annotated[Path | None, typer.Option(metavar="FILE", help="A serving.properties to begin with, in place of ours.")] = None,
    model_py: Annotated[Path | None, typer.Option(metavar="FILE", help="A model.py for the archive.")] = None,
    requirements: Annotated[Path | None, typer.Option(metavar="FILE", help="A requirements.txt for the archive.")] = None,
) -> None:
    """Deploy a model on LMI (DJL Serving), from a serving.properties that is packed and uploaded.

    Without any option it is Falcon 7B instruct. With --framework djl-deepspeed it is the example of the announcement of response streaming, with its
    options and its image; else the newest image, with options of today.
    """
    with flags.terminal.ending(_prefixed(flags.name), NOTHING):
        if versions:
            flags.terminal.show("\n".join(images.versions_of(framework)))
            return
        settings = read_settings(framework, properties, option or [], model)
        given = {"model.py": ("--model-py", model_py), "requirements.txt": ("--requirements", requirements)}
        files = {name: archive.read_file(flag, file) for name, (flag, file) in given.items() if file}

        def plan(wish: Wish, place: Place) -> Plan:
            image = images.find_image(framework, place.region, version=version, instance_type=wish.instance_type)
            return plan_lmi(wish, place, image=image, options=settings, files=files)

        _deploy(flags, flags.wish("lmi", settings.get("option.model_id", "model")), plan, _place(flags, needs_bucket=True))


@with_flags
def tgi(
    flags: Flags,
    model: Annotated[str, typer.Option(help="The Hub's id of the model.")] = archive.FALCON,
    version: Annotated[str | None, typer.Option(help="The image's version, such as 0.9.3 of the announcement. Without it, the newest.")] = None,
    versions: Versions = False,
    gpus: Annotated[int | None, typer.Option(min=1, help="Over how many GPUs the model is split. Without it, all that the instance has.")] = None,
    max_input: Annotated[int, typer.Option(min=1, help="The most tokens of a prompt.")] = 1900,
    max_total: Annotated[int, typer.Option(min=2, help="The most tokens of prompt and answer together.")] = 2048,
    quantize: Annotated[str | None, typer.Option(metavar="KIND", help="How the weights are shrunk, such as bitsandbytes.")] = None,
) -> None:
    """Deploy a model of the Hugging Face Hub on Text Generation Inference (TGI). Without any option it is Falcon 7B instruct."""
    with flags.terminal.ending(_prefixed(flags.name), NOTHING):
        if versions:
            flags.terminal.show("\n".join(images.versions_of(images.TGI)))
            return

        def plan(wish: Wish, place: Place) -> Plan:
            image = images.find_image(images.TGI, place.region, version=version, instance_type=wish.instance_type)
            return plan_tgi(wish, place, image=image, model=model, gpus=gpus, max_input=max_input, max_total=max_total, quantize=quantize)

        _deploy(flags, flags.wish("tgi", model), plan, _place(flags, needs_bucket=False))


@with_flags
def start(
    flags: Flags,
    model: Annotated[str, typer.Argument(metavar="MODEL_ID", help="JumpStart's id of the model.")] = jumpstart.FALCON,
    lists: Annotated[bool, typer.Option("--list", help="Print the models that stream in the region, and do nothing else.")] = False,
    version: Annotated[str, typer.Option(help="The model's version; * is the newest.")] = "*",
    accept_eula: Annotated[bool, typer.Option("--accept-eula", help="Accept the model's terms: --yes alone does not.")] = False,
) -> None:
    """Deploy a SageMaker JumpStart model as its publisher has set it up. Without any option it is Falcon 7B instruct."""
    terminal = flags.terminal
    with terminal.ending(_prefixed(flags.name), NOTHING):
        region = _known_everywhere(terminal).region
        if lists:
            terminal.show("\n".join(jumpstart.models_that_stream(region)))
            return
        place = _place(flags, needs_bucket=False)
        found = jumpstart.find_model(model, region, version=version, instance_type=flags.instance_type)
        accepts = accept_eula or not found.eula or flags.dry_run
        if not accepts:
            _ask_for_eula(terminal, found)
        wish = flags.wish("jumpstart", model.removeprefix("huggingface-llm-"), found.instance_type)
        _deploy(flags, wish, lambda wish, place: plan_jumpstart(wish, place, model=found, accepts_eula=bool(found.eula)), place)


def read_settings(framework: str, properties: Path | None, given: list[str], model: str | None) -> Mapping[str, str]:
    """Return the options of `serving.properties`: a file's or ours, with those above them that were given by themselves."""
    ours = archive.OPTIONS.get(framework, archive.OPTIONS[images.LMI])
    below = archive.read_properties(archive.read_file("--properties", properties).decode(errors="replace")) if properties else ours
    return {**below, **({"option.model_id": model} if model else {}), **archive.read_options(given)}


def _deploy(flags: Flags, wish: Wish, plan: Callable[[Wish, Place], Plan], place: Place) -> None:
    """Make the plan, and carry it out."""
    terminal, order = flags.terminal, flags.order()
    aws = _known_everywhere(terminal)
    with terminal.ending(wish.name, NOTHING):
        carry_out(terminal, aws, plan(wish, place), place, wish, order)


def _place(flags: Flags, *, needs_bucket: bool) -> Place:
    """Return the place as it is, while the SDK is imported; for a dry run without any credentials, one with placeholders."""
    aws = _known_everywhere(flags.terminal)
    images.begin_import()
    try:
        return find_place(aws, role=flags.role, needs_bucket=needs_bucket)
    except ConfigurationError as error:
        if not (flags.dry_run and aws.has_no_credentials):
            raise
        flags.terminal.say(f"{why(error)} The plan has {UNKNOWN} in place of the account, and begins with nothing.")
        return placeholder(aws.region, flags.role)


def _known_everywhere(terminal: Terminal) -> Aws:
    """Return what the command reaches, and tell region and profile to the environment too: the SDK has a session of its own."""
    aws = terminal.aws
    if terminal.profile:
        os.environ["AWS_PROFILE"] = terminal.profile
    os.environ["AWS_DEFAULT_REGION"] = aws.region
    return aws


def _ask_for_eula(terminal: Terminal, model: jumpstart.JumpStartModel) -> None:
    """Have a person accept a model's terms; `--yes` does not.

    Raises:
        Declined: They are not accepted.
    """
    terminal.say(f"The terms of {model.model_id}: {model.eula}")
    if terminal.yes:
        raise Declined(f"{NOTHING} The model has terms that --yes does not accept: read them, and pass --accept-eula.", code=Exit.DECLINED)
    terminal.confirm("Do you accept them?", NOTHING)


def _prefixed(name: str | None) -> str:
    return f"{PREFIX}{(name or '').removeprefix(PREFIX)}" if name else ""
