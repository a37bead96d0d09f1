"""From writes to HTTP chunks: an answer that goes through at once, and one that goes through write by write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.assembly import Assembly, Plan
from mock_server.cuts import parse_cut, parse_http_cut
from mock_server.faults import parse_fault
from mock_server.http_cut import HttpCutter, Rest
from mock_server.timeline import Timeline

WRITES = (b"abc", b"defgh", b"i", b"jklmnop")
DUE_S = (1.0, 2.0, 3.0, 4.0)
CUTS = ("write", "whole", "every-byte", "merge:2", "bytes:3", "bytes:4", "random:5", "at:3,8", "at:1+merge:3")


def frame(part: bytes) -> bytes:
    return b"<%b>" % part


def plan(cut: str = "write", fault: str | None = None) -> Plan:
    return Plan(cut=parse_cut(cut), frame=frame, damage=parse_fault(fault).damage() if fault else None)


def at_once(made: Plan) -> list[Timeline]:
    return [Assembly(made).feed(WRITES, DUE_S, last=True)]


def by_writes(made: Plan) -> list[Timeline]:
    """Return what leaves of the same answer that comes write by write, with nothing said of which is the last."""
    assembly = Assembly(made)
    pieces = [assembly.feed([write], [due_s], last=False) for write, due_s in zip(WRITES, DUE_S, strict=True)]
    return [*pieces, assembly.feed([], [], last=True)]


def in_chunks(http_cut: str, timelines: Iterable[Timeline], seed: int = 0) -> list[Timeline]:
    """Return timelines of frames as HTTP chunks."""
    cutter = HttpCutter(parse_http_cut(http_cut), seed)
    return [*map(cutter.feed, timelines), cutter.finish()]


def left(timelines: Iterable[Timeline]) -> list[tuple[bytes, float]]:
    return [(chunk, due_s) for timeline in timelines for chunk, due_s in zip(timeline.chunks, timeline.due_s, strict=True)]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("http_cut", [None, *CUTS])
def test_an_answer_that_comes_write_by_write_is_cut_as_one_that_is_there(cut: str, http_cut: str | None) -> None:
    framed = at_once(plan(cut)), by_writes(plan(cut))
    whole, pieces = [in_chunks(http_cut, timelines) for timelines in framed] if http_cut else framed
    assert left(pieces) == left(whole)
    assert sum(piece.parts for piece in pieces) == sum(piece.parts for piece in whole)


@pytest.mark.parametrize(
    ("http_cut", "chunks"),
    [
        ("write", [(b"<abc>", 1.0), (b"<defgh>", 2.0), (b"<i>", 3.0), (b"<jklmnop>", 4.0)]),
        ("whole", [(b"<abc><defgh><i><jklmnop>", 4.0)]),
        ("merge:2", [(b"<abc><defgh>", 2.0), (b"<i><jklmnop>", 4.0)]),
        ("bytes:5", [(b"<abc>", 1.0), (b"<defg", 2.0), (b"h><i>", 3.0), (b"<jklm", 4.0), (b"nop>", 4.0)]),
        ("at:1,7", [(b"<", 1.0), (b"abc><d", 2.0), (b"efgh><i><jklmnop>", 4.0)]),
    ],
)
def test_an_http_cut_cuts_the_framed_bytes_and_a_chunk_is_due_with_its_last_byte(http_cut: str, chunks: list[tuple[bytes, float]]) -> None:
    assert left(in_chunks(http_cut, at_once(plan()))) == chunks


@pytest.mark.parametrize(
    ("http_cut", "whole"),
    [("bytes:5", [0, 1, 1, 3, 3, 4]), ("every-byte", [*[0] * 5, *[1] * 7, *[2] * 3, *[3] * 9, 4]), ("whole", [0, 4])],
)
def test_a_part_is_whole_with_the_chunk_that_holds_its_last_byte(http_cut: str, whole: list[int]) -> None:
    timeline = HttpCutter(parse_http_cut(http_cut), 0).feed(at_once(plan())[0], last=True)
    assert [timeline.whole_parts(chunks) for chunks in range(len(timeline.due_s) + 1)] == whole


@pytest.mark.parametrize("http_cut", CUTS)
@pytest.mark.parametrize("come", [at_once, by_writes])
def test_a_frame_that_is_on_its_way_is_known_with_what_is_missing_of_it(http_cut: str, come: Callable[[Plan], list[Timeline]]) -> None:
    frames = [*map(frame, WRITES)]
    body, ends = b"".join(frames), [0, *accumulate(map(len, frames))]
    cutter, left_bytes, parts = HttpCutter(parse_http_cut(http_cut), 0), 0, 0
    for timeline in come(plan()):
        cut = cutter.feed(timeline)
        for chunk in cut.chunks:
            left_bytes += len(chunk)
            end = next(end for end in ends if end >= left_bytes)
            assert cutter.rest(left_bytes) == Rest(body[left_bytes:end], int(end > left_bytes))
        parts += cut.parts
    assert parts == ends.index(max(end for end in ends if end <= left_bytes))


def test_a_frame_that_is_no_part_is_none_when_it_is_whole() -> None:
    cutter = HttpCutter(parse_http_cut("bytes:4"), 0)
    cutter.feed(at_once(plan(fault="empty-part@1"))[0])
    assert [cutter.rest(left_bytes).parts for left_bytes in (4, len(frame(WRITES[0])) + 3)] == [1, 0]


@pytest.mark.parametrize("http_cut", [None, "whole", "every-byte", "bytes:7"])
@pytest.mark.parametrize(
    ("fault", "parts", "ending"), [("reset@2", 2, "reset"), ("close-in-chunk@1", 1, "close"), ("stall@3", 3, "hang"), ("bad-message-crc@1", 3, None)]
)
def test_what_precedes_a_fault_leaves_however_it_is_cut(http_cut: str | None, fault: str, parts: int, ending: str | None) -> None:
    for framed in (at_once(plan(fault=fault)), by_writes(plan(fault=fault))):
        pieces = in_chunks(http_cut, framed) if http_cut else framed
        last = next((number for number, piece in enumerate(pieces) if piece.ending), len(pieces) - 1)
        played = pieces[: last + 1]
        data = b"".join(chunk for chunk, _ in left(played))
        assert data.startswith(b"".join(map(frame, WRITES[: min(parts, 1)])))
        assert (sum(piece.parts for piece in played), played[-1].ending) == (parts, ending)


def test_a_fault_counts_parts_and_not_chunks() -> None:
    [timeline, _] = in_chunks("bytes:1", at_once(plan(cut="bytes:4", fault="reset@3")))
    assert left([timeline]) == [(bytes([byte]), due_s) for part, due_s in ((b"abcd", 2.0), (b"efgh", 2.0), (b"ijkl", 4.0)) for byte in frame(part)]
    assert (timeline.parts, timeline.ending) == (3, "reset")


def test_what_found_nothing_is_known_when_all_has_gone_through() -> None:
    assembly = Assembly(plan(cut="inside-utf8", fault="reset@9"))
    assembly.feed(WRITES, DUE_S, last=True)
    assert (assembly.missed_cuts, assembly.has_struck, assembly.parts) == (["inside-utf8"], False, 1)
    assert Assembly(plan()).has_struck


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=9), st.sampled_from(CUTS), st.sampled_from(CUTS), st.integers(0, 9))
def test_no_byte_is_lost_and_no_chunk_is_empty(writes: list[bytes], cut: str, http_cut: str, seed: int) -> None:
    assembly = Assembly(Plan(cut=parse_cut(cut), seed=seed))
    timelines = [assembly.feed([write], [float(number)], last=number + 1 == len(writes)) for number, write in enumerate(writes)]
    chunks = left(in_chunks(http_cut, timelines, seed))
    assert b"".join(chunk for chunk, _ in chunks) == b"".join(writes)
    assert all(chunk for chunk, _ in chunks)
    ends = list(accumulate(map(len, writes)))
    for end, (_, due_s) in zip(accumulate(len(chunk) for chunk, _ in chunks), chunks, strict=True):
        assert due_s >= next(number for number, written in enumerate(ends) if written >= end)
