from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import Data, Finish, StreamEvent, Token
from backends.wire import EventDecoder, decode_events
from backends.wire.documents import parse_frame
from backends.wire.lines import MAX_FRAME_BYTES, Frame
from mock_server.contract.case import Case
from mock_server.contract.cases.rows import JSON_LINES, SSE
from mock_server.contract.corpus import stream_cases
from mock_server.contract.cuttings import cut_at, cuttings, every
from tests.backends.wire.fragments import joined

WHOLE = [case for case in stream_cases() if case.error is None]
ONE_OF_EACH = list({(case.family, case.format): case for case in WHOLE if b"[DONE]" not in case.body}.values())
TELLING = [case for case in stream_cases() if case.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"", *(bytes((byte,)) for byte in b":deir{[")}]
"""Those whose first byte that is no blank tells the framing."""


def collect(parts: Iterable[Any], content_type: str | None = None) -> tuple[list[StreamEvent], BackendError | None]:
    events: list[StreamEvent] = []
    try:
        for event in decode_events(parts, content_type):
            events.append(event)  # noqa: PERF402 - list.extend would lose what precedes an error
    except BackendError as error:
        return events, error
    return events, None


def with_frames(decoder: EventDecoder, events: Iterable[StreamEvent]) -> Iterator[tuple[StreamEvent, Frame]]:
    """Pair events that are being taken with their frames."""
    for place, event in enumerate(events):
        yield event, decoder.frames[place]


CONTENT_TYPES = [None, "", "application/octet-stream", "text/plain; charset=utf-8", JSON_LINES, SSE, "application/json"]


@pytest.mark.parametrize("case", TELLING, ids=str)
def test_a_content_type_that_is_absent_or_wrong_is_sniffed(case: Case) -> None:
    events, error = collect([case.body], case.content_type)
    for content_type in CONTENT_TYPES:
        for parts in ([case.body], every(case.body, 1)):
            found, failure = collect(parts, content_type)
            assert joined(found) == joined(events)
            assert repr(failure) == repr(error)


@pytest.mark.parametrize("line", [b":", b"data", b"event: message", b"id: 1", b"retry: 5"])
def test_a_body_that_begins_with_a_field_is_server_sent_events(line: bytes) -> None:
    assert collect([line + b'\ndata: {"outputs": ["a"]}\n\n']) == ([Token("a"), Finish()], None)


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=str)
def test_a_body_that_stops_anywhere_is_an_end_or_an_error_and_never_loses_what_came(case: Case) -> None:
    whole = case.text
    for length in range(len(case.body)):
        events, error = collect([case.body[:length]], case.content_type)
        came = "".join(event.text for event in events if isinstance(event, Token) and not event.special)

        assert whole.startswith(came)
        assert isinstance(error, TruncatedStream) != isinstance(events[-1] if events else None, Finish)


def test_a_decoder_tells_which_bytes_an_event_came_from() -> None:
    body = b': x\r\n\r\ndata:{"outputs": ["a"]}\r\n\r\n\xe2\x80\xa8\n\ndata: {"outputs":\ndata: ["b"]}\n\ndata: {"outputs": ["c"]}'
    for parts in cuttings(body):
        decoder = EventDecoder(SSE)
        spans = [(event, body[start:end]) for part in parts for event, (start, end, _) in with_frames(decoder, decoder.feed(part))]
        spans += [(event, body[start:end]) for event, (start, end, _) in with_frames(decoder, decoder.finish())]

        assert spans == [
            (Token("a"), b'data:{"outputs": ["a"]}'),
            (Token("b"), b'data: {"outputs":\ndata: ["b"]}'),
            (Token("c"), b'data: {"outputs": ["c"]}'),
            (Finish(), b""),
        ]


