"""What containers write into their frames, read by its members: no dialect to guess, one answer may mix them.

- `outputs`: LMI 0.23 to 0.25, and dynamic batching in every version.
- `token`: LMI 0.26 and later (`log_prob`, `special_token`), LMI's asynchronous handler and TGI generate (`logprob`, `special`, `top_tokens`).
- `choices`: OpenAI chat and completion chunks, and whole completions.
- `generated_text`: an answer that came whole; beside `token`, the end of one that came in tokens.
- `error`, `code` and `message`, `object: error`: the container failed after it had begun.

Sources: djl-serving `djl_python/output_formatter.py`, text-generation-inference `router/src/{lib,server}.rs`, OpenAI's API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backends.errors import StreamInterrupted, TruncatedStream
from backends.events import Alternative, Finish, FinishReason, Reasoning, StreamEvent, Token, ToolCall, make_token
from backends.wire.documents import Document

FINISH_REASONS: dict[str, FinishReason] = {
    "eos_token": "stop",
    "stop": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
"""A container's word for its end -> ours; any other word is none of ours."""

NO_MESSAGE = "the container gives no message"


class AnswerReader:
    """Frames in, events out; knows whether the answer has ended.

    Of an answer with several choices, choice 0 is read and the others are skipped.
    """

    def __init__(self) -> None:
        self.done = False
        """Whether `[DONE]` came: the `Finish` came with it, and nothing behind it counts."""
        self.comes_in_tokens = False
        """Whether a frame that holds a token came."""
        self._understood = False
        self._needs_end = False
        self._ended = False
        self._has_text = False
        self._container_reason: str | None = None
        self._generated_tokens: int | None = None
        self._input_tokens: int | None = None

    def read(self, document: Document) -> Sequence[StreamEvent]:
        """Return the events of one frame; a frame without a member that we know has none.

        Raises:
            StreamInterrupted: The container says that it failed.
            TypeError, AttributeError: A member is of another type than containers write.
        """
        token = self.read_token(document)
        return self._read_other(document) if token is None else (token,)

    def read_token(self, document: Document) -> Token | None:
        """Do the same for a frame that holds a token, as nearly all do; of any other, return None and do nothing."""
        token = document.get("token")
        if token is None or ("error" in document and document["error"] is not None):
            return None
        get = token.get
        text = get("text")
        if type(text) is not str:
            text = _text(text)
        identity = get("id")
        if type(identity) is not int:
            identity = _identity(identity)
        logprob = token["logprob"] if "logprob" in token else get("log_prob")
        if type(logprob) is not float:
            logprob = _logprob(logprob)
        special = (token["special"] if "special" in token else "special_token" in token and token["special_token"]) or False
        self.comes_in_tokens = self._needs_end = self._has_text = True
        if len(document) == 1:  # nothing but the token, as LMI writes
            return make_token(text, identity, logprob, special, ())
        if document.get("generated_text") is not None or document.get("details") is not None:
            self._read_end(document, token)
        return make_token(text, identity, logprob, special, _parse_top_tokens(document["top_tokens"]) if "top_tokens" in document else ())

    def _read_other(self, document: Document) -> Sequence[StreamEvent]:
        if document.get("error") is not None:
            raise _interruption(document)
        for member, read in _READERS:
            if member in document:
                events = read(self, document)
                self._understood = True
                return events
        if "message" in document and ("code" in document or document.get("object") == "error"):
            raise _interruption(document)
        return ()

    def finish(self) -> Finish:
        """Return the end.

        Raises:
            TruncatedStream: The answer had not ended, or no frame of one came.
        """
        if not (self._understood or self._needs_end or self.done):
            raise TruncatedStream("the stream ended without a frame that holds an answer")
        if self._needs_end and not self._ended and not self.done:
            raise TruncatedStream("the stream ended before the answer did: no generated_text, finish_reason or [DONE] came")
        reason = FINISH_REASONS.get(self._container_reason) if self._container_reason else None
        return Finish(reason, self._container_reason, self._generated_tokens, self._input_tokens)

    def _read_end(self, document: Document, token: Document) -> None:
        details = document.get("details")
        if isinstance(details, dict):
            if details.get("finish_reason") == "error":
                raise StreamInterrupted(f"the container stopped with an error: {token.get('error_msg') or NO_MESSAGE}", code="error")
            self._read_details(details)
        if isinstance(document.get("generated_text"), str):
            self._ended = True

    def _read_details(self, details: Document) -> None:
        self._end_with(details.get("finish_reason"))
        self._generated_tokens = _count(details.get("generated_tokens"), self._generated_tokens)
        self._input_tokens = _count(details.get("input_length"), self._input_tokens)

    def _read_generated_text(self, document: Document) -> Sequence[StreamEvent]:
        self._needs_end = True
        self._read_end(document, {})
        text = document["generated_text"]
        if self._has_text or not isinstance(text, str):
            return ()
        self._has_text = True
        return (Token(text),)

    def _read_outputs(self, document: Document) -> Sequence[StreamEvent]:
        outputs = document["outputs"]
        self._has_text = True
        if isinstance(outputs, list):
            return (Token(_text(outputs[0])),) if outputs else ()
        return (Token(_text(outputs)),)

    def _read_choices(self, document: Document) -> Sequence[StreamEvent]:
        choices = [choice for choice in document["choices"] or () if not choice.get("index")]
        self._needs_end = True
        usage = document.get("usage")
        if isinstance(usage, dict):
            self._generated_tokens = _count(usage.get("completion_tokens"), self._generated_tokens)
            self._input_tokens = _count(usage.get("prompt_tokens"), self._input_tokens)
        for choice in choices:
            self._end_with(choice.get("finish_reason"))
        return [event for choice in choices for event in _parse_choice(choice)]

    def _read_done(self, _: Document) -> Sequence[StreamEvent]:
        self.done = True
        return (self.finish(),)

    def _end_with(self, container_reason: Any) -> None:
        if isinstance(container_reason, str):
            self._container_reason = container_reason
            self._ended = True


