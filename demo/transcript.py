"""Turns as rows of the chat: a question, what the model thought, its answer, the tools it called, and at the foot the figures and the turn's own tools.

The thoughts and the calls are there where a model thought or called. Every row but a question and an answer is HTML of ours on one line, which Markdown leaves
as it is. The tail of the thoughts is left open, so that a growing one is sent to the browser as what is new alone.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, TypeAlias

from demo.language import ENGLISH, Words
from demo.literal import literal
from demo.status import duration
from demo.thread import Thread
from demo.turn_tools import tools
from demo.turns import Call, Turn

_ENTITIES = {"\\": "&#92;<wbr>", "[": "&#91;", "]": "&#93;"}
"""What a backslash in front of a bracket, as Markdown writes a bracket, would make a formula."""
_FORMULA = re.compile(r"(?<=\$)(?=\$)|(?<=\\)(?=[\[(])")
"""Inside the signs that would begin a formula."""

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """How a conversation is shown."""

    plain: bool = False
    """In a chatbot that does not render Markdown."""
    words: Words = ENGLISH
    """Those of the reader."""


AS_MARKDOWN = Look()


def rows(turns: Iterable[Turn], look: Look = AS_MARKDOWN, feet: Iterable[str] = ()) -> list[Row]:
    """Return the messages of a `gr.Chatbot`; `feet` are HTML of each turn's tools."""
    return [row for turn, foot in zip(turns, chain(feet, repeat("")), strict=False) for row in _rows(turn, look, foot)]


def whole(thread: Thread, look: Look = AS_MARKDOWN) -> list[Row]:
    """Return the rows of a conversation whose last answer has ended, if there is any."""
    return _with_feet(thread, thread.turns, look)


class Painter:
    """Makes the rows of a conversation whose last turn grows; those of the turns before it once."""

    def __init__(self, look: Look = AS_MARKDOWN) -> None:
        self._look = look
        self._thread: Thread | None = None
        self._before: list[Row] = []

    def growing(self, thread: Thread, turn: Turn) -> list[Row]:
        """Return the rows of a conversation with `turn` in the place of its last one."""
        if thread is not self._thread:
            self._thread, self._before = thread, _with_feet(thread, thread.turns[:-1], self._look)
        return self._before + rows([turn], self._look)


def _with_feet(thread: Thread, turns: Sequence[Turn], look: Look) -> list[Row]:
    return rows(turns, look, [tools(turn, *which, look.words) for turn, which in zip(turns, thread.all_alternatives, strict=False)])


def _rows(turn: Turn, look: Look, foot: str) -> Iterator[Row]:
    yield _row("user", _as_html(turn.question) if look.plain else literal(turn.question, _ENTITIES))
    if turn.reasoning:
        yield _row("assistant", _thoughts(turn, look.words))
    yield _row("assistant", turn.media or (_as_html(turn.answer) if look.plain else turn.answer))
    if turn.calls:
        yield _row("assistant", f'<div class="aside calls">{"".join(_call(call, look.words) for call in turn.calls)}</div>')
    yield _row("assistant", _foot(turn, foot))


def _row(role: str, text: str) -> Row:
    # Content given as a plain string would lose its outer white space and its indentation on the way.
    return {"role": role, "content": {"type": "text", "text": text}}


def _thoughts(turn: Turn, words: Words) -> str:
    """Return what the model thought: open while it thinks, folded as soon as it answers."""
    is_over = turn.thought_s is not None
    summary = _line(words("Thought for {time}", time=duration(turn.thought_s or 0)) if is_over else words("Thinking"))
    return f'<details class="aside thoughts"{"" if is_over else " open"}><summary>{summary}</summary>{_line(turn.reasoning)}'


def _call(call: Call, words: Words) -> str:
    return f"<p>{_line(words('Tool call'))} <b>{_line(call.name)}</b></p><pre>{_line(_pretty(call.arguments))}</pre>"


def _pretty(arguments: str) -> str:
    """Return the arguments of a call with a member a line once they are whole, else as they came so far."""
    try:
        return json.dumps(json.loads(arguments), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return arguments


def _foot(turn: Turn, foot: str) -> str:
    said = {"failure": turn.failure, "figures": turn.status}
    lines = "".join(f'<p class="{look}">{_line(text)}</p>' for look, text in said.items() if text)
    return f'<div class="aside foot"><div class="said">{lines}</div>{foot}</div>'


def _line(text: str) -> str:
    """Return HTML of one line that shows `text` as it is."""
    return _FORMULA.sub("<wbr>", html.escape(text, quote=False).replace("\r", "&#13;").replace("\n", "&#10;"))


def _as_html(text: str) -> str:
    """Return what shows `text` as it is in a chat that does not render Markdown, which reads HTML all the same."""
    return html.escape(text, quote=False)
