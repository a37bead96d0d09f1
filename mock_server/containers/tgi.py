"""Hugging Face Text Generation Inference: one server-sent event per token, compact JSON, raw UTF-8.

Source: huggingface/text-generation-inference at each version's tag: `router/src/server.rs` (routes, headers), `lib.rs` (members, their order and defaults),
`validation.rs` (limits and texts), `infer.rs` (errors). Nothing is marked after the last event, and every error of a stream is an event under HTTP 200.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

from backends.endpoints import Accepts
from mock_server.containers.container import ContainerRequest, Generated, Headers, Reply, generate
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
from mock_server.script import Script, ScriptToken

CORS: Headers = (("access-control-allow-origin", "*"), ("vary", "origin, access-control-request-method, access-control-request-headers"))
TIMINGS = ("x-compute-time", "x-total-time", "x-validation-time", "x-queue-time", "x-inference-time", "x-time-per-token")


PLAIN_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)
JSON: Headers = (("content-type", "application/json"),)
Error: TypeAlias = tuple[int, str, str]
"""The status where the head is not out yet, the type, the text."""
NO_ANSWER = Generated(Script("none", (), ()), 0, "length")


@dataclass(frozen=True, slots=True)
class Tgi:
    """One version of TGI."""

    name: str
    accepts: tuple[Accepts, ...] = ("inputs",)
    prefix: bytes = b"data:"
    """How axum begins an event: 0.6 without a space."""

    def handle(self, request: ContainerRequest) -> Reply:
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

    def write(self, answer: Generated, generation: Generation, seed: int) -> list[bytes]:
        """Return the event of each token; the last one carries the whole text, and the details if they were asked for."""
        events = _events(answer.script, self.prefix)[: answer.length - 1]
        details = _details(answer, generation, seed) if generation.parameters["details"] else None
        ending = b',"generated_text":%b,"details":%b}\n\n' % (_dumps(_text(answer, generation)), _dumps(details))
        return [*events, self.prefix + b'{"token":' + _token(answer.tokens[-1]) + ending]

    def _generate(self, request: ContainerRequest, generation: Generation) -> Reply:
        respond = self._stream if generation.streams else self._whole
        try:
            validate(generation)
        except ValidationError as error:
            return respond(generation, error=(422, "validation", str(error)))
        script = request.find_script(generation.inputs)
        answer = generate(script, generation.parameters["max_new_tokens"], generation.parameters["stop"])
        if not answer.length:
            return respond(generation, error=(500, *FAILURES[500]))
        return replace(respond(generation, answer, request.seed), script=script.name)

    def _stream(self, generation: Generation, answer: Generated = NO_ANSWER, seed: int = 0, error: Error | None = None) -> Reply:
        """Every error is an event, for the head is out before the request is looked at."""
        writes = [self.prefix + _error(*error[1:]) + b"\n\n"] if error else self.write(answer, generation, seed)
        tokens = range(1, len(writes) + 1) if answer.length else (0,)
        sse = (("content-type", "text/event-stream"), ("cache-control", "no-cache"))
        return Reply(200, (*sse, *_compute(generation), ("x-accel-buffering", "no"), *CORS), writes, tokens, is_chunked=True)

    def _whole(self, generation: Generation, answer: Generated = NO_ANSWER, seed: int = 0, error: Error | None = None) -> Reply:
        if error:
            return Reply(error[0], JSON + CORS, (_error(*error[1:]),), (0,))
        body = _dumps({"generated_text": _text(answer, generation)})
        if generation.parameters["details"] or generation.parameters["decoder_input_details"]:
            details = _dumps({**_details(answer, generation, seed), "prefill": []})
            tokens = b",".join(map(_token, answer.tokens))
            body = body[:-1] + b',"details":' + details[:-1] + b',"tokens":[' + tokens + b"]}}"
        headers = JSON + _compute(generation) + tuple((name, "0") for name in TIMINGS) + CORS
        return Reply(200, headers, (b"[" + body + b"]" if generation.is_compatible else body,), (answer.length,))


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


@lru_cache(maxsize=256)
def _events(script: Script, prefix: bytes) -> tuple[bytes, ...]:
    """Return the event of each token as it is where another one follows."""
    return tuple(prefix + b'{"token":' + _token(token) + b',"generated_text":null,"details":null}\n\n' for token in script.tokens)


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
