"""Hugging Face Text Generation Inference: one server-sent event per token, compact JSON, raw UTF-8.

Source: huggingface/text-generation-inference at each version's tag: `router/src/server.rs` (routes, headers), `lib.rs` (members, their order and defaults),
`validation.rs` (limits and texts), `infer.rs` (errors). Nothing is marked after the last event, and every error of a stream is an event under HTTP 200.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from backends.endpoints import Accepts
from mock_server.containers.container import Answer, ContainerRequest, Headers, Reply, generate
from mock_server.containers.serde import BOOL, F32, I32, SEQUENCE, STRING, U32, U64, USIZE, Kind, Member, Rejection, format_f32, parse_body, read_struct
from mock_server.script import ScriptToken

MAP = Kind("struct GenerateParameters", (dict,))
PARAMETERS = {
    "best_of": Member(USIZE),
    "temperature": Member(F32),
    "repetition_penalty": Member(F32),
    "top_k": Member(I32),
    "top_p": Member(F32),
    "typical_p": Member(F32),
    "do_sample": Member(BOOL, optional=False, default=False),
    "max_new_tokens": Member(U32, optional=False, default=20),
    "return_full_text": Member(BOOL),
    "stop": Member(SEQUENCE, optional=False, default=()),
    "truncate": Member(USIZE),
    "watermark": Member(BOOL, optional=False, default=False),
    "details": Member(BOOL, optional=False, default=False),
    "decoder_input_details": Member(BOOL, optional=False, default=False),
    "seed": Member(U64),
}
GENERATE = {"inputs": Member(STRING, optional=False), "parameters": Member(MAP, optional=False, default={})}
COMPAT_GENERATE = {**GENERATE, "stream": Member(BOOL, optional=False, default=False)}

MAX_BEST_OF = 2
MAX_STOP_SEQUENCES = 4
MAX_INPUT_TOKENS = 1900
MAX_TOTAL_TOKENS = 2048
BYTES_PER_TOKEN = 4
"""How long a prompt's tokens are taken to be: no vocabulary is in here."""

CORS: Headers = (("access-control-allow-origin", "*"), ("vary", "origin, access-control-request-method, access-control-request-headers"))
TIMINGS = ("x-compute-time", "x-total-time", "x-validation-time", "x-queue-time", "x-inference-time", "x-time-per-token")


PLAIN_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)
JSON: Headers = (("content-type", "application/json"),)


