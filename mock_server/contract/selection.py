"""Which cases are tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from mock_server.contract.case import Case
from mock_server.contract.corpus import check, containers, of_container
from mock_server.contract.trial import LeftOut, why_not


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; an empty collection is anything."""

    adapter: str = "parts"
    families: Collection[str] = ()
    formats: Collection[str] = ()
    container: str = ""
    names: Collection[str] = ()
    cut: str = ""
    exhaustive: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cases to try, and how many of those that were asked for are left out, by what keeps them from being tried."""

    cases: list[Case]
    left_out: Mapping[LeftOut, int] = field(default_factory=dict)


def choose(corpus: Mapping[str, Case], wanted: Wanted) -> Chosen:
    """Return the cases that were asked for.

    Raises:
        ValueError: There is no such case or container, none is left, or cases are asked for by name and by what they are as well.
    """
    every = corpus.values()
    for name in wanted.names:
        check("case", name, corpus)
    if wanted.names and (wanted.families or wanted.formats or wanted.container):
        raise ValueError("--case asks for cases by name, --family, --format and --container for all that are of a kind: expected the one or the others")
    if wanted.container:
        check("container", wanted.container, containers(every))
    by_container = of_container(every, wanted.container) if wanted.container else every
    asked = [case for case in every if case.name in wanted.names] or [case for case in by_container if _is_asked(case, wanted)]
    left_out = {case.name: why for case in asked if (why := _why_not(case, wanted))}
    given = [case for case in asked if case.name not in left_out]
    if not given:
        cut = f" with --cut {wanted.cut}" if wanted.cut else ""
        raise ValueError(f"no case is left: {len(asked)} were chosen, of which --adapter {wanted.adapter}{cut} can give none")
    if wanted.cut:
        given = [case if case.is_long else replace(case, cut=wanted.cut) for case in given]
    return Chosen(given, Counter(left_out.values()))


def _is_asked(case: Case, wanted: Wanted) -> bool:
    by_kind = case.family in (wanted.families or (case.family,)) and case.format in (wanted.formats or (case.format,))
    return by_kind and (wanted.exhaustive or not case.is_generated)


def _why_not(case: Case, wanted: Wanted) -> LeftOut | None:
    """Return what keeps a case from being tried: what its adapter cannot give, or that a case which tests size has a cut of its own."""
    is_cut_elsewhere = wanted.cut and case.is_long and not wanted.names
    return why_not(wanted.adapter, case) or ("cut" if is_cut_elsewhere else None)
