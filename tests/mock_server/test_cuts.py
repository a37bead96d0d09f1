from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.cuts import KINDS, parse_cut
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
