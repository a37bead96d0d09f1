"""Parsers that make one mistake each, and one that makes none."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3

from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.events import StreamEvent, Token
from backends.sagemaker import SageMakerBackend
from backends.wire import EventDecoder, decode_events
from tests.mock_server.contract.parsers.framed import ours


class LineIterator:
    """Lines of an event stream, as samples have them: a line without its end is waited for, for ever."""

    def __init__(self, stream: Iterable[Mapping[str, Any]]) -> None:
        self._events = iter(stream)
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
            try:
                event = next(self._events)
            except StopIteration:
                if self._read < self._buffer.getbuffer().nbytes:
                    continue
                raise
            self._buffer.seek(0, io.SEEK_END)
            self._buffer.write(event["PayloadPart"]["Bytes"])


def part_is_event(parts: Iterable[bytes]) -> Iterator[str]:
    for part in parts:
        yield json.loads(part.removeprefix(b"data: "))["token"]["text"]


def first_event_of_a_part(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    """Lose what follows the first token of each part."""
    decoder = EventDecoder(content_type)
    for part in parts:
        yield from (token.text for token in list(decoder.feed(part))[:1] if isinstance(token, Token))


def fails_on_split(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    """Refuse parts that end inside a character."""
    for part in (held := list(parts)):
        part.decode()
    yield from texts(held, content_type)


def texts(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    """Do right."""
    for event in decode_events(parts, content_type):
        if isinstance(event, Token) and not event.special:
            yield event.text


def swallows(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    try:
        yield from texts(parts, content_type)
    except Exception:  # noqa: BLE001 - that is the mistake
        return


def dies(_: Iterable[bytes]) -> Iterator[str]:
    yield "a"
    os._exit(3)


def aborts(_: Iterable[bytes]) -> Iterator[str]:
    os.abort()
    yield "a"


def prints(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    """Do right, and talk; read standard input, and find nothing there."""
    sys.stdout.write('{"ended": "end"}\n')
    os.write(1, b'{"ended": "end"}\n')
    assert not os.read(0, 1)
    yield from texts(parts, content_type)


def eats_memory(_: Iterable[bytes]) -> Iterator[str]:
    held = [b""]
    while True:
        held.append(bytes(1 << 30))  # which are not touched, so that it takes no time
        yield ""


def sleeps(_: Iterable[bytes]) -> Iterator[str]:
    yield "a"
    time.sleep(3600)


def sleeps_on(_: Iterable[bytes]) -> Iterator[str]:
    """Sleep, and do so again when woken."""
    with suppress(BaseException):
        time.sleep(3600)
    yield from sleeps(_)


def stops_inside(parts: Iterable[bytes]) -> Iterator[str]:
    """Read on behind the last part."""
    yield json.loads(next(iter(parts)))["outputs"][0]
    next(iter(()))


async def stops_inside_async(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
    async for part in parts:
        yield json.loads(part)["outputs"][0]
        next(iter(()))


def forgets_a_name(parts: Iterable[bytes]) -> Iterator[str]:
    for part in parts:
        try:
            text = json.loads(part)["outputs"][0]
        except ValueError:
            del text
        yield text


def ends_with_none(parts: Iterable[bytes], content_type: str | None) -> Iterator[str | None]:
    yield from swallows(parts, content_type)
    yield None


def reads_behind_the_end(stream: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield lines, and what no line is behind `[DONE]`."""
    yield from LineIterator(stream)
    yield from (b"data: [DONE]", b"{")


def gives_bytes(parts: Iterable[bytes]) -> Iterable[bytes]:
    return parts


def gives_none(_: Iterable[bytes]) -> Iterator[None]:
    yield None


def gives_nothing(parts: Iterable[bytes]) -> None:
    list(parts)


async def asynchronous(parts: AsyncIterator[bytes], content_type: str | None) -> AsyncIterator[Token]:
    decoder = EventDecoder(content_type)
    async for part in parts:
        for event in decoder.feed(part):
            if isinstance(event, Token):
                yield event
    for event in decoder.finish():
        if isinstance(event, Token):
            yield event


@dataclass
class Flaky:
    """Fail the first time and every other one from there on."""

    times: int = 0

    def __call__(self, parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
        self.times += 1
        yield from texts(parts, content_type) if self.times % 2 == 0 else iter(["oops"])


flaky = Flaky()
read = asynchronous
frames = ours
NUMBER = 5


def client(endpoint_url: str, endpoint_name: str) -> Iterator[Token]:
    """Do right with boto3."""
    runtime = boto3.client("sagemaker-runtime", endpoint_url=endpoint_url)
    response = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint_name, Body=b"{}")
    yield from (event for event in decode_events(response["Body"], response.get("ContentType")) if isinstance(event, Token))


async def async_client(endpoint_url: str, endpoint_name: str) -> AsyncIterator[StreamEvent]:
    """Do right with our own backend."""
    request = ChatRequest(endpoint=Endpoint(endpoint_name), messages=[ChatMessage("user", "what is life")])
    async with SageMakerBackend(region="us-east-1", endpoint_url=endpoint_url) as backend, backend.stream(request) as answer:
        async for event in answer:
            yield event


def splitting_client(endpoint_url: str, endpoint_name: str) -> Iterator[str]:
    runtime = boto3.client("sagemaker-runtime", endpoint_url=endpoint_url)
    response = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint_name, Body=b"{}")
    yield from fails_on_split((event["PayloadPart"]["Bytes"] for event in response["Body"]), response["ContentType"])


def says_nothing(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    try:
        yield from texts(parts, content_type)
    except Exception:  # noqa: BLE001 - that is the mistake
        raise ValueError("it failed") from None


def does_not_decode(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    try:
        yield from texts(parts, content_type)
    except Exception:  # noqa: BLE001 - that is the mistake
        json.loads("oops")


def exits(parts: Iterable[bytes], content_type: str | None) -> Iterator[str]:
    yield from swallows(parts, content_type)
    sys.exit(1)


def raises(_: Iterable[bytes]) -> Iterator[str]:
    raise LookupError("nothing is there")


def holds_the_lock(_: Iterable[bytes]) -> None:
    re.match("(a|aa)+b", "a" * 100)


def closes_everything(_: Iterable[bytes]) -> Iterator[str]:
    os.closerange(0, 100)
    time.sleep(3600)
    yield ""


@dataclass
class Piece:
    text: int


def gives_numbers(_: Iterable[bytes]) -> Iterator[Piece]:
    yield Piece(5)


def wants_a_tokenizer(parts: Iterable[bytes], *, tokenizer: Mapping[int, str]) -> Iterator[str]:
    """Be called with a keyword that no adapter gives."""
    yield from (tokenizer[number] for part in parts for number in part)


def takes_nothing() -> Iterator[str]:
    """Take no stream at all."""
    yield from ()
