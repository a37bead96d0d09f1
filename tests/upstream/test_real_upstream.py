"""A real server with a real, tiny, randomly initialised model behind the endpoints: transformers' own, in an environment of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.container import ContainerBackend
from backends.events import Finish, Token
from backends.sagemaker import SageMakerBackend
from backends.wire import decode_events
from mock_server import MockServer
from mock_server.containers import CONTAINERS
from mock_server.containers.media import MEDIA
from mock_server.server import bind
from tests.backends.far_side import until
from tests.contract.clients import KEYS

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "build" / "upstream"
ENDLESS_TOKENS = 1_000_000
"""More than the model comes to say while anybody waits for it: at a thousand a second, an answer of a quarter of an hour."""
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Start the server; yield its URL and the model's folder."""
    folder = tmp_path_factory.mktemp("model")
    environ = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([ENVIRONMENT / "bin" / "python", ROOT / "tests" / "upstream" / "make_model.py", folder], env=environ, check=True)
    with closing(bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [str(ENVIRONMENT / "bin" / "transformers"), "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", str(folder)]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    try:
        assert any("Uvicorn running" in line for line in server.stdout), f"the server ended with {server.wait()}"
        threading.Thread(target=deque, args=(server.stdout, 0), daemon=True).start()  # whatever it tells from now on must not fill the pipe
        yield f"http://127.0.0.1:{port}", folder
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def twin(model: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    """A twin with an endpoint for each container, and the model behind all of them."""
    url, folder = model
    file = tmp_path_factory.mktemp("catalog") / "catalog.toml"
    tables = [
        f'[{_endpoint_name(name, accepts)}]\ncontainer = "{name}"\naccepts = "{accepts}"\nupstream = "{url}"\nupstream_model = "{folder}"\n'
        for name, container in CONTAINERS.items()
        if container not in MEDIA
        for accepts in container.accepts
    ]
    file.write_text("\n".join(tables), encoding="utf-8")
    with MockServer(catalog=file) as server:
        yield server


@pytest.fixture(autouse=True)
async def _forget(twin: MockServer) -> None:
    """Wait until the twin knows how the last test's requests ended, which their clients may know before, and forget them."""
    await until(lambda: not twin.journal.open)
    twin.journal.reset()


def _endpoint_name(container: str, accepts: str) -> str:
    return f"{container.replace('.', '-')}-{accepts}"


NAMES = [_endpoint_name(name, accepts) for name, container in CONTAINERS.items() if container not in MEDIA for accepts in container.accepts]


@pytest.mark.parametrize("name", NAMES)
async def test_every_container_streams_what_the_model_says(twin: MockServer, name: str) -> None:
    endpoint = next(endpoint for endpoint in twin.endpoints if endpoint.name == name)
    parameters = Parameters(max_new_tokens=24, details=True)
    request = ChatRequest(messages=[ChatMessage("user", "人生とは何ですか？")], endpoint=endpoint, parameters=parameters, custom_attributes="mock.cut=bytes:7")
    async with (
        SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False) as service,
        ContainerBackend(use_proxy=False) as direct,
    ):
        for backend in (service, direct):
            async with backend.stream(request) as answer:
                *tokens, finish = [event async for event in answer]
            assert isinstance(finish, Finish)
            assert "".join(token.text for token in tokens if isinstance(token, Token))
            assert finish.reason in {"length", None}
    assert [(await asyncio.to_thread(twin.journal.wait, number)).ended for number in (1, 2)] == ["completed", "completed"]


async def test_the_words_are_the_model_s_own(twin: MockServer, model: tuple[str, Path]) -> None:
    url, folder = model
    asked = {"model": str(folder), "prompt": "Hello", "max_tokens": 12, "temperature": 0, "stream": True}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        direct = await client.post(f"{url}/v1/completions", json=asked)
        body = {"inputs": "Hello", "parameters": {"max_new_tokens": 12, "do_sample": False}}
        through = await client.post(f"{twin.url}/containers/tgi-0-9-4-inputs/generate", json=body)

    texts = [event.text for event in decode_events([direct.content], "text/event-stream") if isinstance(event, Token)]
    assert json.loads(through.content)["generated_text"] == "".join(texts) != ""


async def test_a_client_that_goes_stops_the_model(twin: MockServer, model: tuple[str, Path]) -> None:
    url, folder = model
    endpoint = next(endpoint for endpoint in twin.endpoints if endpoint.name == "lmi-0-23-inputs")
    request = ChatRequest(messages=[ChatMessage("user", "Hello")], endpoint=endpoint, parameters=Parameters(max_new_tokens=ENDLESS_TOKENS))
    async with ContainerBackend(use_proxy=False) as backend, backend.stream(request) as answer:
        await anext(aiter(answer))
    entry = await asyncio.to_thread(twin.journal.wait)
    asked = {"model": str(folder), "prompt": "Hello", "max_tokens": 1}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
        response = await client.post(f"{url}/v1/completions", json=asked)

    assert entry.ended == "cancelled"
    assert response.status_code == 200, "the server gives one answer at a time: it comes to this one when the other has stopped"
