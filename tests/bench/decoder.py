"""The decoder: bytes to events, beside the line iterator that the AWS posts show, with json.loads behind it."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any, Self, TypeAlias

from backends.wire import Token, decode_events
from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import encode_part
from tests.bench.rows import Row, beside

Part: TypeAlias = dict[str, Any]
POSTS = "the posts' line iterator and json.loads"


class LineIterator:
    """The rule of the posts, an iterator class as they have it: append each part to one buffer, read a line from where the last one ended, keep everything."""

    def __init__(self, stream: Iterable[Part]) -> None:
        self.byte_iterator = iter(stream)
        self.buffer = io.BytesIO()
        self.read_pos = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        while True:
            self.buffer.seek(self.read_pos)
            line = self.buffer.readline()
            if line and line[-1] == ord("\n"):
                self.read_pos += len(line)
                return line[:-1]
            event = next(self.byte_iterator)
            if "PayloadPart" in event:
                self.buffer.seek(0, io.SEEK_END)
                self.buffer.write(event["PayloadPart"]["Bytes"])


def count_by_posts(parts: Iterable[Part], prefix: int) -> int:
    tokens = 0
    for line in LineIterator(parts):
        if line:
            token = json.loads(line[prefix:])["token"]
            tokens += token["text"] is not None
    return tokens


def count_ours(parts: Iterable[Part], content_type: str) -> int:
    return sum(event.__class__ is Token for event in decode_events(parts, content_type))


def token_frames(tokens: int, *, sse: bool) -> list[bytes]:
    """Return frames of some 130 bytes, as TGI 2.1 and later (server-sent events) or LMI's asynchronous handler (JSON lines) write them."""
    frames = []
    for number in range(tokens):
        token = {"id": 28723 + number % 7, "text": f" tok{number % 10}", "logprob": -0.6196289, **({"special": False} if sse else {})}
        frame = {"index": number + 1, "token": token, "generated_text": "all" if number == tokens - 1 else None, "details": None}
        encoded = json.dumps(frame, separators=(",", ":") if sse else None).encode()
        frames.append(b"data: %b\n\n" % encoded if sse else encoded + b"\n")
    return frames


def as_parts(pieces: Iterable[bytes]) -> list[Part]:
    return [{"PayloadPart": {"Bytes": piece}} for piece in pieces]


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


AIMS = {
    (True, "one event a part"): "1.6",
    (True, "7-byte parts"): "1.7",
    (True, "1-byte parts"): "1.8",
    (True, "64 KiB parts"): "1.9",
    (False, "one event a part"): "1.8",
    (False, "7-byte parts"): "2.0",
    (False, "1-byte parts"): "2.3",
    (False, "64 KiB parts"): "2.0",
}


def rows(scale: float, repeats: int) -> Iterator[Row]:
    tokens = max(10, int(100_000 * scale))
    for sse, content_type in ((True, "text/event-stream"), (False, "application/jsonlines")):
        frames = token_frames(tokens, sse=sse)
        body = b"".join(frames)
        few = token_frames(max(5, tokens // 5), sse=sse)
        cuttings = {
            "one event a part": (tokens, frames),
            "7-byte parts": (tokens, cut(body, 7)),
            "1-byte parts": (len(few), cut(b"".join(few), 1)),
            "64 KiB parts": (tokens, cut(body, 65536)),
        }
        for name, (amount, pieces) in cuttings.items():
            yield _beside_the_posts(f"decode {'SSE' if sse else 'JSON lines'}, {name}", amount, as_parts(pieces), content_type, repeats, AIMS[sse, name])
    yield _frames(tokens, repeats)
    yield memory(max(10, int(1_000_000 * scale)))


def _beside_the_posts(name: str, amount: int, parts: list[Part], content_type: str, repeats: int, aim: str) -> Row:
    prefix = len(b"data:") if content_type == "text/event-stream" else 0
    return beside(name, "tokens/s", amount, lambda: count_ours(parts, content_type), POSTS, lambda: count_by_posts(parts, prefix), repeats, aim)


def _frames(amount: int, repeats: int) -> Row:
    from botocore.eventstream import EventStreamBuffer

    frames = [encode_part(b'{"token": {"id": 304, "text": " Deep", "log_prob": -0.0523}}\n    ')] * amount

    def ours() -> int:
        decoder = EventStreamDecoder()
        return sum(1 for frame in frames for _ in decoder.feed(frame))

    def botocore() -> int:
        buffer = EventStreamBuffer()
        messages = 0
        for frame in frames:
            buffer.add_data(frame)
            messages += sum(1 for _ in buffer)
        return messages

    return beside("event stream, one message a chunk", "messages/s", amount, ours, "botocore", botocore, repeats, "4")


def memory(tokens: int) -> Row:
    """Measure the most that decoding a long stream holds at once."""
    frames = token_frames(100, sse=True)[:-1]

    def stream() -> Iterator[bytes]:
        for number in range(tokens):
            yield frames[number % len(frames)]
        yield b"data: [DONE]\n\n"

    tracemalloc.start()
    count = sum(event.__class__ is Token for event in decode_events(stream(), "text/event-stream"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == tokens
    return Row(f"peak memory, {tokens:,} tokens in one stream", peak / 1024, "KiB", aim="< 1,024")
