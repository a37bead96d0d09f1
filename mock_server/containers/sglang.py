"""SGLang behind OpenAI's API, with parsers for thoughts (`qwen3`) and tool calls (`qwen25`): every member in every chunk, those without a value as null.

Source: sgl-project/sglang v0.5.4, `python/sglang/srt/entrypoints/`: `http_server.py` (routes, errors; `/invocations` is chat completions alone),
`openai/protocol.py` (members), `openai/serving_chat.py`, `openai/serving_completions.py` (chunks), `../sampling/sampling_params.py` (bounds).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from backends.endpoints import Accepts
from mock_server.containers.alternatives import alternatives
from mock_server.containers.container import ContainerRequest, Reply, Taken
from mock_server.containers.openai_chat import StreamWriter, WholeWriter
from mock_server.containers.openai_form import Form, Template, begin, chat_logprobs, count_tokens, draw_created
from mock_server.containers.openai_request import ChatCompletionRequest, CompletionRequest, NamedTool
from mock_server.containers.openai_server import JSON_TYPE, STREAM, WHOLE, BodyError, empty_reply, json_reply, no_route, parse_json, read_model
from mock_server.script import ScriptToken

MODEL = "default"
CONTEXT_TOKENS = 32768
PATHS: dict[str, Sequence[str]] = {
    "/health": ("GET",),
    "/health_generate": ("GET",),
    "/ping": ("GET",),
    "/get_model_info": ("GET",),
    "/v1/models": ("GET",),
    "/v1/chat/completions": ("POST",),
    "/v1/completions": ("POST",),
    "/invocations": ("POST",),
}
FAILURE = b'{"error": {"object": "error", "message": "the model failed", "type": "BadRequestError", "param": null, "code": 400}}'

_HEAD: Template = {"id": None, "object": "chat.completion.chunk", "created": None, "model": None}
_USAGE: Template = {"prompt_tokens": None, "total_tokens": None, "completion_tokens": None, "prompt_tokens_details": None, "reasoning_tokens": 0}
_CHOICE: Template = {"index": None, "delta": None, "logprobs": None, "finish_reason": None, "matched_stop": None}
_DELTA: Template = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None}
_CALL: Template = {"id": None, "index": None, "type": "function", "function": {"name": None, "arguments": None}}
_CHUNK: Template = {**_HEAD, "choices": [_CHOICE], "usage": None}
_METADATA: Template = {"usage": _USAGE, "metadata": {"weight_version": "default"}}

CHAT = Form(
    opening={**_HEAD, "choices": [{**_CHOICE, "delta": {**_DELTA, "role": "assistant", "content": ""}}], "usage": None},
    chunk=_CHUNK,
    last=_CHUNK,
    usage={**_HEAD, "choices": [], "usage": _USAGE},
    whole={
        **_HEAD,
        "object": "chat.completion",
        "choices": [{"index": None, "message": None, "logprobs": None, "finish_reason": None, "matched_stop": None}],
        **_METADATA,
    },
    deltas={"text": _DELTA, "reasoning": _DELTA, "call": {**_DELTA, "tool_calls": [_CALL]}, "arguments": {**_DELTA, "tool_calls": [_CALL]}, "mark": None},
    end=_DELTA,
    message={"role": "assistant", "content": None, "reasoning_content": None, "tool_calls": None},
    call=_CALL,
    no_calls=None,
    empty_content=None,
    call_id="call_{hex:.24}",
    finish={"eos_token": "stop", "length": "length", "stop_sequence": "stop", "tool_calls": "tool_calls"},
    logprobs=chat_logprobs("token", "bytes", "logprob"),
    holds_stop=False,
    writes_empty=False,
    failure=FAILURE,
)


def _completion_logprobs(tokens: Sequence[ScriptToken], most: int, _: int) -> Any:
    texts = [token.text for token in tokens]
    return {
        "text_offset": [-1] * len(texts),
        "token_logprobs": [token.logprob for token in tokens],
        "tokens": texts,
        "top_logprobs": [{other.text: other.logprob for other in alternatives(token, most)} for token in tokens],
    }


_TEXT_HEAD: Template = {**_HEAD, "object": "text_completion"}
_TEXT_CHOICE: Template = {"index": None, "text": None, "logprobs": None, "finish_reason": None, "matched_stop": None}
_TEXT_CHUNK: Template = {**_TEXT_HEAD, "choices": [_TEXT_CHOICE], "usage": None}
COMPLETION = replace(
    CHAT,
    opening=None,
    chunk=_TEXT_CHUNK,
    last=_TEXT_CHUNK,
    usage={**_TEXT_HEAD, "choices": [], "usage": {name: value for name, value in _USAGE.items() if name != "prompt_tokens_details"}},
    whole={**_TEXT_HEAD, "choices": [_TEXT_CHOICE], **_METADATA},
    deltas={"text": {}},
    end=None,
    logprobs=_completion_logprobs,
    writes_empty=True,
)
"""Completions of a bare prompt, without parsers."""

KINDS: Mapping[str, tuple[type[ChatCompletionRequest | CompletionRequest], Form]] = {
    "/v1/chat/completions": (ChatCompletionRequest, CHAT),
    "/invocations": (ChatCompletionRequest, CHAT),
    "/v1/completions": (CompletionRequest, COMPLETION),
}


@dataclass(frozen=True, slots=True)
class Sglang:
    """One version of SGLang."""

    name: str
    accepts: tuple[Accepts, ...] = ("messages",)

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path; `PATHS` are known."""
        path = request.path
        if request.method not in PATHS.get(path, ()):
            return no_route(PATHS, path)
        if path in KINDS:
            return _complete(request)
        if path == "/v1/models":
            model = {"id": MODEL, "object": "model", "created": draw_created(request.seed), "owned_by": "sglang", "root": MODEL}
            return json_reply({"object": "list", "data": [{**model, "max_model_len": CONTEXT_TOKENS}]})
        if path == "/get_model_info":
            info = {"model_path": MODEL, "tokenizer_path": MODEL, "is_generation": True}
            return json_reply({**info, "preferred_sampling_params": None, "weight_version": "default"})
        return empty_reply()

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: as an exception that its server caught."""
        return _refusal("Internal server error: the model failed", "InternalServerError", status)


def _complete(request: ContainerRequest) -> Reply | Taken:
    model, form = KINDS[request.path]
    is_json = (request.content_type or "").lower().partition(";")[0] == JSON_TYPE
    if not is_json and request.path != "/invocations":
        error = {"loc": ["header", "content-type"], "msg": "Unsupported Media Type: Only 'application/json' is allowed", "type": "value_error"}
        return _refusal(f" {[error]}", HTTPStatus.BAD_REQUEST.phrase)
    try:
        asked = read_model(model, parse_json(request.body) if is_json else request.body)
    except BodyError as error:
        return _refusal(str(error), HTTPStatus.BAD_REQUEST.phrase)
    for broken, text, kind in (*_rules(asked), *_bounds(asked)):
        if broken:
            return _refusal(text, kind)
    completion = begin(
        form,
        request.seed,
        model=asked.model or MODEL,
        prompt_tokens=count_tokens(asked.text),
        stop=asked.stops,
        logprobs=asked.most_logprobs,
        with_usage=asked.with_usage,
        choices=asked.n or 1,
    )
    if asked.stream:
        writer = StreamWriter(form, completion)
        return Taken(asked.question(), STREAM, writer, writer.opening)
    return Taken(asked.question(), WHOLE, WholeWriter(form, completion))


def _rules(asked: ChatCompletionRequest | CompletionRequest) -> Iterator[tuple[bool, str, str]]:
    """Yield what `_validate_request` of the two kinds checks, in its order."""
    kind = "BadRequestError"
    if isinstance(asked, CompletionRequest):
        yield not asked.prompt, "Prompt cannot be empty", kind
        return
    choice, tools = asked.tool_choice, asked.tools or ()
    yield not asked.messages, "Messages cannot be empty.", kind
    yield choice == "required" and not tools, "Tools cannot be empty if tool choice is set to required.", kind
    if isinstance(choice, NamedTool):
        name = choice.function.name
        yield not tools, "Tools cannot be empty if tool choice is set to a specific tool.", kind
        yield name not in [tool.function.name for tool in tools], f"Tool '{name}' not found in tools list.", kind
    most = asked.most_tokens
    large = f"max_completion_tokens is too large: {most}.This model supports at most {CONTEXT_TOKENS} completion tokens."
    yield (most or 0) > CONTEXT_TOKENS, large, kind


def _bounds(asked: ChatCompletionRequest | CompletionRequest) -> Iterator[tuple[bool, str, str]]:
    """Yield what the sampling parameters' `verify` checks, in its order; a chat's ValueError there is its handler's own refusal."""
    kind = "BadRequestError"
    temperature, top_p, top_k, penalty, most = asked.temperature, asked.top_p, asked.top_k, asked.repetition_penalty, asked.most_tokens
    yield temperature is not None and temperature < 0, f"temperature must be non-negative, got {temperature}.", kind
    yield top_p is not None and not 0 < top_p <= 1, f"top_p must be in (0, 1], got {top_p}.", kind
    yield top_k is not None and top_k < 1 and top_k != -1, f"top_k must be -1 (disable) or at least 1, got {top_k}.", kind
    for name in ("frequency_penalty", "presence_penalty"):
        value = getattr(asked, name)
        yield not -2 <= (value or 0) <= 2, f"{name} must be in [-2, 2], got {value}.", kind
    yield penalty is not None and not 0 <= penalty <= 2, f"repetition_penalty must be in [0, 2], got {penalty}.", kind
    yield most is not None and most < 0, f"max_new_tokens must be at least 0, got {most}.", kind


def _refusal(message: str, kind: str, status: int = 400) -> Reply:
    return json_reply({"object": "error", "message": message, "type": kind, "param": None, "code": status}, status)


SGLANG = (Sglang("sglang-0.5.4"),)
