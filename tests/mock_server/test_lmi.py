"""What LMI with rolling batch takes, refuses and writes, release by release, as literal bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends.errors import StreamInterrupted, TruncatedStream
from backends.wire import Finish, Token, decode_events
from mock_server import MockServer
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Generated, Reply, Taken
from mock_server.containers.lmi import LMI
from mock_server.contract.cuttings import cuttings
from mock_server.script import Script, ScriptToken
from tests.backends.wire.fragments import joined
from tests.backends.wire.test_decode import collect
from tests.contract.clients import boto3_client
from tests.mock_server.lmi_bytes import ANSWERS, CHAT, CHUNK, DEEP, DETAILS, END, JSON, JSON_LINES, SSE, STREAM, WHAT_IS, Answer
from tests.mock_server.scripted import reply_of

ROLLING = sorted(container.name for container in LMI)
HEADERS = {
    "pragma": "no-cache",
    "cache-control": "no-cache; no-store, must-revalidate, private",
    "expires": "Thu, 01 Jan 1970 00:00:00 UTC",
    "connection": "keep-alive",
}
SCRIPT = Script("scripted", (), (DEEP, ScriptToken(' é\n"', 7, -1.25), ScriptToken("", 8, -0.1), ScriptToken("😀", 9, -0.1), END))
WORDS = (" Deep", ' é\n"', "", "😀", "</s>")


def ask(container: str, body: object, path: str = "/invocations", *, method: str = "POST", kind: str | None = JSON, script: Script = SCRIPT) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply_of(CONTAINERS[container], ContainerRequest(method, path, kind, data), script)


def said(reply: Reply) -> tuple[int, str | None, bytes, bool]:
    return reply.status, dict(reply.headers).get("content-type"), reply.body, reply.is_chunked


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_answer_is_written_byte_for_byte(answer: Answer) -> None:
    request = ContainerRequest("POST", "/invocations", JSON, json.dumps(answer.body).encode(), answer.seed, answer.headers)
    reply = reply_of(CONTAINERS[answer.container], request, Script("scripted", (), answer.tokens, answer.finish_reason))  # type: ignore[arg-type]
    assert [write.decode() for write in reply.writes] == list(answer.writes)
    assert (reply.status, dict(reply.headers)["content-type"], reply.is_chunked) == (200, answer.content_type, answer.is_chunked)
    assert reply.last_token == len(answer.tokens)


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_a_token_at_a_time_gives_the_same_bytes_as_all_of_them_at_once(answer: Answer) -> None:
    request = ContainerRequest("POST", "/invocations", JSON, json.dumps(answer.body).encode(), answer.seed, answer.headers)
    taken = CONTAINERS[answer.container].handle(request)
    assert isinstance(taken, Taken)
    writes = [write for token in answer.tokens[:-1] for write in taken.writer.tokens([token])]
    writes += taken.writer.last(Generated(answer.tokens, answer.finish_reason))
    assert [write.decode() for write in writes if write] == list(answer.writes)


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer.events], ids=str)
def test_our_reader_understands_it_wherever_it_is_cut(answer: Answer) -> None:
    for parts in cuttings("".join(answer.writes).encode()):
        assert joined(decode_events(parts, answer.content_type)) == joined(answer.events)


def test_our_reader_says_that_a_prompt_with_a_quotation_mark_makes_it_no_json() -> None:
    with pytest.raises(TruncatedStream):
        list(decode_events(ask("lmi-0.27", {"inputs": 'x"y', "parameters": {"return_full_text": True}}).writes, JSON))


@pytest.mark.parametrize("container", ROLLING)
def test_every_row_is_in_the_table(container: str) -> None:
    similar = {"lmi-0.28-json": "lmi-0.27-json", "lmi-0.30": "lmi-0.29", "lmi-0.36-sse": "lmi-0.28-sse"}
    assert similar.get(container, container) in {answer.container for answer in ANSWERS}


@pytest.mark.parametrize(("container", "like"), [("lmi-0.28-json", "lmi-0.27-json"), ("lmi-0.30", "lmi-0.29"), ("lmi-0.36-sse", "lmi-0.28-sse")])
def test_a_row_that_writes_as_another_does(container: str, like: str) -> None:
    assert list(ask(container, STREAM).writes) == list(ask(like, STREAM).writes)


@pytest.mark.parametrize("container", ROLLING)
def test_the_head_is_that_of_the_java_frontend(container: str) -> None:
    headers = dict(ask(container, {**WHAT_IS, "prompt": "x"}).headers)
    assert headers.pop("x-request-id")
    assert headers.pop("content-type")
    assert headers == HEADERS


def test_the_head_of_a_stream_waits_for_the_first_chunk() -> None:
    reply = ask("lmi-0.36", STREAM)
    assert (reply.is_chunked, reply.head_waits, list(reply.tokens)) == (True, True, [1, 2, 3, 4, 5])


@pytest.mark.parametrize(("container", "is_chunked"), [("lmi-0.28", True), ("lmi-0.30", True), ("lmi-0.31", False)])
def test_an_answer_of_one_token_is_one_chunk_and_since_0_31_a_plain_body(container: str, is_chunked: bool) -> None:
    reply = ask(container, {**STREAM, "parameters": {"max_new_tokens": 1}})
    assert (len(reply.writes), reply.is_chunked) == (1, is_chunked)


@pytest.mark.parametrize(
    ("container", "body", "tokens"),
    [
        ("lmi-0.23", {"inputs": ["x"], "stream": False}, 5),
        ("lmi-0.23", {**WHAT_IS, "parameters": {"max_new_tokens": 2}}, 2),
        ("lmi-0.23", {**WHAT_IS, "parameters": {"max_new_tokens": 0}}, 1),
        ("lmi-0.23", {**WHAT_IS, "parameters": {"stop_sequences": [" Deep"]}}, 1),
        ("lmi-0.23", {**WHAT_IS, "parameters": {"stop_sequences": ["zzz", '"']}}, 2),
        ("lmi-0.26", {**WHAT_IS, "parameters": {"stop": [" Deep"]}}, 5),
        ("lmi-0.27", {**STREAM, "parameters": {"stop": [" Deep"]}}, 1),
        ("lmi-0.27", {**STREAM, "parameters": {"stop_sequences": " Deep"}}, 1),
        ("lmi-0.36", {**STREAM, "parameters": {"max_new_tokens": 3, "unknown": 1}}, 3),
        ("lmi-0.31", {**CHAT, "max_tokens": 2}, 2),
        ("lmi-0.31", {**CHAT, "stop": " Deep"}, 1),
        ("lmi-0.36", {**CHAT, "max_completion_tokens": 2}, 2),
    ],
)
def test_an_answer_ends_at_its_length_or_a_stop_sequence(container: str, body: dict[str, Any], tokens: int) -> None:
    assert ask(container, body).last_token == tokens


@pytest.mark.parametrize(
    ("container", "body", "tokens"),
    [("lmi-0.23", WHAT_IS, 30), ("lmi-0.36", STREAM, 30), ("lmi-0.31", CHAT, 30), ("lmi-0.36", CHAT, 600), ("lmi-0.29-bedrock", {"prompt": "x"}, 512)],
)
def test_so_many_tokens_are_the_default(container: str, body: dict[str, Any], tokens: int) -> None:
    assert ask(container, body, script=Script("long", (), (ScriptToken("a", 1, -1.0),) * 600)).last_token == tokens


def test_a_chat_without_tools_or_with_tools_that_it_shall_not_call_is_text() -> None:
    declined = {**CHAT, "tools": [{"type": "function", "function": {"name": "clock"}}], "tool_choice": "none"}
    assert ask("lmi-0.36", declined).writes[0] == ask("lmi-0.36", CHAT).writes[0]


def test_a_chat_is_no_prompt_of_bedrock_s() -> None:
    assert list(ask("lmi-0.29-bedrock", CHAT).writes) == list(ask("lmi-0.29", CHAT).writes)


def test_a_chat_asks_the_model_all_that_it_says() -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}], "temperature": 0.5, "seed": 3}
    taken = CONTAINERS["lmi-0.36"].handle(ContainerRequest("POST", "/invocations", JSON, json.dumps(body).encode()))
    assert isinstance(taken, Taken)
    assert taken.question.prompt == "a\nb"
    assert taken.question.messages == body["messages"]
    assert taken.question.options == {"temperature": 0.5, "seed": 3}


PARSING = "Input Parsing failed. Ensure that the request payload is valid. "
NO_JSON = "Expecting value: line 1 column 1 (char 0)"
BATCH_FAILED = b'{"code":424,"message":"Batch inference failed","properties":{},"content":{"keys":[],"values":[]},"cancelled":false}'
SHAPE = "Invalid request payload. Request payload should be a json object specifying the \\u0027inputs\\u0027 field. Received payload "

REFUSED: list[tuple[str, object, int, str | bytes]] = [
    ("lmi-0.23", b"not json", 424, f'{{"code": 424, "error": "{NO_JSON}"}}'),
    ("lmi-0.23", b"", 424, f'{{"code": 424, "error": "{NO_JSON}"}}'),
    ("lmi-0.23", b'{"inputs": "a"', 424, '{"code": 424, "error": "Expecting \',\' delimiter: line 1 column 15 (char 14)"}'),
    ("lmi-0.23", b'"text"', 424, '{"code": 424, "error": "\'str\' object has no attribute \'pop\'"}'),
    ("lmi-0.24", b"[1]", 424, '{"code": 424, "error": "pop expected at most 1 argument, got 2"}'),
    ("lmi-0.24", b"\xff", 424, '{"code": 424, "error": "\'utf-8\' codec can\'t decode byte 0xff in position 0: invalid start byte"}'),
    ("lmi-0.25", b"not json", 200, f'{{\n  "error": "{NO_JSON}",\n  "code": 424\n}}'),
    ("lmi-0.26-json", b"not json", 200, f'{{\n  "error": "{NO_JSON}",\n  "code": 424\n}}'),
    ("lmi-0.27", b"not json", 200, f'{{"error":"{NO_JSON}","code":424}}'),
    ("lmi-0.28", b'"text"', 200, '{"error":"\\u0027str\\u0027 object has no attribute \\u0027pop\\u0027","code":424}'),
    ("lmi-0.28", b"3", 200, '{"error":"argument of type \\u0027int\\u0027 is not iterable","code":424}'),
    ("lmi-0.29", b"not json", 424, f'{{"error":"{PARSING}{NO_JSON}","code":424}}'),
    ("lmi-0.31", b"not json", 424, f'{{"error":"{PARSING}{NO_JSON}","code":424}}'),
    ("lmi-0.31", {}, 424, f'{{"error":"{PARSING}{SHAPE}{{}}","code":424}}'),
    ("lmi-0.31", [], 424, f'{{"error":"{PARSING}{SHAPE}[]","code":424}}'),
    ("lmi-0.36", {"inputs": ["a"]}, 424,
     (f'{{"error":"{PARSING}Invalid request payload. The \\u0027inputs\\u0027 field must be a string. '
     'Received type \\u003cclass \\u0027list\\u0027\\u003e","code":424}')),
    ("lmi-0.36", {"inputs": ""}, 424,
     (f'{{"error":"{PARSING}Invalid request payload. The \\u0027inputs\\u0027 field does not contain any content. '
     'Received payload {\\u0027inputs\\u0027: \\u0027\\u0027}","code":424}')),
    ("lmi-0.36", {"inputs": "a", "parameters": []}, 424,
     (f'{{"error":"{PARSING}Invalid request payload. \\u0027parameters\\u0027 must be provided as an object of key-value pairs. '
     'Received payload {\\u0027inputs\\u0027: \\u0027a\\u0027, \\u0027parameters\\u0027: []}","code":424}')),
    ("lmi-0.36", {**CHAT, "tool_choice": "required"}, 424,
     f'{{"error":"{PARSING}tool_choice \\u003d \\"required\\" is not supported!","code":424}}'),
    ("lmi-0.36", {**CHAT, "max_tokens": -1}, 424, f'{{"error":"{PARSING}max_tokens must be at least 1, got -1.","code":424}}'),
    ("lmi-0.29-bedrock", b"not json", 424, f'{{"error":"{PARSING}{NO_JSON}","code":424}}'),
    ("lmi-0.29-bedrock", {}, 424, f'{{"error":"{PARSING}Invalid Request Property: \\u0027prompt\\u0027","code":424}}'),
    ("lmi-0.29-bedrock", [1], 424, f'{{"error":"{PARSING}list indices must be integers or slices, not str","code":424}}'),
    ("lmi-0.29-bedrock", 3, 424, f'{{"error":"{PARSING}argument of type \\u0027int\\u0027 is not iterable","code":424}}'),
    # what the handler does not catch
    ("lmi-0.23", {}, 200, BATCH_FAILED),
    ("lmi-0.23", {"inputs": 3}, 200, BATCH_FAILED),
    ("lmi-0.23", {"inputs": ["a", "b"]}, 200, BATCH_FAILED),
    ("lmi-0.23", {"inputs": "a", "parameters": []}, 200, BATCH_FAILED),
    ("lmi-0.23", {"inputs": "a", "parameters": {"max_new_tokens": "9"}}, 200, BATCH_FAILED),
    ("lmi-0.23", {"inputs": "a", "parameters": {"stop_sequences": "a"}}, 200, BATCH_FAILED),
    ("lmi-0.23", {"inputs": "a", "parameters": {"stop_sequences": [1]}}, 200, BATCH_FAILED),
    ("lmi-0.25", b'"text"', 200, BATCH_FAILED),
    ("lmi-0.27", b"3", 200, BATCH_FAILED),
    ("lmi-0.27", {"messages": [{}]}, 200, BATCH_FAILED),
    # what the engine does not like
    ("lmi-0.24", {"inputs": 3}, 500, '{"code": 500, "error": "the prompt is of type int"}'),
    ("lmi-0.25", {"inputs": 3}, 200, '{\n  "error": "",\n  "code": 424\n}'),
    ("lmi-0.27", {**WHAT_IS, "parameters": {"temperature": -1}}, 200, '{"error":"","code":424}'),
    ("lmi-0.28", {**WHAT_IS, "parameters": {"top_p": 2}}, 200,
     '{"token": {"id": -1, "text": "", "log_prob": -1, "special_token": true}, "generated_text": "", "details": {"finish_reason": "error"}}\n'),
    ("lmi-0.28-json", {**WHAT_IS, "parameters": {"top_k": "x"}}, 200, '{"generated_text": "", "details": {"finish_reason": "error"}}'),
    ("lmi-0.29", {**WHAT_IS, "parameters": {"max_new_tokens": 0}}, 424, '{"error":"max_tokens must be at least 1, got 0.","code":424}'),
    ("lmi-0.29", {**WHAT_IS, "parameters": {"repetition_penalty": 0}}, 424, '{"error":"repetition_penalty must be greater than zero, got 0.","code":424}'),
    ("lmi-0.29", {**WHAT_IS, "parameters": {"stop": [""]}}, 424, '{"error":"stop cannot contain an empty string.","code":424}'),
    ("lmi-0.29", {**WHAT_IS, "parameters": {"stop": 3}}, 424, '{"error":"stop must be a string or a list of strings.","code":424}'),
    ("lmi-0.29", {"inputs": "a", "parameters": []}, 424, '{"error":"\\u0027list\\u0027 object has no attribute \\u0027get\\u0027","code":424}'),
    ("lmi-0.36", {**WHAT_IS, "parameters": {"max_new_tokens": 0}}, 424, '{"error":"exception occurred during rolling batch inference","code":424}'),
]  # fmt: skip


@pytest.mark.parametrize(("container", "body", "status", "text"), REFUSED)
def test_a_request_is_refused_in_the_release_s_own_words(container: str, body: object, status: int, text: str | bytes) -> None:
    reply = ask(container, body)
    assert (reply.status, reply.body.decode()) == (status, text if isinstance(text, str) else text.decode())
    assert len(reply.writes) == 1
    assert reply.is_chunked is (container < "lmi-0.31")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"messages": "x"}, "1 validation error for ChatProperties\nmessages\n  Input should be a valid list"),
        ({"messages": [{"role": "user"}]}, "Value error, When passing chat dicts as input, each dict must have a 'role' and 'content' key."),
        ({**CHAT, "temperature": 3}, "temperature\n  Value error, temperature must be between 0 and 2."),
        ({**CHAT, "frequency_penalty": 3}, "Value error, frequency_penalty must be between -2.0 and 2.0."),
        ({**CHAT, "presence_penalty": -3}, "Value error, presence_penalty must be between -2.0 and 2.0."),
        ({**CHAT, "logprobs": True, "top_logprobs": 21}, "Value error, top_logprobs must be between 0 and 20."),
        ({**CHAT, "max_tokens": "many"}, "max_tokens\n  Input should be a valid integer"),
    ],
)
def test_a_chat_is_checked_by_pydantic(body: dict[str, Any], says: str) -> None:
    reply = ask("lmi-0.31", body)
    assert reply.status == 424
    assert json.loads(reply.body)["error"].startswith(f"{PARSING}1 validation error for ChatProperties\n")
    assert says in json.loads(reply.body)["error"]


@pytest.mark.parametrize("body", [{**CHAT, "temperature": None, "presence_penalty": None}, {**CHAT, "top_logprobs": 99}])
def test_members_of_a_chat_that_say_nothing_are_let_through(body: dict[str, Any]) -> None:
    assert ask("lmi-0.31", body).last_token == 5


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"messages": "x"}, "messages\n  Input should be a valid list [type=list_type, input_value='x', input_type=str]"),
        ({"messages": [{"content": "x"}]}, "messages.0.role\n  Field required [type=missing, input_value={'content': 'x'}, input_type=dict]"),
    ],
)
def test_a_chat_on_vllm_is_checked_by_vllm(body: dict[str, Any], says: str) -> None:
    assert json.loads(ask("lmi-0.36", body).body)["error"] == f"{PARSING}1 validation error for ChatCompletionRequest\n{says}"


def test_a_body_nested_too_deep_is_refused_too() -> None:
    assert ask("lmi-0.23", b"[" * 100_000).status == 424


@pytest.mark.parametrize(
    ("kind", "body", "tokens"),
    [("text/plain", b"What is", 5), (None, b'{"inputs": "x"}', 5), (None, b"", 5), ("application/x-www-form-urlencoded", b"What is", 5)],
)
def test_a_body_is_read_by_its_content_type(kind: str | None, body: bytes, tokens: int) -> None:
    assert ask("lmi-0.28", body, kind=kind).last_token == tokens


def test_bytes_are_no_prompt() -> None:
    assert said(ask("lmi-0.24", b"What is", kind="application/octet-stream"))[2] == b'{"code": 500, "error": "the prompt is of type bytes"}'


# What stands at the end of a stream whose engine broke after its first token.
TAILS = [
    ("lmi-0.23", WHAT_IS, ['{"code": 500, "error": "the model failed"}']),
    ("lmi-0.24-json", WHAT_IS, ['{"code": 500, "error": "the model failed"}']),
    ("lmi-0.25", WHAT_IS, ['{\n  "error": "",\n  "code": 424\n}']),
    ("lmi-0.26", WHAT_IS, ['{\n  "error": "",\n  "code": 424\n}']),
    ("lmi-0.27", STREAM, ['{"error":"","code":424}']),
    ("lmi-0.28", STREAM,
     ['{"token": {"id": -1, "text": "", "log_prob": -1, "special_token": true}, "generated_text": " Deep", "details": {"finish_reason": "error"}}\n']),
    ("lmi-0.28", DETAILS,
     [('", "details": {"finish_reason": "error", "generated_tokens": 2, "inputs": "What is", "tokens": [{"id": 304, "text": " Deep", "log_prob": -0.05}, '
      '{"id": -1, "text": "", "log_prob": -1, "special_token": true}]}}')]),
    ("lmi-0.28", CHAT,
     [CHUNK.replace("139740079303760", "<built-in function id>") + '{"content": ""}, "logprobs": null, "finish_reason": "error"}]}\n']),
    ("lmi-0.29", STREAM, ['{"error":"the model failed","code":424}']),
    ("lmi-0.36", STREAM, ['{"error":"exception occurred during rolling batch inference","code":424}']),
    ("lmi-0.36-sse", STREAM, ['{"error":"exception occurred during rolling batch inference","code":424}']),
    ("lmi-0.36", CHAT, ['{"error":"exception occurred during rolling batch inference","code":424}']),
]  # fmt: skip


@pytest.mark.parametrize(("container", "body", "tail"), TAILS)
def test_an_engine_that_breaks_is_told_at_the_stream_s_end_and_our_reader_hears_it(container: str, body: dict[str, Any], tail: list[str]) -> None:
    taken = CONTAINERS[container].handle(ContainerRequest("POST", "/invocations", JSON, json.dumps(body).encode()))
    assert isinstance(taken, Taken)
    writes = list(taken.writer.tokens([DEEP]))
    assert [write.decode() for write in taken.writer.failed(Generated((DEEP,), "error"))] == tail
    for parts in cuttings(b"".join(writes) + "".join(tail).encode()):
        events, error = collect(parts, dict(taken.head.headers)["content-type"])
        assert "".join(event.text for event in events if isinstance(event, Token)) == " Deep"
        assert isinstance(error, StreamInterrupted)


def test_tokens_that_are_held_back_when_the_engine_breaks_are_lost() -> None:
    taken = CONTAINERS["lmi-0.25"].handle(ContainerRequest("POST", "/invocations", JSON, b'{"inputs": "x"}'))
    assert isinstance(taken, Taken)
    assert list(taken.writer.tokens([DEEP, DEEP, DEEP])) == [b'{"outputs": [" Deep"]}\n', b"", b""]
    assert list(taken.writer.failed(Generated((DEEP,) * 3, "error"))) == [b'{\n  "error": "",\n  "code": 424\n}']


@pytest.mark.parametrize("container", ROLLING)
@pytest.mark.parametrize("path", ["/invocations", "/predictions/model", "/predictions/model/1", "/models/model/invoke"])
def test_it_is_invoked_by_every_path_of_the_front_end(container: str, path: str) -> None:
    assert ask(container, {**WHAT_IS, "prompt": "x"}, path).last_token == 5


@pytest.mark.parametrize(("container", "status"), [("lmi-0.26", 404), ("lmi-0.27", 200), ("lmi-0.36", 200)])
def test_the_chat_has_a_path_of_its_own_since_0_27(container: str, status: int) -> None:
    assert ask(container, CHAT, "/v1/chat/completions").status == status


@pytest.mark.parametrize("path", ["/predictions/other", "/models/other/invoke"])
def test_another_model_is_not_found(path: str) -> None:
    assert said(ask("lmi-0.36", WHAT_IS, path)) == (
        404, JSON, b'{\n  "code": 404,\n  "type": "ModelNotFoundException",\n  "message": "Model or workflow not found: other"\n}\n', False,
    )  # fmt: skip


@pytest.mark.parametrize("container", ROLLING)
def test_it_is_pinged_and_knows_no_other_path(container: str) -> None:
    assert said(ask(container, b"", "/ping", method="GET")) == (200, JSON, b'{\n  "model": {\n    "status": "Healthy"\n  }\n}\n', False)
    assert said(ask(container, WHAT_IS, "/generate"))[:2] == (404, JSON)
    assert b'"type": "ResourceNotFoundException"' in ask(container, WHAT_IS, "/generate").body


def test_it_answers_options_with_an_empty_object() -> None:
    assert said(ask("lmi-0.23", b"", method="OPTIONS")) == (200, JSON, b"{}\n", False)


@pytest.mark.parametrize(
    ("container", "status", "body"),
    [
        ("lmi-0.23", 503, b'{"code": 503, "error": "the model failed"}'),
        ("lmi-0.25", 503, b'{\n  "code": 503,\n  "type": "ServiceUnavailableException",\n  "message": "the model failed"\n}\n'),
        ("lmi-0.28", 500, b'{\n  "code": 500,\n  "type": "InternalServerException",\n  "message": "the model failed"\n}\n'),
        ("lmi-0.36", 424, b'{"error":"the model failed","code":424}'),
    ],
)
def test_a_failure_before_the_answer_has_its_status(container: str, status: int, body: bytes) -> None:
    reply = CONTAINERS[container].failure(status)
    assert (reply.status, reply.body) == (status, body)


def test_an_error_names_its_type_where_an_answer_would_have_its_own() -> None:
    assert said(ask("lmi-0.23", b"?"))[1] == JSON_LINES
    assert said(ask("lmi-0.28-sse", b"?"))[1] == SSE
    assert said(ask("lmi-0.36", b"?"))[1] == JSON


def test_on_the_wire_every_row_streams_to_boto3_and_bedrock_s_only_where_the_operation_does(tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    names = {container: container.replace(".", "-") for container in (*ROLLING, "lmi-0.23-dynamic", "lmi-0.35-async-vllm")}
    file.write_text("\n".join(f'[{name}]\ncontainer = "{container}"' for container, name in names.items()), encoding="utf-8")
    with MockServer(catalog=file) as twin:
        client = boto3_client(twin.url)
        for container, name in names.items():
            asked = {"EndpointName": name, "ContentType": JSON, "CustomAttributes": "mock.script=hello;mock.cut=every-byte"}
            body = json.dumps({"prompt": "hello", "max_gen_len": 400} if "bedrock" in container else {**STREAM, "parameters": {"max_new_tokens": 400}})
            streamed = client.invoke_endpoint_with_response_stream(Body=body, **asked)
            events = list(decode_events(streamed["Body"], streamed["ContentType"]))
            whole = client.invoke_endpoint(Body=body, **asked)
            assert "Hello" in "".join(event.text for event in events if isinstance(event, Token)), container
            assert isinstance(events[-1], Finish)
            assert ("generation" in json.loads(whole["Body"].read())["body"]) if "bedrock" in container else whole["Body"].read()
