"""What passes the gate in front of a page, and what it answers itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from demo.gate import HOUR_S, Gate, way_of
from demo.limits import PUBLIC

LIMITS = replace(PUBLIC, pages_each=3, connections_each=2, request_bytes=100)

SERVED = [
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/assets/index-1.js"),
    ("GET", "/static/fonts/SourceSansPro/SourceSansPro-Regular.woff2"),
    ("GET", "/theme.css"),
    ("GET", "/gradio_api/heartbeat/abc"),
    ("GET", "/gradio_api/queue/data"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/run/predict"),
    ("POST", "/gradio_api/cancel"),
    ("GET", "/recordings/abc/1"),
    ("GET", "/media/abc"),
    ("HEAD", "/media/abc"),
]
CLOSED = [
    ("POST", "/"),
    ("PUT", "/theme.css"),
    ("OPTIONS", "/gradio_api/queue/join"),
    ("GET", "/gradio_api/run/predict"),
    ("POST", "/gradio_api/run/stop"),
    ("POST", "/gradio_api/call/stop"),
    ("POST", "/gradio_api/call/v2/stop"),
    ("POST", "/gradio_api/api/predict"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/openapi.json"),
    ("GET", "/gradio_api/queue/status"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/dev/reload"),
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("GET", "/gradio_api/file/etc/passwd"),
    ("GET", "/gradio_api/proxy=http://127.0.0.1/"),
    ("GET", "/gradio_api/runs"),
    ("GET", "/gradio_api/vibe-code"),
    ("POST", "/gradio_api/vibe-edit"),
    ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/component_server"),
    ("GET", "/gradio_api/deep_link"),
    ("GET", "/monitoring"),
    ("GET", "/monitoring/summary"),
    ("POST", "/login"),
    ("GET", "/logout"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/_mock/journal"),
    ("GET", "/assets/"),
    ("GET", "/\n"),
]


@pytest.mark.parametrize(("method", "path"), SERVED)
def test_what_the_page_asks_for_is_served(method: str, path: str) -> None:
    assert way_of(method, path) is not None


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_nothing_else_is_there(method: str, path: str) -> None:
    assert way_of(method, path) is None


class Clock:
    """A clock that is turned by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a request."""

    status: int
    error: str
    body: bytes
    """What the application behind the gate read."""


class Doors:
    """A gate, the application behind it, and somebody in front."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.gate = Gate(self.application, LIMITS, self.clock)
        self.read: list[bytes] = []
        self.leave = asyncio.Event()
        self.leave.set()

    async def application(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            self.read.append((await receive())["body"])
        await self.leave.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(self, method: str, path: str, chunks: tuple[bytes, ...] = (b"",), **scope: Any) -> Answered:
        sent: list[Message] = []
        messages = [{"type": "http.request", "body": chunk, "more_body": number < len(chunks)} for number, chunk in enumerate(chunks, 1)]

        async def receive() -> Message:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        known = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [], "client": ("192.0.2.1", 1)}
        await self.gate(known | scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answered(sent[0]["status"], json.loads(body)["error"] if body else "", self.read[-1] if self.read else b"")

    async def join(self, session: Any, **scope: Any) -> int:
        return (await self.ask("POST", "/gradio_api/queue/join", (json.dumps({"session_hash": session}).encode(),), **scope)).status


async def test_what_is_not_there_is_told_in_the_language_of_whoever_asks() -> None:
    answered = await Doors().ask("GET", "/gradio_api/info", headers=[(b"accept-language", b"es-ES,es;q=0.9")])
    assert (answered.status, answered.error) == (404, "En esta página no hay nada ahí.")


async def test_a_body_passes_whole_however_it_comes() -> None:
    answered = await Doors().ask("POST", "/gradio_api/run/predict", (b'{"session', b'_hash": ', b'"a"}'))
    assert (answered.status, answered.body) == (200, b'{"session_hash": "a"}')


@pytest.mark.parametrize("chunks", [(b"x" * 101,), (b"x" * 60, b"x" * 60)])
async def test_a_body_over_the_limit_is_refused_and_not_read_on(chunks: tuple[bytes, ...]) -> None:
    doors = Doors()
    answered = await doors.ask("POST", "/gradio_api/run/predict", (*chunks, b"x"))
    assert (answered.status, answered.error) == (413, "The page takes requests of up to 100 bytes.")
    assert doors.read == []


async def test_an_address_has_so_many_sessions_within_an_hour_and_keeps_those_that_it_has() -> None:
    doors = Doors()
    assert [await doors.join(session) for session in ("a", "b", "c", "d", "a")] == [200, 200, 200, 429, 200]
    assert [(await doors.ask("GET", f"/gradio_api/heartbeat/{session}")).status for session in ("a", "d")] == [200, 429]
    assert [(await doors.ask("GET", "/gradio_api/queue/data", query_string=b"session_hash=" + session)).status for session in (b"b", b"e")] == [200, 429]
    assert await doors.join("d", client=("192.0.2.2", 1)) == 200
    doors.clock.now_s += HOUR_S
    assert await doors.join("d") == 200


async def test_visitors_who_are_gone_are_forgotten() -> None:
    doors = Doors()
    for number in range(50):
        await doors.join("a", client=(f"192.0.2.{number}", 1))
    doors.clock.now_s += HOUR_S
    await doors.join("a", client=("198.51.100.1", 1))
    assert list(doors.gate._sessions._seen_at_s) == ["198.51.100.1"]


async def test_an_upload_counts_as_a_visit() -> None:
    doors = Doors()
    assert [(await doors.ask("POST", "/gradio_api/upload", (b"--x",))).status for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("session", ["", "x" * 65, "a/b", "a\n", 7, ["a"]])
async def test_a_session_of_no_such_name_is_refused(session: Any) -> None:
    assert await Doors().join(session) == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"a"', b"{}", b"\xff"])
async def test_what_names_no_session_is_left_to_the_application(body: bytes) -> None:
    assert (await Doors().ask("POST", "/gradio_api/queue/join", (body,))).status == 200


async def test_an_address_holds_so_many_connections_and_what_ends_makes_room() -> None:
    doors = Doors()
    doors.leave.clear()
    held = [asyncio.create_task(doors.ask("GET", "/gradio_api/heartbeat/a")) for _ in range(2)]
    await asyncio.sleep(0)
    assert (await doors.ask("GET", "/media/x")).error == "The page holds 2 connections to a visitor: close a tab."
    doors.leave.set()
    assert [answered.status for answered in await asyncio.gather(*held)] == [200, 200]
    assert (await doors.ask("GET", "/media/x")).status == 200
    assert doors.gate._held == {}


async def test_what_is_no_request_passes() -> None:
    passed: list[str] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope["type"])

    await _call(Gate(application, LIMITS), {"type": "lifespan"})
    assert passed == ["lifespan"]


async def _call(gate: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope) -> None:
    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await gate(scope, receive, send)
