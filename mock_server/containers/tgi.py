"""Text Generation Inference: one server-sent event per token, compact JSON, raw UTF-8.

Source: huggingface/text-generation-inference at each version's tag: `router/src/server.rs` (routes, headers), `lib.rs` (members, their order and defaults),
`validation.rs` (limits and texts), `infer.rs`, later `infer/mod.rs` (errors). Nothing is marked after the last event of a generation, and every error of a
stream is an event under HTTP 200. The chats of a version before 2.4 are on `/invocations` where MESSAGES_API_ENABLED is set: rows of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backends.endpoints import Accepts
from mock_server.containers.container import ContainerRequest, Headers, Question, Reply, Taken, Writer
from mock_server.containers.openai_chat import StreamWriter, WholeWriter
from mock_server.containers.openai_form import Form, begin
from mock_server.containers.serde import Member, Rejection
from mock_server.containers.tgi_form import Traits, chat_form, completion_form
from mock_server.containers.tgi_generate import FAILURE, GENERATION_FAILED, EventWriter, Style, WholeGenerationWriter, dumps, tokenize
from mock_server.containers.tgi_info import MODEL, info_of
from mock_server.containers.tgi_openai import Chat, read_body, read_chat, read_completion
from mock_server.containers.tgi_request import (
    LAST_PARAMETERS,
    LATER_PARAMETERS,
    PARAMETERS,
    ROUTES,
    Generation,
    ValidationError,
    read_generation,
    validate,
)

PREFLIGHT: Headers = (("access-control-allow-methods", "GET,POST"), ("access-control-allow-headers", "content-type"))
"""With which tower-http's CORS layer answers every OPTIONS, whatever the path."""
CORS: Headers = (("access-control-allow-origin", "*"), ("vary", "origin, access-control-request-method, access-control-request-headers"))
TIMINGS = ("x-compute-time", "x-total-time", "x-validation-time", "x-queue-time", "x-inference-time", "x-time-per-token")
PLAIN_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)
JSON: Headers = (("content-type", "application/json"),)
SSE: Headers = (("content-type", "text/event-stream"), ("cache-control", "no-cache"))
KEEP_ALIVE = b":\n\n"

ERRORS: Mapping[str, tuple[int, str]] = {
    "validation": (422, "Input validation error: `inputs` cannot be empty"),
    "generation": (424, FAILURE),
    "overloaded": (429, "Model is overloaded"),
    "incomplete_generation": (500, "Incomplete generation"),
    "incomplete_generation_stream": (500, "Incomplete generation stream"),
    "template_error": (422, "Template error: syntax error: the template failed (in chat:1)"),
    "missing_template_variable": (422, "Missing template vatiable: guideline"),
    "tool_error": (422, "Tool error: Tool with name clock not found"),
    "stream_serialization_error": (500, "Stream event serialization error"),
    "healthcheck": (503, "unhealthy"),
}
"""`error_type` -> the HTTP status of an answer that is not streamed, and a text. The spelling of `vatiable` is theirs."""
GETS = ("/", "/health", "/ping", "/info")
LATER_PATHS = ("/tokenize", "/v1/chat/completions", "/v1/completions")


