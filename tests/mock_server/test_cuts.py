from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.cuts import KINDS, Cutter, parse_cut, parse_http_cut
from mock_server.words import WordError

WRITES = ['data:{"a":"é"}\n\n'.encode(), b'data:{"b":"\\n"}\r\n\r\n', b"{}\n"]
BODY = b"".join(WRITES)
ENDS = list(accumulate(map(len, WRITES)))

EXACT = [
    ("whole", []),
    ("write", [17, 36]),
    ("merge:2", [36]),
    ("merge:9", []),
    ("bytes:16", [16, 32]),
    ("at:3,17,99", [3, 17]),
    ("write+at:3", [3, 17, 36]),
    ("every-byte", list(range(1, 39))),
    ("inside-utf8", [12]),
    ("inside-utf8+write", [12, 17, 36]),
    ("inside-crlf", [33, 35]),
    ("inside-escape", [29]),
]
"""Cuts that leave the dice nothing to choose."""

SOMEWHERE = [
    ("inside-json", [range(6, 15), range(23, 32), range(37, 38)]),
    ("inside-prefix", [range(1, 5), range(18, 22)]),
]

REFUSED = [
    "",
    "wrote",
    "bytes",
    "bytes:",
    "bytes:0",
    "bytes:-1",
    "bytes:x",
    "bytes:1e9999999999",
    "whole:1",
    "random:",
    "at:1,",
    "write+",
    "+",
    "write,whole",
    "bytes:٣",
]


PAIR = rb'{"text":"\ud83d\ude00"}'
ADVERSARIAL = [
    ("inside-escape", PAIR, [set(range(10, 21))]),  # the one between the halves of a character among them
    ("inside-escape", rb'{"a":"\\ud83d"}', [{7}]),  # an escaped backslash, and no escape behind it
    ("inside-escape", rb'{"a":"\\\"\n"}', [{7}, {9}, {11}]),
    ("inside-escape", rb'{"a":"\ud83dx\ude00"}', [set(range(7, 12)), set(range(14, 19))]),  # halves that do not belong together
    ("inside-escape", rb'{"a":"\ude00\ud83d"}', [set(range(7, 12)), set(range(13, 18))]),
    ("inside-escape", rb'{"arguments":"{\"zone\": \"UTC\"}"}', [{16}, {22}, {26}, {31}]),
    ("inside-prefix", b"data: {}\n\ndata:{}\n\n", [{1, 2, 3, 4, 5}, {11, 12, 13, 14}]),
    ("inside-prefix", b"data: {}\r\n\r\ndata: [DONE]\r\n\r\n", [{1, 2, 3, 4, 5}, {13, 14, 15, 16, 17}]),
    ("inside-prefix", b'data:{"text":"data: data:"}\n\n', [{1, 2, 3, 4}]),  # the text of an answer is no prefix
    ("inside-prefix", b"event: x\rdata: 1\r", [{10, 11, 12, 13, 14}]),
    ("inside-json", b"data: [DONE]\n\n", [set(range(7, 12))]),
    ("inside-json", b'{"a":{"b":[1]}}\n[{"c":2}]\n', [set(range(1, 15)), set(range(17, 25))]),
    ("inside-json", b'{"a":"}{"}\n\n', [set(range(1, 10))]),
    ("inside-utf8", "é日😀a".encode(), [{1}, {3, 4}, {6, 7, 8}]),
    ("inside-utf8", "\u2028\x85".encode(), [{1, 2}, {4}]),
    ("inside-crlf", b"a\r\n\r\nb\n\r", [{2}, {4}]),
]
"""A cut, a body, and for each occurrence in it the offsets that are inside."""


@pytest.mark.parametrize(("text", "body", "inside"), ADVERSARIAL)
def test_an_aimed_cut_hits_what_it_aims_at_and_nothing_else(text: str, body: bytes, inside: list[set[int]]) -> None:
    drawn = [parse_cut(text).offsets(body, [len(body)], seed)[0] for seed in range(200)]
    assert all(len(offsets) == len(inside) for offsets in drawn)
    assert [{offsets[number] for offsets in drawn} for number in range(len(inside))] == inside


