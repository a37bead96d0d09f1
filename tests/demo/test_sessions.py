"""One session for each conversation, kept by the chat tab's handlers as Gradio calls them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.errors import BackendError, ConfigurationError, RequestRejected, TransportError
from backends.sagemaker import Credentials, SageMakerBackend
from demo.desk import Desk
from demo.sessions import Sessions
from mock_server import MockServer
from tests.demo.fakes import FOREVER, ScriptedBackend, StatefulBackend, Step
from tests.demo.test_chat import ANSWER, Tab

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
ONE = gr.Request(session_hash="one")
LOST = RequestRejected("no", status=424, code="ModelError", original_status=424, original_message='{"error":"session not found: one-1","code":424}')
CATALOG = "[one]\ncontainer = 'lmi-0.32'\nsessions = true\n[two]\ncontainer = 'vllm-0.11.0'\nsessions = true\n[three]\ncontainer = 'lmi-0.32'\n"


def stateful(*scripts: tuple[Step, ...], now: datetime = NOW, **outcomes: Any) -> tuple[Tab, StatefulBackend]:
    backend = StatefulBackend(scripts or (ANSWER,), **outcomes)
    endpoints = (Endpoint("one", has_sessions=True), Endpoint("two", has_sessions=True), Endpoint("three"))
    tab = Tab(Desk(headline="", place="", endpoints=endpoints, fronts={"front": lambda: backend, "other": lambda: ScriptedBackend((ANSWER,))}))
    tab.tab._exchanges.sessions = Sessions(lambda: now)
    return tab, backend


def ids(backend: ScriptedBackend) -> list[str | None]:
    return [request.session_id for request in backend.requests]


async def settle(tab: Tab) -> None:
    """Wait for the sessions that are being closed."""
    await asyncio.gather(*tab.tab._exchanges.sessions._closing)


async def test_a_session_is_opened_before_the_first_question_and_closed_with_the_conversation() -> None:
    tab, backend = stateful()
    assert backend.opened == []
    await tab.ask("one?")
    await tab.ask("two?")
    assert (backend.opened, backend.closed, ids(backend)) == (["one-1"], [], ["one-1", "one-1"])
    await tab.tab._cleared(False, "", ONE)
    await settle(tab)
    assert backend.closed == ["one-1"]
    await tab.ask("three?")
    assert ids(backend)[-1] == "one-2"
    await tab.tab.leave(ONE)
    await settle(tab)
    assert backend.closed == ["one-1", "one-2"]
    await tab.tab.leave(ONE)


async def test_everybody_has_a_session_of_their_own_and_the_pages_end_closes_them_all() -> None:
    tab, backend = stateful()
    for page in ("one", "two"):
        await tab.use(tab.tab._example("why?"), page)
    assert ids(backend) == ["one-1", "one-2"]
    await tab.tab.aclose()
    assert sorted(backend.closed) == ["one-1", "one-2"]


@pytest.mark.parametrize(("change", "value"), [("endpoint", "two"), ("endpoint", "three"), ("front", "other")])
async def test_a_session_ends_where_the_conversation_goes_elsewhere(change: str, value: str) -> None:
    tab, backend = stateful()
    await tab.ask("one?")
    tab.values[getattr(tab.panel, change)] = value
    await tab.ask("two?")
    await settle(tab)
    assert backend.closed == ["one-1"]
    assert backend.opened == (["one-1", "two-2"] if value == "two" else ["one-1"])
    assert [failure for _, _, failure in tab.shown()] == [None, None]


async def test_an_endpoint_without_sessions_is_asked_without_one() -> None:
    tab, backend = stateful()
    tab.values[tab.panel.endpoint] = "three"
    await tab.ask("one?")
    assert (backend.opened, ids(backend)) == ([], [None])


async def test_a_session_that_is_over_is_opened_anew_before_the_next_question() -> None:
    tab, backend = stateful(opening=(NOW, NOW + timedelta(seconds=1)))
    for question in ("one?", "two?", "three?"):
        await tab.ask(question)
    await settle(tab)
    assert (ids(backend), backend.closed) == (["one-1", "one-2", "one-2"], ["one-1"])


async def test_a_session_that_is_not_known_any_more_is_opened_anew_and_the_question_asked_again() -> None:
    tab, backend = stateful((LOST,), ANSWER)
    await tab.ask("one?")
    assert (ids(backend), backend.closed) == (["one-1", "one-2"], [])
    assert tab.shown() == [("one?", "yes", None)]


async def test_a_second_refusal_is_told() -> None:
    tab, backend = stateful((LOST,))
    await tab.ask("one?")
    assert ids(backend) == ["one-1", "one-2"]
    assert tab.shown() == [("one?", "", "The model failed: no")]


async def test_another_failure_is_told_at_once() -> None:
    tab, backend = stateful((TransportError("gone", phase="connect"),))
    await tab.ask("one?")
    assert ids(backend) == ["one-1"]
    assert (tab.shown()[0][2] or "").startswith("The connection failed")


@pytest.mark.parametrize("error", [ConfigurationError("no region"), RequestRejected("no", status=424, code="ModelError")], ids=["ours", "theirs"])
async def test_where_no_session_opens_the_question_goes_without_one(error: BackendError) -> None:
    tab, backend = stateful(opening=(error, NOW + timedelta(hours=1)))
    await tab.ask("one?")
    await tab.ask("two?")
    assert ids(backend) == [None, "one-2"]
    assert tab.shown() == [("one?", "yes", None), ("two?", "yes", None)]


async def test_a_session_that_cannot_be_closed_is_nobodys_trouble() -> None:
    tab, backend = stateful(refuses_to_close=True)
    await tab.ask("one?")
    await tab.tab.aclose()
    assert backend.closed == ["one-1"]


async def test_stop_is_heard_while_the_session_is_being_opened() -> None:
    tab, backend = stateful(opening=(FOREVER,))
    tab.values[tab.tab.box] = "one?"
    updates = tab.updates(tab.tab._ask_typed)
    while not backend.opened:
        await anext(updates)
        await asyncio.sleep(0)
    await tab.tab.stop(ONE)
    async for _ in updates:
        pass
    assert (tab.shown(), ids(backend)) == ([("one?", "", None)], [])


@contextmanager
def twin_desk(folder: Path, **settings: Any) -> Iterator[tuple[MockServer, Desk]]:
    file = folder / "catalog.toml"
    file.write_text(CATALOG)
    with MockServer(catalog=file, **settings) as twin:
        keys = Credentials("twin", "no-secret")
        backend = SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=keys, use_proxy=False)
        yield twin, Desk(headline="", place="", endpoints=twin.endpoints, fronts={"front": lambda: backend}, scripted=True)


@pytest.mark.parametrize("endpoint", ["one", "two"])
async def test_on_the_twin_a_conversation_has_one_session_from_its_first_question_to_its_end(tmp_path: Path, endpoint: str) -> None:
    with twin_desk(tmp_path) as (twin, desk):
        tab = Tab(desk)
        tab.values |= {tab.panel.profile: "instant", tab.panel.endpoint: endpoint}
        await tab.ask("one?")
        await tab.ask("two?")
        await tab.tab.aclose()
        await desk.aclose()
        twin.journal.wait(4)
        bodies = [entry.body.decode() for entry in twin.journal.finished]
        seen = [entry.headers.get("x-amzn-sagemaker-session-id") for entry in twin.journal.finished]
    assert [failure for _, _, failure in tab.shown()] == [None, None]
    assert (bodies[0], bodies[-1]) == ('{"requestType":"NEW_SESSION"}', '{"requestType":"CLOSE"}')
    assert seen[0] == "NEW_SESSION"
    assert len(set(seen[1:])) == 1


@pytest.mark.parametrize("endpoint", ["one", "two"])
async def test_a_twin_that_forgot_the_session_costs_nobody_an_answer(tmp_path: Path, endpoint: str) -> None:
    with twin_desk(tmp_path) as (twin, desk):
        tab = Tab(desk)
        tab.values |= {tab.panel.profile: "instant", tab.panel.endpoint: endpoint}
        await tab.ask("one?")
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{twin.url}/_mock/reset")).raise_for_status()
        await tab.ask("two?")
        await tab.tab.aclose()
        await desk.aclose()
        twin.journal.wait(4)
        statuses = [entry.status for entry in twin.journal.finished]
    assert statuses == [424, 200, 200, 200]
    assert [failure for _, _, failure in tab.shown()] == [None, None]


async def test_an_answer_in_a_session_tells_what_the_endpoint_told(tmp_path: Path) -> None:
    with twin_desk(tmp_path) as (_, desk):
        backend = desk.fronts["front"]()
        sessions = Sessions()
        streaming = sessions.backend("page", backend, desk.endpoint("two"))
        answer = streaming.stream(ChatRequest(messages=[ChatMessage("user", "hello")], endpoint=desk.endpoint("two"), custom_attributes="mock.profile=instant"))
        assert (answer.request_id, answer.content_type, answer.headers) == (None, None, {})
        async with answer:
            assert answer.request_id == answer.headers["x-amzn-requestid"]
            assert answer.content_type == "text/event-stream; charset=utf-8"
        closed = streaming.stream(ChatRequest(messages=[ChatMessage("user", "hello")], endpoint=desk.endpoint("two")))
        await closed.aclose()
        async with closed:
            assert [event async for event in closed] == []
        await sessions.aclose()
        await backend.aclose()