@dataclass(frozen=True, slots=True)
class Tgi:
    """One version of TGI."""

    name: str
    traits: Traits
    style: Style
    kinds: tuple[str, ...]
    """The `error_type`s of its `InferError`."""
    accepts: tuple[Accepts, ...] = ("inputs",)
    parameters: Mapping[str, Member] = field(default_factory=lambda: LATER_PARAMETERS, repr=False)
    has_chat: bool = True
    """Whether it has OpenAI's routes, and /tokenize; since 1.4."""
    is_untagged: bool = False
    """Whether /invocations takes all of its kinds of requests; since 2.4."""
    has_openai_errors: bool = False
    """Whether errors in the stream of a chat have OpenAI's form; since 2.4.1."""
    has_models: bool = False
    """Whether it lists its model; since 2.3."""

    @property
    def is_chat_alone(self) -> bool:
        """Whether MESSAGES_API_ENABLED made a chat of /invocations."""
        return self.accepts == ("messages",)

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path: those of `ROUTES` and `GETS`, and of most versions `LATER_PATHS` and /v1/models are known."""
        gets = (*GETS, "/v1/models") if self.has_models else GETS
        posts = (*ROUTES, *LATER_PATHS) if self.has_chat else tuple(ROUTES)
        if request.method == "OPTIONS":
            return Reply(200, CORS + PREFLIGHT)
        if request.method == "POST" and request.path in posts:
            try:
                return self._post(request)
            except Rejection as rejection:
                return Reply(rejection.status, PLAIN_TEXT + CORS, (rejection.text.encode(),), (0,))
        if request.method != "GET" or request.path not in gets:
            return Reply(405 if request.path in (*posts, *gets) else 404, CORS)
        if request.path == "/info":
            return _json_reply(200, info_of(self.traits.version))
        if request.path == "/v1/models":
            return _json_reply(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]})
        return Reply(200, CORS)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: with the first error that has it, else as a generation that failed."""
        kind = next((kind for kind, (its_status, _) in ERRORS.items() if its_status == status), "generation")
        return replace(self.refusal(kind), status=status)

    def refusal(self, kind: str, text: str = "") -> Reply:
        """Return the answer with an error of this `error_type`, where nothing is streamed."""
        status, usual = ERRORS[kind]
        return _json_reply(status, {"error": text or usual, "error_type": kind})

    def event(self, kind: str, text: str = "", *, in_chat: bool = False) -> bytes:
        """Return a stream's event with an error of this `error_type`."""
        text = text or ERRORS[kind][1]
        error = {"error": {"message": text, "http_status_code": 422}} if in_chat and self.has_openai_errors else {"error": text, "error_type": kind}
        return self.style.prefix + dumps(error) + b"\n\n"

    def _post(self, request: ContainerRequest) -> Reply | Taken:
        path, value = read_body(request, is_untagged=self.is_untagged)
        if path == "/invocations" and self.is_chat_alone:
            path = "/v1/chat/completions"
        if path == "/v1/chat/completions":
            return self._chat(read_chat(value, request.body, self.parameters), request.seed)
        if path == "/v1/completions":
            return self._complete(read_completion(value, request.body, self.parameters), value, request.seed)
        if path == "/tokenize":
            return _json_reply(200, tokenize(read_generation("/generate", value, request.body, self.parameters).inputs))
        return self._generate(read_generation(path, value, request.body, self.parameters), request.seed)

    def _generate(self, generation: Generation, seed: int) -> Reply | Taken:
        writer = EventWriter(self.style, generation, seed) if generation.streams else WholeGenerationWriter(generation, seed)
        return self._take(generation, generation.question, writer)

    def _chat(self, chat: Chat, seed: int) -> Reply | Taken:
        missing = chat.missing_tool
        if missing:
            return self.refusal("tool_error", f"Tool error: Tool with name {missing} not found")
        return self._openai(chat, chat_form(self.traits, self._failure(in_chat=True), dumps(GENERATION_FAILED)), seed)

    def _complete(self, chat: Chat, value: Mapping[str, Any], seed: int) -> Reply | Taken:
        if value.get("suffix") is not None:
            error = "Suffix is not supported and can be achieved by preprocessing the prompt."
            return _json_reply(422, {"error": error, "error_type": "suffix not supported"})
        form = chat_form(self.traits, self._failure(in_chat=True), dumps(GENERATION_FAILED))
        return self._openai(chat, completion_form(self.traits, form), seed)

    def _openai(self, chat: Chat, form: Form, seed: int) -> Reply | Taken:
        generation, named = chat.generation, chat.model not in {None, "tgi"} and self.traits.usage == "apart"
        completion = begin(
            form,
            seed,
            model=str(chat.model) if named else MODEL,
            prompt_tokens=generation.input_tokens,
            stop=chat.question.stop,
            logprobs=chat.logprobs,
            with_usage=chat.with_usage,
        )
        writer = StreamWriter(form, completion) if generation.streams else WholeWriter(form, completion)
        return self._take(generation, chat.question, writer, form.done)

    def _take(self, generation: Generation, question: Question, writer: Writer, done: bytes | None = None) -> Reply | Taken:
        """Return a generation taken, or what is said of a parameter out of its bounds; `done` is the end mark of OpenAI's form."""
        head = _stream_head(generation) if generation.streams else _whole_head(generation)
        try:
            validate(generation)
        except ValidationError as error:
            if not generation.streams:
                return self.refusal("validation", str(error))
            writes = self._fail_as("validation", str(error), done)
            return replace(head, writes=writes, tokens=(0,) * len(writes))
        return Taken(question, head, writer, failed_as=lambda kind: self._fail_as(kind, "", done))

    def _fail_as(self, kind: str, text: str, done: bytes | None) -> Sequence[bytes]:
        return [write for write in (self.event(kind, text, in_chat=done is not None), done) if write]

    def _failure(self, *, in_chat: bool) -> bytes:
        return self.event("generation", in_chat=in_chat).removeprefix(self.style.prefix).removesuffix(b"\n\n")


