"""Stateful sessions as boto3 opens, uses and closes them, in both dialects; their end by the twin's clock."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server import MockServer
from mock_server.catalog import CatalogError, load_catalog
from mock_server.clock import VirtualClock
from mock_server.sessions import MAX_SESSIONS, SessionRules, Sessions
from tests.mock_server.boto import client_of, invoke, stream, twin_of

CATALOG = """
[djl]
container = "lmi-0.32"
sessions = true
[library]
container = "vllm-0.11.0"
sessions = 90.5
[none]
container = "lmi-0.32"
"""
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
NEW = {"requestType": "NEW_SESSION"}
CLOSE = {"requestType": "CLOSE"}
ENDS = {"djl": "2026-11-21T12:20:00Z", "library": "2026-11-21T12:01:30Z"}
SEVEN = {"CustomAttributes": "mock.seed=7"}
KINDS = "'NEW_SESSION' or 'CLOSE'"
UNKNOWN_TYPE = f'[{{"type":"enum","loc":["requestType"],"msg":"Input should be {KINDS}","input":"OPEN","ctx":{{"expected":"{KINDS}"}}}}]'
NOBODY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def twin(tmp_path: Path, clock: VirtualClock) -> Iterator[MockServer]:
    with twin_of(tmp_path, CATALOG, clock=clock, time_limits=math.inf, utc_now=lambda: NOW) as twin:
        yield twin


@pytest.fixture
def client(twin: MockServer) -> Iterator[Any]:
    with client_of(twin) as client:
        yield client


def ask(client: Any, endpoint: str, **members: Any) -> bytes:
    return stream(client, endpoint, {"messages": [{"role": "user", "content": "hello"}], "stream": True}, **members)


def open_session(client: Any, endpoint: str, **members: Any) -> str:
    session_id, _ = invoke(client, endpoint, NEW, SessionId="NEW_SESSION", **members)["NewSessionId"].split("; ")
    return str(session_id)


def refusal_of(client: Any, call: Any, *arguments: Any, **members: Any) -> tuple[int, Any]:
    with pytest.raises(client.exceptions.ModelError) as failure:
        call(client, *arguments, **members)
    return failure.value.response["OriginalStatusCode"], failure.value.response["OriginalMessage"]


def told(endpoint: str, status: int, message: str) -> tuple[int, str]:
    """Return a refusal in the words of the endpoint's dialect."""
    if endpoint == "djl":
        return 424, json.dumps({"error": message, "code": 424}, separators=(",", ":")).replace("'", "\\u0027")
    kind = {400: "Bad Request", 424: "Failed Dependency"}[status]
    return status, json.dumps({"error": {"message": message, "type": kind, "param": None, "code": status}}, separators=(",", ":"))


def not_found(endpoint: str, session_id: str) -> tuple[int, str]:
    prefix = "Input parsing failed" if endpoint == "djl" else "Bad request"
    return told(endpoint, 400, f"{prefix}: session not found: {session_id}")


def pass_time(client: Any, clock: VirtualClock, seconds: int) -> None:
    """Let the twin's clock turn, as a stream that waits lets it."""
    before_s = clock.now_s()
    ask(client, "none", CustomAttributes=f"mock.fault=stall:{seconds}@1")
    assert clock.now_s() >= before_s + seconds


@pytest.mark.parametrize(
    ("endpoint", "body", "content_type"),
    [("djl", '{{"result": "Session {} {}"}}\n', "application/json"), ("library", "Session {} {}", "application/octet-stream")],
)
def test_a_session_is_opened_used_and_closed(client: Any, twin: MockServer, endpoint: str, body: str, content_type: str) -> None:
    opened = invoke(client, endpoint, NEW, SessionId="NEW_SESSION")
    session_id, ends = opened["NewSessionId"].split("; ")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", session_id)
    assert ends == f"Expires={ENDS[endpoint]}"
    assert (opened["ContentType"], opened["Body"].read().decode()) == (content_type, body.format(session_id, "created"))
    assert ask(client, endpoint, SessionId=session_id) == ask(client, endpoint)
    assert twin.journal.wait(2).headers["x-amzn-sagemaker-session-id"] == session_id
    closed = invoke(client, endpoint, CLOSE, SessionId=session_id)
    assert (closed["ClosedSessionId"], "NewSessionId" in closed) == (session_id, False)
    assert closed["Body"].read().decode() == body.format(session_id, "closed")
    assert refusal_of(client, ask, endpoint, SessionId=session_id) == not_found(endpoint, session_id)