_READERS: tuple[tuple[str, Callable[[AnswerReader, Document], Sequence[StreamEvent]]], ...] = (
    ("choices", AnswerReader._read_choices),  # noqa: SLF001 - the table of the class's own readers
    ("outputs", AnswerReader._read_outputs),  # noqa: SLF001
    ("generated_text", AnswerReader._read_generated_text),  # noqa: SLF001
    ("[DONE]", AnswerReader._read_done),  # noqa: SLF001
)
"""Member of a frame that has no `token` -> its reader; the first that is there decides."""


def _text(text: Any) -> str:
    if text is None:  # a token that holds a part of a character, as some containers write it
        return ""
    if not isinstance(text, str):
        raise TypeError(f"text is {text!r}, expected a string")
    return text


def _identity(identity: Any) -> int | None:
    if isinstance(identity, list):  # LMI 0.27
        identity = identity[0] if identity else None
    if identity is not None and not isinstance(identity, int):
        raise TypeError(f"id is {identity!r}, expected a whole number")
    return identity


def _logprob(logprob: Any) -> float | None:
    if logprob is not None and not isinstance(logprob, int | float):
        raise TypeError(f"log probability is {logprob!r}, expected a number")
    return logprob


def _parse_top_tokens(top_tokens: Any) -> tuple[Alternative, ...]:
    return tuple(Alternative(str(other.get("text", "")), _identity(other.get("id")), _logprob(other.get("logprob"))) for other in top_tokens or ())


def _parse_choice(choice: Document) -> list[StreamEvent]:
    delta = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
    events: list[StreamEvent] = []
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    if isinstance(reasoning, str):
        events.append(Reasoning(reasoning))
    content = delta.get("content")
    if isinstance(content, str) and content:
        events += _parse_content(content, choice.get("logprobs"))
    calls = delta.get("tool_calls") or ()
    return events + [_parse_tool_call(call, place) for place, call in enumerate([calls] if isinstance(calls, dict) else calls)]


def _parse_content(content: str, logprobs: Any) -> list[StreamEvent]:
    """Return the tokens of a delta: several where the log probabilities tell them apart without losing a character."""
    if isinstance(logprobs, list):  # LMI's chat formatter wraps them once more
        logprobs = logprobs[0] if logprobs else None
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not tokens or "".join(str(token.get("token")) for token in tokens) != content:
        tokens = [{**tokens[0], "token": content}] if tokens and len(tokens) == 1 else [{"token": content}]
    return [Token(_text(token["token"]), None, _logprob(token.get("logprob")), False, _parse_alternatives(token.get("top_logprobs"))) for token in tokens]


def _parse_alternatives(top_logprobs: Any) -> tuple[Alternative, ...]:
    return tuple(Alternative(str(other.get("token", "")), None, _logprob(other.get("logprob"))) for other in top_logprobs or ())


def _parse_tool_call(call: Document, place: int) -> ToolCall:
    function = call.get("function") or {}
    return ToolCall(call.get("index") or place, call.get("id"), function.get("name"), function.get("arguments") or "")


def _interruption(document: Document) -> StreamInterrupted:
    error = document.get("error")
    described = error if isinstance(error, dict) else document
    message = described.get("message") or (error if isinstance(error, str) else None) or NO_MESSAGE
    code = described.get("error_type") or described.get("type") or described.get("code") or described.get("http_status_code") or "error"
    return StreamInterrupted(f"the container stopped with an error: {message}", code=str(code))


def _count(value: Any, default: int | None) -> int | None:
    return value if isinstance(value, int) else default
