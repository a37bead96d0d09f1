from __future__ import annotations

import re
from collections import Counter
from itertools import zip_longest
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import Finish, StreamEvent, Token
from backends.wire import decode_events
from backends.wire.eventstream import EventStreamDecoder
from mock_server.containers import CONTAINERS
from mock_server.contract.case import FORMATS, Case, Outcome
from mock_server.contract.corpus import FAMILIES, corpus, stream_cases
from tests.mock_server.contract.parsers.framed import unframed

CASES = [case for case in corpus().values() if not case.is_generated]
GENERATED = [case for case in corpus().values() if case.is_generated]
ERRORS: dict[type[BackendError], str] = {MalformedFrame: "malformed", TruncatedStream: "truncated", StreamInterrupted: "interrupted"}


def read(case: Case) -> Outcome:
    events: list[StreamEvent] = []
    try:
        for event in decode_events(unframed(case.payloads) if case.layer == "frames" else case.parts, case.content_type):
            events.append(event)  # noqa: PERF402 - list.extend would lose what precedes an error
    except BackendError as error:
        return Outcome(tuple(events), ERRORS[type(error)], str(error) if type(error) is StreamInterrupted else "")  # type: ignore[arg-type]
    return Outcome(tuple(events))


@pytest.mark.parametrize("case", [case for case in CASES if case.in_pieces or not case.is_long], ids=str)
def test_our_reader_makes_of_every_case_what_is_right(case: Case) -> None:
    assert_right(case)


def test_our_reader_makes_of_every_generated_case_what_is_right() -> None:
    assert GENERATED
    for case in GENERATED:
        assert_right(case)
        assert_in_form(case)


def assert_right(case: Case) -> None:
    made = read(case)

    if case.in_pieces:
        assert made.text == case.text
        assert [event for event in made.events if not isinstance(event, Token)] == [event for event in case.events if not isinstance(event, Token)]
    else:
        assert list(made.events) == list(case.events)
    assert made.error == case.error
    assert case.right.says in made.says


@pytest.mark.parametrize("case", [case for case in CASES if case.is_long and not case.in_pieces], ids=str)
def test_our_reader_makes_of_every_long_case_what_is_right_event_by_event(case: Case) -> None:
    pairs = zip_longest(decode_events(case.parts, case.content_type), case.events)
    unlike = next((place for place, (made, right) in enumerate(pairs) if made != right), None)

    assert unlike is None
    assert case.error is None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_says_what_it_is_why_it_is_right_and_who_says_so(case: Case) -> None:
    assert_in_form(case)


def assert_in_form(case: Case) -> None:
    assert re.fullmatch(r"[a-z0-9](-*[a-z0-9])*", case.name)
    assert len(case.name) <= 63
    assert case.family in FAMILIES
    assert case.format in FORMATS
    assert case.container in {"", *CONTAINERS}
    assert case.why.endswith(".")
    assert case.source
    assert all(address.startswith("https://") for address in case.bit)
    assert (case.error is None) == any(isinstance(event, Finish) for event in case.events)


@pytest.mark.parametrize("case", [case for case in CASES if case.layer == "frames" and case.error in {None, "interrupted"}], ids=str)
def test_botocore_finds_the_same_frames(case: Case) -> None:
    decoder, buffer = EventStreamDecoder(), EventStreamBuffer()
    ours: list[bytes] = []
    theirs: list[Any] = []  # botocore has no types of its own here
    for piece in case.payloads:
        ours += [message.payload for message in decoder.feed(piece)]
        buffer.add_data(piece)
        theirs += list(buffer)

    assert list(decoder.finish()) == []
    assert [message.payload for message in theirs] == ours


def test_every_family_has_cases() -> None:
    assert Counter(case.family for case in CASES).keys() <= FAMILIES.keys()


def test_cases_are_chosen_by_container_family_and_format() -> None:
    assert {case.name for case in stream_cases(container="tgi-2.4", family="alignment", format="token-sse")} >= {"two-events-in-a-part"}
    with pytest.raises(ValueError, match=r"there is no container 'tgi-9' in the corpus; expected one of .*tgi-2\.4"):
        stream_cases(container="tgi-9")
