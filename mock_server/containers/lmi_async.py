"""LMI with its asynchronous handler around vLLM: always JSON lines, whatever is asked; the default since LMI v17 (0.35), to be chosen since v15 (0.33).

Source: deepjavalibrary/djl-serving, branch 0.35.0-dlc: `djl_python/lmi_vllm/vllm_async_service.py` (what it takes), `request_response_utils.py` and
`async_utils.py` (what it writes). Chats and bare prompts are vLLM's own chunks without their `data: `; each output has a line end behind it, so that the ones
that come out empty, vLLM's usage and its `[DONE]`, are blank lines. `inputs` is answered nearly as TGI does, and counts one token too many.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from backends.endpoints import Accepts
from mock_server.containers import vllm, vllm_form
from mock_server.containers.container import ContainerRequest, Generated, Reply, Taken, Writer
from mock_server.containers.lmi_asked import DEFAULT_MAX_NEW_TOKENS, Refused
from mock_server.containers.lmi_front import Front
from mock_server.containers.lmi_request import decode
from mock_server.containers.lmi_writing import JSON, JSON_LINES, dumps
from mock_server.containers.openai_chat import StopText, cut_stop, find_stop
from mock_server.script import ScriptToken
from mock_server.tokenizer import split_text

MODEL = "lmi"
SESSION_REQUESTS = {"NEW_SESSION": None, "CLOSE": None}
PREFIX = b"data: "
CODE = 424
VLLM = vllm.Vllm("vllm-0.11.0")
FRONT = Front()


@dataclass(frozen=True, slots=True)
class LmiAsync:
    """One release of LMI with its asynchronous vLLM handler."""

    name: str
    accepts: tuple[Accepts, ...] = ("inputs", "messages")

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path; those of the front end are known."""
        answered = FRONT.answer(request)
        if answered:
            return answered
        try:
            return _take(_read(request), request)
        except Refused as refused:
            return FRONT.refuse(CODE, f"Input parsing failed: {refused}", request.seed)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: as vLLM's own errors are told."""
        return FRONT.refuse(status, vllm_form.FAILURE, 0)


def _read(request: ContainerRequest) -> dict[str, Any]:
    """Return a request's members, `model` among them; these are the very statements of the handler, so their errors have the very texts."""
    members = decode(request, Refused)
    try:
        if "model" not in members:
            members["model"] = MODEL
    except TypeError as error:
        raise Refused(str(error)) from error
    return dict(members)


def _take(members: dict[str, Any], request: ContainerRequest) -> Reply | Taken:
    if "prompt" in members:
        return _ask(members, "/v1/completions", request)
    if "inputs" in members:
        return _take_inputs(members, request)
    if "messages" in members:
        return _ask(members, "/v1/chat/completions", request)
    if "requestType" not in members:
        raise Refused("invalid payload. must contain prompt, inputs, or messages")
    kind = members["requestType"]
    if kind not in SESSION_REQUESTS:
        raise Refused(f"invalid payload. request type must be one of {SESSION_REQUESTS.keys()}")
    raise Refused(f"invalid payload. stateful sessions not enabled, {kind} not supported")


def _ask(members: Mapping[str, Any], path: str, request: ContainerRequest) -> Reply | Taken:
    """Return what vLLM makes of a request, behind LMI's front end."""
    model = vllm.KINDS[path]
    try:
        model.model_validate(members)
    except ValidationError as error:
        raise Refused(str(error)) from error
    taken = VLLM.handle(replace(request, method="POST", path=path, content_type=JSON, body=json.dumps(members).encode(), headers={}))
    if isinstance(taken, Reply):
        told = json.loads(taken.body)["error"]
        return FRONT.refuse(told["code"], told["message"], request.seed)
    if members.get("stream"):
        opening = [_as_lines(write) for write in taken.opening]
        return replace(taken, head=FRONT.head(JSON_LINES, request.seed), writer=_LinesWriter(taken.writer), opening=opening)
    return replace(taken, head=FRONT.head(JSON, request.seed, is_alone=True), writer=_WholeWriter(taken.writer))


