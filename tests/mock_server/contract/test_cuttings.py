from __future__ import annotations

from collections.abc import Callable

import pytest

from mock_server.contract.corpus import corpus
from mock_server.contract.cuttings import EXHAUSTIVE_BYTES, Offsets, all_offsets, cut_at, cuttings, every, offsets_of
from mock_server.contract.evidence import spell_cut
from mock_server.contract.shrink import Budget, shrink

BODY = bytes(range(30))
LONG = b"".join(b"%05d\n" % number for number in range(1000))


@pytest.mark.parametrize("body", [b"", b"a", BODY, LONG], ids=len)
def test_every_cutting_gives_all_bytes_in_order(body: bytes) -> None:
    for parts in cuttings(body):
        assert b"".join(parts) == body
        assert cut_at(body, *offsets_of(parts)) == parts


def test_a_short_body_is_cut_in_two_at_every_byte() -> None:
    found = set(all_offsets(BODY))
    assert {(offset,) for offset in range(1, 30)} <= found
    assert {(), tuple(range(1, 30)), tuple(range(3, 30, 3)), tuple(range(7, 30, 7)), (5, 5, 10, 10, 15, 15, 20, 20, 25, 25)} <= found
    assert len(found) == 29 + 5


def test_a_long_body_is_cut_around_its_frames_ends_and_by_chance_always_the_same() -> None:
    found = list(all_offsets(LONG))
    pairs = {offsets[0] for offsets in found if len(offsets) == 1}
    assert len(found) > 200 + 5 + 50 * 10
    assert pairs <= {end + step for end in range(6, 6001, 6) for step in range(-8, 8)}
    assert found == list(all_offsets(LONG))
    assert found != list(all_offsets(LONG, seed=1))


def test_the_event_stream_s_frames_which_have_no_line_ends_are_short_enough_to_be_cut_everywhere() -> None:
    bodies = [case.body for case in corpus().values() if case.layer == "frames" and not case.is_long]
    assert 0 < max(map(len, bodies)) <= EXHAUSTIVE_BYTES


def test_a_body_without_line_ends_is_cut_near_its_end() -> None:
    assert (5000,) in set(all_offsets(b"a" * 5005))


def test_parts_of_a_size_hold_every_byte() -> None:
    assert every(b"abcde", 2) == [b"ab", b"cd", b"e"]
    assert every(b"", 2) == []


SHORTER = [
    ("the whole fails too", (4, 9), lambda offsets: len(offsets) < 3, ()),
    ("one of its own offsets", (4, 9), lambda offsets: 9 in offsets, (9,)),
    ("the nearest to its own", (4, 9), lambda offsets: any(offset > 11 for offset in offsets) or len(offsets) == 2, (12,)),
    ("two of ten", tuple(range(2, 12)), lambda offsets: {5, 8} <= set(offsets), (5, 8)),
    ("nothing less", (4, 9), lambda offsets: offsets == (4, 9), (4, 9)),
    ("an empty part", (6, 6), lambda offsets: offsets.count(6) == 2, (6, 6)),
]


@pytest.mark.parametrize(("_what", "offsets", "fails", "found"), SHORTER, ids=[row[0] for row in SHORTER])
def test_the_fewest_offsets_that_fail_are_found(_what: str, offsets: Offsets, fails: Callable[[Offsets], bool], found: Offsets) -> None:
    assert shrink(offsets, 30, fails, Budget(600, float("inf"))) == found


@pytest.mark.parametrize("budget", [Budget(6, float("inf")), Budget(600, 0.0)], ids=["tries", "seconds"])
def test_a_search_ends_with_its_budget(budget: Budget) -> None:
    tried: list[Offsets] = []

    def fails(offsets: Offsets) -> bool:
        tried.append(offsets)
        return False

    assert shrink((2, 3, 4, 5), 30, fails, budget) == (2, 3, 4, 5)
    assert len(tried) <= 6


CUTS = [
    ((), 30, "whole"),
    (tuple(range(1, 30)), 30, "every-byte"),
    ((10, 20), 30, "bytes:10"),
    ((10,), 30, "at:10"),
    ((10,), 20, "at:10"),
    ((3, 17), 30, "at:3,17"),
    ((5, 5), 30, ""),
    ((0,), 30, ""),
    ((30,), 30, ""),
]


@pytest.mark.parametrize(("offsets", "size", "text"), CUTS, ids=str)
def test_a_cutting_is_spelt_as_a_cut(offsets: tuple[int, ...], size: int, text: str) -> None:
    assert spell_cut(offsets, size) == text