@pytest.mark.parametrize("text", ["every-byte", "bytes:3", "random:5", "at:4,8", "merge:2", "write", "inside-utf8+inside-crlf"])
def test_a_body_that_comes_write_by_write_gives_each_part_as_soon_as_it_is_there(text: str) -> None:
    whole, cutter = Cutter(parse_cut(text), seed=3), Cutter(parse_cut(text), seed=3)
    came, parts = b"", list[bytes]()
    for write in WRITES:
        came += write
        parts += cutter.feed([write])
        assert len(b"".join(parts)) + cutter.held_bytes == len(came)
    assert [*parts, *cutter.finish()] == [*whole.feed(WRITES), *whole.finish()]


def test_a_cut_at_the_end_of_a_write_leaves_nothing_behind() -> None:
    for text in ("write", "every-byte", "bytes:17", "at:17", "merge:1"):
        cutter = Cutter(parse_cut(text), seed=0)
        assert b"".join(cutter.feed(WRITES[:1])) == WRITES[0], text
        assert cutter.held_bytes == 0


@pytest.mark.parametrize("text", ["write+inside-json", "inside-crlf", "nothing"])
def test_a_cut_of_http_chunks_is_none_that_aims(text: str) -> None:
    with pytest.raises(WordError, match="legal: write, whole, merge:K"):
        parse_http_cut(text)
    assert parse_http_cut("bytes:3+at:2") == parse_cut("bytes:3+at:2")


@pytest.mark.parametrize(("text", "offsets"), EXACT)
def test_a_cut_is_a_set_of_offsets_inside_the_body(text: str, offsets: list[int]) -> None:
    assert parse_cut(text).offsets(BODY, ENDS, seed=0) == (offsets, [])


@pytest.mark.parametrize(("text", "ranges"), SOMEWHERE)
@pytest.mark.parametrize("seed", range(20))
def test_an_aimed_cut_hits_every_occurrence_once_inside(text: str, ranges: list[range], seed: int) -> None:
    offsets, missed = parse_cut(text).offsets(BODY, ENDS, seed)
    assert not missed
    assert len(offsets) == len(ranges)
    assert all(offset in hit for offset, hit in zip(offsets, ranges, strict=True))


def test_an_aimed_cut_does_not_always_hit_the_same_place() -> None:
    assert len({tuple(parse_cut("inside-json").offsets(BODY, ENDS, seed)[0]) for seed in range(20)}) > 1


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.aimed])
def test_an_aimed_cut_without_a_target_cuts_nothing_and_says_so(name: str) -> None:
    assert parse_cut(name).offsets(b"plain", [5], seed=0) == ([], [name])


def test_a_random_cut_is_the_same_for_the_same_seed_and_no_part_is_too_long() -> None:
    cut = parse_cut("random:5")
    offsets, _ = cut.offsets(BODY, ENDS, seed=7)
    assert offsets == cut.offsets(BODY, ENDS, seed=7)[0]
    assert offsets != cut.offsets(BODY, ENDS, seed=8)[0]
    assert max(end - start for start, end in pairwise([0, *offsets, len(BODY)])) <= 5


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_cut_is_refused_with_the_legal_ones(text: str) -> None:
    with pytest.raises(WordError, match="legal: "):
        parse_cut(text)


def test_the_refusal_of_an_unknown_cut_lists_every_cut_and_its_argument() -> None:
    with pytest.raises(WordError) as refusal:
        parse_cut("wrote")
    assert str(refusal.value) == (
        "'wrote' is not a cut; legal: write, whole, merge:K, every-byte, bytes:N, random:MAX, at:OFFSET,OFFSET, "
        "inside-json, inside-utf8, inside-prefix, inside-crlf, inside-escape, or several joined by +"
    )


@given(
    body=st.binary(max_size=200),
    seed=st.integers(0, 9),
    text=st.sampled_from([kind.spelling(name).replace("OFFSET,OFFSET", "4,2") for name, kind in KINDS.items()]),
)
def test_offsets_ascend_strictly_inside_any_body(body: bytes, seed: int, text: str) -> None:
    cut = parse_cut(text.replace(":K", ":3").replace(":N", ":3").replace(":MAX", ":3"))
    offsets, _ = cut.offsets(body, [len(body)], seed)
    bounds = [0, *offsets, len(body)]
    assert all(start < end for start, end in pairwise(bounds)) or not body
