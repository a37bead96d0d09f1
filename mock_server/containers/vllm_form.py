"""How vLLM writes chat completions and completions.

Source: vllm-project/vllm v0.11.0 and v0.14.1, `vllm/entrypoints/openai/`: `protocol.py` (members), `serving_chat.py`, `serving_completion.py` (chunks),
`tool_parsers/hermes_tool_parser.py` (the deltas of a tool call).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from mock_server.containers.alternatives import alternatives
from mock_server.containers.openai_form import Form, Template, chat_logprobs
from mock_server.script import ScriptToken

FAILURE = "EngineCore encountered an issue. See stack trace (above) for the root cause."
FAILED = b'{"error": {"message": "' + FAILURE.encode() + b'", "type": "%b", "param": null, "code": %d}}'
FINISH = {"eos_token": "stop", "length": "length", "stop_sequence": "stop", "tool_calls": "tool_calls"}

_HEAD: Template = {"id": None, "object": "chat.completion.chunk", "created": None, "model": None}
_CHOICE: Template = {"index": None, "delta": None, "logprobs": None, "finish_reason": None}
_COUNTS: Template = {"prompt_tokens": None, "total_tokens": None, "completion_tokens": None}
_OPENING: Template = {**_CHOICE, "delta": {"role": "assistant", "content": ""}}
_MESSAGE: Template = {
    "role": "assistant",
    "content": None,
    "refusal": None,
    "annotations": None,
    "audio": None,
    "function_call": None,
    "tool_calls": None,
    "reasoning_content": None,
}
_WHOLE_CHOICE: Template = {"index": None, "message": None, "logprobs": None, "finish_reason": None, "stop_reason": None, "token_ids": None}
_ADDED: Template = {"service_tier": None, "system_fingerprint": None, "usage": {**_COUNTS, "prompt_tokens_details": None}}

CHAT = Form(
    opening={**_HEAD, "choices": [_OPENING], "prompt_token_ids": None},
    chunk={**_HEAD, "choices": [{**_CHOICE, "token_ids": None}]},
    last={**_HEAD, "choices": [{**_CHOICE, "stop_reason": None, "token_ids": None}]},
    usage={**_HEAD, "choices": [], "usage": _COUNTS},
    whole={
        **_HEAD,
        "object": "chat.completion",
        "choices": [_WHOLE_CHOICE],
        **_ADDED,
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        "kv_transfer_params": None,
    },
    deltas={
        "text": {"content": None},
        "reasoning": {"reasoning_content": None},
        "call": {"tool_calls": [{"id": None, "type": "function", "index": None, "function": {"name": None}}]},
        "arguments": {"tool_calls": [{"index": None, "function": {"arguments": None}}]},
        "mark": None,
    },
    message=_MESSAGE,
    call={"id": None, "type": "function", "function": {"name": None, "arguments": None}},
    id="chatcmpl-{hex}",
    call_id="chatcmpl-tool-{hex}",
    finish=FINISH,
    called=frozenset(FINISH),
    logprobs=chat_logprobs("token", "logprob", "bytes"),
    failure=FAILED % (b"BadRequestError", 400),
)
"""Chat completions: what model_dump_json(exclude_unset=True) leaves of each chunk."""


def _completion_logprobs(tokens: Sequence[ScriptToken], most: int, offset: int) -> Any:
    texts = [token.text for token in tokens]
    return {
        "text_offset": list(accumulate(map(len, texts[:-1]), initial=offset)),
        "token_logprobs": [token.logprob for token in tokens],
        "tokens": texts,
        "top_logprobs": [{other.text: other.logprob for other in alternatives(token, max(most, 1))} for token in tokens],
    }


_TEXT_HEAD: Template = {**_HEAD, "object": "text_completion"}
_TEXT_CHOICE: Template = {"index": None, "text": None, "logprobs": None, "finish_reason": None, "stop_reason": None}
_TEXT_CHUNK: Template = {**_TEXT_HEAD, "choices": [{**_TEXT_CHOICE, "prompt_token_ids": None, "token_ids": None}], "usage": None}
COMPLETION = replace(
    CHAT,
    opening=None,
    chunk=_TEXT_CHUNK,
    last=_TEXT_CHUNK,
    usage={**_TEXT_HEAD, "choices": [], "usage": _COUNTS},
    whole={
        **_TEXT_HEAD,
        "choices": [{**_TEXT_CHOICE, "token_ids": None, "prompt_logprobs": None, "prompt_token_ids": None}],
        **_ADDED,
        "kv_transfer_params": None,
    },
    deltas={"text": {}},
    id="cmpl-{hex}-0",
    logprobs=_completion_logprobs,
)
"""Completions of a bare prompt, without parsers."""


def _later_chat() -> Form:
    """Return chat completions since thoughts are `reasoning`, and `reasoning_content` is its copy, which counts as set in every delta."""
    copied = {"reasoning_content": None}
    deltas: dict[str, Template | None] = {role: delta and {**delta, **copied} for role, delta in CHAT.deltas.items()}
    deltas |= {"reasoning": {"reasoning": None, **copied}, **{role: {**copied, **(CHAT.deltas[role] or {})} for role in ("call", "arguments")}}
    thoughts = {name: value for name, value in _MESSAGE.items() if name != "reasoning_content"} | {"reasoning": None, **copied}
    return replace(
        CHAT,
        opening={**_HEAD, "choices": [{**_OPENING, "delta": {**_OPENING["delta"], **copied}}], "prompt_token_ids": None},
        deltas=deltas,
        nothing=copied,
        message=thoughts,
        failure=FAILED % (b"InternalServerError", 500),
    )


LATER_CHAT = _later_chat()
