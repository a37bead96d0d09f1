"""A kept conversation as Markdown (CommonMark), as it is read on the page: the turns of the path that is shown, without thoughts, which are folded there.

Whatever an answer leaves open (a code fence that was cut off, a comment, a list) ends with its block quote, so that no turn swallows the next.
"""

from __future__ import annotations

from collections.abc import Iterator

from demo.literal import literal
from demo.shelf import Saved
from demo.turns import Turn


def markdown(saved: Saved) -> str:
    """Return a conversation as the text of a file."""
    parts = [f"# {literal(saved.name)}", *(part for turn in saved.thread.turns for part in _parts(turn))]
    return "\n\n".join(parts) + "\n"


def _parts(turn: Turn) -> Iterator[str]:
    yield "**Question**"
    yield _lines(turn.question)
    yield "**Answer**"
    if turn.answer:
        yield _quoted(turn.answer)
    for call in turn.calls:
        yield _lines(f"Tool call: {call.name}({call.arguments})")
    for note in filter(None, (turn.failure, turn.status)):
        yield _lines(note)


def _lines(text: str) -> str:
    """Return Markdown that shows `text` as it is, line for line."""
    return literal(_with_newlines(text).strip("\n")).replace("\n", "  \n")


def _quoted(text: str) -> str:
    """Return Markdown in a block quote."""
    return "\n".join(f"> {line}" if line else ">" for line in _with_newlines(text).split("\n"))


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
