"""What a person, a machine and an issue are told of a run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import UserDict
from collections.abc import ValuesView
from dataclasses import replace
from pathlib import Path

import pytest

from mock_server.__main__ import main
from mock_server.contract.case import Case, fails, said
from mock_server.contract.command import Progress
from mock_server.contract.corpus import corpus
from mock_server.contract.evidence import command, show_text
from mock_server.contract.exports import as_json, as_junit, as_markdown
from mock_server.contract.judge import Text
from mock_server.contract.paste import as_test
from mock_server.contract.process import Launch
from mock_server.contract.report import report
from mock_server.contract.selection import Wanted, choose
from tests.mock_server.contract.rows import BROKEN, CHARACTERS, EITHER, EXCEPTION, INTERRUPTED, LONG, MISTAKEN, NO_LINE_END, PLAIN, hold, run_of

ROOT = Path(__file__).parents[3]


def test_a_person_reads_what_failed_where_why_and_how_to_see_it_again() -> None:
    run = run_of(PLAIN, replace(CHARACTERS, cut="at:3,15"), name="fails_on_split")
    told = re.sub(r"mistaken\.py:\d+", "mistaken.py:9", "\n".join(report(run, 160)))
    assert told == (
        f"""\
FAIL characters (ending): UnicodeDecodeError, an exception where none is due
  cut      at 15 of 20 bytes
           b'{{"outputs": ["\\xc3' | b'\\xa9"]}}\\n'
  expected 'é', then the end
  got      '', then UnicodeDecodeError: 'utf-8' codec can't decode byte 0xc3 in position 14: unexpected end of data, in
           tests/mock_server/contract/parsers/mistaken.py:9 in fails_on_split
  because  It is so. (a standard, section 1)
  bit      https://github.com/a/b/issues/1
  alone    python -m mock_server contract --parser {MISTAKEN}:fails_on_split --case characters --cut at:15

family           passed       the rest
ending              1 of 2    1 UnicodeDecodeError

