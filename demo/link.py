"""A page's address with the page as it is set: what a query string asks for, and the query string that asks for what is set.

What it can set are fields that a person could set by hand, to what they could choose there; anything else is told, and nothing is sent by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode

from backends.body import BOUNDS, check_parameters
from backends.chat import Parameters
from backends.errors import ConfigurationError
from demo.panel import parse_number

Value: TypeAlias = str | bool

YES, NO = "yes", "no"
NOT_OURS = ("__", "utm_")
"""How names begin that Gradio, or whoever counts visits, puts into an address."""
OF_GRADIO = frozenset({"view", "deep_link", "page", "logs", "fullscreen"})


@dataclass(frozen=True, slots=True)
class Field:
    """What a link can set."""

    default: Value = ""
    """What the page begins with, which a link does not say."""
    choices: Mapping[str, str] | None = None
    """Word in the link -> value; None for any text."""
    is_number: bool = False

    def parse(self, name: str, word: str) -> Value:
        """Return the value that `word` stands for; raises ValueError."""
        if isinstance(self.default, bool):
            return {YES: True, NO: False}[word]
        if self.choices is not None:
            return self.choices[word]
        if self.is_number:
            number = parse_number(name, word)
            if name in BOUNDS:
                check_parameters(Parameters(**{name: number}))
        return word

    def word(self, value: Value) -> str:
        """Return what stands for `value`, the opposite of `parse`."""
        if isinstance(value, bool):
            return YES if value else NO
        return next((word for word, choice in (self.choices or {}).items() if choice == value), value)


@dataclass(frozen=True, slots=True)
class Link:
    """What a query string asks for."""

    values: Mapping[str, Value]
    """By the names of fields."""
    unknown: tuple[str, ...] = ()
    """Names that are no field's."""
    wrong: tuple[tuple[str, str], ...] = ()
    """Fields, and the word that is none of theirs."""


def parse_link(query: Iterable[tuple[str, str]], fields: Mapping[str, Field]) -> Link:
    """Return what a query's names and words ask for; of a name that is there twice, the last counts."""
    values: dict[str, Value] = {}
    unknown: list[str] = []
    wrong: list[tuple[str, str]] = []
    for name, word in dict(query).items():
        if name in fields:
            try:
                values[name] = fields[name].parse(name, word)
            except (KeyError, ConfigurationError):
                wrong.append((name, word))
        elif not name.startswith(NOT_OURS) and name not in OF_GRADIO:
            unknown.append(name)
    return Link(values, tuple(unknown), tuple(wrong))


def encode_link(values: Mapping[str, Value | None], fields: Mapping[str, Field]) -> str:
    """Return the query string that asks for what differs from the page's beginning; empty for nothing."""
    given = {name: bool(values[name]) if isinstance(field.default, bool) else values[name] or "" for name, field in fields.items()}
    return urlencode({name: fields[name].word(value) for name, value in given.items() if value != fields[name].default}, errors="replace")
