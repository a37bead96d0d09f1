from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mock_server import MockServer
from mock_server.catalog import load_catalog

LMI, TGI = ENDPOINTS = ("falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi")


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def post(twin: MockServer, path: str, attributes: str = "", **body: Any) -> httpx.Response:
    given = {"inputs": "hello", "parameters": {"max_new_tokens": 4}} | body
    return httpx.post(f"{twin.url}/containers/{path}", json=given, headers={"x-amzn-sagemaker-custom-attributes": attributes}, trust_env=False)


@pytest.mark.parametrize("route", ["invocations", "generate_stream", ""])
def test_tgi_streams_on_its_routes(twin: MockServer, route: str) -> None:
    response = post(twin, f"{TGI}/{route}", stream=True)
    assert (response.status_code, response.headers["content-type"], response.headers["transfer-encoding"]) == (200, "text/event-stream", "chunked")
    assert response.text.count("data:{") == 4


def test_a_whole_answer_has_a_length(twin: MockServer) -> None:
    response = post(twin, f"{TGI}/generate")
    assert response.json() == {"generated_text": " Hello! I am"}
    assert int(response.headers["content-length"]) == len(response.content)
    assert "transfer-encoding" not in response.headers


def test_lmi_answers_with_its_own_headers(twin: MockServer) -> None:
    response = post(twin, f"{LMI}/invocations")
    assert response.headers["cache-control"] == "no-cache; no-store, must-revalidate, private"
    assert response.content.splitlines()[0] == b'{"outputs": [" Hello"]}'


@pytest.mark.parametrize(
    ("path", "status"), [(f"{LMI}/ping", 200), (f"{TGI}/ping", 200), (f"{TGI}/health", 200), (f"{TGI}", 200), (f"{TGI}/info", 200), (f"{TGI}/none", 404)]
)
def test_containers_can_be_pinged(twin: MockServer, path: str, status: int) -> None:
    assert httpx.get(f"{twin.url}/containers/{path}", trust_env=False).status_code == status


@pytest.mark.parametrize(
    ("endpoint", "status", "body"),
    [(TGI, 429, {"error": "Model is overloaded", "error_type": "overloaded"}), (LMI, 503, {"code": 503, "error": "the model failed"})],
)
def test_a_model_error_is_the_containers_own(twin: MockServer, endpoint: str, status: int, body: dict[str, Any]) -> None:
    response = post(twin, f"{endpoint}/invocations", f"mock.fault=model-error:{status}")
    assert (response.status_code, response.json()) == (status, body)
    entry = twin.journal.wait()
    assert (entry.ended, entry.status, entry.fault, entry.front) == ("fault", status, f"model-error:{status}", "container")


def test_what_a_container_refuses_is_refused_in_the_journal(twin: MockServer) -> None:
    assert post(twin, f"{TGI}/invocations", inputs=3).status_code == 422
    assert twin.journal.wait().ended == "refused"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("throttling", "mock.fault: 'throttling' is an answer of the SageMaker Runtime's, which is not asked here; legal: "),
        ("validation-error", "mock.fault: 'validation-error' is an answer of the SageMaker Runtime's"),
        ("truncate-frame@1", "mock.fault: 'truncate-frame' damages an event stream, and a container writes none; legal: "),
        ("model-error:0", "mock.fault: 'model-error:0' is a model that SageMaker waits for in vain; legal: "),
        ("nothing", "mock.fault: 'nothing' is not a fault; legal: "),
    ],
)
def test_a_fault_that_no_container_has_is_a_400_that_says_so(twin: MockServer, fault: str, reason: str) -> None:
    response = post(twin, f"{TGI}/invocations", f"mock.fault={fault}")
    assert response.status_code == 400
    assert response.json()["error"].startswith(reason)


def test_an_unknown_endpoint_is_a_404_that_names_the_known_ones(twin: MockServer) -> None:
    response = post(twin, "nobody/invocations")
    assert (response.status_code, response.json()) == (404, {"error": f"'nobody' is not an endpoint; there are: {', '.join(load_catalog())}"})


def test_a_body_that_is_too_long_is_a_413(twin: MockServer) -> None:
    response = httpx.post(f"{twin.url}/containers/{LMI}/invocations", content=b"x" * (25 * 1024 * 1024 + 1), trust_env=False)
    assert (response.status_code, response.json()) == (413, {"error": "the body is longer than 26214400 bytes"})


def test_the_admin_routes_tell_what_is_served_and_what_was_seen(twin: MockServer) -> None:
    def get(path: str) -> Any:
        return httpx.get(f"{twin.url}/_mock/{path}", trust_env=False).json()

    assert get("health") == {"status": "ok"}
    endpoints = get("endpoints")
    assert [(entry["name"], entry["container"], entry["profile"], entry["cut"]) for entry in endpoints[:2]] == [
        (LMI, "lmi-0.23", "instant", "write"),
        (TGI, "tgi-0.9.4", "instant", "write"),
    ]
    assert "hello" in endpoints[0]["scripts"]
    post(twin, f"{TGI}/invocations", "mock.seed=7;a=b")
    twin.journal.wait()
    journal = get("journal")
    assert journal["open"] == []
    assert [(entry["endpoint"], entry["ended"], entry["seed"], entry["custom_attributes"]) for entry in journal["finished"]] == [(TGI, "completed", 7, "a=b")]
    assert httpx.post(f"{twin.url}/_mock/reset", trust_env=False).json() == {"status": "ok"}
    assert get("journal") == {"open": [], "finished": [], "next": 1}
