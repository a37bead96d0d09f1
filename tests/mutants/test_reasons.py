from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutants.__main__ import REASONS, main, read_reasons

MUTATED = """
def x_double__mutmut_orig(number: int) -> int:
    return number * 2
def x_double__mutmut_1(number: int) -> int:
    return number / 2
def x_double__mutmut_2(number: int) -> int:
    return number * 3
class Pair:
    def xǁPairǁfirst__mutmut_orig(self):
        if self.names:
            name = self.names[0]
        return name
    def xǁPairǁfirst__mutmut_1(self):
        if self.names:
            name = self.names[1]
        return name
"""
ONE, TWO, FIRST = "backends.wire.sums.x_double__mutmut_1", "backends.wire.sums.x_double__mutmut_2", "backends.wire.sums.xǁPairǁfirst__mutmut_1"
TIMES_THREE = "    { function = 'backends.wire.sums.double', was = 'return number * 2', now = 'return number * 3' },"
SECOND_NAME = "    { function = 'backends.wire.sums.Pair.first', was = 'name = self.names[0]', now = 'name = self.names[1]' },"
REASON = '[[reason]]\nwhy = "Nobody doubles."\nmutants = [\n%s\n]\n'

Run = Callable[[dict[str, int | None], str], int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(codes: dict[str, int | None], reasons: str) -> int:
        wire = tmp_path / "backends" / "wire"
        wire.mkdir(parents=True)
        (wire / "sums.py").write_text(MUTATED, encoding="utf-8")
        (wire / "sums.py.meta").write_text(json.dumps({"exit_code_by_key": codes}), encoding="utf-8")
        (tmp_path / "reasons.toml").write_text(reasons, encoding="utf-8")
        return main([str(tmp_path), str(tmp_path / "reasons.toml")])

    return run


def test_mutants_that_are_noticed_or_have_their_reason_are_well(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run({ONE: 1, TWO: 0, FIRST: -24}, REASON % TIMES_THREE) == 0
    assert capsys.readouterr().out == "3 mutants: 2 noticed, 1 not, 1 of these with a reason\n"


def test_a_mutant_with_a_reason_may_run_out_of_time(run: Run) -> None:
    assert run({ONE: 1, TWO: -24, FIRST: 1}, REASON % TIMES_THREE) == 0


def test_survivors_without_a_reason_are_told_as_the_rows_that_they_want(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run({ONE: 1, TWO: 0, FIRST: 33}, "") == 1
    assert capsys.readouterr().out == (
        f"2 mutants survive without a reason:\n{SECOND_NAME}\n{TIMES_THREE}\n3 mutants: 1 noticed, 2 not, 0 of these with a reason\n"
    )


def test_a_reason_without_its_survivor_is_told(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run({ONE: 1, TWO: 1, FIRST: 1}, REASON % TIMES_THREE) == 1
    assert capsys.readouterr().out.startswith(f"1 mutants have a reason and do not survive:\n{TIMES_THREE}\n")


@pytest.mark.parametrize("codes", [{}, {ONE: None}, {ONE: 1, TWO: 2}], ids=["none", "untried", "interrupted"])
def test_mutants_that_were_not_tried_to_the_end_prove_nothing(codes: dict[str, int | None], run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(codes, "") == 1
    assert "not tried to the end: run mutmut again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("reasons", "message"),
    [(REASON % TIMES_THREE * 2, "a second reason for"), (REASON.replace("Nobody doubles.", " ") % TIMES_THREE, "no reason for")],
    ids=["two reasons", "no reason"],
)
def test_a_mutant_has_one_reason_in_words(reasons: str, message: str, run: Run) -> None:
    with pytest.raises(ValueError, match=message):
        run({TWO: 0}, reasons)


def test_the_reasons_are_read() -> None:
    mutants = read_reasons(REASONS)

    assert mutants
    assert all(mutant.function.startswith("backends.wire.") for mutant in mutants)
