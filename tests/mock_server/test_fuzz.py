"""Whatever a client sends, a container answers it, and whatever a person writes is understood or refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backends.recording import RecordingError
from backends.recording.lines import parse_recording
from mock_server.catalog import FILE, CatalogError, load_catalog, read_entry
from mock_server.choices import choose
from mock_server.containers import CONTAINERS
from mock_server.containers.container import Container, ContainerRequest, Generated, Reply, Taken, generate
from mock_server.containers.media import MEDIA
from mock_server.profiles import PROFILES
from mock_server.words import WordError

CATALOG = load_catalog(FILE)
ENTRY = next(iter(CATALOG.values()))
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PATHS = ["/invocations", "/", "/generate", "/generate_stream", "/v1/chat/completions", "/v1/completions", "/v1/models", "/predictions/model", "/ping", "/../x"]
NAMES = ["inputs", "prompt", "messages", "parameters", "stream", "max_new_tokens", "max_tokens", "stop", "stop_sequences", "details", "temperature", "top_p"]
NAMES += [
    "top_n_tokens",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "n",
    "best_of",
    "seed",
    "stream_options",
    "response_format",
    "model",
    "echo",
    "text",
]
CHAT = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 40)
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "hello", "\x00", "\ud83d", "😀", "user"])
    | st.text(max_size=8)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "role", "content", "type", "function", "name"]), inner, max_size=4),
    max_leaves=12,
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.just("hello") | values,
        "prompt": st.just("hello") | values,
        "messages": st.just(CHAT["messages"]) | values,
        "stream": st.booleans() | values,
        "parameters": st.fixed_dictionaries(
            {}, optional={"max_new_tokens": st.integers(1, 9) | values, "details": st.booleans(), "stop": values, "seed": values}
        )
        | values,
        "max_tokens": st.integers(1, 9) | values,
        "tools": st.just([TOOL]) | values,
        "n": st.integers(1, 3) | values,
        "logprobs": st.booleans() | values,
        "top_logprobs": values,
        "stream_options": st.just({"include_usage": True}) | values,
        "temperature": st.floats(0, 2) | values,
    },
)
bodies = st.binary(max_size=40) | likely.map(lambda members: json.dumps(members).encode()) | values.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=lambda container: container.name)
def test_a_container_answers_whatever_it_is_sent(container: Container) -> None:
    taken = set()

    @given(
        method=st.sampled_from(["POST", "POST", "POST", "GET", "OPTIONS", "PUT"]),
        path=st.sampled_from(PATHS),
        kind=st.sampled_from(["application/json", None, "text/plain", "application/json; charset=latin-1"]),
        body=bodies,
        seed=st.integers(0, 2**64),
    )
    @example(method="POST", path="/invocations", kind="application/json", body=b'{"inputs": "hello", "stream": true}', seed=0)
    @example(method="POST", path="/invocations", kind="application/json", body=json.dumps({**CHAT, "tools": [TOOL], "logprobs": True}).encode(), seed=7)
    @example(method="POST", path="/invocations", kind="application/json", body=rb'{"inputs": "hello", "parameters": {"inputs": "\ud83d"}}', seed=0)
    @FUZZ
    def answers(method: str, path: str, kind: str | None, body: bytes, seed: int) -> None:
        answer = container.handle(ContainerRequest(method, path, kind, body, seed))
        replies = [answer] if isinstance(answer, Reply) else list(played(answer))
        taken.add(type(answer))
        for reply in replies:
            assert 200 <= reply.status <= 599
            assert len(reply.tokens) == len(reply.writes)
            assert list(reply.tokens) == sorted(reply.tokens)
            assert all(reply.writes)
            assert all(name == name.lower() and "\n" not in value for name, value in reply.headers)

    answers()
    assert taken == ({Reply} if container in MEDIA else {Reply, Taken})


def played(taken: Taken) -> list[Reply]:
    """Return the replies with some scripts; the writer of one request writes one answer, so each is asked anew by the caller's example."""
    script = ENTRY.scripts["two-tools"]
    return [taken.reply(generate(script, taken.question))]


@pytest.mark.parametrize("container", [each for each in CONTAINERS.values() if each not in MEDIA], ids=lambda container: container.name)
@pytest.mark.parametrize("name", ["hello", "emoji", "framing", "reasoning", "two-tools"])
@pytest.mark.parametrize("stream", [True, False])
def test_token_by_token_a_container_writes_what_it_writes_at_once(container: Container, name: str, stream: bool) -> None:
    script = ENTRY.scripts[name]
    for accepts in container.accepts:
        body = {"inputs": "hi", "parameters": {"max_new_tokens": 90}} if accepts == "inputs" else {**CHAT, "max_tokens": 90, "tools": [TOOL]}
        request = ContainerRequest("POST", "/invocations", "application/json", json.dumps({**body, "stream": stream}).encode(), 3)
        at_once, one_by_one, broken = container.handle(request), container.handle(request), container.handle(request)
        assert isinstance(at_once, Taken)
        assert isinstance(one_by_one, Taken)
        assert isinstance(broken, Taken)

        answer = generate(script, at_once.question)
        writes = [write for token in answer.tokens[:-1] for write in one_by_one.writer.tokens([token])]
        assert b"".join([*one_by_one.opening, *writes, *one_by_one.writer.last(answer)]) == at_once.reply(answer).body

        broken.writer.tokens(answer.tokens[:3])
        assert b"".join(broken.writer.failed(Generated(answer.tokens[:3], "error")))


@given(
    attributes=st.text(max_size=30)
    | st.lists(st.sampled_from(["mock.", "cut", "fault", "seed", "=", ";", "@1", "x2", ":", "+", "reset", "bytes", "9"]), max_size=9).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_attributes_are_understood_or_refused_in_a_sentence(attributes: str) -> None:
    try:
        choose(ENTRY, attributes, PROFILES["instant"])
    except WordError as error:
        assert "legal" in str(error)  # noqa: PT017 - most of what is drawn is refused, and some is not


@given(
    table=st.dictionaries(
        st.sampled_from(["container", "accepts", "family", "cut", "profile", "scripts", "upstream", "upstream_model", "recording", "x"]), values, max_size=5
    )
)
@FUZZ
def test_a_catalog_s_table_is_understood_or_refused_in_a_sentence(table: dict[str, Any]) -> None:
    try:
        read_entry("mine", table, Path(__file__).parent)
    except CatalogError as error:
        assert "endpoint 'mine'" in str(error)  # noqa: PT017 - likewise


@given(data=st.binary(max_size=80) | st.lists(values, max_size=4).map(lambda each: b"".join(json.dumps(value).encode() + b"\n" for value in each)))
@FUZZ
def test_a_recording_is_read_or_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(RecordingError, match="recording"):
        parse_recording(data)
