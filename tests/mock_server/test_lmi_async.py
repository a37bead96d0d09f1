"""What LMI with its asynchronous vLLM handler takes, refuses and writes, as literal bytes.

The lines are those that the handler of djl-serving gave when it was run on vLLM's chunks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from backends.errors import StreamInterrupted
from backends.events import Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.wire import decode_events
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Generated, Reply, Taken
from mock_server.contract.cuttings import cuttings
from mock_server.script import Script, ScriptToken
from tests.backends.wire.fragments import joined
from tests.backends.wire.test_decode import collect
from tests.mock_server.lmi_bytes import CALLING, CHAT, DEEP, END, JSON, JSON_LINES, THINKING, TOOLS
from tests.mock_server.scripted import reply_of

LMI = CONTAINERS["lmi-0.35-async-vllm"]
JAPANESE = ScriptToken(' 日😀\n"', 11157, -0.05)
EST = ScriptToken("est", 9, -0.5)
PROMPT = {"inputs": "What is it to you"}
FAILURE = "EngineCore encountered an issue. See stack trace (above) for the root cause."


@dataclass(frozen=True)
class Answer:
    body: dict[str, Any]
    tokens: tuple[ScriptToken, ...]
    writes: tuple[str, ...]
    events: tuple[StreamEvent, ...]
    finish_reason: str = "length"

    def __str__(self) -> str:
        return json.dumps(self.body)


ANSWERS = (
    Answer({**PROMPT, "stream": True}, (DEEP, JAPANESE),
        ('{"index": 0, "token": {"id": 304, "text": " Deep", "logprob": -0.05}, "generated_text": null, "details": null}\n',
         '{"index": 0, "token": {"id": 11157, "text": " 日😀\\n\\"", "logprob": -0.05}, "generated_text": " Deep 日😀\\n\\"", "details": null}\n', "\n", "\n"),
        (Token(" Deep", 304, -0.05), Token(' 日😀\n"', 11157, -0.05), Finish())),
    Answer({**PROMPT, "stream": True, "parameters": {"details": True, "seed": 3, "return_full_text": True}}, (DEEP, END),
        ('{"index": 0, "token": {"id": 304, "text": " Deep", "logprob": -0.05}, "generated_text": null, "details": null}\n',
         ('{"index": 0, "token": {"id": 2, "text": "", "logprob": -1.5}, "generated_text": "What is it to you Deep", '
          '"details": {"finish_reason": "stop", "seed": 3, "generated_tokens": 3, "input_length": 5}}\n'), "\n", "\n"),
        (Token(" Deep", 304, -0.05), Token("", 2, -1.5), Finish("stop", "stop", 3, 5)), "eos_token"),
    Answer(PROMPT, (DEEP, END), ('{"generated_text": " Deep"}\n',), (Token(" Deep"), Finish()), "eos_token"),
    Answer({**PROMPT, "parameters": {"details": True, "do_sample": False}}, (DEEP, END),
        (('{"generated_text": " Deep", "details": {"finish_reason": null, "generated_tokens": 2, "seed": null, "prefill": [], '
          '"tokens": [{"id": 304, "text": " Deep", "logprob": -0.05}, {"id": 2, "text": "</s>", "logprob": -1.5}]}}\n'),),
        (Token(" Deep"), Finish(None, None, 2)), "eos_token"),
    # a stop string is held back, left out, and the reason of a whole answer
    Answer({**PROMPT, "stream": True, "parameters": {"stop": ["pest", "nowhere"], "details": True}}, (DEEP, EST),
        ('{"index": 0, "token": {"id": 304, "text": "", "logprob": -0.05}, "generated_text": null, "details": null}\n',
         ('{"index": 0, "token": {"id": 9, "text": " Dee", "logprob": -0.5}, "generated_text": " Dee", '
          '"details": {"finish_reason": "stop", "seed": null, "generated_tokens": 3, "input_length": 5}}\n'), "\n", "\n"),
        (Token("", 304, -0.05), Token(" Dee", 9, -0.5), Finish("stop", "stop", 3, 5)), "stop_sequence"),
    Answer({**PROMPT, "stream": True, "parameters": {"stop": "zz"}}, (DEEP, EST),
        ('{"index": 0, "token": {"id": 304, "text": " Dee", "logprob": -0.05}, "generated_text": null, "details": null}\n',
         '{"index": 0, "token": {"id": 9, "text": "pest", "logprob": -0.5}, "generated_text": " Deepest", "details": null}\n', "\n", "\n"),
        (Token(" Dee", 304, -0.05), Token("pest", 9, -0.5), Finish())),
    Answer({**PROMPT, "parameters": {"stop": ["pest"], "details": True, "return_full_text": True}}, (DEEP, EST),
        (('{"generated_text": "What is it to you Dee", "details": {"finish_reason": "pest", "generated_tokens": 2, "seed": null, "prefill": [], '
          '"tokens": [{"id": 304, "text": " Deep", "logprob": -0.05}, {"id": 9, "text": "est", "logprob": -0.5}]}}\n'),),
        (Token("What is it to you Dee"), Finish(None, "pest", 2)), "stop_sequence"),
)  # fmt: skip
HEADS = [(answer, JSON_LINES if answer.body.get("stream") else JSON) for answer in ANSWERS]


def ask(body: object, path: str = "/invocations", tokens: tuple[ScriptToken, ...] = (DEEP, END), kind: str | None = JSON) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply_of(LMI, ContainerRequest("POST", path, kind, data), Script("scripted", (), tokens))


def take(body: dict[str, Any]) -> Taken:
    taken = LMI.handle(ContainerRequest("POST", "/invocations", JSON, json.dumps(body).encode()))
    assert isinstance(taken, Taken)
    return taken


@pytest.mark.parametrize(("answer", "content_type"), HEADS, ids=str)
def test_an_answer_is_written_byte_for_byte_and_read_wherever_it_is_cut(answer: Answer, content_type: str) -> None:
    taken = take(answer.body)
    reply = taken.reply(Generated(answer.tokens, answer.finish_reason))
    assert [write.decode() for write in reply.writes] == list(answer.writes)
    assert (reply.status, dict(reply.headers)["content-type"], reply.is_chunked) == (200, content_type, content_type == JSON_LINES)
    for parts in cuttings(reply.body):
        assert joined(decode_events(parts, content_type)) == joined(answer.events)


def test_a_chat_is_vllms_chunks_as_lines_and_one_that_is_blank() -> None:
    *lines, blank = ask(CHAT).body.split(b"\n")[:-1]
    chunks = [json.loads(line) for line in lines]
    assert blank == b""
    assert lines[0].startswith(b'{"id":"chatcmpl-')
    assert b'"model":"lmi","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]' in lines[0]
    assert [chunk["choices"][0]["delta"].get("content") for chunk in chunks] == ["", " Deep", ""]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("body", "tokens", "kinds", "finish"),
    [
        (CHAT, (DEEP, END), [Token], Finish("stop", "stop")),
        ({**CHAT, "stream_options": {"include_usage": True}}, (DEEP, END), [Token], Finish("stop", "stop", 2, 2)),
        (CHAT, THINKING, [Reasoning, Token], Finish("stop", "stop")),
        (TOOLS, CALLING, [ToolCall, ToolCall, ToolCall], Finish("tool_calls", "tool_calls")),
        ({**CHAT, "stream": False}, (DEEP, END), [Token], Finish("stop", "stop", 2, None)),
        ({"prompt": "What is", "model": "mine", "stream": True}, (DEEP, END), [Token], Finish("stop", "stop")),
    ],
)
def test_a_chat_s_thoughts_calls_and_usage_come_out_as_events(body: dict[str, Any], tokens: tuple[ScriptToken, ...], kinds: list[type], finish: Finish) -> None:
    *events, end = joined(decode_events(ask(body, tokens=tokens).writes))
    assert [type(event) for event in events if event != Token("")] == kinds
    assert isinstance(end, Finish)
    assert (end.reason, end.container_reason, end.generated_tokens) == (finish.reason, finish.container_reason, finish.generated_tokens)


def test_a_whole_chat_is_a_line() -> None:
    reply = ask({"messages": CHAT["messages"]})
    assert (dict(reply.headers)["content-type"], reply.is_chunked) == (JSON, False)
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == " Deep"
    assert reply.body.endswith(b"}\n")


PARSING = "Input parsing failed: "
REFUSED: list[tuple[object, int, str]] = [
    (b"not json", 424, f"{PARSING}Expecting value: line 1 column 1 (char 0)"),
    (b"3", 424, f"{PARSING}argument of type 'int' is not iterable"),
    (b"[1]", 424, f"{PARSING}list indices must be integers or slices, not str"),
    ({}, 424, f"{PARSING}invalid payload. must contain prompt, inputs, or messages"),
    ({"requestType": "NEW_SESSION"}, 424, f"{PARSING}invalid payload. stateful sessions not enabled, NEW_SESSION not supported"),
    ({"requestType": "x"}, 424, f"{PARSING}invalid payload. request type must be one of dict_keys(['NEW_SESSION', 'CLOSE'])"),
    ({"inputs": "a", "parameters": 3}, 424, f"{PARSING}'int' object is not iterable"),
    ({"inputs": "a", "parameters": {"max_new_tokens": 0}}, 400, "max_tokens must be at least 1, got 0."),
    ({**CHAT, "temperature": -1}, 400, "temperature must be non-negative, got -1.0."),
]


@pytest.mark.parametrize(("body", "status", "error"), REFUSED)
def test_a_request_is_refused(body: object, status: int, error: str) -> None:
    reply = ask(body)
    assert (reply.status, json.loads(reply.body), reply.is_chunked) == (status, {"error": error, "code": status}, False)


@pytest.mark.parametrize(
    ("body", "model"), [({"messages": "x"}, "ChatCompletionRequest"), ({"inputs": "x", "parameters": {"max_new_tokens": "many"}}, "CompletionRequest")]
)
def test_a_member_of_another_type_is_refused_by_pydantic(body: dict[str, Any], model: str) -> None:
    reply = ask(body)
    assert reply.status == 424
    assert f"validation error for {model}\n" in json.loads(reply.body)["error"] or f"validation errors for {model}\n" in json.loads(reply.body)["error"]


def test_thirty_tokens_are_the_default_of_inputs() -> None:
    assert ask({**PROMPT, "stream": True}, tokens=(DEEP,) * 50).last_token == 30


@pytest.mark.parametrize("body", [{**PROMPT, "stream": True}, CHAT])
def test_an_engine_that_breaks_is_a_line_in_vllms_words(body: dict[str, Any]) -> None:
    taken = take(body)
    writes = [*taken.writer.tokens([DEEP]), *taken.writer.failed(Generated((DEEP,), "error"))]
    assert json.loads(b"".join(writes).strip().split(b"\n")[-1])["error"]["message"] == FAILURE
    assert writes[-1].endswith(b"\n")
    for parts in cuttings(b"".join(writes)):
        events, error = collect(parts, JSON_LINES)
        assert "".join(event.text for event in events if isinstance(event, Token)) == " Deep"
        assert isinstance(error, StreamInterrupted)


@pytest.mark.parametrize("body", [PROMPT, {"messages": CHAT["messages"]}])
def test_an_engine_that_breaks_is_a_whole_answer_s_error(body: dict[str, Any]) -> None:
    writer = take(body).writer
    assert list(writer.tokens([DEEP])) == [b""]
    assert list(writer.failed(Generated((DEEP,), "error"))) == [b'{"error":"%b","code":400}' % FAILURE.encode()]


def test_it_has_the_front_end_s_routes() -> None:
    assert ask(b"", "/ping").body == b'{\n  "model": {\n    "status": "Healthy"\n  }\n}\n'
    assert ask(CHAT, "/v1/chat/completions").status == 200
    assert ask(CHAT, "/v1/models").status == 404


def test_a_failure_before_the_answer_has_its_status() -> None:
    reply = LMI.failure(503)
    assert (reply.status, json.loads(reply.body)) == (503, {"error": FAILURE, "code": 503})
