"""One request and its response over the network: every wait bounded in time, and ended from outside in any phase.

Each wait stands inside a time limit, and closing is that limit running out now. So there is one who cancels, once: httpcore loses a connection when it is
cancelled a second time while it cleans up after the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import httpx

from backends.connection import Timeouts
from backends.errors import BackendError, ConfigurationError, Phase, TransportError

T = TypeVar("T")

_PHASES: dict[str, Phase] = {
    "connect_tcp.started": "connect",
    "start_tls.started": "connect",
    "send_request_headers.started": "send",
    "receive_response_headers.started": "headers",
}
"""httpcore's trace events -> what is waited for from then on."""

_BROKEN: dict[Phase, str] = {
    "connect": "no connection",
    "send": "the connection broke while the request was sent",
    "headers": "the connection broke before the answer's head came",
    "first byte": "the connection broke before the answer's first byte came",
    "stream": "the connection broke in the middle of the answer",
}
_TOO_LATE: dict[Phase, str] = {
    "connect": "no connection within {} s",
    "send": "the request was not taken within {} s",
    "headers": "no answer within {} s",
    "first byte": "no first byte of the answer within {} s",
    "stream": "the answer stalled: not a byte for {} s",
}


class Closed(Exception):
    """The exchange was closed while somebody waited: the answer ends, without an error."""


