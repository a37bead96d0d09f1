"""A run for machines and for issues: JSON, JUnit, Markdown.

JSON: {"version": 1, "parser", "adapter", "python", "elapsed_s", "counts": {result: n}, "families": {family: {result: n}}, "left_out": {reason: n}, "cases":
[..]}. A reason is one of `trial.LeftOut`. A case has what `mock_server.contract.case` documents (name, family, format, layer, container, why, source, bit),
`result` (one of `judge.RESULTS`, or an exception's name), `detail`, `cut` in the grammar of `--cut` and `offsets`, which says the same, `where_cut` with the
bytes there, `expected`, `got`, `where` in the parser, `cuttings` that were tried and `failures` among them, whether it `repeats`, `elapsed_s`, and the
`command` that tries it alone.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from mock_server.contract.evidence import command, show_cut, show_expected, show_got, spell_cut
from mock_server.contract.process import Launch
from mock_server.contract.report import Run, describe_counts, summary
from mock_server.contract.runner import Result


def as_json(run: Run) -> str:
    """Return a run as JSON."""
    launch = run.launch
    members = {
        "version": 1,
        "parser": launch.parser,
        "adapter": launch.adapter,
        "python": launch.python,
        "elapsed_s": round(run.elapsed_s, 3),
        "counts": run.counts,
        "families": run.families,
        "left_out": run.left_out,
        "cases": [_members(result, launch) for result in run.results],
    }
    return json.dumps(members, indent=1) + "\n"


def _members(result: Result, launch: Launch) -> dict[str, Any]:
    case, trial, answer = result.case, result.trial, result.answer
    offsets = () if case.is_long else trial.cut
    return {
        "name": case.name,
        "family": case.family,
        "format": case.format,
        "layer": case.layer,
        "container": case.container,
        "result": result.verdict.result,
        "detail": result.verdict.detail,
        "cut": case.cut if trial.offsets is None else spell_cut(trial.offsets, len(case.body)),
        "offsets": offsets,
        "where_cut": show_cut(result),
        "expected": show_expected(case.right, answer.text),
        "got": show_got(answer, case.right),
        "where": answer.where,
        "cuttings": result.cuttings,
        "failures": result.failures,
        "repeats": result.repeats,
        "elapsed_s": round(result.elapsed_s, 3),
        "why": case.why,
        "source": case.source,
        "bit": case.bit,
        "command": command(result, launch),
    }


def as_junit(run: Run) -> str:
    """Return a run as a JUnit report: a case is a test, its family the class."""
    sizes = {"tests": str(len(run.results)), "failures": str(len(run.failures)), "errors": "0", "time": f"{run.elapsed_s:.3f}"}
    root = ET.Element("testsuites", sizes)
    suite = ET.SubElement(root, "testsuite", {"name": run.launch.parser, **sizes})
    for result in run.results:
        test = ET.SubElement(suite, "testcase", {"name": result.case.name, "classname": result.case.family, "time": f"{result.elapsed_s:.3f}"})
        if not result.verdict.passed:
            told = _members(result, run.launch)
            lines = [*told["where_cut"], f"expected {told['expected']}", f"got {told['got']}", told["why"], told["source"], *told["bit"], told["command"]]
            failure = ET.SubElement(test, "failure", {"type": _printable(told["result"]), "message": _printable(f"{told['result']}: {told['got']}")})
            failure.text = _printable("\n".join(lines))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Return a text without what XML 1.0 has no characters for."""
    return "".join(character if character.isprintable() or character == "\n" else ascii(character)[1:-1] for character in text)


def as_markdown(run: Run) -> str:
    """Return a run as a table for an issue."""
    return "\n".join(_markdown(run)) + "\n"


def _markdown(run: Run) -> Iterator[str]:
    yield summary(run) + "."
    yield from ("", "| family | passes | of | fails |", "|---|---|---|---|")
    yield from (f"| {family} | {counts['pass']} | {counts.total()} | {describe_counts(counts)} |" for family, counts in run.families.items())
    if run.failures:
        yield from ("", "| case | result | cut | expected | got |", "|---|---|---|---|---|")
    for result in run.failures:
        cells = (_members(result, run.launch)[name] for name in ("name", "result", "cut", "expected", "got"))
        yield f"| {' | '.join(map(_code, cells))} |"


def _code(text: str) -> str:
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{_printable(text).replace('|', chr(92) + '|')}{pad}{fence}".replace("\n", " ")
