"""What a stream of generated text yields: tokens and their relatives, then exactly one Finish."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

FinishReason: TypeAlias = Literal["stop", "length", "stop_sequence", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another token that the model considered at the same place."""

    text: str
    id: int | None = None
    logprob: float | None = None
    """Natural logarithm of the probability."""


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token, as the container wrote it: nothing removed, nothing trimmed."""

    text: str
    """May be empty: a token that holds only a part of a character has no text of its own."""
    id: int | None = None
    """The token's number in the model's vocabulary, where the container tells it."""
    logprob: float | None = None
    """Natural logarithm of the token's probability, where the container tells it."""
    special: bool = False
    """The container marks this token as no text of the answer (an end mark, say)."""
    alternatives: tuple[Alternative, ...] = ()


class TokenDraft:
    """A token that may still be written, and that `draft.__class__ = Token` makes one: the same slots, and frozen from there on.

    That takes a third of the time of `Token(...)`, the constructor of a frozen class, for which a decoder would otherwise spend a third of its own.
    """

    __slots__ = tuple(field.name for field in fields(Token))


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A delta of one tool call: members that are None do not change, `arguments` is appended."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Text that the model thinks and does not answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a body that is no text (an image, audio)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of an answer, always the last event."""

    reason: FinishReason | None = None
    """None where the container names no reason, or one that is none of ours."""
    container_reason: str | None = None
    """The container's own word: `eos_token`, `stop`, `abort`."""
    generated_tokens: int | None = None
    """As the container counted them; None where it does not say."""
    input_tokens: int | None = None


StreamEvent: TypeAlias = Token | ToolCall | Reasoning | Data | Finish
