"""A far side for tests: a real socket that plays literal bytes and remembers what it saw of its clients."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from backends.wire.parts import encode_part

DEADLINE_S = 20.0


async def until(holds: Callable[[], object]) -> None:
    """Return as soon as `holds()` does."""
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for is another's state, and has no event
            await asyncio.sleep(0)


class Stall:
    """Not another byte, until the client is gone."""


class Reset:
    """Break the connection."""


class Close:
    """Close the connection, in the middle of whatever it is."""


class Flow:
    """The same bytes over and over, until the client is gone."""

    def __init__(self, data: bytes) -> None:
        self.data = data


Step = bytes | type[Stall] | type[Reset] | type[Close] | Flow


@dataclass
class Seen:
    """A request as it came."""

    target: str
    headers: dict[str, str]
    """Names in lower case."""
    raw_headers: list[tuple[str, str]]
    body: bytes


@dataclass
class FarSide:
    """Answers the first request with the first answer and so on; the last one serves all later requests."""

    answers: Sequence[Sequence[Step]]
    tls: ssl.SSLContext | None = None
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    gone: int = 0
    """Connections that the client has closed."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def all_gone(self) -> None:
        """Return when the client has closed every connection."""
        await until(lambda: self.gone == self.connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                self.requests.append(await _read_request(reader))
                answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                for step in answer:
                    await _play(step, reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone += 1
        finally:
            self._tasks.discard(task)
            writer.close()


@contextmanager
def full_backlog() -> Iterator[str]:
    """Listen at a URL where whoever comes now waits for an answer to its SYN."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            early = stack.enter_context(socket.socket())
            early.setblocking(False)
            with suppress(BlockingIOError):
                early.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def _read_request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    request_line, *lines = head.strip().split("\r\n")
    raw_headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    headers = {name.lower(): value for name, value in raw_headers}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(request_line.split()[1], headers, raw_headers, body)


async def _play(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if isinstance(step, bytes):
        writer.write(step)
        await writer.drain()
    elif isinstance(step, Flow):
        while True:
            writer.write(step.data)
            await writer.drain()
            await asyncio.sleep(0)
    elif step is Stall:
        await reader.readexactly(1)
    elif step is Reset:
        writer.transport.abort()
        await reader.readexactly(1)
    else:
        writer.close()
        await reader.readexactly(1)


def chunk(data: bytes) -> bytes:
    """Return one HTTP chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
LMI = b"application/jsonlines"


def sagemaker_head(content_type: bytes = LMI) -> bytes:
    """Return the head of a stream from SageMaker."""
    return (
        b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 11-22\r\nX-Amzn-SageMaker-Content-Type: " + content_type + b"\r\n"
        b"Content-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )


def container_head(content_type: bytes = LMI) -> bytes:
    """Return the head of a stream from a container."""
    return b"HTTP/1.1 200 OK\r\nx-request-id: 33\r\nContent-Type: " + content_type + b"\r\nTransfer-Encoding: chunked\r\n\r\n"


def refusal(status: int, body: bytes = b"", headers: bytes = b"") -> bytes:
    """Return a whole response that is an error."""
    return b"HTTP/1.1 %d No\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body)


def sagemaker_answer(*parts: bytes) -> list[Step]:
    """Return a whole stream from SageMaker."""
    return [sagemaker_head() + b"".join(chunk(encode_part(part)) for part in parts) + LAST_CHUNK]


def container_answer(*writes: bytes) -> list[Step]:
    """Return a whole stream from a container."""
    return [container_head() + b"".join(map(chunk, writes)) + LAST_CHUNK]


def line(text: str) -> bytes:
    """Return a token as LMI 0.23 writes it."""
    return b'{"outputs": ["%s"]}\n' % text.encode()


HELLO = (line("Hel"), line("lo"))
