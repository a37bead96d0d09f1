"""A trial: one case in one cutting, as a worker is told it, and which cases an adapter can be given."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mock_server.contract.case import Case, Layer, Repeated
from mock_server.contract.cuttings import Offsets, cut_at, offsets_of
from mock_server.contract.worker import EXCEPTIONS
from mock_server.cuts import parse_cut

LAYERS: Mapping[str, frozenset[Layer]] = {
    "parts": frozenset({"body"}),
    "boto3": frozenset({"body", "events"}),
    "lines": frozenset({"body", "events"}),
    "async": frozenset({"body"}),
    "frames": frozenset({"body", "events", "frames"}),
    "client": frozenset({"body", "events"}),
}
"""Adapter -> the layers of the cases that it can give a parser."""

MOST_PARTS: Mapping[str, int] = {"frames": 1_000_000, "client": 50_000}
"""Adapter -> how many parts it gives in about the time that a parser has: framing one takes longer than reading it."""
LeftOut: TypeAlias = Layer | Literal["parts", "cut"]
"""What keeps a case from being tried: its layer, too many parts, or that `--cut` asks for another cut than that for which it is there."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A case, cut as it says or elsewhere."""

    case: Case
    offsets: Offsets | None = None
    """Where to cut it; None for the case's own parts."""

    @property
    def parts(self) -> list[bytes]:
        """The bytes of the parts."""
        return list(self.case.payloads) if self.offsets is None else cut_at(self.case.body, *self.offsets)

    @property
    def cut(self) -> Offsets:
        """Where its parts end."""
        return offsets_of(list(self.case.payloads)) if self.offsets is None else self.offsets

    def job(self) -> dict[str, Any]:
        """Return what a worker is told: what is long in few words."""
        case = self.case
        told = {"name": case.name, "layer": case.layer, "content_type": case.content_type, "tail": _spell(case.tail)}
        step = _step(case.cut)
        if isinstance(case.writes, Repeated) and self.offsets is None and step is not None:
            long = case.writes
            return {**told, "first": _encode(long.first), "again": _encode((long.again,)), "times": long.times, "last": _encode(long.last), "step": step}
        return {**told, "parts": _encode(self.parts)}


def _step(cut: str) -> int | None:
    """Return how many bytes each part has, 0 where each write is one, None where the cut has no step."""
    terms = parse_cut(cut).terms
    name, argument = terms[0]
    steps = {"write": 0, "every-byte": 1, "bytes": argument[0] if argument else None}
    return steps.get(name) if len(terms) == 1 else None


def _encode(writes: Sequence[bytes]) -> list[str]:
    return [b64encode(write).decode() for write in writes]


def _spell(value: Any) -> Any:
    """Return event dicts as JSON has them, their bytes as `{"$bytes": ..}`."""
    if isinstance(value, bytes):
        return {"$bytes": b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {name: _spell(member) for name, member in value.items()}
    return [_spell(member) for member in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def can_give(adapter: str, case: Case) -> bool:
    """Return whether an adapter has the means to give a case."""
    return not why_not(adapter, case)


def why_not(adapter: str, case: Case) -> LeftOut | None:
    """Return what keeps an adapter from giving a case: its layer, an event that no recording has, or too many parts."""
    is_recordable = all(name in EXCEPTIONS for event in case.tail for name in event)
    if case.layer not in LAYERS[adapter] or (adapter == "client" and not is_recordable):
        return case.layer
    return "parts" if case.is_long and _count(case) > MOST_PARTS.get(adapter, math.inf) else None


def _count(case: Case) -> int:
    """Return about how many parts a case that tests size has."""
    step = _step(case.cut)
    writes = case.writes
    if not isinstance(writes, Repeated) or step is None:
        return 1
    return len(writes.again) * writes.times // step if step else writes.times
