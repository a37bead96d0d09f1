"""Turns as rows of the chat: for each a question, an answer and a line of figures, always these three."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from demo.turns import Turn

_MARKUP = re.compile(r"[\\`*_{}\[\]<>&#|~$!]")


def rows(turns: Iterable[Turn], *, plain: bool = False) -> list[dict[str, Any]]:
    """Return the messages of a `gr.Chatbot`; `plain` is for one that does not render Markdown."""
    return [row for turn in turns for row in _rows(turn, plain)]


def _rows(turn: Turn, plain: bool) -> Iterator[dict[str, Any]]:
    note = "\n\n".join(filter(None, (turn.failure, turn.status)))
    yield _row("user", turn.question)
    yield _row("assistant", turn.answer)
    yield _row("assistant", note if plain else _MARKUP.sub(r"\\\g<0>", note))


def _row(role: str, text: str) -> dict[str, Any]:
    # Content given as a plain string would lose its outer white space and its indentation on the way.
    return {"role": role, "content": {"type": "text", "text": text}}