def _take_inputs(members: dict[str, Any], request: ContainerRequest) -> Reply | Taken:
    """Return a request with `inputs`, which is a completion to vLLM."""
    parameters = members.get("parameters", {})
    try:
        rest = dict(parameters)
        inputs = _Inputs(members["inputs"], bool(rest.pop("details", False)), bool(rest.pop("return_full_text", False)), rest.get("seed"))
        completion = {"model": members["model"], "prompt": members["inputs"], "max_tokens": rest.pop("max_new_tokens", DEFAULT_MAX_NEW_TOKENS)}
    except (TypeError, ValueError) as error:
        raise Refused(str(error)) from error
    if rest.pop("do_sample", None) is False:
        rest["temperature"] = 0.0
    taken = _ask({**completion, **rest, "stream": bool(members.get("stream"))}, "/v1/completions", request)
    if isinstance(taken, Reply):
        return taken
    stop = taken.question.stop
    return replace(taken, writer=_TokensWriter(inputs, stop) if members.get("stream") else _TextWriter(inputs, stop))


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What is asked of an answer to `inputs`."""

    prompt: str
    has_details: bool
    has_prompt: bool
    seed: int | None

    def text(self, answer: Generated, stopped: str | None) -> str:
        return (self.prompt if self.has_prompt else "") + cut_stop(answer.text, stopped)


class _TokensWriter:
    """A line per token, and two that are blank; what may become a stop string is in the line of a later token, one that did in none."""

    def __init__(self, inputs: _Inputs, stop: Sequence[str]) -> None:
        self._inputs, self._stop, self._held = inputs, stop, StopText(vllm_form.COMPLETION, stop)

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        return [self._line(token, self._held.release(_text(token)), None, None) for token in tokens]

    def last(self, answer: Generated) -> Sequence[bytes]:
        token, stopped = answer.tokens[-1], find_stop(answer, self._stop)
        text = self._held.end(_text(token), stopped)
        return [self._line(token, text, self._inputs.text(answer, stopped), self._details(answer)), b"\n", b"\n"]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        return [vllm_form.CHAT.failure + b"\n"]

    def _line(self, token: ScriptToken, said: str, text: str | None, details: Mapping[str, Any] | None) -> bytes:
        return dumps({"index": 0, "token": _token(token, said), "generated_text": text, "details": details}) + b"\n"

    def _details(self, answer: Generated) -> Mapping[str, Any] | None:
        if not self._inputs.has_details:
            return None
        return {
            "finish_reason": vllm_form.FINISH[answer.finish_reason],
            "seed": self._inputs.seed,
            "generated_tokens": answer.length + 1,
            "input_length": sum(1 for _ in split_text(self._inputs.prompt)),
        }


class _TextWriter:
    """The whole answer; why it ended is vLLM's `stop_reason`: the stop string, if it was one. Its tokens are decoded one by one, special ones and all."""

    def __init__(self, inputs: _Inputs, stop: Sequence[str]) -> None:
        self._inputs, self._stop = inputs, stop

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        return (b"",) * len(tokens)

    def last(self, answer: Generated) -> Sequence[bytes]:
        stopped = find_stop(answer, self._stop)
        document: dict[str, Any] = {"generated_text": self._inputs.text(answer, stopped)}
        if self._inputs.has_details:
            tokens = [_token(token, token.text) for token in answer.tokens]
            document["details"] = {"finish_reason": stopped, "generated_tokens": answer.length, "seed": self._inputs.seed, "prefill": [], "tokens": tokens}
        return [dumps(document) + b"\n"]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        return [FRONT.tell(400, vllm_form.FAILURE)]


def _text(token: ScriptToken) -> str:
    return "" if token.special else token.text


def _token(token: ScriptToken, text: str) -> dict[str, Any]:
    return {"id": token.id, "text": text, "logprob": token.logprob}


class _LinesWriter:
    """vLLM's events as lines."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        return [_as_lines(write) for write in self._writer.tokens(tokens)]

    def last(self, answer: Generated) -> Sequence[bytes]:
        return [_as_lines(write) for write in self._writer.last(answer)]

    def failed(self, answer: Generated) -> Sequence[bytes]:
        return [_as_lines(write) for write in self._writer.failed(answer)]


def _as_lines(write: bytes) -> bytes:
    """Return events without what makes them events, each with a line end; `[DONE]` is emptied."""
    lines = [event.removeprefix(PREFIX) for event in write.split(b"\n\n")[:-1]]
    return b"".join((b"" if line == b"[DONE]" else line) + b"\n" for line in lines)


class _WholeWriter:
    """vLLM's whole answer with a line end, or its error in the front end's words."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        return self._writer.tokens(tokens)

    def last(self, answer: Generated) -> Sequence[bytes]:
        return [write + b"\n" for write in self._writer.last(answer)]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        return [FRONT.tell(400, vllm_form.FAILURE)]


LMI_ASYNC = (LmiAsync("lmi-0.35-async-vllm"),)
