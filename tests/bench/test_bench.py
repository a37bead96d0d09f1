from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import PARTS, main
from tests.bench.decoder import as_parts, count_by_posts, count_ours, cut, token_frames


def test_every_row_is_measured_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scale", "0.02", "--repeats", "1", "--json", str(tmp_path / "rows.json")]) == 0

    shown = capsys.readouterr().out
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert len(rows) == 16
    for row in rows:
        assert row["name"] in shown
        assert row["ours"] > 0
        assert (row["peer"] is None) == (row["ratio"] is None) == (row["peer_name"] == "")


def test_one_part_can_be_measured_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(PARTS) == ["decoder", "twin", "client"]
    assert main(["--only", "client", "--scale", "0.01", "--repeats", "1"]) == 0

    assert "close a stalled stream" in capsys.readouterr().out


@pytest.mark.parametrize("sse", [True, False])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_both_sides_of_the_decoder_s_race_count_the_same_tokens(sse: bool, size: int) -> None:
    parts = as_parts(cut(b"".join(token_frames(50, sse=sse)), size))

    assert count_by_posts(parts, 5 if sse else 0) == count_ours(parts, "text/event-stream" if sse else "application/jsonlines") == 50
