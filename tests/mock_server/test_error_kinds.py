"""A container's errors, each asked for by its kind: in a stream and in place of an answer, at SageMaker Runtime and at the container itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backends.wire.eventstream import EventStreamDecoder
from mock_server import MockServer
from mock_server.words import WordError

ERRORS = {
    "generation": (424, "Request failed during generation: Server error: the model failed"),
    "overloaded": (429, "Model is overloaded"),
    "validation": (422, "Input validation error: `inputs` cannot be empty"),
    "incomplete_generation": (500, "Incomplete generation"),
    "template_error": (422, "Template error: syntax error: the template failed (in chat:1)"),
    "tool_error": (422, "Tool error: Tool with name clock not found"),
    "incomplete_generation_stream": (500, "Incomplete generation stream"),
    "missing_template_variable": (422, "Missing template vatiable: guideline"),
    "stream_serialization_error": (500, "Stream event serialization error"),
}
"""Of TGI (router/src/infer/mod.rs, `InferError`, and server.rs, the statuses): each version has the first so many."""
VERSIONS = {"tgi-0.9.4": 4, "tgi-1.4": 5, "tgi-2.1": 6, "tgi-2.3": 8, "tgi-2.4": 9, "tgi-3.3": 9}
ASKED = [(version, kind) for version in ("tgi-0.9.4", "tgi-2.4", "tgi-3.3") for kind in list(ERRORS)[: VERSIONS[version]]]
CHATTING = [(version, kind) for version, kind in ASKED if version != "tgi-0.9.4"]
GENERATE: dict[str, Any] = {"inputs": "hello", "parameters": {"max_new_tokens": 4}}
CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
DONE = b"data: [DONE]\n\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    catalog = tmp_path_factory.mktemp("catalog") / "catalog.toml"
    containers = (*VERSIONS, "lmi-0.28", "vllm-0.11.0")
    catalog.write_text("\n".join(f'["{name.replace(".", "-")}"]\ncontainer = "{name}"' for name in containers))
    with MockServer(catalog=catalog) as server:
        yield server


@pytest.fixture
def twin(server: MockServer) -> MockServer:
    server.reset()
    return server


def post(twin: MockServer, container: str, path: str, body: dict[str, Any], fault: str = "") -> httpx.Response:
    front, _, route = path.partition("/")
    headers = {"x-amzn-sagemaker-custom-attributes": f"mock.fault={fault}"} if fault else {}
    url = f"{twin.url}/{front}/{container.replace('.', '-')}/{route}"
    return httpx.post(url, json=body, headers=headers, trust_env=False)


def writes(response: httpx.Response) -> bytes:
    """Return what the container wrote to a stream."""
    assert response.status_code == 200
    is_container_s = response.headers["content-type"].startswith("text/event-stream")
    return response.content if is_container_s else b"".join(message.payload for message in EventStreamDecoder().feed(response.content))


def events(writes: bytes) -> list[bytes]:
    return [event + b"\n\n" for event in writes.split(b"\n\n")[:-1]]


def dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@pytest.mark.parametrize("path", ["containers/generate_stream", "containers/invocations", "endpoints/invocations-response-stream"])
@pytest.mark.parametrize(("version", "kind"), ASKED)
def test_a_stream_ends_with_the_event_of_the_error(twin: MockServer, version: str, kind: str, path: str) -> None:
    prefix = b"data:" if version == "tgi-0.9.4" else b"data: "
    error = prefix + dumps({"error": ERRORS[kind][1], "error_type": kind}) + b"\n\n"
    body = GENERATE | {"stream": True}
    whole = events(writes(post(twin, version, path, body)))
    assert len(whole) == 4
    assert writes(post(twin, version, path, body, f"container-error:{kind}")) == error
    assert events(writes(post(twin, version, path, body, f"container-error:{kind}@2"))) == [*whole[:2], error]
    assert [twin.journal.wait(number).ended for number in (1, 2, 3)] == ["completed", "fault", "fault"]


@pytest.mark.parametrize("path", ["containers/v1/chat/completions", "containers/invocations", "endpoints/invocations-response-stream"])
@pytest.mark.parametrize(("version", "kind"), CHATTING)
def test_the_stream_of_a_chat_ends_with_the_error_in_openai_s_form(twin: MockServer, version: str, kind: str, path: str) -> None:
    error = b"data: " + dumps({"error": {"message": ERRORS[kind][1], "http_status_code": 422}}) + b"\n\n"
    body = CHAT | {"stream": True}
    whole = events(writes(post(twin, version, path, body)))
    assert events(writes(post(twin, version, path, body, f"container-error:{kind}"))) == [error, DONE]
    assert events(writes(post(twin, version, path, body, f"container-error:{kind}@2")))[1:] == [whole[1], error, DONE]


def test_the_stream_of_a_chat_of_2_3_ends_with_tgi_s_own_form(twin: MockServer) -> None:
    left = writes(post(twin, "tgi-2.3", "containers/v1/chat/completions", CHAT | {"stream": True}, "container-error:overloaded"))
    assert events(left) == [b'data: {"error":"Model is overloaded","error_type":"overloaded"}\n\n', DONE]


@pytest.mark.parametrize(
    ("version", "kind", "path", "body"),
    [
        *((*asked, "generate", GENERATE) for asked in ASKED),
        *((*asked, "invocations", GENERATE) for asked in ASKED),
        *((*asked, "v1/chat/completions", CHAT) for asked in CHATTING),
        *((*asked, "invocations", CHAT) for asked in CHATTING),
    ],
)
def test_an_answer_that_is_not_streamed_has_the_status_of_the_error(twin: MockServer, version: str, kind: str, path: str, body: dict[str, Any]) -> None:
    status, text = ERRORS[kind]
    direct = post(twin, version, f"containers/{path}", body, f"container-error:{kind}")
    assert (direct.status_code, direct.content) == (status, dumps({"error": text, "error_type": kind}))
    assert twin.journal.wait().ended == "fault"
    if path == "invocations":
        through = post(twin, version, "endpoints/invocations", body, f"container-error:{kind}")
        assert (through.status_code, through.json()["OriginalStatusCode"]) == (424, status)
        assert through.json()["OriginalMessage"] == direct.text


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("front", ["containers/invocations", "endpoints/invocations-response-stream"])
def test_a_kind_that_a_version_does_not_have_is_refused_with_those_it_has(twin: MockServer, version: str, front: str) -> None:
    response = post(twin, version, front, GENERATE, "container-error:thirst@2")
    expected = f"container-error:thirst: {version} has no error of that kind; legal: {', '.join(list(ERRORS)[: VERSIONS[version]])}"
    assert response.status_code == 400
    assert expected in response.text


@pytest.mark.parametrize("container", ["lmi-0.28", "vllm-0.11.0"])
def test_a_container_without_kinds_of_errors_says_that_it_takes_none(twin: MockServer, container: str) -> None:
    response = post(twin, container, "containers/invocations", GENERATE, "container-error:overloaded")
    expected = f"{container} has no error of that kind; legal: container-error alone: its errors have no kinds"
    assert (response.status_code, expected in response.text) == (400, True)


def test_an_order_for_an_endpoint_that_has_no_such_error_is_refused(twin: MockServer) -> None:
    with pytest.raises(WordError, match=r"tgi-0\.9\.4 has no error of that kind"):
        twin.queue_fault("container-error:tool_error", endpoint="tgi-0-9-4")


def test_an_order_for_any_endpoint_waits_for_one_that_has_the_error(twin: MockServer) -> None:
    twin.queue_fault("container-error:tool_error")
    for without in ("lmi-0.28", "tgi-0.9.4"):
        assert post(twin, without, "endpoints/invocations", GENERATE).status_code == 200
    assert "Tool with name clock not found" in post(twin, "tgi-2.1", "endpoints/invocations", GENERATE).json()["OriginalMessage"]
    assert post(twin, "tgi-2.1", "endpoints/invocations", GENERATE).status_code == 200
