"""One request and its response over the network: every wait bounded in time, and ended from outside in any phase.

Each wait stands inside a time limit, and closing is that limit running out now. So there is one who cancels, once: httpcore loses a connection when it is
cancelled a second time while it cleans up after the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
        self._clock = asyncio.get_running_loop().time
        self._sent_at: float | None = None
        self._phase: Phase = "connect"
        self._limit_s: float | None = None
        self._limit_at: float | None = None
        self._total_at = None if timeouts.total_s is None else self._clock() + timeouts.total_s
        self._scope: asyncio.Timeout | None = None
        self._connection: Any = None
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

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
            async with asyncio.timeout_at(self._deadline()) as self._scope:
                return await step()
        except (TimeoutError, BackendError) as error:
            if self.closed:
                raise Closed from error
            if isinstance(error, BackendError):
                raise
            raise self._too_late() from error
        finally:
            self._scope = None

    async def send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response as soon as the head is there; `read` and `read_all` give the body."""
        await self.release()
        if self._sent_at is None:
            self._sent_at = self._clock()
        return await self.wait(lambda: self._send(client, request))

    async def read(self) -> bytes | None:
        """Return the next piece of the body, None at its end."""
        if self._phase == "stream":
            self._expect("stream", self._timeouts.idle_s)
        return await self.wait(self._read)

    async def read_all(self, limit_bytes: int) -> bytes:
        """Return the body, of which no more is read than the piece that passes `limit_bytes`."""
        body = bytearray()
        while len(body) < limit_bytes and (piece := await self.read()) is not None:
            body += piece
        return bytes(body)

    async def rest(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Let time pass before another attempt."""
        self._expect("connect", None)
        await self.wait(lambda: sleep(seconds))

    async def hand_over(self, step: Callable[[], Awaitable[None]]) -> None:
        """Await a taker of what was read; however long that lasts, the far side is not to blame."""
        self._limit_at = None
        await self.wait(step)

    def close(self) -> None:
        """End the wait that goes on, and every later one; from any task."""
        self.closed = True
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(self._clock())

    async def release(self) -> None:
        """Give the connection back if the response was read to its end, else close it."""
        response, self._response, self._chunks = self._response, None, None
        if response is not None:
            with suppress(httpx.HTTPError):  # it is being thrown away: how it ends is of no interest
                await response.aclose()

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        request.extensions["trace"] = self._trace
        with self._in_our_words():
            self._response = await client.send(request, stream=True)
        self._phase = "first byte"
        self._chunks = self._response.aiter_raw()
        return self._response

    async def _read(self) -> bytes | None:
        if self._chunks is None:
            return None
        with self._in_our_words():
            chunk = await anext(self._chunks, None)
        self._phase = "stream"
        return chunk

    async def _trace(self, name: str, info: dict[str, Any]) -> None:
        """Follow httpcore from phase to phase; its name for a step is `component.step.started`."""
        step = name.partition(".")[2]
        if step == "connect_tcp.complete":
            self._connection = info["return_value"]
        elif step == "start_tls.failed" and self._connection is not None:
            await self._connection.aclose()  # httpcore closes it for an error and leaves it open when cancelled
        elif step in _PHASES:
            phase = _PHASES[step]
            limits = {"connect": self._timeouts.connect_s, "send": self._timeouts.first_byte_s}
            self._expect(phase, limits.get(phase, self._limit_s), restart=phase in limits)

    def _expect(self, phase: Phase, limit_s: float | None, *, restart: bool = True) -> None:
        """Set what is waited for, and from now on how long."""
        self._phase = phase
        self._limit_s = limit_s
        if restart:
            self._limit_at = None if limit_s is None else self._clock() + limit_s
        if self._scope is not None and not self.closed and not self._scope.expired():
            self._scope.reschedule(self._deadline())

    def _deadline(self) -> float | None:
        return min((at for at in (self._limit_at, self._total_at) if at is not None), default=None)

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
            raise TransportError(f"{_BROKEN[self._phase]}: {str(error) or type(error).__name__}", phase=self._phase) from error
