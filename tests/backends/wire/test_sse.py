from __future__ import annotations

import pytest

from backends.wire.lines import LineDecoder
from backends.wire.sse import SSEDecoder
from mock_server.contract.cuttings import cuttings


def data_of(parts: list[bytes], limit_bytes: int = 100) -> tuple[list[bytes], list[bytes]]:
    """Return what was dispatched, and what stood at the end without its blank line."""
    lines, events = LineDecoder(limit_bytes + len(b"data: ")), SSEDecoder(limit_bytes)
    dispatched = [data for part in parts for _, _, data in events.feed(lines.feed(part))]
    return dispatched, [data for _, _, data in events.finish(lines.finish())]


WHATWG = {
    # The examples of the standard, 9.2.6; its third has a block that an end of file leaves undispatched.
    "stock prices": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO\n+2\n10"], []),
    "comment, ids, leading space": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
        [b"first event", b"second event"],
        [b" third event"],
    ),
    "empty data": (b"data\n\ndata\ndata\n\ndata:", [b"", b"\n"], [b""]),
    "space is dropped once": (b"data:test\n\ndata: test\n\n", [b"test", b"test"], []),
    # And what they leave out.
    "no data, no event": (b"event: ping\nid: 3\nretry: 10\n\n:\n\n\n\n", [], []),
    "names that begin so": (b"dataset: 1\ndata-x\ndata : 2\n\n", [], []),
    "names with another case": (b"Data: 1\nDATA: 1\n data: 1\n\n", [], []),
    "lines that end as data begins": (b": data:\nid:data:\ndata: a data:\n\n", [b"a data:"], []),
    "a colon in the data": (b"data: a: b\n\n", [b"a: b"], []),
    "CR and CRLF": (b"data: a\r\rdata: b\r\n\r\ndata: c\n\r\n", [b"a", b"b", b"c"], []),
    "a field that no line end follows": (b"data: a\n\nda", [b"a"], [b"da"]),
    "a comment that no line end follows": (b"data: a\n\n: x", [b"a"], []),
    "data and another field at the end": (b"data: a\ndata: b\nid: 3", [], [b"a\nb", b"id: 3"]),
}


@pytest.mark.parametrize(("body", "dispatched", "pending"), WHATWG.values(), ids=WHATWG)
def test_any_cutting_dispatches_what_the_standard_says(body: bytes, dispatched: list[bytes], pending: list[bytes]) -> None:
    for parts in cuttings(body):
        assert data_of(parts) == (dispatched, pending), parts


OVER_TEN_BYTES = {
    "data": (b"data: 0123456789AB\n\ndata: 0123456789\n\n", [b"0123456789A", b"0123456789"]),
    "data without a space": (b"data:0123456789AB\n\ndata:0123456789\n\n", [b"0123456789AB", b"0123456789"]),
    "data in lines": (b"data: 0123\ndata: 56789\n\ndata: 0123\ndata: 567890\ndata: 8\ndata: 9\n\ndata: 1\n\n", [b"0123\n56789", b"0123\n567890", b"1"]),
    "data by a line end": (b"data: 0123\ndata: 56789\ndata\ndata: 8\n\ndata: 1\n\n", [b"0123\n56789\n", b"1"]),
    "another field": (b"id: 345678\nid: 3456789\ndata: 1\n\n", [b"id: 3456789", b"1"]),
    "another field of an event": (b"data: 1\nid: 3456789\ndata: 2\n\n", [b"id: 3456789", b"1\n2"]),
    "a comment": (b": 23456789\n: 234567890\ndata: 1\n\n", [b": 234567890", b"1"]),
}


@pytest.mark.parametrize(("body", "frames"), OVER_TEN_BYTES.values(), ids=OVER_TEN_BYTES)
def test_what_is_longer_than_the_limit_comes_once_and_what_follows_is_read(body: bytes, frames: list[bytes]) -> None:
    for parts in cuttings(body):
        assert data_of(parts, limit_bytes=10) == (frames, []), parts


def test_an_event_tells_where_its_data_is() -> None:
    lines, events = LineDecoder(), SSEDecoder()
    body = b": x\nid: 1\ndata: a\nid: 2\ndata: b\nretry: 3\n\ndata:c\n\n"
    frames = events.feed(lines.feed(body))

    assert [(body[start:end], data) for start, end, data in frames] == [(b"data: a\nid: 2\ndata: b", b"a\nb"), (b"data:c", b"c")]
    assert {type(data) for _, _, data in frames} == {bytes}