class Failure(Exception):
    """TGI's own error: a type and a text, and a status where the headers are not out yet."""

    def __init__(self, status: int, kind: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.body = _dumps({"error": text, "error_type": kind})


@dataclass(frozen=True, slots=True)
class Generation:
    """A request that was understood: what is asked for, and the members of its parameters."""

    inputs: str
    parameters: Mapping[str, Any]
    streams: bool


@dataclass(frozen=True, slots=True)
class Tgi:
    """One version of TGI."""

    name: str
    accepts: tuple[Accepts, ...] = ("inputs",)
    prefix: bytes = b"data:"
    """How axum begins an event: 0.6 without a space."""

    def handle(self, request: ContainerRequest) -> Reply:
        """Answer a request on any path: `/`, `/invocations`, `/generate`, `/generate_stream`, `/health`, `/ping` and `/info` are known."""
        if request.method == "GET":
            return self._get(request.path)
        route = ROUTES.get(request.path)
        if route is None or request.method != "POST":
            return Reply(405 if route or request.path in GETS else 404, CORS)
        table, streams = route
        try:
            members = read_struct("CompatGenerateRequest", table, parse_body(request.content_type, request.body), request.body)
            parameters = read_struct("GenerateParameters", PARAMETERS, members["parameters"], request.body, "parameters")
        except Rejection as rejection:
            return Reply(rejection.status, PLAIN_TEXT + CORS, (rejection.text.encode(),), (0,))
        generation = Generation(members["inputs"], parameters, members["stream"] if streams is None else streams)
        return self._stream(request, generation) if generation.streams else self._whole(request, generation, compatible=streams is None)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status; the four of its own have their texts, any other is a generation that failed."""
        kind, text = FAILURES.get(status, FAILURES[424])
        return _refuse(Failure(status, kind, text))

    def write(self, answer: Answer, generation: Generation, seed: int) -> list[bytes]:
        """Return the event of each token; the last one carries the whole text, and the details if they were asked for."""
        opening = self.prefix + b'{"token":'
        events = [opening + _token(token) + b',"generated_text":null,"details":null}\n\n' for token in answer.tokens[:-1]]
        details = _details(answer, generation, seed) if generation.parameters["details"] else None
        ending = b',"generated_text":%b,"details":%b}\n\n' % (_dumps(_text(answer, generation)), _dumps(details))
        return [*events, opening + _token(answer.tokens[-1]) + ending]

    def _get(self, path: str) -> Reply:
        if path == "/info":
            return Reply(200, JSON + CORS, (_dumps(_info(self.name)),), (0,))
        return Reply(200 if path in GETS else 405 if path in ROUTES else 404, CORS)

    def _stream(self, request: ContainerRequest, generation: Generation) -> Reply:
        headers = (
            ("content-type", "text/event-stream"),
            ("cache-control", "no-cache"),
            *_compute_headers(generation),
            ("x-accel-buffering", "no"),
            *CORS,
        )
        try:
            validate(generation)
        except Failure as failure:
            return Reply(200, headers, (self.prefix + failure.body + b"\n\n",), (0,), is_chunked=True)
        script = request.find_script(generation.inputs)
        answer = generate(script, generation.parameters["max_new_tokens"], generation.parameters["stop"])
        writes = self.write(answer, generation, request.seed)
        return Reply(200, headers, writes, range(1, len(writes) + 1), is_chunked=True, script=script.name)

    def _whole(self, request: ContainerRequest, generation: Generation, *, compatible: bool) -> Reply:
        try:
            validate(generation)
        except Failure as failure:
            return _refuse(failure)
        script = request.find_script(generation.inputs)
        answer = generate(script, generation.parameters["max_new_tokens"], generation.parameters["stop"])
        members: dict[str, Any] = {"generated_text": _text(answer, generation)}
        body = _dumps(members)
        if generation.parameters["details"] or generation.parameters["decoder_input_details"]:
            details = _dumps({**_details(answer, generation, request.seed), "prefill": []})
            tokens = b",".join(_token(token) for token in answer.tokens)
            body = body[:-1] + b',"details":' + details[:-1] + b',"tokens":[' + tokens + b"]}}"
        headers = JSON + _compute_headers(generation) + tuple((name, "0") for name in TIMINGS) + CORS
        return Reply(200, headers, (b"[" + body + b"]" if compatible else body,), (len(answer.tokens),), script=script.name)


def validate(generation: Generation) -> None:
    """Check a request as `validation.rs` does, in its order.

    Raises:
        Failure: A parameter is out of its bounds.
    """
    inputs, parameters = generation.inputs, generation.parameters
    best_of, most = parameters["best_of"], parameters["max_new_tokens"]
    input_tokens = len(inputs.encode()) // BYTES_PER_TOKEN + 1
    if parameters["truncate"]:
        input_tokens = min(input_tokens, parameters["truncate"])
    rules = (
        (generation.streams and best_of not in (None, 1), "`best_of` != 1 is not supported when streaming tokens"),
        (generation.streams and parameters["decoder_input_details"], "`decoder_input_details` == true is not supported when streaming tokens"),
        ((best_of or 1) > MAX_BEST_OF, f"`best_of` must be > 0 and <= {MAX_BEST_OF}. Given: {best_of}"),
        ((best_of or 1) > 1 and not _samples(parameters), "you must use sampling when `best_of` is > 1"),
        (_is_at_most(parameters["temperature"], 0), "`temperature` must be strictly positive"),
        (_is_at_most(parameters["repetition_penalty"], 0), "`repetition_penalty` must be strictly positive"),
        (_is_no_share(parameters["top_p"]), "`top_p` must be > 0.0 and < 1.0"),
        (_is_no_share(parameters["typical_p"]), "`typical_p` must be > 0.0 and < 1.0"),
        (_is_at_most(parameters["top_k"], 0), "`top_k` must be strictly positive"),
        (most == 0, "`max_new_tokens` must be strictly positive"),
        (
            len(parameters["stop"]) > MAX_STOP_SEQUENCES,
            f"`stop` supports up to {MAX_STOP_SEQUENCES} stop sequences. Given: {len(parameters['stop'])}",
        ),
        ((best_of or 1) > 1 and parameters["seed"] is not None, "`seed` must not be set when `best_of` > 1"),
        (not inputs, "`inputs` cannot be empty"),
        (
            parameters["truncate"] is not None and not 0 < parameters["truncate"] <= MAX_INPUT_TOKENS,
            f"`truncate` must be strictly positive and less than {MAX_INPUT_TOKENS}. Given: {parameters['truncate']}",
        ),
        (
            input_tokens + most > MAX_TOTAL_TOKENS,
            f"`inputs` tokens + `max_new_tokens` must be <= {MAX_TOTAL_TOKENS}. Given: {input_tokens} `inputs` tokens and {most} `max_new_tokens`",
        ),
        (input_tokens > MAX_INPUT_TOKENS, f"`inputs` must have less than {MAX_INPUT_TOKENS} tokens. Given: {input_tokens}"),
    )
    for broken, text in rules:
        if broken:
            raise Failure(422, "validation", f"Input validation error: {text}")


FAILURES = {
    422: ("validation", "Input validation error: `inputs` cannot be empty"),
    424: ("generation", "Request failed during generation: Server error: the model failed"),
    429: ("overloaded", "Model is overloaded"),
    500: ("incomplete_generation", "Incomplete generation"),
}
ROUTES: dict[str, tuple[dict[str, Member], bool | None]] = {
    "/": (COMPAT_GENERATE, None),
    "/invocations": (COMPAT_GENERATE, None),
    "/generate": (GENERATE, False),
    "/generate_stream": (GENERATE, True),
}
"""The members that each route takes, and whether it streams; None: the body's `stream` says."""
GETS = ("/", "/health", "/ping", "/info")


def _refuse(failure: Failure) -> Reply:
    return Reply(failure.status, JSON + CORS, (failure.body,), (0,))


def _text(answer: Answer, generation: Generation) -> str:
    return generation.inputs + answer.text if generation.parameters["return_full_text"] else answer.text


def _details(answer: Answer, generation: Generation, seed: int) -> dict[str, Any]:
    drawn = None
    if _draws(generation.parameters):
        given = generation.parameters["seed"]
        drawn = random.Random(seed).getrandbits(64) if given is None else given  # noqa: S311 - a seed, no secret
    return {"finish_reason": answer.finish_reason, "generated_tokens": len(answer.tokens), "seed": drawn}


def _samples(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters["do_sample"]) or any(parameters[name] is not None for name in ("temperature", "top_k", "top_p", "typical_p"))


def _draws(parameters: Mapping[str, Any]) -> bool:
    """Return whether the Python side draws tokens: a temperature of 1 asks for sampling, as the router sees it, and changes nothing there."""
    return _samples({**parameters, "temperature": None if parameters["temperature"] == 1 else parameters["temperature"]})


def _is_at_most(value: float | None, bound: float) -> bool:
    return value is not None and value <= bound


def _is_no_share(value: float | None) -> bool:
    return value is not None and not 0.0 < value < 1.0


def _compute_headers(generation: Generation) -> Headers:
    return ("x-compute-type", "gpu+optimized"), ("x-compute-characters", str(len(generation.inputs)))


@lru_cache(maxsize=16384)
def _token(token: ScriptToken) -> bytes:
    text = json.dumps(token.text, ensure_ascii=False)
    special = "true" if token.special else "false"
    return f'{{"id":{token.id},"text":{text},"logprob":{format_f32(token.logprob)},"special":{special}}}'.encode()


def _dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _info(name: str) -> dict[str, Any]:
    return {
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
        "version": name.partition("-")[2],
        "sha": None,
        "docker_label": None,
    }


TGI = (Tgi("tgi-0.9.4"),)