def test_frames_that_are_no_tokens_among_those_that_are_tell_their_bytes_too() -> None:
    lines = [
        b'{"token": {"text": "a"}}',
        b'{"token": {"text": "b"}}',
        b'{"x": 1}',
        b"",
        b'{"outputs": ["c"]}',
        b'{"token": {"text": NaN}}',
        b'{"token": {"text": "d"}}',
    ]
    body = b"\n".join(lines) + b"\n"
    for parts in cuttings(body):
        malformed: list[MalformedFrame] = []
        decoder = EventDecoder(JSON_LINES, on_malformed=malformed.append)
        frames = [(event, body[start:end]) for part in parts for event, (start, end, _) in with_frames(decoder, decoder.feed(part))]

        assert frames == [(Token("a"), lines[0]), (Token("b"), lines[1]), (Token("c"), lines[4]), (Token("d"), lines[6])]
        assert [error.frame for error in malformed] == [lines[5]]


def test_done_brings_the_finish_at_once_and_nothing_behind_it_counts() -> None:
    for behind in (b"", b'data: {"error": "late"}\n\n', b"data: {bad\n\n", b"x" * 100, b"\x00\r\ndata: [DONE]\n\n"):
        decoder = EventDecoder(SSE)

        assert list(decoder.feed(b'data: {"outputs": ["a"]}\n\n')) == [Token("a")]
        assert list(decoder.feed(b"data: [DONE]\n")) == []
        assert list(decoder.feed(b"\n" + behind)) == [Finish()]
        assert [event for byte in behind for event in decoder.feed(bytes((byte,)))] == []
        assert list(decoder.finish()) == []


@pytest.mark.parametrize("case", WHOLE, ids=str)
def test_pushed_or_pulled_the_events_are_the_same_and_each_comes_with_the_byte_that_completes_it(case: Case) -> None:
    decoder = EventDecoder(case.content_type)
    pushed = [(place, event) for place, byte in enumerate(case.body, 1) for event in decoder.feed(bytes((byte,)))]
    taken = 0

    def source() -> Iterator[bytes]:
        nonlocal taken
        for taken, byte in enumerate(case.body, 1):  # noqa: B007 - how far the source was read is what is looked at
            yield bytes((byte,))
        taken += 1

    pulled = [(taken, event) for event in decode_events(source(), case.content_type)]

    assert pulled == pushed + [(len(case.body) + 1, event) for event in decoder.finish()]


def test_what_malformed_frames_are_told_to_may_end_the_answer_behind_what_came_before() -> None:
    def give_up(error: MalformedFrame) -> None:
        raise ZeroDivisionError from error

    events = decode_events([b'{"token": {"text": "a"}}\noops\n'], JSON_LINES, on_malformed=give_up)

    assert next(events) == Token("a")
    with pytest.raises(ZeroDivisionError):
        next(events)


def test_offsets_count_a_byte_order_mark_and_blanks() -> None:
    body = b'\xef\xbb\xbf \r\n{"outputs": ["a"]}\n'
    for parts in cuttings(body):
        decoder = EventDecoder()
        frames = [frame for part in parts for _, frame in with_frames(decoder, decoder.feed(part))]
        frames += [frame for _, frame in with_frames(decoder, decoder.finish())]

        assert frames == [(6, 24, b'{"outputs": ["a"]}'), (25, 25, b"")]


def test_malformed_frames_are_skipped_where_somebody_takes_them() -> None:
    body = b'{"outputs": ["a"]}\noops\n{"token": {"text": 5}}\n{"outputs": ["b"]}\n'
    for parts in cuttings(body):
        malformed: list[MalformedFrame] = []

        events = list(decode_events(parts, JSON_LINES, on_malformed=malformed.append))

        assert events == [Token("a"), Token("b"), Finish()]
        assert [(error.offset, error.frame) for error in malformed] == [(19, b"oops"), (24, b'{"token": {"text": 5}}')]


def test_a_lone_brace_loses_nothing_behind_it() -> None:
    body = b'{"outputs": ["a"]}\n{\n{"outputs": ["b"]}\n{\n\n  "outputs": ["c"]\n\n}\n[\n{"outputs": ["d"]}\n]\n'
    for parts in cuttings(body):
        malformed: list[MalformedFrame] = []

        events = list(decode_events(parts, JSON_LINES, on_malformed=malformed.append))

        assert events == [Token("a"), Token("b"), Token("c"), Token("d"), Finish()]
        assert [(error.offset, error.frame) for error in malformed] == [(19, b"{")]


