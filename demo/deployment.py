"""An endpoint in the AWS account of the machine that serves the page: planned for what is there, and created once somebody has agreed to that plan.

All of it blocks. The SageMaker SDK says which image a region has and what a JumpStart model is deployed with.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from backends.deploy.aws import Aws
from backends.deploy.endings import HalfDone
from backends.deploy.images import KNOWN, find_image
from backends.deploy.jumpstart import find_model
from backends.deploy.names import PREFIX, name_for
from backends.deploy.place import Place, find_place
from backends.deploy.plan import Plan
from backends.deploy.running import create
from demo.admission import Refused
from demo.language import Words
from demo.orders import KINDS, NO_FAULT, Order


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that somebody may agree to."""

    plan: Plan
    place: Place

    @property
    def delete_command(self) -> str:
        """The command that deletes all of it."""
        return shlex.join(("python", "-m", "backends.deploy", "delete", self.plan.name, "--region", self.place.region))

    def create(self) -> None:
        """Create it, and wait for nothing.

        Raises:
            BackendError: It went no further; a HalfDone tells what exists.
        """
        create(Aws(region=self.place.region), self.plan, lambda _: None)


def prepare(order: Order, words: Words) -> Prepared:
    """Return the plan of what is asked for in the account that the AWS configuration reaches, which is only read.

    Raises:
        Refused: It cannot be asked for here.
        BackendError: The account cannot be asked, or has no such image or model.
    """
    order = replace(order, fault=NO_FAULT)
    order.check(words)
    place = find_place(Aws(), role=None, needs_bucket=order.kind == "lmi")
    name = f"{PREFIX}{order.name}" if order.name else name_for(order.kind, order.model.removeprefix("huggingface-llm-"), datetime.now(UTC))
    if order.kind != "jumpstart":
        framework = KINDS[order.kind].framework
        image = find_image(framework, place.region, version=KNOWN[framework].version, instance_type=order.instance_type)
        return Prepared(order.plan(name, place, image=image), place)
    published = find_model(order.model, place.region, instance_type=order.instance_type or None)
    if published.eula:
        raise Refused(words("{model} has terms that have to be accepted, which the command asks for.", model=order.model))
    return Prepared(order.plan(name, place, published), place)


def left(stopped: HalfDone) -> Iterator[str]:
    """Yield what is there, or may be, of a plan that went only half-way."""
    yield from stopped.exists
    if stopped.perhaps:
        yield stopped.perhaps
