"""One answer on its way to a page: read by one task, painted by another, stopped from anywhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from backends.body import prompt_of
from backends.chat import Answer, ChatRequest, Tap
from backends.errors import BackendError
from backends.events import StreamEvent
from backends.prompts import family
from backends.timing import Timing
from demo.failures import OWN_FAULT, sentence
from demo.language import ENGLISH, Words, mark
from demo.media import element
from demo.pacing import crowd_s, pause_s
from demo.reading import Reading
from demo.status import ending, progress, result, with_left_out
from demo.tape import Tape
from demo.turns import Turn

logger = logging.getLogger(__name__)

LEFT = mark("nobody waited for its end")
"""How an answer ended whose page is gone."""
TICK_S = 0.25
"""How often a page hears of a stream in which nothing happens; only when it does is it noticed that the page was closed."""


class Streaming(Protocol):
    """**Protocol:** what streams answers: a backend, or one in a session."""

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> Answer:
        """Return the answer to `request`; nothing is sent before it is entered."""


class Run:
    """One answer from its request to its end; used once, on one event loop.

    Whoever closes the iterator that `turns` returns, or calls `stop` from any task, closes the connection. How long an answer may take is its backend's to say.

    Args:
        left_out: How many turns of the chat the request does not tell.
        tape: What keeps all that comes.
        crowd: How many answers, this one among them, are on their way now.
        in_full: Whether a failure's own words are told; else they go to the log.
        words: Those of whoever asked.

    Raises:
        ConfigurationError: The endpoint's model family is unknown.
    """

    def __init__(
        self,
        backend: Streaming,
        request: ChatRequest,
        *,
        left_out: int = 0,
        tape: Tape | None = None,
        crowd: Callable[[], int] = lambda: 1,
        in_full: bool = True,
        words: Words = ENGLISH,
    ) -> None:
        self._crowd = crowd
        self._in_full = in_full
        self._words = words
        self._question = request.messages[-1].content
        self._messages = len(request.messages) + 2 * left_out
        self._left_out = left_out
        self._reading = Reading(family(request.endpoint.family).end_strings, (*prompt_of(request).stop, *request.parameters.stop))
        self._tape = tape or Tape(request)
        self._timing = self._tape.timing
        self._answer = backend.stream(request, tap=_Both(self._timing, self._tape))
        self._failure: str | None = None
        self._stopped = False
        self._arrived = asyncio.Event()
        self._now = asyncio.get_running_loop().time
        self._began_at_s = self._heard_at_s = self._now()

    @property
    def timing(self) -> Timing:
        """What was measured so far."""
        return self._timing

    @property
    def tape(self) -> Tape:
        """What keeps all that comes."""
        return self._tape

    async def stop(self) -> None:
        """Close the connection; `turns` goes on to its last turn, with all that arrived."""
        self._stopped = True
        await self._answer.aclose()

    async def turns(self) -> AsyncGenerator[Turn]:
        """Yield the turn as it grows: the first text at once, then as often as `demo.pacing` allows, and its end at once."""
        reader = asyncio.create_task(self._read())
        reader.add_done_callback(lambda _: self._arrived.set())
        try:
            yield self._turn()
            async for _ in self._moments(reader):
                yield self._turn()
            yield self._last_turn(reader)
        finally:
            await self._answer.aclose()
            reader.cancel()
            await asyncio.wait({reader})
            self._tape.ending = self._tape.ending or self._words(LEFT)

    async def _moments(self, reader: asyncio.Task[None]) -> AsyncIterator[None]:
        """Yield whenever the page is worth painting, until the answer ends."""
        painted_at_s = float("-inf")
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(TICK_S, crowd_s(self._crowd()))):
                    await self._arrived.wait()
            if self._arrived.is_set():
                text = self._reading.answer or self._reading.reasoning
                rest_s = painted_at_s + pause_s(text, self._messages, self._crowd()) - self._now()
                if rest_s > 0:
                    await asyncio.wait({reader}, timeout=rest_s)
                self._arrived.clear()
                painted_at_s = self._now()
            if reader.done():
                return
            yield

    async def _read(self) -> None:
        try:
            async with self._answer as answer:
                self._tape.headers, self._tape.content_type = answer.headers, answer.content_type
                self._tape.head_at_s = self._now() - self._began_at_s
                async for event in answer:
                    self._heard_at_s = self._now()
                    self._reading.feed(event, self._heard_at_s)
                    self._arrived.set()
        except BackendError as error:
            self._tape.error = error
            self._failure = sentence(error, answering=self._timing.has_begun, in_full=self._in_full, words=self._words)
            if not self._in_full:
                logger.warning("An answer failed: %r", error)

    def _turn(self) -> Turn:
        now_s, words = self._now(), self._words
        figures = progress(self._timing, waited_s=now_s - self._began_at_s, idle_s=now_s - self._heard_at_s, words=words)
        return self._read_so_far(figures)

    def _last_turn(self, reader: asyncio.Task[None]) -> Turn:
        if bug := reader.exception():
            logger.error("An answer failed for a reason of our own", exc_info=bug)
            self._failure = self._words(OWN_FAULT)
        self._reading.finish(self._heard_at_s, broke_off=self._timing.finish is None)
        failure, words = None if self._stopped else self._failure, self._words
        self._tape.ending, self._tape.failure = ending(self._timing, stopped=self._stopped, words=words), failure
        return replace(self._read_so_far(result(self._timing, stopped=self._stopped, words=words)), failure=failure)

    def _read_so_far(self, figures: str) -> Turn:
        reading, words = self._reading, self._words
        return Turn(
            self._question, reading.answer, with_left_out(figures, self._left_out, words), tape=self._tape.number, media=element(self._tape, words),
            reasoning=reading.reasoning, thought_s=reading.thought_s, calls=reading.calls,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Both:
    """Two taps in one."""

    first: Tap
    second: Tape

    def frame(self, data: bytes) -> None:
        self.second.frame(data)

    def part(self, data: bytes, at_s: float) -> None:
        self.first.part(data, at_s)
        self.second.part(data, at_s)

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:
        self.first.event(event, at_s, start, end)
        self.second.event(event, at_s, start, end)