def test_a_document_that_is_printed_behind_tokens_is_read_as_a_whole() -> None:
    lines = [b'{"token": {"id": 1, "text": "a"}}\n', b"[\n", b'{"token": {"id": 2, "text": "b"}, "generated_text": "ab"}\n', b"]\n"]
    for parts in (lines, [b"".join(lines)]):
        assert collect(parts) == ([Token("a", 1), Token("b", 2), Finish()], None)


def test_a_document_is_no_longer_than_24_mib() -> None:
    document = b"{}".ljust(MAX_FRAME_BYTES)
    assert parse_frame(document) == ({},)
    with pytest.raises(ValueError, match="it is longer than 25165824 bytes"):
        parse_frame(document + b" ")


def test_a_truncation_says_where_the_frame_is_and_how_it_begins() -> None:
    _, error = collect([b'{"outputs": ["a"]}\n{"outputs": ["' + b"b" * 100])
    assert str(error) == 'the stream ended inside the frame at byte 19, which begins b\'{"outputs": ["' + "b" * 46 + "'"


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" \n", b"\r"])
def test_blank_lines_before_the_answer_are_not_kept(blank: bytes) -> None:
    decoder = EventDecoder()
    tracemalloc.start()
    for _ in range(100):
        list(decoder.feed(blank * 1000))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 50_000
    assert list(decoder.feed(b'{"outputs": ["a"]}\n')) == [Token("a")]
    assert decoder.frames[0][:2] == (100_000 * len(blank), 100_000 * len(blank) + 18)


def test_a_first_line_that_begins_with_a_space_keeps_it() -> None:
    for parts in cuttings(b' \n  data: {"outputs": ["a"]}\n\ndata: {"outputs": ["b"]}\n\n'):
        assert collect(parts, SSE) == ([Token("b"), Finish()], None)


def test_blank_lines_inside_a_printed_document_are_not_kept() -> None:
    decoder = EventDecoder()
    list(decoder.feed(b"{\n"))
    tracemalloc.start()
    for _ in range(100):
        list(decoder.feed(b"\n" * 10_000))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 500_000
    assert [*decoder.feed(b'"outputs": ["a"]\n}\n'), *decoder.finish()] == [Token("a"), Finish()]


