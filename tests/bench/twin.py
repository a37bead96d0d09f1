"""The twin: tokens a second out of its sockets beside its peers, its first bytes, and how long it takes to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from mock_server import MockServer
from tests.bench.reader import Job
from tests.bench.rows import Row, beside_all, seconds
from tests.bench.servers import Contender, Pace, Server, all_contenders, serve


def rows(scale: float, repeats: int, llmock_program: str) -> Iterator[Row]:
    contenders = all_contenders(llmock_program)
    peers = [peer.name for peer in contenders[1:]]
    with ExitStack() as stack:
        running = [(contender, stack.enter_context(serve(*contender.command(Pace(0))))) for contender in contenders]
        for streams, rounds in ((1, max(1, int(40 * scale))), (max(2, int(100 * scale)), 1)):
            runs = [[_read(*one, streams, rounds) for one in running] for _ in range(repeats)]
            name = f"{streams} unpaced stream{'s' if streams > 1 else ''}"
            yield from beside_all(name, "tokens/s", peers, [[result["tokens_per_s"] for result in run] for run in runs], "500,000")
        slowest = [[1000 * result["slowest_s"] for result in run] for run in runs]
        yield from beside_all(f"{name}, slowest first byte", "ms", peers, slowest, "< 100", less_is_better=True)
        spread = [[1000 * (result["slowest_s"] - result["fastest_s"]) for result in run] for run in runs]
        yield from beside_all(f"{name}, spread of first bytes", "ms", peers, spread, "< 100", less_is_better=True)
    yield _start(max(2, int(20 * scale)))


def _read(contender: Contender, server: Server, streams: int, rounds: int) -> dict[str, float]:
    pace = Pace(contender.most_tokens)
    request = contender.request(pace)
    Job(port=server.port, request=request, streams=1).run()  # what is computed once is no part of a rate
    result = Job(port=server.port, request=request, streams=streams, rounds=rounds).run()
    return {**result, "tokens_per_s": streams * rounds * pace.tokens / result["seconds"]}


def _start(repeats: int) -> Row:
    def start_and_stop() -> None:
        with MockServer():
            pass

    start_and_stop()
    return Row("start and stop a twin, second time in a process", median(seconds(start_and_stop) * 1000 for _ in range(repeats)), "ms", aim="< 10")
