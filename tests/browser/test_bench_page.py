from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.bench.page import FIGURES, LAST_WORD, NOTE, QUESTIONS, code, source


@pytest.mark.usefixtures("chromium")
def test_the_page_and_a_plain_chat_are_asked_the_same_and_every_figure_of_both_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "page", "--scale", "0.02", "--repeats", "1", "--json", str(tmp_path / "rows.json")]) == 0

    shown = capsys.readouterr().out
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert len(rows) == len(QUESTIONS) * len(FIGURES) + 2
    for row in rows:
        assert row["name"] in shown
        assert row["ours"] > 0
        assert row["peer"] > 0
        assert row["peer_name"] == "Gradio chat, every token"


def test_each_question_has_an_answer_of_so_many_tokens_that_ends_with_the_last_word() -> None:
    with source(100) as twin:
        assert [endpoint.name for endpoint in twin.endpoints] == ["bench"]
    for question in (NOTE, *QUESTIONS):
        assert LAST_WORD not in "".join(question.tokens(100)) + question.prompt
    assert len("".join(code(2000))) == pytest.approx(15_000, rel=0.01)
