from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.bench import eventstream
from tests.bench.__main__ import PARTS, main
from tests.bench.arrivals import drifts_s
from tests.bench.decoder import CUTTINGS, FORMATS, PREFIX_BYTES, as_parts, count_by_posts, count_ours, token_frames
from tests.bench.growth import growth_kib, long_line, many_tokens
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
    only = [flag for part in PARTS if part != "page" for flag in ("--only", part)]  # which needs a browser: tests/browser
    assert main([*only, "--scale", "0.02", "--repeats", "1", "--llmock", llmock, "--json", str(tmp_path / "rows.json")]) == 0

    shown = capsys.readouterr().out
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert len(rows) == 45
    for row in rows:
        assert row["name"] in shown
        assert row["ours"] > 0 or row["name"].startswith("growth of memory")
        assert (row["peer"] is None) == (row["ratio"] is None) == (row["peer_name"] == "")
    assert len([row for row in rows if row["peer_name"].startswith("llmock")]) == 10


def test_one_part_can_be_measured_alone_and_without_llmock(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(PARTS) == ["decoder", "eventstream", "growth", "twin", "pacing", "holding", "client", "crowd", "page"]
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


@pytest.mark.parametrize("framing", FORMATS)
@pytest.mark.parametrize("cutting", CUTTINGS)
def test_both_sides_of_the_decoder_s_race_count_the_same_tokens(framing: str, cutting: str) -> None:
    frames = token_frames(50, sse=framing == "SSE")
    parts = as_parts(CUTTINGS[cutting](frames))

    assert b"".join(part["PayloadPart"]["Bytes"] for part in parts) == b"".join(frames)
    assert count_by_posts(parts, PREFIX_BYTES[framing]) == count_ours(parts, FORMATS[framing]) == 50


@pytest.mark.parametrize("cutting", eventstream.CUTTINGS)
def test_both_sides_of_the_event_stream_s_race_count_the_same_messages(cutting: str) -> None:
    body = eventstream.FRAME * 50
    chunks = eventstream.CUTTINGS[cutting][0](body)

    assert b"".join(chunks) == body
    assert eventstream.count_by_botocore(chunks) == eventstream.count_ours(chunks) == 50


@pytest.mark.parametrize("framing", FORMATS)
def test_what_grows_tenfold_is_one_token_s_text_or_the_tokens(framing: str) -> None:
    assert count_ours([long_line(framing, 10_000)], FORMATS[framing]) == 1
    assert len(long_line(framing, 10_000)) - len(long_line(framing, 1_000)) == 9_000
    assert count_ours([many_tokens(framing, 100)], FORMATS[framing]) == 100


def test_a_reader_that_keeps_what_it_has_read_is_seen_to_grow_and_ours_does_not() -> None:
    size = 20_000_000

    assert growth_kib("posts", size) > 0.8 * size / 1024
    assert growth_kib("ours", size) < 1024
