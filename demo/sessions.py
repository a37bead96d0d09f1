"""The stateful session of each page's conversation, where its endpoint keeps such: opened before the first question, closed with the conversation.

A session is a help to the endpoint and nothing that a person asked for, so nothing of it is told: where none can be opened, the question goes without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from backends.chat import Answer, ChatBackend, ChatRequest, Tap
from backends.endpoints import Endpoint
from backends.errors import BackendError
from backends.events import StreamEvent
from backends.sessions import Session, SessionBackend, is_unknown_session
from demo.run import Streaming

GOODBYE_S = 2.0
"""How long a page that ends waits for its sessions to be closed."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@runtime_checkable
class SessionStreaming(SessionBackend, Streaming, Protocol):
    """**Protocol:** a backend that streams, and whose endpoints keep sessions."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A session and who closes it."""

    backend: SessionBackend
    session: Session

    async def close(self) -> None:
        """Close it, if anybody still knows it."""
        with suppress(BackendError):
            await self.backend.close_session(self.session)


class Sessions:
    """One session at most for each page."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._kept: dict[str, Kept] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def backend(self, page: str, backend: ChatBackend, endpoint: Endpoint) -> Streaming:
        """Return what answers a page's question: `backend`, in the conversation's session where the endpoint keeps such."""
        if endpoint.has_sessions and isinstance(backend, SessionStreaming):
            return InSession(self, page, backend)
        self.close(page)
        return backend

    async def session_id(self, page: str, backend: SessionBackend, endpoint: Endpoint) -> str | None:
        """Return the id of the conversation's session; a new one where there is none yet, it is over, or it is another endpoint's, None where none opens."""
        kept = self._kept.get(page)
        if kept and (kept.backend, kept.session.endpoint) == (backend, endpoint) and self._now() < kept.session.expires:
            return kept.session.id
        self.close(page)
        with suppress(BackendError):
            self._kept[page] = Kept(backend, await backend.open_session(endpoint))
            return self._kept[page].session.id
        return None

    def forget(self, page: str) -> None:
        """Forget a session that nobody else knows either."""
        self._kept.pop(page, None)

    def close(self, page: str) -> None:
        """Close a page's session, if it has one, while nobody waits."""
        if kept := self._kept.pop(page, None):
            task = asyncio.create_task(kept.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """Close every session, or give up on it soon."""
        for page in list(self._kept):
            self.close(page)
        if closing := set(self._closing):
            _, late = await asyncio.wait(closing, timeout=GOODBYE_S)
            for task in late:
                task.cancel()


@dataclass(frozen=True, slots=True)
class InSession:
    """A backend whose answers belong to one conversation."""

    sessions: Sessions
    page: str
    backend: SessionStreaming

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> SessionAnswer:
        """Return the answer to `request`; nothing is sent before it is entered."""
        return SessionAnswer(self, request, tap)


class SessionAnswer:
    """An answer in its conversation's session; one whose session is not known any more is asked for once again, in a new one."""

    def __init__(self, place: InSession, request: ChatRequest, tap: Tap | None) -> None:
        self._place = place
        self._request = request
        self._tap = tap
        self._opening: asyncio.Task[str | None] | None = None
        self._answer: Answer | None = None
        self._closed = False

    @property
    def request_id(self) -> str | None:
        """The service's name for this request."""
        return self._answer.request_id if self._answer else None

    @property
    def content_type(self) -> str | None:
        """The container's content type."""
        return self._answer.content_type if self._answer else None

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in lower case."""
        return self._answer.headers if self._answer else {}

    async def __aenter__(self) -> Self:
        try:
            await self._enter()
        except BackendError as error:
            if not is_unknown_session(error):
                raise
            self._place.sessions.forget(self._place.page)
            await self._enter()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[StreamEvent]:
        if self._answer and not self._closed:
            async for event in self._answer:
                yield event

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
        if self._opening:
            self._opening.cancel()
        if self._answer:
            await self._answer.aclose()

    async def _enter(self) -> None:
        """Enter the answer in the conversation's session, unless this one is closed meanwhile."""
        if self._closed:
            return
        place = self._place
        self._opening = asyncio.create_task(place.sessions.session_id(place.page, place.backend, self._request.endpoint))
        try:
            await asyncio.wait({self._opening})
        finally:
            self._opening.cancel()
        if not self._closed:
            self._answer = place.backend.stream(replace(self._request, session_id=self._opening.result()), tap=self._tap)
            await self._answer.__aenter__()