@pytest.mark.parametrize("endpoint", ["djl", "library"])
def test_a_session_that_nobody_opened_is_refused_whatever_is_asked(client: Any, endpoint: str) -> None:
    for call, body in ((invoke, {"inputs": "hello"}), (invoke, CLOSE), (invoke, NEW), (stream, {"inputs": "hello"})):
        assert refusal_of(client, call, endpoint, body, SessionId=NOBODY) == not_found(endpoint, NOBODY)


def test_a_session_belongs_to_its_endpoint(client: Any) -> None:
    session_id = open_session(client, "djl")
    assert refusal_of(client, ask, "library", SessionId=session_id) == not_found("library", session_id)


@pytest.mark.parametrize("endpoint", ["djl", "library"])
def test_the_first_request_behind_the_end_is_answered_without_its_session(client: Any, twin: MockServer, clock: VirtualClock, endpoint: str) -> None:
    session_id = open_session(client, endpoint)
    pass_time(client, clock, 1201)
    assert ask(client, endpoint, SessionId=session_id) == ask(client, endpoint)
    assert twin.journal.wait(3).notes == (f"the session {session_id} is over: answered as if none were named",)
    if endpoint == "djl":
        ask(client, endpoint, SessionId=session_id)
        open_session(client, endpoint)
    assert refusal_of(client, ask, endpoint, SessionId=session_id) == not_found(endpoint, session_id)


def test_a_session_that_is_over_can_be_closed_where_its_container_has_not_noticed(client: Any, clock: VirtualClock) -> None:
    ids = {endpoint: open_session(client, endpoint) for endpoint in ("djl", "library")}
    pass_time(client, clock, 1201)
    assert invoke(client, "djl", CLOSE, SessionId=ids["djl"])["ClosedSessionId"] == ids["djl"]
    gone = f"Failed to close session: session not found: {ids['library']}"
    assert refusal_of(client, invoke, "library", CLOSE, SessionId=ids["library"]) == told("library", 424, gone)


def test_using_a_session_does_not_make_it_last(client: Any, clock: VirtualClock) -> None:
    session_id = open_session(client, "library")
    for _ in range(2):
        pass_time(client, clock, 46)
        ask(client, "library", SessionId=session_id)
    assert refusal_of(client, ask, "library", SessionId=session_id) == not_found("library", session_id)


@pytest.mark.parametrize(
    ("endpoint", "body", "members", "status", "message"),
    [
        ("djl", CLOSE, {}, 424, "Failed to close session: invalid session_id: None"),
        ("djl", CLOSE, {"SessionId": "NEW_SESSION"}, 424, "Failed to close session: session not found: NEW_SESSION"),
        (
            "djl",
            {"requestType": "OPEN"},
            {},
            424,
            "Input parsing failed: invalid payload. request type must be one of dict_keys(['NEW_SESSION', 'CLOSE'])",
        ),
        ("library", CLOSE, {}, 424, "Failed to close session: invalid session_id: None"),
        ("library", CLOSE, {"SessionId": "NEW_SESSION"}, 424, "Failed to close session: session not found: NEW_SESSION"),
        (
            "library",
            {"requestType": "OPEN"},
            {},
            400,
            UNKNOWN_TYPE,
        ),
        (
            "library",
            {**NEW, "inputs": "hello"},
            {},
            400,
            '[{"type":"extra_forbidden","loc":["inputs"],"msg":"Extra inputs are not permitted","input":"hello"}]',
        ),
    ],
)
def test_what_makes_no_sense_of_a_session_is_refused(client: Any, endpoint: str, body: Any, members: Any, status: int, message: str) -> None:
    assert refusal_of(client, invoke, endpoint, body, **members) == told(endpoint, status, message)


