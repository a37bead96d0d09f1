"""A SageMaker endpoint over real sockets: what goes out, what comes back, and every way it can fail."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from backends.chat import Answer, ChatMessage, ChatRequest, Parameters
from backends.connection import Timeouts
from backends.endpoints import Endpoint
from backends.errors import BackendError, ConfigurationError, MalformedFrame, RequestRejected, StreamInterrupted, TransportError, TruncatedStream, WireError
from backends.events import Finish, StreamEvent, Token
from backends.sagemaker import Credentials, SageMakerBackend
from backends.timing import Timing
from backends.wire.parts import encode_error, encode_exception, encode_part
from tests.backends.far_side import (
    HELLO,
    LAST_CHUNK,
    Close,
    FarSide,
    Reset,
    Stall,
    Step,
    chunk,
    line,
    refusal,
    request_to,
    sagemaker,
    sagemaker_answer,
    sagemaker_head,
)

OK = sagemaker_answer(*HELLO)
AWS_KEY = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


async def collect(answer: Answer) -> tuple[list[StreamEvent], BackendError | None]:
    """Return what an answer yields and how it ends."""
    events: list[StreamEvent] = []
    try:
        async with answer:
            async for event in answer:
                events.append(event)  # noqa: PERF401 - those before an error are wanted too
    except BackendError as error:
        return events, error
    return events, None


async def ask(far: FarSide, **arguments: Any) -> tuple[list[StreamEvent], BackendError | None]:
    async with sagemaker(far.url, **arguments) as backend:
        return await collect(backend.stream(request_to()))


def text_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


class Recording:
    """A tap that keeps everything."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.spans: list[tuple[StreamEvent, int, int]] = []
        self.times: list[float] = []

    def part(self, data: bytes, at_s: float) -> None:
        self.parts.append(data)
        self.times.append(at_s)

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:
        self.spans.append((event, start, end))
        self.times.append(at_s)


async def no_sleep(_: float) -> None:
    """Stand in for the time between attempts."""


# What comes back


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


# What goes out


