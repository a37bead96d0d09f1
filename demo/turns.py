"""The turns of a chat, and what of them an endpoint is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, chain

from backends.chat import ChatMessage

TOLD_BYTES = 4 * 1024
"""How much of a chat an endpoint is told, in UTF-8: about 1,000 tokens of English. With the 768 new ones that the page asks for at first, that fits in the
2,048 which the deployments of small models allow; a byte, unlike a character, is never more than one token."""
MARKS_BYTES = 16
"""About what a model family's template puts around a message."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that a model called."""

    name: str
    arguments: str = ""
    """As the model wrote them: JSON, once they are whole."""


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
    tape: int = 0
    """The number of the tape that keeps what came, in `demo.tape.Tapes`; 0 for none."""
    media: str = ""
    """HTML, our own, that shows or plays an answer that is no text; empty for one that is."""
    reasoning: str = ""
    """What the model thought before it answered."""
    thought_s: float | None = None
    """For how long it thought; None where it did not, or still does."""
    calls: tuple[Call, ...] = ()
    """The tools that it called."""
    liked: bool | None = None
    """Whether whoever asked likes the answer; None where they did not say."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an endpoint is told of a chat."""

    messages: list[ChatMessage]
    left_out: int
    """How many answered turns, the oldest ones, are not among them."""


def told(turns: Iterable[Turn], question: str, system_prompt: str | None = None) -> Told:
    """Return what fits in `TOLD_BYTES`: the system prompt and `question`, always, and the newest of the `turns` that were answered, if only in part."""
    system = [ChatMessage("system", system_prompt)] if system_prompt and system_prompt.strip() else []
    asked = ChatMessage("user", question)
    pairs = [(ChatMessage("user", turn.question), ChatMessage("assistant", turn.answer)) for turn in turns if turn.answer]
    room_bytes = TOLD_BYTES - _size_bytes(*system, asked)
    left_out = sum(size_bytes > room_bytes for size_bytes in accumulate(_size_bytes(*pair) for pair in reversed(pairs)))
    return Told([*system, *chain.from_iterable(pairs[left_out:]), asked], left_out)


def _size_bytes(*messages: ChatMessage) -> int:
    return sum(MARKS_BYTES + len(message.content.encode(errors="replace")) for message in messages)
