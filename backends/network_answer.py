"""An answer that arrives over the network: parts out of what the connection gives, events out of the parts, taps told of both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from backends.chat import Tap
from backends.connection import Timeouts
from backends.errors import BackendError, WireError
from backends.events import Finish, StreamEvent
from backends.exchange import Closed, Exchange
from backends.incoming import PartDecoder
from backends.wire import EventDecoder
from backends.wire.lines import Frame

_READS_AHEAD = 32
"""A read is at most 64 KiB, so this is the most that waits to be taken: 2 MiB."""


class Events(Protocol):
    """**Protocol:** parts in, events out, as `backends.wire.EventDecoder` does it."""

    @property
    def frames(self) -> Iterable[Frame]:
        """For each event that the last call gave, where it came from."""

    def feed(self, data: bytes) -> Iterable[StreamEvent]:
        """Return every event that a part completes."""

    def finish(self) -> Iterable[StreamEvent]:
        """Return what the body's end completes."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a response before its body."""

    headers: Mapping[str, str]
    """Names in lower case."""
    request_id: str | None
    content_type: str | None
    """The container's."""
    parts: PartDecoder
    status: int = 200
    events: Events | None = None
    """What reads the parts; None for what the content type says."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What one read of the network brought, decoded by whoever takes it."""

    chunks: Sequence[bytes] | None
    """Of HTTP; None at the body's end."""
    at_s: float


Opener: TypeAlias = Callable[[Exchange], Awaitable[Head]]
"""Sends the request, as often as it takes, and returns the head of the response that will be read."""


class NetworkAnswer:
    """The `backends.chat.Answer` of the network backends; made by them.

    A task of its own waits for the network, a few reads ahead of whoever iterates. So a part's time is that of its arrival, and nobody who is cancelled,
    however often, interrupts the closing of a connection.
    """

    def __init__(self, opener: Opener, timeouts: Timeouts, tap: Tap | None) -> None:
        self._open = opener
        self._timeouts = timeouts
        self._tap = tap
        self._head: Head | None = None
        self._exchange: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._reads: asyncio.Queue[_Read | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_READS_AHEAD)
        self._began_at_s = self._ended_at_s = 0.0
        self._error: BackendError | None = None
        self._decoder: Events = EventDecoder()
        self._ready: Iterator[StreamEvent] = iter(())
        self._ended = False
        self._finished = False  # the answer is whole: how the connection ends does not matter any more

    @property
    def request_id(self) -> str | None:
        """The service's name for this request."""
        return self._head.request_id if self._head else None

    @property
    def content_type(self) -> str | None:
        """The container's content type."""
        return self._head.content_type if self._head else None

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in lower case."""
        return self._head.headers if self._head else {}

    @property
    def status(self) -> int:
        """The HTTP status; 0 before the head."""
        return self._head.status if self._head else 0

    @property
    def began_at_s(self) -> float:
        """When the head came: seconds since the request began, as a tap is told them."""
        return self._began_at_s

    @property
    def ended_at_s(self) -> float:
        """When the connection was given back or broke; 0 until then."""
        return self._ended_at_s

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise RuntimeError("an answer is entered once: ask the backend for another")
        if self._ended:
            return self
        self._exchange = Exchange(self._timeouts)
        self._task = asyncio.create_task(self._run(self._exchange))
        try:
            await self._opened.wait()
            if self._head is None:
                await self._settle()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        if self._task is None and not self._ended:
            raise RuntimeError("an answer is entered before it is read: async with backend.stream(request) as answer")
        try:
            event = next(self._ready, None)
            if event is None:
                event = await self._read_on()
        except BaseException:
            await self.aclose()
            raise
        if event is None:
            raise StopAsyncIteration
        return event

    async def aclose(self) -> None:
        """Close the connection."""
        self._ended = True
        self._ready = iter(())
        if self._exchange is not None and self._task is not None:
            self._exchange.close()
            await asyncio.wait((self._task,))

    async def _run(self, exchange: Exchange) -> None:
        """Send the request and read what comes, until the body's end, an error, or `aclose`."""
        try:
            head = await self._open(exchange)
            self._began_at_s = exchange.age_s
            self._decoder = head.events or _decoder_for(head.content_type)
            self._head = head
            self._opened.set()
            await exchange.read_to(lambda chunks: self._reads.put_nowait(_Read(chunks, exchange.age_s)), self._room)
            self._reads.put_nowait(_Read(None, exchange.age_s))
        except Closed:
            self._ended = True
        except BackendError as error:
            self._error = error
        finally:
            self._ended_at_s = exchange.age_s
            await exchange.release()
            self._opened.set()
            self._reads.put_nowait(None)

    async def _read_on(self) -> StreamEvent | None:
        """Return the next read's first event, None at the answer's end."""
        while not self._ended and self._head is not None:
            read = await self._reads.get()
            if read is None:
                await self._settle()
                return None
            self._room.release()
            self._ready = self._events(read, self._head.parts)
            if (event := next(self._ready, None)) is not None:
                return event
        return None

    async def _settle(self) -> None:
        """Raise what the task ended with, unless the answer was closed."""
        if self._task is not None and not self._ended:
            await asyncio.wait((self._task,))
            self._task.result()  # of a failure that is none of a backend's, a bug
            if self._error is not None and not self._finished:
                raise self._error
        self._ended = True

    def _events(self, read: _Read, parts: PartDecoder) -> Iterator[StreamEvent]:
        """Yield the events of one read: decoded as they are taken, so that those before an error come before it."""
        try:
            for part in parts.finish() if read.chunks is None else parts.feed(read.chunks):
                if self._tap:
                    self._tap.part(part, read.at_s)
                if events := self._decode(part):
                    yield from self._observed(events, read.at_s)
            if read.chunks is None:
                yield from self._observed(self._decoder.finish(), read.at_s)
        except BackendError:
            if not self._finished:
                raise

    def _decode(self, part: bytes) -> Iterable[StreamEvent]:
        try:
            return self._decoder.feed(part)
        except ValueError as error:  # an event stream stands where a container's body should
            raise WireError(str(error)) from error

    def _observed(self, events: Iterable[StreamEvent], at_s: float) -> Iterator[StreamEvent]:
        for event, (start, end, _) in zip(events, self._decoder.frames, strict=False):  # the frames are told as their events are taken
            if self._tap:
                self._tap.event(event, at_s, start, end)
            self._finished = type(event) is Finish
            yield event


def _decoder_for(content_type: str | None) -> EventDecoder:
    try:
        return EventDecoder(content_type)
    except ValueError as error:
        raise WireError(str(error)) from error