def compared(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Return the headers with what differs from one request to the next made equal."""
    same = {"X-Amz-Date": "", "amz-sdk-invocation-id": ""}
    values = {name: same.get(name, value) for name, value in headers}
    values["Authorization"] = re.sub("Signature=.*", "", values["Authorization"])
    values["User-Agent"] = re.sub(" m/[^ ]*", lambda features: "".join(sorted(features[0])), values["User-Agent"])
    return values


@pytest.mark.parametrize("operation", ["invoke_endpoint_with_response_stream", "invoke_endpoint"])
@pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])
async def test_a_request_is_the_one_that_boto3_sends(operation: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    session = boto3.Session(aws_access_key_id="dummy", aws_secret_access_key="dummy", aws_session_token="token", region_name="us-east-1")

    def call(url: str) -> None:
        client = session.client("sagemaker-runtime", endpoint_url=url)
        body = b'{"inputs": "Say hello", "parameters": {}' + (b', "stream": true}' if "stream" in operation else b"}")
        with suppress(client.exceptions.ClientError):
            getattr(client, operation)(EndpointName="my-endpoint", ContentType="application/json", Body=body, CustomAttributes="a=b")

    whole = refusal(400) if operation == "invoke_endpoint" else OK[0]
    async with FarSide([[whole]]) as far:
        await asyncio.to_thread(call, far.url)
        async with sagemaker(far.url, credentials=Credentials("dummy", "dummy", "token")) as backend:
            request = request_to(custom_attributes="a=b")
            await collect(backend.stream(request) if "stream" in operation else backend.invoke(request))
        botos, ours = far.requests
    assert (ours.target, ours.body) == (botos.target, botos.body)
    assert compared(ours.raw_headers) == compared(botos.raw_headers)


async def test_attempts_are_signed_anew_and_carry_one_invocation_id() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    asked = refusal(429, b'{"message":"Rate exceeded"}', b"x-amzn-ErrorType: ThrottlingException\r\nx-amz-retry-after: 1500\r\n")
    async with FarSide([[refusal(503)], [asked], OK]) as far:
        events, error = await ask(far, sleep=sleep)
        assert (text_of(events), error) == ("Hello", None)
        assert [seen.headers["amz-sdk-request"] for seen in far.requests] == ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"]
        assert len({seen.headers["amz-sdk-invocation-id"] for seen in far.requests}) == 1
        assert far.connections == 1
    assert 0 <= waits[0] <= 0.05
    assert 1.5 <= waits[1] <= 2.0


@pytest.mark.parametrize(
    ("environment", "arguments", "attempts"),
    [
        ({}, {}, 3),
        ({"AWS_MAX_ATTEMPTS": "2"}, {}, 2),
        ({"AWS_RETRY_MODE": "legacy"}, {}, 5),
        ({"AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "2"}, {}, 2),
        ({"AWS_RETRY_MODE": "adaptive"}, {}, 3),
        ({"AWS_MAX_ATTEMPTS": "2"}, {"attempts": 4}, 4),
        ({}, {"attempts": 1}, 1),
    ],
)
async def test_there_are_as_many_attempts_as_the_configuration_says(
    environment: dict[str, str], arguments: dict[str, Any], attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with FarSide([[refusal(500, b'{"Message":"Internal failure."}', b"x-amzn-ErrorType: InternalFailure\r\n")]]) as far:
        _, error = await ask(far, sleep=no_sleep, **arguments)
        assert isinstance(error, RequestRejected)
        assert (error.code, str(error)) == ("InternalFailure", "Internal failure.")
        assert len(far.requests) == attempts


async def test_a_connection_that_breaks_before_the_head_is_tried_again() -> None:
    async with FarSide([[Reset], [b"HTTP/1.1 200 OK\r\nConte", Close], OK]) as far:
        events, error = await ask(far, sleep=no_sleep)
        assert (text_of(events), error) == ("Hello", None)
        assert far.connections == 3


async def test_a_connection_that_nobody_takes_is_a_transport_error() -> None:
    async with FarSide([]) as far:
        pass
    _, error = await ask(far, sleep=no_sleep)
    assert isinstance(error, TransportError)
    assert (error.phase, error.timed_out) == ("connect", False)


# How it fails

MODEL_ERROR = json.dumps({"Message": "no", "OriginalStatusCode": 422, "OriginalMessage": "{}", "LogStreamArn": "arn"}).encode()
ONE = chunk(encode_part(line("Hello")))
NOT_A_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"


def begun(*steps: Step) -> list[Step]:
    return [sagemaker_head() + ONE, *steps]


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


# What is not sent


@pytest.fixture
async def far() -> AsyncIterator[FarSide]:
    """A far side that must not hear of anything."""
    async with FarSide([OK]) as listening:
        yield listening
        assert listening.connections == 0


async def refused(request: ChatRequest | None = None, **arguments: Any) -> str:
    async with SageMakerBackend(**arguments) as backend:
        _, error = await collect(backend.stream(request or request_to()))
    assert type(error) is ConfigurationError
    return str(error)


async def test_no_region_names_the_variable_to_set(far: FarSide) -> None:
    assert "AWS_DEFAULT_REGION" in await refused(endpoint_url=far.url, credentials=Credentials("a", "b"))


async def test_no_credentials_say_where_they_could_come_from(far: FarSide) -> None:
    assert "AWS_ACCESS_KEY_ID" in await refused(endpoint_url=far.url, region="us-east-1")


async def test_half_credentials_are_said_to_be_incomplete(far: FarSide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "dummy")
    assert "incomplete" in await refused(endpoint_url=far.url, region="us-east-1")


async def test_an_unknown_profile_is_named(far: FarSide) -> None:
    assert "(The config profile (nobody) could not be found)" in await refused(endpoint_url=far.url, region="us-east-1", profile="nobody")


async def test_a_failing_credential_process_is_a_configuration_error(far: FarSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert "the source of the AWS credentials failed" in await refused(endpoint_url=far.url, region="us-east-1")


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
async def test_an_endpoint_url_that_is_none_is_a_configuration_error(url: str) -> None:
    await refused(endpoint_url=url, region="us-east-1", credentials=Credentials("a", "b"))


@pytest.mark.parametrize(
    ("messages", "attributes", "family", "parameters", "words"),
    [
        ([], None, "plain", {}, "at least one message"),
        ([ChatMessage("user", "x")], "é", "plain", {}, "custom_attributes"),
        ([ChatMessage("user", "x")], None, "gpt", {}, "unknown model family"),
        ([ChatMessage("user", "x")], None, "plain", {"top_p": 2}, "top_p is 2"),
    ],
)
async def test_a_request_that_cannot_be_right_is_not_sent(
    far: FarSide, messages: list[ChatMessage], attributes: str | None, family: str, parameters: dict[str, Any], words: str
) -> None:
    request = ChatRequest(messages=messages, endpoint=Endpoint("e", family=family), custom_attributes=attributes, parameters=Parameters(**parameters))
    assert words in await refused(request, endpoint_url=far.url, region="us-east-1", credentials=Credentials("a", "b"))


async def test_aws_credentials_do_not_go_where_they_could_be_read(far: FarSide) -> None:
    words = await refused(endpoint_url=far.url, region="us-east-1", credentials=AWS_KEY)
    assert far.url in words
    assert "allow_insecure" in words


async def test_aws_credentials_go_there_if_that_is_allowed() -> None:
    async with FarSide([OK]) as far:
        events, _ = await ask(far, credentials=AWS_KEY, allow_insecure=True)
        assert text_of(events) == "Hello"


async def test_secrets_are_not_in_a_repr() -> None:
    assert "secret" not in repr(Credentials("key", "secret", "secret token"))


async def test_given_credentials_keep_every_other_source_from_being_asked(far: FarSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"[default]\ncredential_process = touch {tmp_path / 'asked'}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", far.url)
    async with FarSide([OK]) as asked:
        events, _ = await ask(asked)
        assert text_of(events) == "Hello"
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
async def test_region_url_and_keys_are_found_in_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FarSide([OK]) as far:
        monkeypatch.setenv(variable, "eu-west-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"{far.url}/base/")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "dummy")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
        async with SageMakerBackend() as backend:
            events, _ = await collect(backend.stream(request_to()))
        assert text_of(events) == "Hello"
        assert "/eu-west-1/sagemaker/" in far.requests[0].headers["authorization"]
        assert far.requests[0].target == "/base/endpoints/my-endpoint/invocations-response-stream"


async def test_a_closed_backend_says_so() -> None:
    async with FarSide([OK]) as far:
        backend = sagemaker(far.url)
        await backend.aclose()
        _, error = await collect(backend.stream(request_to()))
        assert isinstance(error, ConfigurationError)
        assert far.connections == 0


def test_boto3_still_has_the_event_that_hands_over_the_request() -> None:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    client = session.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}), endpoint_url="http://127.0.0.1:1")
    seen: list[str] = []

    def stop(event_name: str, **_: Any) -> None:
        seen.append(event_name)
        raise ZeroDivisionError

    client.meta.events.register("before-send.sagemaker-runtime", stop)
    with pytest.raises(ZeroDivisionError):
        client.invoke_endpoint(EndpointName="e", Body=b"")
    assert seen == ["before-send.sagemaker-runtime.InvokeEndpoint"]
