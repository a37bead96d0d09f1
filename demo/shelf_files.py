"""What comes to the shelf of conversations from outside, a browser's storage or a file, and what is found out of it to be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from demo.language import mark
from demo.saved import ROOM_BYTES, CannotKeep, decode, size_bytes
from demo.shelf import Saved, Shelf
from demo.shelf_work import Known
from demo.thread import Thread

IMPORT_BYTES = 8 * 1024 * 1024
"""A larger file is not read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is found out of a shelf, once for all that shows it."""

    text: str
    """Its JSON."""
    size_bytes: int
    digest: str
    found: tuple[Saved, ...]
    """What matches what is looked for."""


def without_tapes(thread: Thread) -> Thread:
    """Return the conversation without what is gone when its page is."""
    return thread.change_all(lambda turn: replace(turn, tape=0, media=""))


def listing(shelf: Shelf, query: str, known: Known) -> Listed:
    """Find out what there is to show of a shelf: those that match `query`."""
    text = known.write(shelf)
    return Listed(text, size_bytes(text), sha256(text.encode()).hexdigest(), shelf.matching(query))


def with_file(shelf: Shelf, file: Path, ms: int) -> tuple[Shelf, int]:
    """Return the shelf with the conversations of a file, and how many those are; raises CannotKeep."""
    new = decode(_read(file)).saved
    return shelf.with_imported(new, ms), len(new)


def decoded(text: Any, known: Known) -> Shelf:
    """Return the shelf that a browser says it keeps; raises CannotKeep."""
    if isinstance(text, str) and len(text) > ROOM_BYTES:
        raise CannotKeep(mark("They are larger than {most} MiB."), most=ROOM_BYTES // 2**20)
    return known.read(text) if isinstance(text, str) else decode(text)


def remove(file: str) -> None:
    """Remove a file that was uploaded."""
    Path(file).unlink(missing_ok=True)


def _read(file: Path) -> str:
    """Return the text of a file that was uploaded; raises CannotKeep."""
    try:
        if file.stat().st_size > IMPORT_BYTES:
            raise CannotKeep(mark("Nothing is imported: the file is larger than {most} MiB."), most=IMPORT_BYTES // 2**20)
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:  # files of the same content have the same path, whoever imports them
        raise CannotKeep(mark("Nothing is imported: choose the file again.")) from error
    except UnicodeDecodeError as error:
        raise CannotKeep(mark("Nothing is imported: the file is no text in UTF-8.")) from error
