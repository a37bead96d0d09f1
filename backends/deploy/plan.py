"""What is asked of AWS, as data: the same calls run, are printed before, are held against the policies, and say what takes them back.

Source of operations and members: botocore's service models of sagemaker (2017-07-24), s3, iam, sts, logs, secretsmanager and resourcegroupstaggingapi.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from backends.chat import ChatRequest


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is looked up when it is sent, and that no plan holds."""

    reference: str
    """`env:NAME`, a variable of this process; or `secret:NAME`, an entry of Secrets Manager by name or ARN."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to AWS."""

    service: str
    """As boto3 names it: `sagemaker`, `resourcegroupstaggingapi` .."""
    operation: str
    """As the service's model names it: `CreateModel`."""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A deployment."""

    command: str
    """Which one makes it: `lmi`, `tgi` or `jumpstart`."""
    name: str
    """Of the endpoint, its configuration and its model."""
    looks: tuple[Call, ...]
    """What only reads, and comes first."""
    creates: tuple[Call, ...]
    follows: tuple[Call, ...]
    """What waits until it stands, and asks it."""
    question: ChatRequest | None = None
    """The first, which the last call asks."""
    notes: tuple[str, ...] = ()
    """What a person wants to see of it besides the calls."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """Everything, in order."""
        return self.looks + self.creates + self.follows


@dataclass(frozen=True, slots=True)
class Effect:
    """What a call does, and the call that takes it back."""

    thing: str
    """What is there after it, with the call's members."""
    undo: str = ""
    """An operation of the same service; empty: nothing is left to take back."""
    members: tuple[str, ...] = ()
    """Which of the call's members the undoing one is given."""


EFFECTS: Mapping[str, Effect] = {
    "CreateRole": Effect("role {RoleName}", "DeleteRole", ("RoleName",)),
    "PutRolePolicy": Effect("policy {PolicyName} of the role {RoleName}", "DeleteRolePolicy", ("RoleName", "PolicyName")),
    "CreateBucket": Effect("bucket {Bucket}", "DeleteBucket", ("Bucket",)),
    "PutBucketTagging": Effect("tags of the bucket {Bucket}"),
    "PutObject": Effect("archive s3://{Bucket}/{Key}", "DeleteObject", ("Bucket", "Key")),
    "CreateModel": Effect("model {ModelName}", "DeleteModel", ("ModelName",)),
    "CreateEndpointConfig": Effect("endpoint configuration {EndpointConfigName}", "DeleteEndpointConfig", ("EndpointConfigName",)),
    "CreateEndpoint": Effect("endpoint {EndpointName}", "DeleteEndpoint", ("EndpointName",)),
}
"""Of each operation that creates something."""

TAKEN = re.compile(r"(?i)already exist|BucketAlreadyOwnedByYou")
"""What a service says where what is to be created is there."""

_DELETES = {effect.undo: effect.thing for effect in EFFECTS.values() if effect.undo}


def thing_of(call: Call) -> str:
    """Return what a call creates or deletes, by kind and name."""
    effect = EFFECTS.get(call.operation)
    return (effect.thing if effect else _DELETES[call.operation]).format_map(call.parameters)


def undo(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return the calls that take `calls` back, the last first."""
    undoable = [(call, EFFECTS[call.operation]) for call in calls if EFFECTS[call.operation].undo]
    return tuple(Call(call.service, effect.undo, {name: call.parameters[name] for name in effect.members}) for call, effect in reversed(undoable))


def secrets_of(calls: Iterable[Call]) -> tuple[Secret, ...]:
    """Return every secret that calls name, once, in order."""
    return tuple(dict.fromkeys(value for call in calls for value in _leaves(call.parameters) if isinstance(value, Secret)))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(each)
    else:
        yield value


def printed(call: Call) -> str:
    """Return a call for people: its service and operation, and its members as JSON; a secret by its reference, a body by its size and hash."""
    members = json.dumps(call.parameters, indent=2, default=_shown, ensure_ascii=False)
    return f"{call.service} {call.operation} {members}"


def _shown(value: Any) -> str:
    if isinstance(value, Secret):
        return f"<the value of {value.reference}, looked up when it is sent>"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes, SHA-256 {sha256(value).hexdigest()[:16]}>"
    raise TypeError(f"a plan holds {value!r}; expected text, numbers, bytes, a Secret, or these in lists and mappings")


def as_command(call: Call) -> str:
    """Return a call whose members are texts as a line for the AWS CLI."""
    service = {"s3": "s3api"}.get(call.service, call.service)
    members = " ".join(f"--{_hyphenated(name)} {value}" for name, value in call.parameters.items())
    return f"aws {service} {_hyphenated(call.operation)} {members}".rstrip()


def _hyphenated(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
