"""The board says what was measured, and what needs no installing is measured again."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace as Thing

import pytest

from mock_server.contract.case import FORMATS
from mock_server.contract.corpus import FAMILIES, corpus
from tests.scoreboard.board import PAGE, README, cell, claims, page, unmeasured, with_totals
from tests.scoreboard.measuring import Board, Score, measure
from tests.scoreboard.parsers.members import said_in
from tests.scoreboard.peers import GLUE, PEERS, REQUIREMENTS, Peer

PARSERS = Path(__file__).parent / "parsers"
AT_HOME = [peer for peer in PEERS if not peer.environment]
"""Those that the project's own environment runs."""
AGAIN = ("alignment", "utf-8", "ending", "outputs", "exceptions")
BRINGS = {
    "event-libraries": {"httpx", "httpx_sse", "sseclient"},
    "huggingface-hub": {"httpx2", "huggingface_hub"},
    "litellm-1.106": {"litellm"},
    "litellm-1.109": {"litellm"},
    "openai": {"httpx2", "openai"},
    "strands-agents": {"boto3", "strands"},
    "": {"backends"},
}
"""Environment -> what its glue may import besides the standard library; the empty one is the project's own."""


@cache
def board() -> Board:
    return Board.load()


def score_of(peer: Peer) -> Score:
    return next(score for score in board().scores if score.name == peer.name)


def glue_of(peer: Peer) -> list[Path]:
    modules = {reader.parser.partition(":")[0] for reader in peer.readers}
    return [PARSERS / f"{module.removeprefix(GLUE + '.')}.py" for module in modules if module.startswith(GLUE)]


def imported(file: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [name for node in nodes for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])]
    return {name if name.startswith(GLUE) else name.partition(".")[0] for name in names}


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_says_what_it_claims_where_and_what_it_is_called_with(peer: Peer) -> None:
    assert {name for reader in peer.readers for name in reader.formats} <= set(FORMATS)
    assert set(peer.families) <= set(FAMILIES)
    assert bool(peer.environment) == bool(peer.distribution) != bool(peer.version)
    assert peer.claims.endswith(".")
    assert peer.source.startswith(("https://", "../"))
    assert any(map(peer.reader_of, corpus().values()))


