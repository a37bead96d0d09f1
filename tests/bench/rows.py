"""One row of the benchmark: what was measured, beside what, in the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias

Clock: TypeAlias = Callable[[], float]
"""`perf_counter`, or `process_time` where this process does all the work: what else the machine does is then no part of it."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    ours: float
    unit: str
    peer_name: str = ""
    peer: float | None = None
    ratio: float | None = None
    """How many times better than the peer: the median of the ratios of each repetition, as the machine's speed drifts."""
    aim: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.name, figure(self.ours), self.unit, "" if self.peer is None else figure(self.peer), self.peer_name, ratio, self.aim


HEADINGS = ("what", "ours", "unit", "peer", "beside", "ratio", "aim")


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def table(rows: list[Row]) -> str:
    cells = [HEADINGS, *(row.as_cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells)


def seconds(work: Callable[[], object], clock: Clock = perf_counter) -> float:
    start_s = clock()
    work()
    return clock() - start_s


def beside(
    *,
    name: str,
    unit: str,
    amount: int,
    ours: Callable[[], object],
    peer_name: str,
    peer: Callable[[], object],
    repeats: int,
    aim: str,
    clock: Clock = perf_counter,
) -> Row:
    """Measure both in turn and return rates, `amount` per second."""
    pairs = [(amount / seconds(ours, clock), amount / seconds(peer, clock)) for _ in range(repeats)]
    rates = (median(rate for rate, _ in pairs), median(rate for _, rate in pairs))
    return Row(name, rates[0], unit, peer_name, rates[1], median(ours / peer for ours, peer in pairs), aim)


def beside_all(name: str, unit: str, peers: Sequence[str], runs: Sequence[Sequence[float]], aim: str, *, less_is_better: bool = False) -> Iterator[Row]:
    """Yield a row beside each peer; a run holds our figure and then each peer's, measured in turn."""
    ours, *others = zip(*runs, strict=True)
    for peer, theirs in zip(peers, others, strict=True):
        ratios = (mine / other for mine, other in zip(ours, theirs, strict=True))
        yield Row(name, median(ours), unit, peer, median(theirs), median(1 / ratio if less_is_better else ratio for ratio in ratios), aim)
