"""An answer that arrives over the network: parts out of what the connection gives, events out of the parts, taps told of both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from backends.chat import Tap
from backends.connection import Timeouts
from backends.errors import TransportError
from backends.events import Finish, StreamEvent
from backends.exchange import Closed, Exchange
from backends.wire import EventDecoder


class PartDecoder(Protocol):
    """**Protocol:** what the connection gave in, the body's parts out."""

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Return every part that `data` completes."""

    def finish(self) -> Iterable[bytes]:
        """Return what the end completes."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a response before its body."""

    headers: Mapping[str, str]
    """Names in lower case."""
    request_id: str | None
    content_type: str | None
    """The container's."""
    parts: PartDecoder


Opener: TypeAlias = Callable[[Exchange], Awaitable[Head]]
"""Sends the request, as often as it takes, and returns the head of the response that will be read."""


class WholeBody:
    """The body as one part."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Keep `data`."""
        self._body += data
        return ()

    def finish(self) -> Iterable[bytes]:
        """Return the body."""
        return (bytes(self._body),)


class ChunkedBody:
    """The body's HTTP chunks, each a part."""

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Return `data`."""
        return (data,)

    def finish(self) -> Iterable[bytes]:
        """Return nothing."""
        return ()


class NetworkAnswer:
    """The `backends.chat.Answer` of the network backends; made by them."""

    def __init__(self, opener: Opener, timeouts: Timeouts, tap: Tap | None) -> None:
        self._open = opener
        self._timeouts = timeouts
        self._tap = tap
        self._head: Head | None = None
        self._exchange: Exchange | None = None
        self._decoder = EventDecoder()
        self._ready: Iterator[StreamEvent] = iter(())
        self._has_finish = False
        self._ended = False

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

    async def __aenter__(self) -> Self:
        if self._exchange is not None:
            raise RuntimeError("an answer is entered once: ask the backend for another")
        if self._ended:
            return self
        self._exchange = Exchange(self._timeouts)
        try:
            self._head = await self._open(self._exchange)
            self._decoder = EventDecoder(self._head.content_type)
        except Closed:
            self._ended = True
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        if self._exchange is None and not self._ended:
            raise RuntimeError("an answer is entered before it is read: async with backend.stream(request) as answer")
        try:
            event = await self._next()
        except Closed:
            event = None
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
        if self._exchange is not None:
            await self._exchange.aclose()

    async def _next(self) -> StreamEvent | None:
        while (event := next(self._ready, None)) is None:
            if self._ended or self._exchange is None or self._head is None:
                return None
            self._ready = await self._read(self._exchange, self._head.parts)
        return event

    async def _read(self, exchange: Exchange, parts: PartDecoder) -> Iterator[StreamEvent]:
        """Read once, and return the events that this brings: decoded as they are taken, so that those before an error come before it."""
        try:
            data = await exchange.read()
        except TransportError:
            if not self._has_finish:
                raise
            data = None  # the answer was whole: how its connection ended is nobody's trouble
        if data is None:
            return self._last_events(parts.finish(), exchange.age_s)
        return self._events(parts.feed(data), exchange.age_s)

    def _events(self, parts: Iterable[bytes], at_s: float) -> Iterator[StreamEvent]:
        for part in parts:
            if self._tap:
                self._tap.part(part, at_s)
            yield from self._observed(self._decoder.feed(part), at_s)

    def _last_events(self, parts: Iterable[bytes], at_s: float) -> Iterator[StreamEvent]:
        yield from self._events(parts, at_s)
        yield from self._observed(self._decoder.finish(), at_s)
        self._ended = True

    def _observed(self, events: Iterable[StreamEvent], at_s: float) -> Iterator[StreamEvent]:
        for event in events:
            self._has_finish = isinstance(event, Finish)
            if self._tap:
                self._tap.event(event, at_s, self._decoder.start, self._decoder.end)
            yield event
