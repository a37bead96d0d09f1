from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import Finish, StreamEvent, Token
from backends.wire import EventDecoder, decode_events
from backends.wire.fragments import FragmentDecoder
from backends.wire.lines import MAX_FRAME_BYTES
from mock_server.contract.cases.rows import JSON
from mock_server.contract.cuttings import cut_at, cuttings, every
from tests.backends.wire.fragments import joined
from tests.backends.wire.test_decode import collect


@dataclass(frozen=True)
class Body:
    name: str
    data: bytes
    events: tuple[StreamEvent, ...]

    def __str__(self) -> str:
        return self.name


BODIES = (
    Body("bare", b'{"generated_text": " Deep</s>"}', (Token(" Deep</s>"), Finish())),
    Body("of TGI's form, behind blanks", b' \r\n[{"generated_text": " Deep"}]\n', (Token(" Deep"), Finish())),
    Body("without a text", b'{"generated_text": ""}', (Token(""), Finish())),
    Body(
        "with details",
        b'{"generated_text": " Deep", "details": {"finish_reason": "length", "generated_tokens": 2, "inputs": "x", "tokens": [{"id": [304]}]}}',
        (Token(" Deep"), Finish("length", "length", 2)),
    ),
    Body(
        "with every kind of escape",
        rb'{"generated_text": "\u00e9\n\"\\\/\b\f\r\t \ud83d\ude00 \\ud83d \\\\u \\n"}',
        (Token('é\n"\\/\b\f\r\t 😀 \\ud83d \\\\u \\n'), Finish()),
    ),
    Body("with raw characters", '{"generated_text": "é 日本 😀 \u2028\x85 \x7f"}'.encode(), (Token("é 日本 😀 \u2028\x85 \x7f"), Finish())),
    Body(
        "with the first and last characters of each length",
        '{"generated_text": "\x80\u07ff\u0800\uffff\U00010000\U0010ffff"}'.encode(),
        (Token("\x80\u07ff\u0800\uffff\U00010000\U0010ffff"), Finish()),
    ),
    Body("with a pair behind backslashes", rb'{"generated_text": "\\\ud83d\ude00 \\\\\ud83d\ude00"}', (Token("\\😀 \\\\😀"), Finish())),
    Body("with halves of characters", rb'{"generated_text": "a\ud83d b\ude00 \ud83d"}', (Token("a\ud83d b\ude00 \ud83d"), Finish())),
    Body("whose text is JSON", rb'{"generated_text": "{\"error\": {\"a\": 1}} {"}', (Token('{"error": {"a": 1}} {'), Finish())),
    Body("whose text ends with a brace", b'{"generated_text": "{{", "details": {"finish_reason": "length"}}', (Token("{{"), Finish("length", "length"))),
    Body("and lines behind it", b'{"generated_text": "a"}\n\n{"outputs": ["b"]}\n{"outputs": ["c"]}', (Token("abc"), Finish())),
)


@dataclass(frozen=True)
class Broken:
    name: str
    data: bytes
    text: str
    error: type[BackendError]
    fields: dict[str, Any] = field(default_factory=dict)
    says: str = ""

    def __str__(self) -> str:
        return self.name


