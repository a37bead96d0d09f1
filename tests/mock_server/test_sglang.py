"""What SGLang takes, refuses and writes, as literal bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backends.errors import StreamInterrupted
from backends.events import Alternative, Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.wire import decode_events
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Taken, generate
from mock_server.script import Script, ScriptToken
from tests.mock_server.chats import CALLED, END, HELLO, SPOKEN, THOUGHT, ask, events_of, live, stream, texts

SGLANG = CONTAINERS["sglang-0.5.4"]
HEAD = '"id":"ac807256d04e1f3340feb93559cb6c3f","object":"chat.completion.chunk","created":1764023695,"model":"default"'
DONE = "data: [DONE]\n\n"
ENDED = '"finish_reason":%s,"matched_stop":%s'


def chunk(ended: str = ENDED % ("null", "null"), logprobs: str = "null", **delta: str) -> str:
    said = {"role": "null", "content": "null", "reasoning_content": "null", "tool_calls": "null"} | delta
    members = ",".join(f'"{name}":{value}' for name, value in said.items())
    return f'data: {{{HEAD},"choices":[{{"index":0,"delta":{{{members}}},"logprobs":{logprobs},{ended}}}],"usage":null}}\n\n'


def call(index: int, identity: str, name: str, arguments: str) -> str:
    return chunk(tool_calls=f'[{{"id":{identity},"index":{index},"type":"function","function":{{"name":{name},"arguments":"{arguments}"}}}}]')


OPENING = chunk(role='"assistant"', content='""')
STOP = chunk(ENDED % ('"stop"', "128009"))
LENGTH = chunk(ENDED % ('"length"', "null"))
DEEP = chunk(content='" Deep"')
CLOCK = call(0, '"call_b9cfe8dd315bd833bfe9e3b9"', '"clock"', "")
LOGPROBS = (
    '{"content":[{"token":" Deep","bytes":[32,68,101,101,112],"logprob":-0.05,"top_logprobs":['
    '{"token":" Deep","bytes":[32,68,101,101,112],"logprob":-0.05},{"token":",","bytes":[44],"logprob":-0.84315}]}]}'
)
COUNTS = '{"prompt_tokens":4,"total_tokens":5,"completion_tokens":1,"prompt_tokens_details":null,"reasoning_tokens":0}'
USAGE = f'data: {{{HEAD},"choices":[],"usage":{COUNTS}}}\n\n'
SPLIT = Script("split", (), (ScriptToken(" a", 1, -0.1), ScriptToken("##", 2, -0.1), ScriptToken("# b", 3, -0.1), END))

WRITES: list[tuple[Script, dict[str, Any], list[str], list[StreamEvent]]] = [
    (
        SPOKEN,
        {},
        [OPENING, DEEP, chunk(content='" 日😀\\n\\"\u2028\\u001f"'), STOP, DONE],
        [Token(" Deep"), Token(' 日😀\n"\u2028\x1f'), Finish("stop", "stop")],
    ),
    (SPOKEN, {"max_tokens": 1}, [OPENING, DEEP, LENGTH, DONE], [Token(" Deep"), Finish("length", "length")]),
    (
        SPOKEN,
        {"max_tokens": 1, "logprobs": True, "top_logprobs": 2, "stream_options": {"include_usage": True}},
        [OPENING, chunk(logprobs=LOGPROBS, content='" Deep"'), LENGTH, USAGE, DONE],
        [Token(" Deep", None, -0.05, alternatives=(Alternative(" Deep", None, -0.05), Alternative(",", None, -0.84315))), Finish("length", "length", 1, 4)],
    ),
    (SPOKEN, {"stop": "eep"}, [OPENING, chunk(content='" D"'), chunk(ENDED % ('"stop"', '"eep"')), DONE], [Token(" D"), Finish("stop", "stop")]),
    (
        SPLIT,
        {"stop": ["###", "# b"]},
        [OPENING, chunk(content='" a"'), chunk(content='"##"'), chunk(ENDED % ('"stop"', '"# b"')), DONE],
        [Token(" a"), Token("##"), Finish("stop", "stop")],
    ),
    (THOUGHT, {}, [OPENING, chunk(reasoning_content='"Hm."'), chunk(content='" Hi"'), STOP, DONE], [Reasoning("Hm."), Token(" Hi"), Finish("stop", "stop")]),
    (
        CALLED,
        {},
        [
            OPENING,
            CLOCK,
            call(0, "null", "null", '{\\"zone\\"'),
            call(0, "null", "null", ': \\"東京\\"}'),
            call(1, '"call_484bea9e72236667c2d30e11"', '"map"', ""),
            call(1, "null", "null", "{}"),
            chunk(ENDED % ('"tool_calls"', "128009")),
            DONE,
        ],
        [
            ToolCall(0, "call_b9cfe8dd315bd833bfe9e3b9", "clock"),
            ToolCall(0, arguments='{"zone"'),
            ToolCall(0, arguments=': "東京"}'),
            ToolCall(1, "call_484bea9e72236667c2d30e11", "map"),
            ToolCall(1, arguments="{}"),
            Finish("tool_calls", "tool_calls"),
        ],
    ),
    (
        CALLED,
        {"max_tokens": 2},
        [OPENING, CLOCK, call(0, "null", "null", '{\\"zone\\"'), LENGTH, DONE],
        [ToolCall(0, "call_b9cfe8dd315bd833bfe9e3b9", "clock"), ToolCall(0, arguments='{"zone"'), Finish("length", "length")],
    ),
]


@pytest.mark.parametrize(("script", "members", "writes", "events"), WRITES)
def test_a_chat_is_written_chunk_by_chunk_and_read_back(script: Script, members: dict[str, Any], writes: list[str], events: list[StreamEvent]) -> None:
    reply = stream(SGLANG, script, **members)
    assert (reply.status, dict(reply.headers)["content-type"], reply.is_chunked) == (200, "text/event-stream; charset=utf-8", True)
    assert texts(reply.writes) == writes
    assert events_of(reply) == events


@pytest.mark.parametrize(("script", "members"), [row[:2] for row in WRITES])
def test_a_chat_is_the_same_token_by_token(script: Script, members: dict[str, Any]) -> None:
    assert live(SGLANG, script, **members) == stream(SGLANG, script, **members).writes


def test_a_whole_answer_has_every_member() -> None:
    message = '{"role":"assistant","content":" Hi","reasoning_content":"Hm.","tool_calls":null}'
    choice = f'{{"index":0,"message":{message},"logprobs":null,"finish_reason":"stop","matched_stop":128009}}'
    counts = '{"prompt_tokens":4,"total_tokens":9,"completion_tokens":5,"prompt_tokens_details":null,"reasoning_tokens":0}'
    whole = f'{{{HEAD.replace(".chunk", "")},"choices":[{choice}],"usage":{counts},"metadata":{{"weight_version":"default"}}}}'
    assert ask(SGLANG, {"messages": HELLO}, THOUGHT).body.decode() == whole


def test_a_whole_answer_without_a_text_has_none() -> None:
    script = Script("silent", (), (END,))
    assert json.loads(ask(SGLANG, {"messages": HELLO}, script).body)["choices"][0]["message"]["content"] is None


def test_a_bare_prompt_is_completed() -> None:
    head = HEAD.replace("chat.completion.chunk", "text_completion")
    body = {"prompt": "hello", "stream": True, "max_tokens": 1, "logprobs": 1, "stream_options": {"include_usage": True}}
    logprobs = '{"text_offset":[-1],"token_logprobs":[-0.05],"tokens":[" Deep"],"top_logprobs":[{" Deep":-0.05}]}'
    counts = '{"prompt_tokens":2,"total_tokens":3,"completion_tokens":1,"reasoning_tokens":0}'
    reply = ask(SGLANG, body, path="/v1/completions")
    assert texts(reply.writes) == [
        f'data: {{{head},"choices":[{{"index":0,"text":" Deep","logprobs":{logprobs},"finish_reason":"length","matched_stop":null}}],"usage":null}}\n\n',
        f'data: {{{head},"choices":[],"usage":{counts}}}\n\n',
        DONE,
    ]


MISSING = "[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required', 'input': {}}]"
NAMED = {"type": "function", "function": {"name": "clock"}}
REFUSED = [
    (b"{}", "Bad Request", MISSING),
    (b'{"messages": []}', "BadRequestError", "Messages cannot be empty."),
    ({"tool_choice": "required"}, "BadRequestError", "Tools cannot be empty if tool choice is set to required."),
    ({"tool_choice": NAMED}, "BadRequestError", "Tools cannot be empty if tool choice is set to a specific tool."),
    ({"tool_choice": NAMED, "tools": [{"function": {"name": "map"}}]}, "BadRequestError", "Tool 'clock' not found in tools list."),
    ({"max_tokens": 40000}, "BadRequestError", "max_completion_tokens is too large: 40000.This model supports at most 32768 completion tokens."),
    ({"temperature": -1}, "BadRequestError", "temperature must be non-negative, got -1.0."),
    ({"top_p": 2}, "BadRequestError", "top_p must be in (0, 1], got 2.0."),
    ({"top_k": 0}, "BadRequestError", "top_k must be -1 (disable) or at least 1, got 0."),
    ({"frequency_penalty": 3}, "BadRequestError", "frequency_penalty must be in [-2, 2], got 3.0."),
    ({"repetition_penalty": 3}, "BadRequestError", "repetition_penalty must be in [0, 2], got 3.0."),
    ({"max_tokens": -1}, "BadRequestError", "max_new_tokens must be at least 0, got -1."),
]


@pytest.mark.parametrize(("body", "kind", "message"), REFUSED)
def test_what_is_refused_is_a_400_in_its_json(body: bytes | dict[str, Any], kind: str, message: str) -> None:
    reply = ask(SGLANG, body if isinstance(body, bytes) else {"messages": HELLO, **body})
    assert (reply.status, json.loads(reply.body)) == (400, {"object": "error", "message": message, "type": kind, "param": None, "code": 400})


def test_another_content_type_is_no_object_to_an_invocation_and_refused_elsewhere() -> None:
    body = {"messages": HELLO}
    assert "'type': 'model_attributes_type', 'loc': ('body',)" in ask(SGLANG, body, content_type="text/plain").body.decode()
    refused = ask(SGLANG, body, path="/v1/chat/completions", content_type=None)
    assert "Unsupported Media Type: Only 'application/json' is allowed" in refused.body.decode()


def test_a_prompt_cannot_be_empty() -> None:
    assert json.loads(ask(SGLANG, {"prompt": ""}, path="/v1/completions").body)["message"] == "Prompt cannot be empty"


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/health", 200, b""),
        ("GET", "/ping", 200, b""),
        ("GET", "/none", 404, b'{"detail":"Not Found"}'),
        ("GET", "/invocations", 405, b'{"detail":"Method Not Allowed"}'),
    ],
)
def test_it_knows_its_routes_and_methods(method: str, path: str, status: int, body: bytes) -> None:
    reply = ask(SGLANG, b"", path=path, method=method)
    assert (reply.status, reply.body) == (status, body)


def test_it_tells_its_model() -> None:
    assert json.loads(ask(SGLANG, b"", path="/v1/models", method="GET").body)["data"][0]["owned_by"] == "sglang"
    assert json.loads(ask(SGLANG, b"", path="/get_model_info", method="GET").body)["is_generation"] is True


def test_a_failure_is_an_event_and_the_end_mark() -> None:
    taken = SGLANG.handle(ContainerRequest("POST", "/invocations", "application/json", json.dumps({"messages": HELLO, "stream": True}).encode()))
    assert isinstance(taken, Taken)
    failed = taken.writer.failed(generate(SPOKEN, taken.question))
    assert b"".join(failed) == (
        b'data: {"error": {"object": "error", "message": "the model failed", "type": "BadRequestError", "param": null, "code": 400}}\n\ndata: [DONE]\n\n'
    )
    with pytest.raises(StreamInterrupted, match="the model failed"):
        list(decode_events(failed, "text/event-stream"))
    assert json.loads(SGLANG.failure(500).body)["code"] == 500
