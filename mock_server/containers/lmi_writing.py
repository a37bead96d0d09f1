"""What LMI's output formatters share: what they know of an answer, and the shapes of a token.

Source: deepjavalibrary/djl-serving, the branch of each version: `djl_python/rolling_batch/rolling_batch.py` (to 0.27), `djl_python/output_formatter.py` and
`request_io.py` (0.28 and later). Everything is written by `json.dumps`, with a space behind commas and colons. The end token's text is text like any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

from mock_server.containers.container import Generated
from mock_server.containers.lmi_asked import Asked, text_of
from mock_server.script import ScriptToken
from mock_server.tokenizer import split_text

JSON_LINES = "application/jsonlines"
SSE = "text/event-stream"
JSON = "application/json"
DETAILS = frozenset({"finish_reason", "generated_tokens", "inputs", "tokens"})


def token_0_26(token: ScriptToken) -> dict[str, Any]:
    """0.26 leaves out whatever is false in Python: an empty text, a log probability of 0."""
    members = {"id": token.id, "text": token.text, "log_prob": token.logprob, "special_token": token.special}
    return {name: value for name, value in members.items() if value}


def token_0_27(token: ScriptToken) -> dict[str, Any]:
    """0.27: a list of ids, which is never empty."""
    return {"id": [token.id]} | {name: value for name, value in token_0_26(token).items() if name != "id"}


def token_0_28(token: ScriptToken) -> dict[str, Any]:
    """0.28 and later."""
    members: dict[str, Any] = {"id": token.id, "text": token.text, "log_prob": token.logprob}
    return members | {"special_token": True} if token.special else members


def token_of_tgi(token: ScriptToken) -> dict[str, Any]:
    """`option.tgi_compat`: TGI's names."""
    members: dict[str, Any] = {"id": token.id, "text": token.text, "logprob": token.logprob}
    return members | {"special": True} if token.special else members


@dataclass(frozen=True, slots=True)
class Writing:
    """What a formatter knows besides the tokens."""

    asked: Asked
    token: Callable[[ScriptToken], dict[str, Any]] = token_0_28
    is_like_tgi: bool = False
    """`option.tgi_compat`: details unless they are declined, and a whole answer in a list."""
    known_details: frozenset[str] = DETAILS
    knows_full_text: bool = True
    """Whether `return_full_text` has a meaning."""
    id: str = ""
    created: int = 0
    call_id: str = "chatcmpl-tool-{}"
    parses: frozenset[str] = frozenset()
    """Roles of tokens for which a chat has members of their own: `reasoning`, or `call` and `arguments`."""

    @property
    def prefix(self) -> str:
        """What stands before the text: the prompt, if it was asked for."""
        return self.asked.prompt if self.knows_full_text and self.asked.parameters.get("return_full_text") else ""

    def details(self, answer: Generated, *, with_tokens: bool = False) -> dict[str, Any]:
        """Return the details of an answer: all of them if they were asked for, else only that it failed."""
        if not self.asked.parameters.get("details", self.is_like_tgi):
            return {"finish_reason": "error"} if answer.finish_reason == "error" else {}
        every: dict[str, Any] = {"finish_reason": answer.finish_reason, "generated_tokens": answer.length, "inputs": self.asked.prompt}
        if with_tokens:
            every["tokens"] = [self.token(token) for token in answer.tokens]
        return {name: value for name, value in every.items() if name in self.known_details}


class Format(Protocol):
    """**Protocol:** one formatter at work on one answer."""

    content_type: ClassVar[str]
    streams: ClassVar[bool]
    """Whether it writes before the end."""

    def __init__(self, writing: Writing) -> None: ...

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:
        """Return what each of these tokens adds, behind which others follow; `start` have come before."""

    def last(self, answer: Generated) -> bytes:
        """Return what the last token adds; where the answer is `error`, that token is the engine's failure."""


Formats: TypeAlias = Mapping[str, type[Format]]
"""Name of a formatter, as `option.output_formatter` has it -> the formatter."""


def dumps(value: Any) -> bytes:
    """Return JSON as Python writes it, raw UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode()


def inner(text: str) -> bytes:
    """Return a text as it stands inside a JSON string."""
    return dumps(text)[1:-1]


def join(answer: Generated) -> str:
    """Return all text, that of special tokens included."""
    return "".join(token.text for token in answer.tokens)


def count_prompt(asked: Asked) -> int:
    """Return how many tokens a prompt has."""
    text = "\n".join(map(text_of, asked.messages)) if asked.is_chat else asked.prompt
    return sum(1 for _ in split_text(text))
