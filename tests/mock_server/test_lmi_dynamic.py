"""What LMI with dynamic batching takes, refuses and streams, as literal bytes: the lines are those that djl-serving's own `outputs.py` gave when it was run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backends.errors import TruncatedStream
from backends.events import Finish, Token
from backends.wire import decode_events
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Generated, Reply, Taken
from mock_server.contract.cuttings import cuttings
from mock_server.script import Script, ScriptToken
from tests.backends.wire.test_decode import collect
from tests.mock_server.lmi_bytes import ACCENT, CHAT, DEEP, END, JSON, JSON_LINES, WHAT_IS
from tests.mock_server.scripted import reply_of

LMI = CONTAINERS["lmi-0.23-dynamic"]
SCRIPT = Script("scripted", (), (ScriptToken(" a", 5, -0.1), ACCENT, END))


def ask(body: object, *, method: str = "POST", path: str = "/invocations", kind: str | None = JSON, script: Script = SCRIPT) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply_of(LMI, ContainerRequest(method, path, kind, data), script)


@pytest.mark.parametrize("body", [WHAT_IS, {"inputs": ["What is"]}, {**WHAT_IS, "stream": False, "parameters": {"stop_sequences": [" a"]}}])
def test_an_answer_is_streamed_whatever_is_asked_and_read_wherever_it_is_cut(body: dict[str, Any]) -> None:
    reply = ask(body)
    assert [write.decode() for write in reply.writes] == [
        '{"outputs": [" a"]}\n',
        '{"outputs": [" \\u00e9\\n\\"\\ud83d\\ude00"]}\n',
        '{"outputs": ["</s>"]}\n',
    ]
    assert (reply.status, dict(reply.headers)["content-type"], reply.is_chunked, reply.head_waits) == (200, JSON_LINES, True, False)
    for parts in cuttings(reply.body):
        assert list(decode_events(parts, JSON_LINES)) == [Token(" a"), Token(' é\n"😀'), Token("</s>"), Finish()]


def test_each_prompt_of_a_list_has_a_text_in_the_line() -> None:
    assert ask({"inputs": ["What is", "Who is"]}).writes[0] == b'{"outputs": [" a", " a"]}\n'


@pytest.mark.parametrize(("parameters", "tokens"), [({}, 50), ({"max_new_tokens": 2}, 2), ({"max_new_tokens": 99, "temperature": 0.5}, 60)])
def test_it_ends_at_its_length_which_is_50_tokens_if_nobody_says_otherwise(parameters: dict[str, Any], tokens: int) -> None:
    assert ask({**WHAT_IS, "parameters": parameters}, script=Script("long", (), (DEEP,) * 60)).last_token == tokens


NO_TEXT = (
    "text input must be of type `str` (single example), `List[str]` (batch or single pretokenized example) "
    "or `List[List[str]]` (batch of pretokenized examples)."
)
STREAMED: list[tuple[object, str]] = [
    ({}, NO_TEXT),
    ({"inputs": 3}, NO_TEXT),
    ({"inputs": ["a", 3]}, NO_TEXT),
    (CHAT, NO_TEXT),
    ({**WHAT_IS, "parameters": {"max_new_tokens": "9"}}, "unsupported operand type(s) for +: 'int' and 'str'"),
    ({**WHAT_IS, "parameters": {"max_new_tokens": None}}, "unsupported operand type(s) for +: 'int' and 'NoneType'"),
    ({**WHAT_IS, "parameters": {"max_new_tokens": 0}}, "index 2 is out of bounds for dimension 1 with size 2"),
    ({**WHAT_IS, "parameters": {"beam_size": 2}}, "beam search is not supported yet!"),
    ({**WHAT_IS, "parameters": {"beam_size": "2"}}, "'>' not supported between instances of 'str' and 'int'"),
]


@pytest.mark.parametrize(("body", "text"), STREAMED)
def test_what_the_generator_does_not_like_is_a_stream_of_the_error_s_bare_text(body: object, text: str) -> None:
    reply = ask(body)
    assert (reply.status, list(reply.writes), reply.is_chunked) == (200, [text.encode()], True)
    events, error = collect(reply.writes, JSON_LINES)
    assert events == []
    assert isinstance(error, TruncatedStream)
    assert error.pending == text.encode()


REFUSED: list[tuple[object, str]] = [
    (b"not json", '{"code": 424, "error": "Expecting value: line 1 column 1 (char 0)"}'),
    (b"3", '{"code": 424, "error": "\'int\' object has no attribute \'pop\'"}'),
    ([1], '{"code": 424, "error": "pop expected at most 1 argument, got 2"}'),
    ({"inputs": []}, '{"code": 424, "error": null}'),
]


@pytest.mark.parametrize(("body", "text"), REFUSED)
def test_what_is_no_request_is_refused_with_status_200_and_no_type(body: object, text: str) -> None:
    reply = ask(body)
    assert (reply.status, reply.body.decode(), reply.is_chunked, "content-type" in dict(reply.headers)) == (200, text, False, False)


def test_parameters_that_are_none_are_an_error_of_the_engine_s() -> None:
    reply = ask({**WHAT_IS, "parameters": 3})
    generator = "djl_python.streaming_utils.StreamingUtils._hf_model_stream_generator()"
    told = f'{{\n  "code":424,\n  "message":"prediction failure",\n  "error":"{generator} argument after ** must be a mapping, not int"\n}}'
    assert (reply.status, dict(reply.headers)["content-type"], reply.body.decode()) == (424, JSON, told)


def test_a_model_that_fails_says_its_bare_words_which_our_reader_hands_on() -> None:
    taken = LMI.handle(ContainerRequest("POST", "/invocations", JSON, b'{"inputs": "x"}'))
    assert isinstance(taken, Taken)
    writes = [*taken.writer.tokens([DEEP]), *taken.writer.failed(Generated((DEEP,), "error"))]
    assert writes == [b'{"outputs": [" Deep"]}\n', b"the model failed"]
    for parts in cuttings(b"".join(writes)):
        events, error = collect(parts, JSON_LINES)
        assert events == [Token(" Deep")]
        assert isinstance(error, TruncatedStream)
        assert error.pending == b"the model failed"


def test_it_has_the_front_end_s_routes_and_none_for_chats() -> None:
    assert ask(b"", method="GET", path="/ping").body == b'{\n  "model": {\n    "status": "Healthy"\n  }\n}\n'
    assert ask(WHAT_IS, path="/predictions/model").status == 200
    assert ask(WHAT_IS, path="/v1/chat/completions").status == 404


def test_a_failure_before_the_answer_has_its_status() -> None:
    reply = LMI.failure(507)
    assert (reply.status, reply.body) == (507, b'{\n  "code":507,\n  "message":"prediction failure",\n  "error":"the model failed"\n}')
