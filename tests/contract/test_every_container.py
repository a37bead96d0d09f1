"""Every container that the twin plays, for each shape of request that it takes: what its own faults, and HTTP cuts, do to the events at both fronts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache

import pytest

from backends.chat import ChatBackend
from backends.container import ContainerBackend
from backends.endpoints import Accepts, Endpoint
from backends.errors import BackendError, StreamInterrupted, TruncatedStream
from backends.events import Finish, StreamEvent
from backends.sagemaker import SageMakerBackend
from backends.wire import EventDecoder, decode_events
from mock_server import MockServer
from mock_server.catalog import FILE, load_catalog
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Taken, generate
from mock_server.containers.media import MEDIA
from mock_server.journal import Entry
from tests.backends.asking import text_of
from tests.backends.wire.fragments import joined
from tests.contract.clients import KEYS, PartsTap, body, request_for

NAMES = {f"{name.replace('.', '-')}-{accepts}": name for name, container in CONTAINERS.items() if container not in MEDIA for accepts in container.accepts}
"""Endpoint -> the container behind it, of those that write text."""
FRONTS = ("SageMaker", "container")
BEFORE = 5
"""So many writes come before a container fails."""

NONE, MODEL, GENERATION = "the container gives no message", "the model failed", "Request failed during generation: Server error: the model failed"
ROLLING, ENGINE = "exception occurred during rolling batch inference", "EngineCore encountered an issue. See stack trace (above) for the root cause."
WORDS = {
    **dict.fromkeys(("lmi-0.23", "lmi-0.23-json", "lmi-0.24", "lmi-0.24-json", "lmi-0.29", "lmi-0.29-bedrock", "sglang-0.5.4"), MODEL),
    **dict.fromkeys(("lmi-0.25", "lmi-0.25-json", "lmi-0.26", "lmi-0.26-json", "lmi-0.27", "lmi-0.27-json"), NONE),
    **dict.fromkeys(("lmi-0.28", "lmi-0.28-json", "lmi-0.28-sse", "lmi-0.28-tgi-compat"), NONE),
    **dict.fromkeys(("lmi-0.30", "lmi-0.31", "lmi-0.32", "lmi-0.32-reasoning"), ROLLING),
    **dict.fromkeys(("lmi-0.36", "lmi-0.36-reasoning", "lmi-0.36-sse", "lmi-0.36-tgi-compat"), ROLLING),
    **dict.fromkeys(("lmi-0.35-async-vllm", "vllm-0.11.0", "vllm-0.14.1"), ENGINE),
    **dict.fromkeys((name for name in CONTAINERS if name.startswith("tgi-")), GENERATION),
}
"""What each container says that failed in its stream; one that is missing says it in no frame."""
ENDLESS = {"lmi-0-23-inputs", "lmi-0-24-inputs", "lmi-0-25-inputs", "lmi-0-23-dynamic-inputs"}
"""Endpoints whose streams have no mark at their end."""
DOCUMENTS = {f"lmi-0-{release}-json-inputs" for release in range(23, 29)}
"""Endpoints that dribble out one document, without a line."""
HARMLESS = (("crlf", "bytes:11"), ("keep-alive@3", "write"), ("crlf+keep-alive@3", "bytes:11"), ("no-final-newline", "bytes:11"))
"""Faults after which every event is still there, and how the answer is cut."""


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    """A twin with an endpoint for each container and shape."""
    file = tmp_path_factory.mktemp("catalog") / "catalog.toml"
    tables = [f'[{name}]\ncontainer = "{container}"\naccepts = "{name.rpartition("-")[2]}"\n' for name, container in NAMES.items()]
    file.write_text("\n".join(tables), encoding="utf-8")
    with MockServer(catalog=file) as server:
        yield server


def backend_for(twin: MockServer, front: str) -> AbstractAsyncContextManager[ChatBackend]:
    if front == "container":
        return ContainerBackend(use_proxy=False)
    return SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False)


async def ask(twin: MockServer, backend: ChatBackend, name: str, attributes: str) -> tuple[list[StreamEvent], BackendError | None, list[bytes], Entry]:
    """Return the events, the error, the parts as they came, and what the journal says."""
    endpoint: Endpoint = next(endpoint for endpoint in twin.endpoints if endpoint.name == name)
    twin.journal.reset()
    events: list[StreamEvent] = []
    error, tap = None, PartsTap()
    try:
        async with backend.stream(request_for(endpoint, f"mock.script=hello;{attributes}"), tap=tap) as answer:
            async for event in answer:
                events.append(event)  # noqa: PERF401 - those before an error are wanted too
    except BackendError as raised:
        error = raised
    return events, error, tap.parts, await asyncio.to_thread(twin.journal.wait)


@cache
def writes_of(name: str) -> Sequence[bytes]:
    """Return what the container behind an endpoint writes, asked without a server."""
    accepts: Accepts = "messages" if name.endswith("messages") else "inputs"
    taken = CONTAINERS[NAMES[name]].handle(ContainerRequest("POST", "/invocations", "application/json", body(accepts)))
    assert isinstance(taken, Taken)
    return taken.reply(generate(load_catalog(FILE)["falcon-7b-instruct-lmi"].scripts["hello"], taken.question)).writes


def read(writes: Sequence[bytes]) -> list[StreamEvent]:
    """Return the events that are in writes, whether they end there or not."""
    decoder = EventDecoder()
    return [event for write in writes for event in decoder.feed(write)]


def test_every_container_has_its_words() -> None:
    assert set(WORDS) == set(NAMES.values()) - {"lmi-0.23-dynamic"}


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", NAMES)
async def test_a_container_that_fails_is_heard_in_its_own_words_behind_all_that_it_said(twin: MockServer, name: str, front: str) -> None:
    before = text_of(read(writes_of(name)[:BEFORE]))
    assert before
    async with backend_for(twin, front) as backend:
        for cut in ("write", "bytes:11"):
            events, error, _, entry = await ask(twin, backend, name, f"mock.fault=container-error@{BEFORE};mock.cut={cut}")
            assert text_of(events) == before
            assert not any(isinstance(event, Finish) for event in events)
            if words := WORDS.get(NAMES[name]):
                assert isinstance(error, StreamInterrupted)
                assert str(error).endswith(words)
            else:
                assert isinstance(error, TruncatedStream)
                assert error.pending == MODEL.encode()
            assert (entry.ended, entry.missed_faults) == ("fault", ())


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", NAMES)
async def test_an_answer_without_its_end_is_told_from_one_that_has_it_where_there_is_such_a_mark(twin: MockServer, name: str, front: str) -> None:
    async with backend_for(twin, front) as backend:
        events, error, parts, entry = await ask(twin, backend, name, "mock.fault=no-finish")
    left = b"".join(parts)
    assert b"".join(writes_of(name)).startswith(left)
    assert 0 < len(left) < len(b"".join(writes_of(name)))
    assert text_of(events) == text_of(read([left]))
    if name in ENDLESS:
        assert (error, events[-1]) == (None, Finish())
    else:
        assert isinstance(error, TruncatedStream)
        assert not any(isinstance(event, Finish) for event in events)
    assert (entry.ended, entry.missed_faults) == ("fault", ())


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", NAMES)
async def test_other_line_ends_blank_lines_and_a_missing_line_end_change_no_event(twin: MockServer, name: str, front: str) -> None:
    whole = joined(decode_events(writes_of(name)))
    async with backend_for(twin, front) as backend:
        for fault, cut in HARMLESS:
            events, error, _, entry = await ask(twin, backend, name, f"mock.fault={fault};mock.cut={cut}")
            assert (joined(events), error) == (whole, None)
            struck = set(fault.split("+")) - set(entry.missed_faults)
            assert bool(struck) is (name not in DOCUMENTS)
            assert entry.ended == ("fault" if "no-final-newline" in struck else "completed")


@pytest.mark.parametrize("name", NAMES)
async def test_http_chunks_that_are_cut_anywhere_change_neither_event_nor_part(twin: MockServer, name: str) -> None:
    async with backend_for(twin, "SageMaker") as backend:
        for http_cut in ("whole", "bytes:7"):
            events, error, parts, entry = await ask(twin, backend, name, f"mock.http_cut={http_cut}")
            assert (joined(events), error, parts) == (joined(decode_events(writes_of(name))), None, list(writes_of(name)))
            assert (entry.ended, entry.http_cut) == ("completed", http_cut)
