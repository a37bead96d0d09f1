"""Where a body is cut into parts: named rules, each a pure function of the bytes, the writes' ends and a seed.

A cut is a set of byte offsets at which one part ends and the next begins. `+` joins cuts: `write+inside-utf8`. Aimed cuts hit every occurrence of
something at a seeded offset inside it, which is how a real service cuts now and then and a test needs it always.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TypeAlias

from mock_server.words import WordError, parse_count, parse_counts

JSON_DOCUMENT = re.compile(rb"[{\[][^\r\n]*[}\]]")
CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
PREFIX = re.compile(rb"(?:\A|(?<=[\r\n]))data: ?")
"""The space behind it, where a container writes one, belongs to it: a part may end between the two."""
CRLF = re.compile(rb"\r\n")
ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
"""A pair of surrogates is one character, so it is one escape."""


@dataclass(slots=True)
class Body:
    """What is cut: the next bytes of a body, where writes end in them, what came before, and the dice."""

    dice: random.Random
    data: bytes = b""
    ends: Sequence[int] = ()
    start: int = 0
    """Where in the body `data` begins."""
    writes: int = 0
    """How many writes ended before `data`."""
    next_hit: int = 0
    """Where in the body the dice cut next; 0 before they were thrown."""


Argument: TypeAlias = tuple[int, ...]
Rule: TypeAlias = Callable[[Body, Argument], Iterable[int]]
"""From the next bytes to offsets in them; their length cuts behind the last one."""


def _merge(body: Body, argument: Argument) -> Iterable[int]:
    step = argument[0]
    return body.ends[(-body.writes - 1) % step :: step]


def _every(body: Body, argument: Argument) -> Iterable[int]:
    step = argument[0]
    return range(step - body.start % step, len(body.data) + 1, step)


def _random(body: Body, argument: Argument) -> Iterable[int]:
    end = body.start + len(body.data)
    body.next_hit = body.next_hit or body.dice.randint(1, argument[0])
    while body.next_hit <= end:
        yield body.next_hit - body.start
        body.next_hit += body.dice.randint(1, argument[0])


def _at(body: Body, argument: Argument) -> Iterable[int]:
    return (offset - body.start for offset in argument)


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
    "merge": _Kind(_merge, "K"),
    "every-byte": _Kind(lambda body, _: range(1, len(body.data) + 1)),
    "bytes": _Kind(_every, "N"),
    "random": _Kind(_random, "MAX"),
    "at": _Kind(_at, "OFFSET,OFFSET", parse_counts),
    "inside-json": _Kind(_inside(JSON_DOCUMENT), aimed=True),
    "inside-utf8": _Kind(_inside(CHARACTER), aimed=True),
    "inside-prefix": _Kind(_inside(PREFIX), aimed=True),
    "inside-crlf": _Kind(_inside(CRLF), aimed=True),
    "inside-escape": _Kind(_inside(ESCAPE), aimed=True),
}
LEGAL = ", ".join(kind.spelling(name) for name, kind in KINDS.items())
LEGAL_HTTP = ", ".join(kind.spelling(name) for name, kind in KINDS.items() if not kind.aimed)


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
        """Return where to cut a whole body, ascending and inside it, and the names of aimed cuts that found nothing to hit."""
        cutter = Cutter(self, seed)
        return [offset for offset in cutter.offsets(data, ends) if 0 < offset < len(data)], cutter.missed


class Cutter:
    """One body as it comes, write by write; aimed cuts look for what they hit within what comes at once."""

    def __init__(self, cut: Cut, seed: int) -> None:
        self._terms = [(name, argument, Body(random.Random(f"{seed} {name}"))) for name, argument in cut.terms]  # noqa: S311 - dice that replay, not secrets
        self._missed = {name for name, _ in cut.terms if KINDS[name].aimed}
        self._pending = b""

    @property
    def held_bytes(self) -> int:
        """How many bytes have come of the part that is not whole yet."""
        return len(self._pending)

    @property
    def missed(self) -> list[str]:
        """The names of the aimed cuts that have found nothing to hit so far."""
        return [name for name, _, _ in self._terms if name in self._missed]

    def offsets(self, data: bytes, ends: Sequence[int]) -> list[int]:
        """Return where to cut the next bytes, in which writes end at `ends`: ascending offsets, 0 and the length included."""
        found: set[int] = set()
        for name, argument, body in self._terms:
            body.data, body.ends = data, ends
            hits = set(KINDS[name].rule(body, argument))
            body.start, body.writes = body.start + len(data), body.writes + len(ends)
            if hits:
                self._missed.discard(name)
            found |= hits
        return sorted(offset for offset in found if 0 <= offset <= len(data))

    def feed(self, writes: Sequence[bytes]) -> list[bytes]:
        """Return the parts that these writes complete."""
        data = b"".join(writes)
        offsets = self.offsets(data, list(accumulate(map(len, writes))))
        if not offsets:
            self._pending += data
            return []
        pieces = [data[start:end] for start, end in pairwise([0, *offsets, len(data)])]
        pieces[0] = self._pending + pieces[0]
        self._pending = pieces.pop()
        return [piece for piece in pieces if piece]

    def finish(self) -> list[bytes]:
        """Return the last part, if there is one left."""
        rest, self._pending = self._pending, b""
        return [rest] if rest else []


def parse_cut(text: str) -> Cut:
    """Read a cut as people write it.

    Raises:
        WordError: It names no cut, or an argument is missing or wrong.
    """
    return Cut(text, tuple(_parse_term(term) for term in text.split("+")))


def parse_http_cut(text: str) -> Cut:
    """Read a cut of framed bytes, in which there is nothing to aim at.

    Raises:
        WordError: It names no cut, or one that is aimed.
    """
    cut = parse_cut(text)
    for name, _ in cut.terms:
        if KINDS[name].aimed:
            raise WordError(f"{name!r} aims at something in a body, and HTTP chunks are cut out of frames", f"{LEGAL_HTTP}, or several joined by +")
    return cut


def _parse_term(term: str) -> tuple[str, Argument]:
    name, colon, argument = term.partition(":")
    kind = KINDS.get(name)
    if kind is None or bool(colon) != bool(kind.argument):
        raise WordError(f"{term!r} is not a cut", f"{LEGAL}, or several joined by +")
    return name, kind.parse(argument) if colon else ()
