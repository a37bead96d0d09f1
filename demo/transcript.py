"""Turns as rows of the chat: for each a question, an answer and a line of figures, always these three."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from demo.turns import Turn

_MARKUP = re.compile(r"[\\`*_{}\[\]<>&#|~$!]|^[-+=]|^(?:\d+)(?=[.)](?:\s|$))", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def rows(turns: Iterable[Turn], *, plain: bool = False) -> list[dict[str, Any]]:
    """Return the messages of a `gr.Chatbot`; `plain` is for one that does not render Markdown."""
    return [row for turn in turns for row in _rows(turn, plain)]


def _rows(turn: Turn, plain: bool) -> Iterator[dict[str, Any]]:
    note = "\n\n".join(filter(None, (turn.failure, turn.status)))
    question, answer, figures = map(_as_html, (turn.question, turn.answer, note)) if plain else (literal(turn.question), turn.answer, literal(note))
    return map(_row, ("user", "assistant", "assistant"), (question, turn.media or answer, figures))


def _row(role: str, text: str) -> dict[str, Any]:
    # Content given as a plain string would lose its outer white space and its indentation on the way.
    return {"role": role, "content": {"type": "text", "text": text}}


def _as_html(text: str) -> str:
    """Return what shows `text` as it is in a chat that does not render Markdown, which reads HTML all the same."""
    return html.escape(text, quote=False)


def literal(text: str) -> str:
    """Return Markdown that shows `text` as it is."""
    marked = _MARKUP.sub(lambda mark: f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}", text)
    return _INDENT.sub(lambda indent: "\N{NO-BREAK SPACE}" * len(indent[0].expandtabs(4)), marked)
