"""A client that notes when each HTTP chunk arrives: `python -m tests.bench.arrivals` reads a job from its input, and prints how far arrivals drift.

The streams begin one after another over a second. A chunk's drift is its distance from the moment at which it was due, counted from its stream's first chunk
on, so that neither the connection nor the first wait is in it.
"""

from __future__ import annotations

import gc
import selectors
import socket
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter

import httptools

from tests.bench.reader import Job, print_result, read_job, receive

ITL_S = 0.02
"""50 tokens a second."""
ARRIVE_S = 1.0


@dataclass
class Stream:
    """One connection: httptools calls what begins with `on_`."""

    connection: socket.socket
    start_s: float
    arrivals_s: list[float] = field(default_factory=list)
    now_s: float = 0.0
    is_over: bool = False

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes, now_s: float) -> None:
        self.now_s = now_s
        self.parser.feed_data(data)

    def on_body(self, _: bytes) -> None:
        self.arrivals_s.append(self.now_s)

    def on_message_complete(self) -> None:
        self.is_over = True


def drifts_s(arrivals_s: list[float]) -> list[float]:
    """Return how far each chunk but the first is from its moment."""
    return [abs(moment_s - arrivals_s[0] - number * ITL_S) for number, moment_s in enumerate(arrivals_s)][1:]


def measure(job: Job) -> dict[str, float]:
    """Return the median and the 99th percentile of all chunks' drifts, and how many chunks there were."""
    request = job.request.encode()
    selector = selectors.DefaultSelector()
    start_s = perf_counter()
    waiting = [Stream(socket.create_connection(("127.0.0.1", job.port)), start_s + ARRIVE_S * (number / job.streams)) for number in range(job.streams)]
    streams = waiting.copy()
    while waiting or selector.get_map():
        while waiting and waiting[0].start_s <= perf_counter():
            stream = waiting.pop(0)
            stream.connection.sendall(request)
            selector.register(stream.connection, selectors.EVENT_READ, stream)
        for key, _ in selector.select(timeout=max(0.0, waiting[0].start_s - perf_counter()) if waiting else 30):
            key.data.feed(receive(key.data.connection), perf_counter())
            if key.data.is_over:
                selector.unregister(key.fileobj)
    drifts = [1000 * drift_s for stream in streams for drift_s in drifts_s(stream.arrivals_s)]
    centiles = quantiles(drifts, n=100, method="inclusive")
    return {"p50_ms": centiles[49], "p99_ms": centiles[98], "chunks": sum(len(stream.arrivals_s) for stream in streams)}


if __name__ == "__main__":
    gc.disable()
    print_result(measure(read_job()))
