from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.wire.lines import Frame, LineDecoder
from mock_server.contract.cuttings import cut_at, cuttings, every


def lines_of(parts: list[bytes], limit_bytes: int = 100, offset: int = 0) -> list[Frame]:
    decoder = LineDecoder(limit_bytes)
    decoder.skip(offset)
    lines = [line for part in parts for line in decoder.feed(part)]
    last = decoder.finish()
    assert decoder.finish() is None
    return [*lines, last] if last else lines


LINES = {
    "empty": (b"", []),
    "every line end": (b"a\nb\rc\r\nd", [(0, 1, b"a"), (2, 3, b"b"), (4, 5, b"c"), (7, 8, b"d")]),
    "blank lines": (b"\n\r\n\r\r\na\n\n", [(0, 0, b""), (1, 1, b""), (3, 3, b""), (4, 4, b""), (6, 7, b"a"), (8, 8, b"")]),
    "CRLF, then LF": (b"a\r\n\nb\n", [(0, 1, b"a"), (3, 3, b""), (4, 5, b"b")]),
    "no blank and no letter is an end": (b"aX\r bX \t\x0c\r\n", [(0, 2, b"aX"), (3, 9, b" bX \t\x0c")]),
    "LF CR is two ends": (b"a\n\rb\n", [(0, 1, b"a"), (2, 2, b""), (3, 4, b"b")]),
    "no other character ends a line": ("a\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1eb\n".encode(), [(0, 15, "a\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1eb".encode())]),
}


@pytest.mark.parametrize(("body", "lines"), LINES.values(), ids=LINES)
def test_any_cutting_gives_the_lines_and_where_they_are(body: bytes, lines: list[Frame]) -> None:
    for parts in cuttings(body):
        assert lines_of(parts) == lines, parts
        assert lines_of(parts, offset=3) == [(start + 3, end + 3, line) for start, end, line in lines]


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_a_line_over_the_limit_comes_out_cut_off_and_the_next_is_whole(line_end: bytes) -> None:
    body = b"12345" + line_end + b"123456789" + line_end + b"12345" + line_end + b"123456"
    step = 5 + len(line_end)
    for parts in cuttings(body):
        assert [(start, line) for start, _, line in lines_of(parts, limit_bytes=5)] == [
            (0, b"12345"),
            (step, b"123456"),
            (step + 9 + len(line_end), b"12345"),
            (2 * step + 9 + len(line_end), b"123456"),
        ]


def test_a_line_over_the_limit_comes_out_before_it_ends() -> None:
    decoder = LineDecoder(5)

    assert decoder.feed(b"a\n123") == [(0, 1, b"a")]
    assert decoder.feed(b"456") == [(2, 8, b"123456")]
    assert decoder.feed(b"789") == []
    assert decoder.finish() is None


def test_a_line_that_is_as_long_as_the_limit_waits_for_its_end() -> None:
    assert lines_of([b"a\r12345", b"6\n"], limit_bytes=5) == [(0, 1, b"a"), (2, 8, b"123456")]


def test_what_is_held_is_bounded_by_the_longest_line() -> None:
    part = b'{"outputs": ["some text that is not kept"]}\n' * 100
    decoder = LineDecoder()
    decoder.feed(part)
    tracemalloc.start()
    for _ in range(1000):
        decoder.feed(part)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 10_000
    assert peak < 20 * len(part)


@given(body=st.binary().map(lambda body: body.translate(bytes(b"ab\r\n"[value % 4] for value in range(256)))), data=st.data())
def test_lines_are_those_of_bytes_splitlines(body: bytes, data: st.DataObject) -> None:
    parts = cut_at(body, *data.draw(st.lists(st.integers(0, len(body)), max_size=6)))

    lines = lines_of(parts, limit_bytes=len(body) + 1)

    assert [line for _, _, line in lines] == body.splitlines()
    assert all(body[start:end] == line for start, end, line in lines)
    assert lines == lines_of(every(body, 1), limit_bytes=len(body) + 1)
