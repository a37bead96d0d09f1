"""A container reached directly, over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backends.connection import Timeouts
from backends.container import ContainerBackend
from backends.errors import BackendError, ConfigurationError, RequestRejected, StreamInterrupted, TransportError, TruncatedStream
from backends.events import Finish, Token
from tests.backends.asking import Recording, collect, request_to, text_of
from tests.backends.far_side import LAST_CHUNK, Close, FarSide, Reset, Stall, Step, chunk, container_answer, container_head, line, refusal

TGI = container_head(b"text/event-stream")


async def test_an_answer_streams_with_its_head_its_events_and_its_chunks() -> None:
    writes = (line("Hel"), line("l")[:4], line("l")[4:] + line("o"))
    tap = Recording()
    async with FarSide([container_answer(*writes)]) as far, ContainerBackend() as backend:
        async with backend.stream(request_to(f"{far.url}/containers/my/", custom_attributes="mock.seed=7"), tap=tap) as answer:
            assert (answer.request_id, answer.content_type) == ("33", "application/jsonlines")
            assert [event async for event in answer] == [Token("Hel"), Token("l"), Token("o"), Finish()]
        seen = far.requests[0]
    assert seen.target == "/containers/my/invocations"
    assert json.loads(seen.body) == {"inputs": "Say hello", "parameters": {}, "stream": True}
    del seen.headers["host"], seen.headers["content-length"]
    assert seen.headers == {"accept-encoding": "identity", "content-type": "application/json", "x-amzn-sagemaker-custom-attributes": "mock.seed=7"}
    assert tap.parts == list(writes)


async def test_invoke_brings_the_whole_answer_as_one_part() -> None:
    tap = Recording()
    async with FarSide([container_answer(b'{"generated_', b'text": "Hello"}')]) as far, ContainerBackend() as backend:
        assert text_of((await collect(backend.invoke(request_to(far.url), tap=tap)))[0]) == "Hello"
        assert "stream" not in json.loads(far.requests[0].body)
        assert "x-amzn-sagemaker-custom-attributes" not in far.requests[0].headers
    assert tap.parts == [b'{"generated_text": "Hello"}']


@pytest.mark.parametrize(
    ("steps", "text", "kind", "fields"),
    [
        ([refusal(422, b'{"error":"too long","error_type":"validation"}')], "", RequestRejected, {"status": 422, "code": "validation"}),
        ([refusal(424, b'{"error":"Input parsing failed","code":424}')], "", RequestRejected, {"status": 424, "code": "424"}),
        ([refusal(503, b'{"error":{"message":"busy","type":"overloaded"}}')], "", RequestRejected, {"status": 503, "code": "overloaded"}),
        ([refusal(415, b"Expected JSON", b"Content-Type: text/plain\r\nx-request-id: 5\r\n")], "", RequestRejected, {"code": "415", "request_id": "5"}),
        (
            [TGI + chunk(b'data:{"error":"Model is overloaded","error_type":"overloaded"}\n\n') + LAST_CHUNK],
            "",
            StreamInterrupted,
            {"code": "overloaded"},
        ),
        ([container_head() + chunk(line("Hello")) + chunk(b'{"outp') + LAST_CHUNK], "Hello", TruncatedStream, {"pending": b'{"outp'}),
        ([container_head() + chunk(line("Hello")), Reset], "Hello", TransportError, {"phase": "stream"}),
        ([container_head() + chunk(line("Hello")), Close], "Hello", TransportError, {"phase": "stream"}),
        ([container_head() + chunk(line("Hello")), Stall], "Hello", TransportError, {"phase": "stream", "timed_out": True}),
        ([Close], "", TransportError, {"phase": "headers", "timed_out": False}),
    ],
    ids=["TGI", "LMI", "OpenAI", "text", "error event", "cut inside a line", "reset", "closed", "stalled", "no head"],
)
async def test_a_failure_comes_as_its_own_error_behind_the_text_that_arrived(
    steps: list[Step], text: str, kind: type[BackendError], fields: dict[str, Any]
) -> None:
    async with FarSide([steps]) as far, ContainerBackend(timeouts=Timeouts(idle_s=0.2)) as backend:
        events, error = await collect(backend.stream(request_to(far.url)))
        assert text_of(events) == text
        assert type(error) is kind, repr(error)
        assert {name: getattr(error, name) for name in fields} == fields
        assert len(far.requests) == 1


@pytest.mark.parametrize("url", [None, "", "nonsense", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://[::1", "http://xn--/"])
async def test_an_endpoint_without_a_usable_url_is_a_configuration_error(url: str | None) -> None:
    async with ContainerBackend() as backend:
        _, error = await collect(backend.stream(request_to(url)))
    assert type(error) is ConfigurationError
