"""What the list of conversations says: sentences, dates, names of files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from demo.language import Words, mark
from demo.saved import ROOM_BYTES
from demo.shelf import Saved, Shelf

NEARLY_FULL = 0.8
"""Of the room; from there on it is said how full it is."""
FILE_CHARACTERS = 60
EMPTY = mark("What you ask is kept here, in this browser alone.")


def link(address: str, name: str) -> str:
    """Return HTML that offers a file, which page.html has downloaded at once."""
    return f"<p class='figures'><a href='{escape(address)}' download='{escape(name)}' data-at-once>{escape(name)}</a></p>"


def choices(found: Sequence[Saved]) -> list[tuple[str, str]]:
    """Return conversations for a list, each a name and, on a second line, when it was changed last, with its id."""
    return [(f"{saved.name}\n{_when(saved)}", saved.id) for saved in found]


def room(size_bytes: int, found: Sequence[Saved], shelf: Shelf, words: Words) -> str:
    """Return what is to be said of a list: that it is empty, or the room nearly full; mostly nothing."""
    if size_bytes > NEARLY_FULL * ROOM_BYTES:
        percent = f"{size_bytes / ROOM_BYTES:.0%}"
        return words("{percent} of the room in this browser is taken. Export and delete what you do not need here.", percent=percent)
    return "" if found else words("Nothing is found.") if shelf.saved else words(EMPTY)


def imported(added: int, here: int, words: Words) -> str:
    """Return what an import did: how many conversations it added, and how many were here."""
    said = words.count(added, "{n} conversation is imported.", "{n} conversations are imported.")
    return " ".join((said, words.count(here, "{n} was here already.", "{n} were here already."))) if here else said


def file_name(name: str, kind: str) -> str:
    """Return what the file of a conversation is called: letters and digits in any script."""
    parts = "".join(sign if sign.isalnum() else " " for sign in name).split()
    return f"{'-'.join(parts)[:FILE_CHARACTERS] or 'conversation'}.{kind}"


def _when(saved: Saved) -> str:
    return f"{datetime.fromtimestamp(saved.changed_ms / 1000, UTC).astimezone():%Y-%m-%d %H:%M}"