BROKEN = (
    Broken("lmi-0.23, told by Python", b'{"generated_text": " Deep{"code": 500, "error": "no"}', " Deep", StreamInterrupted, {"code": "500"}, "no"),
    Broken("lmi-0.25, printed", b'{"generated_text": " Deep{\n  "error": "",\n  "code": 424\n}', " Deep", StreamInterrupted, {"code": "424"}),
    Broken("lmi-0.27", b'{"generated_text": " Deep{"error":"","code":424}', " Deep", StreamInterrupted, {"code": "424"}),
    Broken("an error after a brace", b'{"generated_text": "a {{"error":"no","code":424}', "a {", StreamInterrupted, {"code": "424"}, "no"),
    Broken("lmi-0.28", b'{"generated_text": " Deep", "details": {"finish_reason": "error"}}', " Deep", StreamInterrupted, {"code": "error"}),
    Broken("a whole error", b'{"generated_text": "a", "error": "boom", "code": 400}', "a", StreamInterrupted, {"code": "400"}, "boom"),
    Broken("inside the text", b'{"generated_text": " Deep', " Deep", TruncatedStream, {"pending": b'{"generated_text": "'}),
    Broken("inside an escape", b'{"generated_text": "a\\u00', "a", TruncatedStream, {"pending": b'{"generated_text": "\\u00'}),
    Broken("inside a character", b'{"generated_text": "a\xf0\x9f\x98', "a", TruncatedStream, {"pending": b'{"generated_text": "\xf0\x9f\x98'}),
    Broken("behind a brace", b'{"generated_text": "a{', "a", TruncatedStream, {"pending": b'{"generated_text": "{'}),
    Broken("behind the text", b'{"generated_text": "a"', "a", TruncatedStream, {"pending": b'{"generated_text": ""'}),
    Broken("inside the details", b'{"generated_text": "a", "details": {', "a", TruncatedStream, {"pending": b'{"generated_text": "", "details": {'}),
    Broken("inside the opening", b'[{"generated_text": ', "", TruncatedStream, {"pending": b'[{"generated_text": '}),
    Broken("a control character", b'{"generated_text": "a\tb"}\n', "a", MalformedFrame, {"offset": 0}),
    Broken("the last control character", b'{"generated_text": "a\x1fb"}\n', "a", MalformedFrame, {"offset": 0}),
    Broken("an escaped control character", b'{"generated_text": "a\\\x1fb"}\n', "a", MalformedFrame, {"offset": 0}),
    Broken("a line end", b'{"generated_text": "a\nb"}\n', "a", MalformedFrame, {"offset": 0, "frame": b'{"generated_text": "'}),
    Broken("no escape", b' {"generated_text": "a\\ux"}\n', "a", MalformedFrame, {"offset": 1}),
    Broken("an escape that is not JSON's", b'{"generated_text": "a\\x41"}\n', "a", MalformedFrame, {"offset": 0}),
    Broken("digits that are none", b'{"generated_text": "a\\u00g0"}\n', "a", MalformedFrame, {"offset": 0}),
    Broken("digits that are none, in capitals", b'{"generated_text": "a\\u00G0"}\n', "a", MalformedFrame, {"offset": 0}),
    Broken("no UTF-8", b'{"generated_text": "a\xffb"}\n', "a", MalformedFrame, {"offset": 0}),
    Broken("half a character", b'{"generated_text": "a\xe6\x97"}\n', "a", MalformedFrame, {"offset": 0}),
)  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_any_cutting_gives_the_same_text_and_the_same_end(body: Body) -> None:
    for parts in cuttings(body.data):
        for content_type in (JSON, None, "text/event-stream"):
            events, error = collect(parts, content_type)
            assert (joined(events), error) == (list(body.events), None), parts


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_any_cutting_of_a_broken_one_gives_the_same_text_and_the_same_error(broken: Broken) -> None:
    messages = set()
    for parts in cuttings(broken.data):
        events, error = collect(parts, JSON)
        assert "".join(event.text for event in events if isinstance(event, Token)) == broken.text, parts
        assert type(error) is broken.error
        assert {name: getattr(error, name) for name in broken.fields} == broken.fields
        messages.add(str(error))
    assert len(messages) == 1
    assert broken.says in messages.pop()


@pytest.mark.parametrize(("opening", "end"), [('{"generated_text": "', '", "details": {}}'), ('[{"generated_text": "', '"}]')], ids=["bare", "in an array"])
def test_text_comes_as_it_arrives(opening: str, end: str) -> None:
    parts = [" Deep", " learning", "д", "日", r"\ud83d\udc4b", "</s>"]
    decoder = EventDecoder(JSON)
    assert [list(decoder.feed((opening + part).encode())) for opening, part in zip([opening, *[""] * 5], parts, strict=True)] == [
        [Token(text)] for text in (" Deep", " learning", "д", "日", "👋", "</s>")
    ]
    assert list(decoder.feed(end.encode())) == []
    assert list(decoder.finish()) == [Finish()]


@pytest.mark.parametrize("pair", [r"\ud800\udc00", r"\uD9FF\uDFFF", r"\uda00\udfff", r"\udaFf\uDc00", r"\udb00\udc00", r"\uDBff\udFFF", r"\uDA0A\udcaf"])
def test_any_pair_comes_as_one_character_however_it_is_cut(pair: str) -> None:
    body = b'{"generated_text": "%b"}' % pair.encode()
    for parts in cuttings(body):
        assert collect(parts, JSON) == ([Token(json.loads(f'"{pair}"')), Finish()], None)


