"""A client that only counts: raw sockets in a process of its own, so that what is measured is the server.

`python -m tests.bench.reader URL STREAMS ROUNDS` asks the same question on every connection, as often as there are rounds, and prints JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlsplit

LAST_CHUNK = b"\r\n0\r\n\r\n"


def request_bytes(url: str) -> bytes:
    parts = urlsplit(url)
    body = b'{"inputs": "x", "parameters": {"max_new_tokens": 2000}, "stream": true}'
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "X-Amzn-SageMaker-Custom-Attributes: mock.script=long;mock.profile=instant\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Stream:
    """One connection, and how often it still has to ask."""

    connection: socket.socket
    rounds: int
    tail: bytes = b""
    first_s: float | None = None


def read(url: str, streams: int, rounds: int) -> dict[str, float]:
    """Return the seconds that all answers took, their bytes, and the slowest first byte."""
    parts, request = urlsplit(url), request_bytes(url)
    selector = selectors.DefaultSelector()
    asking = [Stream(socket.create_connection((str(parts.hostname), int(parts.port or 80))), rounds) for _ in range(streams)]
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
    return {"seconds": perf_counter() - start_s, "bytes": size, "first_byte_s": max(stream.first_s or 0.0 for stream in asking)}


def read_some(stream: Stream, request: bytes, start_s: float) -> int:
    """Read what is there and return its length; ask again behind an answer's end."""
    data = stream.connection.recv(1 << 20)
    if not data:
        raise SystemExit("the server closed the connection before the answer's end")
    if stream.first_s is None:
        stream.first_s = perf_counter() - start_s
    stream.tail = (stream.tail + data)[-len(LAST_CHUNK) :]
    if stream.tail == LAST_CHUNK:
        stream.rounds -= 1
        stream.tail = b""
        if stream.rounds:
            stream.connection.sendall(request)
    return len(data)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(read(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
