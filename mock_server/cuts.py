"""Where a body is cut into parts: named rules, each a pure function of the bytes, the writes' ends and a seed.

A cut is a set of byte offsets at which one part ends and the next begins. `+` joins cuts: `write+inside-utf8`. Aimed cuts hit every occurrence of
something at a seeded offset inside it, which is how a real service cuts now and then and a test needs it always.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mock_server.words import WordError, parse_count, parse_counts

JSON_DOCUMENT = re.compile(rb"[{\[][^\r\n]*[}\]]")
CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
PREFIX = re.compile(rb"(?:\A|(?<=[\r\n]))data:")
CRLF = re.compile(rb"\r\n")
ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|.)")


@dataclass(frozen=True, slots=True)
class Body:
    """What is cut: the bytes, where each write ends, and the dice."""

    data: bytes
    ends: Sequence[int]
    dice: random.Random


Argument: TypeAlias = tuple[int, ...]
Rule: TypeAlias = Callable[[Body, Argument], Iterable[int]]


def _every(body: Body, argument: Argument) -> Iterable[int]:
    return range(argument[0], len(body.data), argument[0])


def _random(body: Body, argument: Argument) -> Iterable[int]:
    position = 0
    while position < len(body.data):
        position += body.dice.randint(1, argument[0])
        yield position


def _inside(pattern: re.Pattern[bytes]) -> Rule:
    """Return the rule that hits every match once; a match has two bytes or more."""

    def aim(body: Body, _: Argument) -> Iterable[int]:
        for match in pattern.finditer(body.data):
            yield body.dice.randrange(match.start() + 1, match.end())

    return aim


@dataclass(frozen=True, slots=True)
class _Kind:
    rule: Rule
    argument: str = ""
    """How the argument is written in messages; empty for none."""
    parse: Callable[[str], Argument] = parse_count
    aimed: bool = False

    def spelling(self, name: str) -> str:
        return f"{name}:{self.argument}" if self.argument else name


KINDS: dict[str, _Kind] = {
    "write": _Kind(lambda body, _: body.ends),
    "whole": _Kind(lambda _body, _: ()),
    "merge": _Kind(lambda body, argument: body.ends[argument[0] - 1 :: argument[0]], "K"),
    "every-byte": _Kind(lambda body, _: range(1, len(body.data))),
    "bytes": _Kind(_every, "N"),
    "random": _Kind(_random, "MAX"),
    "at": _Kind(lambda _, argument: argument, "OFFSET,OFFSET", parse_counts),
    "inside-json": _Kind(_inside(JSON_DOCUMENT), aimed=True),
    "inside-utf8": _Kind(_inside(CHARACTER), aimed=True),
    "inside-prefix": _Kind(_inside(PREFIX), aimed=True),
    "inside-crlf": _Kind(_inside(CRLF), aimed=True),
    "inside-escape": _Kind(_inside(ESCAPE), aimed=True),
}
LEGAL = ", ".join(kind.spelling(name) for name, kind in KINDS.items())


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut as it was asked for."""

    text: str
    terms: tuple[tuple[str, Argument], ...]

    @property
    def is_write(self) -> bool:
        """Whether each write is a part of its own."""
        return self.text == "write"

    def offsets(self, data: bytes, ends: Sequence[int], seed: int) -> tuple[list[int], list[str]]:
        """Return where to cut, ascending and inside the body, and the names of aimed cuts that found nothing to hit."""
        found: set[int] = set()
        missed = []
        for name, argument in self.terms:
            hits = set(KINDS[name].rule(Body(data, ends, random.Random(f"{seed} {name}")), argument))  # noqa: S311 - dice that replay, not secrets
            if KINDS[name].aimed and not hits:
                missed.append(name)
            found |= hits
        return sorted(offset for offset in found if 0 < offset < len(data)), missed


def parse_cut(text: str) -> Cut:
    """Read a cut as people write it.

    Raises:
        WordError: It names no cut, or an argument is missing or wrong.
    """
    return Cut(text, tuple(_parse_term(term) for term in text.split("+")))


def _parse_term(term: str) -> tuple[str, Argument]:
    name, colon, argument = term.partition(":")
    kind = KINDS.get(name)
    if kind is None or bool(colon) != bool(kind.argument):
        raise WordError(f"{term!r} is not a cut", f"{LEGAL}, or several joined by +")
    return name, kind.parse(argument) if colon else ()
