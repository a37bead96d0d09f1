"""A client that only counts: raw sockets in a process of its own, so that what is measured is the server.

`python -m tests.bench.reader` reads a job from its input: every stream asks the same question, as often as there are rounds; it prints JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to ask, at which port of this machine, and how often."""

    port: int
    request: str
    streams: int
    rounds: int = 1

    def run(self, by: str = "tests.bench.reader") -> dict[str, float]:
        """Do it in another process, and return what that measured."""
        done = subprocess.run([sys.executable, "-m", by], input=json.dumps(asdict(self)), check=True, stdout=subprocess.PIPE, text=True)
        result: dict[str, float] = json.loads(done.stdout)
        return result


def read_job() -> Job:
    return Job(**json.load(sys.stdin))


@dataclass
class Stream:
    """One connection, and how often it still has to ask."""

    connection: socket.socket
    rounds: int
    tail: bytes = b""
    first_s: float = 0.0


def read(job: Job) -> dict[str, float]:
    """Return the seconds that all answers took, their bytes, and the fastest and the slowest first byte."""
    request = job.request.encode()
    selector = selectors.DefaultSelector()
    asking = [Stream(socket.create_connection(("127.0.0.1", job.port)), job.rounds) for _ in range(job.streams)]
    start_s = perf_counter()
    for stream in asking:
        stream.connection.sendall(request)
        selector.register(stream.connection, selectors.EVENT_READ, stream)
    size = 0
    while selector.get_map():
        for key, _ in selector.select(timeout=30):
            size += read_some(key.data, request, start_s)
            if not key.data.rounds:
                selector.unregister(key.fileobj)
                key.data.connection.close()
    firsts_s = [stream.first_s for stream in asking]
    return {"seconds": perf_counter() - start_s, "bytes": size, "fastest_s": min(firsts_s), "slowest_s": max(firsts_s)}


def read_some(stream: Stream, request: bytes, start_s: float) -> int:
    """Read what is there and return its length; ask again behind an answer's end."""
    data = receive(stream.connection)
    stream.first_s = stream.first_s or perf_counter() - start_s
    stream.tail = (stream.tail + data)[-len(LAST_CHUNK) :]
    if stream.tail == LAST_CHUNK:
        stream.rounds -= 1
        stream.tail = b""
        if stream.rounds:
            stream.connection.sendall(request)
    return len(data)


def receive(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 20)
    if not data:
        raise SystemExit("the server closed the connection before the answer's end")
    return data


def print_result(result: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    print_result(read(read_job()))
