"""What is not sent: a request whose configuration is missing or wrong, and credentials that others could read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.endpoints import Endpoint
from backends.errors import ConfigurationError
from backends.sagemaker import Credentials, SageMakerBackend
from tests.backends.asking import AWS_KEY, ask, collect, request_to, sagemaker, text_of
from tests.backends.far_side import HELLO, FarSide, sagemaker_answer

OK = sagemaker_answer(*HELLO)


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


async def test_a_check_finds_what_is_missing_before_anything_is_asked(far: FarSide) -> None:
    async with SageMakerBackend(endpoint_url=far.url, credentials=Credentials("a", "b")) as backend:
        with pytest.raises(ConfigurationError, match="AWS_DEFAULT_REGION"):
            await backend.check()
    async with SageMakerBackend(endpoint_url=far.url, credentials=Credentials("a", "b"), region="us-east-1") as backend:
        await backend.check()


async def test_no_credentials_say_where_they_could_come_from(far: FarSide) -> None:
    assert "AWS_ACCESS_KEY_ID" in await refused(endpoint_url=far.url, region="us-east-1")


async def test_half_credentials_are_said_to_be_incomplete(far: FarSide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "dummy")
    assert "incomplete" in await refused(endpoint_url=far.url, region="us-east-1")


async def test_an_unknown_profile_is_named(far: FarSide) -> None:
    assert "(The config profile (nobody) could not be found)" in await refused(endpoint_url=far.url, region="us-east-1", profile="nobody")


@pytest.mark.parametrize("profile", ["work", None])
async def test_an_sso_session_that_is_over_says_how_to_begin_one(profile: str | None, far: FarSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sso = "sso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = r\n"
    (tmp_path / "config").write_text(f"[profile work]\n{sso}[default]\n{sso}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    words = await refused(endpoint_url=far.url, region="us-east-1", profile=profile)
    assert f"run `aws sso login{' --profile work' if profile else ''}`" in words


async def test_a_failing_credential_process_is_a_configuration_error(far: FarSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert "the source of the AWS credentials failed" in await refused(endpoint_url=far.url, region="us-east-1")


async def test_a_credential_process_that_is_not_there_is_named(far: FarSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\ncredential_process = no-such-program\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert "no-such-program" in await refused(endpoint_url=far.url, region="us-east-1")


async def test_a_token_file_that_is_not_there_is_named(far: FarSide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no-such-token")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
    assert "/no-such-token" in await refused(endpoint_url=far.url, region="us-east-1")


@pytest.mark.parametrize(("name", "value"), [("AWS_MAX_ATTEMPTS", "abc"), ("AWS_RETRY_MODE", "abc"), ("AWS_CA_BUNDLE", "/nope"), ("SSL_CERT_FILE", "/nope")])
async def test_a_setting_of_the_way_to_aws_is_refused_if_it_is_none(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert value in await refused(endpoint_url="https://127.0.0.1:1", region="us-east-1", credentials=Credentials("a", "b"))


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://xn--/"])
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


@pytest.mark.parametrize("host", ["ec2-3-3-3-3.compute-1.amazonaws.com:8080", "user:password@runtime.sagemaker.us-east-1.amazonaws.com"])
async def test_no_host_gets_aws_credentials_in_the_open(host: str) -> None:
    words = await refused(endpoint_url=f"http://{host}", region="us-east-1", credentials=AWS_KEY)
    assert "not encrypted" in words
    assert "password" not in words


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
