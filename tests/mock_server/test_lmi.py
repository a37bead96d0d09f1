"""What LMI 0.23 writes, as literal bytes; the lines are those that its own formatter gave when it was run on such tokens."""

from __future__ import annotations

import pytest

from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Reply
from mock_server.script import Script, ScriptToken
from tests.mock_server.scripted import reply_of

LMI = CONTAINERS["lmi-0.23"]
SCRIPT = Script(
    "scripted",
    (),
    (
        ScriptToken(" a", 241, -0.5),
        ScriptToken(' é\n"', 7, -1.25),
        ScriptToken("", 8, -0.1),
        ScriptToken("😀", 9, -0.1),
        ScriptToken("<|endoftext|>", 11, -0.01, special=True),
    ),
)
LINES = [
    b'{"outputs": [" a"]}\n',
    b'{"outputs": [" \\u00e9\\n\\""]}\n',
    b'{"outputs": [""]}\n',
    b'{"outputs": ["\\ud83d\\ude00"]}\n',
    b'{"outputs": ["<|endoftext|>"]}\n',
]
HEADERS = {
    "content-type": "application/jsonlines",
    "pragma": "no-cache",
    "cache-control": "no-cache; no-store, must-revalidate, private",
    "expires": "Thu, 01 Jan 1970 00:00:00 UTC",
    "connection": "keep-alive",
}

REFUSED = [
    (b"not json", 424, b'{"code": 424, "error": "Expecting value: line 1 column 1 (char 0)"}'),
    (b"", 424, b'{"code": 424, "error": "Expecting value: line 1 column 1 (char 0)"}'),
    (b'{"inputs": "a"', 424, b'{"code": 424, "error": "Expecting \',\' delimiter: line 1 column 15 (char 14)"}'),
    (b'"text"', 424, b'{"code": 424, "error": "\'str\' object has no attribute \'pop\'"}'),
    (b"[1]", 424, b'{"code": 424, "error": "pop expected at most 1 argument, got 2"}'),
    (b"\xff", 424, b'{"code": 424, "error": "\'utf-8\' codec can\'t decode byte 0xff in position 0: invalid start byte"}'),
]
FAILED_BATCH = [
    b"{}",
    b'{"inputs": 3}',
    b'{"inputs": ["a", "b"]}',
    b'{"inputs": "a", "parameters": []}',
    b'{"inputs": "a", "parameters": {"max_new_tokens": "9"}}',
    b'{"inputs": "a", "parameters": {"stop_sequences": "a"}}',
    b'{"inputs": "a", "parameters": {"stop_sequences": [1]}}',
]


def ask(body: bytes, path: str = "/invocations", method: str = "POST") -> Reply:
    return reply_of(LMI, ContainerRequest(method, path, "application/json", body), SCRIPT)


@pytest.mark.parametrize(
    "body", [b'{"inputs": "x"}', b'{"inputs": ["x"], "stream": false}', b'{"inputs": "x", "parameters": {"details": true, "stop": [" a"]}}']
)
def test_each_token_is_a_line_and_a_write_whatever_else_is_asked(body: bytes) -> None:
    reply = ask(body)
    assert (reply.status, reply.is_chunked, reply.head_waits) == (200, True, True)
    assert list(reply.writes) == LINES
    assert list(reply.tokens) == [1, 2, 3, 4, 5]


def test_the_head_is_that_of_the_java_frontend() -> None:
    headers = dict(ask(b'{"inputs": "x"}').headers)
    assert headers.pop("x-request-id")
    assert headers == HEADERS


@pytest.mark.parametrize(
    ("parameters", "lines"),
    [
        (b'{"max_new_tokens": 2}', 2),
        (b'{"max_new_tokens": 0}', 1),
        (b'{"max_new_tokens": 400}', 5),
        (b'{"stop_sequences": [" a"]}', 1),
        (b'{"stop_sequences": ["zzz", "\\""]}', 2),
        (b'{"stop_sequences": ["a \\u00e9"]}', 5),
        (b'{"stop": [" a"]}', 5),
    ],
)
def test_an_answer_ends_at_its_length_or_a_stop_sequence(parameters: bytes, lines: int) -> None:
    assert list(ask(b'{"inputs": "x", "parameters": %b}' % parameters).writes) == LINES[:lines]


def test_thirty_tokens_are_the_default() -> None:
    long = Script("long", (), (ScriptToken("a", 1, -1.0),) * 50)
    assert len(reply_of(LMI, ContainerRequest("POST", "/invocations", None, b'{"inputs": "x"}'), long).writes) == 30


@pytest.mark.parametrize(("body", "status", "chunk"), REFUSED)
def test_a_body_that_its_handler_cannot_read_is_the_status_and_the_first_chunk(body: bytes, status: int, chunk: bytes) -> None:
    reply = ask(body)
    assert (reply.status, list(reply.writes), reply.is_chunked) == (status, [chunk], True)


def test_a_body_nested_too_deep_is_refused_too() -> None:
    assert ask(b"[" * 100_000).status == 424


@pytest.mark.parametrize("body", FAILED_BATCH)
def test_a_body_that_fails_in_the_batch_is_an_error_object_under_200(body: bytes) -> None:
    reply = ask(body)
    assert reply.status == 200
    assert reply.body.startswith(b'{"code":424,"message":"Batch inference failed"')


def test_it_is_pinged_and_knows_no_other_path() -> None:
    assert (ask(b"", "/ping", "GET").status, ask(b"", "/ping", "GET").body) == (200, b'{\n  "model": {\n    "status": "Healthy"\n  }\n}\n')
    assert ask(b"{}", "/generate").status == 404
    assert b'"type": "ResourceNotFoundException"' in ask(b"{}", "/generate").body


def test_it_answers_options_with_an_empty_object() -> None:
    assert (ask(b"", method="OPTIONS").status, ask(b"", method="OPTIONS").body) == (200, b"{}\n")


def test_a_failure_is_its_handlers_error() -> None:
    reply = LMI.failure(503)
    assert (reply.status, reply.body) == (503, b'{"code": 503, "error": "the model failed"}')
