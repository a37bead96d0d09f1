"""Every way in which a SageMaker endpoint can fail, and every time limit."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from backends.connection import Timeouts
from backends.errors import BackendError, MalformedFrame, RequestRejected, StreamInterrupted, TransportError, TruncatedStream, WireError
from backends.events import Finish
from backends.wire.parts import encode_error, encode_exception, encode_part
from tests.backends.asking import ask, begun, collect, no_sleep, request_to, sagemaker, text_of
from tests.backends.far_side import (
    HELLO,
    LAST_CHUNK,
    Close,
    FarSide,
    Flow,
    Reset,
    Stall,
    Step,
    chunk,
    full_backlog,
    line,
    refusal,
    sagemaker_answer,
    sagemaker_head,
)

OK = sagemaker_answer(*HELLO)


MODEL_ERROR = json.dumps({"Message": "no", "OriginalStatusCode": 422, "OriginalMessage": "{}", "LogStreamArn": "arn"}).encode()
NOT_A_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"


@pytest.mark.parametrize(
    ("steps", "text", "kind", "fields"),
    [
        ([refusal(400, b'{"Message":"no"}', b"x-amzn-ErrorType: ValidationError\r\n")], "", RequestRejected, {"code": "ValidationError", "status": 400}),
        (
            [refusal(424, MODEL_ERROR, b"x-amzn-ErrorType: ModelError\r\nx-amzn-RequestId: 9\r\n")],
            "",
            RequestRejected,
            {"code": "ModelError", "original_status": 422, "original_message": "{}", "log_stream_arn": "arn", "request_id": "9"},
        ),
        ([refusal(413, b"<html>", b"Content-Type: text/html\r\n")], "", RequestRejected, {"code": "413"}),
        ([refusal(307, b"", b"Location: http://example.com/\r\n")], "", RequestRejected, {"status": 307}),
        ([NOT_A_STREAM], "", WireError, {}),
        ([sagemaker_head(b"application/vnd.amazon.eventstream") + LAST_CHUNK], "", WireError, {}),
        ([sagemaker_head() + chunk(encode_part(encode_part(b"x"))) + LAST_CHUNK], "", WireError, {}),
        (
            begun(chunk(encode_exception("ModelStreamError", {"Message": "late", "ErrorCode": "ModelInvocationTimeExceeded"})) + LAST_CHUNK),
            "Hello",
            StreamInterrupted,
            {"code": "ModelStreamError", "error_code": "ModelInvocationTimeExceeded"},
        ),
        (begun(chunk(encode_exception("InternalStreamFailure", {"Message": "x"})), Stall), "Hello", StreamInterrupted, {"code": "InternalStreamFailure"}),
        (begun(chunk(encode_error("InternalError", "boom")), Stall), "Hello", StreamInterrupted, {"code": "InternalError"}),
        (begun(chunk(encode_part(line("x"))[:40]) + LAST_CHUNK), "Hello", TruncatedStream, {"pending": encode_part(line("x"))[:40]}),
        (begun(chunk(encode_part(line("x")[:-4])) + LAST_CHUNK), "Hello", TruncatedStream, {"pending": line("x")[:-4]}),
        (begun(chunk(encode_part(line("x"))[:-1] + b"?"), Stall), "Hello", MalformedFrame, {"offset": len(encode_part(line("Hello")))}),
        (begun(chunk(encode_part(b'{"error":"boom","code":424}')) + LAST_CHUNK), "Hello", StreamInterrupted, {"code": "424"}),
        (begun(Reset), "Hello", TransportError, {"phase": "stream", "timed_out": False}),
        (begun(Close), "Hello", TransportError, {"phase": "stream", "timed_out": False}),
        (begun(chunk(encode_part(line("x")))[:30], Close), "Hello", TransportError, {"phase": "stream"}),
        ([sagemaker_head(), Close], "", TransportError, {"phase": "first byte", "timed_out": False}),
        ([sagemaker_head() + LAST_CHUNK], "", TruncatedStream, {}),
    ],
    ids=[
        "validation error",
        "model error",
        "413 with HTML",
        "redirection",
        "no event stream",
        "an event stream said to be in one",
        "an event stream in one",
        "ModelStreamError",
        "InternalStreamFailure",
        "unmodeled error",
        "cut inside a message",
        "cut inside a line",
        "bad CRC",
        "the container's error",
        "reset",
        "closed",
        "closed inside a chunk",
        "closed behind the head",
        "empty",
    ],
)
async def test_a_failure_comes_as_its_own_error_behind_the_text_that_arrived(
    steps: list[Step], text: str, kind: type[BackendError], fields: dict[str, Any]
) -> None:
    async with FarSide([steps]) as far:
        events, error = await ask(far)
        assert text_of(events) == text
        assert type(error) is kind, repr(error)
        assert {name: getattr(error, name) for name in fields} == fields
        assert len(far.requests) == 1
        assert not any(isinstance(event, Finish) for event in events)


async def test_of_a_refusal_without_end_only_the_beginning_is_read() -> None:
    endless = b"HTTP/1.1 400 No\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with FarSide([[endless, Flow(chunk(b"no! " * 4096))]]) as far:
        _, error = await ask(far)
        assert isinstance(error, RequestRejected)
        assert str(error).startswith("no! no! ")
        await far.all_gone()


async def test_an_answer_that_failed_is_over() -> None:
    async with FarSide([begun(Reset)]) as far, sagemaker(far.url) as backend, backend.stream(request_to()) as answer:
        with pytest.raises(TransportError):
            [event async for event in answer]
        assert [event async for event in answer] == []


@pytest.mark.parametrize(
    ("steps", "timeouts", "phase", "words"),
    [
        ([Stall], Timeouts(first_byte_s=0.05), "headers", "no answer within 0.05 s"),
        ([sagemaker_head(), Stall], Timeouts(first_byte_s=0.05), "first byte", "no first byte of the answer within 0.05 s"),
        (begun(Stall), Timeouts(idle_s=0.05), "stream", "the answer stalled: not a byte for 0.05 s"),
        (begun(Stall), Timeouts(total_s=3), "stream", "the answer took longer than 3 s"),
    ],
    ids=["headers", "first byte", "idle", "total"],
)
async def test_each_time_limit_names_what_was_waited_for(steps: list[Step], timeouts: Timeouts, phase: str, words: str) -> None:
    async with FarSide([OK, steps]) as far, sagemaker(far.url, timeouts=timeouts, attempts=1) as backend:
        await collect(backend.stream(request_to()))  # boto3 is loaded by now, which takes its time
        _, error = await collect(backend.stream(request_to()))
        assert isinstance(error, TransportError)
        assert (error.phase, error.timed_out, str(error)) == (phase, True, words)
        await far.all_gone()


async def test_a_connection_that_nobody_takes_in_time_is_a_time_out() -> None:
    with full_backlog() as url:
        async with sagemaker(url, timeouts=Timeouts(connect_s=0.05), attempts=1) as backend:
            _, error = await collect(backend.stream(request_to()))
    assert isinstance(error, TransportError)
    assert (error.phase, error.timed_out, str(error)) == ("connect", True, "no connection within 0.05 s")


async def test_the_total_limit_ends_further_attempts_too() -> None:
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    async with FarSide([[refusal(503)]]) as far:
        _, error = await ask(far, timeouts=Timeouts(total_s=1), sleep=sleep)
        assert isinstance(error, TransportError)
        assert str(error) == "the answer took longer than 1 s"
        assert len(far.requests) <= 1


async def test_a_time_limit_before_the_head_is_worth_another_attempt() -> None:
    async with FarSide([[Stall], OK]) as far:
        events, error = await ask(far, timeouts=Timeouts(first_byte_s=0.2), sleep=no_sleep)
        assert (text_of(events), error) == ("Hello", None)
