"""The corpus as data: what each case says of itself, and how cases are chosen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest

from backends.events import Finish
from mock_server.containers import CONTAINERS
from mock_server.containers.media import MEDIA
from mock_server.contract.case import FORMATS, Case, Outcome, fails
from mock_server.contract.corpus import FAMILIES, corpus, stream_cases

CASES = list(corpus().values())
NAMED = [case for case in CASES if not case.is_generated]


def test_every_case_says_what_it_is_why_it_is_right_and_who_says_so() -> None:
    for case in CASES:
        assert re.fullmatch(r"[a-z0-9](-*[a-z0-9])*", case.name), case.name
        assert len(case.name) <= 63, case.name
        assert case.format in FORMATS, case.name
        assert case.why.endswith("."), case.name
        assert case.source, case.name
        assert all(address.startswith("https://") for address in case.bit), case.name
        assert (case.error is None) == any(isinstance(event, Finish) for event in case.events), case.name
        assert all(outcome.error != "interrupted" or outcome.says == case.right.says for outcome in case.also), case.name
        assert case.right not in case.also, case.name


def test_every_family_has_cases() -> None:
    assert {case.family for case in NAMED} == FAMILIES.keys()


def test_every_format_has_cases() -> None:
    assert {case.format for case in NAMED} == FORMATS.keys()


def test_every_container_of_the_twin_that_writes_text_has_a_case_of_its_own() -> None:
    assert {case.container for case in NAMED} == {"", *CONTAINERS} - {media.name for media in MEDIA}


def test_there_are_many_cases_and_no_two_parts_are_the_same() -> None:
    assert len(NAMED) >= 150
    seen = [(tuple(case.writes), case.cut, case.content_type, case.layer, case.tail) for case in NAMED if case.writes and not case.is_long]
    assert [case for place, case in enumerate(seen) if case in seen[:place]] == []


def test_a_done_that_no_blank_line_dispatched_may_be_missed_wherever_it_stands() -> None:
    cases = [case for case in CASES if case.format.endswith("-sse") and re.search(rb"\[DONE\]\n?\Z", b"".join(islice(case.writes, 10)))]
    assert len(cases) >= 3
    assert [case.name for case in cases if fails("truncated", *case.tokens) not in case.also] == []


def test_a_document_in_fragments_may_fail_without_a_text_wherever_it_may_fail() -> None:
    outcomes = {case.name: (case.right, *case.also) for case in CASES if case.format == "fragments"}
    errors = [(name, outcome) for name, allowed in outcomes.items() for outcome in allowed if outcome.error]
    assert len(errors) >= 10
    assert [name for name, outcome in errors if Outcome((), outcome.error, outcome.says) not in outcomes[name]] == []


def test_cases_are_chosen_by_container_family_and_format() -> None:
    assert {case.name for case in stream_cases(container="tgi-2.4", family="alignment", format="token-sse")} >= {"two-events-in-a-part"}
    with pytest.raises(ValueError, match=r"there is no container 'tgi-9' in the corpus; expected one of .*tgi-2\.4"):
        stream_cases(container="tgi-9")


@pytest.mark.parametrize("case", [case for case in NAMED if case.format.startswith(("chat-", "completion-"))], ids=str)
def test_a_chunk_has_the_members_that_its_server_always_writes(case: Case) -> None:
    required = {"id", "object", "created"} | (set() if case.container.startswith("lmi-") else {"model"})  # LMI's own chats have no model

    assert [chunk for chunk in chunks(case) if not required <= chunk.keys()] == []


def chunks(case: Case) -> Iterator[dict[str, Any]]:
    for line in re.split(rb"[\r\n]+", b"".join(islice(case.writes, 10))):
        with suppress(ValueError):  # what is no JSON, or no whole one, is what some cases are about
            frame = json.loads(line.removeprefix(b"data:"))
            if isinstance(frame, dict) and "choices" in frame:
                yield frame