def test_an_error_on_one_line_comes_at_the_line_s_end() -> None:
    decoder = EventDecoder(JSON)
    assert list(decoder.feed(b'{"generated_text": "a{"error":"no","code":424}')) == [Token("a")]
    with pytest.raises(StreamInterrupted):
        list(decoder.feed(b"\n"))


def test_what_the_body_s_end_leaves_unfinished_is_told_with_its_bytes() -> None:
    decoder = FragmentDecoder(b'{"generated_text": "', 3)
    assert decoder.feed(b"a\\u00") == [((23, 24, b"a"), "a")]
    assert decoder.finish() == ()
    assert decoder.frame == (3, 28, b'{"generated_text": "\\u00')


@pytest.mark.parametrize("head", [(b'{"generated', b'_text": " Deep'), (b'{"generated_text": " Deep',)], ids=["in parts", "in one"])
def test_text_comes_as_it_arrives_to_those_who_pull(head: tuple[bytes, ...]) -> None:
    taken = []

    def source() -> Any:
        for part in (*head, b" learning", b'"}'):
            taken.append(part)
            yield part

    events = decode_events(source(), JSON)
    assert (next(events), len(taken)) == (Token(" Deep"), len(head))
    assert (next(events), len(taken)) == (Token(" learning"), len(head) + 1)


def test_a_decoder_tells_which_bytes_a_fragment_came_from() -> None:
    body = '\n {"generated_text": "é{\\n", "details": {}}\n{"outputs": ["b"]}\n'.encode()
    for parts in cuttings(body):
        decoder = EventDecoder(JSON)
        spans: list[tuple[StreamEvent, bytes]] = []
        steps: list[Callable[[], Iterable[StreamEvent]]] = [*(partial(decoder.feed, part) for part in parts), decoder.finish]
        for take in steps:
            spans += [(event, body[start:end]) for event, (start, end, _) in zip(take(), decoder.frames, strict=False)]
        assert b"".join(data for event, data in spans[:-2]) == "é{\\n".encode()
        assert spans[-2:] == [(Token("b"), b'{"outputs": ["b"]}'), (Finish(), b"")]


def test_a_malformed_one_is_skipped_where_somebody_takes_it() -> None:
    body = b'{"generated_text": "a\tb"}\n{"outputs": ["c"]}\n'
    for parts in cuttings(body):
        malformed: list[MalformedFrame] = []
        events = decode_events(parts, JSON, on_malformed=malformed.append)
        assert [next(events), next(events)] == [Token("a"), Token("c")]
        with pytest.raises(TruncatedStream):
            next(events)
        assert [(error.offset, error.frame) for error in malformed] == [(0, b'{"generated_text": "\tb"}')]


def test_text_is_not_kept_and_what_stands_behind_it_is_bounded() -> None:
    decoder = EventDecoder(JSON)
    list(decoder.feed(b'{"generated_text": "'))
    tracemalloc.start()
    for _ in range(200):
        assert list(decoder.feed(b"x" * 10_000)) == [Token("x" * 10_000)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 500_000
    list(decoder.feed(b'", "details": "'))
    for _ in range(4):
        list(decoder.feed(b"x" * (MAX_FRAME_BYTES // 3)))
    with pytest.raises(TruncatedStream):
        list(decoder.finish())


@given(
    text=st.text(max_size=30) | st.text(st.sampled_from('{}"\\\n\ud83d\ude00😀é日u'), max_size=12),
    ascii_only=st.booleans(),
    details=st.booleans(),
    data=st.data(),
)
@settings(max_examples=300, deadline=None)
def test_any_text_survives_any_cutting(text: str, ascii_only: bool, details: bool, data: st.DataObject) -> None:
    document = json.dumps({"generated_text": text} | ({"details": {"finish_reason": "length"}} if details else {}), ensure_ascii=ascii_only)
    body = document.encode("utf-8", "surrogatepass" if ascii_only else "replace")
    expected = json.loads(body)["generated_text"]
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=12))
    for parts in (cut_at(body, *places), every(body, 1)):
        events, error = collect(parts, JSON)
        assert error is None
        assert joined(events) == [Token(expected), Finish(*(("length", "length") if details else ()))]
