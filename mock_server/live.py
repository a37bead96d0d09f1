"""An answer that a model is still giving: each token is written, cut and sent as it comes.

model -> tokens -> writes (container) -> damaged writes (its faults) -> timelines. What waits here waits for the model; the profile may hold a token back
further.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from mock_server.container_faults import ContainerDamage
from mock_server.containers.container import Generated, Reply, Taken
from mock_server.script import ScriptToken
from mock_server.timeline import Timeline


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
    """None is empty."""
    is_token: bool = True
    """Whether a token was generated for it."""


ModelAnswer: TypeAlias = AsyncGenerator[ScriptToken | Ending]
"""What a model says, token by token, the `Ending` last; raises `ModelError`. Closing it stops the model at once."""


class Live:
    """What a model is still generating for a request that a container took; for one reader."""

    def __init__(self, taken: Taken, answer: ModelAnswer) -> None:
        self.damage: ContainerDamage | None = None
        """What the container's own faults do to what it writes."""
        self._taken = taken
        self._answer = answer
        self._first: ScriptToken | Ending | None = None
        self._tokens: list[ScriptToken] = []
        self._asked_at_s = _now_s()
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

    @property
    def age_s(self) -> float:
        """Seconds since it was asked for."""
        return _now_s() - self._asked_at_s

    @property
    def comment(self) -> bytes:
        """What the container writes into a silence, empty if nothing."""
        return self.damage.comment(self.head.keep_alive) if self.damage else self.head.keep_alive

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

    async def read(self) -> Reply:
        """Return the whole reply.

        Raises:
            ModelError: The answer broke off, and nothing of it has left.
        """
        try:
            written = [(write, self.tokens) async for heard in self.writes() for write in heard.writes]
        finally:
            await self.aclose()
        if self.error and not self.head.is_chunked:
            raise self.error
        return replace(self.head, writes=[write for write, _ in written], tokens=[count for _, count in written])

    async def writes(self, silence_s: float | None = None) -> AsyncGenerator[Heard]:
        """Yield what leaves, up to the answer's end or the container's error; after so much silence of the model's the comment, if there is one."""
        writer, comment = self._taken.writer, self.comment
        try:
            async with aclosing(self._items()) as items, aclosing(_broken_by(items, silence_s if comment else None)) as heard:
                async for item in heard:
                    if item is None:
                        yield Heard((comment,), is_token=False)
                        continue
                    if not self._tokens and self._taken.opening:
                        yield Heard(self._damaged(self._taken.opening, 0))
                    self._tokens.append(item.token if isinstance(item, Ending) else item)
                    if isinstance(item, Ending):
                        yield self._heard(writer.last(Generated(tuple(self._tokens), item.finish_reason)), is_ending=True)
                    else:
                        yield self._heard(writer.tokens((item,)))
                    if self.damage and self.damage.ended:
                        return
        except ModelError as error:
            self.error = error
            yield Heard(self._damaged(self.failed(self.tokens), self.tokens), is_token=False)

    def failed(self, count: int) -> Sequence[bytes]:
        """Return the writes of a failure after so many tokens."""
        return self._taken.writer.failed(Generated(tuple(self._tokens[:count]), "error"))

    def _heard(self, writes: Sequence[bytes], *, is_ending: bool = False) -> Heard:
        """Return the writes of the latest token; the opening has gone before the first one's, as its own."""
        return Heard(self._damaged(writes, self.tokens - 1, is_ending=is_ending), is_token=self.tokens > 1 or not self._taken.opening)

    def _damaged(self, writes: Sequence[bytes], generated: int, *, is_ending: bool = False) -> Sequence[bytes]:
        """Return the writes that leave, after so many tokens."""
        left = [write for write in writes if write]
        return self.damage.feed(left, ending=is_ending, generated=generated) if self.damage else left

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


def _now_s() -> float:
    return asyncio.get_running_loop().time()


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
