"""The turns of a chat, and what of them an endpoint is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backends.chat import ChatMessage


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what became of it."""

    question: str
    answer: str = ""
    """All that arrived, also before a failure."""
    status: str = ""
    """One line of figures, or of how long one has been waiting."""
    failure: str | None = None
    """A sentence for a person; None while all is well."""


def told(turns: Iterable[Turn], question: str, system_prompt: str | None = None) -> Iterator[ChatMessage]:
    """Yield what is sent to an endpoint: `turns` that were answered, if only in part, and then `question`."""
    if system_prompt and system_prompt.strip():
        yield ChatMessage("system", system_prompt)
    for turn in turns:
        if turn.answer:
            yield ChatMessage("user", turn.question)
            yield ChatMessage("assistant", turn.answer)
    yield ChatMessage("user", question)
