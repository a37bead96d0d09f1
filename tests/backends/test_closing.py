"""Closing an answer, in every phase and every way, judged by what the far side's socket saw."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest

from backends.chat import Answer, ChatBackend
from backends.container import ContainerBackend
from backends.events import StreamEvent, Token
from backends.wire.parts import encode_part
from tests.backends.asking import request_to, sagemaker
from tests.backends.far_side import (
    DEADLINE_S,
    FarSide,
    Flow,
    Stall,
    Step,
    chunk,
    container_head,
    full_backlog,
    line,
    sagemaker_head,
    until,
)


@dataclass
class Reading:
    """An answer that a task of its own is entering and reading."""

    far: FarSide
    answer: Answer
    events: list[StreamEvent]
    task: asyncio.Task[None]


@dataclass(frozen=True)
class Phase:
    """What the far side plays, and how to see that the client has come so far."""

    steps: Callable[[str], list[Step]]
    reached: Callable[[Reading], object]


def head(front: str) -> bytes:
    return sagemaker_head() if front == "sagemaker" else container_head()


def token(front: str) -> bytes:
    part = line("Hello")
    return chunk(encode_part(part) if front == "sagemaker" else part)


def half_a_token(front: str) -> bytes:
    part = line("Hello")
    return chunk((encode_part(part) if front == "sagemaker" else part)[:11])


PHASES = {
    "headers": Phase(lambda _: [Stall], lambda reading: reading.far.requests),
    "first byte": Phase(lambda front: [head(front), Stall], lambda reading: reading.answer.headers),
    "stalled": Phase(lambda front: [head(front) + token(front), Stall], lambda reading: reading.events),
    "stalled inside a frame": Phase(lambda front: [head(front) + token(front) + half_a_token(front), Stall], lambda reading: reading.events),
    "flowing": Phase(lambda front: [head(front), Flow(token(front))], lambda reading: len(reading.events) > 100),
}


async def close(reading: Reading) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await reading.answer.aclose()
        await reading.task


async def close_twice_at_once(reading: Reading) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(reading.answer.aclose(), reading.answer.aclose())
        await reading.answer.aclose()
        await reading.task


async def cancel(reading: Reading) -> None:
    reading.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading.task, DEADLINE_S)


async def cancel_and_close_at_once(reading: Reading) -> None:
    reading.task.cancel()
    async with asyncio.timeout(DEADLINE_S):
        await reading.answer.aclose()
    with suppress(asyncio.CancelledError):
        await reading.task


async def cancel_in_every_turn_of_the_loop(reading: Reading) -> None:
    while not reading.task.done():
        reading.task.cancel()
        await asyncio.sleep(0)


WAYS = [close, cancel_in_every_turn_of_the_loop, close_twice_at_once, cancel, cancel_and_close_at_once]


@asynccontextmanager
async def reading(backend: ChatBackend, far: FarSide) -> AsyncIterator[Reading]:
    answer = backend.stream(request_to(far.url))
    events: list[StreamEvent] = []

    async def read() -> None:
        async with answer:
            async for event in answer:
                events.append(event)
                await asyncio.sleep(0)

    yield Reading(far, answer, events, asyncio.create_task(read()))
    await backend.aclose()


def backend_for(front: str, far: FarSide) -> ChatBackend:
    return sagemaker(far.url) if front == "sagemaker" else ContainerBackend()


@pytest.mark.parametrize("front", ["sagemaker", "container"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
async def test_closing_closes_the_connection(phase: Phase, way: Callable[[Reading], object], front: str) -> None:
    async with FarSide([phase.steps(front)]) as far, reading(backend_for(front, far), far) as open_reading:
        await until(lambda: phase.reached(open_reading))
        await way(open_reading)  # type: ignore[misc]  # every way is a coroutine function
        await far.all_gone()
        assert far.connections == 1
        assert all(isinstance(event, Token) for event in open_reading.events)


@pytest.mark.parametrize("way", WAYS)
async def test_closing_ends_a_tls_handshake_that_the_far_side_never_answers(way: Callable[[Reading], object]) -> None:
    said_hello = asyncio.Event()
    gone = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        said_hello.set()
        with suppress(ConnectionError):
            await reader.read()
        gone.set()
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        far = FarSide([])
        far.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with reading(sagemaker(far.url), far) as open_reading:
            await asyncio.wait_for(said_hello.wait(), DEADLINE_S)
            await way(open_reading)  # type: ignore[misc]
            await asyncio.wait_for(gone.wait(), DEADLINE_S)


def open_sockets() -> set[int]:
    """Return this process's sockets, by what they are, not by their number."""
    sockets = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - names are enough
        with suppress(OSError):  # the directory's own descriptor is gone by now
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode):
                sockets.add(status.st_ino)
    return sockets