@pytest.mark.parametrize("kind", ["image/png", "audio/pcm;rate=24000", "video/mp4"])
def test_a_body_that_is_no_text_passes_through(kind: str) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00{\n\n"
    for parts in cuttings(png):
        *data, finish = decode_events(parts, kind)

        assert b"".join(event.data for event in data if isinstance(event, Data)) == png
        assert all(isinstance(event, Data) and event.data for event in data)
        assert finish == Finish()


def test_data_tells_its_bytes_too() -> None:
    decoder = EventDecoder("image/png")

    frames = [frame for part in (b"ab", b"", b"cde") for _, frame in with_frames(decoder, decoder.feed(part))]
    frames += [frame for _, frame in with_frames(decoder, decoder.finish())]

    assert frames == [(0, 2, b"ab"), (2, 5, b"cde"), (5, 5, b"")]


def test_botocore_s_dicts_are_parts() -> None:
    parts: list[Any] = [
        {"PayloadPart": {"Bytes": b'{"outputs": ["a'}},
        {"initial-response": {}},
        {"SDK_UNKNOWN_MEMBER": {"name": "x"}},
        {"PayloadPart": {"Bytes": b""}},
        {"PayloadPart": {}},
        bytearray(b'"]}'),
        memoryview(b"\n"),
    ]

    assert list(decode_events(parts)) == [Token("a"), Finish()]


@pytest.mark.parametrize(
    ("event", "code", "error_code", "message"),
    [
        ({"ModelStreamError": {"Message": "m", "ErrorCode": "StreamBroken"}}, "ModelStreamError", "StreamBroken", "ModelStreamError: m"),
        ({"InternalStreamFailure": {"Message": "m"}}, "InternalStreamFailure", None, "InternalStreamFailure: m"),
        ({"ModelStreamError": {}}, "ModelStreamError", None, "ModelStreamError: the service gives no message"),
    ],
)
def test_botocore_s_exception_dicts_interrupt(event: dict[str, Any], code: str, error_code: str | None, message: str) -> None:
    events, error = collect([b'{"outputs": ["a"]}\n', event])

    assert events == [Token("a")]
    assert isinstance(error, StreamInterrupted)
    assert (error.code, error.error_code, str(error)) == (code, error_code, message)


def test_the_source_s_own_errors_pass_through() -> None:
    def source() -> Iterator[bytes]:
        yield b'{"outputs": ["a"]}\n'
        raise ZeroDivisionError

    events = decode_events(source())

    assert next(events) == Token("a")
    with pytest.raises(ZeroDivisionError):
        next(events)


@pytest.mark.parametrize("body", [b"\x00\x00\x00\x7d\x00\x00\x00\x59", b"\n\x00\x00\x00"])
def test_bytes_of_an_event_stream_name_their_decoder(body: bytes) -> None:
    message = (
        "these bytes are an AWS event stream, not yet a container's body: "
        "decode them with backends.wire.eventstream.EventStreamDecoder and backends.wire.parts.parse_part first"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        list(decode_events([body]))
    for content_type in ("application/vnd.amazon.eventstream", "Application/vnd.amazon.eventstream ; charset=binary"):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            EventDecoder(content_type)


@pytest.mark.parametrize(("parts", "kind"), [(b"{}", "int"), ("{}", "str"), ([5], "int"), ([None], "NoneType")], ids=["bytes", "str", "ints", "nothing"])
def test_what_is_no_part_is_a_type_error(parts: Any, kind: str) -> None:
    with pytest.raises(TypeError, match=f"^a part is of type {kind}, expected bytes or botocore's event dict: pass an iterable of parts, not one body$"):
        list(decode_events(parts))


@pytest.mark.parametrize("content_type", [JSON_LINES, SSE])
@pytest.mark.parametrize("size", [7_000_000, MAX_FRAME_BYTES + 100])
def test_a_frame_over_24_mib_is_malformed_and_the_next_is_read(content_type: str, size: int) -> None:
    prefix = b"data: " if content_type == SSE else b""
    long = prefix + b'{"outputs": ["' + b"x" * MAX_FRAME_BYTES + b'"]}'
    body = long + b"\n\n" + prefix + b'{"outputs": ["b"]}\n\n'
    malformed: list[MalformedFrame] = []

    events = list(decode_events(every(body, size), content_type, on_malformed=malformed.append))

    assert events == [Token("b"), Finish()]
    assert [(error.offset, len(error.frame)) for error in malformed] == [(0, 1024)]


@pytest.mark.parametrize(("more", "malformed"), [(0, 0), (1, 1)])
def test_a_token_over_24_mib_is_malformed_among_others(more: int, malformed: int) -> None:
    form = b'{"token": {"text": "%b"}}\n'
    long = form % (b"x" * (MAX_FRAME_BYTES + 1 - len(form % b"") + more))
    skipped: list[MalformedFrame] = []

    events = list(decode_events([form % b"a", long, form % b"b", b"[DONE]\n"], JSON_LINES, on_malformed=skipped.append))

    assert [(error.offset, str(error)[:80]) for error in skipped] == [
        (25, "the frame at byte 25 cannot be read: it is longer than 25165824 bytes; it begins")
    ] * malformed
    assert [len(event.text) for event in events if isinstance(event, Token)] == [1, *[MAX_FRAME_BYTES + 1 - len(form % b"")] * (1 - malformed), 1]


def test_a_line_over_24_mib_that_is_no_data_is_malformed() -> None:
    body = b": " + b"x" * MAX_FRAME_BYTES + b'\ndata: {"outputs": ["b"]}\n\n'
    malformed: list[MalformedFrame] = []

    events = list(decode_events(every(body, 9_000_000), SSE, on_malformed=malformed.append))

    assert events == [Token("b"), Finish()]
    assert [error.offset for error in malformed] == [0]


def test_an_event_over_24_mib_in_many_lines_is_malformed_once() -> None:
    line = b"data: " + b"x" * 1_000_000 + b"\n"
    body = line * 30 + b'\ndata: {"outputs": ["b"]}\n\n'
    malformed: list[MalformedFrame] = []

    events = list(decode_events([body], SSE, on_malformed=malformed.append))

    assert events == [Token("b"), Finish()]
    assert len(malformed) == 1
    assert "longer than 25165824 bytes" in str(malformed[0])


def test_a_frame_of_24_mib_is_read() -> None:
    text = b"x" * (MAX_FRAME_BYTES - len(b'{"outputs": [""]}'))
    for content_type, body in ((JSON_LINES, b'{"outputs": ["%b"]}\n' % text), (SSE, b'data: {"outputs": ["%b"]}\n\n' % text)):
        assert list(decode_events(cut_at(body, 1, MAX_FRAME_BYTES), content_type)) == [Token(text.decode()), Finish()]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(texts=st.lists(texts, min_size=1, max_size=8), line_end=st.sampled_from(["\n", "\r\n", "\r"]), ascii_only=st.booleans(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_texts_in_any_framing_survive_any_cutting(texts: list[str], line_end: str, ascii_only: bool, data: st.DataObject) -> None:
    sse = data.draw(st.booleans())
    frames = [json.dumps({"outputs": [text]}, ensure_ascii=ascii_only) for text in texts]
    body = "".join(f"data:{frame}{line_end}{line_end}" if sse else f"{frame}{line_end}" for frame in frames).encode()
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=12))

    events, error = collect(cut_at(body, *places), SSE if sse else JSON_LINES)

    assert error is None
    assert events == [*map(Token, texts), Finish()]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "id", "index", "delta", "content", "tool_calls", "function", "x"]), values, max_size=4)
    ),
    max_leaves=8,
)
members = st.sampled_from(["token", "choices", "outputs", "generated_text", "details", "usage", "error", "code", "message", "object", "top_tokens", "index"])


