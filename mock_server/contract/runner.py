"""Cases held against a parser: several at a time, each failure tried again and its cut made as short as can be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from queue import SimpleQueue
from time import monotonic
from typing import Any

from mock_server.contract.case import Case
from mock_server.contract.cuttings import Offsets, all_offsets
from mock_server.contract.judge import Answer, Verdict, judge
from mock_server.contract.process import Launch, RefusedParser, Worker
from mock_server.contract.shrink import HANGS, SECONDS, TRIES, Budget, shrink
from mock_server.contract.trial import Trial, can_give
from mock_server.contract.worker import ADAPTERS

FAST_LIMIT_S = 1.0
"""How long a parser that hung twice is waited for, while a shorter cut is looked for with which it does so too."""
ENOUGH_FAILURES = 10
"""Of one case, after which no more cuttings of it are tried."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How cases are tried."""

    launch: Launch
    exhaustive: bool = False
    """Whether each body is tried in every cutting."""
    time_limit: float = 1.0
    """What the cases' limits are multiplied by."""
    workers: int = os.cpu_count() or 1
    job: Callable[[Trial], dict[str, Any]] = Trial.job
    """What a worker is told of a trial."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a case found out about the parser."""

    case: Case
    verdict: Verdict
    answer: Answer
    """What the parser made of the shortest cut that fails, or of the case."""
    trial: Trial
    """The case in the shortest cut that fails, or as it is."""
    cuttings: int = 1
    """How many were tried."""
    failures: int = 0
    """How many of them failed."""
    repeats: bool = True
    """Whether it failed again in the same way."""
    elapsed_s: float = 0.0
    time_limit: float = 1.0
    """What the case's limit was multiplied by."""

    @property
    def limit_s(self) -> float:
        """How long the parser had."""
        return self.case.limit_s * self.time_limit


def run_cases(cases: Sequence[Case], plan: Plan) -> Iterator[Result]:
    """Yield a result for each case, as they come.

    Raises:
        RefusedParser: The parser cannot be tried, or gives no text for a plain stream.
    """
    with ExitStack() as stack:
        workers: SimpleQueue[Worker] = SimpleQueue()
        every = [stack.enter_context(Worker(plan.launch)) for _ in range(max(1, min(plan.workers, len(cases))))]
        every[0].start()
        for worker in every:
            workers.put(worker)
        pool = stack.enter_context(ThreadPoolExecutor(len(every)))

        def run(case: Case) -> Result:
            worker = workers.get()
            try:
                return run_case(case, plan, worker)
            finally:
                workers.put(worker)

        futures = [pool.submit(run, case) for case in cases]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in every:
                worker.stop()


def run_case(case: Case, plan: Plan, worker: Worker) -> Result:
    """Return what a case finds out."""
    limit_s, began_s = case.limit_s * plan.time_limit, monotonic()
    failed: list[tuple[Trial, Verdict, Answer]] = []
    cuttings = 0
    for trial in trials_of(case, exhaustive=plan.exhaustive):
        answer = worker.run(plan.job(trial), limit_s)
        verdict = judge(case, answer)
        cuttings += 1
        if not verdict.passed:
            failed.append((trial, verdict, answer))
        if verdict.result in {"hang", "died"} or len(failed) == ENOUGH_FAILURES:
            break
    if not failed:
        return Result(case, verdict, answer, trial, cuttings, elapsed_s=monotonic() - began_s, time_limit=plan.time_limit)
    trial, verdict, answer, repeats = shortest(*failed[0], lambda trial, limit_s: worker.run(plan.job(trial), limit_s), limit_s)
    return Result(case, verdict, answer, trial, cuttings, len(failed), repeats, monotonic() - began_s, plan.time_limit)


def trials_of(case: Case, *, exhaustive: bool) -> Iterator[Trial]:
    """Yield the case as it is, and in every cutting of its body, unless it tests size, or is one of many that vary it."""
    yield Trial(case)
    if exhaustive and not (case.is_long or case.is_generated):
        yield from (Trial(case, offsets) for offsets in all_offsets(case.body))


def shortest(trial: Trial, verdict: Verdict, answer: Answer, run: Callable[[Trial, float], Answer], limit_s: float) -> tuple[Trial, Verdict, Answer, bool]:
    """Return the trial with the fewest offsets that fails in the same way, what came of it, and whether it fails again."""
    case, is_dear = trial.case, verdict.result in {"hang", "died"}
    fast_s = min(limit_s, FAST_LIMIT_S) if is_dear else limit_s
    seen: dict[Offsets | None, tuple[Verdict, Answer]] = {}

    def fails(offsets: Offsets | None, within_s: float = fast_s) -> bool:
        made = run(Trial(case, offsets), within_s)
        seen[offsets] = judge(case, made), made
        return seen[offsets][0].result == verdict.result

    if not fails(trial.offsets, limit_s):
        return trial, verdict, answer, False
    if case.is_long:
        return trial, verdict, answer, True
    offsets = shrink(trial.cut, len(case.body), fails, Budget(HANGS if is_dear else TRIES, monotonic() + SECONDS))
    if offsets == trial.cut or (fast_s < limit_s and not fails(offsets, limit_s)):  # which was only slow
        return trial, verdict, answer, True
    return Trial(case, offsets), *seen[offsets], True


def probe(cases: Iterable[Case], plan: Plan) -> None:
    """Try the plainest of the cases in one part, to tell a parser that is called wrongly from one that fails.

    Raises:
        RefusedParser: It cannot be imported, gives what is no text, or takes what another adapter gives.
    """
    plain = [case for case in cases if case.layer == "body" and case.text and not (case.error or case.is_long)]
    if not plain:
        return
    case, launch = min(plain, key=lambda case: len(case.body)), plan.launch
    answer = _try_whole(case, plan)
    if answer.ended not in {"mistake", "raised"}:
        return
    for adapter in ADAPTERS.keys() - {launch.adapter, "client"} if launch.adapter != "client" else ():
        if can_give(adapter, case) and _reads(case, replace(plan, launch=replace(launch, adapter=adapter))):
            raise RefusedParser(f"{launch.parser} cannot use what --adapter {launch.adapter} gives it ({answer.describe()}); with --adapter {adapter} it reads")
    if answer.ended == "mistake":
        raise RefusedParser(f"{launch.parser}: {answer.says}")


def _reads(case: Case, plan: Plan) -> bool:
    try:
        return judge(case, _try_whole(case, plan)).passed
    except RefusedParser:
        return False


def _try_whole(case: Case, plan: Plan) -> Answer:
    with Worker(plan.launch) as worker:
        return worker.run(plan.job(Trial(case, ())), case.limit_s * plan.time_limit)
