"""The twin: tokens a second out of its sockets beside a bare ASGI application, its first byte, and how long it takes to start."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from mock_server import MockServer
from tests.bench.rows import Row, seconds

TOKENS_PER_STREAM = 2000


@contextmanager
def process(*command: str) -> Iterator[str]:
    """Run a module that prints its URL; yield the URL, and end it."""
    with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            match = re.search(r"http://\S+", server.stdout.readline())
            assert match is not None
            yield match[0]
        finally:
            server.terminate()


def read(url: str, streams: int, rounds: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.reader", url, str(streams), str(rounds)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def rows(scale: float, repeats: int) -> Iterator[Row]:
    with process("mock_server", "--port", "0") as twin_url, process("tests.bench.bare") as bare_url:
        ours, bare = f"{twin_url}/endpoints/falcon-7b-instruct-lmi/invocations-response-stream", f"{bare_url}/"
        read(ours, 1, 1)  # what is computed once is no part of a rate
        for streams, rounds in ((1, max(1, int(40 * scale))), (max(2, int(100 * scale)), 1)):
            pairs = [(read(ours, streams, rounds), read(bare, streams, rounds)) for _ in range(repeats)]
            tokens = streams * rounds * TOKENS_PER_STREAM
            rates = [(tokens / mine["seconds"], tokens / theirs["seconds"]) for mine, theirs in pairs]
            ratio = median(mine / theirs for mine, theirs in rates)
            name = f"twin, {streams} stream{'s' if streams > 1 else ''} unpaced"
            peer = "bare ASGI, the same frames"
            yield Row(name, median(mine for mine, _ in rates), "tokens/s", peer, median(theirs for _, theirs in rates), ratio, "500,000")
        firsts = [(mine["first_byte_s"] * 1000, theirs["first_byte_s"] * 1000) for mine, theirs in pairs]
        better = median(theirs / mine for mine, theirs in firsts)
        yield Row(f"slowest first byte of {streams} streams", median(f for f, _ in firsts), "ms", peer, median(f for _, f in firsts), better, "< 100")
    yield _start(max(2, int(20 * scale)))


def _start(repeats: int) -> Row:
    def start_and_stop() -> None:
        with MockServer():
            pass

    start_and_stop()
    return Row("start and stop a twin, second time in a process", median(seconds(start_and_stop) * 1000 for _ in range(repeats)), "ms", aim="< 10")
