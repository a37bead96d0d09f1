from __future__ import annotations

import pytest

from backends.events import Finish, Token
from demo.wire_index import CLEAN, Span, WireIndex
from tests.demo.tapes import taped

SSE = "text/event-stream"
LINES = "application/jsonlines"
OBJECT = b'{"token": {"text": "a"}, "generated_text": "a"}'


def indexed(parts: list[bytes], content_type: str | None = LINES, ending: str | None = "finished") -> WireIndex:
    index = WireIndex(taped(parts, content_type=content_type, ending=ending))
    index.update()
    return index


CUTS: dict[str, tuple[str | None, list[bytes], list[str]]] = {
    "lines whole": (LINES, [b'{"outputs": ["a"]}\n', b'{"outputs": ["b"]}\n'], [CLEAN, CLEAN]),
    "inside an object": (LINES, [b'{"outputs"', b': ["b"]}\n'], ["a JSON object", CLEAN]),
    "inside a second object": (LINES, [b'{"outputs": ["a"]}\n{', b'"outputs": ["b"]}\n'], ["a JSON object", CLEAN]),
    "before a line end": (LINES, [b'{"outputs": ["a"]}', b"\n"], ["a frame, before its line end", CLEAN]),
    "inside CR and LF": (LINES, [b'{"outputs": ["a"]}\r', b'\n{"outputs": ["b"]}\r\n'], ["a line end of CR and LF", CLEAN]),
    "inside a character": (LINES, [b'{"outputs": ["\xe3\x81', b'\x82"]}\n'], ["a character", CLEAN]),
    "after a character": (LINES, [b'{"outputs": ["\xe3\x81\x82', b'"]}\n'], ["a JSON object", CLEAN]),
    "inside an escape": (LINES, [b'{"outputs": ["\\', b'n"]}\n'], ["an escape", CLEAN]),
    "inside an escape's digits": (LINES, [b'{"outputs": ["\\u30', b'42"]}\n'], ["an escape", CLEAN]),
    "after an escaped backslash": (LINES, [b'{"outputs": ["\\\\', b'"]}\n'], ["a JSON object", CLEAN]),
    "inside a printed document": (LINES, [b'{\n"outputs": ["a"]\n', b"}\n"], ["a JSON document of several lines", CLEAN]),
    "the last line has no end": (LINES, [OBJECT], ["a frame, before its line end"]),
    "inside a field's name": (SSE, [b"da", b'ta: {"outputs": ["a"]}\n\n'], ["`data:`", CLEAN]),
    "behind a field's name": (SSE, [b"data: ", b'{"outputs": ["a"]}\n\n'], ["an event, behind `data:`", CLEAN]),
    "inside an event's object": (SSE, [b'data:{"outputs":', b'["a"]}\n\n'], ["a JSON object", CLEAN]),
    "before the blank line": (SSE, [b'data: {"outputs": ["a"]}\n', b"\n"], ["an event, before its blank line", CLEAN]),
    "inside the done mark": (SSE, [b'data: {"outputs": ["a"]}\n\ndata: [DO', b"NE]\n\n"], ["`[DONE]`", CLEAN]),
    "the done mark has no line end": (SSE, [b"data: [DONE]"], ["a frame, before its line end"]),
    "inside a comment": (SSE, [b": keep", b'-alive\n\ndata: {"outputs": ["a"]}\n\n'], ["a comment", CLEAN]),
    "inside another field": (SSE, [b"event: mess", b'age\ndata: {"outputs": ["a"]}\n\n'], ["a line", CLEAN]),
    "another kind of value": (SSE, [b"data: 1", b"2\n\n"], ["a frame", CLEAN]),
    "blank at first": (LINES, [b"\n", b'\n{"outputs": ["a"]}\n'], [CLEAN, CLEAN]),
    "a byte order mark": (SSE, [b'\xef\xbb\xbfdata: {"outputs"', b': ["a"]}\n\n'], ["a JSON object", CLEAN]),
    "no text": ("image/png", [b"\x89PN\xe3", b"\x81G\r\n"], [CLEAN, CLEAN]),
    "no frames": ("text/plain", [b"a", b"b"], [CLEAN, CLEAN]),
}


