"""What a person reads of an answer, put together event by event: what the model thought, what it answers, which tools it calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from backends.answer import AnswerText
from backends.events import Reasoning, StreamEvent, ToolCall
from demo.thoughts import Heard, Thoughts
from demo.turns import Call


class Reading:
    """Events in; `answer`, `reasoning` and `calls` grow.

    Args:
        end_strings: As `backends.answer.AnswerText` takes them.
        stop: Likewise.
    """

    def __init__(self, end_strings: Iterable[str] = (), stop: Iterable[str] = ()) -> None:
        self.answer = ""
        self.reasoning = ""
        self.thought_s: float | None = None
        """From the first thought to what came behind the last; None where the model did not think, or still does."""
        self._calls: dict[int, Call] = {}
        self._text = AnswerText(end_strings, stop)
        self._thoughts = Thoughts()
        self._thinks_since_s: float | None = None

    @property
    def calls(self) -> tuple[Call, ...]:
        """The tools that are called, in the order of their numbers."""
        return tuple(self._calls[index] for index in sorted(self._calls))

    def feed(self, event: StreamEvent, at_s: float) -> None:
        """Read an event that came `at_s`, in seconds of any one clock."""
        if isinstance(event, Reasoning):
            self._think(event.text, at_s)
            return
        if isinstance(event, ToolCall):
            self._call(event)
            self._end_thoughts(at_s)
        self._hear(self._thoughts.feed(self._text.feed(event)), at_s)

    def finish(self, at_s: float, *, broke_off: bool) -> None:
        """Read what was held back: the answer has ended, or broke off before its end."""
        self._hear(self._thoughts.feed(self._text.finish(broke_off=broke_off)), at_s)
        self._hear(self._thoughts.finish(), at_s)
        self._end_thoughts(at_s)

    def _hear(self, heard: Heard, at_s: float) -> None:
        if heard.thought or self._thoughts.is_thinking:
            self._think(heard.thought, at_s)
        if heard.answer:
            self.answer += heard.answer
            self._end_thoughts(at_s)

    def _think(self, text: str, at_s: float) -> None:
        self._thinks_since_s = at_s if self._thinks_since_s is None else self._thinks_since_s
        self.reasoning += text if self.reasoning else text.lstrip("\n")

    def _end_thoughts(self, at_s: float) -> None:
        if self._thinks_since_s is not None and self.thought_s is None and self.reasoning:
            self.thought_s = at_s - self._thinks_since_s

    def _call(self, delta: ToolCall) -> None:
        call = self._calls.get(delta.index, Call(""))
        self._calls[delta.index] = replace(call, name=delta.name or call.name, arguments=call.arguments + delta.arguments)
