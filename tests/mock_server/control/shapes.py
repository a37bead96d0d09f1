"""Inputs made at random after a shape of botocore's, and what is wrong with an answer after its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

NAMES = ("falcon", "Falcon", "other", "part")
JUNK: tuple[Any, ...] = (None, 0, -1, 1.5, True, "", "a" * 300, "x", [], {}, [None], {"a": 1}, "2026-11-21", "é\0", 10**18, [[]], "s3://bucket/key")
ROLE = "arn:aws:iam::123456789012:role/rehearsal"
SEGMENTS = ("model", "endpoint-config", "endpoint", "inference-component")
WORDS = {"InstanceType": ("ml.g5.xlarge",), "Key": ("mock:fault", "made-by"), "Value": ("capacity", "stuck", "rehearsal"), "ExecutionRoleArn": (ROLE,)}
"""What strings are taken from, by the member that they are in; all others are names."""
LIKELY = frozenset({"PrimaryContainer", "Image", "ModelName", "EndpointName", "InstanceType", "Specification", "ExecutionRoleArn"})
"""Members without which a call seldom comes far, though it may do without."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes inputs; `junk` is how often a value is none of its shape's, and `optional` how often a member is there that need not be."""

    random: Random
    junk: float = 0.0
    optional: float = 0.0

    def make(self, shape: Shape, name: str = "") -> Any:
        """Return a value of that shape, more or less, for a member of that name."""
        if self.random.random() < self.junk:
            return self.random.choice(JUNK)
        if isinstance(shape, StructureShape):
            return {key: self.make(member, key) for key, member in shape.members.items() if self._wants(shape, key)}
        if isinstance(shape, ListShape):
            return [self.make(shape.member, name) for _ in range(self.random.choice((0, 1, 1, 1, 2)))]
        if isinstance(shape, MapShape):
            return {key: self.make(shape.value) for key in self.random.sample(("A", "MOCK_FAULT", "B_C"), self.random.randint(0, 2))}
        if isinstance(shape, StringShape):
            return self.random.choice(shape.enum or WORDS.get(name) or self._names(name))
        return self.random.choice((1, 50, 3600)) if shape.type_name != "boolean" else self.random.choice((True, False))

    def _wants(self, shape: StructureShape, key: str) -> bool:
        chance = 0.99 if key in shape.required_members else 0.9 if key in LIKELY else self.optional
        return self.random.random() < chance

    def _names(self, name: str) -> tuple[str, ...]:
        arns = tuple(f"arn:aws:sagemaker:us-east-1:123456789012:{segment}/{each.lower()}" for segment in SEGMENTS for each in NAMES)
        return arns if name in {"ResourceArn", "ResourceARNList"} else NAMES


def strangers(shape: Shape, value: Any) -> Iterator[str]:
    """Yield the members of a value that its shape does not know, and the structures in it that are empty."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            if name not in shape.members:
                yield f"{name} is unknown"
            elif member in ({}, None):
                yield f"{name} is empty"
            else:
                yield from strangers(shape.members[name], member)
    elif isinstance(shape, ListShape):
        for member in value:
            yield from strangers(shape.member, member)
