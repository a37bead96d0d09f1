"""Hugging Face Text Generation Inference: one server-sent event per token, compact JSON, raw UTF-8.

Source: huggingface/text-generation-inference at each version's tag: `router/src/server.rs` (routes, headers), `lib.rs` (members, their order and defaults),
`validation.rs` (limits and texts), `infer.rs` (errors). Nothing is marked after the last event, and every error of a stream is an event under HTTP 200.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from backends.endpoints import Accepts
from mock_server.containers.container import ContainerRequest, Generated, Headers, Question, Reply, Taken
from mock_server.containers.serde import Rejection, format_f32
from mock_server.containers.tgi_request import (
    MAX_BEST_OF,
    MAX_INPUT_TOKENS,
    MAX_STOP_SEQUENCES,
    MAX_TOTAL_TOKENS,
    ROUTES,
    Generation,
    ValidationError,
    read_generation,
    validate,
)
from mock_server.script import ScriptToken

CORS: Headers = (("access-control-allow-origin", "*"), ("vary", "origin, access-control-request-method, access-control-request-headers"))
TIMINGS = ("x-compute-time", "x-total-time", "x-validation-time", "x-queue-time", "x-inference-time", "x-time-per-token")


PLAIN_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)
JSON: Headers = (("content-type", "application/json"),)
SSE: Headers = (("content-type", "text/event-stream"), ("cache-control", "no-cache"))
KEEP_ALIVE = b":\n\n"


@dataclass(frozen=True, slots=True)
class Tgi:
    """One version of TGI."""

    name: str
    accepts: tuple[Accepts, ...] = ("inputs",)
    prefix: bytes = b"data:"
    """How axum begins an event: 0.6 without a space."""

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path: `/`, `/invocations`, `/generate`, `/generate_stream`, `/health`, `/ping` and `/info` are known."""
        if request.method == "POST" and request.path in ROUTES:
            try:
                return self._generate(request, read_generation(request))
            except Rejection as rejection:
                return Reply(rejection.status, PLAIN_TEXT + CORS, (rejection.text.encode(),), (0,))
        if request.method != "GET" or request.path not in GETS:
            return Reply(405 if request.path in (*ROUTES, *GETS) else 404, CORS)
        if request.path == "/info":
            return Reply(200, JSON + CORS, (_dumps({**INFO, "version": self.name.partition("-")[2]}),), (0,))
        return Reply(200, CORS)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status; the four of its own have their texts, any other is a generation that failed."""
        return Reply(status, JSON + CORS, (_error(*FAILURES.get(status, FAILURES[424])),), (0,))

    def _generate(self, request: ContainerRequest, generation: Generation) -> Reply | Taken:
        head = _stream_head(generation) if generation.streams else _whole_head(generation)
        try:
            validate(generation)
        except ValidationError as error:
            text = _error("validation", str(error))
            if generation.streams:
                return replace(head, writes=(self.prefix + text + b"\n\n",), tokens=(0,))
            return Reply(422, JSON + CORS, (text,), (0,))
        asked = Question(generation.inputs, generation.parameters["max_new_tokens"], generation.parameters["stop"])
        writer = _EventWriter(generation, request.seed, self.prefix) if generation.streams else _WholeWriter(generation, request.seed)
        return Taken(asked, head, writer)


def _stream_head(generation: Generation) -> Reply:
    """Return the head that is out before the request is looked at, so that every error is an event."""
    headers = (*SSE, *_compute(generation), ("x-accel-buffering", "no"), *CORS)
    return Reply(200, headers, is_chunked=True, keep_alive=KEEP_ALIVE)


def _whole_head(generation: Generation) -> Reply:
    return Reply(200, JSON + _compute(generation) + tuple((name, "0") for name in TIMINGS) + CORS)


@dataclass(frozen=True, slots=True)
class _EventWriter:
    """An event per token; the last one carries the whole text, and the details if they were asked for."""

    generation: Generation
    seed: int
    prefix: bytes

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        head, tail = self.prefix + b'{"token":', b',"generated_text":null,"details":null}\n\n'
        return [head + _token(token) + tail for token in tokens]

    def last(self, answer: Generated) -> Sequence[bytes]:
        details = _details(answer, self.generation, self.seed) if self.generation.parameters["details"] else None
        ending = b',"generated_text":%b,"details":%b}\n\n' % (_dumps(_text(answer, self.generation)), _dumps(details))
        return (self.prefix + b'{"token":' + _token(answer.tokens[-1]) + ending,)

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        return (self.prefix + _error(*FAILURES[424]) + b"\n\n",)


@dataclass(frozen=True, slots=True)
class _WholeWriter:
    """One JSON object, or a list of it, when all is generated."""

    generation: Generation
    seed: int

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        return (b"",) * len(tokens)

    def last(self, answer: Generated) -> Sequence[bytes]:
        body = _dumps({"generated_text": _text(answer, self.generation)})
        if self.generation.parameters["details"] or self.generation.parameters["decoder_input_details"]:
            details = _dumps({**_details(answer, self.generation, self.seed), "prefill": []})
            tokens = b",".join(map(_token, answer.tokens))
            body = body[:-1] + b',"details":' + details[:-1] + b',"tokens":[' + tokens + b"]}}"
        return (b"[" + body + b"]" if self.generation.is_compatible else body,)

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        return (_error(*FAILURES[424]),)


FAILURES = {
    422: ("validation", "Input validation error: `inputs` cannot be empty"),
    424: ("generation", "Request failed during generation: Server error: the model failed"),
    429: ("overloaded", "Model is overloaded"),
    500: ("incomplete_generation", "Incomplete generation"),
}
GETS = ("/", "/health", "/ping", "/info")


def _error(kind: str, text: str) -> bytes:
    return _dumps({"error": text, "error_type": kind})


def _text(answer: Generated, generation: Generation) -> str:
    return generation.inputs + answer.text if generation.parameters["return_full_text"] else answer.text


def _details(answer: Generated, generation: Generation, seed: int) -> dict[str, Any]:
    drawn = None
    if generation.draws:
        given = generation.parameters["seed"]
        drawn = random.Random(seed).getrandbits(64) if given is None else given  # noqa: S311 - a seed, no secret
    return {"finish_reason": answer.finish_reason, "generated_tokens": answer.length, "seed": drawn}


def _compute(generation: Generation) -> Headers:
    return ("x-compute-type", "gpu+optimized"), ("x-compute-characters", str(len(generation.inputs)))


@lru_cache(maxsize=65536)
def _token(token: ScriptToken) -> bytes:
    text = json.dumps(token.text, ensure_ascii=False)
    special = "true" if token.special else "false"
    return f'{{"id":{token.id},"text":{text},"logprob":{format_f32(token.logprob)},"special":{special}}}'.encode()


def _dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


INFO = {
    "model_id": "tiiuae/falcon-7b-instruct",
    "model_sha": None,
    "model_dtype": "torch.bfloat16",
    "model_device_type": "cuda",
    "model_pipeline_tag": "text-generation",
    "max_concurrent_requests": 128,
    "max_best_of": MAX_BEST_OF,
    "max_stop_sequences": MAX_STOP_SEQUENCES,
    "max_input_length": MAX_INPUT_TOKENS,
    "max_total_tokens": MAX_TOTAL_TOKENS,
    "waiting_served_ratio": 1.2,
    "max_batch_total_tokens": 16000,
    "max_waiting_tokens": 20,
    "validation_workers": 2,
    "version": "",
    "sha": None,
    "docker_label": None,
}
TGI = (Tgi("tgi-0.9.4"),)
