"""`python -m tests.scoreboard`: measure the public parsers, and write the board; `make scoreboard` sets up their environments before."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mock_server.contract.process import RefusedParser
from tests.scoreboard.board import cell, total, write
from tests.scoreboard.measuring import Score, measure, new_board
from tests.scoreboard.peers import PEERS, ROOT, Peer


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scoreboard", description="Hold public parsers against the corpus, and write the scoreboard.")
    parser.add_argument("--only", choices=[peer.name for peer in PEERS], action="append", help="measure this one and write nothing; may be repeated")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many cases are tried at a time (default: %(default)s)")
    options = parser.parse_args(arguments)
    chosen = [peer for peer in PEERS if peer.name in (options.only or (peer.name,))]
    missing = [peer.python for peer in chosen if not Path(ROOT / peer.python).exists()]
    if missing:
        return _fail(f"{missing[0]} is not there: run make scoreboard")
    try:
        scores = [_measured(peer, options.workers) for peer in chosen]
    except RefusedParser as error:
        return _fail(str(error))
    if not options.only:
        board = new_board(scores)
        board.save()
        write(board)
    return 0


def _measured(peer: Peer, workers: int) -> Score:
    score = measure(peer, workers=workers)
    sys.stderr.write(f"{score.name} {score.version}: {cell(total(score))}\n")
    sys.stderr.writelines(f"  {case}: {result}\n" for case, result in score.failures.items())
    return score


def _fail(message: str) -> int:
    sys.stderr.write(f"python -m tests.scoreboard: {message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
