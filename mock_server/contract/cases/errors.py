"""Errors of TGI, vLLM and SGLang inside the body, which is under HTTP 200 by then: each is an event that holds no token.

A right parser delivers what came before, then fails, and tells what the container said. Source: text-generation-inference, `router/src/infer.rs`, later
`infer/mod.rs`, and `server.rs`; vLLM and SGLang, `entrypoints/openai/`.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Token
from mock_server.contract.case import Case, fails, said
from mock_server.contract.cases.chat_rows import DONE, SGLANG, SSE, SSE_UTF8, VLLM, openai_chat, sglang_chat, tgi_chat, vllm_chat
from mock_server.contract.cases.chunks import OPENING

IN_BAND = ("https://github.com/BerriAI/litellm/issues/40578",)
TGI_IN_BAND = ("https://github.com/huggingface/huggingface_hub/issues/1651",)
REFUSED_IN_BAND = "https://github.com/huggingface/text-generation-inference/issues/2749"
TGI_CHAT_IN_BAND = ("https://github.com/huggingface/huggingface_hub/issues/2514",)
ENGINE = "EngineCore encountered an issue. See stack trace (above) for the root cause."

_errors = partial(Case, family="errors", format="token-sse", content_type=SSE)
_tgi = partial(_errors, container="tgi-3.3", source="text-generation-inference v3.3.6, router/src/infer/mod.rs: InferError", bit=TGI_IN_BAND)
_chat = partial(_errors, format="chat-sse", bit=IN_BAND)

_TGI_TOKEN = b'data: {"index":1,"token":{"id":304,"text":" Tea","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n'
_SAID = Token(" Tea", 304, -0.05)

_TGI_LATE = (
    _tgi(
        name="tgi-generation-without-a-space",
        container="tgi-0.9.4",
        writes=(
            b'data:{"token":{"id":304,"text":" Tea","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n',
            b'data:{"error":"Request failed during generation: Server error: CUDA out of memory","error_type":"generation"}\n\n',
        ),
        right=fails("interrupted", _SAID, says="Request failed during generation: Server error: CUDA out of memory"),
        why="TGI tells that the generation failed by an event with `error` and `error_type`, and ends: it is no token, and no end of an answer.",
        source="text-generation-inference v0.9.4, router/src/infer.rs and server.rs",
    ),
    _tgi(
        name="tgi-generation",
        writes=(_TGI_TOKEN, b'data: {"error":"Request failed during generation: Server error: Unexpected <class \'KeyError\'>","error_type":"generation"}\n\n'),
        right=fails("interrupted", _SAID, says="Request failed during generation: Server error: Unexpected <class 'KeyError'>"),
        why="The same with the space that axum has written since TGI 2.1.",
    ),
    _tgi(
        name="tgi-incomplete-generation",
        writes=(_TGI_TOKEN, b'data: {"error":"Incomplete generation","error_type":"incomplete_generation"}\n\n'),
        right=fails("interrupted", _SAID, says="Incomplete generation"),
        why="TGI's model server stopped before the answer's end, which TGI tells.",
    ),
    _tgi(
        name="tgi-incomplete-generation-stream",
        writes=(_TGI_TOKEN, b'data: {"error":"Incomplete generation stream","error_type":"incomplete_generation_stream"}\n\n'),
        right=fails("interrupted", _SAID, says="Incomplete generation stream"),
        why="The stream between TGI's router and its model server stopped, which TGI tells.",
    ),
    _tgi(
        name="tgi-stream-serialization-error",
        writes=(_TGI_TOKEN, b'data: {"error":"Stream event serialization error","error_type":"stream_serialization_error"}\n\n'),
        right=fails("interrupted", _SAID, says="Stream event serialization error"),
        why="TGI could not write an event, and tells it in its place.",
    ),
)

_FIRST = (
    ("overloaded", b"Model is overloaded", "TGI has no room for the request."),
    (
        "validation",
        b"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1200 `inputs` tokens and 1000 `max_new_tokens`",
        "TGI refuses the request.",
    ),
    ("template_error", b"Template error: invalid operation: object has no method named strip (in <string>:1)", "The model's chat template failed."),
    ("missing_template_variable", b"Missing template vatiable: guideline", "The chat template needs what the request has not; the spelling is TGI's."),
    ("tool_error", b"Tool error: Tool with name clock not found", "The request names a tool that it does not describe."),
)
"""`error_type`, text, and what happened before the first token."""

_TGI_FIRST = tuple(
    _tgi(
        name=f"tgi-{kind.replace('_', '-')}",
        writes=(b'data: {"error":"%b","error_type":"%b"}\n\n' % (text, kind.encode()),),
        right=fails("interrupted", says=text.decode()),
        why=f"{what} In a stream HTTP 200 is out before that, so the only event tells it.",
        bit=(*TGI_IN_BAND, REFUSED_IN_BAND),
    )
    for kind, text, what in _FIRST
)

_CHATS = (
    _chat(
        name="tgi-chat-in-openai-form",
        container="tgi-3.3",
        writes=(
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":"Milk"},"logprobs":null,"finish_reason":null}'),
            b'data: {"error":{"message":"Request failed during generation: Server error: out of memory","http_status_code":422}}\n\n',
            DONE,
        ),
        right=fails("interrupted", "Milk", says="Request failed during generation: Server error: out of memory"),
        why="TGI's chats tell an error in OpenAI's form since 2.4.1, and `[DONE]` stands behind it as behind an answer: the error comes first, and counts.",
        source="text-generation-inference v3.3.6, router/src/server.rs and infer/mod.rs",
        bit=(*TGI_CHAT_IN_BAND, *IN_BAND),
    ),
    _chat(
        name="tgi-chat-in-its-own-form",
        container="tgi-2.3-messages",
        writes=(
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":"Salt"},"logprobs":null,"finish_reason":null}', version=b"2.3.1"),
            b'data: {"error":"Request failed during generation: Server error: out of memory","error_type":"generation"}\n\n',
            DONE,
        ),
        right=fails("interrupted", "Salt", says="Request failed during generation: Server error: out of memory"),
        why="Before, an error in a chat has the form that it has elsewhere: a string.",
        source="text-generation-inference v2.3.1, router/src/server.rs and infer/mod.rs",
        bit=(*TGI_CHAT_IN_BAND, *IN_BAND),
    ),
    _chat(
        name="vllm-engine",
        container="vllm-0.14.1",
        content_type=SSE_UTF8,
        writes=(
            vllm_chat(b'{"index":0,"delta":{"content":"Rye","reasoning_content":null},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            b'data: {"error": {"message": "%b", "type": "InternalServerError", "param": null, "code": 500}}\n\n' % ENGINE.encode(),
            DONE,
        ),
        right=fails("interrupted", "Rye", says=ENGINE),
        why="vLLM writes its error with a space behind each colon, unlike its chunks, and then `[DONE]`: what looks like an end is none.",
        source="vLLM v0.14.1, vllm/entrypoints/openai/serving_chat.py: create_streaming_error_response",
    ),
    _chat(
        name="vllm-bad-request",
        container="vllm-0.11.0",
        content_type=SSE_UTF8,
        writes=(
            OPENING,
            b'data: {"error": {"message": "%b", "type": "BadRequestError", "param": null, "code": 400}}\n\n' % ENGINE.encode(),
            DONE,
        ),
        right=fails("interrupted", says=ENGINE),
        why="An error behind the chunk with the role alone: no text came, and an empty answer is not what the container said.",
        source=VLLM,
    ),
    _chat(
        name="error-by-its-object",
        content_type=SSE_UTF8,
        writes=(
            vllm_chat(b'{"index":0,"delta":{"content":"Oats"},"logprobs":null,"finish_reason":null}'),
            b'data: {"object":"error","message":"the prompt is too long","type":"BadRequestError","param":null,"code":400}\n\n',
            DONE,
        ),
        right=fails("interrupted", "Oats", says="the prompt is too long"),
        why="An object that calls itself an error is one, though it has no member `error`.",
        source="vLLM v0.9.2, vllm/entrypoints/openai/protocol.py: ErrorResponse, which stands bare where no stream had begun, and in streams of gateways",
    ),
    _chat(
        name="sglang",
        container="sglang-0.5.4",
        content_type=SSE_UTF8,
        writes=(
            sglang_chat(
                b'{"index":0,"delta":{"role":null,"content":"Corn","reasoning_content":null,"tool_calls":null},'
                b'"logprobs":null,"finish_reason":null,"matched_stop":null}'
            ),
            b'data: {"error": {"object": "error", "message": "the model failed", "type": "BadRequestError", "param": null, "code": 400}}\n\n',
            DONE,
        ),
        right=fails("interrupted", "Corn", says="the model failed"),
        why="SGLang has both: a member `error`, and in it an `object` that says so.",
        source=SGLANG,
    ),
    _chat(
        name="error-null",
        writes=(
            openai_chat(b'{"index":0,"delta":{"role":"assistant","content":"Bean"},"finish_reason":null}', b',"usage":null,"error":null'),
            openai_chat(b'{"index":0,"delta":{"content":"s"},"finish_reason":"length"}', b',"usage":null,"error":null'),
            DONE,
        ),
        right=said("Bean", "s", finish=Finish("length", "length")),
        why="An `error` of null in every chunk says that there is none.",
        source="RFC 8259, section 3: null is a value of its own; servers that write every member write this one",
        bit=(),
    ),
)

CASES = (*_TGI_LATE, *_TGI_FIRST, *_CHATS)
