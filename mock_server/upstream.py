"""A real model behind an endpoint: any server with OpenAI's API (vLLM, TGI, llama.cpp, Ollama, `transformers serve`), asked for each request.

A chat is asked as one; a prompt is completed, or, where the server has no completions, asked as what a user says. Its deltas need not be tokens: each
counts as one. What it thinks and which tools it calls become tokens between the marks that a script has for them.
Source: OpenAI's API reference, `chat/completions` and `completions`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from backends.connection import Timeouts
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import BackendError
from backends.events import Data, Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.network_answer import NetworkAnswer
from backends.raw import RawRequest
from backends.wire import EventDecoder
from mock_server.catalog import Upstream
from mock_server.containers.container import Question
from mock_server.live import Ending, ModelAnswer, ModelError
from mock_server.script import CALL, CALLED, ENDS, THINK, THOUGHT, Role, ScriptToken
from mock_server.tokenizer import token_id, token_logprob

PATIENCE = Timeouts(connect_s=10.0, first_byte_s=None, idle_s=None, total_s=None)
"""How long a model may take is for the endpoint's limits to say."""
FINISH_REASONS = {"length": "length", "stop_sequence": "stop_sequence"}
"""Our word for an answer's end -> the containers'; any other is the end token."""
CLOSING_MARKS: Mapping[str, str] = {"reasoning": THOUGHT, "call": CALLED}
SAMPLING = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty")
CHAT_ONLY = ("tools", "tool_choice", "parallel_tool_calls", "response_format", "logprobs", "top_logprobs")
JSON = (("Content-Type", "application/json"),)
ERROR_CHARACTERS = 500
_NO_SUCH_ROUTE = (404, 405, 501)


async def ask_upstream(upstream: Upstream, question: Question, family: str) -> ModelAnswer:
    """Ask the model; yield what it says as tokens, with the end token of `family`.

    Raises:
        ModelError: It cannot be reached, refuses, or breaks off.
    """
    transcript = _Transcript(family)
    try:
        async with ContainerBackend(timeouts=PATIENCE, use_proxy=not _is_near(upstream.url)) as backend, aclosing(_ask(backend, upstream, question)) as events:
            async for event in events:
                if isinstance(event, Finish):
                    for item in transcript.end(event):
                        yield item
                    return
                for token in transcript.hear(event):
                    yield token
    except BackendError as error:
        raise ModelError(f"the model at {upstream.url}: {error}") from error


async def _ask(backend: ContainerBackend, upstream: Upstream, question: Question) -> AsyncGenerator[StreamEvent]:
    model = upstream.model or await _first_model(backend, upstream)
    routes = [("/chat/completions", chat_body(question, model))]
    if not question.messages:
        routes.insert(0, ("/completions", completion_body(question, model)))
    for number, (path, body) in enumerate(routes, start=1):
        async with backend.send(_request(upstream, path, json.dumps(body, ensure_ascii=False).encode())) as answer:
            if answer.status in _NO_SUCH_ROUTE and number < len(routes):
                continue
            if answer.status != 200:
                raise _refusal(upstream, path, answer.status, await _read(answer))
            decoder = EventDecoder(answer.content_type)
            async for data in answer:
                if isinstance(data, Data):
                    for event in decoder.feed(data.data):
                        yield event
            for event in decoder.finish():
                yield event
            return


async def _first_model(backend: ContainerBackend, upstream: Upstream) -> str:
    async with backend.send(_request(upstream, "/models", b"", "GET")) as answer:
        body = await _read(answer)
    try:
        name = json.loads(body)["data"][0]["id"]
    except (ValueError, LookupError, TypeError):
        name = None
    if answer.status != 200 or not isinstance(name, str):
        raise ModelError(f'{upstream.url}/models lists no model (HTTP {answer.status}): name one in the catalog, upstream_model = "..."', answer.status)
    return name


async def _read(answer: NetworkAnswer) -> bytes:
    return b"".join([event.data async for event in answer if isinstance(event, Data)])


def _refusal(upstream: Upstream, path: str, status: int, body: bytes) -> ModelError:
    return ModelError(f"{upstream.url}{path} answers HTTP {status}: {body.decode(errors='replace')[:ERROR_CHARACTERS]}", status)


def _request(upstream: Upstream, path: str, body: bytes, method: str = "POST") -> RawRequest:
    return RawRequest(endpoint=Endpoint("upstream", url=upstream.url), body=body, headers=JSON if body else (), method=method, path=path)


def chat_body(question: Question, model: str) -> dict[str, Any]:
    """Return what `/v1/chat/completions` is asked; a prompt is what a user says."""
    messages = question.messages or [{"role": "user", "content": question.prompt}]
    options = {name: question.options[name] for name in CHAT_ONLY if name in question.options}
    return {"model": model, "messages": messages, **_limits(question), **options}


def completion_body(question: Question, model: str) -> dict[str, Any]:
    """Return what `/v1/completions` is asked."""
    return {"model": model, "prompt": question.prompt, **_limits(question)}


def _limits(question: Question) -> dict[str, Any]:
    given: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    if question.max_new_tokens is not None:
        given["max_tokens"] = question.max_new_tokens
    if question.stop:
        given["stop"] = list(question.stop)
    return given | {name: question.options[name] for name in SAMPLING if question.options.get(name) is not None}


def _is_near(url: str) -> bool:
    """Whether a URL is this machine's own, which is asked past any proxy."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Transcript:
    """Events of an answer in, tokens with their roles out."""

    def __init__(self, family: str) -> None:
        self._end = ENDS.get(family, ENDS["falcon"])
        self._position = 0
        self._state: Role = "text"
        self._call: int | None = None

    def hear(self, event: StreamEvent) -> Iterator[ScriptToken]:
        """Yield the tokens of one event."""
        match event:
            case Token(text=text, id=identity, logprob=logprob):
                yield from self._turn("text")
                if text:
                    yield self._token(text, "text", identity, logprob)
            case Reasoning(text=text):
                yield from self._turn("reasoning")
                yield self._token(text, "reasoning")
            case ToolCall(index=index, name=name, arguments=arguments):
                if name:
                    yield from self._turn("text")
                    self._state, self._call = "call", index
                    yield self._token(CALL % json.dumps(name), "call", name=name)
                elif index != self._call:
                    raise ModelError(f"the model goes on with tool call {index} inside call {self._call}, which no container can write")
                if arguments:
                    yield self._token(arguments, "arguments")

    def end(self, finish: Finish) -> Iterator[ScriptToken | Ending]:
        """Yield what closes the answer."""
        yield from self._turn("text")
        reason = FINISH_REASONS.get(finish.reason or "", "eos_token")
        if reason == "eos_token":
            text, identity = self._end
            yield Ending(ScriptToken(text, identity, token_logprob(text.encode(), self._position), special=True), reason)
        else:
            yield Ending(ScriptToken("", token_id(b""), 0.0), reason)

    def _turn(self, state: Role) -> Iterator[ScriptToken]:
        """Yield the marks between what was said before and what comes now."""
        if state == self._state and state != "call":
            return
        if self._state in CLOSING_MARKS:
            yield self._token(CLOSING_MARKS[self._state], "mark")
        if state == "reasoning":
            yield self._token(THINK, "mark")
        self._state = state

    def _token(self, text: str, role: Role, identity: int | None = None, logprob: float | None = None, *, name: str = "") -> ScriptToken:
        data = text.encode(errors="replace")
        self._position += 1
        chance = token_logprob(data, self._position) if logprob is None else logprob
        return ScriptToken(text, token_id(data) if identity is None else identity, chance, role=role, name=name)
