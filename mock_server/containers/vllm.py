"""vLLM behind OpenAI's API, as AWS's deep learning container starts it: with parsers for thoughts (`qwen3`) and tool calls (`hermes`).

Source: vllm-project/vllm v0.11.0 and v0.14.1, `vllm/entrypoints/openai/`: `api_server.py` (routes, errors), `protocol.py` (members), `serving_chat.py`,
`serving_completion.py` (chunks), `tool_parsers/hermes_tool_parser.py`; `vllm/sampling_params.py` (bounds). The route in the custom attributes is
aws/deep-learning-containers' (`scripts/docker/vllm/omni_sagemaker_serve.py`). A model goes by the name that the request gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.client import responses
from typing import Any

from pydantic import model_validator

from backends.endpoints import Accepts
from mock_server.containers import openai_request
from mock_server.containers.container import ContainerRequest, Reply, Taken
from mock_server.containers.openai_chat import StreamWriter, WholeWriter
from mock_server.containers.openai_form import Form, begin, count_tokens, draw_created, draw_hex
from mock_server.containers.openai_server import JSON_TYPE, STREAM, WHOLE, BodyError, empty_reply, json_reply, no_route, parse_json, read_model
from mock_server.containers.vllm_form import CHAT, COMPLETION, FAILURE, LATER_CHAT

MODEL = "/opt/ml/model"
MAX_MODEL_TOKENS = 32768
USAGE = 'Correct usage: `{"type": "function", "function": {"name": "my_function"}}`'
ROUTE = re.compile(r"route=(/[^\s,]+)")
PATHS: dict[str, Sequence[str]] = {
    "/health": ("GET",),
    "/ping": ("GET", "POST"),
    "/version": ("GET",),
    "/v1/models": ("GET",),
    "/v1/chat/completions": ("POST",),
    "/v1/completions": ("POST",),
    "/invocations": ("POST",),
}


class ChatCompletionRequest(openai_request.ChatCompletionRequest):
    """A chat, with the rules that vLLM has for its members together."""

    @model_validator(mode="before")
    @classmethod
    def _check(cls, members: Any) -> Any:
        if not isinstance(members, dict):
            return members
        _check_stream_options(members)
        if members.get("top_logprobs") and not members.get("logprobs"):
            raise ValueError("when using `top_logprobs`, `logprobs` must be set to true.")
        if members.get("tool_choice") not in (None, "none"):
            _check_tool_choice(members["tool_choice"], members.get("tools"))
        return {"tool_choice": "auto"} | members if members.get("tools") else members


class CompletionRequest(openai_request.CompletionRequest):
    """A bare prompt, which vLLM wants to be there."""

    @model_validator(mode="before")
    @classmethod
    def _check(cls, members: Any) -> Any:
        if not isinstance(members, dict):
            return members
        _check_stream_options(members)
        if members.get("prompt") in (None, ""):
            raise ValueError("Either prompt or prompt_embeds must be provided and non-empty.")
        return members


def _check_stream_options(members: Mapping[str, Any]) -> None:
    if members.get("stream_options") and not members.get("stream"):
        raise ValueError("Stream options can only be defined when `stream=True`.")


def _check_tool_choice(choice: Any, tools: Any) -> None:
    if tools is None:
        raise ValueError("When using `tool_choice`, `tools` must be set.")
    if not isinstance(choice, dict):
        if choice not in ("auto", "required"):
            raise ValueError(f'Invalid value for `tool_choice`: {choice}! Only named tools, "none", "auto" or "required" are supported.')
        return
    function = choice.get("function")
    if not isinstance(function, dict):
        raise ValueError(f"Invalid value for `function`: `{function}` in `tool_choice`! {USAGE}")  # noqa: TRY004 - pydantic lets a TypeError through
    if "name" not in function:
        raise ValueError(f"Expected field `name` in `function` in `tool_choice`! {USAGE}")
    if function["name"] not in _names(tools):
        raise ValueError("The tool specified in `tool_choice` does not match any of the specified `tools`")


def _names(tools: Any) -> list[Any]:
    """Return what tools are called, as far as they are any."""
    functions = [tool.get("function") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return [function.get("name") for function in functions if isinstance(function, dict)]


KINDS: Mapping[str, type[ChatCompletionRequest | CompletionRequest]] = {"/v1/chat/completions": ChatCompletionRequest, "/v1/completions": CompletionRequest}
"""The routes for a model, and what each takes. `/invocations` takes what fits the first of them."""


@dataclass(frozen=True, slots=True)
class Vllm:
    """One version of vLLM."""

    name: str
    chat: Form = field(default=CHAT, repr=False)
    accepts: tuple[Accepts, ...] = ("messages",)

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path; `PATHS` are known."""
        path = self._route(request)
        if request.method not in PATHS.get(path, ()):
            return no_route(PATHS, path)
        if path in {"/health", "/ping"}:
            return empty_reply()
        if path == "/version":
            return json_reply({"version": self.name.partition("-")[2]})
        if path == "/v1/models":
            return json_reply(_models(request.seed))
        try:
            return self._complete(request, path)
        except BodyError as error:
            return _refusal(400, str(error), HTTPStatus.BAD_REQUEST.phrase)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: as an exception that its API server caught."""
        return _refusal(status, FAILURE, responses.get(status, "Unknown"))

    def _route(self, request: ContainerRequest) -> str:
        """Return the path, or the one that the custom attributes send an invocation to."""
        match = ROUTE.search(request.headers.get("x-amzn-sagemaker-custom-attributes", ""))
        return match[1] if match and request.path == "/invocations" else request.path

    def _complete(self, request: ContainerRequest, path: str) -> Reply | Taken:
        if (request.content_type or "").lower().partition(";")[0] != JSON_TYPE:
            return _refusal(400, """ ["Unsupported Media Type: Only 'application/json' is allowed"]""", HTTPStatus.BAD_REQUEST.phrase)
        if path in KINDS:
            return self._answer(read_model(KINDS[path], parse_json(request.body)), request)
        try:
            members = parse_json(request.body)
        except BodyError as error:
            return _refusal(400, f"JSON decode error: {error.__cause__}", HTTPStatus.BAD_REQUEST.phrase)
        for model in KINDS.values():
            with suppress(BodyError):
                return self._answer(read_model(model, members), request)
        return _refusal(400, f"Cannot find suitable handler for request. Expected one of: {[model.__name__ for model in KINDS.values()]}")

    def _answer(self, asked: ChatCompletionRequest | CompletionRequest, request: ContainerRequest) -> Reply | Taken:
        """Return a request taken, or what its handler says of a member that is out of its bounds."""
        form = self.chat if isinstance(asked, ChatCompletionRequest) else replace(COMPLETION, failure=self.chat.failure)
        return _take(asked, form, request)


def _take(asked: ChatCompletionRequest | CompletionRequest, form: Form, request: ContainerRequest) -> Reply | Taken:
    prompt_tokens = count_tokens(asked.text)
    for broken, text in _bounds(asked, prompt_tokens):
        if broken:
            return _refusal(400, text)
    completion = begin(
        form,
        request.seed,
        model=asked.model or MODEL,
        prompt_tokens=prompt_tokens,
        stop=asked.stops,
        logprobs=asked.most_logprobs,
        with_usage=asked.with_usage,
        choices=asked.n or 1,
    )
    if asked.stream:
        writer = StreamWriter(form, completion)
        return Taken(asked.question(), STREAM, writer, writer.opening)
    return Taken(asked.question(), WHOLE, WholeWriter(form, completion))


def _bounds(asked: ChatCompletionRequest | CompletionRequest, given: int) -> Iterator[tuple[bool, str]]:
    """Yield the rules of a request's members and of the model's context, as `sampling_params.py` and `serving_engine.py` have them, in their order."""
    most, temperature, top_p, top_k = asked.most_tokens, asked.temperature, asked.top_p, asked.top_k
    context = f"This model's maximum context length is {MAX_MODEL_TOKENS} tokens"
    long = f"{context}. However, your request has {given} input tokens. Please reduce the length of the input messages."
    yield given >= MAX_MODEL_TOKENS, long
    too_large = f"{most}. {context} and your request has {given} input tokens ({most} > {MAX_MODEL_TOKENS} - {given})."
    yield most is not None and given + most > MAX_MODEL_TOKENS, f"'max_tokens' or 'max_completion_tokens' is too large: {too_large}"
    yield asked.n is not None and asked.n < 1, f"n must be at least 1, got {asked.n}."
    for name in ("presence_penalty", "frequency_penalty"):
        value = getattr(asked, name)
        yield not -2 <= (value or 0) <= 2, f"{name} must be in [-2, 2], got {value}."
    penalty = asked.repetition_penalty
    yield penalty is not None and penalty <= 0, f"repetition_penalty must be greater than zero, got {penalty}."
    yield temperature is not None and temperature < 0, f"temperature must be non-negative, got {temperature}."
    yield top_p is not None and not 0 < top_p <= 1, f"top_p must be in (0, 1], got {top_p}."
    yield top_k is not None and top_k < -1, f"top_k must be 0 (disable), or at least 1, got {top_k}."
    yield most is not None and most < 1, f"max_tokens must be at least 1, got {most}."
    yield "" in asked.stops, "stop cannot contain an empty string."


def _refusal(status: int, message: str, kind: str = "BadRequestError") -> Reply:
    return json_reply({"error": {"message": message, "type": kind, "param": None, "code": status}}, status)


def _models(seed: int) -> dict[str, Any]:
    """Return the list with the one model that is served."""
    permission = {
        "id": f"modelperm-{draw_hex(seed)}",
        "object": "model_permission",
        "created": draw_created(seed),
        "allow_create_engine": False,
        "allow_sampling": True,
        "allow_logprobs": True,
        "allow_search_indices": False,
        "allow_view": True,
        "allow_fine_tuning": False,
        "organization": "*",
        "group": None,
        "is_blocking": False,
    }
    card = {"id": MODEL, "object": "model", "created": draw_created(seed), "owned_by": "vllm", "root": MODEL, "parent": None}
    return {"object": "list", "data": [card | {"max_model_len": MAX_MODEL_TOKENS, "permission": [permission]}]}


VLLM = (Vllm("vllm-0.11.0"), Vllm("vllm-0.14.1", LATER_CHAT))
