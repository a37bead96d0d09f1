from __future__ import annotations

import math
from itertools import groupby, islice, pairwise
from statistics import mean, median, stdev

import pytest

from mock_server.profiles import PROFILES, find_profile
from mock_server.words import WordError

WAITING = [name for name, profile in PROFILES.items() if not profile.is_instant]
LOADS = [(1, 0), (40, 0), (1, 3000), (40, 3000)]
"""Streams that are open, and tokens of the prompt."""


def waits_s(name: str, tokens: int = 4000, seed: int = 0) -> list[float]:
    """Return the seconds between one token and the next."""
    return [after - before for before, after in pairwise(find_profile(name).token_times_s(tokens, seed))]


def bursts(name: str, tokens: int = 4000) -> list[int]:
    """Return how many tokens come at each moment, but for the last."""
    return [len(list(group)) for _, group in groupby(find_profile(name).token_times_s(tokens, 3))][:-1]


def first_s(name: str, streams: int = 1, prompt_tokens: int = 0) -> float:
    """Return the median time to the first token."""
    return median(find_profile(name).token_times_s(1, seed, streams, prompt_tokens)[0] for seed in range(500))


def test_instant_waits_for_nothing() -> None:
    assert list(find_profile("instant").token_times_s(3, seed=1)) == [0.0, 0.0, 0.0]


def test_answers_to_the_same_request_share_their_times() -> None:
    profile = find_profile("typical")
    assert profile.token_times_s(50, 7) is profile.token_times_s(50, 7)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(("streams", "prompt_tokens"), LOADS)
def test_both_forms_give_the_same_times(name: str, streams: int, prompt_tokens: int) -> None:
    profile = find_profile(name)
    times_s = profile.token_times_s(300, 7, streams, prompt_tokens)
    assert list(islice(profile.times_s(7, streams, prompt_tokens), 300)) == list(times_s)
    assert list(profile.token_times_s(40, 7, streams, prompt_tokens)) == list(times_s[:40])


@pytest.mark.parametrize("name", PROFILES)
def test_times_ascend_from_the_request_on(name: str) -> None:
    times_s = find_profile(name).token_times_s(2000, seed=3)
    assert all(0 <= before <= after < math.inf for before, after in pairwise(times_s))


@pytest.mark.parametrize("name", PROFILES)
def test_no_token_takes_no_time(name: str) -> None:
    assert list(find_profile(name).token_times_s(0, seed=0)) == []


@pytest.mark.parametrize("name", [name for name in WAITING if name != "constant"])
def test_another_seed_gives_other_times(name: str) -> None:
    assert find_profile(name).token_times_s(50, seed=3) != find_profile(name).token_times_s(50, seed=4)


@pytest.mark.parametrize("name", WAITING)
def test_the_middle_of_the_first_wait_is_what_the_table_says(name: str) -> None:
    assert first_s(name) == pytest.approx(find_profile(name).ttft_s, rel=0.1)


@pytest.mark.parametrize("name", WAITING)
def test_the_middle_of_the_other_waits_is_what_the_table_says(name: str) -> None:
    assert median(wait_s for wait_s in waits_s(name) if wait_s) == pytest.approx(find_profile(name).itl_s, rel=0.1)


def test_constant_waits_are_all_the_same_and_do_not_add_up_an_error() -> None:
    assert find_profile("constant:8,0.03").token_times_s(1000, 0)[-1] == pytest.approx(8 + 999 * 0.03)
    assert max(waits_s("constant")) == pytest.approx(min(waits_s("constant")))


def test_normal_waits_stray_by_their_spread_and_stay_within_seven_tenths() -> None:
    waits = waits_s("normal:0.1,0.01,0.2")
    assert stdev(waits) / mean(waits) == pytest.approx(0.2, rel=0.1)
    wild = waits_s("normal:0.1,0.01,3")
    assert [min(wild), max(wild)] == pytest.approx([0.003, 0.017])


