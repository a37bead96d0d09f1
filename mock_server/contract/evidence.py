"""What a person needs to see of a result: the bytes where it was cut, what was expected, what came, and the command that shows it again."""

from __future__ import annotations

import shlex
import sys
from itertools import zip_longest

from mock_server.contract.case import Outcome, Repeated
from mock_server.contract.cuttings import Offsets
from mock_server.contract.judge import Answer, Text
from mock_server.contract.process import Launch
from mock_server.contract.recorded import RECORDED
from mock_server.contract.runner import Result
from mock_server.program import program

AROUND_BYTES = 24
SHOWN_BYTES = 160
SHOWN_CHARACTERS = 60
SHOWN_OFFSETS = 3


def spell_cut(offsets: Offsets, size: int) -> str:
    """Return a cutting as `mock.cut` has it, nothing where it has empty parts, which no cut has."""
    if not offsets:
        return "whole"
    if len({*offsets, 0, size}) != len(offsets) + 2:
        return ""
    step = offsets[0]
    if size > 2 * step and offsets == tuple(range(step, size, step)):
        return "every-byte" if step == 1 else f"bytes:{step}"
    return "at:" + ",".join(map(str, offsets))


def command(result: Result, launch: Launch) -> str:
    """Return the command that tries this case alone, in this cut."""
    words = [*program().split(), "contract", "--parser", launch.parser]
    words += ["--adapter", launch.adapter] if launch.adapter != "parts" else []
    words += ["--python", launch.python] if launch.python != sys.executable else []
    trial, case = result.trial, result.case
    own = "" if case.cut == "write" else case.cut
    cut = own if trial.offsets is None else spell_cut(trial.offsets, len(case.body)) or "?"
    words += ["--recording", case.source] if case.family == RECORDED else ["--case", case.name]
    if cut == "?":
        words.append("--exhaustive")
    elif cut:
        words += ["--cut", cut]
    words += ["--time-limit", f"{result.time_limit:g}"] if result.time_limit != 1 else []
    return shlex.join(words)


def show_cut(result: Result) -> list[str]:
    """Return where the stream is cut, and the bytes before and behind each of the first offsets."""
    case = result.case
    if isinstance(case.writes, Repeated):
        return [f"as the case is, {case.writes.times} times {_shown(case.writes.again)}"]
    body, offsets = case.body, result.trial.cut
    if not offsets:
        return [f"none: all {len(body)} bytes in one part", _shown(body)] if body else ["none: there are no bytes"]
    places = [f"{body[max(0, place - AROUND_BYTES) : place]!r} | {body[place : place + AROUND_BYTES]!r}" for place in offsets[:SHOWN_OFFSETS]]
    named = ", ".join(map(str, offsets[:SHOWN_OFFSETS])) + (f" and {len(offsets) - SHOWN_OFFSETS} more" if len(offsets) > SHOWN_OFFSETS else "")
    return [f"at {named} of {len(body)} bytes", *places]


def _shown(data: bytes) -> str:
    if len(data) <= SHOWN_BYTES:
        return repr(data)
    return f"{data[: SHOWN_BYTES // 2]!r} .. {data[-SHOWN_BYTES // 2 :]!r}"


def show_expected(outcome: Outcome, got: Text) -> str:
    """Return what is right, around the first character in which the text that came differs."""
    text = show_text(Text.of(outcome.text), got)
    if outcome.error is None:
        return f"{text}, then the end"
    return f"{text}, then an error ({outcome.error}{outcome.says and f', which says {outcome.says!r}'})"


def show_got(answer: Answer, outcome: Outcome) -> str:
    """Return what came, around the first character in which it differs from what is right."""
    if answer.ended == "died":
        return answer.describe()
    text = show_text(answer.text, Text.of(outcome.text))
    return f"{text}, then {'the end' if answer.ended == 'end' else answer.describe()}"


def show_text(text: Text, other: Text) -> str:
    """Return a text as a literal, or the part of it around the first difference to another."""
    if text.length <= SHOWN_CHARACTERS:
        return repr(text.head)
    differs = _first_difference(text.head, other.head)
    start = max(0, min(differs - SHOWN_CHARACTERS // 3, len(text.head) - SHOWN_CHARACTERS))
    shown = repr(text.head[start : start + SHOWN_CHARACTERS])
    return f"{'.. ' if start else ''}{shown}{' ..' if start + SHOWN_CHARACTERS < text.length else ''} ({text.length} characters)"


def _first_difference(text: str, other: str) -> int:
    """Return the index of the first character that differs, the length where none does."""
    pairs = enumerate(zip_longest(text, other))
    return next((index for index, (mine, yours) in pairs if mine != yours), len(text))