def test_a_request_for_djls_model_is_one_whatever_its_type(client: Any) -> None:
    assert b"Session" not in invoke(client, "djl", {**NEW, "inputs": "hello"})["Body"].read()


@pytest.mark.parametrize("endpoint", ["djl", "library"])
def test_a_body_that_is_no_object_is_the_containers_to_refuse(client: Any, endpoint: str) -> None:
    for body in ([1], "text"):
        assert "session" not in refusal_of(client, invoke, endpoint, body, SessionId=NOBODY)[1]


@pytest.mark.parametrize("endpoint", ["djl", "library"])
def test_a_container_that_is_asked_itself_keeps_the_same_sessions(client: Any, twin: MockServer, endpoint: str) -> None:
    url = f"{twin.url}/containers/{endpoint}"
    opened = httpx.post(f"{url}/invocations", json=NEW, trust_env=False)
    name = "x-amzn-sagemaker-session-id" if endpoint == "djl" else "x-amzn-sagemaker-new-session-id"
    session_id = opened.headers[name].partition(";")[0]
    assert ask(client, endpoint, SessionId=session_id)
    assert httpx.get(f"{url}/ping", headers={"X-Amzn-SageMaker-Session-Id": NOBODY}, trust_env=False).status_code == 200


def test_an_endpoint_without_sessions_knows_none(client: Any, twin: MockServer) -> None:
    assert "NewSessionId" not in invoke(client, "none", {"inputs": "hello"}, SessionId="NEW_SESSION")
    assert [endpoint.has_sessions for endpoint in twin.endpoints] == [True, True, False]
    assert [entry["sessions_s"] for entry in httpx.get(f"{twin.url}/_mock/endpoints", trust_env=False).json()] == [1200, 90.5, None]


def test_a_reset_forgets_every_session_and_no_later_one_has_its_id(client: Any, twin: MockServer) -> None:
    session_id = open_session(client, "library", **SEVEN)
    httpx.post(f"{twin.url}/_mock/reset", trust_env=False).raise_for_status()
    assert refusal_of(client, ask, "library", SessionId=session_id) == not_found("library", session_id)
    assert open_session(client, "library", **SEVEN) != session_id


def test_the_same_requests_in_the_same_order_get_the_same_ids(tmp_path: Path) -> None:
    ids = []
    for _ in range(2):
        with twin_of(tmp_path, CATALOG) as twin, client_of(twin) as client:
            ids.append([open_session(client, "djl", **SEVEN) for _ in range(3)])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


def test_with_one_session_too_many_the_oldest_goes() -> None:
    sessions = Sessions("mine", SessionRules(), VirtualClock(), lambda: NOW)
    opened = [sessions.open(0).id for _ in range(MAX_SESSIONS + 1)]
    assert [sessions.find(session_id) is None for session_id in opened] == [True] + [False] * MAX_SESSIONS


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("container = 'tgi-0.9.4'\nsessions = true", "sessions: tgi-0.9.4 keeps none; legal: a container of lmi or vllm"),
        ("container = 'lmi-0.32'\nsessions = 'yes'", "sessions: received 'yes'; legal: true, or for how many seconds one lasts"),
        ("container = 'lmi-0.32'\nsessions = 0", "sessions: received 0; legal: "),
        ("container = 'lmi-0.32'\nsessions = inf", "sessions: received inf; legal: "),
    ],
)
def test_a_catalog_whose_sessions_cannot_be_kept_does_not_load(tmp_path: Path, lines: str, problem: str) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(f"[mine]\n{lines}\n")
    with pytest.raises(CatalogError) as refusal:
        load_catalog(file)
    assert str(refusal.value).startswith(f"{file}: endpoint 'mine': {problem}")


def test_sessions_that_are_refused_are_none(tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text("[mine]\ncontainer = 'tgi-0.9.4'\nsessions = false\n")
    assert load_catalog(file)["mine"].sessions is None
