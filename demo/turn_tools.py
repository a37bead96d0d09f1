"""The tools at the foot of a turn: flip through its alternatives, like or dislike its answer, edit its question.

They are HTML in the chat, as Gradio's own buttons know nothing of alternatives and would edit a question as the Markdown that shows it. The page's script
tells by a hidden textbox which was pressed: "like 3 17" is the like of the turn 3, the 17th that was pressed. The first class of a button is its name.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from demo.language import Words
from demo.thread import Thread
from demo.turns import Turn

PRESSED = re.compile(r"([a-z]+) (\d{1,6}) \d+")


@dataclass(frozen=True, slots=True)
class Pressed:
    """A tool that was pressed."""

    tool: str
    at: int
    """At which turn."""


def pressed(text: str | None) -> Pressed | None:
    """Return which tool was pressed, None if it was none."""
    match = PRESSED.fullmatch(text or "")
    return Pressed(match[1], int(match[2])) if match else None


def tools(turn: Turn, which: int, of: int, words: Words) -> str:
    """Return the HTML of a turn's tools.

    Args:
        which: The number of the alternative, from 0.
        of: How many alternatives there are.
        words: Those of the reader.
    """
    shown = (*_flip(which, of, words), *_opinion(turn, words), _button("edit", words("Edit the question")))
    return f'<div class="tools">{"".join(shown)}</div>'


def _button(look: str, name: str) -> str:
    return f'<button class="{look}" title="{html.escape(name)}"></button>'


def _flip(which: int, of: int, words: Words) -> Iterator[str]:
    if of > 1:
        yield _button("earlier", words("Earlier version"))
        yield f'<span class="which">{html.escape(words("{which} of {all}", which=which + 1, all=of))}</span>'
        yield _button("later", words("Later version"))


def _opinion(turn: Turn, words: Words) -> Iterator[str]:
    if turn.answer or turn.media or turn.calls or turn.reasoning:
        yield _button("like on", words("Take back the like")) if turn.liked else _button("like", words("Like"))
        yield _button("dislike on", words("Take back the dislike")) if turn.liked is False else _button("dislike", words("Dislike"))


def _say(opinion: bool) -> Callable[[Thread, int], Thread]:
    def say(thread: Thread, at: int) -> Thread:
        return thread.change(at, lambda turn: replace(turn, liked=None if turn.liked is opinion else opinion))

    return say


OPINIONS: Mapping[str, Callable[[Thread, int], Thread]] = {"like": _say(True), "dislike": _say(False)}
"""What becomes of a conversation; said once more, an opinion is taken back."""
FLIPS: Mapping[str, Callable[[Thread, int], Thread]] = {"earlier": lambda thread, at: thread.flip(at, -1), "later": lambda thread, at: thread.flip(at, 1)}
