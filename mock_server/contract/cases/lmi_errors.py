"""Errors of LMI inside the body: of a rolling batch as a line of its own kind, of Python's engine in the words of the front end, which end no line.

A right parser delivers what came before, then fails, and tells what the container said. Source: deepjavalibrary/djl-serving, the branch of each version:
`djl_python/output_formatter.py`, `rolling_batch/rolling_batch.py`, and of the front end `Request.java`, `RollingBatch.java`, `AsyncRequestManager.java`.
"""

from __future__ import annotations

from functools import partial

from backends.events import Token
from mock_server.contract.case import Case, fails
from mock_server.contract.cases.chat_rows import JSON, JSON_LINES, LMI, LMI_ASYNC, SSE, async_chat, lmi_chat
from mock_server.contract.cases.errors import ENGINE
from mock_server.contract.cases.rows import By, in_pieces

FRONT = "djl-serving 0.36.0-dlc, ai/djl/python/engine/Request.java"
NO_LINE_END = (
    "https://github.com/aws/sagemaker-python-sdk/issues/6278",
    "https://github.com/langchain-ai/langchain-aws/issues/128",
    "https://github.com/langchain-ai/langchain/issues/16219",
)
ROLLING = "exception occurred during rolling batch inference"

_errors = partial(Case, family="errors", format="token-lines", content_type=JSON_LINES)
_LINE = b'{"token": {"id": 304, "text": " Plum", "log_prob": -0.05}}\n'
_SAID = Token(" Plum", 304, -0.05)

_IN_TOKENS = (
    _errors(
        name="lmi-token-that-is-an-error",
        container="lmi-0.28",
        writes=(
            _LINE,
            (
                b'{"token": {"id": -1, "text": "", "log_prob": -1, "special_token": true}, "generated_text": " Plum", '
                b'"details": {"finish_reason": "error", "generated_tokens": 2, "inputs": "hi"}}\n'
            ),
        ),
        right=fails("interrupted", _SAID),
        why="LMI 0.28 tells an error by a token of its own, whose finish reason is `error`: with text and details it looks like an end.",
        source="djl-serving 0.28.0-dlc, djl_python/rolling_batch/rolling_batch.py and output_formatter.py",
    ),
    _errors(
        name="lmi-token-that-tells-its-error",
        writes=(
            _LINE,
            (
                b'{"token": {"id": -1, "text": "", "log_prob": -1, "special_token": true, "error_msg": "CUDA error: device-side assert"}, '
                b'"generated_text": " Plum", "details": {"finish_reason": "error"}}\n'
            ),
        ),
        right=fails("interrupted", _SAID, says="CUDA error: device-side assert"),
        why="Later versions tell what happened in the token's `error_msg`.",
        source=LMI,
    ),
    _errors(
        name="lmi-event-that-is-an-error",
        format="token-sse",
        container="lmi-0.28-sse",
        content_type=SSE,
        writes=(
            b"data: " + _LINE + b"\n",
            (
                b'data: {"token": {"id": -1, "text": "", "log_prob": -1, "special_token": true}, "generated_text": " Plum", '
                b'"details": {"finish_reason": "error", "generated_tokens": 2, "inputs": "hi"}}\n\n'
            ),
        ),
        right=fails("interrupted", _SAID),
        why="The same as a server-sent event.",
        source="djl-serving 0.28.0-dlc, djl_python/output_formatter.py",
    ),
    _errors(
        name="lmi-choice-that-is-an-error",
        format="chat-lines",
        container="lmi-0.28",
        writes=(
            (
                b'{"id": "chatcmpl-<built-in function id>", "object": "chat.completion.chunk", "created": 1795171127, '
                b'"choices": [{"index": 0, "delta": {"content": "Fig", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n'
            ),
            (
                b'{"id": "chatcmpl-<built-in function id>", "object": "chat.completion.chunk", "created": 1795171127, '
                b'"choices": [{"index": 0, "delta": {"content": ""}, "logprobs": null, "finish_reason": "error"}]}\n'
            ),
        ),
        right=fails("interrupted", "Fig"),
        why="A finish reason of `error` in a chat is no end either.",
        source="djl-serving 0.28.0-dlc, djl_python/output_formatter.py",
    ),
    _errors(
        name="lmi-bedrock",
        format="bedrock-lines",
        writes=(
            (
                b'{"body": {"generation": " Date", "prompt_token_count": 5, "generation_token_count": 1, "stop_reason": null}, '
                b'"metering": {"outputTokenCount": 1, "inputTokenCount": 5}, "content_type": "application/jsonlines"}\n'
            ),
            (
                b'{"body": {"generation": "", "prompt_token_count": null, "generation_token_count": 2, "stop_reason": "error"}, "metering": '
                b'{"outputTokenCount": 2}, "content_type": "application/jsonlines", "error": {"error_code": 400, "error_msg": "the prompt is too long"}}\n'
            ),
        ),
        right=fails("interrupted", " Date", says="the prompt is too long"),
        why="In Bedrock's form the error stands beside the body, which looks like the last one of an answer.",
        source="djl-serving 0.29.0-dlc, djl_python/output_formatter.py",
    ),
)

_front = partial(_errors, source=FRONT, bit=NO_LINE_END)

