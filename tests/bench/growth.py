"""Growth: what ten times as much costs a byte, in one-byte parts, and what memory a stream of a gigabyte adds.

`python -m tests.bench.growth READER BYTES` decodes a stream in a process of its own, where no memory that others freed hides what is held, and prints how many
KiB its memory grew behind the first tenth. (`ru_maxrss` would not tell: on Linux a new process begins with the peak of the one that started it.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

from tests.bench.decoder import FORMATS, PREFIX_BYTES, count_by_posts, count_ours, cut, token_frames
from tests.bench.rows import Row, beside_all, seconds
from tests.bench.servers import memory_kib

LINE_BYTES = 1_000_000
"""Of the shorter line; the limit of a frame is 24 MiB."""
TOKENS = 10_000
STREAM_BYTES = 1_000_000_000
PART_BYTES = 65536
BLOCK_TOKENS = 8000
"""What the stream repeats: about a megabyte."""
LINEAR = "0.8"
"""The aim: 1.0 is linear, and the square of the length would be 0.1."""


def rows(scale: float, repeats: int) -> Iterator[Row]:
    line_bytes, tokens = max(10_000, int(LINE_BYTES * scale)), max(100, int(TOKENS * scale))
    for framing in FORMATS:
        yield from _linear(framing, "bytes in a line", long_line, line_bytes, repeats)
        yield from _linear(framing, "tokens", many_tokens, tokens, repeats)
    size = max(10_000_000, int(STREAM_BYTES * scale))
    yield Row(f"growth of memory, {size / 1e9:.2f} GB decoded in 64 KiB parts", growth_kib("ours", size), "KiB", aim="< 1,024")


def long_line(framing: str, size: int) -> bytes:
    """Return a body of one token, whose text is so long."""
    (frame,) = token_frames(1, sse=framing == "SSE")
    return frame.replace(b" tok0", b"x" * size)


def many_tokens(framing: str, tokens: int) -> bytes:
    return b"".join(token_frames(tokens, sse=framing == "SSE"))


def _linear(framing: str, what: str, body_of: Callable[[str, int], bytes], amount: int, repeats: int) -> Iterator[Row]:
    long, short = (cut(body_of(framing, times * amount), 1) for times in (10, 1))
    runs = [[ns_per_byte(parts, FORMATS[framing]) for parts in (long, short)] for _ in range(repeats)]
    yield from beside_all(f"decode {framing}, 1-byte parts, {10 * amount:,} {what}", "ns/byte", [f"{amount:,} {what}"], runs, LINEAR, less_is_better=True)


def ns_per_byte(parts: list[bytes], content_type: str) -> float:
    """Return the time that one-byte parts take, each."""
    return 1e9 * seconds(partial(count_ours, parts, content_type), process_time) / len(parts)


def growth_kib(reader: str, size: int) -> int:
    """Return by how much a new process's memory grew over the last nine tenths of so many bytes."""
    done = subprocess.run([sys.executable, "-m", "tests.bench.growth", reader, str(size)], check=True, stdout=subprocess.PIPE, text=True)
    grown: int = json.loads(done.stdout)
    return grown


READERS: dict[str, Callable[[Iterator[bytes]], int]] = {
    "ours": lambda stream: count_ours(stream, FORMATS["SSE"]),
    "posts": lambda stream: count_by_posts(({"PayloadPart": {"Bytes": part}} for part in stream), PREFIX_BYTES["SSE"]),
}
"""The posts' rule keeps all that it has read: that the measurement sees it is tested."""
DONE = {"ours": b"data: [DONE]\n\n", "posts": b""}


def measure(reader: str, size: int) -> int:
    """Return the growth in KiB, at its most; each part is made anew, so that one which is held takes memory."""
    block = b"".join(token_frames(BLOCK_TOKENS + 1, sse=True)[:-1])
    blocks = max(10, size // len(block))
    held_kib = []

    def stream() -> Iterator[bytes]:
        for number in range(1, blocks + 1):
            for start in range(0, len(block), PART_BYTES):
                yield block[start : start + PART_BYTES]
            if number % (blocks // 10) == 0:
                held_kib.append(memory_kib(os.getpid()))
        yield DONE[reader]

    tokens = READERS[reader](stream())
    if tokens != blocks * BLOCK_TOKENS:
        raise SystemExit(f"{reader} read {tokens} tokens, expected {blocks * BLOCK_TOKENS}")
    return max(held_kib) - held_kib[0]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
