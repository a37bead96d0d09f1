"""Holding: a thousand streams that are open and wait for their second token, how many of them began, and what memory each takes."""

from __future__ import annotations

import resource
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from tests.bench.reader import Job
from tests.bench.rows import Row, beside_all
from tests.bench.servers import Contender, Pace, all_contenders, serve

STREAMS = 1000
SILENCE_S = 60.0
"""So long after one stream, the next must begin."""


def rows(scale: float, repeats: int, llmock_program: str) -> Iterator[Row]:
    contenders = all_contenders(llmock_program)
    peers = [peer.name for peer in contenders[1:]]
    streams = max(2, int(STREAMS * scale))
    _allow_files(2 * streams + 100)
    runs = [[_hold(contender, streams) for contender in contenders] for _ in range(repeats)]
    yield from beside_all(f"idle streams held, of {streams} asked", "streams", peers, [[held for held, _ in run] for run in runs], str(streams))
    yield from beside_all("memory of an idle stream", "KiB", peers, [[kib for _, kib in run] for run in runs], "", less_is_better=True)


def _allow_files(files: int) -> None:
    """Let this process, and the servers that it starts, open so many files, where the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files if hard == resource.RLIM_INFINITY else min(files, hard), hard))


def _hold(contender: Contender, streams: int) -> tuple[int, float]:
    """Return how many streams began, and how many KiB each of them added."""
    pace = Pace(150, itl_s=600.0)
    with serve(*contender.command(pace)) as server, ExitStack() as connections:
        job = Job(port=server.port, request=contender.request(pace), streams=streams)
        _begin(replace(job, streams=max(1, streams // 10)), connections)  # what is needed once is no part of a stream
        before_kib = server.memory_kib
        held = _begin(job, connections)
        return held, (server.memory_kib - before_kib) / held


def _begin(job: Job, connections: ExitStack) -> int:
    """Begin streams that stay open with `connections`; return how many sent their first byte."""
    selector = selectors.DefaultSelector()
    for _ in range(job.streams):
        connection = connections.enter_context(socket.create_connection(("127.0.0.1", job.port)))
        connection.sendall(job.request.encode())
        selector.register(connection, selectors.EVENT_READ, connection)
    begun = 0
    while begun < job.streams and (ready := selector.select(SILENCE_S)):
        for key, _ in ready:
            begun += bool(key.data.recv(1 << 16))
            selector.unregister(key.data)
    return begun
