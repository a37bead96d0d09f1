"""Turns as rows of the chat: for each a question, an answer and a line of figures, always these three."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from demo.turns import Turn

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def rows(turns: Iterable[Turn], *, plain: bool = False) -> list[dict[str, Any]]:
    """Return the messages of a `gr.Chatbot`; `plain` is for one that does not render Markdown."""
    return [row for turn in turns for row in _rows(turn, plain)]


def _rows(turn: Turn, plain: bool) -> Iterator[dict[str, Any]]:
    yield _row("user", turn.question)
    yield _row("assistant", turn.answer)
    yield _row("assistant", _plain_note(turn) if plain else _note(turn))


def _row(role: str, text: str) -> dict[str, Any]:
    # Content given as a plain string would lose its outer white space and its indentation on the way.
    return {"role": role, "content": {"type": "text", "text": text}}


def _plain_note(turn: Turn) -> str:
    return "\n".join(filter(None, (turn.failure, turn.status)))


def _note(turn: Turn) -> str:
    failure = f'<span class="failure">{_literal(turn.failure)}</span>' if turn.failure else ""
    return f'{failure}<span class="figures">{_literal(turn.status)}</span>'


def _literal(text: str) -> str:
    """Return `text` for a place where Markdown and HTML are read, so that it is shown as it is."""
    return _PUNCTUATION.sub(lambda mark: f"&#{ord(mark[0])};", text.replace("\n", " "))