@pytest.mark.parametrize("way", WAYS)
async def test_closing_ends_a_connection_attempt_that_nobody_takes(way: Callable[[Reading], object]) -> None:
    far = FarSide([])
    with full_backlog() as far.url:
        async with reading(sagemaker(far.url), far) as open_reading:
            before = open_sockets()
            await until(lambda: open_sockets() - before)
            await way(open_reading)  # type: ignore[misc]
            await until(lambda: not open_sockets() - before)


@pytest.mark.parametrize("front", ["sagemaker", "container"])
async def test_an_answer_that_was_closed_before_it_is_entered_sends_nothing(front: str) -> None:
    async with FarSide([[Stall]]) as far:
        answer = backend_for(front, far).stream(request_to(far.url))
        await answer.aclose()
        async with answer:
            assert [event async for event in answer] == []
        assert far.connections == 0


async def test_leaving_the_block_closes_the_connection() -> None:
    async with FarSide([PHASES["stalled"].steps("sagemaker")]) as far, sagemaker(far.url) as backend:
        async with backend.stream(request_to()) as answer:
            async for _ in answer:
                break
        await far.all_gone()
        assert [event async for event in answer] == []


async def test_an_answer_whose_reader_pauses_is_not_read_without_end_and_closes_like_any_other() -> None:
    async with FarSide([PHASES["flowing"].steps("sagemaker")]) as far, sagemaker(far.url) as backend:
        async with backend.stream(request_to()) as answer:
            await anext(answer)
            await until(answer._room.locked)
        await far.all_gone()


async def test_closing_the_backend_ends_every_answer_without_an_error() -> None:
    async with FarSide([[Stall]]) as far:
        backend = sagemaker(far.url)
        async with reading(backend, far) as first, reading(backend, far) as second:
            await until(lambda: len(far.requests) == 2)
            await backend.aclose()
            await asyncio.wait_for(asyncio.gather(first.task, second.task), DEADLINE_S)
        await far.all_gone()


async def test_a_stalled_answer_keeps_no_other_from_flowing() -> None:
    whole = [sagemaker_head() + token("sagemaker") + b"0\r\n\r\n"]
    async with FarSide([[Stall], whole]) as far, sagemaker(far.url) as backend, reading(backend, far) as stalled:
        await until(lambda: far.requests)
        for _ in range(3):
            async with backend.stream(request_to()) as answer:
                assert len([event async for event in answer]) == 2
        assert not stalled.task.done()


async def test_an_answer_is_entered_once_and_before_it_is_read() -> None:
    async with FarSide([[Stall]]) as far, sagemaker(far.url) as backend:
        answer = backend.stream(request_to())
        with pytest.raises(RuntimeError, match="entered before"):
            await anext(aiter(answer))
        entering = asyncio.create_task(answer.__aenter__())
        await until(lambda: far.requests)
        with pytest.raises(RuntimeError, match="entered once"):
            await answer.__aenter__()
        await answer.aclose()
        await entering
