"""A backend that answers from a script, and a loop whose clock turns by itself instead of waiting."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeAlias

from backends.chat import ChatRequest, Tap
from backends.endpoints import Endpoint
from backends.errors import BackendError, TransportError
from backends.events import Finish, StreamEvent, Token
from backends.sessions import Session

Step: TypeAlias = float | StreamEvent | Exception
"""Seconds to wait, an event that arrives, or an error that is raised."""

FOREVER = 1e9


class TurningLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: where nothing is left to do, it turns its clock to the next timer."""

    def __init__(self) -> None:
        self._now_s = 0.0
        loop = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
                ready = super().select(0 if timeout is not None else None)
                if not ready and timeout:
                    loop._now_s += timeout
                return ready

        super().__init__(Selector())

    def time(self) -> float:
        return self._now_s


@dataclass
class ScriptedAnswer:
    """An answer that follows its script, and ends without an error once it is closed."""

    steps: Sequence[Step]
    tap: Tap | None
    request_id: str | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        if self.steps and isinstance(self.steps[0], Exception):
            raise self.steps[0]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[StreamEvent]:
        loop = asyncio.get_running_loop()
        for step in self.steps:
            if isinstance(step, float):
                await asyncio.wait({closing := asyncio.create_task(self.closed.wait())}, timeout=step)
                closing.cancel()
            if self.closed.is_set():
                return
            if isinstance(step, Exception):
                raise step
            if not isinstance(step, float):
                if self.tap:
                    self.tap.event(step, loop.time(), 0, 0)
                yield step

    async def aclose(self) -> None:
        self.closed.set()


@dataclass
class ScriptedBackend:
    """A backend whose answers follow the given scripts, one after the other; the last one again and again."""

    scripts: Sequence[Sequence[Step]]
    requests: list[ChatRequest] = field(default_factory=list)
    answers: list[ScriptedAnswer] = field(default_factory=list)

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> ScriptedAnswer:
        self.requests.append(request)
        self.answers.append(ScriptedAnswer(self.scripts[min(len(self.answers), len(self.scripts) - 1)], tap))
        return self.answers[-1]

    def invoke(self, request: ChatRequest, *, tap: Tap | None = None) -> ScriptedAnswer:
        return self.stream(request, tap=tap)

    async def aclose(self) -> None:
        for answer in self.answers:
            await answer.aclose()


@dataclass
class StatefulBackend(ScriptedBackend):
    """A scripted backend whose endpoints keep sessions; `opening` is what comes of each wish for one, by and by, the last again and again."""

    opening: Sequence[datetime | BackendError | float] = (datetime.max.replace(tzinfo=UTC),)
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    refuses_to_close: bool = False

    async def open_session(self, endpoint: Endpoint) -> Session:
        outcome = self.opening[min(len(self.opened), len(self.opening) - 1)]
        self.opened.append(f"{endpoint.name}-{len(self.opened) + 1}")
        if isinstance(outcome, float):
            await asyncio.sleep(outcome)
            raise TransportError("nobody waited so long", phase="headers", timed_out=True)
        if isinstance(outcome, BackendError):
            raise outcome
        return Session(endpoint, self.opened[-1], outcome)

    async def close_session(self, session: Session) -> None:
        self.closed.append(session.id)
        if self.refuses_to_close:
            raise TransportError("gone", phase="connect")


def every(seconds: float, texts: Sequence[str]) -> list[Any]:
    """Return the steps of an answer whose tokens are `seconds` apart."""
    return [step for text in texts for step in (seconds, Token(text))] + [Finish("stop", "eos_token")]
