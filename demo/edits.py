"""Questions that are edited, each page's own, and what was typed before: kept while they are, within a bound."""

from __future__ import annotations

from dataclasses import dataclass
from sys import getsizeof

EDITS_BYTES = 32 * 1024 * 1024
"""Of all pages together. Who edited first is forgotten first: their question is asked at the end, and what they had typed is lost."""
RECORD_BYTES = 300
"""About what an edit takes beside its texts."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A question that is in the box to be asked anew."""

    at: int
    """The turn that it belongs to."""
    draft: str
    """What was typed before."""
    question: str
    """As it was put into the box."""

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return getsizeof(self.draft) + getsizeof(self.question) + RECORD_BYTES

    def is_changed(self, typed: str) -> bool:
        """Tell whether `typed` was made of the question."""
        return typed.strip() not in ("", self.question.strip())


class Edits:
    """What the pages edit, each by its session.

    Args:
        most_bytes: So much is kept, or else one edit.
    """

    def __init__(self, most_bytes: int = EDITS_BYTES) -> None:
        self._most_bytes = most_bytes
        self._edits: dict[str, Edit] = {}
        self._size_bytes = 0

    def of(self, page: str) -> Edit | None:
        """Return what a page edits."""
        return self._edits.get(page)

    def begin(self, page: str, edit: Edit) -> None:
        """Keep what a page edits from now on."""
        self.end(page)
        self._edits[page] = edit
        self._size_bytes += edit.size_bytes
        while self._size_bytes > self._most_bytes and len(self._edits) > 1:
            self.end(next(iter(self._edits)))

    def end(self, page: str) -> Edit | None:
        """Forget what a page edits; return what it was."""
        edit = self._edits.pop(page, None)
        self._size_bytes -= edit.size_bytes if edit else 0
        return edit
