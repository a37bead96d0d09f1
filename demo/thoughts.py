"""What a model thinks before it answers, where its container passes that on as text: between <think> and </think>, as DeepSeek R1 and Qwen 3 write it.

A model thinks first, so that only an answer that begins with the mark does; anywhere else the marks are text, of an answer about HTML for instance. The line
ends beside a mark are the mark's, as in these models' templates. Where a container cuts a mark into tokens makes no difference.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

BEGIN, END = "<think>", "</think>"

State: TypeAlias = Literal["before", "thinking", "after", "answering"]


class Heard(NamedTuple):
    """What a piece of text adds."""

    thought: str = ""
    answer: str = ""


class Thoughts:
    """Text in; thoughts and answer out, parted; no more is held back than what could be part of a mark."""

    def __init__(self) -> None:
        self._state: State = "before"
        self._held = ""

    @property
    def is_thinking(self) -> bool:
        """Whether a mark has begun thoughts, and none has ended them yet."""
        return self._state == "thinking"

    def feed(self, text: str) -> Heard:
        """Return what `text` adds."""
        thought = ""
        if self._state == "before":
            text = self._begin(text)
        if self._state == "thinking":
            thought, text = self._think(text)
        if self._state == "after":
            text = text.lstrip("\n")
            self._state = "answering" if text else "after"
        return Heard(thought, text)

    def finish(self) -> Heard:
        """Return what was held back."""
        held, self._held = self._held, ""
        return Heard(thought=held) if self._state == "thinking" else Heard(answer=held)

    def _begin(self, text: str) -> str:
        """Return what follows the first mark, or all if there can be none; nothing while it is not known."""
        self._held, text = "", self._held + text
        begun = text.lstrip()
        if begun.startswith(BEGIN):
            self._state = "thinking"
            return begun.removeprefix(BEGIN)
        if BEGIN.startswith(begun):
            self._held = text
            return ""
        self._state = "answering"
        return text

    def _think(self, text: str) -> tuple[str, str]:
        """Return what of `text` is thought, and what stands behind it."""
        text = self._held + text
        thought, mark, answer = text.partition(END)
        if mark:
            self._held, self._state = "", "after"
            return thought.rstrip("\n"), answer
        kept = text[: len(text) - _unfinished(text)].rstrip("\n")
        self._held = text[len(kept) :]
        return kept, ""


def _unfinished(text: str) -> int:
    """Return how many characters at the end of `text` the closing mark may begin with."""
    return next((size for size in range(len(END) - 1, 0, -1) if text.endswith(END[:size])), 0)
