"""What TGI 0.9.4 takes, refuses and writes, as literal bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Reply
from mock_server.containers.serde import format_f32
from mock_server.script import Script, ScriptToken
from tests.mock_server.scripted import reply_of

TGI = CONTAINERS["tgi-0.9.4"]
SCRIPT = Script(
    "scripted",
    (),
    (
        ScriptToken(" Deep", 304, -0.05),
        ScriptToken("", 8, -0.6196289),
        ScriptToken(' 日😀\n"\u2028\x1f', 11157, -1.25),
        ScriptToken(".", 28723, -0.0),
        ScriptToken("<|endoftext|>", 11, -1e-07, special=True),
    ),
)
EVENTS = [
    'data:{"token":{"id":304,"text":" Deep","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n',
    'data:{"token":{"id":8,"text":"","logprob":-0.6196289,"special":false},"generated_text":null,"details":null}\n\n',
    'data:{"token":{"id":11157,"text":" 日😀\\n\\"\u2028\\u001f","logprob":-1.25,"special":false},"generated_text":null,"details":null}\n\n',
    'data:{"token":{"id":28723,"text":".","logprob":-0.0,"special":false},"generated_text":null,"details":null}\n\n',
    'data:{"token":{"id":11,"text":"<|endoftext|>","logprob":-1e-7,"special":true},"generated_text":" Deep 日😀\\n\\"\u2028\\u001f.","details":null}\n\n',
]
HEADERS = (
    ("content-type", "text/event-stream"),
    ("cache-control", "no-cache"),
    ("x-compute-type", "gpu+optimized"),
    ("x-compute-characters", "2"),
    ("x-accel-buffering", "no"),
    ("access-control-allow-origin", "*"),
    ("vary", "origin, access-control-request-method, access-control-request-headers"),
)

INVALID = [
    ({"best_of": 2, "do_sample": True}, "`best_of` != 1 is not supported when streaming tokens"),
    ({"decoder_input_details": True}, "`decoder_input_details` == true is not supported when streaming tokens"),
    ({"temperature": 0}, "`temperature` must be strictly positive"),
    ({"repetition_penalty": -1.5}, "`repetition_penalty` must be strictly positive"),
    ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
    ({"typical_p": 0}, "`typical_p` must be > 0.0 and < 1.0"),
    ({"top_k": 0}, "`top_k` must be strictly positive"),
    ({"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
    ({"stop": list("abcde")}, "`stop` supports up to 4 stop sequences. Given: 5"),
    ({"truncate": 1901}, "`truncate` must be strictly positive and less than 1900. Given: 1901"),
    ({"max_new_tokens": 2048}, "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1 `inputs` tokens and 2048 `max_new_tokens`"),
]
REJECTED = [
    (None, b"{}", 415, "Expected request with `Content-Type: application/json`"),
    ("text/plain", b"{}", 415, "Expected request with `Content-Type: application/json`"),
    ("application/json", b"", 400, "Failed to parse the request body as JSON: EOF while parsing a value at line 1 column 1"),
    ("application/json", b"{nope", 400, "Failed to parse the request body as JSON: expected value at line 1 column 2"),
    ("application/json", b'{"inputs": NaN}', 400, "Failed to parse the request body as JSON: expected value at line 1 column 12"),
    ("application/json", b"{}", 422, "missing field `inputs` at line 1 column 2"),
    ("application/json", b'{\n"inputs": null}', 422, "inputs: invalid type: null, expected a string at line 2 column 14"),
    ("application/json", b"3", 422, "invalid type: integer `3`, expected struct CompatGenerateRequest at line 1 column 1"),
    ("application/json", b'{"inputs":["a"]}', 422, "inputs: invalid type: sequence, expected a string at line 1 column 11"),
    ("application/json", b'{"inputs":"a","stream":"yes"}', 422, 'stream: invalid type: string "yes", expected a boolean at line 1 column 28'),
    ("application/json", b'{"inputs":"a","parameters":{"max_new_tokens":-1}}', 422, "parameters.max_new_tokens: invalid value: integer `-1`, expected u32"),
    (
        "application/json",
        b'{"inputs":"a","parameters":{"max_new_tokens":1.5}}',
        422,
        "parameters.max_new_tokens: invalid type: floating point `1.5`, expected u32",
    ),
    ("application/json", b'{"inputs":"a","parameters":{"details":1}}', 422, "parameters.details: invalid type: integer `1`, expected a boolean"),
    ("application/json", b'{"inputs":"a","parameters":{"seed":true}}', 422, "parameters.seed: invalid type: boolean `true`, expected u64"),
    ("application/json", b'{"inputs":"a","parameters":{"stop":[1]}}', 422, "parameters.stop: invalid type: integer `1`, expected a string"),
    ("application/json", b'{"inputs":"a","parameters":{"stop":{}}}', 422, "parameters.stop: invalid type: map, expected a sequence"),
    ("application/json", b'{"inputs":"' + b"a" * 2_100_000 + b'"}', 413, "Failed to buffer the request body: length limit exceeded"),
]


def ask(value: Any, path: str = "/invocations", method: str = "POST", script: Script = SCRIPT, seed: int = 0) -> Reply:
    return reply_of(TGI, ContainerRequest(method, path, "application/json", json.dumps(value).encode(), seed), script)


def stream(**parameters: Any) -> Reply:
    return ask({"inputs": "hi", "stream": True, "parameters": parameters})


def last(reply: Reply) -> Any:
    return json.loads(reply.writes[-1].removeprefix(b"data:"))


@pytest.mark.parametrize(("path", "body"), [("/invocations", {"stream": True}), ("/", {"stream": True}), ("/generate_stream", {})])
def test_each_token_is_an_event_and_a_write(path: str, body: dict[str, Any]) -> None:
    reply = ask({"inputs": "hi", **body}, path)
    assert (reply.status, reply.headers, reply.is_chunked, reply.head_waits) == (200, HEADERS, True, False)
    assert [write.decode() for write in reply.writes] == EVENTS
    assert list(reply.tokens) == [1, 2, 3, 4, 5]


def test_details_stand_on_the_last_event() -> None:
    reply = stream(details=True)
    assert reply.writes[-1].endswith(b'"details":{"finish_reason":"eos_token","generated_tokens":5,"seed":null}}\n\n')
    assert b'"details":null' in reply.writes[-2]


@pytest.mark.parametrize(
    ("parameters", "events", "reason", "text"),
    [
        ({"max_new_tokens": 1}, 1, "length", " Deep"),
        ({"max_new_tokens": 5}, 5, "length", ' Deep 日😀\n"\u2028\x1f.'),
        ({"max_new_tokens": 6}, 5, "eos_token", ' Deep 日😀\n"\u2028\x1f.'),
        ({"stop": ["eep"]}, 1, "stop_sequence", " Deep"),
        ({"stop": ["nowhere", "."]}, 4, "stop_sequence", ' Deep 日😀\n"\u2028\x1f.'),
        ({"stop": ["ee"]}, 5, "eos_token", ' Deep 日😀\n"\u2028\x1f.'),
        ({"stop": [" Deep"], "max_new_tokens": 1}, 1, "length", " Deep"),
        ({"return_full_text": True, "max_new_tokens": 1}, 1, "length", "hi Deep"),
    ],
)
def test_an_answer_ends_at_its_length_a_stop_sequence_or_its_end_token(parameters: dict[str, Any], events: int, reason: str, text: str) -> None:
    reply = stream(details=True, **parameters)
    assert len(reply.writes) == events
    assert last(reply)["generated_text"] == text
    assert last(reply)["details"]["finish_reason"] == reason
    assert last(reply)["details"]["generated_tokens"] == events


def test_twenty_tokens_are_the_default() -> None:
    assert len(ask({"inputs": "hi", "stream": True}, script=replace(SCRIPT, tokens=SCRIPT.tokens[:1] * 50)).writes) == 20


@pytest.mark.parametrize(
    ("parameters", "seed"),
    [
        ({"seed": 3}, None),
        ({"temperature": 1.0, "seed": 3}, None),
        ({"do_sample": True, "seed": 3}, 3),
        ({"temperature": 0.5, "seed": 3}, 3),
        ({"top_k": 9, "seed": 3}, 3),
    ],
)
def test_the_seed_is_told_where_tokens_are_drawn(parameters: dict[str, Any], seed: int | None) -> None:
    assert last(stream(details=True, **parameters))["details"]["seed"] == seed


def test_a_seed_that_is_not_given_comes_from_the_request_to_the_twin() -> None:
    def drawn(seed: int) -> int:
        reply = ask({"inputs": "hi", "stream": True, "parameters": {"do_sample": True, "details": True}}, seed=seed)
        return int(last(reply)["details"]["seed"])

    assert drawn(1) == drawn(1) != drawn(2)


@pytest.mark.parametrize(("parameters", "text"), INVALID)
def test_an_invalid_parameter_of_a_stream_is_an_event_under_200(parameters: dict[str, Any], text: str) -> None:
    reply = stream(**parameters)
    event = b'data:{"error":"Input validation error: %b","error_type":"validation"}\n\n' % text.encode()
    assert (reply.status, reply.headers, list(reply.writes), list(reply.tokens)) == (200, HEADERS, [event], [0])


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        *INVALID[2:],
        ({"best_of": 3, "do_sample": True}, "`best_of` must be > 0 and <= 2. Given: 3"),
        ({"best_of": 2}, "you must use sampling when `best_of` is > 1"),
        ({"best_of": 2, "top_k": 3, "seed": 1}, "`seed` must not be set when `best_of` > 1"),
    ],
)
def test_an_invalid_parameter_of_a_whole_answer_is_a_422(parameters: dict[str, Any], text: str) -> None:
    reply = ask({"inputs": "hi", "parameters": parameters})
    assert (reply.status, json.loads(reply.body)) == (422, {"error": f"Input validation error: {text}", "error_type": "validation"})


@pytest.mark.parametrize(
    ("inputs", "parameters", "text"),
    [
        ("", {}, "`inputs` cannot be empty"),
        ("a" * 7600, {}, "`inputs` must have less than 1900 tokens. Given: 1901"),
        ("a" * 9000, {}, "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2251 `inputs` tokens and 20 `max_new_tokens`"),
    ],
)
def test_inputs_have_a_length(inputs: str, parameters: dict[str, Any], text: str) -> None:
    reply = ask({"inputs": inputs, "parameters": parameters})
    assert (reply.status, json.loads(reply.body)["error"]) == (422, f"Input validation error: {text}")


def test_truncated_inputs_are_short() -> None:
    assert ask({"inputs": "a" * 9000, "parameters": {"truncate": 1000}}).status == 200


@pytest.mark.parametrize(("content_type", "body", "status", "text"), REJECTED)
def test_what_is_no_request_is_a_plain_text(content_type: str | None, body: bytes, status: int, text: str) -> None:
    reply = reply_of(TGI, ContainerRequest("POST", "/invocations", content_type, body), SCRIPT)
    prefix = "Failed to deserialize the JSON body into the target type: " if status == 422 else ""
    assert reply.status == status
    assert dict(reply.headers)["content-type"] == "text/plain; charset=utf-8"
    assert reply.body.decode().startswith(prefix + text)


def test_a_whole_answer_is_a_list_of_one_on_the_compatible_routes() -> None:
    text = '{"generated_text":" Deep 日😀\\n\\"\u2028\\u001f."}'
    assert ask({"inputs": "hi"}).body.decode() == f"[{text}]"
    assert ask({"inputs": "hi"}, "/generate").body.decode() == text
    assert ask({"inputs": "hi", "stream": True}, "/generate").body.decode() == text
    assert list(ask({"inputs": "hi"}).tokens) == [5]


def test_the_details_of_a_whole_answer_hold_every_token() -> None:
    reply = ask({"inputs": "hi", "parameters": {"details": True, "max_new_tokens": 1}}, "/generate")
    token = b'{"id":304,"text":" Deep","logprob":-0.05,"special":false}'
    details = b'{"finish_reason":"length","generated_tokens":1,"seed":null,"prefill":[],"tokens":[%b]}' % token
    assert reply.body == b'{"generated_text":" Deep","details":%b}' % details


@pytest.mark.parametrize("path", ["/", "/health", "/ping"])
def test_it_is_healthy(path: str) -> None:
    assert (ask(None, path, "GET").status, ask(None, path, "GET").body) == (200, b"")


def test_it_tells_its_version() -> None:
    assert json.loads(ask(None, "/info", "GET").body)["version"] == "0.9.4"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/generate", 405),
        ("POST", "/info", 405),
        ("PUT", "/", 405),
        ("GET", "/none", 404),
        ("POST", "/none", 404),
        ("OPTIONS", "/generate", 200),
        ("OPTIONS", "/none", 200),
    ],
)
def test_it_knows_its_routes_and_methods(method: str, path: str, status: int) -> None:
    assert ask({"inputs": "hi"}, path, method).status == status


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (424, b'{"error":"Request failed during generation: Server error: the model failed","error_type":"generation"}'),
        (429, b'{"error":"Model is overloaded","error_type":"overloaded"}'),
        (500, b'{"error":"Incomplete generation","error_type":"incomplete_generation"}'),
    ],
)
def test_a_failure_is_one_of_its_own(status: int, body: bytes) -> None:
    assert (TGI.failure(status).status, TGI.failure(status).body) == (status, body)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (-0.05, "-0.05"),
        (-0.6196289, "-0.6196289"),
        (-1.0, "-1.0"),
        (0.1 + 0.2, "0.3"),
        (-1e-05, "-0.00001"),
        (-1.5e-07, "-1.5e-7"),
        (-123.456789, "-123.45679"),
        (-0.0, "-0.0"),
    ],
)
def test_a_number_is_the_shortest_32_bit_float(number: float, text: str) -> None:
    assert format_f32(number) == text
