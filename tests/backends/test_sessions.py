"""Stateful sessions of a backend: on the twin in both dialects, and on a far side that says what it should not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backends.endpoints import Endpoint
from backends.errors import RequestRejected, TransportError, WireError
from backends.sagemaker import SageMakerBackend
from backends.sessions import Session, SessionBackend, is_unknown_session
from mock_server import MockServer
from tests.backends.asking import collect, request_to, sagemaker
from tests.backends.far_side import HELLO, FarSide, Stall, sagemaker_answer, until

MINE = Endpoint("my-endpoint", component="part", has_sessions=True)
OPENED = b"abc-1; Expires=2026-11-21T12:20:00Z"
CATALOG = "[djl]\ncontainer = 'lmi-0.32'\nsessions = true\n[library]\ncontainer = 'vllm-0.11.0'\nsessions = true\n"


def said(header: bytes) -> list[bytes]:
    """Return a whole response with a header of its own and a body that is no JSON."""
    return [b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 1\r\n" + header + b"Content-Length: 4\r\n\r\ndone"]


@pytest.mark.parametrize("endpoint", ["djl", "library"])
async def test_a_session_is_opened_used_and_closed_on_the_twin(tmp_path: Path, endpoint: str) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(CATALOG)
    with MockServer(catalog=file) as twin:
        mine = next(each for each in twin.endpoints if each.name == endpoint)
        async with sagemaker(twin.url) as backend:
            assert isinstance(backend, SessionBackend)
            session = await backend.open_session(mine)
            assert abs(session.expires - datetime.now(UTC) - timedelta(minutes=20)) < timedelta(minutes=1)
            question = replace(request_to(), endpoint=mine, session_id=session.id)
            events, error = await collect(backend.stream(question))
            assert (bool(events), error) == (True, None)
            await backend.close_session(session)
            _, error = await collect(backend.stream(question))
            assert isinstance(error, RequestRejected)
            assert is_unknown_session(error)
            with pytest.raises(RequestRejected):
                await backend.close_session(session)
        twin.journal.wait(5)
        assert [entry.status for entry in twin.journal.finished] == [200, 200, 200, 424, 424]


async def test_what_goes_out_names_the_component_and_the_session() -> None:
    opened = said(b"X-Amzn-SageMaker-New-Session-Id: " + OPENED + b"\r\n")
    async with FarSide([opened, sagemaker_answer(*HELLO), said(b"")]) as far, sagemaker(far.url) as backend:
        session = await backend.open_session(MINE)
        assert session == Session(MINE, "abc-1", datetime(2026, 11, 21, 12, 20, tzinfo=UTC))
        await collect(backend.stream(replace(request_to(), endpoint=MINE, session_id=session.id)))
        await backend.close_session(session)
    names = ("x-amzn-sagemaker-session-id", "x-amzn-sagemaker-inference-component")
    assert [tuple(seen.headers[name] for name in names) for seen in far.requests] == [("NEW_SESSION", "part"), ("abc-1", "part"), ("abc-1", "part")]
    assert [seen.target.rpartition("/")[2] for seen in far.requests] == ["invocations", "invocations-response-stream", "invocations"]
    assert (far.requests[0].body, far.requests[2].body) == (b'{"requestType":"NEW_SESSION"}', b'{"requestType":"CLOSE"}')


@pytest.mark.parametrize("told", [b"", b"abc", b"a_b; Expires=2026-11-21T12:20:00Z", b"abc; Expires=2026-13-21T12:20:00Z"])
async def test_an_endpoint_that_opens_none_is_told_so(told: bytes) -> None:
    header = b"X-Amzn-SageMaker-New-Session-Id: " + told + b"\r\n" if told else b""
    async with FarSide([said(header)]) as far, sagemaker(far.url) as backend:
        with pytest.raises(WireError, match="expected an id and when it expires: does its container keep sessions"):
            await backend.open_session(MINE)


async def test_a_backend_that_is_closed_opens_none() -> None:
    async with FarSide([[Stall]]) as far:
        backend: SageMakerBackend = sagemaker(far.url)
        opening = asyncio.create_task(backend.open_session(MINE))
        await until(lambda: far.requests)
        await backend.aclose()
        with pytest.raises(TransportError, match="the backend was closed"):
            await opening
        await far.all_gone()


def test_another_refusal_is_not_about_the_session() -> None:
    assert not is_unknown_session(RequestRejected("session not found", status=400, code="ValidationError"))
    assert not is_unknown_session(TransportError("session not found", phase="connect"))
