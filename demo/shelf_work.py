"""How a page's conversations are worked at: in a thread, since no stream of anybody moves while the event loop is held, one change of a page after another.

To read, search and write what one browser keeps takes up to some hundred milliseconds of Python. There is one thread for all pages: more would take turns, and
the loop would wait for each of them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from demo.saved import ROOM_BYTES, decode, encode
from demo.shelf import Saved, Shelf
from demo.thread import Thread

KNOWN_CHARACTERS = 4 * ROOM_BYTES
"""Of the texts whose shelves are known; as objects, they take several times as much memory."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Open:
    """The conversation that the chat shows, as this page last kept it."""

    identity: str = ""
    """The chat's, of which another tab may have made another conversation."""
    id: str = ""
    thread: Thread = field(default_factory=Thread)


@dataclass(frozen=True, slots=True)
class Own:
    """What a page knows beside what its browser says."""

    mine: str = ""
    """The text that it kept last; empty before the first one."""
    open: Open = field(default_factory=Open)
    deleted: Saved | None = None
    """What was deleted last."""


@dataclass(slots=True)
class Place:
    """Where a page's changes come one after another; what each is given with its request may be older than `own`."""

    own: Own = field(default_factory=Own)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Known:
    """Shelves by their texts, those that were read and written last: a page says its text with every event. Used by one thread at a time.

    Args:
        most: So many characters are known, or else one text.
    """

    def __init__(self, most: int = KNOWN_CHARACTERS) -> None:
        self._most = most
        self._shelves: OrderedDict[str, Shelf] = OrderedDict()
        self._characters = 0

    def read(self, text: str) -> Shelf:
        """Return the shelf of a text; raises CannotKeep."""
        return self._note(text, self._shelves.get(text) or decode(text))

    def write(self, shelf: Shelf) -> str:
        """Return the text of a shelf."""
        text = next((text for text, known in self._shelves.items() if known is shelf), None) or encode(shelf)
        self._note(text, shelf)
        return text

    def _note(self, text: str, shelf: Shelf) -> Shelf:
        self._characters += len(text) * (text not in self._shelves)
        self._shelves[text] = shelf
        self._shelves.move_to_end(text)
        while self._characters > self._most and len(self._shelves) > 1:
            self._characters -= len(self._shelves.popitem(last=False)[0])
        return shelf


class Worker:
    """A thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="shelf")

    async def do(self, work: Callable[[], Result]) -> Result:
        """Return what `work` does, once its turn has come; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, copy_context().run, work)
