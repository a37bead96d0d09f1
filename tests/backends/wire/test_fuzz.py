"""Bodies and frames as containers write them, damaged in any way: the decoders raise nothing but their own errors, and never loop or grow."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends.errors import MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import Finish, StreamEvent
from backends.wire import decode_events
from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import encode_error, encode_exception, encode_part, parse_part
from mock_server.contract.corpus import stream_cases
from mock_server.contract.cuttings import EXHAUSTIVE_BYTES, cut_at, every
from tests.backends.wire.frames import FRAMES

OURS = (MalformedFrame, TruncatedStream, StreamInterrupted)
SEEDS = [case.body for case in stream_cases() if len(case.body) <= EXHAUSTIVE_BYTES]
LINE_ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\x85", b"\xe2\x80\xa8"]
FIELDS = [b"data:", b"data: ", b":", b"event: x\n", b"id:1\n", b"[DONE]", b"\xef\xbb\xbf"]
JSON = [b"{", b"}", b"[", b"]", b'"', b"\\", b"\\u", b"\\ud83d", b",", b"null", b'"error"', b'"token"', b'"choices"', b'"generated_text"', b"1e999", b"-0"]
TOKENS = [*LINE_ENDS, *FIELDS, *JSON, b"\xf0\x9f", b"\xff", b"\x00"]
FUZZ = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Return one of the seeds with a few pieces taken out, put in, doubled or changed."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 24)))
        match draw(st.sampled_from(["cut", "put", "double", "flip", "stop"])):
            case "cut":
                del data[start:end]
            case "put":
                data[start:start] = draw(st.sampled_from(TOKENS) | st.binary(max_size=6))
            case "double":
                data[start:start] = data[start:end]
            case "flip" if start < len(data):
                data[start] ^= draw(st.integers(1, 255))
            case _:
                del data[end:]
    return bytes(data)


def outcome(parts: Iterable[bytes], content_type: str | None) -> tuple[list[StreamEvent], str]:
    """Return the events and what ended them, in words."""
    events: list[StreamEvent] = []
    try:
        for event in decode_events(parts, content_type):
            events.append(event)  # noqa: PERF402 - list.extend would lose what precedes an error
    except OURS as error:
        return events, f"{type(error).__name__}: {error}"
    except ValueError as error:
        assert "event stream" in str(error)  # noqa: PT017 - the one ValueError that is documented
        return events, "event stream"
    assert isinstance(events[-1], Finish)
    return events, "end"


@given(body=damaged(SEEDS), content_type=st.sampled_from([None, "application/jsonlines", "text/event-stream", "application/json"]), data=st.data())
@FUZZ
def test_a_damaged_body_ends_in_one_way_however_it_is_cut(body: bytes, content_type: str | None, data: st.DataObject) -> None:
    whole = outcome([body], content_type)
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=8))

    assert len(whole[0]) <= len(body) + 1
    for parts in (every(body, 1), cut_at(body, *places)):
        events, end = outcome(parts, content_type)
        assert repr(_joined(events)) == repr(_joined(whole[0]))  # a NaN is not itself, and an answer in fragments has a token per part
        assert end == whole[1]


def _joined(events: list[StreamEvent]) -> list[object]:
    """Return the events, the texts of neighbouring tokens that are nothing but text joined."""
    joined: list[object] = []
    for event in events:
        if type(event).__name__ == "Token" and event.id is None and event.logprob is None:  # type: ignore[union-attr]  # by its name
            if joined and isinstance(joined[-1], str):
                joined[-1] += event.text  # type: ignore[union-attr]  # likewise
            else:
                joined.append(event.text)  # type: ignore[union-attr]  # likewise
        else:
            joined.append(event)
    return joined


@given(body=damaged(SEEDS))
@FUZZ
def test_whoever_takes_malformed_frames_is_raised_none(body: bytes) -> None:
    malformed: list[MalformedFrame] = []
    try:
        events = list(decode_events(every(body, 5), on_malformed=malformed.append))
    except (TruncatedStream, StreamInterrupted):
        return
    except ValueError as error:
        assert "event stream" in str(error)  # noqa: PT017 - the one ValueError that is documented
        return
    assert isinstance(events[-1], Finish)
    assert all(0 <= error.offset <= len(body) for error in malformed)


STREAMS = [*FRAMES.values(), encode_part(b"a") * 3, encode_part(b"a") + encode_exception("ModelStreamError", {"Message": "m"}), encode_error("a", "b")]


@given(stream=damaged(STREAMS), data=st.data())
@FUZZ
def test_a_damaged_event_stream_ends_in_one_way_however_it_is_cut(stream: bytes, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert read([stream]) == read(every(stream, 1)) == read(cut_at(stream, *places))


def read(parts: Iterable[bytes]) -> tuple[list[bytes | None], str]:
    decoder, payloads = EventStreamDecoder(), []
    try:
        for part in parts:
            payloads += [parse_part(message) for message in decoder.feed(part)]
        payloads += [parse_part(message) for message in decoder.finish()]
    except OURS as error:
        return [], f"{type(error).__name__}: {error}"
    return payloads, "end"


PIECES = [b"{", b"[", b'{"a":', b"data:", b"data:{\n", b":\n", b"\r", b" ", b'"', b"\xf0", b"event:x\n\n", b'{"outputs": [""]}\n', b'{"token": {}}\n']


@pytest.mark.parametrize("content_type", ["application/jsonlines", "text/event-stream"])
@pytest.mark.parametrize("piece", PIECES)
def test_what_could_nest_wait_or_repeat_is_held_once(piece: bytes, content_type: str) -> None:
    size = 200_000
    tracemalloc.start()
    try:
        events, end = outcome((piece for _ in range(size // len(piece))), content_type)
        del events
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(end) < 10_000
    assert peak_bytes < 20 * size
