"""Answers of a SageMaker endpoint, over real sockets."""

from __future__ import annotations

import asyncio
import json

import pytest

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.connection import Timeouts
from backends.endpoints import Endpoint
from backends.errors import TransportError
from backends.events import Finish, Token
from backends.sagemaker import Credentials, SageMakerBackend
from backends.timing import Timing
from backends.wire.parts import encode_part
from tests.backends.asking import Recording, begun, collect, request_to, sagemaker, text_of
from tests.backends.far_side import HELLO, LAST_CHUNK, FarSide, Stall, Step, chunk, line, sagemaker_answer, sagemaker_head

OK = sagemaker_answer(*HELLO)


async def test_an_answer_streams_with_its_head_its_events_and_its_parts() -> None:
    parts = (line("Hel")[:5], line("Hel")[5:] + line("l"), b"", line("o"))
    tap = Recording()
    async with FarSide([sagemaker_answer(*parts)]) as far, sagemaker(far.url) as backend, backend.stream(request_to(), tap=tap) as answer:
        assert answer.request_id == "11-22"
        assert answer.content_type == "application/jsonlines"
        assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert [event async for event in answer] == [Token("Hel"), Token("l"), Token("o"), Finish()]
    body = b"".join(parts)
    assert tap.parts == list(parts)
    assert [body[start:end] + b"\n" for event, start, end in tap.spans if isinstance(event, Token)] == [line("Hel"), line("l"), line("o")]
    assert tap.times == sorted(tap.times)


async def test_invoke_brings_the_whole_answer_as_one_part() -> None:
    tap = Recording()
    body = b'[{"generated_text":"Hello"}]'
    head = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 44\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with FarSide([[head + body[:9], body[9:]]]) as far, sagemaker(far.url) as backend:
        async with backend.invoke(request_to(), tap=tap) as answer:
            assert (answer.request_id, answer.content_type) == ("44", "application/json")
            assert text_of([event async for event in answer]) == "Hello"
        assert tap.parts == [body]
        assert far.requests[0].target == "/endpoints/my-endpoint/invocations"
        assert json.loads(far.requests[0].body) == {"inputs": "Say hello", "parameters": {}}


async def test_the_program_of_the_documentation_runs() -> None:
    timer = Timing()
    async with FarSide([OK]) as far, SageMakerBackend(region="us-east-1", endpoint_url=far.url, credentials=Credentials("dummy", "dummy")) as backend:
        request = ChatRequest(
            messages=[ChatMessage("user", "How do I build a website?")],
            endpoint=Endpoint("falcon-7b-instruct-tgi", accepts="inputs", family="falcon"),
            parameters=Parameters(max_new_tokens=256),
            custom_attributes="mock.cut=every-byte",
        )
        async with backend.stream(request, tap=timer) as answer:
            async for _ in answer:
                pass
        assert far.requests[0].headers["x-amzn-sagemaker-custom-attributes"] == "mock.cut=every-byte"
    assert (timer.tokens, timer.finish) == (2, Finish())


async def test_a_connection_is_used_again() -> None:
    async with FarSide([OK]) as far, sagemaker(far.url) as backend:
        for _ in range(3):
            assert text_of((await collect(backend.stream(request_to())))[0]) == "Hello"
        assert (far.connections, len(far.requests)) == (1, 3)


async def test_a_hundred_answers_arrive_at_once_over_a_hundred_connections() -> None:
    async with FarSide([OK]) as far, sagemaker(far.url) as backend:
        answers = await asyncio.gather(*(collect(backend.stream(request_to())) for _ in range(100)))
    assert {text_of(events) for events, _ in answers} == {"Hello"}


async def test_a_slow_reader_loses_nothing() -> None:
    words = [line(str(number)) for number in range(500)]
    steps: list[Step] = [sagemaker_head(), *(chunk(encode_part(word)) for word in words), LAST_CHUNK]
    async with FarSide([steps]) as far, sagemaker(far.url, timeouts=Timeouts(idle_s=5)) as backend, backend.stream(request_to()) as answer:
        events = []
        async for event in answer:
            events.append(event)
            await asyncio.sleep(0)
    assert events == [*(Token(str(number)) for number in range(500)), Finish()]


@pytest.mark.parametrize("count", [33, 500])  # 33: all but the first wait for the reader, and so does the end
async def test_a_reader_may_pause_for_longer_than_the_far_side(count: int) -> None:
    words = [chunk(encode_part(line(str(number)))) for number in range(count)]
    flowing: list[Step] = [sagemaker_head(), *words, LAST_CHUNK]
    async with FarSide([flowing, begun(Stall)]) as far, sagemaker(far.url, timeouts=Timeouts(idle_s=0.2)) as backend, backend.stream(request_to()) as slow:
        assert await anext(slow) == Token("0")
        _, error = await collect(backend.stream(request_to()))  # by now, more than the limit has passed
        assert isinstance(error, TransportError)
        assert len([event async for event in slow]) == count
