"""The OpenAI-compatible route over plain HTTP: a container's own bytes, in its own chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server import MockServer
from mock_server.clock import VirtualClock
from tests.backends.far_side import FarSide, container_answer
from tests.mock_server.boto import twin_of
from tests.mock_server.plain_client import PlainClient

CATALOG = """
[vllm]
container = "vllm-0.11.0"
[vllm.variants]
only = 1
[lmi]
container = "lmi-0.32"
components = ["one"]
[old]
container = "lmi-0.23"
"""
CHAT = {"messages": [{"role": "user", "content": "hello"}], "stream": True, "max_tokens": 4}
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
VLLM, LMI, OLD = "/endpoints/vllm/openai/v1", "/endpoints/lmi/inference-components/one/openai/v1", "/endpoints/old/openai/v1"


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[MockServer]:
    with twin_of(tmp_path, CATALOG, clock=VirtualClock()) as twin:
        yield twin


def ask(twin: MockServer, base: str, attributes: str = "", body: Any = CHAT, **headers: str) -> httpx.Response:
    return httpx.post(f"{twin.url}{base}/chat/completions", json=body, headers={ATTRIBUTES: attributes, **headers}, timeout=10, trust_env=False)


@pytest.mark.parametrize(("base", "name", "content_type"), [(VLLM, "vllm", "text/event-stream; charset=utf-8"), (LMI, "lmi", "application/jsonlines")])
def test_what_comes_is_what_the_container_writes(twin: MockServer, base: str, name: str, content_type: str) -> None:
    response = ask(twin, base)
    direct = httpx.post(f"{twin.url}/containers/{name}/v1/chat/completions", json=CHAT, trust_env=False)
    assert (response.status_code, response.headers["content-type"], response.content) == (200, content_type, direct.content)
    assert set(response.headers) == {"date", "content-type", "transfer-encoding", "x-amzn-requestid", "x-amzn-invoked-production-variant"}
    entry = twin.journal.wait(1)
    assert (entry.front, entry.path, entry.request_id) == ("runtime", f"{base}/chat/completions", response.headers["x-amzn-requestid"])
    assert entry.variant == response.headers["x-amzn-invoked-production-variant"] == {"vllm": "only", "lmi": "AllTraffic"}[name]


def test_the_containers_chunks_are_kept(twin: MockServer) -> None:
    body = json.dumps(CHAT).encode()
    lines = (f"POST {VLLM}/chat/completions HTTP/1.1", "Host: twin", "Content-Type: application/json", f"Content-Length: {len(body)}")
    with PlainClient(twin.url) as plain:
        plain.socket.sendall("\r\n".join((*lines, "", "")).encode() + body)
        plain.head()
        chunks = list(plain.chunks())
    assert len(chunks) > 4
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in chunks)


def test_the_container_is_told_no_more_than_the_route_lets_through(twin: MockServer) -> None:
    ask(twin, LMI, "a=b;mock.seed=3", Accept="text/event-stream", Authorization="Bearer t", **{"X-Mine": "1"})
    entry = twin.journal.wait()
    assert entry.headers == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "x-amzn-sagemaker-custom-attributes": "a=b",
        "x-amzn-sagemaker-inference-component": "one",
    }
    assert entry.seed == 3


def test_a_container_without_the_route_says_so_itself(twin: MockServer) -> None:
    response = ask(twin, OLD)
    assert (response.status_code, response.json()["type"]) == (404, "ResourceNotFoundException")
    assert twin.journal.wait().ended == "refused"


def test_an_answer_that_is_not_streamed_has_its_length(twin: MockServer) -> None:
    response = ask(twin, VLLM, body={**CHAT, "stream": False})
    assert response.json()["object"] == "chat.completion"
    assert response.headers["content-length"] == str(len(response.content))


def test_the_containers_errors_pass_as_they_are(twin: MockServer) -> None:
    response = ask(twin, VLLM, body={**CHAT, "top_p": 3})
    assert (response.status_code, response.json()["error"]["type"]) == (400, "BadRequestError")
    failed = ask(twin, VLLM, "mock.fault=model-error:503")
    assert (failed.status_code, failed.json()["error"]["code"]) == (503, 503)
    assert [twin.journal.wait(number).ended for number in (1, 2)] == ["refused", "fault"]


@pytest.mark.parametrize(
    ("base", "attributes", "status", "code", "message"),
    [
        ("/endpoints/nobody/openai/v1", "", 400, "ValidationError", "Endpoint nobody of account 123456789012 not found."),
        ("/endpoints/lmi/openai/v1", "", 400, "ValidationError", "Inference Component Name header is required"),
        ("/endpoints/lmi/inference-components/two/openai/v1", "", 400, "ValidationError", "Inference Component two of account 123456789012 not found."),
        (
            "/endpoints/lmi/inference-components/a_b/openai/v1",
            "",
            400,
            "ValidationError",
            "1 validation error detected: Value 'a_b' at 'inferenceCom",
        ),
        (VLLM, "mock.fault=throttling", 429, "ThrottlingException", "Rate exceeded"),
        (VLLM, "mock.fault=model-error:0", 424, "ModelError", 'Received server error (0) from primary with message "Your invocation timed out'),
        (VLLM, "mock.fault=truncate-frame", 400, "ValidationError", "mock.fault: 'truncate-frame' damages an event stream, and this route answers without one"),
        (VLLM, "mock.http_cut=whole", 400, "ValidationError", "mock.http_cut: cuts an event stream into HTTP chunks"),
    ],
)
def test_the_services_errors_are_those_of_its_operations(twin: MockServer, base: str, attributes: str, status: int, code: str, message: str) -> None:
    response = ask(twin, base, attributes)
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (status, code)
    assert (response.json().get("Message") or response.json()["message"]).startswith(message)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", f"{VLLM}/chat/completions", 405), ("GET", f"{VLLM}/models", 404), ("POST", f"{VLLM}/x", 404)])
def test_nothing_else_is_routed(twin: MockServer, method: str, path: str, status: int) -> None:
    assert httpx.request(method, f"{twin.url}{path}", trust_env=False).status_code == status


def test_a_stream_that_takes_too_long_breaks(twin: MockServer) -> None:
    with pytest.raises(httpx.ReadError):
        ask(twin, VLLM, "mock.profile=constant:1,1000")
    entry = twin.journal.wait()
    assert (entry.ended, entry.parts) == ("timed-out", 2)


def test_a_whole_answer_that_takes_too_long_is_an_error_of_the_model(twin: MockServer) -> None:
    response = ask(twin, VLLM, "mock.profile=constant:61,0", body={**CHAT, "stream": False})
    assert (response.status_code, response.headers["x-amzn-errortype"], response.json()["OriginalStatusCode"]) == (424, "ModelError", 0)


async def test_a_model_behind_the_endpoint_answers(tmp_path: Path) -> None:
    said = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    async with FarSide([container_answer(said)]) as far:
        with twin_of(tmp_path, f"[mine]\ncontainer = 'vllm-0.11.0'\nupstream = '{far.url}'\nupstream_model = 'm'") as twin:
            async with httpx.AsyncClient(trust_env=False) as client:
                response = await client.post(f"{twin.url}/endpoints/mine/openai/v1/chat/completions", json=CHAT)
    assert '"content":"Hi"' in response.text
