"""What somebody asks for who wants an endpoint of their own: as the plan that is shown and carried out, and as the command that does the same in an account."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backends.deploy.archive import FALCON, OPTIONS
from backends.deploy.images import KNOWN, LMI, TGI
from backends.deploy.jumpstart import ANNOUNCED, JumpStartModel
from backends.deploy.jumpstart import FALCON as JUMPSTART_FALCON
from backends.deploy.names import LIMIT, PREFIX
from backends.deploy.place import Place
from backends.deploy.plan import Call, Plan
from backends.deploy.plans import Wish, plan_jumpstart, plan_lmi, plan_tgi
from backends.deploy.prices import INSTANCES
from backends.endpoints import Endpoint, recognise
from demo.admission import Refused
from demo.found import SAGEMAKER, Found
from demo.language import Words, mark

INSTANCE = "ml.g5.2xlarge"
OWN_INSTANCE = ""
"""The instance that a JumpStart model is set up for."""
HUB_MODELS = (FALCON, "meta-llama/Llama-3.1-8B-Instruct", "mistralai/Mistral-7B-Instruct-v0.3", "Qwen/Qwen2.5-7B-Instruct")
"""Some that are offered; any other can be typed."""
NO_FAULT = ""
FAULTS: tuple[tuple[str, str], ...] = (
    (mark("Nothing"), NO_FAULT),
    (mark("The container is not well"), "health-check"),
    (mark("The image cannot be pulled"), "image"),
    (mark("There is no capacity"), "capacity"),
    (mark("The quota is too small"), "quota"),
    (mark("Access denied (403)"), "access-denied"),
    (mark("Expired token (403)"), "expired-token"),
)
"""What can go wrong with the creation of an endpoint on the twin, which reads it in the container's environment."""
FAULT_VARIABLE = "MOCK_FAULT"
MODEL = re.compile(r"[\w./:@-]{1,200}", re.ASCII)
TYPE = re.compile(r"ml\.[a-z0-9-]{1,20}\.[a-z0-9-]{1,20}")
NAME = re.compile(r"[a-z0-9](-*[a-z0-9])*")
TAG_CHARACTERS = 8
"""So much room a name leaves for what tells two people's apart."""
NAME_CHARACTERS = LIMIT - len(PREFIX) - TAG_CHARACTERS - 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to deploy."""

    name: str
    models: tuple[str, ...]
    instances: tuple[str, ...]
    framework: str = ""
    """As the SDK's tables of images call it."""


KINDS: Mapping[str, Kind] = {
    "lmi": Kind("LMI", HUB_MODELS, tuple(INSTANCES), LMI),
    "tgi": Kind("TGI", HUB_MODELS, tuple(INSTANCES), TGI),
    "jumpstart": Kind("JumpStart", (JUMPSTART_FALCON, *(name for name in ANNOUNCED if name != JUMPSTART_FALCON)), (OWN_INSTANCE, *INSTANCES)),
}
"""By the command that does it; the first model and the first or `INSTANCE` are offered."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks for."""

    kind: str = "lmi"
    """One of `KINDS`."""
    model: str = FALCON
    instance_type: str = INSTANCE
    name: str = ""
    """Without the prefix that all have; empty for one with the time in it."""
    fault: str = NO_FAULT
    """What is to go wrong on the twin."""

    def check(self, words: Words) -> None:
        """Let pass what can be asked for.

        Raises:
            Refused: It cannot; says what can be mended.
        """
        if self.kind not in KINDS or self.fault not in {fault for _, fault in FAULTS}:
            raise Refused(words("There is no such kind of endpoint."))
        if not MODEL.fullmatch(self.model):
            raise Refused(words("A model's id is of letters, digits and the signs . / : @ _ and -, such as {example}.", example=KINDS[self.kind].models[0]))
        if not (TYPE.fullmatch(self.instance_type) or (self.kind == "jumpstart" and self.instance_type == OWN_INSTANCE)):
            raise Refused(words("An instance type is one such as {example}.", example=INSTANCE))
        if self.name and (len(self.name) > NAME_CHARACTERS or not NAME.fullmatch(self.name)):
            raise Refused(words("A name is of small letters, digits, and hyphens between them: up to {n} characters.", n=NAME_CHARACTERS))

    @property
    def command(self) -> str:
        """The command that does the same in a terminal, where boto3's configuration says in which account."""
        known = KNOWN.get(KINDS[self.kind].framework)
        told = {"--instance-type": self.instance_type, "--version": known.version if known else "", "--name": self.name}
        model = ("--model", self.model) if known else (self.model,)
        flags = (word for flag, value in told.items() if value for word in (flag, value))
        return shlex.join(("python", "-m", "backends.deploy", self.kind, *model, *flags))

    def plan(self, name: str, place: Place, published: JumpStartModel | None = None, image: str | None = None) -> Plan:
        """Return the plan of its creation.

        Args:
            name: What it is to be called.
            place: Where.
            published: What is known of a JumpStart model.
            image: What any other is started from; None for the one that is known in `KNOWN_REGION`.
        """
        variables = {FAULT_VARIABLE: self.fault} if self.fault else {}
        wish = Wish(name=name, instance_type=published.instance_type if published else self.instance_type, variables=variables)
        if published:
            return plan_jumpstart(wish, place, model=published, accepts_eula=bool(published.eula))
        image = image or KNOWN[KINDS[self.kind].framework].uri
        if self.kind == "tgi":
            return plan_tgi(wish, place, image=image, model=self.model)
        return plan_lmi(wish, place, image=image, options={**OPTIONS[LMI], "option.model_id": self.model})


def instance_of(plan: Plan) -> str:
    """Return the type of instance that a plan runs on."""
    return str(_members(plan, "CreateEndpointConfig")["ProductionVariants"][0]["InstanceType"])


def rehearsed(plan: Plan, model: str) -> Found:
    """Return the endpoint of a plan that is carried out on the page's twin, as it is recognised by what the plan says of its container."""
    container = _members(plan, "CreateModel")["PrimaryContainer"]
    known = recognise(container["Image"], container.get("Environment", {}), model, plan.name)
    return Found(Endpoint(plan.name, known.accepts, known.family), SAGEMAKER, known.container, "Creating", is_rehearsed=True)


def _members(plan: Plan, operation: str) -> Mapping[str, Any]:
    call: Call = next(call for call in plan.creates if call.operation == operation)
    return call.parameters