class Exchange:
    """A request, its response, and the waiting for either; all but `close` is for one task.

    Args:
        timeouts: The limits; the total one runs from now on.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self.closed = False
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self._sent_at: float | None = None
        self._phase: Phase = "connect"
        self._limit_s: float | None = None
        self._limit_at: float | None = None
        self._total_at = None if timeouts.total_s is None else self._clock() + timeouts.total_s
        self._scope: asyncio.Timeout | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._connection: Any = None
        self._response: httpx.Response | None = None

    @property
    def age_s(self) -> float:
        """Seconds since the first attempt to send, on a monotonic clock: what prepares a request (reading the AWS configuration, say) is not the far side's."""
        return 0.0 if self._sent_at is None else self._clock() - self._sent_at

    @property
    def out_of_time(self) -> bool:
        """Whether the total limit has passed."""
        return self._total_at is not None and self._clock() >= self._total_at

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the response that came last, names in lower case; empty before it."""
        return self._response.headers if self._response else {}

    async def wait(self, step: Callable[[], Awaitable[T]]) -> T:
        """Await `step()` until it is done, its time is over, or somebody closes the exchange.

        Raises:
            Closed: Somebody closed it.
            TransportError: Its time is over, or the connection broke.
        """
        if self.closed:
            raise Closed
        try:
            async with asyncio.timeout(None) as self._scope:
                self._set_alarm()
                return await step()
        except (TimeoutError, BackendError) as error:
            if self.closed:
                raise Closed from error
            if isinstance(error, BackendError):
                raise
            raise self._too_late() from error
        finally:
            self._scope = None
            self._unset_alarm()

    async def send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response as soon as the head is there; then, `read_to` or `read_all` gives the body."""
        await self.release()
        if self._sent_at is None:
            self._sent_at = self._clock()
        return await self.wait(partial(self._send, client, request))

    async def read_to(self, take: Callable[[list[bytes]], None], room: asyncio.Semaphore) -> None:
        """Hand the body to `take` as it comes: the HTTP chunks that arrive together, for one of `room`; while there is none, no more is read."""
        if self._response is not None:
            await self.wait(partial(self._read_to, self._response, take, room))

    async def read_all(self, limit_bytes: int) -> bytes:
        """Return the body, of which no more is read than the chunk that passes `limit_bytes`."""
        if self._response is None:
            return b""
        return await self.wait(partial(self._read_all, self._response, limit_bytes))

    async def rest(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Let time pass before another attempt."""
        self._expect("connect", None)
        await self.wait(lambda: sleep(seconds))

    def close(self) -> None:
        """End the wait that goes on, and every later one; from any task."""
        self.closed = True
        self._expire()

    async def release(self) -> None:
        """Give the connection back if the response was read to its end, else close it."""
        response, self._response = self._response, None
        if response is not None:
            with suppress(httpx.HTTPError):  # it is being thrown away: how it ends is of no interest
                await response.aclose()

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        request.extensions["trace"] = self._trace
        with self._in_our_words():
            self._response = await client.send(request, stream=True)
        self._phase = "first byte"
        return self._response

    async def _read_to(self, response: httpx.Response, take: Callable[[list[bytes]], None], room: asyncio.Semaphore) -> None:
        together: list[bytes] = []

        def hand_over() -> None:
            if together:
                take(together.copy())
                together.clear()

        try:
            with self._in_our_words():
                async for chunk in _chunks_of(response):
                    if not together:
                        await self._find_room(room)
                        self._loop.call_soon(hand_over)  # which has its turn as soon as the connection has no more to give
                    together.append(chunk)
        finally:
            hand_over()

    async def _find_room(self, room: asyncio.Semaphore) -> None:
        if room.locked():
            self._expect("stream", None)  # whoever reads may take its time, which is no fault of the far side
        await room.acquire()
        self._expect("stream", self._timeouts.idle_s)

    async def _read_all(self, response: httpx.Response, limit_bytes: int) -> bytes:
        body = bytearray()
        with self._in_our_words():
            async for chunk in _chunks_of(response):
                self._expect("stream", self._timeouts.idle_s)
                body += chunk
                if len(body) > limit_bytes:
                    break
        return bytes(body)

    async def _trace(self, name: str, info: dict[str, Any]) -> None:
        """Follow httpcore from phase to phase; its name for a step is `component.step.started`."""
        step = name.partition(".")[2]
        if step == "connect_tcp.complete":
            self._connection = info["return_value"]
        elif step == "start_tls.failed" and self._connection is not None:
            await self._connection.aclose()  # httpcore closes it for an error and leaves it open when cancelled
        elif step in _PHASES:
            self._enter(_PHASES[step])

    def _enter(self, phase: Phase) -> None:
        if phase == "connect":
            self._expect(phase, self._timeouts.connect_s)
        elif phase == "send":
            self._expect(phase, self._timeouts.first_byte_s)
        else:
            self._phase = phase

    def _expect(self, phase: Phase, limit_s: float | None) -> None:
        """Set what is waited for, and from now on how long."""
        self._phase = phase
        self._limit_s = limit_s
        self._limit_at = None if limit_s is None else self._clock() + limit_s
        if self._alarm is None or (self._limit_at is not None and self._limit_at < self._alarm.when()):
            self._set_alarm()

    def _set_alarm(self) -> None:
        """Wake up at the limit. One that has moved back by then is waited for again: so nothing is to do for each of many reads."""
        self._unset_alarm()
        limit_at = min((at for at in (self._limit_at, self._total_at) if at is not None), default=None)
        if limit_at is None or self._scope is None:
            return
        if limit_at <= self._clock():
            self._expire()
        else:
            self._alarm = self._loop.call_at(limit_at, self._set_alarm)

    def _unset_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _expire(self) -> None:
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(self._clock())

    def _too_late(self) -> TransportError:
        if self.out_of_time:
            return TransportError(f"the answer took longer than {self._timeouts.total_s:g} s", phase=self._phase, timed_out=True)
        return TransportError(_TOO_LATE[self._phase].format(f"{self._limit_s or 0:g}"), phase=self._phase, timed_out=True)

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError, ValueError, OverflowError) as error:
            raise ConfigurationError(f"the request cannot be sent: {error}") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            why = f": {error}" if str(error) else ""
            raise TransportError(f"{_BROKEN[self._phase]}{why}", phase=self._phase) from error


def _chunks_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body as it arrives, one HTTP chunk at a time, past what `aiter_raw` adds to each: a sixth of the time."""
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - an asynchronous client gives no other
    return aiter(response.stream)
