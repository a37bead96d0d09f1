"""The scoreboard as people read it: a page of tables, and a short form for the README."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mock_server.contract.case import Case
from mock_server.contract.corpus import FAMILIES, corpus
from tests.scoreboard.measuring import Board, Score
from tests.scoreboard.peers import LEFT_OUT, PEERS, ROOT, Peer

PAGE = ROOT / "mock_server" / "contract" / "SCOREBOARD.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- scoreboard -->\n", "<!-- /scoreboard -->"
GROUPS = {"endpoints": "Readers of a SageMaker endpoint's stream", "events": "Readers of server-sent events"}

HEAD = """\
# Scoreboard

Public parsers held against the [contract kit's corpus](cases): streams as they really occur, and what a right parser makes of them. Measured on {measured}, by
Python {python} on {machine}, against {cases} cases. `make scoreboard` repeats it, with the versions that stand in
[tests/scoreboard/environments](../../tests/scoreboard/environments), and writes this page.

How to read it: `4/6` says that four of six cases came out right, and `4/6, 1 hang` that one of the two others had not ended when its time was up: after 5
seconds, or in the family `size`, where each case has its own limit, after three times that at a second try. Each case is cut into the parts that it names. A
parser is judged only on what it claims to read; an empty cell is a family of which it claims nothing. One that leaves the members of the JSON to somebody
else is judged on framing, and on no body that has to end in an error. Text that is lost or wrong, an error taken for an end, an exception where none is due,
and an accident (`KeyError`, say) where an error is due: all of them fail. How each parser is called stands in [tests/scoreboard](../../tests/scoreboard); a
mistake there is ours, and we are glad to hear of it.
"""


def page(board: Board) -> str:
    """Return the page."""
    head = HEAD.format(measured=board.measured, python=board.python, machine=board.machine, cases=len(board.cases))
    return "\n".join([head, *totals(board), "", *_groups(board), *_unmeasured(board), *_paragraphs(board)]).rstrip("\n") + "\n"


def totals(board: Board) -> list[str]:
    """Return a table of every parser's version, right answers and hangs."""
    rows = [f"| {score.name} | {score.version} | {cell(total(score))} |" for score in board.scores]
    return ["| parser | version | right |", "|---|---|---|", *rows]


def total(score: Score) -> tuple[int, int, int]:
    """Return how many cases a parser was given, how many of them failed, and how many of these hang."""
    return sum(score.judged.values()), len(score.failures), score.hangs.total()


def cell(counts: tuple[int, int, int]) -> str:
    """Return such counts as a table shows them."""
    judged, failed, hangs = counts
    if not judged:
        return ""
    told = f", {hangs} hang{'s' * (hangs > 1)}" if hangs else ""
    return f"{judged - failed}/{judged}{told}"


def with_totals(readme: str, board: Board) -> str:
    """Return the README with the table of totals between its markers.

    Raises:
        ValueError: It has no such markers.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{README} has no {BEGIN.strip()} before a {END}: write both, each on a line of its own")
    return f"{before}{begin}" + "\n".join(totals(board)) + f"\n{end}{after}"


def write(board: Board) -> None:
    """Write the page, and the table in the README."""
    PAGE.write_text(page(board), encoding="utf-8")
    README.write_text(with_totals(README.read_text(encoding="utf-8"), board), encoding="utf-8")


def peer_of(score: Score) -> Peer:
    """Return whose score it is."""
    return next(peer for peer in PEERS if peer.name == score.name)


def unmeasured(score: Score) -> list[str]:
    """Return the families of which a parser claims cases and was given none."""
    claimed = claims(peer_of(score))
    return [family for family in FAMILIES if claimed[family] and not score.judged.get(family)]


def claims(peer: Peer) -> Counter[str]:
    """Return family -> how many of its cases a parser claims to read."""
    return Counter(case.family for case in corpus().values() if peer.reader_of(case))


def _groups(board: Board) -> Iterator[str]:
    for group, title in GROUPS.items():
        scores = [score for score in board.scores if peer_of(score).group == group]
        yield f"## {title}\n"
        yield from _table(scores)
        yield ""


def _table(scores: Sequence[Score]) -> Iterator[str]:
    yield f"| family | {' | '.join(score.name for score in scores)} |"
    yield "|---" * (len(scores) + 1) + "|"
    for family in FAMILIES:
        cells = [cell((score.judged.get(family, 0), score.failed[family], score.hangs[family])) for score in scores]
        if any(cells):
            yield f"| {family} | {' | '.join(cells)} |"


def _unmeasured(board: Board) -> Iterator[str]:
    yield "## Not measured\n"
    for score in board.scores:
        if families := unmeasured(score):
            yield f"- **{score.name}**, which claims to read cases of these families, was not held against them that day: {', '.join(families)}."
    yield from (f"- **{name}**: {why}" for name, why in LEFT_OUT.items())
    yield ""


def _paragraphs(board: Board) -> Iterator[str]:
    yield "## One by one\n"
    for score in board.scores:
        peer = peer_of(score)
        yield f"**{score.name} {score.version}**: {cell(total(score))}. Judged on: {peer.claims} ([source]({peer.source}))"
        yield from _failures(score, peer)
        yield ""


def _failures(score: Score, peer: Peer) -> Iterator[str]:
    cases = [corpus()[name] for name in score.failures]
    if not cases:
        return
    yield f"It fails in {_listed(score, cases)}. The first is `{cases[0].name}`, whose result is `{score.failures[cases[0].name]}`:"
    yield f"\n```sh\n{' '.join(peer.command(cases[0]))}\n```"
    links = list(dict.fromkeys(address for case in cases for address in case.bit))
    if links:
        yield f"\nThe same bit others: {', '.join(f'[{_short(address)}]({address})' for address in links)}."


def _listed(score: Score, cases: Sequence[Case]) -> str:
    families = dict.fromkeys(case.family for case in cases)
    return ", ".join(f"{family} ({score.failed[family]})" for family in families)


def _short(address: str) -> str:
    """Return an issue's address as people write it."""
    words = address.removeprefix("https://").split("/")
    return f"{words[2]}#{words[4].partition('#')[0]}" if len(words) > 4 and words[0] == "github.com" else words[0]