def test_every_peer_and_every_environment_is_used_and_none_twice() -> None:
    assert len({peer.name for peer in PEERS}) == len(PEERS)
    assert {file.name.removesuffix(".txt").removesuffix(".no-deps") for file in REQUIREMENTS.glob("*.txt")} == {
        peer.environment for peer in PEERS if peer.environment
    }
    used = {file for peer in PEERS for file in glue_of(peer)}
    assert used | {PARSERS / "members.py"} == set(PARSERS.glob("*.py"))


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_glue_imports_the_standard_library_and_its_peer_alone(peer: Peer) -> None:
    for file in glue_of(peer):
        assert imported(file) <= BRINGS[peer.environment] | {f"{GLUE}.members"} | sys.stdlib_module_names


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_the_version_that_was_measured_is_the_one_that_is_pinned(peer: Peer) -> None:
    if peer.environment:
        required = "".join(file.read_text("utf-8") for file in REQUIREMENTS.glob(f"{peer.environment}*.txt"))
        pins: Mapping[str, str] = dict(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==(.+)$", required, re.MULTILINE))
        assert score_of(peer).version == pins[peer.distribution]
    else:
        assert score_of(peer).version == peer.version


FIRST, SECOND = Thing(index=0, delta=Thing(content="a")), Thing(index=1, delta=Thing(content="b"))


@pytest.mark.parametrize(
    ("chunk", "text"),
    [
        (Thing(choices=[FIRST]), "a"),
        (Thing(choices=[SECOND, FIRST]), "a"),
        (Thing(choices=[SECOND]), ""),
        (Thing(object="text_completion", choices=[SECOND]), "b"),
        (Thing(choices=[Thing(index=None, delta=Thing(content="c"))]), "c"),
        (Thing(choices=[Thing(index=0, text="d")]), "d"),
        (Thing(object="text_completion", choices=[Thing(index=1, text="d")]), ""),
        (Thing(choices=[Thing(index=0, delta=Thing(content=None))]), ""),
        (Thing(choices=[Thing(index=0, delta=None)]), ""),
        (Thing(choices=[]), ""),
        (Thing(choices=None), ""),
        (None, ""),
    ],
)
def test_glue_reads_choice_0_of_a_library_s_chunk_and_takes_what_is_left_out_for_no_text(chunk: Thing | None, text: str) -> None:
    assert said_in(chunk) == text


@pytest.mark.parametrize("peer", AT_HOME, ids=lambda peer: peer.name)
def test_a_parser_that_needs_no_installing_still_does_what_the_board_says(peer: Peer) -> None:
    told = {name: result for name, result in score_of(peer).failures.items() if corpus()[name].family in AGAIN}
    assert measure(peer, AGAIN, workers=2).failures == told, "measure anew: make scoreboard"


def test_the_board_is_of_the_corpus_as_it_stands() -> None:
    assert list(board().cases) == [case.name for case in corpus().values() if not case.is_generated], "measure anew: make scoreboard"


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_was_given_every_case_that_it_claims_but_those_of_families_named_as_not_measured(peer: Peer) -> None:
    score = score_of(peer)
    assert score.judged == {family: count for family, count in claims(peer).items() if family not in unmeasured(score)}, "measure anew: make scoreboard"
    assert all(peer.reader_of(corpus()[name]) for name in score.failures)


def test_the_project_s_own_reader_makes_no_mistake() -> None:
    families = [family for family in FAMILIES if family not in {"size", *AGAIN}]  # the first is in the tests of our reader, the others are measured above
    assert measure(AT_HOME[0], families, workers=2).failures == {}
    assert score_of(AT_HOME[0]).failures == {}
    assert unmeasured(score_of(AT_HOME[0])) == []


def test_the_page_and_the_readme_say_what_was_measured() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(board())
    readme = README.read_text(encoding="utf-8")
    assert readme == with_totals(readme, board())


def test_the_same_results_give_the_same_page_but_for_the_date() -> None:
    other_day = page(replace(board(), measured="1999-12-31"))
    changed = [line for line, other in zip(page(board()).splitlines(), other_day.splitlines(), strict=True) if line != other]
    assert [line for line in changed if board().measured not in line] == []
    assert len(changed) == 1


def test_what_could_not_be_measured_is_named_with_the_reason() -> None:
    score = replace(board().scores[0], judged={"alignment": 22})
    assert unmeasured(score) == [family for family in FAMILIES if family != "alignment"]
    shown = page(replace(board(), scores=[score]))
    assert f"- **{score.name}**, which claims to read cases of these families, was not held against them that day: utf-8, line-ends, " in shown
    assert "- **llama-index-llms-sagemaker-endpoint 0.6.0**: " in shown


def test_a_family_that_was_measured_is_not_named_as_one_that_was_not() -> None:
    score = replace(board().scores[0], judged=claims(AT_HOME[0]))
    assert unmeasured(score) == []
    assert f"**{score.name}**, which" not in page(replace(board(), scores=[score]))


@pytest.mark.parametrize(
    ("counts", "shown"),
    [((0, 0, 0), ""), ((6, 0, 0), "6/6"), ((6, 2, 0), "4/6"), ((6, 2, 1), "4/6, 1 hang"), ((6, 6, 3), "0/6, 3 hangs")],
)
def test_a_cell_tells_right_answers_and_hangs(counts: tuple[int, int, int], shown: str) -> None:
    assert cell(counts) == shown


def test_a_readme_without_the_markers_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValueError, match="no <!-- scoreboard -->"):
        with_totals("# Nothing\n", board())
