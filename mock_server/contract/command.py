"""The command `python -m mock_server contract`: somebody's parser held against the corpus."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic

from mock_server.contract.case import Case
from mock_server.contract.corpus import corpus
from mock_server.contract.exports import as_json, as_junit, as_markdown
from mock_server.contract.paste import as_test
from mock_server.contract.process import Launch, RefusedParser
from mock_server.contract.recorded import load_cases
from mock_server.contract.report import Run, report
from mock_server.contract.runner import Plan, Result, probe, run_cases
from mock_server.contract.selection import Chosen, Wanted, choose
from mock_server.program import program

TELL_EVERY_S = 10.0
"""How often a log is told how far a run is."""


def run(options: argparse.Namespace) -> int:
    """Run the command; return the process's exit code."""
    printed = [flag for flag, file in (("--json", options.json), ("--junit", options.junit), ("--markdown", options.markdown)) if file == "-"]
    if len(printed) > 1:
        return _fail(f"{' and '.join(printed)} would be one on standard output: expected at most one there, so name a file for the others")
    try:
        chosen = choose(load_cases(options.recording) if options.recording else corpus(), _wanted(options))
    except ValueError as error:
        return _fail(str(error))
    try:
        with ExitStack() as stack:
            return _run(options, chosen, _plan(options, stack))
    except RefusedParser as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename}: expected a file that can be written: {error.strerror}")
    except KeyboardInterrupt:
        return 130


def _plan(options: argparse.Namespace, stack: ExitStack) -> Plan:
    launch = Launch(options.parser, options.adapter, options.python)
    plan = Plan(launch, options.exhaustive, options.time_limit)
    if options.adapter != "client":
        return plan
    from mock_server.contract.stage import Stage

    stage = stack.enter_context(Stage())
    return replace(plan, launch=replace(launch, environ=stage.environ), job=stage.put)


def _run(options: argparse.Namespace, chosen: Chosen, plan: Plan) -> int:
    began_s = monotonic()
    probe(chosen.cases, plan)
    results = _results(chosen.cases, plan, Progress(len(chosen.cases), is_quiet=options.quiet))
    return _tell(Run(plan.launch, results, chosen.left_out, monotonic() - began_s), options)


def _wanted(options: argparse.Namespace) -> Wanted:
    return Wanted(
        adapter=options.adapter,
        families=options.family or (),
        formats=options.format or (),
        container=options.container or "",
        names=options.case or (),
        cut=options.cut or "",
        exhaustive=options.exhaustive,
    )


def _results(cases: Sequence[Case], plan: Plan, progress: Progress) -> list[Result]:
    """Return the results in the order of the cases, and tell meanwhile how many there are."""
    place = {case.name: number for number, case in enumerate(cases)}
    results: list[Result] = []
    for result in run_cases(cases, plan):
        results.append(result)
        progress.tell(len(results), sum(not result.verdict.passed for result in results))
    progress.end()
    return sorted(results, key=lambda result: place[result.case.name])


class Progress:
    """How far a run is, on standard error: one line that changes where a person looks on, and one now and then where it is kept."""

    def __init__(self, cases: int, *, is_quiet: bool, clock: Callable[[], float] = monotonic) -> None:
        self._cases = cases
        self._is_quiet = is_quiet
        self._is_seen = sys.stderr.isatty()
        self._clock = clock
        self._told_s = clock()

    def tell(self, done: int, failed: int) -> None:
        """Say how many cases are done, and how many of these failed."""
        now_s = self._clock()
        if self._is_quiet or not (self._is_seen or now_s - self._told_s >= TELL_EVERY_S):
            return
        self._told_s = now_s
        start, end = ("\r", " ") if self._is_seen else ("", "\n")
        print(f"{start}{done} of {self._cases}, {failed} failed", end=end, file=sys.stderr, flush=True)  # noqa: T201 - command-line output

    def end(self) -> None:
        """Take away what changed."""
        if self._is_seen and not self._is_quiet:
            print("\r\033[K", end="", file=sys.stderr, flush=True)  # noqa: T201


def _tell(run: Run, options: argparse.Namespace) -> int:
    reports = ((options.json, as_json), (options.junit, as_junit), (options.markdown, as_markdown))
    for file, encode in reports:
        if file == "-":
            _print(encode(run))
        elif file:
            Path(file).write_text(encode(run), encoding="utf-8")
    if "-" not in (options.json, options.junit, options.markdown):
        lines = list(report(run, shutil.get_terminal_size((120, 24)).columns, quiet=options.quiet, every=options.all))
        if len(run.results) == 1 and (options.case or options.recording) and not options.quiet:
            lines += ["", "As a test:", "", as_test(run.results[0], run.launch)]
        _print("\n".join(lines) + "\n")
    return 1 if run.failures else 0


def _print(text: str) -> None:
    try:
        print(text, end="", flush=True)  # noqa: T201 - command-line output
    except BrokenPipeError:  # whoever reads has seen enough, and Python flushes once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> int:
    print(f"{program()} contract: {message}", file=sys.stderr)  # noqa: T201 - command-line output
    return 2