@pytest.mark.parametrize(("content_type", "parts", "ends"), CUTS.values(), ids=CUTS)
def test_a_cut_inside_something_is_said(content_type: str | None, parts: list[bytes], ends: list[str]) -> None:
    tape = taped([], content_type=content_type, ending=None)
    for part in parts:
        tape.part(part, 0.1)
    tape.ending = "finished"
    index = WireIndex(tape)
    index.update()
    assert index.ends == ends


def test_a_body_that_stops_inside_an_object_says_so() -> None:
    tape = taped([b'{"outputs": ["a"]}\n', b'{"outp'], ending=None)
    tape.ending = "broken off"
    index = WireIndex(tape)
    index.update()
    assert index.ends == [CLEAN, "a JSON object"]


@pytest.mark.parametrize("parts", [[b'data: {"outputs": ["a"]}\n\n', b": x\n\n", b'data: {"outputs": ["b"]}\n\n']])
def test_a_body_read_part_by_part_is_the_body_read_at_once(parts: list[bytes]) -> None:
    octets = [bytes([octet]) for part in parts for octet in part]
    tape = taped([], content_type=SSE, ending=None)
    growing = WireIndex(tape)
    for octet in octets:
        tape.part(octet, 0.1)
        growing.update()
        assert len(growing.ends) == len(tape.parts) - 1
    tape.ending = "finished"
    growing.update()
    at_once = WireIndex(tape)
    at_once.update()
    assert growing.ends == at_once.ends
    assert [*growing.spans(0, 99)] == [*at_once.spans(0, 99)] == [Span(0, 0, 24), Span(1, 31, 55)]


def test_frames_are_found_by_the_bytes_that_they_touch_the_open_one_included() -> None:
    index = indexed([b'{"outputs": ["a"]}\n', b'{"outputs": ["b"]}\n{"out'], ending=None)
    assert [*index.spans(0, 19)] == [Span(0, 0, 18)]
    assert [*index.spans(10, 44)] == [Span(0, 0, 18), Span(1, 19, 37), Span(2, 38, 43)]
    assert [*index.spans(18, 19)] == []


def test_events_are_found_by_the_bytes_that_they_came_of() -> None:
    index = indexed([b'{"outputs": ["a"]}\n{"outp', b'uts": ["b"]}\n'])
    tokens = [(0, Token("a")), (1, Token("b"))]
    assert [(number, event.event) for number, event in index.events(0, 25, 9)[0]] == tokens
    assert [(number, event.event) for number, event in index.events(25, 38, 9)[0]] == tokens[1:]
    assert index.events(0, 25, 1)[1] == 1
    assert isinstance(index.tape.events[-1].event, Finish)


MATCHES = {"outputs": [0, 1, 2], "OUTPUTS": [0, 1, 2], "b": [1], "0x62": [1], "0X 61 22": [0], "ts": [0, 1, 2], "0x4f": [], "zzz": []}


@pytest.mark.parametrize(("query", "numbers"), MATCHES.items())
def test_what_is_sought_may_lie_across_parts(query: str, numbers: list[int]) -> None:
    index = indexed([b'{"outputs": ["a"]}\n{"outpu', b'ts": ["b"]}\n', b'{"outputs": ["c"]}\n'])
    assert index.matching(query, only_inside=False) == numbers


def test_only_parts_that_end_inside_something_are_kept_where_that_is_asked() -> None:
    index = indexed([b'{"outputs": ["a"]}\n{"outpu', b'ts": ["b"]}\n', b'{"outputs": ["c"]}\n'])
    assert index.matching("", only_inside=True) == [0]
    assert index.matching("", only_inside=False) == range(3)


def test_half_a_byte_cannot_be_sought() -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        indexed([b'{"outputs": ["a"]}\n']).matching("0x6", only_inside=False)
