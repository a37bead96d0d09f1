"""Our own reader, held against the corpus: every short case in every cutting, the long and the generated ones as they are."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import StreamEvent, Token
from backends.wire import decode_events
from backends.wire.eventstream import EventStreamDecoder
from mock_server.contract.case import Case, ErrorKind, Outcome
from mock_server.contract.corpus import corpus
from mock_server.contract.cuttings import cuttings
from tests.mock_server.contract.parsers.framed import unframed

CASES = [case for case in corpus().values() if not case.is_generated]
GENERATED = [case for case in corpus().values() if case.is_generated]
ERRORS: dict[type[BackendError], ErrorKind] = {MalformedFrame: "malformed", TruncatedStream: "truncated", StreamInterrupted: "interrupted"}


def read(case: Case) -> Outcome:
    events: list[StreamEvent] = []
    try:
        for event in decode_events(unframed(case.payloads) if case.layer == "frames" else case.parts, case.content_type):
            events.append(event)  # noqa: PERF402 - list.extend would lose what precedes an error
    except BackendError as error:
        return Outcome(tuple(events), ERRORS[type(error)], str(error) if type(error) is StreamInterrupted else "")
    return Outcome(tuple(events))


def assert_right(case: Case) -> None:
    made = read(case)

    if case.in_pieces:
        assert made.text == case.text
        assert [event for event in made.events if not isinstance(event, Token)] == [event for event in case.events if not isinstance(event, Token)]
    else:
        assert list(made.events) == list(case.events)
    assert made.error == case.error
    assert case.right.says in made.says


@pytest.mark.parametrize("case", [case for case in CASES if case.in_pieces or not case.is_long], ids=str)
def test_of_every_case_it_makes_what_is_right(case: Case) -> None:
    assert_right(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.layer != "events" and not case.is_long], ids=str)
def test_of_every_case_it_makes_what_is_right_in_every_cutting(case: Case) -> None:
    for parts in cuttings(case.body):
        assert_right(replace(case, writes=tuple(parts), cut="write"))


def test_of_every_generated_case_it_makes_what_is_right() -> None:
    assert GENERATED
    for case in GENERATED:
        assert_right(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.is_long and not case.in_pieces], ids=str)
def test_of_every_long_case_it_makes_what_is_right_event_by_event(case: Case) -> None:
    pairs = zip_longest(decode_events(case.parts, case.content_type), case.events)
    unlike = next((place for place, (made, right) in enumerate(pairs) if made != right), None)

    assert unlike is None
    assert case.error is None


@pytest.mark.parametrize("case", [case for case in CASES if case.layer == "frames" and case.error in {None, "interrupted"}], ids=str)
def test_it_finds_the_frames_that_botocore_finds(case: Case) -> None:
    decoder, buffer = EventStreamDecoder(), EventStreamBuffer()
    ours: list[bytes] = []
    theirs: list[Any] = []  # botocore has no types of its own here
    for piece in case.payloads:
        ours += [message.payload for message in decoder.feed(piece)]
        buffer.add_data(piece)
        theirs += list(buffer)

    assert list(decoder.finish()) == []
    assert [message.payload for message in theirs] == ours
