"""What an endpoint takes: its name, the shape of its requests, the family of its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Accepts: TypeAlias = Literal["inputs", "messages"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint to talk to."""

    name: str
    accepts: Accepts = "inputs"
    """`inputs`: `{"inputs": prompt, "parameters": {..}}`. `messages`: the OpenAI chat shape."""
    family: str = "plain"
    """The model's family, a name of `backends.prompts.FAMILIES`: how a chat becomes a prompt, where `inputs` is taken."""
    url: str | None = None
    """The base URL of a container that is reached directly (`/invocations` is appended); unused for SageMaker."""
    component: str | None = None
    """The inference component that is asked, where the endpoint has such; SageMaker only."""
    has_sessions: bool = False
    """Whether its container keeps stateful sessions."""
