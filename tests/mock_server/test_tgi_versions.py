"""What the versions of TGI since 1.4 take, refuse and write, as literal bytes: their own API, and OpenAI's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from backends.errors import StreamInterrupted
from backends.events import Alternative, Finish, StreamEvent, Token, ToolCall
from backends.wire import decode_events
from mock_server import MockServer
from mock_server.clock import VirtualClock
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Reply, Taken, generate
from mock_server.containers.tgi import ERRORS, Tgi
from tests.mock_server.chats import CALLED, HELLO, SPOKEN, THOUGHT, ask, events_of, live, stream, texts
from tests.mock_server.scripted import reply_of

CHATS = "/v1/chat/completions"
VERSIONS = ("tgi-1.4", "tgi-2.1", "tgi-2.3", "tgi-2.4", "tgi-3.3")
CREATED = '"created":1764023695,"model":"/opt/ml/model","system_fingerprint"'
DONE = "data: [DONE]\n\n"
DEEP = '"token":{"id":304,"text":" Deep","logprob":-0.05,"special":false}'
EMPTY = '"token":{"id":8,"text":"","logprob":-0.5,"special":false}'
COUNTED = '"generated_text":" Deep","details":{"finish_reason":"length","generated_tokens":2,"seed":null'
INPUTS = {"inputs": "hi", "stream": True, "parameters": {"details": True, "max_new_tokens": 2}}

GENERATED = {
    "tgi-1.4": [f'data:{{"index":1,{DEEP},"generated_text":null,"details":null}}\n\n', f'data:{{"index":2,{EMPTY},{COUNTED}}}}}\n\n'],
    "tgi-2.1": [f'data: {{"index":1,{DEEP},"generated_text":null,"details":null}}\n\n', f'data: {{"index":2,{EMPTY},{COUNTED}}}}}\n\n'],
}
LENGTHY = [event.replace('"seed":null', '"seed":null,"input_length":1') for event in GENERATED["tgi-2.1"]]
GENERATED |= {"tgi-2.3": LENGTHY, "tgi-2.4": LENGTHY, "tgi-3.3": LENGTHY}


def tgi(name: str) -> Tgi:
    container = CONTAINERS[name]
    assert isinstance(container, Tgi)
    return container


@pytest.mark.parametrize("name", VERSIONS)
@pytest.mark.parametrize("path", ["/", "/generate_stream"])
def test_a_generation_is_written_event_by_event_and_read_back(name: str, path: str) -> None:
    reply = ask(tgi(name), INPUTS, path=path)
    assert texts(reply.writes) == GENERATED[name]
    input_length = None if name < "tgi-2.3" else 1
    assert events_of(reply) == [Token(" Deep", 304, -0.05), Token("", 8, -0.5), Finish("length", "length", 2, input_length)]


@pytest.mark.parametrize("name", VERSIONS)
def test_top_tokens_stand_behind_each_token(name: str) -> None:
    reply = ask(tgi(name), {"inputs": "hi", "stream": True, "parameters": {"top_n_tokens": 2, "max_new_tokens": 1}})
    top = '"top_tokens":[{"id":304,"text":" Deep","logprob":-0.05,"special":false},{"id":30578,"text":",","logprob":-0.84315,"special":false}]'
    assert f'{DEEP},{top},"generated_text":" Deep","details":null}}' in reply.body.decode()
    [token, _] = events_of(reply)
    assert token == Token(" Deep", 304, -0.05, alternatives=(Alternative(" Deep", 304, -0.05), Alternative(",", 30578, -0.84315)))


def test_the_details_of_a_whole_answer_hold_top_tokens_the_prompt_and_other_sequences() -> None:
    parameters = {"details": True, "max_new_tokens": 1, "top_n_tokens": 1, "decoder_input_details": True, "best_of": 2, "do_sample": True, "seed": None}
    token = '{"id":304,"text":" Deep","logprob":-0.05,"special":false}'
    [answer] = json.loads(ask(tgi("tgi-2.4"), {"inputs": "hi you", "parameters": parameters}).body)
    details = answer["details"]
    assert list(details) == ["finish_reason", "generated_tokens", "seed", "prefill", "tokens", "best_of_sequences", "top_tokens"]
    assert (details["tokens"], details["top_tokens"]) == ([json.loads(token)], [[json.loads(token)]])
    assert [(part["text"], part["logprob"] is None) for part in details["prefill"]] == [("hi", True), (" you", False)]
    [sequence] = details["best_of_sequences"]
    assert sequence == {"generated_text": " Deep"} | {name: details[name] for name in list(details)[:5]}


@pytest.mark.parametrize(("front", "prefix"), [("containers/mistral-7b-instruct-tgi/invocations", "data: "), ("containers/falcon-7b-instruct-tgi", "data:")])
def test_every_15_seconds_of_silence_a_comment_keeps_the_connection_alive(front: str, prefix: str) -> None:
    clock = VirtualClock()
    body = {"inputs": "hello", "stream": True, "parameters": {"max_new_tokens": 2}}
    attributes = {"x-amzn-sagemaker-custom-attributes": "mock.profile=constant:31,16"}
    with MockServer(clock=clock) as twin:
        written = httpx.post(f"{twin.url}/{front}", json=body, headers=attributes, trust_env=False).text
    assert [line for line in written.split("\n\n") if line == ":" or line.startswith(prefix)] == written.split("\n\n")[:-1]
    assert [line.partition("{")[0] for line in written.split("\n\n")[:-1]] == [":", ":", prefix, ":", prefix]
    assert clock.now_s() == 47


CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {}}}


def head(name: str) -> str:
    version = tgi(name).traits.version
    return (
        f'"id":"","object":"text_completion",{CREATED}:"{version}-native"'
        if name == "tgi-1.4"
        else (f'"object":"chat.completion.chunk","id":"",{CREATED}:"{version}-native"')
    )


def chunk(name: str, delta: str, finish: str = "null", usage: str = "null") -> str:
    prefix, tail = ("data:" if name == "tgi-1.4" else "data: "), "" if name < "tgi-2.3" else f',"usage":{usage}'
    return f'{prefix}{{{head(name)},"choices":[{{"index":0,"delta":{{"role":"assistant",{delta}}},"logprobs":null,"finish_reason":{finish}}}]{tail}}}\n\n'


COUNTS = '{"prompt_tokens":4,"completion_tokens":1,"total_tokens":5}'
APART = f'data: {{{head("tgi-3.3")},"choices":[],"usage":{COUNTS}}}\n\n'
WITH_USAGE: dict[str, list[str]] = {
    "tgi-1.4": [chunk("tgi-1.4", '"content":" Deep"', '"length"')],
    "tgi-2.1": [chunk("tgi-2.1", '"content":" Deep"', '"length"')],
    "tgi-2.3": [chunk("tgi-2.3", '"content":" Deep"', '"length"', COUNTS), DONE],
    "tgi-2.4": [chunk("tgi-2.4", '"content":" Deep"', '"length"', COUNTS), DONE],
    "tgi-3.3": [chunk("tgi-3.3", '"content":" Deep"', '"length"'), APART, DONE],
}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_chat_tells_its_usage_where_its_version_does(name: str) -> None:
    reply = stream(tgi(name), SPOKEN, CHATS, max_tokens=1, stream_options={"include_usage": True})
    assert texts(reply.writes) == WITH_USAGE[name]
    counts = (None, None) if name < "tgi-2.3" else (1, 4)
    assert events_of(reply) == [Token(" Deep"), Finish("length", "length", *counts)]
    assert live(tgi(name), SPOKEN, CHATS, max_tokens=1, stream_options={"include_usage": True}) == reply.writes


@pytest.mark.parametrize("name", VERSIONS)
def test_a_chat_is_written_chunk_by_chunk_with_thoughts_as_text(name: str) -> None:
    end, shown, done = ('"eos_token"', "<|eot_id|>" if name == "tgi-1.4" else "", []) if name < "tgi-2.3" else ('"stop"', "", [DONE])
    said = ["<think>\\n", "Hm.", "\\n</think>\\n\\n", " Hi"]
    written = [*(chunk(name, f'"content":"{text}"') for text in said), chunk(name, f'"content":"{shown}"', end), *done]
    reply = stream(tgi(name), THOUGHT, CHATS)
    assert texts(reply.writes) == written
    assert live(tgi(name), THOUGHT, CHATS) == reply.writes
    tokens = [Token(text) for text in ("<think>\n", "Hm.", "\n</think>\n\n", " Hi", shown) if text]
    assert events_of(reply) == [*tokens, Finish("stop", end.strip('"'))]


def tool(name: str, index: int, called: str, arguments: str) -> str:
    if name == "tgi-3.3":
        return chunk(name, f'"tool_calls":[{{"index":{index},"id":"{index}","type":"function","function":{{"name":{called},"arguments":"{arguments}"}}}}]')
    return chunk(name, f'"tool_calls":{{"index":0,"id":"","type":"function","function":{{"name":null,"arguments":"{arguments}"}}}}')


TOOLS: dict[str, tuple[list[str], list[StreamEvent]]] = {
    "tgi-2.4": (
        [
            tool("tgi-2.4", 0, "null", '{\\"function\\": {\\"_name\\": \\"clock\\"'),
            tool("tgi-2.4", 0, "null", ', \\"zone\\"'),
            tool("tgi-2.4", 0, "null", ': \\"東京\\"}'),
            tool("tgi-2.4", 0, "null", "}"),
        ],
        [
            ToolCall(0, "", None, '{"function": {"_name": "clock"'),
            ToolCall(0, "", None, ', "zone"'),
            ToolCall(0, "", None, ': "東京"}'),
            ToolCall(0, "", None, "}"),
        ],
    ),
    "tgi-3.3": (
        [
            tool("tgi-3.3", 0, '"clock"', "{"),
            tool("tgi-3.3", 0, "null", '\\"zone\\"'),
            tool("tgi-3.3", 0, "null", ': \\"東京\\"}'),
        ],
        [ToolCall(0, "0", "clock", "{"), ToolCall(0, "0", None, '"zone"'), ToolCall(0, "0", None, ': "東京"}')],
    ),
}


@pytest.mark.parametrize("name", TOOLS)
def test_a_chat_calls_a_tool_in_its_version_s_form(name: str) -> None:
    writes, events = TOOLS[name]
    script = replace(CALLED, tokens=(*CALLED.tokens[:4], CALLED.tokens[-1]))
    reply = stream(tgi(name), script, CHATS)
    assert texts(reply.writes) == [*writes, chunk(name, '"content":""', '"stop"'), DONE]
    assert events_of(reply) == [*events, Finish("stop", "stop")]
    assert live(tgi(name), script, CHATS) == reply.writes


@pytest.mark.parametrize(("name", "arguments"), [("tgi-2.4", '{"zone":"東京"}'), ("tgi-3.3", '"{\\"zone\\": \\"東京\\"}"')])
def test_a_whole_chat_holds_the_message_or_its_calls_and_its_usage(name: str, arguments: str) -> None:
    start = f'{{{head(name).replace(".chunk", "")},"choices":[{{"index":0,"message":'
    text = '{"role":"assistant","content":" Deep"},"logprobs":null,"finish_reason":"length"}],"usage":' + COUNTS + "}"
    assert ask(tgi(name), {"messages": HELLO, "max_tokens": 1}, path=CHATS).body.decode() == start + text
    script = replace(CALLED, tokens=(*CALLED.tokens[:4], CALLED.tokens[-1]))
    call = f'{{"id":"0","type":"function","function":{{"description":null,"name":"clock","arguments":{arguments}}}}}'
    message = f'{{"role":"assistant","tool_calls":[{call}]}},"logprobs":null,"finish_reason":"stop"}}]'
    assert ask(tgi(name), {"messages": HELLO}, script, CHATS).body.decode().startswith(start + message)


def test_a_call_that_breaks_off_has_no_arguments_and_one_without_any_is_closed() -> None:
    whole = json.loads(ask(tgi("tgi-2.4"), {"messages": HELLO, "max_tokens": 2}, CALLED, CHATS).body)
    assert whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == {}
    events = events_of(stream(tgi("tgi-2.4"), CALLED, CHATS))
    calls = "".join(event.arguments for event in events if isinstance(event, ToolCall))
    assert calls == '{"function": {"_name": "clock", "zone": "東京"}}{"function": {"_name": "map"}}'


@pytest.mark.parametrize("name", VERSIONS[1:])
def test_log_probabilities_are_32_bit_numbers(name: str) -> None:
    reply = stream(tgi(name), SPOKEN, CHATS, max_tokens=1, logprobs=True, top_logprobs=1)
    assert '"logprobs":{"content":[{"token":" Deep","logprob":-0.05,"top_logprobs":[{"token":" Deep","logprob":-0.05}]}]}' in reply.body.decode()


TEXT_CHOICE = '"choices":[{"index":0,"text":" Deep","logprobs":null,"finish_reason":""}]'
TEXT_CHUNK = f'data: {{"object":"text_completion","id":"","created":1764023695,{TEXT_CHOICE},{CREATED[21:]}'
TEXT_WHOLE = (
    f'{{"object":"text_completion","id":"",{CREATED}:"2.4.1-native","choices":[{{"index":0,"text":"%s","logprobs":null,"finish_reason":"%s"}}],"usage":%s}}'
)
TWO = '{"prompt_tokens":2,"completion_tokens":2,"total_tokens":4}'


@pytest.mark.parametrize("path", ["/v1/completions", "/invocations"])
def test_a_bare_prompt_is_completed(path: str) -> None:
    reply = ask(tgi("tgi-2.4"), {"prompt": ["hello", "unread"], "stream": True, "max_tokens": 2}, path=path)
    assert texts(reply.writes) == [f'{TEXT_CHUNK}:"2.4.1-native"}}\n\n', f"data: {TEXT_WHOLE % ('', 'length', TWO)}\n\n", DONE]
    assert events_of(reply) == [Token(" Deep"), Finish("length", "length", 2, 2)]
    whole = ask(tgi("tgi-2.4"), {"prompt": "hello"}, replace(SPOKEN, tokens=(SPOKEN.tokens[0], SPOKEN.tokens[-1])), path)
    assert whole.body.decode() == TEXT_WHOLE % (" Deep", "stop", TWO)


def test_a_completion_before_2_3_has_neither_reason_nor_end_mark() -> None:
    reply = ask(tgi("tgi-2.1"), {"prompt": "hello", "stream": True, "max_tokens": 1}, path="/v1/completions")
    assert texts(reply.writes) == [f'{TEXT_CHUNK}:"2.1.1-native"}}\n\n']


def test_invocations_take_chats_where_they_are_told_to_and_everything_since_2_4() -> None:
    for name in ("tgi-1.4-messages", "tgi-2.1-messages", "tgi-2.3-messages", "tgi-2.4", "tgi-3.3"):
        assert json.loads(ask(tgi(name), {"messages": HELLO}).body)["choices"][0]["message"]["content"].startswith(" Deep")
    for name in ("tgi-2.4", "tgi-3.3"):
        assert json.loads(ask(tgi(name), {"inputs": "hi"}).body)[0]["generated_text"].startswith(" Deep")


PREFIX = "Failed to deserialize the JSON body into the target type: "


@pytest.mark.parametrize(
    ("name", "path", "value", "text"),
    [
        *((name, "/invocations", {"messages": HELLO}, "missing field `inputs` at line 1 column ") for name in ("tgi-0.9.4", "tgi-1.4", "tgi-2.1", "tgi-2.3")),
        *((name, "/generate", {"messages": HELLO}, "missing field `inputs` at line 1 column ") for name in VERSIONS),
        *((name, "/invocations", {"inputs": "hi"}, "missing field `messages` at line 1 column ") for name in ("tgi-1.4-messages", "tgi-2.3-messages")),
        ("tgi-2.4", "/invocations", {"text": "hi"}, "data did not match any variant of untagged enum SagemakerRequest"),
        ("tgi-3.3", "/invocations", {"inputs": 3}, "data did not match any variant of untagged enum SagemakerRequest"),
        ("tgi-2.4", CHATS, {"messages": "hi"}, 'messages: invalid type: string "hi", expected a sequence at line 1 column 17'),
        ("tgi-2.4", CHATS, {"messages": [{}]}, "messages[0]: missing field `role` at line 1 column 18"),
        ("tgi-2.4", CHATS, {"messages": [{"role": "user", "content": [3]}]}, "messages[0].content: data did not match any variant of untagged enum Message"),
        ("tgi-2.4", CHATS, {"messages": HELLO, "tools": [3]}, "tools: invalid type: integer `3`, expected struct Tool"),
        ("tgi-2.4", CHATS, {"messages": HELLO, "tools": [{"type": "function", "function": {}}]}, "tools[0].function: missing field `name`"),
        ("tgi-2.4", "/v1/completions", {"prompt": 3}, "prompt: invalid type: integer `3`, expected a string"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_in_serde_s_words(name: str, path: str, value: Any, text: str) -> None:
    reply = ask(tgi(name), value, path=path)
    assert (reply.status, dict(reply.headers)["content-type"]) == (422, "text/plain; charset=utf-8")
    assert reply.body.decode().startswith(PREFIX + text)


def error_of(reply: Reply) -> tuple[int, Any]:
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"top_logprobs": 6}, "`top_n_tokens` must be >= 0 and <= 5. Given: 6"),
        ({"frequency_penalty": 3}, "`frequency_penalty` must be >= -2.0 and <= 2.0"),
        ({"temperature": -1}, "`temperature` must be strictly positive"),
        ({"max_tokens": 0}, "`max_new_tokens` must be strictly positive"),
        ({"top_p": 1}, "`top_p` must be > 0.0 and < 1.0"),
    ],
)
def test_a_chat_s_parameters_have_the_bounds_of_a_generation(members: dict[str, Any], text: str) -> None:
    message = f"Input validation error: {text}"
    assert error_of(ask(tgi("tgi-2.4"), {"messages": HELLO, **members}, path=CHATS)) == (422, {"error": message, "error_type": "validation"})
    plain = f'data: {{"error":"{message}","error_type":"validation"}}\n\n'
    assert texts(stream(tgi("tgi-2.1"), SPOKEN, CHATS, **members).writes) == [plain]
    assert texts(stream(tgi("tgi-2.3"), SPOKEN, CHATS, **members).writes) == [plain, DONE]
    openai = f'data: {{"error":{{"message":"{message}","http_status_code":422}}}}\n\n'
    assert texts(stream(tgi("tgi-2.4"), SPOKEN, CHATS, **members).writes) == [openai, DONE]


def test_a_chat_without_a_length_has_100_tokens_and_since_3_0_all() -> None:
    script = replace(SPOKEN, tokens=SPOKEN.tokens[:1] * 150)
    for name, length in (("tgi-2.4", 100), ("tgi-3.3", 150)):
        assert json.loads(ask(tgi(name), {"messages": HELLO}, script, CHATS).body)["usage"]["completion_tokens"] == length


def test_a_tool_that_must_be_called_has_to_be_there() -> None:
    choices: tuple[Any, ...] = ("clock", "auto", CLOCK, None)
    for choice in ("map", {"type": "function", "function": {"name": "map"}}):
        reply = stream(tgi("tgi-2.4"), CALLED, CHATS, tools=[CLOCK], tool_choice=choice)
        assert error_of(reply) == (422, {"error": "Tool error: Tool with name map not found", "error_type": "tool_error"})
    assert {stream(tgi("tgi-2.4"), CALLED, CHATS, tools=[CLOCK], tool_choice=choice).status for choice in choices} == {200}


def test_a_suffix_is_refused() -> None:
    status, error = error_of(ask(tgi("tgi-2.4"), {"prompt": "hi", "suffix": "!"}, path="/v1/completions"))
    assert (status, error["error_type"]) == (422, "suffix not supported")


def test_a_chat_asks_what_the_user_said_last() -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}, {"role": "tool", "content": "12:00"}]
    body = {"messages": messages, "max_completion_tokens": 7, "stop": ["x"], "temperature": 0, "seed": 3, "tools": [CLOCK]}
    taken = tgi("tgi-2.4").handle(ContainerRequest("POST", CHATS, "application/json", json.dumps(body).encode()))
    assert isinstance(taken, Taken)
    question = taken.question
    assert (question.prompt, question.max_new_tokens, question.stop, question.has_tools, question.follows_tool) == ("hello", 7, ["x"], True, True)
    assert question.options == {"temperature": 0, "seed": 3, "tools": [CLOCK]}


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_is_an_event_in_a_stream_and_has_its_status_elsewhere(kind: str) -> None:
    status, text = ERRORS[kind]
    assert error_of(tgi("tgi-2.4").refusal(kind)) == (status, {"error": text, "error_type": kind})
    for name, prefix in (("tgi-0.9.4", b"data:"), ("tgi-2.4", b"data: ")):
        event = tgi(name).event(kind)
        assert event == prefix + json.dumps({"error": text, "error_type": kind}, separators=(",", ":")).encode() + b"\n\n"
        with pytest.raises(StreamInterrupted) as raised:
            list(decode_events([event], "text/event-stream"))
        assert (raised.value.code, text in str(raised.value)) == (kind, True)
    with pytest.raises(StreamInterrupted, match="the container stopped with an error: "):
        list(decode_events([tgi("tgi-2.4").event(kind, in_chat=True)], "text/event-stream"))


STATUSES = [(422, "validation"), (424, "generation"), (429, "overloaded"), (500, "incomplete_generation"), (503, "healthcheck"), (418, "generation")]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_a_failure_has_the_status_that_was_asked_for(status: int, kind: str) -> None:
    assert (tgi("tgi-2.4").failure(status).status, json.loads(tgi("tgi-2.4").failure(status).body)["error_type"]) == (status, kind)


@pytest.mark.parametrize(
    ("name", "path", "body", "failure"),
    [
        ("tgi-2.4", "/generate_stream", {"inputs": "hi"}, 'data: {"error":"%s","error_type":"generation"}\n\n'),
        ("tgi-2.4", "/generate", {"inputs": "hi"}, '{"error":"%s","error_type":"generation"}'),
        ("tgi-2.3", CHATS, {"messages": HELLO, "stream": True}, 'data: {"error":"%s","error_type":"generation"}\n\ndata: [DONE]\n\n'),
        ("tgi-2.4", CHATS, {"messages": HELLO, "stream": True}, 'data: {"error":{"message":"%s","http_status_code":422}}\n\ndata: [DONE]\n\n'),
        ("tgi-2.4", CHATS, {"messages": HELLO}, '{"error":"%s","error_type":"generation"}'),
    ],
)
def test_a_generation_that_fails_says_so_in_its_form(name: str, path: str, body: dict[str, Any], failure: str) -> None:
    taken = tgi(name).handle(ContainerRequest("POST", path, "application/json", json.dumps(body).encode()))
    assert isinstance(taken, Taken)
    taken.writer.tokens(SPOKEN.tokens[:1])
    failed = b"".join(taken.writer.failed(generate(SPOKEN, taken.question))).decode()
    assert failed == failure % "Request failed during generation: Server error: the model failed"


def test_a_text_is_tokenized_with_each_token_s_place() -> None:
    tokens = json.loads(ask(tgi("tgi-2.4"), {"inputs": "hi 😀"}, path="/tokenize").body)
    assert [(token["text"], token["start"], token["stop"]) for token in tokens] == [("hi", 0, 2), ("", 2, 2), ("", 2, 2), (" 😀", 2, 4)]


def test_it_tells_its_version_and_its_model() -> None:
    def get(name: str, path: str) -> Reply:
        return reply_of(CONTAINERS[name], ContainerRequest("GET", path, None, b""), SPOKEN)

    for name in VERSIONS:
        info = json.loads(get(name, "/info").body)
        assert f"tgi-{info['version']}".startswith(name)
        assert ("max_input_length" in info, "router" in info, "model_dtype" in info) == (name == "tgi-1.4", name != "tgi-1.4", name < "tgi-2.3")
        assert get(name, "/v1/models").status == (200 if name >= "tgi-2.3" else 404)
    assert json.loads(get("tgi-2.4", "/v1/models").body)["data"][0] == {"id": "/opt/ml/model", "object": "model", "created": 0, "owned_by": "/opt/ml/model"}


def test_openai_s_routes_came_with_1_4() -> None:
    assert ask(tgi("tgi-0.9.4"), {"messages": HELLO}, path=CHATS).status == 404
    assert reply_of(CONTAINERS["tgi-1.4"], ContainerRequest("GET", CHATS, None, b""), SPOKEN).status == 405


def test_a_chat_since_3_0_goes_by_the_model_s_name_in_its_request() -> None:
    for name, model in (("tgi-2.4", "/opt/ml/model"), ("tgi-3.3", "mine")):
        assert json.loads(ask(tgi(name), {"messages": HELLO, "model": "mine"}, path=CHATS).body)["model"] == model
