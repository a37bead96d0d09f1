from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import PARTS, main
from tests.bench.arrivals import drifts_s
from tests.bench.decoder import as_parts, count_by_posts, count_ours, cut, token_frames
from tests.bench.rows import beside_all

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = f"""\
#!/bin/sh
# Takes llmock's flags and serves as the bare peer does.
while [ "$1" != --port ]; do shift; done
cd {ROOT} && exec {sys.executable} -m tests.bench.bare "$2"
"""


@pytest.fixture
def llmock(tmp_path: Path) -> str:
    program = tmp_path / "llmock"
    program.write_text(STAND_IN, encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_every_row_is_measured_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], llmock: str) -> None:
    assert main(["--scale", "0.02", "--repeats", "1", "--llmock", llmock, "--json", str(tmp_path / "rows.json")]) == 0

    shown = capsys.readouterr().out
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert len(rows) == 33
    for row in rows:
        assert row["name"] in shown
        assert row["ours"] > 0
        assert (row["peer"] is None) == (row["ratio"] is None) == (row["peer_name"] == "")
    assert len([row for row in rows if row["peer_name"].startswith("llmock")]) == 10


def test_one_part_can_be_measured_alone_and_without_llmock(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(PARTS) == ["decoder", "twin", "pacing", "holding", "client"]
    assert main(["--only", "holding", "--only", "client", "--scale", "0.01", "--repeats", "1"]) == 0

    shown = capsys.readouterr().out
    assert "close a stalled stream" in shown
    assert "idle streams held" in shown
    assert "llmock" not in shown


def test_drift_is_the_distance_from_a_schedule_that_begins_with_the_first_arrival() -> None:
    assert drifts_s([5.0, 5.02, 5.05, 5.055]) == pytest.approx([0.0, 0.01, 0.005])


@pytest.mark.parametrize(("less_is_better", "ratio"), [(True, 4.0), (False, 0.25)])
def test_a_ratio_over_one_is_better_than_the_peer(less_is_better: bool, ratio: float) -> None:
    (row,) = beside_all("waits", "ms", ["peer"], [(1, 4), (2, 8), (5, 10)], "< 3", less_is_better=less_is_better)
    assert (row.ours, row.peer, row.ratio) == (2, 8, ratio)


@pytest.mark.parametrize("sse", [True, False])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_both_sides_of_the_decoder_s_race_count_the_same_tokens(sse: bool, size: int) -> None:
    parts = as_parts(cut(b"".join(token_frames(50, sse=sse)), size))

    assert count_by_posts(parts, 5 if sse else 0) == count_ours(parts, "text/event-stream" if sse else "application/jsonlines") == 50
