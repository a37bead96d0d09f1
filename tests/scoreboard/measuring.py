"""What the parsers make of the corpus: each case is tried once, cut as it says, and what came of it is kept by name."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections import ChainMap, Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Self

from mock_server.contract.case import Case
from mock_server.contract.corpus import corpus
from mock_server.contract.judge import judge
from mock_server.contract.process import Launch, Worker
from mock_server.contract.trial import Trial
from tests.scoreboard.peers import AT_HOME, ROOT, Peer, Reader

FILE = Path(__file__).with_name("scoreboard.json")
LONGER = 3
"""What the limit of a case that tests size is multiplied by when the parser hung in it."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one parser made of the corpus."""

    name: str
    version: str
    judged: Mapping[str, int]
    """Family -> how many of its cases it was given."""
    failures: Mapping[str, str]
    """Case -> what came of it, of those that it did not pass."""

    @property
    def failed(self) -> Counter[str]:
        """Family -> how many of its cases failed."""
        return Counter(corpus()[name].family for name in self.failures)

    @property
    def hangs(self) -> Counter[str]:
        """Family -> how many of its cases hang."""
        return Counter(corpus()[name].family for name, result in self.failures.items() if result == "hang")


@dataclass(frozen=True, slots=True)
class Board:
    """Every score, and what they were measured on."""

    measured: str
    python: str
    machine: str
    cases: Sequence[str]
    """Those of that day's corpus that are tried."""
    scores: Sequence[Score]

    @classmethod
    def load(cls, file: Path = FILE) -> Self:
        """Read a board; its shape is this class's."""
        members = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{**members, "scores": [Score(**score) for score in members["scores"]]})

    def save(self, file: Path = FILE) -> None:
        """Write it."""
        file.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def new_board(scores: Sequence[Score]) -> Board:
    """Return a board of these scores, and of this day, machine and corpus."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Board(
        datetime.now(UTC).date().isoformat(), platform.python_version(), machine, [case.name for case in corpus().values() if not case.is_generated], scores
    )


def measure(peer: Peer, families: Sequence[str] = (), workers: int = 1) -> Score:
    """Hold a parser against all cases that it claims to read, or those of some families.

    Raises:
        RefusedParser: It cannot be tried.
    """
    cases = [case for case in corpus().values() if case.family in (families or (case.family,)) and peer.reader_of(case)]
    found: dict[str, str] = {}
    for reader in peer.readers:
        mine = [case for case in cases if peer.reader_of(case) is reader]
        found |= _tried(peer, reader, mine, workers)
    failures = {case.name: found[case.name] for case in cases if found[case.name] != "pass"}
    judged = {family: len(list(group)) for family, group in groupby(cases, key=lambda case: case.family)}
    return Score(peer.name, version_of(peer), judged, failures)


def _tried(peer: Peer, reader: Reader, cases: Sequence[Case], workers: int) -> dict[str, str]:
    launch = Launch(reader.parser, reader.adapter, str(ROOT / peer.python), AT_HOME)

    def hold(share: Sequence[Case]) -> dict[str, str]:
        with Worker(launch) as worker:
            return {case.name: _result(worker, case) for case in share}

    with ThreadPoolExecutor(workers) as pool:
        return dict(ChainMap(*pool.map(hold, (cases[start::workers] for start in range(workers)))))


def _result(worker: Worker, case: Case) -> str:
    """Return what came of a case: a long one that hangs is given more time, as the machine may have been busy."""
    result = judge(case, worker.run(Trial(case).job(), case.limit_s)).result
    if result == "hang" and case.is_long:
        return judge(case, worker.run(Trial(case).job(), LONGER * case.limit_s)).result
    return result


def version_of(peer: Peer) -> str:
    """Return the version that the parser's own environment has."""
    if not peer.distribution:
        return peer.version
    program = f"from importlib.metadata import version; print(version({peer.distribution!r}))"
    done = subprocess.run([ROOT / peer.python, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()
