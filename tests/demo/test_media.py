from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from backends.chat import ChatMessage, ChatRequest, Tap
from backends.endpoints import Endpoint
from backends.errors import TransportError
from backends.events import Data, Finish
from demo.media import element, media_route
from demo.run import Run
from demo.tape import Tape, Tapes
from demo.transcript import Look, rows
from demo.turns import Turn
from tests.demo.fakes import FOREVER, ScriptedAnswer, ScriptedBackend, Step

REQUEST = ChatRequest(messages=[ChatMessage("user", "a lake")], endpoint=Endpoint("e"))
DEADLINE_S = 20


@dataclass
class Site:
    """A page that has nothing but the route, and the tapes behind it."""

    client: httpx.AsyncClient
    tapes: Tapes

    def tape(self, kind: str | None = "image/jpeg", body: bytes = b"", ending: str | None = None) -> Tape:
        """Keep a tape of an answer."""
        tape = self.tapes.add("page", Tape(REQUEST, content_type=kind, ending=ending))
        tape.part(body, 0.0)
        return tape


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    tapes = Tapes()
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[media_route(tapes)]), log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False, timeout=DEADLINE_S) as client:
            yield Site(client, tapes)
        server.should_exit = True
        await serving


async def test_what_comes_flows_on_and_ends_with_the_answer(site: Site) -> None:
    tape = site.tape(body=b"one")
    async with site.client.stream("GET", f"/media/{tape.key}") as response:
        assert (response.headers["content-type"], response.headers["cache-control"]) == ("image/jpeg", "no-store")
        assert response.headers["x-content-type-options"] == "nosniff"
        chunks = response.aiter_bytes()
        assert await anext(chunks) == b"one"
        tape.part(b"two", 0.1)
        assert await anext(chunks) == b"two"
        tape.part(b"three", 0.2)
        tape.ending = "finished"
        assert [chunk async for chunk in chunks] == [b"three"]


async def test_while_it_flows_a_range_gets_the_whole_and_the_head_comes_at_once(site: Site) -> None:
    tape = site.tape("audio/wav; rate=22050", b"RIFF")
    head = await site.client.head(f"/media/{tape.key}")
    assert (head.status_code, "accept-ranges" in head.headers, head.content) == (200, False, b"")
    async with site.client.stream("GET", f"/media/{tape.key}", headers={"range": "bytes=0-"}) as response:
        assert (response.status_code, response.headers["content-type"]) == (200, "audio/wav")
        tape.ending = "stopped by you"
        assert await response.aread() == b"RIFF"


RANGES = [
    ("", 200, b"0123456789", None),
    ("bytes=0-", 206, b"0123456789", "bytes 0-9/10"),
    ("bytes=0-1", 206, b"01", "bytes 0-1/10"),
    ("bytes=7-99", 206, b"789", "bytes 7-9/10"),
    ("bytes=-3", 206, b"789", "bytes 7-9/10"),
    ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
    ("bytes=10-", 416, b"", "bytes */10"),
    ("bytes=-0", 416, b"", "bytes */10"),
    ("bytes=-", 200, b"0123456789", None),
    ("bytes=3-1", 416, b"", "bytes */10"),
    (f"bytes={'9' * 5000}-", 200, b"0123456789", None),
    ("bytes=0-1,4-5", 200, b"0123456789", None),
    ("lines=1-2", 200, b"0123456789", None),
]


@pytest.mark.parametrize(("asked", "status", "data", "told"), RANGES)
async def test_of_an_answer_that_ended_one_gets_the_range(site: Site, asked: str, status: int, data: bytes, told: str | None) -> None:
    tape = site.tape("audio/wav", b"0123456789", "finished")
    response = await site.client.get(f"/media/{tape.key}", headers={"range": asked} if asked else {})
    assert (response.status_code, response.content, response.headers.get("content-range")) == (status, data, told)
    assert response.headers["accept-ranges"] == "bytes"


async def test_whoever_asks_for_what_is_not_there_is_told_so(site: Site) -> None:
    hidden = [site.tape(kind, b"<svg onload=alert(1)>", "finished").key for kind in ("image/svg+xml", "text/html", "application/jsonlines", None)]
    for key in (*hidden, "1", "guessed"):
        response = await site.client.get(f"/media/{key}")
        assert (response.status_code, response.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    forgotten = site.tape(ending="finished")
    site.tapes.forget("page")
    assert (await site.client.get(f"/media/{forgotten.key}")).status_code == 404


async def test_a_reader_who_is_gone_ends_though_nothing_comes(site: Site) -> None:
    tape, tasks = site.tape(body=b"one"), asyncio.all_tasks()
    async with site.client.stream("GET", f"/media/{tape.key}") as response:
        assert await anext(response.aiter_bytes()) == b"one"
        serving = asyncio.all_tasks() - tasks
    assert serving
    _, still_there = await asyncio.wait(serving, timeout=DEADLINE_S)
    assert (still_there, tape.ending) == (set(), None)


def test_no_two_tapes_have_a_key_that_is_alike() -> None:
    keys = {Tape(REQUEST).key for _ in range(50)}
    assert (len(keys), {len(key) for key in keys}) == (50, {22})


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("image/jpeg", '<img class="media" src="media/KEY" alt="The picture that answers">'),
        ("Image/PNG; q=1", '<img class="media" src="media/KEY" alt="The picture that answers">'),
        ("audio/wav", '<audio class="media" controls preload="auto" src="media/KEY" title="The sound that answers"></audio>'),
        ("image/svg+xml", "<em>The answer is of the type image/svg+xml, which this page does not show.</em>"),
        ("video/<b>", "<em>The answer is of the type video/&lt;b&gt;, which this page does not show.</em>"),
        ("text/event-stream", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_an_answer_is_shown_by_its_type(kind: str | None, shown: str) -> None:
    assert element(Tape(REQUEST, key="KEY", content_type=kind)) == shown


class MediaBackend(ScriptedBackend):
    """A backend whose answers are pictures."""

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> ScriptedAnswer:
        answer = super().stream(request, tap=tap)
        answer.content_type = "image/jpeg"
        return answer


def run(*steps: Step) -> tuple[Run, Tape]:
    tape = Tape(REQUEST, key="KEY")
    return Run(MediaBackend([steps]), REQUEST, tape=tape), tape


async def test_a_turn_has_the_picture_from_its_head_on() -> None:
    answer, tape = run(Data(b"one"), 0.1, Data(b"two"), Finish())
    turns = [turn async for turn in answer.turns()]
    assert (turns[0].media, turns[-1].media) == ("", element(tape))
    assert (turns[-1].answer, turns[-1].failure, tape.ending) == ("", None, "finished")
    assert turns[-1].status.startswith("first bytes ")


async def test_a_picture_that_breaks_off_stays() -> None:
    answer, tape = run(Data(b"one"), TransportError("reset", phase="stream"))
    last = [turn async for turn in answer.turns()][-1]
    assert (last.media, last.failure, tape.ending) == (element(tape), "The connection failed: reset", "broken off")


async def test_a_tape_ends_with_a_page_that_leaves() -> None:
    answer, tape = run(Data(b"one"), FOREVER)
    async with contextlib.aclosing(answer.turns()) as turns:
        await anext(turns)
    assert tape.ending == "nobody waited for its end"


@pytest.mark.parametrize("plain", [True, False])
def test_a_row_holds_the_picture_as_html(plain: bool) -> None:
    turn = Turn("a <b>lake</b>", status="finished", media='<img src="media/KEY">')
    assert [row["content"]["text"] for row in rows([turn], Look(plain=plain))][1] == '<img src="media/KEY">'
