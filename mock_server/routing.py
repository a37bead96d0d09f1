"""Where on its endpoint a request goes: which variant answers, and which inference component it is for.

Variants share the traffic by their weights, as the developer guide has it: each gets its weight's share of their sum. The service draws; so does the twin, from
the request's seed where it names one, or else from how many came before it, so that the same requests in the same order go the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any

from mock_server.operation import COMPONENT_HEADER, ENDPOINT_NAME, VARIANT_HEADER
from mock_server.profiles import Profile, find_profile
from mock_server.refusals import COMPONENT_NOT_ALLOWED, COMPONENT_REQUIRED, invalid, not_found
from mock_server.words import WordError


@dataclass(frozen=True, slots=True)
class Variant:
    """One production variant of an endpoint."""

    name: str = "AllTraffic"
    weight: float = 1.0
    profile: Profile | None = None
    """None: the endpoint's."""


class Turns:
    """How many requests each endpoint's variants have shared."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def take(self, endpoint: str) -> int:
        """Return how many came before this one."""
        self._counts[endpoint] += 1
        return self._counts[endpoint] - 1

    def forget(self) -> None:
        """Begin again."""
        self._counts.clear()


def check_component(components: Sequence[str], headers: Mapping[str, str]) -> None:
    """Let a request pass that is for one of an endpoint's inference components, or for none where there are none.

    Raises:
        Refused: It is not.
    """
    component = headers.get(COMPONENT_HEADER)
    if component is None and components:
        raise invalid(COMPONENT_REQUIRED, ErrorCode="INFERENCE_COMPONENT_NAME_MISSING")
    if component is not None and not components:
        raise invalid(COMPONENT_NOT_ALLOWED)
    if component is not None and component not in components:
        raise not_found("Inference Component", component)


def find_variant(variants: Sequence[Variant], headers: Mapping[str, str]) -> Variant | None:
    """Return the variant that a request names, None if it leaves that to the weights.

    Raises:
        Refused: There is none of that name.
    """
    name = headers.get(VARIANT_HEADER)
    if name is None:
        return variants[0] if len(variants) == 1 else None
    named = next((variant for variant in variants if variant.name == name), None)
    if named is None:
        raise not_found("Variant", name)
    return named


def draw_variant(variants: Sequence[Variant], lot: str) -> Variant:
    """Return a variant by the weights; the same lot draws the same one."""
    return Random(f"variant {lot}").choices(variants, [variant.weight for variant in variants])[0]  # noqa: S311 - a share of traffic is no secret


def read_variants(value: Any) -> tuple[Variant, ...]:
    """Return the variants of a catalog's table: name -> weight, or a table of weight and profile.

    Raises:
        WordError: It is none.
    """
    if value is None:
        return (Variant(),)
    expected = "a table of variants: a weight of 0 or more each, or a table of weight and profile"
    if not isinstance(value, dict) or not value:
        raise WordError(f"received {value!r}", expected)
    variants = tuple(_read_variant(name, given, expected) for name, given in value.items())
    if not sum(variant.weight for variant in variants):
        raise WordError("every weight is 0", "one over 0")
    return variants


def _read_variant(name: str, given: Any, expected: str) -> Variant:
    members = given if isinstance(given, dict) else {"weight": given}
    weight, profile = members.get("weight", 1), members.get("profile")
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < inf
    if not is_number or not isinstance(profile, str | None) or members.keys() - {"weight", "profile"}:
        raise WordError(f"{name} is {given!r}", expected)
    return Variant(_read_name(name), weight, find_profile(profile) if profile else None)


def read_components(value: Any) -> tuple[str, ...]:
    """Return the names of inference components that a catalog lists.

    Raises:
        WordError: They are none.
    """
    if value is None:
        return ()
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise WordError(f"received {value!r}", "a list of names")
    return tuple(map(_read_name, value))


def _read_name(name: str) -> str:
    if any(ENDPOINT_NAME.violations(name)):
        raise WordError(f"{name!r} is not a name", "1 to 63 letters, digits and hyphens between them")
    return name
