"""Members of frames in every form: those that a container writes rarely, or none does, so that each member means one thing wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import Alternative, Finish, StreamEvent, Token
from backends.wire import decode_events
from tests.backends.wire.test_decode import collect

ANSWERS: dict[str, tuple[bytes, tuple[StreamEvent, ...]]] = {
    "details without a whole text": (
        b'{"token": {"text": "a"}, "generated_text": null, "details": {"finish_reason": "length", "generated_tokens": 1}}\n',
        (Token("a"), Finish("length", "length", 1)),
    ),
    "a token with an error that is none": (b'{"token": {"text": "a"}, "error": null, "generated_text": "a"}\n', (Token("a"), Finish())),
    "an alternative without a text": (
        b'{"token": {"text": "a"}, "top_tokens": [{"id": 1}], "generated_text": "a"}\n',
        (Token("a", alternatives=(Alternative("", 1),)), Finish()),
    ),
    "a whole text twice": (b'{"generated_text":"a"}\n{"generated_text":"a"}\n', (Token("a"), Finish())),
    "outputs, then the whole text": (b'{"outputs":["a"]}\n{"outputs":["b"]}\n{"generated_text":"ab"}\n', (Token("a"), Token("b"), Finish())),
    "members that are not what they are called": (
        b'{"message": "m"}\n{"code": 1}\n{"object": "list", "message": "m"}\n{"body": {"x": 1}}\n{"body": "generation"}\n{"outputs": ["a"]}\n',
        (Token("a"), Finish()),
    ),
    "log probabilities of nothing": (
        b'{"choices": [{"delta": {"content": "a"}, "logprobs": [], "finish_reason": "stop"}]}\n',
        (Token("a"), Finish("stop", "stop")),
    ),
    "an alternative of a chat without a text": (
        b'{"choices": [{"delta": {"content": "a"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "a", "top_logprobs": [{"logprob": -1}]}]}}]}\n',
        (Token("a", alternatives=(Alternative("", None, -1),)), Finish("stop", "stop")),
    ),
    "counts in two chunks": (
        b'{"choices": [], "usage": {"completion_tokens": 4}}\n{"choices": [], "usage": {"prompt_tokens": 9}}\n{"choices": [], "usage": {}}\n[DONE]\n',
        (Finish(None, None, 4, 9),),
    ),
    "counts in two frames": (
        b'{"body": {"generation": "a", "generation_token_count": 1, "prompt_token_count": 5}}\n{"body": {"generation": "b", "stop_reason": "length"}}\n',
        (Token("a"), Token("b"), Finish("length", "length", 1, 5)),
    ),
    "counts in two details": (
        b'{"token": {"text": "a"}, "details": {"generated_tokens": 2, "input_length": 7}}\n{"token": {"text": "b"}, "details": {"finish_reason": "stop"}}\n',
        (Token("a"), Token("b"), Finish("stop", "stop", 2, 7)),
    ),
}


@pytest.mark.parametrize(("body", "events"), ANSWERS.values(), ids=ANSWERS)
def test_a_member_means_the_same_wherever_it_stands(body: bytes, events: tuple[StreamEvent, ...]) -> None:
    assert collect([body]) == (list(events), None)


NO_END = "the stream ended before the answer did: no generated_text, finish_reason or [DONE] came"
NO_ANSWER = "the stream ended without a frame that holds an answer"
FAILURES: dict[str, tuple[bytes, type[BackendError], str]] = {
    "a token with an error": (b'{"token": {"text": ""}, "error": "boom"}\n', StreamInterrupted, "the container stopped with an error: boom"),
    "an error of old vLLM without a code": (
        b'{"object": "error", "message": "boom", "type": "BadRequestError"}\n',
        StreamInterrupted,
        "the container stopped with an error: boom",
    ),
    "an error without a word": (b'{"error": {"code": 7}}\n', StreamInterrupted, "the container stopped with an error: the container gives no message"),
    "no frame that holds an answer": (b'{"x": 1}\n', TruncatedStream, NO_ANSWER),
    "a token without an end": (b'{"token": {"text": "a"}}\n', TruncatedStream, NO_END),
    "a whole text that is none": (b'{"generated_text": null}\n', TruncatedStream, NO_END),
    "Bedrock's form without an end": (b'{"body": {"generation": "a"}}\n', TruncatedStream, NO_END),
    "an empty reason": (b'{"choices": [{"text": "a", "finish_reason": ""}]}\n', TruncatedStream, NO_END),
    "a reason that is no word": (b'{"choices": [{"text": "a", "finish_reason": 5}]}\n', TruncatedStream, NO_END),
    "a text that is a number": (
        b'{"token": {"text": 5}}\n',
        MalformedFrame,
        'the frame at byte 0 cannot be read: text is 5, expected a string; it begins b\'{"token": {"text": 5}}\'',
    ),
    "an id that is a text": (
        b'{"token": {"id": "q", "text": "a"}}\n',
        MalformedFrame,
        'the frame at byte 0 cannot be read: id is \'q\', expected a whole number; it begins b\'{"token": {"id": "q", "text": "a"}}\'',
    ),
    "a log probability that is a text": (
        b'{"token": {"text": "a", "logprob": "q"}}\n',
        MalformedFrame,
        'the frame at byte 0 cannot be read: log probability is \'q\', expected a number; it begins b\'{"token": {"text": "a", "logprob": "q"}}\'',
    ),
    "a frame that is no object": (b"[[1]]\n", MalformedFrame, "the frame at byte 0 cannot be read: expected a JSON object, got list; it begins b'[[1]]'"),
    "a long frame that is no object": (
        b"[" + b"1," * 50 + b"1]\n",
        MalformedFrame,
        f"the frame at byte 0 cannot be read: expected a JSON object, got int; it begins b'[{'1,' * 29}1'",
    ),
    "a frame that is nested too deeply": (
        b"[" * 100_000 + b"]" * 100_000 + b"\n",
        MalformedFrame,
        f"the frame at byte 0 cannot be read: it is nested too deeply; it begins b'{'[' * 60}'",
    ),
}


@pytest.mark.parametrize(("body", "error", "message"), FAILURES.values(), ids=FAILURES)
def test_what_fails_says_why(body: bytes, error: type[BackendError], message: str) -> None:
    with pytest.raises(error) as raised:
        list(decode_events([body]))

    assert str(raised.value) == message


REASONS = {
    "eos_token": "stop",
    "stop": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "abort": None,
}


@pytest.mark.parametrize(("container_reason", "reason"), REASONS.items(), ids=REASONS)
def test_a_container_s_word_for_its_end_is_kept_beside_ours(container_reason: str, reason: Any) -> None:
    body = b'{"choices": [{"text": "a", "finish_reason": "%b"}]}\n' % container_reason.encode()

    assert collect([body]) == ([Token("a"), Finish(reason, container_reason)], None)


CODES = [b'"error_type": "A"', b'"type": "B"', b'"code": "C"', b'"error_code": "D"', b'"http_status_code": 5', b'"param": null']


@pytest.mark.parametrize(("left_out", "code"), [*enumerate(["A", "B", "C", "D", "5", "error"])])
def test_the_first_member_that_names_an_error_is_its_code(left_out: int, code: str) -> None:
    events, error = collect([b'{"error": {%b}}\n' % b", ".join(reversed(CODES[left_out:]))])

    assert events == []
    assert isinstance(error, StreamInterrupted)
    assert error.code == code


ENDS = [b'"choices": [{"text": "c", "finish_reason": "stop"}]', b'"outputs": ["o"]', b'"generated_text": "g"', b'"body": {"generation": "b"}']


@pytest.mark.parametrize(("left_out", "text"), [*enumerate("cogb")])
def test_of_a_frame_with_the_members_of_several_containers_the_first_counts(left_out: int, text: str) -> None:
    events, _ = collect([b"{%b}\n" % b", ".join(reversed(ENDS[left_out:]))])

    assert events[0] == Token(text)