_BY_THE_FRONT_END = (
    _front(
        name="lmi-front-end-behind-lines",
        container="lmi-0.36",
        writes=(_LINE, b'{"error":"exception occurred during rolling batch inference","code":424}'),
        right=fails("interrupted", _SAID, says=ROLLING),
        why="The front end's error is the body's last bytes and no line end follows: what is left at the end has to be read.",
    ),
    _front(
        name="lmi-front-end-behind-events",
        format="token-sse",
        container="lmi-0.36-sse",
        content_type=SSE,
        writes=(b"data: " + _LINE + b"\n", b'{"error":"exception occurred during rolling batch inference","code":424}'),
        right=fails("interrupted", _SAID, says=ROLLING),
        also=(fails("truncated", _SAID),),
        why="The front end's error is no field of an event: ours reads it; the standard reads over it, and then the answer lacks its end.",
    ),
    _front(
        name="lmi-front-end-behind-chunks",
        format="chat-lines",
        container="lmi-0.32",
        writes=(
            lmi_chat(b'{"index": 0, "delta": {"content": "Kiwi", "role": "assistant"}, "logprobs": null, "finish_reason": null}') + b"\n",
            b'{"error":"exception occurred during rolling batch inference","code":424}',
        ),
        right=fails("interrupted", "Kiwi", says=ROLLING),
        why="Behind a chat's lines the front end has the same words.",
    ),
    in_pieces(
        "errors",
        "lmi-front-end-inside-a-string",
        By("fragments", JSON, "lmi-0.27-json"),
        b'{"generated_text": "Two',
        b" pears",
        b'{"error":"","code":424}',
        right=fails("interrupted", "Two", " pears"),
        why="A document that comes in fragments is still inside its string when the error comes: it is not JSON in all, and not text either.",
        source="djl-serving 0.27.0-dlc, ai/djl/python/engine/RollingBatch.java",
    ),
    _front(
        name="lmi-front-end-printed",
        container="lmi-0.26",
        writes=(_LINE, b'{\n  "error": "",\n  "code": 424\n}'),
        right=fails("interrupted", _SAID),
        why="0.25 and 0.26 print the error over four lines, none of which is JSON alone.",
        source="djl-serving 0.26.0-dlc, ai/djl/python/engine/RollingBatch.java",
    ),
    _front(
        name="lmi-front-end-without-a-word",
        container="lmi-0.27",
        writes=(b'{"token": {"id": [304], "text": " Lime", "log_prob": -0.05}}\n', b'{"error":"","code":424}'),
        right=fails("interrupted", Token(" Lime", 304, -0.05)),
        why="The message may be empty: an error is there where the member is, not where its text is true.",
        source="djl-serving 0.27.0-dlc, ai/djl/python/engine/RollingBatch.java",
    ),
    _front(
        name="lmi-python-writes-the-error",
        format="outputs-lines",
        container="lmi-0.24",
        writes=(b'{"outputs": [" Leek"]}\n', b'{"code": 500, "error": "the model failed"}'),
        right=fails("interrupted", " Leek", says="the model failed"),
        why="0.23 and 0.24 let Python's JSON through: the code first, and spaces.",
        source="djl-serving 0.24.0-dlc, djl_python/rolling_batch/rolling_batch.py",
    ),
    _front(
        name="lmi-front-end-escapes-html",
        container="lmi-0.36",
        writes=(_LINE, b'{"error":"token id 7 isn\\u0027t \\u003c 5 \\u0026 can\\u0027t be","code":424}'),
        right=fails("interrupted", _SAID, says="token id 7 isn't < 5 & can't be"),
        why="GSON escapes what HTML could take for its own: the message is the string that JSON means.",
        source="RFC 8259, section 7; GSON's default, by which djl-serving's Request.java writes",
    ),
    _front(
        name="lmi-batch-failed",
        writes=(_LINE, b'{"code":424,"message":"Batch inference failed","properties":{},"content":{"keys":[],"values":[]},"cancelled":false}'),
        right=fails("interrupted", _SAID, says="Batch inference failed"),
        why="Where the batch fails in Java, its Output object is written: it has a code and a message, and no member `error`.",
        source="djl-serving 0.28.0-dlc, ai/djl/python/engine/RollingBatch.java",
    ),
    _front(
        name="lmi-engine-gone",
        writes=(
            b'{"index": 0, "token": {"id": 304, "text": " Plum", "logprob": -0.05}, "generated_text": null, "details": null}\n',
            b'{"code":500,"message":"Inference Engine Failure","properties":{},"content":{"keys":[],"values":[]},"cancelled":false}',
        ),
        right=fails("interrupted", _SAID, says="Inference Engine Failure"),
        why="Where Python's process dies, the front end writes the same object with another code.",
        source="djl-serving 0.35.0-dlc, ai/djl/python/engine/AsyncRequestManager.java",
    ),
)

_asynchronous = partial(_errors, container="lmi-0.35-async-vllm", source=LMI_ASYNC)

_OF_VLLM = (
    _asynchronous(
        name="lmi-async-line",
        writes=(
            b'{"index": 0, "token": {"id": 304, "text": " Plum", "logprob": -0.05}, "generated_text": null, "details": null}\n',
            b'{"error": {"message": "%b", "type": "BadRequestError", "param": null, "code": 400}}\n' % ENGINE.encode(),
        ),
        right=fails("interrupted", _SAID, says=ENGINE),
        why="The asynchronous handler passes vLLM's error on as a line among lines of its own.",
    ),
    _asynchronous(
        name="lmi-async-line-and-a-blank-one",
        format="chat-lines",
        writes=(
            async_chat(b'{"index":0,"delta":{"content":"Nut"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            b'{"error": {"message": "%b", "type": "BadRequestError", "param": null, "code": 400}}\n' % ENGINE.encode(),
            b"\n",
        ),
        right=fails("interrupted", "Nut", says=ENGINE),
        why="In a chat a blank line, which was vLLM's `[DONE]`, follows the error and heals nothing.",
    ),
)

CASES = (*_IN_TOKENS, *_BY_THE_FRONT_END, *_OF_VLLM)
