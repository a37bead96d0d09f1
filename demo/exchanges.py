"""The answers that pages wait for: one at most for each page's chat, asked, followed and stopped."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from backends.errors import BackendError
from demo.desk import Desk
from demo.failures import sentence
from demo.language import Words
from demo.panel import Panel
from demo.run import Run
from demo.sessions import Sessions
from demo.tape import Tape, Tapes
from demo.thread import Thread
from demo.turns import Turn, told


@dataclass(slots=True)
class Exchange:
    """An answer on its way."""

    thread: Thread
    """The conversation, with the question that is answered at its end."""
    run: Run | None = None
    """None before anything was sent."""
    is_stopped: bool = False


class Exchanges:
    """Every page's, by its session.

    Args:
        crowd: How many answers are on their way now, to everybody.
    """

    def __init__(self, desk: Desk, panel: Panel, tapes: Tapes, crowd: Callable[[], int]) -> None:
        self._desk = desk
        self._panel = panel
        self._tapes = tapes
        self._crowd = crowd
        self._open: dict[str, Exchange] = {}
        self.sessions = Sessions()

    def of(self, page: str) -> Exchange | None:
        """Return what a page waits for, if it does."""
        return self._open.get(page)

    async def turns(self, page: str, exchange: Exchange, values: Mapping[Any, Any], words: Words) -> AsyncGenerator[Turn]:
        """Yield the last turn of `exchange` as it grows, from before anything is sent to its end.

        Args:
            values: Those of the panel's controls.
            words: Those of whoever asked.
        """
        self._open[page] = exchange
        *before, turn = exchange.thread.turns
        try:
            yield turn
            exchange.run = run = self._run(page, turn.question, before, values, words)
            if exchange.is_stopped:
                await run.stop()
            async with aclosing(run.turns()) as turns:
                async for turn in turns:
                    yield turn
        except BackendError as error:
            yield replace(turn, failure=sentence(error, words=words))
        finally:
            del self._open[page]

    def _run(self, page: str, question: str, before: list[Turn], values: Mapping[Any, Any], words: Words) -> Run:
        chat = told(before, question, values[self._panel.system_prompt])
        request = self._panel.request(chat.messages, values)
        backend = self.sessions.backend(page, self._desk.backend(values[self._panel.front], self._panel.picked(values)), request.endpoint)
        tape = Tape(request, self._panel.way(values), self._panel.picked(values))
        run = Run(backend, request, left_out=chat.left_out, tape=tape, crowd=self._crowd, in_full=self._desk.tells_all, words=words)
        self._tapes.add(page, tape)  # one whose run could not be made would be on its way for ever
        return run

    async def stop(self, page: str) -> None:
        """Stop what a page waits for, if it does."""
        if exchange := self._open.get(page):
            exchange.is_stopped = True
            if exchange.run:
                await exchange.run.stop()

    async def leave(self, page: str) -> None:
        """End what belongs to a page that is gone."""
        await self.stop(page)
        self.sessions.close(page)

    async def aclose(self) -> None:
        """Stop every answer, and end every conversation."""
        for page in list(self._open):
            await self.stop(page)
        await self.sessions.aclose()
