"""What can go wrong with calls of the control plane, and with what they create: `NAME[@OPERATION]`.

It is asked for by whoever tests (`MockServer.queue_fault`, `/_mock/faults`; there with `@OPERATION`, or `@*` for any), or without a program by whoever creates:
the tag `mock:fault`, or the variable `MOCK_FAULT` in a container's environment, of anything that a call is about. Texts that users of the service published:
the denied access (aws-controllers-k8s/community issue 1889), the health check (awslabs/llm-hosting-container 18), the image (aws/sagemaker-python-sdk 1835),
the capacity (aws/deep-learning-containers 6673).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mock_server.words import WordError

TAG = "mock:fault"
VARIABLE = "MOCK_FAULT"
GRAMMAR = re.compile(r"(?P<name>[a-z-]+)(?:@(?P<operation>\*|[A-Z][A-Za-z]+))?")
ORDER = re.compile(r"[a-z-]+@(\*|[A-Z][A-Za-z]*)")
"""What an order for the control plane looks like, and none for a stream does."""

CREATING = frozenset({"CreateModel", "CreateEndpointConfig", "CreateEndpoint", "CreateInferenceComponent"})
STARTING = frozenset({"CreateEndpoint", "UpdateEndpoint", "CreateInferenceComponent", "UpdateInferenceComponent"})
Effect: TypeAlias = Literal["refused", "broken", "failed"]
"""The call is refused; its connection breaks; what it began comes to no good end."""


@dataclass(frozen=True, slots=True)
class _Kind:
    effect: Effect
    operations: frozenset[str] = CREATING
    """Where it strikes that names no operation."""
    is_bound: bool = False
    """Whether it makes no sense elsewhere."""


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """An error that any call can get."""

    code: str
    message: str
    status: int = 400


SERVICE_FAULTS = {
    "access-denied": ServiceFault(
        "AccessDeniedException",
        "User: arn:aws:iam::{account}:user/streamtwin is not authorized to perform: {action} on resource: {arn} "
        "because no identity-based policy allows the {action} action",
    ),
    "expired-token": ServiceFault("ExpiredTokenException", "The security token included in the request is expired"),
    "throttling": ServiceFault("ThrottlingException", "Rate exceeded"),
    "internal-failure": ServiceFault("InternalFailure", "Internal failure.", 500),
    "service-unavailable": ServiceFault("ServiceUnavailable", "The service is unavailable.", 503),
}
REASONS = {
    "image": "Please make sure all images included in the model for the production variant {variant} exist, and that the execution role used to create the "
    "model has permissions to access them.",
    "health-check": "The primary container for production variant {variant} did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint.",
    "capacity": "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.",
}
"""Why an endpoint failed."""
KINDS = {
    **{name: _Kind("refused") for name in SERVICE_FAULTS},
    "quota": _Kind("refused", frozenset({"CreateEndpoint", "UpdateEndpoint"}), is_bound=True),
    "model-data": _Kind("refused", frozenset({"CreateModel"}), is_bound=True),
    "reset": _Kind("broken"),
    "lost-answer": _Kind("broken"),
    **{name: _Kind("failed", STARTING, is_bound=True) for name in (*REASONS, "stuck")},
}
LEGAL = f"NAME[@OPERATION] with NAME one of {', '.join(KINDS)}; @* is any operation"


@dataclass(frozen=True, slots=True)
class ControlFault:
    """A fault as it was asked for."""

    text: str
    name: str
    operation: str | None
    """None: where it makes most sense; `*`: anywhere."""

    @property
    def effect(self) -> Effect:
        """What it does."""
        return KINDS[self.name].effect

    def strikes(self, operation: str) -> bool:
        """Whether a call of that operation is to have it."""
        kind = KINDS[self.name]
        if kind.is_bound and operation not in kind.operations:
            return False
        return self.operation in {"*", operation} or (self.operation is None and operation in kind.operations)


def parse_control_fault(text: str) -> ControlFault:
    """Read a fault as people write it.

    Raises:
        WordError: It is none, or its operation can never have it.
    """
    match = GRAMMAR.fullmatch(text)
    kind = KINDS.get(match["name"]) if match else None
    if match is None or kind is None:
        raise WordError(f"{text!r} is not a fault of the control plane", LEGAL)
    operation = match["operation"]
    if kind.is_bound and operation not in {None, "*", *kind.operations}:
        raise WordError(f"{text!r} makes no sense: {operation} starts nothing of the kind", f"@{', @'.join(sorted(kind.operations))}, or none")
    return ControlFault(text, match["name"], operation)


def words_in(given: Any) -> Iterator[str]:
    """Yield the faults that are named by tags and variables anywhere in a call's input."""
    if isinstance(given, Mapping):
        if given.get("Key") == TAG:
            yield str(given.get("Value"))
        elif isinstance(given.get(VARIABLE), str):
            yield given[VARIABLE]
        else:
            for member in given.values():
                yield from words_in(member)
    elif isinstance(given, list | tuple):
        for member in given:
            yield from words_in(member)
