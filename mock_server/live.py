"""An answer that a model is still giving: each token is written, cut and sent as it comes.

model -> tokens -> writes (container) -> parts (cut) -> timelines. What waits here waits for the model; the profile may hold a token back further.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mock_server.containers.container import Generated, Reply, Taken
from mock_server.faults import Timeline
from mock_server.script import ScriptToken


class ModelError(Exception):
    """The model does not answer, or no more.

    `status` is the HTTP status that it refused with, None where it was not that.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Ending:
    """The last token of an answer, and why it is the last."""

    token: ScriptToken
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What leaves together."""

    writes: Sequence[bytes]
    is_token: bool = True
    """Whether a token was generated for it."""


ModelAnswer: TypeAlias = AsyncGenerator[ScriptToken | Ending]
"""What a model says, token by token, the `Ending` last; raises `ModelError`. Closing it stops the model at once."""


class Live:
    """What a model is still generating for a request that a container took; for one reader."""

    def __init__(self, taken: Taken, answer: ModelAnswer) -> None:
        self._taken = taken
        self._answer = answer
        self._first: ScriptToken | Ending | None = None
        self._tokens: list[ScriptToken] = []
        self.error: ModelError | None = None
        """Why the answer broke off."""

    @property
    def head(self) -> Reply:
        """Its status and headers."""
        return self._taken.head

    @property
    def tokens(self) -> int:
        """How many tokens have come."""
        return len(self._tokens)

    async def begin(self) -> None:
        """Wait for the first token.

        Raises:
            ModelError: There is none.
        """
        try:
            self._first = await anext(self._answer)
        except BaseException:
            await self.aclose()
            raise

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            ModelError: The answer broke off, and nothing of it has left.
        """
        writes = [write async for heard in self.writes(b"", 0.0) for write in heard.writes]
        if self.error and not self._taken.head.is_chunked:
            raise self.error
        return b"".join(writes)

    async def writes(self, comment: bytes, silence_s: float) -> AsyncGenerator[Heard]:
        """Yield what leaves, up to the answer's end or the container's error; `comment` after so much silence, unless it is empty."""
        writer = self._taken.writer
        try:
            async with aclosing(self._items()) as items, aclosing(_broken_by(items, silence_s if comment else None)) as heard:
                async for item in heard:
                    if item is None:
                        yield Heard((comment,), is_token=False)
                    elif isinstance(item, Ending):
                        self._tokens.append(item.token)
                        yield Heard(writer.last(Generated(tuple(self._tokens), item.finish_reason)))
                    else:
                        self._tokens.append(item)
                        yield Heard(writer.tokens((item,)))
        except ModelError as error:
            self.error = error
            yield Heard(writer.failed(Generated(tuple(self._tokens), "error")), is_token=False)

    async def aclose(self) -> None:
        """Stop the model."""
        await self._answer.aclose()

    async def _items(self) -> ModelAnswer:
        if self._first is not None:
            yield self._first
        if not isinstance(self._first, Ending):
            async for item in self._answer:
                yield item


def head_of(answer: Reply | Live) -> Reply:
    """Return the status and headers of an answer that is known, or still being given."""
    return answer if isinstance(answer, Reply) else answer.head


async def _broken_by(items: ModelAnswer, silence_s: float | None) -> AsyncGenerator[ScriptToken | Ending | None]:
    """Yield the items, and None after each silence of so many seconds."""
    coming: asyncio.Task[ScriptToken | Ending | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(items))
            done, _ = await asyncio.wait((coming,), timeout=silence_s)
            if not done:
                yield None
                continue
            item, coming = coming.result(), None
            if item is None:
                return
            yield item
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait((coming,))


async def _next(items: ModelAnswer) -> ScriptToken | Ending | None:
    return await anext(items, None)


class Timelines(Protocol):
    """**Protocol:** what leaves, one timeline after another; closed by whoever plays it, begun or not."""

    def __aiter__(self) -> AsyncIterator[Timeline]: ...

    async def aclose(self) -> None:
        """Stop whatever they come from."""


@dataclass(frozen=True, slots=True)
class LiveTimelines:
    """Timelines that come from a model, which is stopped with them."""

    timelines: AsyncGenerator[Timeline]
    live: Live

    def __aiter__(self) -> AsyncIterator[Timeline]:
        return self.timelines

    async def aclose(self) -> None:
        """Stop the model."""
        await self.timelines.aclose()
        await self.live.aclose()
