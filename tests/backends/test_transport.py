"""Proxies and certificates: what the environment says of either is followed."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from backends.container import ContainerBackend
from backends.errors import ConfigurationError, TransportError
from tests.backends.asking import AWS_KEY, ask, collect, no_sleep, request_to, sagemaker, text_of
from tests.backends.far_side import HELLO, FarSide, container_answer, sagemaker_answer

OK = sagemaker_answer(*HELLO)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
async def test_requests_go_through_the_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FarSide([OK]) as proxy, FarSide([[]]) as far:
        monkeypatch.setenv(variable, proxy.url)
        events, _ = await ask(far)
        assert text_of(events) == "Hello"
        assert proxy.requests[0].target == f"{far.url}/endpoints/my-endpoint/invocations-response-stream"
        assert far.connections == 0


async def test_requests_go_past_the_proxy_where_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FarSide([OK]) as far, FarSide([[]]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert text_of((await ask(far, use_proxy=False))[0]) == "Hello"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert text_of((await ask(far))[0]) == "Hello"
        assert proxy.connections == 0


async def test_the_embedded_twins_container_is_reached_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FarSide([container_answer(*HELLO)]) as far, FarSide([[]]) as proxy, ContainerBackend(use_proxy=False) as backend:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert text_of((await collect(backend.stream(request_to(far.url))))[0]) == "Hello"
        assert proxy.connections == 0


async def test_a_proxy_that_is_none_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FarSide([OK]) as far:
        monkeypatch.setenv("HTTP_PROXY", "ftp://127.0.0.1:1")
        _, error = await ask(far)
    assert isinstance(error, ConfigurationError)
    assert "HTTP_PROXY" in str(error)


async def test_a_proxy_that_is_not_there_is_a_transport_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FarSide([[]]) as proxy:
        pass
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    async with FarSide([OK]) as far:
        _, error = await ask(far, sleep=no_sleep)
    assert isinstance(error, TransportError)
    assert error.phase == "connect"


async def test_the_certificates_of_the_aws_configuration_are_trusted(
    authority: trustme.CA, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "bundle.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
    async with FarSide([OK], tls) as far:
        events, error = await ask(far, credentials=AWS_KEY)
        assert (text_of(events), error) == ("Hello", None)


async def test_a_certificate_that_nobody_vouches_for_is_a_transport_error(tls: ssl.SSLContext) -> None:
    async with FarSide([OK], tls) as far:
        _, error = await ask(far, sleep=no_sleep)
        assert isinstance(error, TransportError)
        assert error.phase == "connect"
        assert "certificate" in str(error).lower()
        assert far.requests == []


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_bundle_that_is_none_is_a_configuration_error(
    content: str | None, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    async with FarSide([OK], tls) as far, sagemaker(far.url) as backend:
        _, error = await collect(backend.stream(request_to()))
        assert far.connections == 0
    assert isinstance(error, ConfigurationError)
    assert str(bundle) in str(error)
