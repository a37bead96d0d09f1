"""The table that a person reads."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mock_server.contract.case import FORMATS, Format
from mock_server.contract.corpus import FAMILIES
from mock_server.contract.evidence import command, show_cut, show_expected, show_got
from mock_server.contract.judge import RESULTS
from mock_server.contract.process import Launch
from mock_server.contract.recorded import RECORDED
from mock_server.contract.runner import Result
from mock_server.contract.trial import LeftOut


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is over."""

    launch: Launch
    results: Sequence[Result]
    """In the corpus's order."""
    left_out: Mapping[LeftOut, int]
    """How many of the cases that were asked for were not tried, by what kept them from it."""
    elapsed_s: float = 0.0

    @property
    def failures(self) -> list[Result]:
        """The results that are no pass."""
        return [result for result in self.results if not result.verdict.passed]

    @property
    def alike(self) -> list[list[Result]]:
        """The failures, those together that have most likely one reason: the same result in the same line of the parser, or in one family.

        The first of each is the best example.
        """
        groups: dict[tuple[str, str, bool], list[Result]] = {}
        for result in self.failures:
            groups.setdefault((result.verdict.result, result.answer.where or result.case.family, result.case.error is None), []).append(result)
        return [sorted(group, key=_lack) for group in groups.values()]

    @property
    def unread(self) -> list[Format]:
        """The formats of which less than a quarter passes, if half does of another: perhaps the parser does not claim them."""
        shares = {name: [result.verdict.passed for result in self.results if result.case.format == name] for name in FORMATS}
        passed = {name: sum(passes) / len(passes) for name, passes in shares.items() if passes}
        return [name for name, share in passed.items() if share < 1 / 4] if any(share >= 1 / 2 for share in passed.values()) else []

    @property
    def counts(self) -> Counter[str]:
        """How many cases had each result."""
        return Counter(result.verdict.result for result in self.results)

    @property
    def families(self) -> dict[str, Counter[str]]:
        """How many cases of each family had each result."""
        counted = {family: Counter(result.verdict.result for result in self.results if result.case.family == family) for family in (*FAMILIES, RECORDED)}
        return {family: counts for family, counts in counted.items() if counts}


SHOWN_NAMES = 12
"""So many failures are named beside the one that is shown."""
LEFT_OUT: Mapping[LeftOut, str] = {
    "body": "the body, which --adapter {adapter} cannot give",
    "events": "events and exceptions, which --adapter {adapter} cannot give",
    "frames": "the event stream's frames, which --adapter {adapter} cannot give",
    "parts": "very many parts, which --adapter {adapter} cannot give",
    "cut": "size, whose cut is what they are about: try them without --cut",
}


def summary(run: Run) -> str:
    """Return a run in a sentence."""
    tried = sum(result.cuttings for result in run.results)
    cuttings = f" in {tried} cuttings" if tried > len(run.results) else ""
    return f"{run.launch.parser} passes {run.counts['pass']} of {len(run.results)} cases{cuttings} ({run.elapsed_s:.1f} s)"


def report(run: Run, width: int, *, quiet: bool = False, every: bool = False) -> Iterator[str]:
    """Yield the lines: one failure of each kind with its evidence, or every one, then what each family came to, and the sum last.

    Args:
        width: Of the terminal, in columns.
        quiet: Only the names of the failures, and the sum.
        every: Each failure with its evidence.
    """
    if quiet:
        yield from (f"FAIL {result.case.name}: {result.verdict.result}{_early(result)}" for result in run.failures)
    else:
        for first, *others in [[result] for result in run.failures] if every else run.alike:
            yield from _failure(first, run.launch, width)
            if others:
                yield from _row("so too", f"{', '.join(result.case.name for result in others[:SHOWN_NAMES])}{_more(others)}", width)
            yield ""
        yield from [*_families(run.families), ""]
    yield summary(run)
    for why, count in run.left_out.items():
        yield f"left out: {count} of {LEFT_OUT[why].format(adapter=run.launch.adapter)}"
    if run.unread and not quiet:
        yield f"little or nothing passes of {', '.join(run.unread)}: a parser that does not claim them is tried with --format for each that it does claim"


def _early(result: Result) -> str:
    """Return the exception with which a parser stopped before all of the text was there."""
    return f", and {result.answer.error} was raised" if result.answer.ended == "raised" and result.verdict.result in RESULTS else ""


def _more(others: Sequence[Result]) -> str:
    return f" and {len(others) - SHOWN_NAMES} more; --all tells each" if len(others) > SHOWN_NAMES else ""


def _lack(result: Result) -> tuple[bool, bool, bool, int, int]:
    """Return what a failure lacks as an example: it is short, its reason is in its cut if it is told as a case of cutting, it bit somebody, it is soon read."""
    case, cut = result.case, result.trial.cut if not result.case.is_long else ()
    return case.is_long, not case.is_long and bool(cut) != (len(list(case.payloads)) > 1), not case.bit, len(cut), 0 if case.is_long else len(case.body)


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return what did not pass, most first: `2 hang, 1 lost`."""
    failed = sorted(((count, result) for result, count in counts.items() if result != "pass"), key=lambda pair: (-pair[0], pair[1]))
    return ", ".join(f"{count} {result}" for count, result in failed)


def _families(families: Mapping[str, Counter[str]]) -> Iterator[str]:
    yield f"{'family':<16} passed{' the rest' if any(counts.keys() - {'pass'} for counts in families.values()) else '':>15}"
    for family, counts in families.items():
        yield f"{family:<16} {counts['pass']:>4} of {counts.total():<4} {describe_counts(counts)}".rstrip()


def _failure(result: Result, launch: Launch, width: int) -> Iterator[str]:
    case, verdict = result.case, result.verdict
    accident = "an accident, which tells nothing of the error that is due" if case.error else "an exception where none is due"
    meaning = RESULTS.get(verdict.result, accident)
    yield f"FAIL {case.name} ({case.family}): {verdict.result}, {meaning}{_early(result)}"
    if not result.repeats:
        yield from _row("again", "it did not fail in the same way when it was tried again", width)
    if result.cuttings > 1:
        yield from _row("tried", f"{result.failures} of {result.cuttings} cuttings failed; this is the shortest", width)
    yield from _row("cut", show_cut(result)[0], width)
    yield from (f"           {line}" for line in show_cut(result)[1:])
    yield from _row("expected", show_expected(case.right, result.answer.text), width)
    yield from (line for outcome in case.also for line in _row("or", show_expected(outcome, result.answer.text), width))
    yield from _row("got", show_got(result.answer, case.right), width)
    yield from _row("because", f"{case.why} ({case.source})", width)
    yield from (line for address in case.bit for line in _row("bit", address, width))
    yield from _row("alone", command(result, launch), None)


def _row(name: str, text: str, width: int | None) -> Iterator[str]:
    head = f"  {name:<9}"
    if width is None:  # to be copied, so in one line
        yield head + text
        return
    yield from textwrap.wrap(text, max(40, width), initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False, break_on_hyphens=False) or [
        head
    ]
