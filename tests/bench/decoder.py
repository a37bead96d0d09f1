"""The decoder: bytes to events, beside the line iterator that the AWS posts show, with json.loads behind it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import process_time
from typing import Any, Self, TypeAlias

from backends.wire import Token, decode_events
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


def count_ours(parts: Iterable[Part | bytes], content_type: str) -> int:
    tokens = 0
    for event in decode_events(parts, content_type):
        tokens += event.__class__ is Token
    return tokens


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
    """Return botocore's event dicts; equal pieces share one, else a hundred thousand tokens byte by byte would be gigabytes of dicts."""
    known: dict[bytes, Part] = {}
    return [known.get(piece) or known.setdefault(piece, {"PayloadPart": {"Bytes": piece}}) for piece in pieces]


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


CUTTINGS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "one event a part": lambda frames: frames,
    "7-byte parts": lambda frames: cut(b"".join(frames), 7),
    "1-byte parts": lambda frames: cut(b"".join(frames), 1),
    "64 KiB parts": lambda frames: cut(b"".join(frames), 65536),
}
FORMATS = {"SSE": "text/event-stream", "JSON lines": "application/jsonlines"}
PREFIX_BYTES = {"SSE": len(b"data:"), "JSON lines": 0}
AIMS = {
    ("SSE", "one event a part"): "1.6",
    ("SSE", "7-byte parts"): "1.7",
    ("SSE", "1-byte parts"): "1.8",
    ("SSE", "64 KiB parts"): "1.9",
    ("JSON lines", "one event a part"): "1.8",
    ("JSON lines", "7-byte parts"): "2.0",
    ("JSON lines", "1-byte parts"): "2.3",
    ("JSON lines", "64 KiB parts"): "2.0",
}
"""Ratios. That of JSON lines in parts of 7 bytes is not reached (1.7): of about 140 ns a part, 95 go for taking the bytes out of the dict, looking for a
line feed and keeping them, 15 for a look at the type, as parts may be bytes, 15 for one for CR, and 15 for the bound of what is held; the posts' iterator
takes 290.
"""


def rows(scale: float, repeats: int) -> Iterator[Row]:
    tokens = max(10, int(100_000 * scale))
    for (framing, cutting), aim in AIMS.items():
        parts = as_parts(CUTTINGS[cutting](token_frames(tokens, sse=framing == "SSE")))
        yield beside(
            name=f"decode {framing}, {cutting}",
            unit="tokens/s",
            amount=tokens,
            ours=partial(count_ours, parts, FORMATS[framing]),
            peer_name=POSTS,
            peer=partial(count_by_posts, parts, PREFIX_BYTES[framing]),
            repeats=repeats,
            aim=aim,
            clock=process_time,
        )