{MISTAKEN}:fails_on_split passes 1 of 2 cases (1.2 s)"""
    )


def test_the_short_report_names_the_failures_and_counts_what_was_left_out() -> None:
    run = replace(run_of(PLAIN, BROKEN, name="swallows"), left_out={"frames": 2, "cut": 3})
    assert list(report(run, 80, quiet=True)) == [
        "FAIL broken: swallowed",
        f"{MISTAKEN}:swallows passes 1 of 2 cases (1.2 s)",
        "left out: 2 of the event stream's frames, which --adapter parts cannot give",
        "left out: 3 of size, whose cut is what they are about: try them without --cut",
    ]


def test_failures_of_one_reason_are_shown_once_and_named_together_and_all_of_them_where_all_are_asked_for() -> None:
    run = run_of(replace(CHARACTERS, cut="at:15"), replace(CHARACTERS, name="others", cut="at:3,15"), name="fails_on_split")
    told = "\n".join(report(run, 160))
    assert re.findall("^FAIL ([a-z]+)", told, re.MULTILINE) == ["characters"]
    assert "\n  so too   others\n" in told
    assert re.findall("^FAIL ([a-z]+)", "\n".join(report(run, 160, every=True)), re.MULTILINE) == ["characters", "others"]


def test_formats_of_which_nothing_passes_are_named_if_others_do() -> None:
    chat = replace(BROKEN, name="chat", format="chat-sse")
    unread = "little or nothing passes of chat-sse: a parser that does not claim them is tried with --format for each that it does claim"
    assert list(report(run_of(PLAIN, chat, name="swallows"), 80))[-1] == unread
    assert unread not in report(run_of(chat, name="swallows"), 80)


def test_what_is_as_defensible_is_told_beside_what_is_right() -> None:
    told = "\n".join(report(run_of(replace(BROKEN, also=(said("Low", " tide"),)), name="swallows"), 160))
    assert "\n  expected 'Low', then an error (malformed)\n  or       'Low tide', then the end\n" in told


TOLD = [
    (PLAIN, "dies", "got      its process died: exit code 3"),
    (BROKEN, "swallows", "expected 'Low', then an error (malformed)"),
    (INTERRUPTED, "swallows", "expected 'Low', then an error (interrupted, which says 'CUDA out of memory')"),
    (PLAIN, "flaky", "again    it did not fail in the same way when it was tried again"),
    (replace(LONG, cut="bytes:4000"), "first_event_of_a_part", """cut      as the case is, 100000 times b'{"outputs": ["x"]}\\n'"""),
    (replace(PLAIN, writes=(), right=fails("truncated")), "swallows", "cut      none: there are no bytes"),
    (replace(PLAIN, writes=(PLAIN.body,) * 9, right=said()), "texts", f"cut      none: all {9 * len(PLAIN.body)} bytes in one part"),
]


@pytest.mark.parametrize(("case", "name", "line"), TOLD, ids=str)
def test_the_evidence_fits_the_case(case: Case, name: str, line: str) -> None:
    run = run_of(case, name=name)
    assert line in "\n".join(report(run, 200))


def test_many_cuttings_are_counted_and_many_offsets_are_not_all_shown() -> None:
    run = run_of(CHARACTERS, name="fails_on_split", exhaustive=True)
    lines = "\n".join(report(run, 160))
    assert "failed; this is the shortest" in lines
    assert "cases in 25 cuttings" in lines
    wide = replace(run.results[0], trial=replace(run.results[0].trial, offsets=(2, 4, 6, 9, 11)))
    assert "at 2, 4, 6 and 2 more of 20 bytes" in "\n".join(report(replace(run, results=[wide]), 160))


LONG_TEXT = "".join(chr(ord("a") + index % 26) for index in range(200))
SHOWN = [
    ("abc", "abd", "'abc'"),
    (LONG_TEXT, LONG_TEXT[:100] + "!", f".. {LONG_TEXT[80:140]!r} .. (200 characters)"),
    (LONG_TEXT, "", f"{LONG_TEXT[:60]!r} .. (200 characters)"),
    (LONG_TEXT, LONG_TEXT, f".. {LONG_TEXT[140:]!r} (200 characters)"),
]


@pytest.mark.parametrize(("text", "other", "shown"), SHOWN, ids=["short", "in the middle", "at the start", "nowhere"])
def test_a_long_text_is_shown_around_the_first_difference(text: str, other: str, shown: str) -> None:
    assert show_text(Text.of(text), Text.of(other)) == shown


COMMANDS = [
    ("parts", sys.executable, (7,), "--cut at:7"),
    ("async", "/opt/my python", (), "--adapter async --python '/opt/my python' --case plain --cut whole"),
    ("parts", sys.executable, (5, 5), "--case plain --exhaustive"),
    ("parts", sys.executable, None, "--case plain"),
]


@pytest.mark.parametrize(("adapter", "python", "offsets", "end"), COMMANDS, ids=["cut", "environment", "empty part", "own cut"])
def test_the_command_tries_the_same_again(adapter: str, python: str, offsets: tuple[int, ...] | None, end: str) -> None:
    result = hold(PLAIN)
    result = replace(result, trial=replace(result.trial, offsets=offsets))
    assert command(result, Launch("a.b:c", adapter, python)).endswith(end)


def test_the_command_gives_the_time_that_the_parser_had() -> None:
    assert command(hold(PLAIN, time_limit=2.5), Launch("a.b:c")).endswith("--case plain --time-limit 2.5")


def test_json_says_all_of_each_case() -> None:
    run = run_of(PLAIN, CHARACTERS, LONG, name="fails_on_split", exhaustive=True)
    told = json.loads(as_json(run))
    assert (told["version"], told["parser"], told["adapter"]) == (1, f"{MISTAKEN}:fails_on_split", "parts")
    assert told["counts"] == {"pass": 2, "UnicodeDecodeError": 1}
    assert told["families"] == {"ending": {"pass": 1, "UnicodeDecodeError": 1}, "size": {"pass": 1}}
    failed = told["cases"][1]
    assert (failed["name"], failed["cut"], failed["offsets"], failed["result"]) == ("characters", "at:15", [15], "UnicodeDecodeError")
    assert failed["command"].endswith("--case characters --cut at:15")
    assert told["cases"][2]["offsets"] == []


def test_junit_has_a_test_for_each_case_and_only_characters_that_xml_has() -> None:
    odd = replace(PLAIN, name="odd", right=said("\x00\x1b\ud83d|"))
    root = ET.fromstring(as_junit(run_of(PLAIN, odd)))  # noqa: S314 - it is our own
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    [suite] = root
    assert [(test.get("classname"), test.get("name"), len(test)) for test in suite] == [("ending", "plain", 0), ("ending", "odd", 1)]
    assert suite[1][0].get("type") == "wrong"
    assert "expected '\\x00\\x1b\\ud83d|'" in str(suite[1][0].text)


def test_markdown_is_a_table_whose_cells_hold_anything() -> None:
    odd = replace(PLAIN, name="odd", right=said("a|`b`"))
    lines = as_markdown(run_of(PLAIN, odd)).splitlines()
    assert "| ending | 1 | 2 | 1 wrong |" in lines
    assert lines[-1].startswith("| `odd` | `wrong` | `whole` | `` 'a\\|`b`', then the end `` |")


PASTED = [
    ("texts", "parts", PLAIN),
    ("texts", "parts", BROKEN),
    ("texts", "parts", INTERRUPTED),
    ("texts", "parts", EITHER),
    ("texts", "parts", LONG),
    ("texts", "parts", replace(LONG, name="long-in-sevens", cut="bytes:7")),
    ("texts", "boto3", EXCEPTION),
    ("LineIterator", "lines", PLAIN),
    ("LineIterator", "lines", INTERRUPTED),
    ("asynchronous", "async", PLAIN),
    ("asynchronous", "async", BROKEN),
    ("read", "async", PLAIN),
    ("reads_behind_the_end", "lines", PLAIN),
    ("frames", "frames", EXCEPTION),
]
FAILING = [
    ("swallows", "parts", BROKEN),
    ("says_nothing", "parts", INTERRUPTED),
    ("does_not_decode", "parts", INTERRUPTED),
    ("part_is_event", "parts", BROKEN),
    ("first_event_of_a_part", "parts", replace(PLAIN, cut="whole")),
    ("part_is_event", "parts", EITHER),
    ("stops_inside", "parts", BROKEN),
    ("stops_inside_async", "async", BROKEN),
    ("forgets_a_name", "parts", BROKEN),
    ("ends_with_none", "parts", BROKEN),
    ("ends_with_none", "parts", PLAIN),
    ("LineIterator", "lines", replace(NO_LINE_END, limit_s=1.0)),
    ("sleeps_on", "parts", replace(PLAIN, limit_s=1.0)),
]


@pytest.mark.parametrize(("rows", "outcome"), [(PASTED, "passed"), (FAILING, "failed")], ids=["right", "mistaken"])
def test_a_test_that_is_pasted_says_what_the_command_says(rows: list[tuple[str, str, Case]], outcome: str, tmp_path: Path) -> None:
    for number, (name, adapter, case) in enumerate(rows):
        result = hold(case, name, adapter)
        assert result.verdict.passed == (outcome == "passed")
        (tmp_path / f"test_{number}.py").write_text(as_test(result, Launch(f"{MISTAKEN}:{name}", adapter)), encoding="utf-8")
    words = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "--import-mode=importlib", str(tmp_path))
    done = subprocess.run(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1].startswith(f"{len(rows)} {outcome} in "), done.stdout


def test_what_cannot_be_pasted_says_so() -> None:
    assert "a twin that plays the case" in as_test(hold(PLAIN), Launch("a:b", "client"))
    assert "Too long" in as_test(hold(LONG, "frames", "frames"), Launch("a:b", "frames"))


def contract(*arguments: str, parser: str = f"{MISTAKEN}:texts") -> int:
    return main(["contract", "--parser", parser, *arguments])


CASE = "two-events-in-a-part"


def test_the_command_prints_a_test_for_one_case_and_exits_with_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert contract("--case", CASE) == 0
    assert f"def test_{CASE.replace('-', '_')}():" in capsys.readouterr().out
    assert contract("--case", CASE, "--cut", "whole", parser=f"{MISTAKEN}:first_event_of_a_part") == 1
    assert "FAIL two-events-in-a-part (alignment): lost" in capsys.readouterr().out


def test_the_command_that_is_told_finds_the_same_again(capsys: pytest.CaptureFixture[str]) -> None:
    contract("--case", CASE, parser=f"{MISTAKEN}:first_event_of_a_part")
    alone = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  alone"))
    words = shlex.split(alone.removeprefix("  alone    "))
    assert words[:3] == ["python", "-m", "mock_server"]
    assert main(words[3:]) == 1


def test_the_command_that_is_told_begins_with_the_python_that_was_typed() -> None:
    command = (sys.executable, "-X", "utf8", "-m", "mock_server", "contract", "--parser", f"{MISTAKEN}:first_event_of_a_part", "--case", CASE)
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert f"  alone    {sys.executable} -X utf8 -m mock_server contract --parser" in done.stdout


def test_a_text_that_an_exception_cut_short_is_told_with_its_name() -> None:
    run = run_of(BROKEN, name="raises")
    assert next(report(run, 160)) == "FAIL broken (ending): lost, a part of the text is missing, and LookupError was raised"
    assert next(report(run, 160, quiet=True)) == "FAIL broken: lost, and LookupError was raised"


def test_a_log_is_told_now_and_then_how_far_a_run_is(capsys: pytest.CaptureFixture[str]) -> None:
    times_s = iter((0.0, 4.0, 10.0, 19.9, 20.0))
    progress = Progress(9, is_quiet=False, clock=lambda: next(times_s))
    for done in range(1, 5):
        progress.tell(done, 1)
    progress.end()
    assert capsys.readouterr().err == "2 of 9, 1 failed\n4 of 9, 1 failed\n"


def test_a_terminal_is_told_in_one_line_how_far_a_run_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(2, is_quiet=False)
    progress.tell(1, 0)
    progress.tell(2, 1)
    progress.end()
    assert capsys.readouterr().err == "\r1 of 2, 0 failed \r2 of 2, 1 failed \r\033[K"


def test_who_asked_for_quiet_is_told_nothing_of_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(2, is_quiet=True)
    progress.tell(1, 0)
    progress.end()
    assert capsys.readouterr().err == ""


def test_reports_go_to_files_or_take_the_table_s_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / name for name in ("a.json", "a.xml", "a.md")]
    assert contract("--case", CASE, "--json", str(files[0]), "--junit", str(files[1]), "--markdown", str(files[2]), "--quiet") == 0
    assert all(file.stat().st_size for file in files)
    assert capsys.readouterr().out.startswith(f"{MISTAKEN}:texts passes 1 of 1 cases")
    assert contract("--case", CASE, "--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"pass": 1}
    assert contract("--case", CASE, "--junit", "-") == 0
    assert ET.fromstring(capsys.readouterr().out).get("tests") == "1"  # noqa: S314 - it is our own


WRONG = [
    (("--case", "two-events-in-a-par"), "there is no case 'two-events-in-a-par' in the corpus; expected one of two-events-in-a-part"),
    (("--container", "tgi-9"), "there is no container 'tgi-9' in the corpus; expected one of lmi-0.23, "),
    (("--case", CASE, "--family", "alignment"), "--case asks for cases by name, --family, --format and --container for all that are of a kind"),
    (("--family", "frames"), "no case is left"),
    (("--family", "size", "--cut", "whole"), "were chosen, of which --adapter parts with --cut whole can give none"),
    (("--case", CASE, "--json", "--markdown"), "--json and --markdown would be one on standard output: expected at most one there"),
    (("--case", CASE, "--junit", "-", "--markdown", "-"), "--junit and --markdown would be one on standard output"),
    (("--case", CASE, "--junit", "/nowhere/a.xml"), "/nowhere/a.xml: expected a file that can be written"),
    (("--case", CASE, "--python", "/nowhere/python"), "--python /nowhere/python: expected a Python"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=str)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert contract(*arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("--cut", "nowhere"), ("--time-limit", "0"), ("--time-limit", "soon"), ("--family", "no")], ids=" ".join)
def test_a_flag_that_is_wrong_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as left:
        contract(*arguments)
    assert left.value.code == 2


def test_the_command_has_a_stage_for_clients(capsys: pytest.CaptureFixture[str]) -> None:
    assert contract("--adapter", "client", "--case", CASE, "--time-limit", "4", parser=f"{MISTAKEN}:client") == 0
    assert "passes 1 of 1" in capsys.readouterr().out


def test_the_manual_shows_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    manual = (ROOT / "mock_server" / "README.md").read_text(encoding="utf-8")
    shown = manual.partition("## Hold a parser against the corpus")[2].partition("```text\n")[2].partition("```")[0]
    name = shown.split()[1]
    contract("--adapter", "lines", "--case", name, "--time-limit", "0.2", parser=f"{MISTAKEN}:LineIterator")
    assert shown in capsys.readouterr().out


class Counted(UserDict[str, Case]):
    """Cases that count how often all of them are looked at."""

    looks = 0

    def values(self) -> ValuesView[Case]:
        self.looks += 1
        return super().values()


def test_whoever_reads_the_table_may_stop() -> None:
    words = (sys.executable, "-m", "mock_server", "contract", "--parser", f"{MISTAKEN}:raises", "--family", "done")
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait(60)) == (b"", 1)


def test_cases_are_chosen_by_what_a_parser_claims() -> None:
    cases = corpus()
    assert {case.format for case in choose(cases, Wanted(formats=["token-sse", "chat-sse"])).cases} == {"token-sse", "chat-sse"}
    assert {case.family for case in choose(cases, Wanted(families=["done"])).cases} == {"done"}
    assert {case.cut for case in choose(cases, Wanted(cut="every-byte")).cases} == {"every-byte"}
    by_container = choose(cases, Wanted(container="tgi-2.4")).cases
    assert any(not case.container for case in by_container)
    assert {case.container for case in by_container} == {"", "tgi-2.4"}
    assert choose(cases, Wanted()).left_out.keys() == {"frames", "events"}
    assert choose(cases, Wanted(adapter="frames")).left_out.keys() == {"parts"}
    assert choose(cases, Wanted(adapter="client")).left_out.keys() == {"frames", "events", "parts"}
    some = {case.name: case for case in (PLAIN, LONG, replace(PLAIN, name="one-of-many", is_generated=True))}
    assert [case.name for case in choose(some, Wanted()).cases] == ["plain", "long"]
    assert [case.name for case in choose(some, Wanted(exhaustive=True)).cases] == ["plain", "long", "one-of-many"]
    assert [case.name for case in choose(some, Wanted(names=["one-of-many"])).cases] == ["one-of-many"]
    cut = choose(some, Wanted(cut="whole"))
    assert ([case.name for case in cut.cases], cut.left_out) == (["plain"], {"cut": 1})
    assert choose(some, Wanted(cut="whole", names=["long"])).cases == [LONG]


def test_all_cases_are_looked_at_a_few_times_however_many_there_are() -> None:
    cases = Counted(corpus())
    choose(cases, Wanted(container="tgi-2.4"))
    assert cases.looks < 5
