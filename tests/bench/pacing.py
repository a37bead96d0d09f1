"""Pacing: how far tokens that are due every 20 ms drift from their moments, with a hundred streams at once and with five hundred."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.arrivals import ITL_S
from tests.bench.reader import Job
from tests.bench.rows import Row, beside_all
from tests.bench.servers import Contender, Pace, all_contenders, serve

AIMS_MS = {100: {"p50": "< 1.5", "p99": "< 3"}, 500: {"p50": "< 1.5", "p99": "< 10"}}


def rows(scale: float, repeats: int, llmock_program: str) -> Iterator[Row]:
    contenders = all_contenders(llmock_program)
    peers = [peer.name for peer in contenders[1:]]
    pace = Pace(max(3, int(150 * scale)), ITL_S)
    for most, aims in AIMS_MS.items():
        streams = max(2, int(most * scale))
        runs = [[_drift(contender, pace, streams) for contender in contenders] for _ in range(repeats)]
        for centile, aim in aims.items():
            figures = [[drift[f"{centile}_ms"] for drift in run] for run in runs]
            yield from beside_all(f"drift of {streams} paced streams, {centile}", "ms", peers, figures, aim, less_is_better=True)


def _drift(contender: Contender, pace: Pace, streams: int) -> dict[str, float]:
    with serve(*contender.command(pace)) as server:
        Job(port=server.port, request=contender.request(Pace(3, pace.itl_s)), streams=1).run()  # what is computed once is no part of it
        return Job(port=server.port, request=contender.request(pace), streams=streams).run("tests.bench.arrivals")
