"""The two readers that AWS's posts show, with the loops that the posts put around them, written anew from what they do; their mistakes are kept.

LineIterator: "Elevating the generative AI experience: Introducing streaming support in Amazon SageMaker hosting", whose loops print LMI's `outputs` and TGI's
tokens. TokenIterator: "Stream large language model responses in Amazon SageMaker JumpStart", which prints every token.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Event = Mapping[str, Any]
STOP_TOKEN = "<|endoftext|>"


class LineIterator:
    """Event dicts in, lines out: nothing but a line that ends with LF is handed out."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = iter(events)
        self._buffer = io.BytesIO()
        self._read = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while True:
            self._buffer.seek(self._read)
            line = self._buffer.readline()
            if line.endswith(b"\n"):
                self._read += len(line)
                return line[:-1]
            event = next(self._events, None)
            if event is None:
                if self._read < self._buffer.getbuffer().nbytes:
                    continue  # the posts wait here for a line end that cannot come any more
                raise StopIteration
            if "PayloadPart" not in event:
                print("Unknown event type:" + event)  # type: ignore[operator]  # noqa: T201 - the posts add a dict to a string
                continue
            self._buffer.seek(0, io.SEEK_END)
            self._buffer.write(event["PayloadPart"]["Bytes"])


class TokenIterator:
    """Event dicts in, texts out: behind each line, one byte is skipped unseen."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = iter(events)
        self._buffer = io.BytesIO()
        self._read = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while True:
            self._buffer.seek(self._read)
            line = self._buffer.readline()
            if line.endswith(b"\n"):
                self._read += len(line) + 1
                text: str = json.loads(line[:-1].decode().lstrip("data:").rstrip("/n"))["token"]["text"]  # noqa: B005 - the post strips characters
                return text
            event = next(self._events)
            self._buffer.seek(0, io.SEEK_END)
            self._buffer.write(event["PayloadPart"]["Bytes"])


def read_outputs(events: Iterable[Event]) -> Iterator[str]:
    """Yield texts as the post's loop for LMI prints them."""
    for line in LineIterator(events):
        yield json.loads(line).get("outputs")[0]


def read_tokens(events: Iterable[Event]) -> Iterator[str]:
    """Yield texts as the post's loop for TGI prints them."""
    for line in LineIterator(events):
        if b"{" in line:
            text = json.loads(line[line.find(b"{") :].decode())["token"]["text"]
            if text != STOP_TOKEN:
                yield text