@given(documents=st.lists(st.dictionaries(members, json_values, max_size=4), max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_json_whatever_raises_anything_but_our_errors(documents: list[dict[str, Any]]) -> None:
    body = b"".join(json.dumps(document).encode() + b"\n" for document in documents)

    events, error = collect([body])

    assert error is not None or isinstance(events[-1], Finish)
    assert joined(collect(every(body, 1))[0]) == joined(events) or any(value != value for value in events)


@given(body=st.binary(max_size=200), content_type=st.sampled_from([None, JSON_LINES, SSE]))
@settings(max_examples=300, deadline=None)
def test_no_bytes_whatever_raise_anything_but_our_errors(body: bytes, content_type: str | None) -> None:
    try:
        whole = collect([body], content_type)
        single = collect(every(body, 1), content_type)
    except ValueError as error:
        assert "event stream" in str(error)  # noqa: PT017 - the one ValueError that is documented
        return

    assert joined(whole[0]) == joined(single[0])
    assert repr(whole[1]) == repr(single[1])


@pytest.mark.parametrize(("content_type", "blank", "events"), [(SSE, 4096, True), (SSE, 4097, False), (JSON_LINES, 4097, True), (None, 4097, True)])
@pytest.mark.parametrize("line_end", [b"", b"\n"])
def test_a_line_that_is_blank_for_4_kib_is_what_the_content_type_says(content_type: str | None, blank: int, line_end: bytes, *, events: bool) -> None:
    """An event's field has no blanks before it, so where these bytes are server-sent events, the line holds nothing."""
    for size in (1, 1000, 100_000):
        found, error = collect(every(b"\n" * 10_000 + b" " * blank + line_end + b'{"outputs": ["a"]}\n', size), content_type)
        assert (found, type(error)) == (([Token("a"), Finish()], type(None)) if events else ([], TruncatedStream))
