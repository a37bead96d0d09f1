"""No page of another site asks `/_mock/` through a browser that can reach it; the endpoints, which keys guard, do not look."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from mock_server import MockServer
from mock_server.guard import Guard

PLACE = "127.0.0.1:8080"
LET_IN: tuple[Mapping[str, str], ...] = (
    {"host": PLACE},
    {"host": "localhost"},
    {"host": "[::1]:8080"},
    {"host": "127.0.0.2"},
    {"host": ""},
    {"host": PLACE, "origin": f"http://{PLACE}"},
    {"host": "LOCALHOST:1", "origin": "https://localhost:1"},
)
SENT_AWAY: tuple[Mapping[str, str], ...] = (
    {"host": PLACE, "origin": "https://evil.example"},
    {"host": PLACE, "origin": "http://127.0.0.1:7860"},
    {"host": PLACE, "origin": "null"},
    {"host": PLACE, "origin": "http://["},
    {"host": PLACE, "origin": ""},
)
UNDER_ANOTHER_NAME: tuple[Mapping[str, str], ...] = (
    {"host": "evil.example"},
    {"host": "evil.example", "origin": "http://evil.example"},
    {"host": "127.0.0.1.evil.example"},
    {"host": "192.0.2.7:8080"},
    {"host": "["},
)


def status(headers: Mapping[str, str], *, any_host: bool = False) -> int:
    guarded = Guard(PlainTextResponse("in"), any_host=any_host)
    return TestClient(guarded).post("/reset", headers=headers).status_code


@pytest.mark.parametrize("headers", LET_IN, ids=str)
def test_a_program_and_a_page_of_the_twins_own_are_let_in(headers: Mapping[str, str]) -> None:
    assert status(headers) == status(headers, any_host=True) == 200


@pytest.mark.parametrize("headers", SENT_AWAY, ids=str)
def test_a_page_of_another_site_is_sent_away_wherever_the_twin_is_served(headers: Mapping[str, str]) -> None:
    assert status(headers) == status(headers, any_host=True) == 403


@pytest.mark.parametrize("headers", UNDER_ANOTHER_NAME, ids=str)
def test_another_name_is_taken_only_where_the_twin_is_served_to_a_network(headers: Mapping[str, str]) -> None:
    assert (status(headers), status(headers, any_host=True)) == (403, 200)


@pytest.mark.parametrize("path", ["health", "journal", "openapi.json", "metrics"])
def test_every_path_under_mock_is_guarded_and_says_why(twin: MockServer, path: str) -> None:
    refused = httpx.get(f"{twin.url}/_mock/{path}", headers={"host": "evil.example"}, trust_env=False)
    assert (refused.status_code, refused.json()) == (
        403,
        {"error": "Host 'evil.example' is no name of this machine's loopback; expected 127.0.0.1, localhost or ::1"},
    )
    refused = httpx.get(f"{twin.url}/_mock/{path}", headers={"origin": "http://evil.example"}, trust_env=False)
    assert (refused.status_code, refused.json()) == (403, {"error": "Origin 'http://evil.example' is another site; expected none, or that of Host"})


def test_an_endpoint_is_asked_under_any_name(twin: MockServer) -> None:
    headers = {"host": "runtime.sagemaker.us-east-1.amazonaws.com", "origin": "http://evil.example"}
    asked = httpx.post(f"{twin.url}/endpoints/falcon-7b-instruct-lmi/invocations", json={"inputs": "hello"}, headers=headers, trust_env=False)
    assert asked.status_code == 200
