from __future__ import annotations

from itertools import pairwise
from statistics import median

import pytest

from mock_server.profiles import PROFILES, find_profile
from mock_server.words import WordError


def test_instant_waits_for_nothing() -> None:
    assert list(find_profile("instant").token_times_s(3, seed=1)) == [0.0, 0.0, 0.0]


def test_typical_times_come_from_the_seed_and_ascend() -> None:
    typical = find_profile("typical")
    times_s = typical.token_times_s(500, seed=3)
    assert times_s == typical.token_times_s(500, seed=3)
    assert times_s != typical.token_times_s(500, seed=4)
    assert all(before < after for before, after in pairwise(times_s))


def test_typical_times_lie_around_their_medians() -> None:
    typical = find_profile("typical")
    times_s = typical.token_times_s(2000, seed=0)
    assert median(after - before for before, after in pairwise(times_s)) == pytest.approx(typical.itl_s, rel=0.1)
    assert median(typical.token_times_s(1, seed)[0] for seed in range(500)) == pytest.approx(typical.ttft_s, rel=0.1)


def test_a_longer_answer_begins_as_the_shorter_one() -> None:
    typical = find_profile("typical")
    assert list(typical.token_times_s(9, seed=5))[:4] == list(typical.token_times_s(4, seed=5))


@pytest.mark.parametrize("name", PROFILES)
def test_no_token_takes_no_time(name: str) -> None:
    assert list(find_profile(name).token_times_s(0, seed=0)) == []


def test_an_unknown_profile_is_refused_with_the_legal_ones() -> None:
    with pytest.raises(WordError, match="'slow' is not a profile; legal: instant, typical"):
        find_profile("slow")
