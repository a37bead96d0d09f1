"""Parsers that make one mistake each, in processes of their own: every mistake is a result, none of them is the runner's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mock_server.contract.case import Case, said
from mock_server.contract.corpus import corpus
from mock_server.contract.cuttings import Offsets
from mock_server.contract.judge import Answer, Text, Verdict
from mock_server.contract.process import Launch, RefusedParser, Worker
from mock_server.contract.runner import Plan, probe, run_cases, shortest
from mock_server.contract.selection import Wanted, choose
from mock_server.contract.stage import Stage
from mock_server.contract.trial import Trial
from tests.mock_server.contract.rows import BROKEN, CHARACTERS, EITHER, EXCEPTION, INTERRUPTED, LONG, MISTAKEN, NO_LINE_END, PLAIN, hold

RESULTS = [
    ("texts", "parts", PLAIN, "pass", ""),
    ("texts", "parts", BROKEN, "pass", ""),
    ("texts", "parts", INTERRUPTED, "pass", ""),
    ("texts", "parts", EITHER, "pass", ""),
    ("texts", "parts", LONG, "pass", ""),
    ("texts", "parts", replace(LONG, name="long-in-sevens", cut="bytes:7"), "pass", ""),
    ("texts", "boto3", EXCEPTION, "pass", ""),
    ("frames", "frames", PLAIN, "pass", ""),
    ("frames", "frames", EXCEPTION, "pass", ""),
    ("frames", "frames", replace(EXCEPTION, name="unknown", tail=({"Heartbeat": {}},), right=said("Low")), "pass", ""),
    ("prints", "parts", PLAIN, "pass", ""),
    ("asynchronous", "async", PLAIN, "pass", ""),
    ("LineIterator", "lines", PLAIN, "pass", ""),
    ("LineIterator", "lines", INTERRUPTED, "pass", ""),
    ("LineIterator", "lines", NO_LINE_END, "hang", "mistaken.py:"),
    ("LineIterator", "lines", EXCEPTION, "KeyError", "in __next__"),
    ("sleeps", "parts", PLAIN, "hang", "in sleeps"),
    ("holds_the_lock", "parts", PLAIN, "hang", "did not end"),
    ("first_event_of_a_part", "parts", replace(PLAIN, cut="whole"), "lost", ""),
    ("first_event_of_a_part", "parts", replace(LONG, cut="bytes:4000"), "lost", ""),
    ("raises", "parts", BROKEN, "lost", "LookupError: nothing is there"),
    ("part_is_event", "parts", PLAIN, "KeyError", "in part_is_event"),
    ("part_is_event", "parts", INTERRUPTED, "KeyError", "in part_is_event"),
    ("swallows", "parts", BROKEN, "swallowed", ""),
    ("says_nothing", "parts", INTERRUPTED, "ValueError", "which does not hold 'CUDA out of memory'"),
    ("does_not_decode", "parts", INTERRUPTED, "JSONDecodeError", ""),
    ("does_not_decode", "parts", BROKEN, "pass", ""),
    ("exits", "parts", BROKEN, "SystemExit", ""),
    ("eats_memory", "parts", PLAIN, "MemoryError", "in eats_memory"),
    ("dies", "parts", PLAIN, "died", "exit code 3"),
    ("aborts", "parts", PLAIN, "died", "SIGABRT"),
    ("closes_everything", "parts", PLAIN, "died", "its pipes are closed"),
    ("gives_none", "parts", PLAIN, "wrong", "expected str or an object with a .text"),
    ("gives_numbers", "parts", PLAIN, "wrong", "whose .text is 5, expected str"),
]


@pytest.mark.parametrize(("name", "adapter", "case", "result", "detail"), RESULTS, ids=lambda value: str(value) or "-")
def test_what_a_parser_does_is_a_result(name: str, adapter: str, case: Case, result: str, detail: str) -> None:
    made = hold(case, name, adapter, time_limit=0.2 if result == "hang" else 4.0)
    assert made.verdict.result == result
    assert detail in made.verdict.detail


REFUSED = [
    ("nope", "parts", "has no attribute 'nope'"),
    ("NUMBER", "parts", "is int, which cannot be called: expected a function, or a class"),
    ("gives_bytes", "parts", "it yielded bytes, expected str: decode them"),
    ("gives_none", "parts", "it yielded None, expected str or an object with a .text"),
    ("gives_nothing", "parts", "it returned None, expected an iterable of str"),
    ("texts", "async", "with --adapter (parts|boto3) it reads"),
    ("asynchronous", "parts", "with --adapter async it reads"),
    ("LineIterator", "parts", "with --adapter lines it reads"),
]


@pytest.mark.parametrize(("name", "adapter", "says"), REFUSED, ids=lambda value: value)
def test_a_parser_that_cannot_be_tried_is_told_what_was_expected(name: str, adapter: str, says: str) -> None:
    with pytest.raises(RefusedParser, match=says):
        probe([PLAIN], Plan(Launch(f"{MISTAKEN}:{name}", adapter)))


NO_PARSERS = [
    ("no-colon", "expected package.module:name"),
    (f"{MISTAKEN}:wants_a_tokenizer", r"cannot be called as --adapter parts does, name\(parts\): missing a required .*argument: 'tokenizer'; wrap it in"),
    (f"{MISTAKEN}:takes_nothing", r"cannot be called as --adapter parts does, name\(parts\): too many positional arguments; wrap it in"),
    ("no.such.module:name", "cannot be imported in .*: ModuleNotFoundError"),
    ("tests.mock_server.contract.parsers.dies_when_imported:name", "cannot be imported by .*: its process died: exit code 9"),
    ("tests.mock_server.contract.parsers.fails_when_imported:name", r"RuntimeError: no key, at .*fails_when_imported\.py:3"),
]


@pytest.mark.parametrize(("parser", "says"), NO_PARSERS, ids=lambda value: value)
def test_a_parser_that_cannot_be_imported_is_told_why(parser: str, says: str) -> None:
    with Worker(Launch(parser)) as worker, pytest.raises(RefusedParser, match=says):
        worker.start()


def test_a_python_that_is_none_is_named() -> None:
    with Worker(Launch(f"{MISTAKEN}:texts", python="/nowhere/python")) as worker, pytest.raises(RefusedParser, match="--python /nowhere/python: expected"):
        worker.start()


def test_a_parser_without_a_plain_case_and_one_that_reads_wrongly_are_tried_all_the_same() -> None:
    probe([BROKEN], Plan(Launch(f"{MISTAKEN}:nope")))
    probe([PLAIN], Plan(Launch(f"{MISTAKEN}:raises")))


def test_a_failure_that_does_not_repeat_is_said_so() -> None:
    made = hold(PLAIN, "flaky")
    assert (made.verdict, made.repeats) == (Verdict("wrong"), False)


def slow(within_s: float) -> Callable[[Trial, float], Answer]:
    """Return a run of a parser that stalled once, and reads in so much time, twice as fast where it gets all in one part."""

    def run(trial: Trial, limit_s: float) -> Answer:
        needs_s = within_s if trial.cut else within_s / 2
        return Answer("hang") if limit_s < needs_s else Answer("end", Text.of(trial.case.text))

    return run


STALLS = [
    ("one that reads in a second and a half", 1.5, ((20,), False)),
    ("one that hangs unless it gets all in one part, which takes it two seconds", 4.0, ((20,), True)),
    ("one that always hangs", 60.0, ((), True)),
]


@pytest.mark.parametrize(("within_s", "told"), [row[1:] for row in STALLS], ids=[row[0] for row in STALLS])
def test_a_hang_is_told_only_of_what_hangs_for_all_of_its_time(within_s: float, told: tuple[Offsets, bool]) -> None:
    made, _, _, repeats = shortest(Trial(PLAIN, (20,)), Verdict("hang"), Answer("hang"), slow(within_s), 3.0)
    assert (made.cut, repeats) == told


def test_every_cutting_is_tried_and_the_failure_told_is_the_shortest() -> None:
    made = hold(CHARACTERS, "fails_on_split", exhaustive=True)
    assert (made.verdict.result, made.trial.cut) == ("UnicodeDecodeError", (15,))
    assert made.failures < made.cuttings == len(CHARACTERS.body) + 5
    assert hold(CHARACTERS, exhaustive=True).failures == 0


def test_a_case_that_fails_in_many_cuttings_is_given_up_and_one_that_hangs_at_once() -> None:
    assert hold(PLAIN, "raises", exhaustive=True).cuttings == 10
    assert hold(PLAIN, "sleeps", exhaustive=True, time_limit=0.2).cuttings == 1


@pytest.mark.parametrize("client", ["client", "async_client"])
def test_a_whole_client_asks_a_twin_that_plays_the_case(client: str) -> None:
    cases = [PLAIN, NO_LINE_END, BROKEN, INTERRUPTED, EXCEPTION]
    with Stage() as stage:
        plan = Plan(Launch(f"{MISTAKEN}:{client}", "client", environ=stage.environ), time_limit=4.0, job=stage.put)
        probe(cases, plan)
        assert {result.case.name: result.verdict for result in run_cases(cases, plan) if not result.verdict.passed} == {}


def test_a_client_that_fails_is_told_the_cut_on_the_wire() -> None:
    case = replace(CHARACTERS, cut="at:3,15")
    with Stage() as stage:
        [made] = run_cases([case], Plan(Launch(f"{MISTAKEN}:splitting_client", "client", environ=stage.environ), time_limit=4.0, job=stage.put))
    assert (made.verdict.result, made.trial.cut) == ("UnicodeDecodeError", (15,))


def test_our_own_reader_passes_every_case() -> None:
    chosen = choose(corpus(), Wanted())
    results = run_cases(chosen.cases, Plan(Launch("backends.wire:decode_events"), time_limit=4.0))
    assert [(result.case.name, result.verdict) for result in results if not result.verdict.passed] == []
