"""OpenAI's client on the OpenAI-compatible route, with a bearer token that the twin verifies."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mock_server import MockServer
from tests.clients.foreign import Client, Start

TEXT = "mock.script=hello"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    catalog: Path = tmp_path_factory.mktemp("catalog") / "catalog.toml"
    catalog.write_text("[chat]\ncontainer = 'vllm-0.11.0'\n[parts]\ncontainer = 'vllm-0.11.0'\ncomponents = ['one']\n")
    with MockServer(catalog=catalog, sigv4="verify") as server:
        yield server


@pytest.fixture(scope="module")
def client(start: Start) -> Client:
    return start("openai")


def token_of(twin: MockServer) -> str:
    """Return a token as sagemaker-core 2.27 makes it."""
    request = AWSRequest("POST", "https://sagemaker.amazonaws.com/", headers={"host": "sagemaker.amazonaws.com"}, params={"Action": "CallWithBearerToken"})
    keys = Credentials(twin.environ["AWS_ACCESS_KEY_ID"], twin.environ["AWS_SECRET_ACCESS_KEY"])
    SigV4QueryAuth(keys, "sagemaker", twin.environ["AWS_REGION"], expires=43200).add_auth(request)
    url = str(request.url).removeprefix("https://") + "&Version=1"
    return "sagemaker-api-key-" + base64.b64encode(url.encode()).decode()


def ask(twin: MockServer, client: Client, path: str, key: str, attributes: str = TEXT, *, stream: bool = True) -> dict[str, Any]:
    headers = {"X-Amzn-SageMaker-Custom-Attributes": attributes}
    return client.ask(url=f"{twin.url}/endpoints/{path}/openai/v1", key=key, prompt="hello", headers=headers, stream=stream)


@pytest.mark.parametrize("path", ["chat", "parts/inference-components/one"])
@pytest.mark.parametrize("cut", ["write", "every-byte"])
def test_an_answer_streams_from_an_endpoint_and_from_a_component(twin: MockServer, client: Client, path: str, cut: str) -> None:
    whole = ask(twin, client, path, token_of(twin), stream=False)
    streamed = ask(twin, client, path, token_of(twin), f"{TEXT};mock.cut={cut}")

    assert (whole["error"], streamed["error"]) == (None, None)
    assert len(streamed["texts"]) > 4
    assert "".join(streamed["texts"]) == "".join(whole["texts"])


def test_a_token_that_is_none_is_refused(twin: MockServer, client: Client) -> None:
    answer = ask(twin, client, "chat", "sagemaker-api-key-!")

    assert answer["error"]["type"] == "openai.PermissionDeniedError"
    assert "Invalid key=value pair (missing equal-sign)" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("path", "fault", "kind", "message"),
    [
        ("nobody", "", "openai.BadRequestError", "Endpoint nobody of account 123456789012 not found."),
        ("parts", "", "openai.BadRequestError", "Inference Component Name header is required"),
        ("chat", "model-error:500", "openai.InternalServerError", "500"),
        ("chat", "throttling", "openai.RateLimitError", "Rate exceeded"),
        ("chat", "reset@3", "httpx.", ""),
    ],
)
def test_an_error_comes_as_the_clients_own(twin: MockServer, client: Client, path: str, fault: str, kind: str, message: str) -> None:
    answer = ask(twin, client, path, token_of(twin), f"{TEXT};mock.fault={fault}" if fault else TEXT)

    assert answer["error"]["type"].startswith(kind)
    assert message in answer["error"]["message"]
