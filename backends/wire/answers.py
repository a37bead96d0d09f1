"""What containers write into their frames, read by its members: no dialect to guess, one answer may mix them.

- `outputs`: LMI 0.23 to 0.25, and dynamic batching in every version.
- `token`: LMI 0.26 and later (`log_prob`, `special_token`), LMI's asynchronous handler and TGI generate (`logprob`, `special`, `top_tokens`).
- `choices`: OpenAI chat and completion chunks, and whole completions.
- `body`: LMI in the form that Bedrock takes.
- `generated_text`: an answer that came whole; beside `token`, the end of one that came in tokens.
- `error`, `code` and `message`, `object: error`: the container failed after it had begun.

Sources: djl-serving `djl_python/output_formatter.py`, text-generation-inference `router/src/{lib,server}.rs`, OpenAI's API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backends.errors import StreamInterrupted, TruncatedStream
from backends.events import Alternative, Finish, FinishReason, StreamEvent, Token, TokenDraft
from backends.wire.choices import parse_choice, parse_id, parse_logprob, parse_text
from backends.wire.documents import Document

FINISH_REASONS: dict[str | None, FinishReason] = {
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
"""A container's word for its end -> ours; any other word, and None, is none of ours."""

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
        draft: Any = TokenDraft()
        try:
            text, identity = token["text"], token["id"]
        except KeyError:
            text, identity = token.get("text"), token.get("id")
        draft.text = text if type(text) is str else parse_text(text)
        draft.id = identity if type(identity) is int else parse_id(identity)
        logprob = token["logprob"] if "logprob" in token else token.get("log_prob")
        draft.logprob = logprob if type(logprob) is float else parse_logprob(logprob)
        draft.special = (token["special"] if "special" in token else "special_token" in token and token["special_token"]) or False
        draft.alternatives = ()
        self.comes_in_tokens = self._needs_end = self._has_text = True
        if len(document) > 1:  # LMI writes nothing but the token
            if document.get("generated_text") is not None or document.get("details") is not None:
                self._read_end(document, token)
            if "top_tokens" in document:
                draft.alternatives = _parse_top_tokens(document["top_tokens"])
        draft.__class__ = Token
        return draft  # type: ignore[no-any-return]  # it is a Token now

    def read_fragment(self, text: str) -> Token:
        """Return a piece of a text whose document has not come to its end."""
        self._needs_end = self._has_text = True
        return Token(text)

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
        return Finish(FINISH_REASONS.get(self._container_reason), self._container_reason, self._generated_tokens, self._input_tokens)

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
            return (Token(parse_text(outputs[0])),) if outputs else ()
        return (Token(parse_text(outputs)),)

    def _read_body(self, document: Document) -> Sequence[StreamEvent]:
        body = document["body"]
        if not isinstance(body, dict) or "generation" not in body:
            return ()
        self._needs_end = True
        self._end_with(body.get("stop_reason"))
        self._generated_tokens = _count(body.get("generation_token_count"), self._generated_tokens)
        self._input_tokens = _count(body.get("prompt_token_count"), self._input_tokens)
        return (Token(parse_text(body["generation"])),)

    def _read_choices(self, document: Document) -> Sequence[StreamEvent]:
        counts_tokens = document.get("object") == "text_completion"  # TGI before 1.4.4, where a delta's index is its token's
        choices = [choice for choice in document["choices"] or () if not choice.get("index") or (counts_tokens and "delta" in choice)]
        self._needs_end = True
        usage = document.get("usage")
        if isinstance(usage, dict):
            self._generated_tokens = _count(usage.get("completion_tokens"), self._generated_tokens)
            self._input_tokens = _count(usage.get("prompt_tokens"), self._input_tokens)
        for choice in choices:
            if choice.get("finish_reason") == "error":
                raise _interruption({})
            self._end_with(choice.get("finish_reason"))
        return [event for choice in choices for event in parse_choice(choice)]

    def _read_done(self, _: Document) -> Sequence[StreamEvent]:
        self.done = True
        return (self.finish(),)

    def _end_with(self, container_reason: Any) -> None:
        if isinstance(container_reason, str) and container_reason:  # TGI's completions have an empty one until the last
            self._container_reason = container_reason
            self._ended = True


_READERS: tuple[tuple[str, Callable[[AnswerReader, Document], Sequence[StreamEvent]]], ...] = (
    ("choices", AnswerReader._read_choices),  # noqa: SLF001 - the table of the class's own readers
    ("outputs", AnswerReader._read_outputs),  # noqa: SLF001
    ("generated_text", AnswerReader._read_generated_text),  # noqa: SLF001
    ("body", AnswerReader._read_body),  # noqa: SLF001
    ("[DONE]", AnswerReader._read_done),  # noqa: SLF001
)
"""Member of a frame that has no `token` -> its reader; the first that is there decides."""


def _parse_top_tokens(top_tokens: Any) -> tuple[Alternative, ...]:
    return tuple(Alternative(str(other.get("text", "")), parse_id(other.get("id")), parse_logprob(other.get("logprob"))) for other in top_tokens or ())


def _interruption(document: Document) -> StreamInterrupted:
    error = document.get("error")
    if isinstance(error, dict) and isinstance(error.get("error"), dict):  # LMI in Bedrock's form, whole
        error = error["error"]
    described = error if isinstance(error, dict) else document
    message = described.get("message") or described.get("error_msg") or (error if isinstance(error, str) else None) or NO_MESSAGE
    code = next((described[name] for name in _CODES if described.get(name)), "error")
    return StreamInterrupted(f"the container stopped with an error: {message}", code=str(code))


_CODES = ("error_type", "type", "code", "error_code", "http_status_code")
"""Members that name an error; the first that says something counts."""


def _count(value: Any, default: int | None) -> int | None:
    return value if isinstance(value, int) else default
