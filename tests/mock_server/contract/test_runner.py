"""Parsers that make one mistake each, in processes of their own: every mistake is a result, none of them is the runner's end."""

from __future__ import annotations

import pytest

from mock_server.contract.corpus import corpus
from mock_server.contract.judge import Verdict
from mock_server.contract.process import Launch, RefusedParser, Worker
from mock_server.contract.runner import Plan, Result, probe, run_cases
from mock_server.contract.selection import Wanted, choose

MISTAKEN = "tests.mock_server.contract.parsers.mistaken"
PLAIN = "two-events-in-a-part"
FRAGMENTS = "halves-in-two-fragments"


def held(name: str, case: str = PLAIN, adapter: str = "parts", *, exhaustive: bool = False, time_limit: float = 1.0) -> Result:
    """Hold one of the parsers against one case."""
    plan = Plan(Launch(f"{MISTAKEN}:{name}", adapter), exhaustive, time_limit)
    [result] = run_cases([corpus()[case]], plan)
    return result


RESULTS = [
    ("texts", "parts", PLAIN, "pass", ""),
    ("prints", "parts", PLAIN, "pass", ""),
    ("asynchronous", "async", PLAIN, "pass", ""),
    ("LineIterator", "lines", PLAIN, "pass", ""),
    ("LineIterator", "lines", FRAGMENTS, "hang", "mistaken.py:"),
    ("sleeps", "parts", PLAIN, "hang", "in sleeps"),
    ("first_event_of_a_part", "parts", PLAIN, "lost", ""),
    ("part_is_event", "parts", PLAIN, "JSONDecodeError", "in part_is_event"),
    ("eats_memory", "parts", PLAIN, "MemoryError", "in eats_memory"),
    ("dies", "parts", PLAIN, "died", "exit code 3"),
    ("aborts", "parts", PLAIN, "died", "SIGABRT"),
    ("gives_none", "parts", PLAIN, "wrong", "expected str or an object with a .text"),
]


@pytest.mark.parametrize(("name", "adapter", "case", "result", "detail"), RESULTS, ids=lambda value: value or "-")
def test_what_a_parser_does_is_a_result(name: str, adapter: str, case: str, result: str, detail: str) -> None:
    made = held(name, case, adapter, time_limit=0.2 if result == "hang" else 1.0)
    assert made.verdict.result == result
    assert detail in made.verdict.detail


REFUSED = [
    ("nope", "parts", "has no attribute 'nope'"),
    ("NUMBER", "parts", "is int, which cannot be called: expected a function, or a class"),
    ("gives_bytes", "parts", "it yielded bytes, expected str: decode them"),
    ("gives_none", "parts", "it yielded None, expected str or an object with a .text"),
    ("gives_nothing", "parts", "it returned None, expected an iterable of str"),
    ("asynchronous", "parts", "with --adapter async it reads"),
    ("LineIterator", "parts", "with --adapter lines it reads"),
]


@pytest.mark.parametrize(("name", "adapter", "says"), REFUSED, ids=lambda value: value)
def test_a_parser_that_cannot_be_tried_is_told_what_was_expected(name: str, adapter: str, says: str) -> None:
    with pytest.raises(RefusedParser, match=says):
        probe([corpus()[PLAIN]], Plan(Launch(f"{MISTAKEN}:{name}", adapter)))


def test_a_python_that_is_none_is_named() -> None:
    with Worker(Launch(f"{MISTAKEN}:texts", python="/nowhere/python")) as worker, pytest.raises(RefusedParser, match="--python /nowhere/python: expected"):
        worker.start()


def test_a_failure_that_does_not_repeat_is_said_so() -> None:
    made = held("flaky")
    assert (made.verdict, made.repeats) == (Verdict("wrong"), False)


def test_our_own_reader_passes_every_case() -> None:
    chosen = choose(corpus(), Wanted())
    results = run_cases(chosen.cases, Plan(Launch("backends.wire:decode_events")))
    assert [(result.case.name, result.verdict) for result in results if not result.verdict.passed] == []