def _stream_head(generation: Generation) -> Reply:
    """Return the head that is out before the request is looked at, so that every error is an event."""
    headers = (*SSE, *_compute(generation), ("x-accel-buffering", "no"), *CORS)
    return Reply(200, headers, is_chunked=True, keep_alive=KEEP_ALIVE)


def _whole_head(generation: Generation) -> Reply:
    return Reply(200, JSON + _compute(generation) + tuple((name, "0") for name in TIMINGS) + CORS)


def _compute(generation: Generation) -> Headers:
    return ("x-compute-type", "gpu+optimized"), ("x-compute-characters", str(len(generation.inputs)))


def _json_reply(status: int, value: object) -> Reply:
    return Reply(status, JSON + CORS, (dumps(value),), (0,))


TIGHT, SPACED = b"data:", b"data: "
_V0_9 = Traits("0.9.4", TIGHT)
_V1_4 = Traits("1.4.5", TIGHT, is_tagged=False, shows_special=True)
_V2_1 = Traits("2.1.1", SPACED)
_V2_3 = Traits("2.3.1", SPACED, usage="within", tells_end=True)
_V2_4 = Traits("2.4.1", SPACED, usage="within", tells_end=True)
_V3_3 = Traits("3.3.6", SPACED, usage="apart", tells_end=True, has_tool_lists=True)
_OLD, _NUMBERED, _LENGTHY = Style(TIGHT, has_index=False), Style(SPACED), Style(SPACED, has_input_length=True)
_MESSAGES: tuple[Accepts, ...] = ("messages",)
_KINDS_0_9 = ("generation", "overloaded", "validation", "incomplete_generation")
_KINDS_1_4 = (*_KINDS_0_9, "template_error")
_KINDS_2_1 = (*_KINDS_1_4, "tool_error")
_KINDS_2_3 = (*_KINDS_2_1, "incomplete_generation_stream", "missing_template_variable")
_KINDS_2_4 = (*_KINDS_2_3, "stream_serialization_error")

TGI = (
    Tgi("tgi-0.9.4", _V0_9, _OLD, _KINDS_0_9, parameters=PARAMETERS, has_chat=False),
    Tgi("tgi-1.4", _V1_4, Style(TIGHT), _KINDS_1_4),
    Tgi("tgi-1.4-messages", _V1_4, Style(TIGHT), _KINDS_1_4, _MESSAGES),
    Tgi("tgi-2.1", _V2_1, _NUMBERED, _KINDS_2_1),
    Tgi("tgi-2.1-messages", _V2_1, _NUMBERED, _KINDS_2_1, _MESSAGES),
    Tgi("tgi-2.3", _V2_3, _LENGTHY, _KINDS_2_3, has_models=True),
    Tgi("tgi-2.3-messages", _V2_3, _LENGTHY, _KINDS_2_3, _MESSAGES, has_models=True),
    Tgi("tgi-2.4", _V2_4, _LENGTHY, _KINDS_2_4, ("inputs", "messages"), is_untagged=True, has_openai_errors=True, has_models=True),
    Tgi("tgi-3.3", _V3_3, _LENGTHY, _KINDS_2_4, ("inputs", "messages"), LAST_PARAMETERS, is_untagged=True, has_openai_errors=True, has_models=True),
)
