"""Both backends on the twin: the same text from every endpoint through either front."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.answer import AnswerText
from backends.chat import ChatBackend, ChatMessage, ChatRequest, Parameters
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import BackendError, MalformedFrame, RequestRejected, StreamInterrupted, TransportError, TruncatedStream
from backends.events import Finish
from backends.prompts import FAMILIES
from backends.sagemaker import Credentials, SageMakerBackend
from backends.timing import Timing
from mock_server import MockServer
from tests.backends.asking import collect, no_sleep, text_of

ENDPOINTS = ["falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"]


def backends(twin: MockServer) -> tuple[ChatBackend, ChatBackend]:
    credentials = Credentials(twin.environ["AWS_ACCESS_KEY_ID"], twin.environ["AWS_SECRET_ACCESS_KEY"])
    sagemaker = SageMakerBackend(region=twin.environ["AWS_REGION"], endpoint_url=twin.url, credentials=credentials, use_proxy=False, sleep=no_sleep)
    return sagemaker, ContainerBackend(use_proxy=False)


def question(twin: MockServer, name: str, attributes: str | None = None) -> ChatRequest:
    return ChatRequest(
        messages=[ChatMessage("user", "How do I build a website?")],
        endpoint=Endpoint(name, family="falcon", url=f"{twin.url}/containers/{name}"),
        parameters=Parameters(max_new_tokens=1024),
        custom_attributes=attributes,
    )


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize("cut", ["write", "whole", "random:50", "inside-utf8"])
async def test_an_endpoint_gives_the_same_text_through_either_front(twin: MockServer, name: str, cut: str) -> None:
    texts = set()
    for backend in backends(twin):
        timing = Timing()
        events, error = await collect(backend.stream(question(twin, name, f"mock.cut={cut}"), tap=timing))
        assert error is None
        assert isinstance(events[-1], Finish)
        assert timing.finish == events[-1]
        texts.add(text_of(events))
        await backend.aclose()
    assert len(texts) == 1


async def test_both_endpoints_give_people_the_same_answer_without_its_end_string(twin: MockServer) -> None:
    read = set()
    for name in ENDPOINTS:
        text = AnswerText(FAMILIES["falcon"].end_strings)
        for backend in backends(twin):
            events, _ = await collect(backend.stream(question(twin, name)))
            read.add("".join(map(text.feed, events)))
            await backend.aclose()
    assert len(read) == 1
    assert "<|" not in read.pop()


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_invoke_gives_the_text_that_streams(twin: MockServer, name: str) -> None:
    for backend in backends(twin):
        streamed, _ = await collect(backend.stream(question(twin, name)))
        whole, error = await collect(backend.invoke(question(twin, name)))
        assert error is None
        assert text_of(whole).removesuffix("<|endoftext|>") == text_of(streamed).removesuffix("<|endoftext|>")
        await backend.aclose()


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_a_stop_string_ends_an_answer_early_whoever_serves_it(twin: MockServer, name: str) -> None:
    asked = question(twin, name, "mock.script=hello")
    for backend in backends(twin):
        whole, _ = await collect(backend.stream(asked))
        stopped, error = await collect(backend.stream(replace(asked, parameters=Parameters(max_new_tokens=1024, stop=("glad",)))))
        assert error is None
        assert text_of(stopped) == text_of(whole).partition("glad")[0] + "glad"
        assert "".join(map(AnswerText(stop=("glad",)).feed, stopped)) == text_of(whole).partition("glad")[0]
        await backend.aclose()


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("validation-error", RequestRejected, "ValidationError"),
        ("model-error", RequestRejected, "ModelError"),
        ("throttling", RequestRejected, "ThrottlingException"),
        ("internal-failure", RequestRejected, "InternalFailure"),
        ("service-unavailable", RequestRejected, "ServiceUnavailable"),
        ("model-stream-error@3", StreamInterrupted, "ModelStreamError"),
        ("internal-stream-failure@3", StreamInterrupted, "InternalStreamFailure"),
        ("truncate-frame@3", TruncatedStream, None),
        ("bad-message-crc@3", MalformedFrame, None),
        ("reset@3", TransportError, None),
    ],
)
async def test_each_fault_comes_as_its_own_error(twin: MockServer, fault: str, kind: type[BackendError], code: str | None) -> None:
    backend, _ = backends(twin)
    events, error = await collect(backend.stream(question(twin, ENDPOINTS[1], f"mock.fault={fault}")))
    await backend.aclose()
    assert type(error) is kind, repr(error)
    assert getattr(error, "code", None) == code
    assert bool(events) == ("@3" in fault)


async def test_a_fault_on_the_first_attempts_only_is_recovered_from(twin: MockServer) -> None:
    backend, _ = backends(twin)
    _, error = await collect(backend.stream(question(twin, ENDPOINTS[0], "mock.fault=service-unavailablex2")))
    await backend.aclose()
    assert error is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_PROFILE", "nope"),
        ("AWS_CA_BUNDLE", "/nope"),
        ("AWS_MAX_ATTEMPTS", "abc"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_RETRY_MODE", "abc"),
        ("AWS_CONFIG_FILE", __file__),
        ("AWS_DEFAULTS_MODE", "abc"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "abc"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("SSL_CERT_FILE", "/nope"),
    ],
)
async def test_the_twin_answers_whatever_the_aws_configuration_says(twin: MockServer, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    for backend in backends(twin):
        events, error = await collect(backend.stream(question(twin, ENDPOINTS[0])))
        await backend.aclose()
        assert error is None
        assert text_of(events)


async def test_an_endpoint_that_does_not_exist_is_refused_by_name(twin: MockServer) -> None:
    backend, _ = backends(twin)
    _, error = await collect(backend.stream(question(twin, "no-such-endpoint")))
    await backend.aclose()
    assert isinstance(error, RequestRejected)
    assert (error.code, "no-such-endpoint" in str(error)) == ("ValidationError", True)
