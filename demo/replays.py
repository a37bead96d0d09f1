"""An answer played again: the same request to the same twin, cut elsewhere or with another fault; its seed stays, so that the bytes do too."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from backends.chat import ChatRequest
from demo.asked import TWIN_PREFIX
from demo.desk import Desk
from demo.language import ENGLISH, Words
from demo.run import Run
from demo.tape import Tape, Tapes


def changed(request: ChatRequest, **choices: str) -> ChatRequest:
    """Return `request` with these of the twin's choices in place of its own, an empty one left out, and all the rest as it was."""
    terms = [term for term in (request.custom_attributes or "").split(";") if term]
    kept = [term for term in terms if term.partition("=")[0] not in {f"{TWIN_PREFIX}{name}" for name in choices}]
    chosen = [f"{TWIN_PREFIX}{name}={value}" for name, value in choices.items() if value]
    return replace(request, custom_attributes=";".join([*chosen, *kept]) or None)


class Replays:
    """At most one answer of each page that is played again, on one event loop."""

    def __init__(self, desk: Desk, tapes: Tapes, crowd: Callable[[], int] = lambda: 1) -> None:
        self._desk = desk
        self._tapes = tapes
        self._crowd = crowd
        self._runs: dict[str, Run] = {}

    def is_playing(self, page: str) -> bool:
        """Tell whether a page waits for one."""
        return page in self._runs

    async def play(self, page: str, first: Tape, words: Words = ENGLISH, **choices: str) -> AsyncGenerator[Tape]:
        """Play `first`, an answer of the twin, again; yield its new tape, which is the page's newest, as often as it is worth painting, and at its end.

        Raises:
            BackendError: Nothing can be asked there.
        """
        tape = Tape(changed(first.request, **choices), first.front, first.found, again=first.number)
        run = Run(self._desk.backend(first.front, first.found), tape.request, tape=tape, crowd=self._crowd, in_full=self._desk.tells_all, words=words)
        self._tapes.add(page, tape)
        self._runs[page] = run
        try:
            async with aclosing(run.turns()) as turns:
                async for _ in turns:
                    yield tape
        finally:
            del self._runs[page]

    async def stop(self, page: str) -> None:
        """Stop the one that a page waits for, if it does."""
        if run := self._runs.get(page):
            await run.stop()

    async def aclose(self) -> None:
        """Stop all."""
        for run in list(self._runs.values()):
            await run.stop()
