"""A model behind an endpoint: what it says leaves in the endpoint's own container, cut and profile, and what goes wrong with it too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from backends.errors import RequestRejected, StreamInterrupted
from backends.events import StreamEvent, Token
from backends.sagemaker import SageMakerBackend
from backends.wire import decode_events
from backends.wire.eventstream import EventStreamDecoder
from backends.wire.parts import parse_part
from mock_server import MockServer
from mock_server.catalog import CatalogError, load_catalog
from mock_server.clock import VirtualClock
from tests.backends.far_side import LAST_CHUNK, Close, FarSide, Reset, Stall, Step, chunk, container_head, refusal, until
from tests.contract.clients import KEYS, request_for

PATHS = {"runtime": "endpoints/mine/invocations-response-stream", "plain": "endpoints/mine/invocations", "container": "containers/mine/invocations"}
LMI, TGI = "lmi-0.23", "tgi-0.9.4"
HEAD = container_head(b"text/event-stream")
MODELS = refusal(200, b'{"object": "list", "data": [{"id": "tiny/model"}]}')
LMI_BODY = b'{"outputs": ["He"]}\n{"outputs": ["llo \\ud83d\\ude00"]}\n{"outputs": ["<|endoftext|>"]}\n'


def said(*deltas: dict[str, Any], finish_reason: str = "stop") -> bytes:
    """Return the events of a chat."""
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]})
    return b"".join(chunk(b"data: %b\n\n" % json.dumps(each).encode()) for each in chunks) + chunk(b"data: [DONE]\n\n") + LAST_CHUNK


def completed(*texts: str, finish_reason: str = "stop") -> bytes:
    """Return the events of a completion."""
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "text": text, "finish_reason": None}]} for text in texts]
    chunks.append({"choices": [{"index": 0, "text": "", "finish_reason": finish_reason}]})
    return b"".join(chunk(b"data: %b\n\n" % json.dumps(each).encode()) for each in chunks) + chunk(b"data: [DONE]\n\n") + LAST_CHUNK


HELLO = completed("He", "llo 😀")


@contextmanager
def twin_of(url: str, folder: Path, container: str = LMI, more: str = "") -> Iterator[MockServer]:
    file = folder / "catalog.toml"
    file.write_text(f'[mine]\ncontainer = "{container}"\nupstream = "{url}"\n{more}', encoding="utf-8")
    with MockServer(catalog=file) as server:
        yield server


async def ask(twin: MockServer, front: str = "runtime", attributes: str = "", **body: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        headers = {"x-amzn-sagemaker-custom-attributes": attributes}
        return await client.post(f"{twin.url}/{PATHS[front]}", json={"inputs": "say hello", "stream": True, **body}, headers=headers)


def parts_of(response: httpx.Response) -> list[bytes]:
    decoder = EventStreamDecoder()
    return [parse_part(message) or b"" for message in decoder.feed(response.content)]


async def test_a_prompt_is_completed_and_leaves_as_the_container_writes(tmp_path: Path) -> None:
    async with FarSide([[MODELS], [HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path) as twin:
            response = await ask(twin, parameters={"max_new_tokens": 9, "stop_sequences": ["\n"]})
            entry = twin.journal.wait()

    assert b"".join(parts_of(response)) == LMI_BODY
    assert [seen.target for seen in model.requests] == ["/v1/models", "/v1/completions"]
    assert json.loads(model.requests[1].body) == {
        "model": "tiny/model", "prompt": "say hello", "stream": True, "stream_options": {"include_usage": True}, "max_tokens": 9, "stop": ["\n"],
    }  # fmt: skip
    assert (entry.ended, entry.parts, entry.script) == ("completed", 3, None)


async def test_each_front_and_the_whole_answer_say_the_same(tmp_path: Path) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, more='upstream_model = "m"') as twin:
            bodies = {front: (await ask(twin, front)).content for front in ("container", "plain")}

    assert bodies == {"container": LMI_BODY, "plain": LMI_BODY}


async def test_a_whole_answer_of_tgi_waits_for_the_model_s_end(tmp_path: Path) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, TGI, 'upstream_model = "m"') as twin:
            response = await ask(twin, "container", stream=False, parameters={"details": True})

    (answer,) = response.json()
    assert answer["generated_text"] == "Hello 😀"
    assert (answer["details"]["finish_reason"], answer["details"]["generated_tokens"]) == ("eos_token", 3)
    assert int(response.headers["content-length"]) == len(response.content)


async def test_a_server_without_completions_is_asked_in_a_chat(tmp_path: Path) -> None:
    async with FarSide([[refusal(404)], [HEAD + said({"role": "assistant"}, {"content": "He"}, {"content": "llo 😀"})]]) as model:
        with twin_of(model.url + "/v1/", tmp_path, more='upstream_model = "m"') as twin:
            response = await ask(twin)

    assert b"".join(parts_of(response)) == LMI_BODY
    assert [seen.target for seen in model.requests] == ["/v1/completions", "/v1/chat/completions"]
    assert json.loads(model.requests[1].body)["messages"] == [{"role": "user", "content": "say hello"}]


@pytest.mark.parametrize(("word", "reason"), [("stop", "eos_token"), ("length", "length"), ("content_filter", "eos_token")])
async def test_the_end_is_the_containers_own(tmp_path: Path, word: str, reason: str) -> None:
    async with FarSide([[HEAD + completed("Hi", finish_reason=word)]]) as model:
        with twin_of(model.url, tmp_path, TGI, 'upstream_model = "m"') as twin:
            response = await ask(twin, "container", parameters={"details": True})

    *_, last = response.text.strip().split("\n\n")
    event = json.loads(last.removeprefix("data:"))
    assert (event["generated_text"], event["details"]["finish_reason"]) == ("Hi", reason)
    assert event["token"]["special"] is (reason == "eos_token")


async def test_thoughts_and_calls_are_told_between_their_marks(tmp_path: Path) -> None:
    call = {"index": 0, "id": "1", "function": {"name": "clock", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"zone": "UTC"}'}}
    deltas = ({"reasoning_content": "Hm"}, {"content": "Well."}, {"tool_calls": [call]}, {"tool_calls": [more]})
    async with FarSide([[refusal(405)], [HEAD + said(*deltas, finish_reason="tool_calls")]]) as model:
        with twin_of(model.url, tmp_path, TGI, 'upstream_model = "m"') as twin:
            response = await ask(twin, "container")

    events = list(decode_events([response.content], "text/event-stream"))
    text = "".join(event.text for event in events if isinstance(event, Token) and not event.special)
    assert text == '<think>\nHm\n</think>\n\nWell.<tool_call>\n{"name": "clock", "arguments": {"zone": "UTC"}}\n</tool_call>'


async def test_calls_whose_arguments_interleave_are_no_answer(tmp_path: Path) -> None:
    calls = [{"index": place, "id": str(place), "function": {"name": "clock", "arguments": ""}} for place in (0, 1)]
    more = [{"index": place, "function": {"arguments": "{}"}} for place in (0, 1)]
    async with FarSide([[refusal(404)], [HEAD + said(*({"tool_calls": [call]} for call in (*calls, *more)))]]) as model:
        with twin_of(model.url, tmp_path, TGI, 'upstream_model = "m"') as twin:
            await ask(twin, "container")
            entry = twin.journal.wait()

    assert (entry.ended, entry.notes[0]) == ("failed", "the model goes on with tool call 0 inside call 1, which no container can write")


PACED: Sequence[tuple[str, list[float]]] = [
    ("vllm-0.11.0", [100.0, 100.0, 200.0, 300.0, 300.0]),
    (LMI, [100.0, 200.0, 300.0]),
]


@pytest.mark.parametrize(("container", "planned_s"), PACED)
async def test_a_profile_holds_a_model_back_from_the_request_on(tmp_path: Path, container: str, planned_s: list[float]) -> None:
    chat = [HEAD + said({"content": "He"}, {"content": "llo 😀"})]
    async with FarSide([chat if container.startswith("vllm") else [HEAD + HELLO]]) as model:
        file = tmp_path / "catalog.toml"
        file.write_text(f'[mine]\ncontainer = "{container}"\nupstream = "{model.url}"\nupstream_model = "m"\n', encoding="utf-8")
        with MockServer(catalog=file, clock=VirtualClock()) as twin:
            body: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}]} if container.startswith("vllm") else {}
            await ask(twin, attributes="mock.profile=constant:100,100", **body)
            entry = twin.journal.wait()

    assert entry.planned_s == pytest.approx(planned_s, abs=90)  # less what the model took, in real time
    assert list(entry.planned_s) == sorted(entry.planned_s)


async def test_a_limit_is_not_divided_where_a_model_answers(tmp_path: Path) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, more='upstream_model = "m"') as twin:
            response = await ask(twin, attributes="mock.speed=900000")

    assert b"".join(parts_of(response)) == LMI_BODY


@pytest.mark.parametrize(("cut", "most"), [("every-byte", 1), ("bytes:7", 7), ("whole", len(LMI_BODY)), ("random:5", 5), ("merge:2", len(LMI_BODY))])
async def test_what_comes_is_cut_as_a_script_would_be(tmp_path: Path, cut: str, most: int) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, more='upstream_model = "m"') as twin:
            parts = parts_of(await ask(twin, attributes=f"mock.cut={cut};mock.seed=3"))

    assert b"".join(parts) == LMI_BODY
    assert max(map(len, parts)) <= most
    assert len(parts) >= len(LMI_BODY) / most


async def test_an_aimed_cut_hits_what_comes(tmp_path: Path) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, more='upstream_model = "m"') as twin:
            parts = parts_of(await ask(twin, attributes="mock.cut=inside-escape"))
            response = await ask(twin, attributes="mock.cut=inside-crlf")
            entry = twin.journal.wait(2)

    assert b"".join(parts) == LMI_BODY == b"".join(parts_of(response))
    assert any(part.startswith(b"d83d") or part[:1] in b"u8d3" for part in parts[1:])
    assert entry.notes == ("the cut inside-crlf found nothing to cut",)


FAULTS: Sequence[tuple[str, int, str]] = [
    ("model-stream-error@1", 1, "fault"),
    ("model-stream-error@3", 3, "fault"),
    ("bad-message-crc@1", 2, "fault"),
    ("model-stream-error@9", 3, "completed"),
    ("stall:0.01@1", 3, "completed"),
]


@pytest.mark.parametrize(("fault", "parts", "ended"), FAULTS)
async def test_a_fault_strikes_at_its_moment(tmp_path: Path, fault: str, parts: int, ended: str) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, more='upstream_model = "m"') as twin:
            await ask(twin, attributes=f"mock.fault={fault}")
            entry = twin.journal.wait()
            await model.all_gone()

    assert (entry.parts, entry.ended) == (parts, ended)
    assert entry.notes == ((f"the fault {fault} was not reached: the answer has 3 parts",) if fault.endswith("@9") else ())


LINES = LMI_BODY.splitlines(keepends=True)
FAILED = b'{"code": 500, "error": "the model failed"}'
WRITTEN: Sequence[tuple[str, list[bytes], str, Sequence[str]]] = [
    ("container-error@1", [LINES[0], FAILED], "fault", ()),
    ("no-finish", LINES[:2], "fault", ()),
    ("no-final-newline+crlf", [*(line.replace(b"\n", b"\r\n") for line in LINES[:2]), LINES[2].rstrip(b"\n")], "fault", ()),
    ("keep-alive@1", [LINES[0], b"\n", *LINES[1:]], "completed", ()),
    ("keep-alive@7", LINES, "completed", ("the fault keep-alive@7 was not reached: it found nothing to change in what the container wrote",)),
]


@pytest.mark.parametrize(("fault", "left", "ended", "notes"), WRITTEN)
@pytest.mark.parametrize("front", PATHS)
async def test_a_fault_of_the_container_strikes_what_a_model_says(
    tmp_path: Path, front: str, fault: str, left: list[bytes], ended: str, notes: Sequence[str]
) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, more='upstream_model = "m"') as twin:
            response = await ask(twin, front, attributes=f"mock.fault={fault}")
            entry = twin.journal.wait()
            await model.all_gone()

    assert (b"".join(parts_of(response)) if front == "runtime" else response.content) == b"".join(left)
    assert (entry.ended, entry.notes) == (ended, notes)


@pytest.mark.parametrize(
    ("streams", "status", "left"),
    [
        (True, 200, [b'data:{"error":"Model is overloaded","error_type":"overloaded"}', b""]),
        (False, 429, [b'{"error":"Model is overloaded","error_type":"overloaded"}']),
    ],
)
async def test_a_kind_of_error_that_was_asked_for_takes_the_place_of_what_a_model_says(tmp_path: Path, streams: bool, status: int, left: list[bytes]) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, "tgi-1.4", 'upstream_model = "m"') as twin:
            response = await ask(twin, "container", "mock.fault=container-error:overloaded", stream=streams)
            entry = twin.journal.wait()
            await model.all_gone()

    assert (response.status_code, response.content.split(b"\n\n"), entry.ended) == (status, left, "fault")


async def test_a_script_that_is_asked_for_by_name_needs_no_model(tmp_path: Path) -> None:
    async with FarSide([[refusal(500)]]) as model:
        with twin_of(model.url, tmp_path) as twin:
            response = await ask(twin, attributes="mock.script=hello")

    assert b"Hello" in response.content
    assert model.requests == []


BROKEN: Sequence[tuple[Sequence[Step], str]] = [
    ([HEAD + chunk(b'data: {"choices": [{"text": "He"}]}\n\n'), Reset], "the connection broke in the middle of the answer"),
    ([HEAD + chunk(b'data: {"choices": [{"text": "He"}]}\n\n'), Close], "the connection broke in the middle of the answer"),
    ([HEAD + chunk(b'data: {"choices": [{"text": "He"}]}\n\n') + LAST_CHUNK], "before the answer did"),
    ([HEAD + chunk(b'data: {"choices": [{"text": "He"}]}\n\n') + chunk(b'data: {"error": {"message": "boom"}}\n\n') + LAST_CHUNK], "boom"),
    ([HEAD + chunk(b'data: {"choices": [{"text": "He"}]}\n\n') + chunk(b"data: {nope\n\n") + LAST_CHUNK], "cannot be read"),
]


@pytest.mark.parametrize(("steps", "why"), BROKEN)
async def test_a_model_that_breaks_off_is_the_containers_error(tmp_path: Path, steps: Sequence[Step], why: str) -> None:
    async with FarSide([steps]) as model:
        with twin_of(model.url, tmp_path, TGI, 'upstream_model = "m"') as twin:
            async with SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False) as backend:
                events: list[StreamEvent] = []
                with pytest.raises(StreamInterrupted) as raised:  # noqa: PT012 - what came before counts
                    async with backend.stream(request_for(twin.endpoints[0], "")) as answer:
                        async for event in answer:
                            events.append(event)  # noqa: PERF401 - a comprehension would lose it
            entry = twin.journal.wait()

    assert [event.text for event in events if isinstance(event, Token)] == ["He"]
    assert raised.value.code == "generation"
    assert why in entry.notes[0]
    assert entry.ended == "failed"


REFUSED: Sequence[tuple[Sequence[Step], int, int, str]] = [
    ([refusal(429, b'{"error": {"message": "slow down"}}')], 429, 429, "HTTP 429: {"),
    ([refusal(503)], 503, 503, "HTTP 503"),
    ([Reset], 500, 500, "the connection broke"),
    ([HEAD + LAST_CHUNK], 500, 500, "without a frame"),
    ([refusal(302)], 500, 500, "HTTP 302"),
]


@pytest.mark.parametrize(("steps", "original", "status", "why"), REFUSED)
async def test_a_model_that_does_not_begin_is_a_container_that_fails(tmp_path: Path, steps: Sequence[Step], original: int, status: int, why: str) -> None:
    async with FarSide([steps]) as model:
        with twin_of(model.url, tmp_path, more='upstream_model = "m"') as twin:
            async with SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False) as backend:
                with pytest.raises(RequestRejected) as raised:
                    await backend.stream(request_for(twin.endpoints[0], "")).__aenter__()
            plain = await ask(twin, "container")
            entry = twin.journal.wait()

    assert (raised.value.code, raised.value.original_status) == ("ModelError", original)
    assert plain.status_code == status
    assert why in entry.notes[0]
    assert entry.ended == "failed"


async def test_no_model_at_that_address_is_said_in_the_journal(tmp_path: Path) -> None:
    async with FarSide([[Close]]) as gone:
        url = gone.url
    with twin_of(url, tmp_path) as twin:
        response = await ask(twin)
        entry = twin.journal.wait()

    assert (response.status_code, entry.ended) == (424, "failed")
    assert "no connection" in entry.notes[0]


async def test_a_server_that_lists_no_model_asks_for_a_name(tmp_path: Path) -> None:
    async with FarSide([[refusal(200, b'{"data": []}')]]) as model:
        with twin_of(model.url, tmp_path) as twin:
            await ask(twin)
            entry = twin.journal.wait()

    assert 'name one in the catalog, upstream_model = "..."' in entry.notes[0]


@pytest.mark.parametrize("front", ["runtime", "container", "plain"])
@pytest.mark.parametrize("container", [LMI, TGI])
@pytest.mark.parametrize("steps", [[Stall], [HEAD, Stall], [HEAD + chunk(b'data: {"choices": [{"text": "He"}]}\n\n'), Stall]], ids=["head", "first", "flow"])
async def test_a_client_that_goes_stops_the_model_at_once(tmp_path: Path, steps: Sequence[Step], container: str, front: str) -> None:
    async with FarSide([steps]) as model:
        with twin_of(model.url, tmp_path, container, 'upstream_model = "m"') as twin:
            async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
                path = {
                    "runtime": "endpoints/mine/invocations-response-stream",
                    "plain": "endpoints/mine/invocations",
                    "container": "containers/mine/invocations",
                }
                send = client.post(f"{twin.url}/{path[front]}", json={"inputs": "hello", "stream": True})
                task = asyncio.create_task(send)
                await until(lambda: model.requests)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await model.all_gone()
            entry = await asyncio.to_thread(twin.journal.wait)

    assert entry.ended == "cancelled"


async def test_a_twin_that_stops_stops_the_model(tmp_path: Path) -> None:
    async with FarSide([[HEAD + chunk(b'data: {"choices": [{"text": "He"}]}\n\n'), Stall]]) as model:
        with twin_of(model.url, tmp_path, TGI, 'upstream_model = "m"') as twin:
            async with (
                httpx.AsyncClient(trust_env=False, timeout=20) as client,
                client.stream("POST", f"{twin.url}/containers/mine/invocations", json={"inputs": "x", "stream": True}) as response,
            ):
                body = response.aiter_raw()
                assert await anext(body)
                await asyncio.to_thread(twin.stop)
                await model.all_gone()
        assert twin.journal.wait().ended == "stopped"


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:80", "http://", "http://u:p@x", "http://x/?q=1", "http://[::1", "http://x:99999"])
def test_a_url_of_no_server_does_not_load(tmp_path: Path, url: str) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(f'[mine]\ncontainer = "{LMI}"\nupstream = "{url}"\n', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"endpoint 'mine': upstream: .* is no such URL; legal: the URL of a server"):
        load_catalog(file)


def test_a_model_without_a_server_does_not_load(tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(f'[mine]\ncontainer = "{LMI}"\nupstream_model = "m"\n', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"upstream: upstream_model stands without it"):
        load_catalog(file)