def test_the_logarithms_of_log_normal_waits_stray_by_their_spread() -> None:
    assert stdev(map(math.log, waits_s("log-normal:0.1,0.01,0.5"))) == pytest.approx(0.5, rel=0.1)


def test_a_rolling_batch_writes_the_first_token_and_then_every_fourth_with_those_before_it() -> None:
    first, *others = bursts("rolling-batch")
    assert (first, set(others)) == (1, {4})


def test_speculative_decoding_accepts_two_to_five_tokens_at_once() -> None:
    first, *others = bursts("speculative")
    assert (first, set(others)) == (1, {2, 3, 4, 5})


def test_a_prefill_grows_with_the_prompt() -> None:
    assert first_s("prefill-stall", prompt_tokens=1000) == pytest.approx(4.0, rel=0.1)
    assert first_s("typical", prompt_tokens=1000) == first_s("typical")


def test_another_prompt_stalls_a_stream_again_and_again() -> None:
    stalls = [number for number, wait_s in enumerate(waits_s("prefill-stall")) if wait_s > 1.5]
    gaps = [after - before for before, after in pairwise([0, *stalls])]
    assert (min(gaps), max(gaps)) == (16, 48)


def test_a_stall_is_waited_for_where_nothing_else_is() -> None:
    assert find_profile("prefill-stall:0,0").token_times_s(49, 0)[-1] == pytest.approx(1.5)


def test_overload_grows_with_the_streams_that_are_open() -> None:
    alone, sixteen, hundred = (find_profile("overload").token_times_s(100, 5, streams) for streams in (1, 16, 100))
    assert sixteen == pytest.approx([2 * moment_s for moment_s in alone])
    assert hundred == pytest.approx([7.6 * moment_s for moment_s in alone])
    assert find_profile("normal").token_times_s(100, 5, 16) == find_profile("normal").token_times_s(100, 5)


def test_a_profile_with_arguments_keeps_what_was_asked_for_as_its_name() -> None:
    profile = find_profile("log-normal:0.5,0.02,0.1")
    assert (profile.name, profile.ttft_s, profile.itl_s, profile.spread) == ("log-normal:0.5,0.02,0.1", 0.5, 0.02, 0.1)
    assert find_profile("log-normal:0.5,0.02").spread == find_profile("log-normal").spread


REFUSED = [
    ("slow", "'slow' is not a profile; legal: instant, typical[:TTFT,ITL[,SPREAD]], constant[:TTFT,ITL], normal[:TTFT,ITL[,SPREAD]], "),
    ("slow:1,1", "'slow:1,1' is not a profile; legal: "),
    ("instant:1,1", "'instant:1,1' does not say what 'instant' takes; legal: instant"),
    ("constant:", "'constant:' does not say what 'constant' takes; legal: constant[:TTFT,ITL]"),
    ("constant:1", "'constant:1' does not say what 'constant' takes; legal: constant[:TTFT,ITL]"),
    ("constant:1,1,1", "'constant:1,1,1' does not say what 'constant' takes; legal: constant[:TTFT,ITL]"),
    ("normal:1,1,1,1", "'normal:1,1,1,1' does not say what 'normal' takes; legal: normal[:TTFT,ITL[,SPREAD]]"),
    ("normal:1,20ms", "'20ms' is not a number of seconds; legal: "),
    ("normal:1,-1", "'-1' is not a number of seconds; legal: "),
    ("normal:1,1,10", "'10' is not a spread; legal: a share of the wait, as 0.2"),
    ("normal:1,1,", "'' is not a spread; legal: a share of the wait, as 0.2"),
]


@pytest.mark.parametrize(("text", "refusal"), REFUSED)
def test_what_is_no_profile_is_refused_with_the_legal_ones(text: str, refusal: str) -> None:
    with pytest.raises(WordError) as refused:
        find_profile(text)
    assert str(refused.value).startswith(refusal)
