"""What an endpoint takes: its name, the shape of its requests, the family of its model; and how image and environment tell that of a container.

Sources of the image names: AWS Deep Learning Containers' list of available images (djl-inference, huggingface-pytorch-tgi-inference, vllm, sglang), and the
names under which the projects publish their own. Of the variables: the containers' manuals (`HF_MODEL_ID`, LMI's `OPTION_*`, `SM_VLLM_*`, `SM_SGLANG_*`); of
what `/invocations` takes: each container's sources, as in `mock_server.containers`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Accepts: TypeAlias = Literal["inputs", "messages"]
PLAIN = "plain"
"""The family of models that nothing is known of."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint to talk to."""

    name: str
    accepts: Accepts = "inputs"
    """`inputs`: `{"inputs": prompt, "parameters": {..}}`. `messages`: the OpenAI chat shape."""
    family: str = PLAIN
    """The model's family, a name of `backends.prompts.FAMILIES`: how a chat becomes a prompt, where `inputs` is taken."""
    url: str | None = None
    """The base URL of a container that is reached directly (`/invocations` is appended); unused for SageMaker."""
    component: str | None = None
    """The inference component that is asked, where the endpoint has such; SageMaker only."""
    has_sessions: bool = False
    """Whether its container keeps stateful sessions."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What is told of a container by its image and environment, or by what it says of itself."""

    container: str = ""
    """The model server and its version where that is known, as `TGI 2.4.0`; empty where it is none that we know."""
    accepts: Accepts = "inputs"
    family: str = PLAIN

    @property
    def server(self) -> str:
        """The model server alone, as `TGI`; empty where it is none that we know."""
        return self.container.partition(" ")[0]

    @property
    def version(self) -> tuple[int, ...]:
        """Its version, as (2, 4, 0), without what is not a number; empty where it is not known."""
        return tuple(map(int, re.findall(r"(?:(?<= )|(?<=\d\.))\d+(?=\.|$)", self.container)))


UNKNOWN = Recognised()


@dataclass(frozen=True, slots=True)
class Server:
    """A model server."""

    name: str
    image: re.Pattern[str]
    """What the last part of its images' names is, tag included; a group is its version."""
    prompts: bool = True
    """Whether it takes `inputs`."""
    chats_since: tuple[int, ...] = ()
    """The version since which it takes `messages` beside them."""
    chats_if: str = ""
    """A variable that makes it take `messages` alone before that version."""
    variables: re.Pattern[str] = re.compile(r"(?!)")
    """Variables that nobody but this server reads: they tell it where the image has a name of somebody's own."""


_VERSION = r"(?::v?(\d+(?:\.\d+)+))?"
SERVERS = (
    Server("LMI", re.compile("djl-(?:inference|serving)" + _VERSION), chats_since=(0, 27), variables=re.compile("OPTION_|SERVING_LOAD_MODELS$")),
    Server(
        "TGI",
        re.compile(r"tgi-inference(?::\S*?tgi(\d+(?:\.\d+)+))?|text-generation-inference" + _VERSION),
        chats_since=(2, 4),
        chats_if="MESSAGES_API_ENABLED",
        variables=re.compile("MAX_(INPUT|TOTAL)_(LENGTH|TOKENS)$|MESSAGES_API_ENABLED$|HF_MODEL_QUANTIZE$"),
    ),
    Server("SGLang", re.compile("sglang[^:@]*" + _VERSION), prompts=False, variables=re.compile("SM_SGLANG_")),
    Server("vLLM", re.compile("vllm[^:@]*" + _VERSION), prompts=False, variables=re.compile("SM_VLLM_")),
)
MODEL_VARIABLES = ("HF_MODEL_ID", "OPTION_MODEL_ID", "SM_VLLM_MODEL", "SM_SGLANG_MODEL_PATH", "MODEL_ID", "SERVING_LOAD_MODELS")
"""Where an environment names the model, a Hub's id or a place; the first that is set goes before the others."""

_TUNED = re.compile(r"instruct|chat|-it\b|-ppo|-sft|hermes|zephyr")
"""What the name of a model says that was trained on chats."""
_FAMILIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"rinna.*(?:instruction|ppo|sft)"), "rinna"),
    (re.compile(r"falcon-?(?:7b|11b|40b|180b).*(?:instruct|chat)"), "falcon"),
    (re.compile(r"llama-?3(?![0-9]).*instruct"), "llama3"),
    (re.compile(r"llama-?2.*(?:chat|b-f\b)|code-?llama.*instruct"), "llama2"),
    (re.compile(r"mi[sx]tral.*instruct"), "mistral"),
    (re.compile(r"qwen.*(?:instruct|chat)|qwen-?3-[\d-]+b(?!-base)|hermes"), "chatml"),
)
"""Each matches what the name of such a model says, in lower case, with hyphens between its words."""


def recognise(image: str | None, environment: Mapping[str, str], *names: str | None) -> Recognised:
    """Return what is told of a container by its image and its environment; the latter tells the server of an image that nobody knows.

    Args:
        image: As a registry has it, with its tag.
        environment: Its variables; nothing of it is kept.
        names: What else may name the model, the surest first: where its files are, what it or its endpoint is called.
    """
    last_part = (image or "").rpartition("/")[2].lower()
    models = [environment.get(variable) for variable in MODEL_VARIABLES]
    for server in SERVERS:
        if found := server.image.search(last_part):
            return describe(server, next(filter(None, found.groups()), ""), environment, *models, *names)
    for server in SERVERS:
        if any(map(server.variables.match, environment)):
            return describe(server, "", environment, *models, *names)
    return Recognised(family=family_of(*models, *names))


def describe(server: Server, version: str, environment: Mapping[str, str], *names: str | None) -> Recognised:
    """Return what is known of a server at a version (empty: unknown) whose model is called by one of `names`."""
    family = family_of(*names)
    is_tuned = family != PLAIN or any(_TUNED.search(_plainly(name)) for name in names)
    return Recognised(f"{server.name} {version}".strip(), _accepts(server, version, environment, is_tuned=is_tuned), family)


def family_of(*names: str | None) -> str:
    """Return the family of the model that one of `names` names, the first before the others; `plain` where none does."""
    return next((family for name in names for pattern, family in _FAMILIES if pattern.search(_plainly(name))), PLAIN)


def _accepts(server: Server, version: str, environment: Mapping[str, str], *, is_tuned: bool) -> Accepts:
    """A server that takes both is given a chat as such only where its model has seen some: it is the model's own template that is then used."""
    if not server.prompts:
        return "messages"
    if version and tuple(map(int, version.split("."))) >= server.chats_since:
        return "messages" if is_tuned else "inputs"
    return "messages" if environment.get(server.chats_if, "").lower() in ("true", "1") else "inputs"


def _plainly(name: str | None) -> str:
    return re.sub(r"[\s_./:-]+", "-", name or "").lower()
