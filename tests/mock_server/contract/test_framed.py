"""Parsers of the event stream's bytes, in processes of their own, and how much is tried where all is."""

from __future__ import annotations

from mock_server.contract.corpus import corpus
from mock_server.contract.process import Launch
from mock_server.contract.runner import Plan, run_cases, trials_of

FRAMED = "tests.mock_server.contract.parsers.framed"
CASES = [case for case in corpus().values() if case.family in {"frames", "exceptions"}]


def failures(name: str) -> dict[str, str]:
    results = run_cases(CASES, Plan(Launch(f"{FRAMED}:{name}", "frames")))
    return {result.case.name: result.verdict.result for result in results if not result.verdict.passed}


def test_our_reader_of_frames_passes_dicts_among_them_that_are_framed_for_it() -> None:
    assert failures("ours") == {}


def test_a_stream_that_stops_inside_a_frame_is_an_end_to_botocore() -> None:
    failed = failures("behind_botocore")

    assert {failed[name] for name in failed if name.startswith("frame-stops-")} == {"swallowed"}
    assert failed["model-stream-error"] == "swallowed"
    assert failed["header-cut-off"] == "wrong"
    assert "dict-of-an-unknown-event" not in failed


def test_a_case_that_is_one_of_many_is_not_cut_as_well() -> None:
    cases = corpus()
    assert len(list(trials_of(cases["vllm-stops-at-0100"], exhaustive=True))) == 1
    assert len(list(trials_of(cases["vllm-stops-inside-a-frame"], exhaustive=True))) > 100
