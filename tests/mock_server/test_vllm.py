"""What vLLM takes, refuses and writes, as literal bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from backends.errors import StreamInterrupted
from backends.events import Alternative, Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.wire import decode_events
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Reply, Taken, generate
from mock_server.script import Script
from tests.mock_server.chats import CALLED, HELLO, SPOKEN, THOUGHT, ask, events_of, live, stream, texts

VLLM = CONTAINERS["vllm-0.11.0"]
HEADERS = (("content-type", "text/event-stream; charset=utf-8"), ("server", "uvicorn"))
ID = "chatcmpl-ac807256d04e1f3340feb93559cb6c3f"
HEAD = f'"id":"{ID}","object":"chat.completion.chunk","created":1764023695,"model":"/opt/ml/model"'


def chunk(delta: str, more: str = '"finish_reason":null,"token_ids":null') -> str:
    return f'data: {{{HEAD},"choices":[{{"index":0,"delta":{{{delta}}},"logprobs":null,{more}}}]}}\n\n'


OPENING = (
    f'data: {{{HEAD},"choices":[{{"index":0,"delta":{{"role":"assistant","content":""}},"logprobs":null,"finish_reason":null}}],"prompt_token_ids":null}}\n\n'
)
DONE = "data: [DONE]\n\n"
CALL = '"tool_calls":[{"id":"chatcmpl-tool-%s","type":"function","index":%d,"function":{"name":"%s"}}]'
ARGUMENTS = '"tool_calls":[{"index":%d,"function":{"arguments":"%s"}}]'
ENDED = '"finish_reason":"%s","stop_reason":null,"token_ids":null'
"""What stands behind `logprobs` in the last chunk."""

CLOCK, MAP = CALL % ("b9cfe8dd315bd833bfe9e3b923b4e424", 0, "clock"), CALL % ("484bea9e72236667c2d30e112e15969a", 1, "map")
ZONE_ARGUMENTS = ARGUMENTS % (0, '{\\"zone\\"')
ZONE = chunk(ZONE_ARGUMENTS)
STOP = chunk('"content":""', ENDED % "stop")
LOGPROBS = (
    '"logprobs":{"content":[{"token":" Deep","logprob":-0.05,"bytes":[32,68,101,101,112],"top_logprobs":['
    '{"token":" Deep","logprob":-0.05,"bytes":[32,68,101,101,112]},{"token":",","logprob":-0.84315,"bytes":[44]}]}]}'
)
USAGE = f'data: {{{HEAD},"choices":[],"usage":{{"prompt_tokens":4,"total_tokens":5,"completion_tokens":1}}}}\n\n'
WITH_USAGE = {"stream_options": {"include_usage": True}}

WRITES: list[tuple[Script, dict[str, Any], list[str], list[StreamEvent]]] = [
    (
        SPOKEN,
        {},
        [OPENING, chunk('"content":" Deep"'), chunk('"content":""'), chunk('"content":" 日😀\\n\\"\u2028\\u001f"'), STOP, DONE],
        [Token(" Deep"), Token(' 日😀\n"\u2028\x1f'), Finish("stop", "stop")],
    ),
    (
        SPOKEN,
        {"max_tokens": 1, **WITH_USAGE},
        [OPENING, chunk('"content":" Deep"', ENDED % "length"), USAGE, DONE],
        [Token(" Deep"), Finish("length", "length", 1, 4)],
    ),
    (
        SPOKEN,
        {"max_completion_tokens": 1, "logprobs": True, "top_logprobs": 2},
        [OPENING, chunk('"content":" Deep"', ENDED % "length").replace('"logprobs":null', LOGPROBS), DONE],
        [Token(" Deep", None, -0.05, alternatives=(Alternative(" Deep", None, -0.05), Alternative(",", None, -0.84315))), Finish("length", "length")],
    ),
    (
        SPOKEN,
        {"stop": ["nowhere", "eep"]},
        [OPENING, chunk('"content":" D"', ENDED.replace("null", '"eep"', 1) % "stop"), DONE],
        [Token(" D"), Finish("stop", "stop")],
    ),
    (
        THOUGHT,
        {},
        [OPENING, chunk('"reasoning_content":"Hm."'), chunk('"content":" Hi"'), STOP, DONE],
        [Reasoning("Hm."), Token(" Hi"), Finish("stop", "stop")],
    ),
    (
        CALLED,
        {},
        [
            OPENING,
            chunk(CLOCK),
            ZONE,
            chunk(ARGUMENTS % (0, ': \\"東京\\"}')),
            chunk(MAP),
            chunk(ARGUMENTS % (1, "{}")),
            chunk('"content":""', ENDED % "tool_calls"),
            DONE,
        ],
        [
            ToolCall(0, "chatcmpl-tool-b9cfe8dd315bd833bfe9e3b923b4e424", "clock"),
            ToolCall(0, arguments='{"zone"'),
            ToolCall(0, arguments=': "東京"}'),
            ToolCall(1, "chatcmpl-tool-484bea9e72236667c2d30e112e15969a", "map"),
            ToolCall(1, arguments="{}"),
            Finish("tool_calls", "tool_calls"),
        ],
    ),
    (
        CALLED,
        {"max_tokens": 4},
        [OPENING, chunk(CLOCK), ZONE, chunk(ARGUMENTS % (0, ': \\"東京\\"}')), chunk("", ENDED % "tool_calls"), DONE],
        [
            ToolCall(0, "chatcmpl-tool-b9cfe8dd315bd833bfe9e3b923b4e424", "clock"),
            ToolCall(0, arguments='{"zone"'),
            ToolCall(0, arguments=': "東京"}'),
            Finish("tool_calls", "tool_calls"),
        ],
    ),
]

TEXT_HEAD = '"id":"cmpl-ac807256d04e1f3340feb93559cb6c3f-0","object":"text_completion","created":1764023695,"model":"mine"'


def text_chunk(text: str, finish: str = "null", logprobs: str = "null") -> str:
    ended = f'"logprobs":{logprobs},"finish_reason":{finish},"stop_reason":null,"prompt_token_ids":null,"token_ids":null'
    return f'data: {{{TEXT_HEAD},"choices":[{{"index":0,"text":"{text}",{ended}}}],"usage":null}}\n\n'


@pytest.mark.parametrize(("script", "members", "writes", "events"), WRITES)
def test_a_chat_is_written_chunk_by_chunk_and_read_back(script: Script, members: dict[str, Any], writes: list[str], events: list[StreamEvent]) -> None:
    reply = stream(VLLM, script, **members)
    assert (reply.status, reply.headers, reply.is_chunked, reply.head_waits) == (200, HEADERS, True, True)
    assert texts(reply.writes) == writes
    assert events_of(reply) == events


@pytest.mark.parametrize(("script", "members"), [row[:2] for row in WRITES])
def test_a_chat_is_the_same_token_by_token(script: Script, members: dict[str, Any]) -> None:
    assert live(VLLM, script, **members) == stream(VLLM, script, **members).writes


def test_text_that_may_become_a_stop_string_is_held_back_until_it_is_none() -> None:
    deltas = [json.loads(write.split(b"data: ")[-1])["choices"][0]["delta"].get("content") for write in stream(VLLM, stop=["p 日本"]).writes[:-1]]
    assert deltas == ["", " D", "", "eep 日😀\n", '"\u2028\x1f']


def test_text_that_is_held_back_comes_before_a_call() -> None:
    script = replace(CALLED, tokens=(*SPOKEN.tokens[:1], *CALLED.tokens))
    clock = ToolCall(0, "chatcmpl-tool-b9cfe8dd315bd833bfe9e3b923b4e424", "clock")
    assert events_of(stream(VLLM, script, stop=["eeper"]))[:3] == [Token(" "), Token("Deep"), clock]


def test_every_choice_has_its_own_chunks() -> None:
    choices = [json.loads(line[6:])["choices"][0] for line in stream(VLLM, n=2, max_tokens=1).body.decode().split("\n\n")[:4]]
    assert [(choice["index"], choice["delta"].get("content")) for choice in choices] == [(0, ""), (1, ""), (0, " Deep"), (1, " Deep")]
    assert [choice["index"] for choice in json.loads(ask(VLLM, {"messages": HELLO, "n": 2}).body)["choices"]] == [0, 1]


def test_a_bare_prompt_is_completed_without_parsers() -> None:
    body = {"prompt": ["hello", "unread"], "model": "mine", "stream": True, "max_tokens": 1, **WITH_USAGE}
    reply = ask(VLLM, body, CALLED, "/v1/completions")
    usage = f'data: {{{TEXT_HEAD},"choices":[],"usage":{{"prompt_tokens":2,"total_tokens":3,"completion_tokens":1}}}}\n\n'
    text = '<tool_call>\\n{\\"name\\": \\"clock\\", \\"arguments\\": '
    assert texts(reply.writes) == [text_chunk(text, '"length"'), usage, DONE]
    assert events_of(reply) == [Token(CALLED.tokens[0].text), Finish("length", "length", 1, 2)]


def test_a_completion_tells_log_probabilities_by_place() -> None:
    reply = ask(VLLM, {"prompt": "hello", "model": "mine", "stream": True, "logprobs": 2, "max_tokens": 3}, SPOKEN, "/invocations")
    first, _, third = (json.loads(write[6:])["choices"][0]["logprobs"] for write in reply.writes[:3])
    assert first == {"text_offset": [0], "token_logprobs": [-0.05], "tokens": [" Deep"], "top_logprobs": [{" Deep": -0.05, ",": -0.84315}]}
    assert third["text_offset"] == [5]


def test_a_completion_without_a_length_has_16_tokens() -> None:
    script = replace(SPOKEN, tokens=SPOKEN.tokens[:1] * 50)
    assert json.loads(ask(VLLM, {"prompt": "hello"}, script).body)["usage"] == {
        "prompt_tokens": 2,
        "total_tokens": 18,
        "completion_tokens": 16,
        "prompt_tokens_details": None,
    }


WHOLE = (
    f'{{{HEAD.replace(".chunk", "")},"choices":[{{"index":0,"message":{{"role":"assistant","content":%s,"refusal":null,"annotations":null,"audio":null,'
    '"function_call":null,"tool_calls":[%s],"reasoning_content":%s},"logprobs":null,"finish_reason":"%s","stop_reason":null,"token_ids":null}],'
    '"service_tier":null,"system_fingerprint":null,"usage":{"prompt_tokens":4,"total_tokens":%d,"completion_tokens":%d,"prompt_tokens_details":null},'
    '"prompt_logprobs":null,"prompt_token_ids":null,"kv_transfer_params":null}'
)
CALLS = (
    '{"id":"chatcmpl-tool-b9cfe8dd315bd833bfe9e3b923b4e424","type":"function","function":{"name":"clock","arguments":"{\\"zone\\": \\"東京\\"}"}},'
    '{"id":"chatcmpl-tool-484bea9e72236667c2d30e112e15969a","type":"function","function":{"name":"map","arguments":"{}"}}'
)


@pytest.mark.parametrize(
    ("script", "values"),
    [
        (SPOKEN, ('" Deep 日😀\\n\\"\u2028\\u001f"', "", "null", "stop", 8, 4)),
        (THOUGHT, ('" Hi"', "", '"Hm."', "stop", 9, 5)),
        (CALLED, ("null", CALLS, "null", "tool_calls", 12, 8)),
    ],
)
def test_a_whole_answer_is_one_object_with_every_member(script: Script, values: tuple[Any, ...]) -> None:
    reply = ask(VLLM, {"messages": HELLO}, script)
    assert (reply.status, reply.headers) == (200, (("content-type", "application/json"), ("server", "uvicorn")))
    assert reply.body.decode() == WHOLE % values
    assert list(reply.tokens) == [len(script.tokens)]


def chat_request(value: Any) -> ContainerRequest:
    return ContainerRequest("POST", "/invocations", "application/json", json.dumps(value).encode())


def test_a_chat_asks_what_the_user_said_last() -> None:
    tool = {"type": "function", "function": {"name": "clock"}}
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "What time"}, {"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "is it?"}],
        },
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "12:00"},
    ]
    taken = VLLM.handle(chat_request({"messages": messages, "tools": [tool], "temperature": 0.5, "stop": "x", "max_tokens": 7}))
    assert isinstance(taken, Taken)
    question = taken.question
    assert (question.prompt, question.max_new_tokens, question.stop) == ("What time\nis it?", 7, ("x",))
    assert question.options == {"temperature": 0.5, "tools": [tool], "tool_choice": "auto"}
    assert list(question.messages) == messages
    assert (question.has_tools, question.follows_tool) == (True, True)


def test_a_chat_without_messages_asks_nothing() -> None:
    taken = VLLM.handle(chat_request({"messages": []}))
    assert isinstance(taken, Taken)
    assert taken.question.prompt == ""


MISSING = "[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required', 'input': {}}]"
NO_HANDLER = "Cannot find suitable handler for request. Expected one of: ['ChatCompletionRequest', 'CompletionRequest']"
TOO_LARGE = (
    "'max_tokens' or 'max_completion_tokens' is too large: 40000. This model's maximum context length is 32768 tokens and your request has 1 input tokens "
    "(40000 > 32768 - 1)."
)
TOO_LONG = "This model's maximum context length is 32768 tokens. However, your request has 35001 input tokens. Please reduce the length of the input messages."
NO_JSON = (
    "[{'type': 'json_invalid', 'loc': ('body', 1), 'msg': 'JSON decode error', 'input': {}, "
    "'ctx': {'error': 'Expecting property name enclosed in double quotes'}}]"
)
REFUSED = [
    ("/v1/chat/completions", b"{}", "Bad Request", MISSING),
    ("/v1/chat/completions", b"{nope", "Bad Request", NO_JSON),
    ("/invocations", b"", "Bad Request", "JSON decode error: Expecting value: line 1 column 1 (char 0)"),
    ("/invocations", b"\xff", "Bad Request", "JSON decode error: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ("/invocations", b'{"inputs": "hello"}', "BadRequestError", NO_HANDLER),
    ("/invocations", b"3", "BadRequestError", NO_HANDLER),
    ("/invocations", b'{"prompt": ""}', "BadRequestError", NO_HANDLER),
    ("/invocations", b'{"messages": "hello"}', "BadRequestError", NO_HANDLER),
    ("/invocations", b'{"prompt": "a", "max_tokens": 40000}', "BadRequestError", TOO_LARGE),
    ("/invocations", b'{"prompt": "%b"}' % (b"a" * 140000), "BadRequestError", TOO_LONG),
]
RULES = [
    ({"stream_options": {}}, None),
    ({"tool_choice": "required", "tools": [{"function": {"name": "clock"}}]}, None),
    ({"tool_choice": {"function": {"name": "clock"}}, "tools": [{"function": {"name": "clock"}}]}, None),
    ({"stream_options": {"include_usage": True}}, "Stream options can only be defined when `stream=True`."),
    ({"top_logprobs": 2}, "when using `top_logprobs`, `logprobs` must be set to true."),
    ({"tool_choice": "auto"}, "When using `tool_choice`, `tools` must be set."),
    ({"tool_choice": "mine", "tools": []}, 'Invalid value for `tool_choice`: mine! Only named tools, "none", "auto" or "required" are supported.'),
    ({"tool_choice": {"type": "function", "function": {"name": "no"}}, "tools": []}, "The tool specified in `tool_choice` does not match any"),
    ({"tool_choice": {"function": 3}, "tools": [3]}, "Invalid value for `function`: `3` in `tool_choice`! Correct usage: "),
    ({"tool_choice": {"function": {}}, "tools": []}, "Expected field `name` in `function` in `tool_choice`! Correct usage: "),
    ({"tool_choice": ["auto"], "tools": 3}, "Invalid value for `tool_choice`: ["),
    ({"tool_choice": {"function": {"name": "no"}}, "tools": "x"}, "The tool specified in `tool_choice` does not match any"),
    ({"n": 0}, "n must be at least 1, got 0."),
    ({"presence_penalty": 3}, "presence_penalty must be in [-2, 2], got 3.0."),
    ({"frequency_penalty": -3}, "frequency_penalty must be in [-2, 2], got -3.0."),
    ({"repetition_penalty": 0}, "repetition_penalty must be greater than zero, got 0.0."),
    ({"temperature": -1}, "temperature must be non-negative, got -1.0."),
    ({"top_p": 0}, "top_p must be in (0, 1], got 0.0."),
    ({"top_k": -2}, "top_k must be 0 (disable), or at least 1, got -2."),
    ({"max_tokens": 0}, "max_tokens must be at least 1, got 0."),
    ({"stop": [""]}, "stop cannot contain an empty string."),
    ({"temperature": "hot"}, "'loc': ('body', 'temperature'), 'msg': 'Input should be a valid number, unable to parse string as a number'"),
]


@pytest.mark.parametrize(("path", "body", "kind", "message"), REFUSED)
def test_what_is_no_request_is_a_400_in_its_json(path: str, body: bytes, kind: str, message: str) -> None:
    reply = ask(VLLM, body, path=path)
    assert (reply.status, json.loads(reply.body)) == (400, {"error": {"message": message, "type": kind, "param": None, "code": 400}})


@pytest.mark.parametrize(("members", "message"), RULES)
def test_members_have_bounds_and_go_together(members: dict[str, Any], message: str | None) -> None:
    reply = ask(VLLM, {"messages": HELLO, **members}, path="/v1/chat/completions")
    assert reply.status == (400 if message else 200)
    assert (message or "choices") in reply.body.decode().replace('\\"', '"')


def test_a_prompt_that_is_no_object_or_empty_is_refused_on_its_own_route() -> None:
    assert "Either prompt or prompt_embeds must be provided and non-empty." in ask(VLLM, {}, path="/v1/completions").body.decode()
    assert "valid dictionary" in ask(VLLM, [], path="/v1/completions").body.decode()


def test_another_content_type_is_refused() -> None:
    reply = ask(VLLM, {"messages": HELLO}, content_type="text/plain")
    assert json.loads(reply.body)["error"]["message"] == """ ["Unsupported Media Type: Only 'application/json' is allowed"]"""


def test_the_custom_attributes_route_an_invocation() -> None:
    def asked(route: str) -> Reply:
        return ask(VLLM, {"prompt": "hello", "messages": HELLO}, headers={"x-amzn-sagemaker-custom-attributes": f"a=b,route={route}"})

    assert json.loads(asked("/v1/completions").body)["object"] == "text_completion"
    assert json.loads(asked("/v1/chat/completions").body)["object"] == "chat.completion"
    assert asked("/v1/audio/speech").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/health", 200, b""),
        ("GET", "/ping", 200, b""),
        ("POST", "/ping", 200, b""),
        ("GET", "/version", 200, b'{"version":"0.11.0"}'),
        ("GET", "/none", 404, b'{"detail":"Not Found"}'),
        ("GET", "/invocations", 405, b'{"detail":"Method Not Allowed"}'),
    ],
)
def test_it_knows_its_routes_and_methods(method: str, path: str, status: int, body: bytes) -> None:
    reply = ask(VLLM, b"", path=path, method=method)
    assert (reply.status, reply.body) == (status, body)
    assert ("allow", "POST") in reply.headers or status != 405


def test_it_lists_its_model() -> None:
    [model] = json.loads(ask(VLLM, b"", path="/v1/models", method="GET").body)["data"]
    assert (model["id"], model["owned_by"], model["max_model_len"]) == ("/opt/ml/model", "vllm", 32768)


def test_a_failure_is_an_event_and_the_end_mark() -> None:
    taken = VLLM.handle(chat_request({"messages": HELLO, "stream": True}))
    assert isinstance(taken, Taken)
    opened = taken.writer.tokens(SPOKEN.tokens[:1])
    failed = taken.writer.failed(generate(SPOKEN, taken.question))
    error = b'{"error": {"message": "%b", "type": "BadRequestError", "param": null, "code": 400}}'
    message = b"EngineCore encountered an issue. See stack trace (above) for the root cause."
    assert list(failed) == [b"data: " + error % message + b"\n\n", b"data: [DONE]\n\n"]
    with pytest.raises(StreamInterrupted, match="EngineCore encountered an issue"):
        list(decode_events([*opened, *failed], "text/event-stream"))


def test_a_failure_of_a_whole_answer_is_the_error_alone() -> None:
    taken = VLLM.handle(chat_request({"messages": HELLO}))
    assert isinstance(taken, Taken)
    assert json.loads(b"".join(taken.writer.failed(generate(SPOKEN, taken.question))))["error"]["code"] == 400
    reply = VLLM.failure(503)
    assert (reply.status, json.loads(reply.body)["error"]["type"]) == (503, "Service Unavailable")


LATER = CONTAINERS["vllm-0.14.1"]


def test_since_thoughts_have_two_names_the_old_one_stands_in_every_delta() -> None:
    opening = OPENING.replace('"content":""', '"content":"","reasoning_content":null')
    thought = [
        opening,
        chunk('"reasoning":"Hm.","reasoning_content":"Hm."'),
        chunk('"content":" Hi","reasoning_content":null'),
        chunk('"content":"","reasoning_content":null', ENDED % "stop"),
        DONE,
    ]
    reply = stream(LATER, THOUGHT)
    assert texts(reply.writes) == thought
    assert events_of(reply) == [Reasoning("Hm."), Token(" Hi"), Finish("stop", "stop")]
    assert live(LATER, THOUGHT) == reply.writes
    called = stream(LATER, CALLED, max_tokens=4)
    calls = [f'"reasoning_content":null,{said}' for said in (CLOCK, ZONE_ARGUMENTS)]
    assert texts(called.writes)[:3] == [opening, *map(chunk, calls)]
    assert texts(called.writes)[-2:] == [chunk('"reasoning_content":null', ENDED % "tool_calls"), DONE]
    message = json.loads(ask(LATER, {"messages": HELLO}, THOUGHT).body)["choices"][0]["message"]
    assert list(message)[-3:] == ["tool_calls", "reasoning", "reasoning_content"]


@pytest.mark.parametrize("body", [{"messages": HELLO}, {"prompt": "hello"}])
def test_a_later_failure_is_the_server_s_own(body: dict[str, Any]) -> None:
    taken = LATER.handle(chat_request({**body, "stream": True}))
    assert isinstance(taken, Taken)
    failed = taken.writer.failed(generate(SPOKEN, taken.question))
    message = b"EngineCore encountered an issue. See stack trace (above) for the root cause."
    assert failed[0] == b'data: {"error": {"message": "%b", "type": "InternalServerError", "param": null, "code": 500}}\n\n' % message


@pytest.mark.parametrize(("status", "kind"), [(503, "Service Unavailable"), (499, "Unknown")])
def test_a_failure_before_the_answer_has_its_status_as_its_type(status: int, kind: str) -> None:
    reply = VLLM.failure(status)
    assert (reply.status, json.loads(reply.body)["error"]["type"]) == (status, kind)
