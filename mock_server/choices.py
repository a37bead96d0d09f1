"""What a request asks of the twin by custom attributes: `mock.cut=every-byte;mock.fault=reset@5;mock.seed=7`.

Every AWS SDK can send them (`CustomAttributes`). Only `;`-separated segments that begin with `mock.` are the twin's; the others go to the container byte for
byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.catalog import CatalogEntry
from mock_server.container_faults import check_kind
from mock_server.containers.container import Question
from mock_server.cuts import Cut, parse_cut, parse_http_cut
from mock_server.faults import Faults, parse_faults
from mock_server.profiles import Profile, find_profile
from mock_server.script import Script, find_script
from mock_server.words import WordError

PREFIX = "mock."


@dataclass(frozen=True, slots=True)
class Choices:
    """How one request is answered."""

    scripts: Mapping[str, Script]
    cut: Cut
    profile: Profile
    http_cut: Cut | None = None
    """None: each frame is an HTTP chunk."""
    fault: Faults | None = None
    seed: int = 0
    speed: float = 1.0
    script: Script | None = None
    """Answers whatever the prompt says."""
    is_retimed: bool = False
    """Whether the profile, as one that was chosen, goes before a recording's own times."""
    is_seeded: bool = False
    """Whether the request named the seed."""

    def find_script(self, question: Question) -> Script:
        """Return the script that answers; one that calls tools does so where there are tools, or where it was asked for, and has no result of theirs yet."""
        script = self.script or find_script(self.scripts, question.prompt)
        return self.scripts[script.then] if script.then and (question.follows_tool or not (self.script or question.has_tools)) else script


def choose(entry: CatalogEntry, attributes: str, profile: Profile) -> Choices:
    """Return what the request's attributes choose, and what the catalog and the server choose where they are silent.

    Raises:
        WordError: An attribute of the twin's is unknown, or its value is.
    """
    ours = (segment.strip().removeprefix(PREFIX) for segment in attributes.split(";") if segment.strip().startswith(PREFIX))
    silent: dict[str, Any] = {"scripts": entry.scripts, "cut": entry.cut, "profile": entry.profile or profile}
    chosen = dict(read_choice(segment, entry) for segment in ours)
    return Choices(**silent | chosen, is_retimed=bool(entry.profile) or "profile" in chosen, is_seeded="seed" in chosen)


def strip_choices(attributes: str) -> str:
    """Return what is left for the container, byte for byte."""
    return ";".join(segment for segment in attributes.split(";") if not segment.strip().startswith(PREFIX))


def read_choice(segment: str, entry: CatalogEntry) -> tuple[str, object]:
    """Return which member of Choices a segment, without `mock.`, chooses, and what.

    Raises:
        WordError: There is none of that name, or the endpoint does not know the value.
    """
    key, equals, value = segment.partition("=")
    read = READERS.get(key)
    if read is None or not equals:
        raise WordError(f"{PREFIX}{segment} is no attribute of the twin", ", ".join(f"{PREFIX}{name}=..." for name in READERS))
    try:
        return key, read(value, entry)
    except WordError as error:
        raise WordError(f"{PREFIX}{key}: {error.problem}", error.expected) from error


def _parse_seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise WordError(f"{text!r} is not a seed", "a whole number of 0 or more, 18 digits at most")
    return int(text)


def _parse_speed(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text) or not float(text):
        raise WordError(f"{text!r} is not a speed", "a decimal number over 0, as 4 or 0.5")
    return float(text)


def _parse_fault(text: str, entry: CatalogEntry) -> Faults:
    faults = parse_faults(text)
    check_kind(faults.error_kind, entry.container)
    return faults


def _find_named(name: str, entry: CatalogEntry) -> Script:
    if entry.recording:
        raise WordError(f"{entry.name} plays recordings", "no script")
    if name not in entry.scripts:
        raise WordError(f"{name!r} is not a script", ", ".join(entry.scripts))
    return entry.scripts[name]


READERS: dict[str, Callable[[str, CatalogEntry], object]] = {
    "cut": lambda text, _: parse_cut(text),
    "http_cut": lambda text, _: parse_http_cut(text),
    "fault": _parse_fault,
    "seed": lambda text, _: _parse_seed(text),
    "script": _find_named,
    "profile": lambda text, _: find_profile(text),
    "speed": lambda text, _: _parse_speed(text),
}
