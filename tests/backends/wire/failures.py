"""Bodies that fail: what comes before the error, and the error's type and fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TruncatedStream
from backends.events import StreamEvent, Token
from tests.backends.wire.bodies import JSON, JSON_LINES, SSE


@dataclass(frozen=True)
class Failure:
    name: str
    content_type: str | None
    data: bytes
    error: type[BackendError]
    fields: dict[str, Any] = field(default_factory=dict)
    events: tuple[StreamEvent, ...] = ()
    says: str = ""

    def __str__(self) -> str:
        return self.name


A = b'{"outputs": ["a"]}\n'

FAILURES = (
    # The container says so, each in its own dialect.
    Failure(
        "tgi, generation",
        SSE,
        b'data:{"token":{"id":1,"text":"a","logprob":-1,"special":false},"generated_text":null,"details":null}\n\n'
        b'data:{"error":"Request failed during generation: out of memory","error_type":"generation"}\n\n',
        StreamInterrupted,
        {"code": "generation", "error_code": None},
        (Token("a", 1, -1),),
        "Request failed during generation: out of memory",
    ),
    Failure("tgi chat", SSE, b'data: {"error":{"message":"no","http_status_code":422}}\n\n', StreamInterrupted, {"code": "422"}, says="no"),
    Failure(
        "vllm, then [DONE]",
        SSE,
        b'data: {"error": {"message": "m", "type": "InternalServerError", "param": null, "code": 500}}\n\ndata: [DONE]\n\n',
        StreamInterrupted,
        {"code": "InternalServerError"},
    ),
    Failure(
        "vllm, of old",
        SSE,
        b'data: {"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}\n\n',
        StreamInterrupted,
        {"code": "BadRequestError"},
    ),
    Failure("lmi front end, no line end", JSON_LINES, A + b'{"error":"isn\\u0027t","code":424}', StreamInterrupted, {"code": "424"}, (Token("a"),), "isn't"),
    Failure(
        "lmi front end, behind server-sent events",
        SSE,
        b'data: {"outputs": ["a"]}\n\n{"error":"boom","code":424}',
        StreamInterrupted,
        {"code": "424"},
        (Token("a"),),
    ),
    Failure(
        "lmi front end, without a word",
        JSON_LINES,
        A + b'{"error":"","code":424}',
        StreamInterrupted,
        {"code": "424"},
        (Token("a"),),
        "the container gives no message",
    ),
    Failure(
        "lmi batch failure",
        JSON_LINES,
        A + b'{"code":424,"message":"Batch inference failed","properties":{},"content":{"keys":[],"values":[]},"cancelled":false}',
        StreamInterrupted,
        {"code": "424"},
        (Token("a"),),
        "Batch inference failed",
    ),
    Failure(
        "lmi engine's end",
        JSON_LINES,
        A + b'{"code":500,"message":"Inference Engine Failure","properties":{},"content":{"keys":[],"values":[]},"cancelled":false}',
        StreamInterrupted,
        {"code": "500"},
        (Token("a"),),
        "Inference Engine Failure",
    ),
    Failure(
        "lmi front end, printed",
        JSON,
        b'{\n  "code": 503,\n  "type": "ServiceUnavailableException",\n  "message": "No worker"\n}\n',
        StreamInterrupted,
        {"code": "ServiceUnavailableException"},
        says="No worker",
    ),
    Failure(
        "lmi error as a token",
        JSON_LINES,
        b'{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n{"token": {"id": -1, "text": "", "log_prob": -1, "special_token": true, '
        b'"error_msg": "boom"}, '
        b'"generated_text": " Deep", "details": {"finish_reason": "error"}}\n',
        StreamInterrupted,
        {"code": "error"},
        (Token(" Deep", 304, -0.05),),
        "boom",
    ),
    Failure(
        "lmi error without a stream",
        JSON,
        b'{"generated_text": null, "error": "boom", "code": 400, "details": {"finish_reason": "error"}}',
        StreamInterrupted,
        {"code": "400"},
        says="boom",
    ),
    Failure(
        "lmi as Bedrock has it",
        JSON_LINES,
        b'{"body": {"generation": "", "prompt_token_count": null, "generation_token_count": 1, "stop_reason": "error"}, "metering": {"outputTokenCount": 1}, '
        b'"content_type": "application/jsonlines", "error": {"error_code": 400, "error_msg": "boom"}}\n',
        StreamInterrupted,
        {"code": "400"},
        says="boom",
    ),
    Failure(
        "lmi as Bedrock has it, whole",
        JSON,
        b'{"body": {"generation": null, "prompt_token_count": 0, "generation_token_count": 0, "stop_reason": "error"}, "metering": {}, '
        b'"content_type": "application/json", "error": {"error": {"error_code": 400, "error_msg": "boom"}}}',
        StreamInterrupted,
        {"code": "400"},
        says="boom",
    ),
    Failure(
        "lmi chat, 0.28",
        JSON_LINES,
        b'{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}]}\n'
        b'{"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}\n',
        StreamInterrupted,
        {"code": "error"},
        (Token("a"),),
        "the container gives no message",
    ),
    # The bytes stop too early.
    Failure("nothing", JSON_LINES, b"", TruncatedStream, {"pending": b""}),
    Failure("nothing but blanks and comments", SSE, b": hi\n\n\n: still here\n\n", TruncatedStream, {"pending": b""}),
    Failure("nothing but a byte order mark", None, b"\xef\xbb\xbf", TruncatedStream, {"pending": b""}),
    Failure("no frame that we know", JSON, b'{"predictions": [1, 2]}', TruncatedStream, {"pending": b""}),
    Failure("inside a line", JSON_LINES, A + b'{"outputs": ["b', TruncatedStream, {"pending": b'{"outputs": ["b'}, (Token("a"),)),
    Failure("inside an event", SSE, b'data: {"outputs": ["a"]}\n\ndata: {"outputs":\n', TruncatedStream, {"pending": b'{"outputs":'}, (Token("a"),)),
    Failure("inside the name of a field", SSE, b'data: {"outputs": ["a"]}\n\nda', TruncatedStream, {"pending": b"da"}, (Token("a"),)),
    Failure("inside a printed document", JSON, b'{\n  "generated_text": "a"\n', TruncatedStream, {"pending": b'{\n  "generated_text": "a"'}),
    Failure("inside a character", JSON_LINES, A + b'{"outputs": ["\xf0\x9f\x98', TruncatedStream, {"pending": b'{"outputs": ["\xf0\x9f\x98'}, (Token("a"),)),
    Failure("on a frame's end, before the answer's, tokens", JSON_LINES, b'{"token": {"text": "a"}}\n', TruncatedStream, {"pending": b""}, (Token("a"),)),
    Failure(
        "on a frame's end, before the answer's, choices",
        SSE,
        b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
        TruncatedStream,
        {"pending": b""},
        (Token("a"),),
    ),
    Failure("a bare number at the end", JSON_LINES, A + b"12", TruncatedStream, {"pending": b"12"}, (Token("a"),)),
    # The bytes break their format.
    Failure("no JSON", JSON_LINES, A + b"oops\n" + A, MalformedFrame, {"offset": 19, "frame": b"oops"}, (Token("a"),)),
    Failure("no JSON in an event", SSE, b'data: {"outputs": ["a"]}\n\ndata: {oops}\n\n', MalformedFrame, {"offset": 26, "frame": b"{oops}"}, (Token("a"),)),
    Failure("no object", JSON_LINES, A + b"[12]\n", MalformedFrame, {"offset": 19, "frame": b"[12]"}, (Token("a"),)),
    Failure("an empty list", JSON_LINES, A + b"[]\n", MalformedFrame, {"offset": 19, "frame": b"[]"}, (Token("a"),)),
    Failure("two documents in a line", JSON_LINES, b'{"outputs": ["a"]}{"outputs": ["b"]}\n', MalformedFrame, {"offset": 0}),
    Failure("a lone byte of a character", JSON_LINES, A + b'{"outputs": ["\xff"]}\n', MalformedFrame, {"offset": 19}, (Token("a"),)),
    Failure("a control character inside a string", JSON_LINES, b'{"outputs": ["a\tb"]}\n', MalformedFrame, {"offset": 0}),
    Failure("a text that is a number", JSON_LINES, b'{"token": {"text": 5}}\n', MalformedFrame, {"offset": 0}),
    Failure("an id that is a text", JSON_LINES, b'{"token": {"text": "a", "id": "q"}}\n', MalformedFrame, {"offset": 0}),
    Failure("a log probability that is a text", JSON_LINES, b'{"token": {"text": "a", "logprob": "x"}}\n', MalformedFrame, {"offset": 0}),
    Failure(
        "a log probability of a token that is a number",
        SSE,
        b'data: {"choices":[{"index":0,"delta":{"content":"5"},"logprobs":{"content":[{"token":5}]}}]}\n\n',
        MalformedFrame,
        {"offset": 0},
    ),
    Failure("an output that is a number", JSON_LINES, b'{"outputs": [5]}\n', MalformedFrame, {"offset": 0}),
    Failure("a token that is none", JSON_LINES, b'{"token": "a"}\n', MalformedFrame, {"offset": 0}),
    Failure("choices that are none", JSON_LINES, b'{"choices": 5}\n', MalformedFrame, {"offset": 0}),
    Failure("nested too deeply", JSON_LINES, b'{"outputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", MalformedFrame, {"offset": 0}),
)
