"""All cases, in families. A new case is a row in the table of its family, under `cases/`; a new family is a row here and a file or a table there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from itertools import chain

from mock_server.contract.case import FORMATS, Case, Format

FAMILIES: Mapping[str, str] = {
    "alignment": "where parts end: on events and off them, inside JSON, inside a prefix or an escape, several events in a part",
    "utf-8": "a character's bytes in two parts",
    "line-ends": "LF, CR and CRLF, whole and split",
    "byte-order-mark": "a mark before the first byte, and behind it",
    "comments": "comments and keep-alives, before, between and inside events",
    "fields": "`event`, `id`, `retry` and fields that nobody knows",
    "data": "several data lines in an event, empty data, no space behind the colon",
    "ending": "no line end behind the last frame, blank lines, whole answers repeated by the last event",
    "done": "`[DONE]`: alone, in the last chunk, without a space, absent",
    "separators": "U+2028, U+2029 and U+0085, raw and escaped, which end no line",
    "surrogates": "escaped pairs, halves alone, pairs across frames",
    "invalid": "bytes that are no UTF-8, NUL, JSON that is none",
    "framing-text": "text that looks like framing: `data:`, braces, end marks, hashes, quotes, backslashes",
    "special": "special, empty and null tokens",
    "chunks": "chat chunks: role alone, usage alone, several choices, thoughts, log probabilities",
    "tool-calls": "tool calls, whole and in deltas",
    "outputs": "LMI's `outputs`",
    "fragments": "one JSON document in pieces",
    "documents": "arrays around an answer, pretty-printed JSON, answers that come whole",
    "errors": "errors inside the body, in every container's words",
    "exceptions": "exceptions and errors of the event stream, as bytes and as botocore's dicts",
    "frames": "the event stream's own framing: checksums, lengths, headers, unknown events",
    "truncation": "bodies that stop before their end",
    "size": "long lines, many events in a part, many parts, much in all",
}
"""Family -> what its cases vary."""

_TABLES = (
    "alignment",
    "characters",
    "lines",
    "fields",
    "chat_fields",
    "data",
    "ending",
    "done",
    "surrogates",
    "framing_text",
    "special",
    "outputs",
    "fragments",
    "fragment_ends",
    "documents",
    "size",
    "chunks",
    "chunk_ends",
    "chunk_members",
    "completions",
    "tool_calls",
    "server_calls",
    "errors",
    "lmi_errors",
    "invalid",
    "rare",
    "mistyped",
    "exceptions",
    "frames",
    "bad_frames",
    "truncation",
    "truncation_rows",
)
"""The files under `cases/`, each with its `CASES`."""


MOST_LISTED = 40
"""So many legal names a message lists; of more, those that look like what was asked for."""


@cache
def corpus() -> Mapping[str, Case]:
    """Return every case by name, family by family.

    Raises:
        ValueError: Two cases have one name, or a case has a family that there is not.
    """
    tables = (import_module(f"mock_server.contract.cases.{name}").CASES for name in _TABLES)
    cases: dict[str, Case] = {}
    order = list(FAMILIES)
    for case in sorted(chain.from_iterable(tables), key=lambda case: order.index(case.family)):
        if case.name in cases:
            raise ValueError(f"two cases are named {case.name!r}: give one of them another name")
        cases[case.name] = case
    return cases


def containers(cases: Collection[Case]) -> set[str]:
    """Return the containers that write any of the cases."""
    return {case.container for case in cases if case.container}


def of_container(cases: Collection[Case], container: str) -> list[Case]:
    """Return the cases that a container of the twin writes, and those of none that anything with its formats could write."""
    formats = {case.format for case in cases if case.container == container}
    return [case for case in cases if case.container == container or (not case.container and case.format in formats)]


def stream_cases(*, container: str | None = None, family: str | None = None, format: Format | None = None, every: bool = False) -> list[Case]:  # noqa: A002 - the word that cases have for it
    """Return the cases of the layer `body`, for `pytest.mark.parametrize("case", stream_cases(..), ids=str)`.

    Args:
        container: Only those that this container of the twin writes, and those that anything with its formats could write.
        family: Only those of one of `FAMILIES`.
        format: Only those of one of `FORMATS`.
        every: Also those that vary one thing many times, and those that test size.

    Raises:
        ValueError: There is no such container, family or format; the message lists the legal ones.
    """
    cases = [case for case in corpus().values() if case.layer == "body"]
    for what, given, legal in (("container", container, containers(cases)), ("family", family, FAMILIES), ("format", format, FORMATS)):
        if given is not None:
            check(what, given, legal)
    return [
        case
        for case in (cases if container is None else of_container(cases, container))
        if family in (None, case.family) and format in (None, case.format) and (every or not (case.is_generated or case.is_long))
    ]


def check(what: str, given: str, legal: Collection[str]) -> None:
    """See that there is what was asked for.

    Raises:
        ValueError: There is not; the message lists the legal ones, of many those that look like it.
    """
    if given not in legal:
        listed = sorted(legal) if len(legal) <= MOST_LISTED else get_close_matches(given, legal, cutoff=0.5) or sorted(legal)[:MOST_LISTED]
        raise ValueError(f"there is no {what} {given!r} in the corpus; expected one of {', '.join(listed)}{', ..' * (len(listed) < len(legal))}")
