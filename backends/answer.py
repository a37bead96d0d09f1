"""What a person reads of an answer: its text without special tokens, end strings and the stop string it ended at.

Containers cut such strings into tokens as they please, so text that could still become one is held back until the next token decides. No other
character is lost, and no more is held back than the longest of these strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from backends.events import Finish, StreamEvent, Token


class AnswerText:
    """Events in, readable text out.

    Args:
        end_strings: Removed wherever they occur; of several that could, the first and longest.
        stop: Removed where the answer ends with one of them because of it: the container says so, or (as LMI 0.23) names no reason at all. Elsewhere they are
            text.
    """

    def __init__(self, end_strings: Iterable[str] = (), stop: Iterable[str] = ()) -> None:
        self._ends = tuple(filter(None, end_strings))
        self._stops = tuple(filter(None, stop))
        self._end = re.compile("|".join(map(re.escape, sorted(self._ends, key=len, reverse=True))) or "(?!)")
        self._unfinished_ends = tuple(end[:-1] for end in self._ends)
        self._end_letters, self._stop_letters = (frozenset(word[0] for word in words) for words in (self._ends, self._stops))
        self._undecided = ""
        self._held = ""

    def feed(self, event: StreamEvent) -> str:
        """Return the text that `event` adds to what is read; a `Finish` adds what was held back."""
        if isinstance(event, Token):
            return "" if event.special else self._hold_stop(self._remove_ends(event.text))
        if isinstance(event, Finish):
            return self.finish(broke_off=event.reason not in {"stop_sequence", None})
        return ""

    def finish(self, *, broke_off: bool = False) -> str:
        """Return the text that was held back; nothing if that was done before.

        Args:
            broke_off: The answer ended for another reason than a stop string (or just stopped arriving), so that one at its end is text.
        """
        text = self._held + self._end.sub("", self._undecided)
        self._undecided = self._held = ""
        if broke_off:
            return text
        stop = max((stop for stop in self._stops if text.endswith(stop)), key=len, default="")
        return text.removesuffix(stop)

    def _remove_ends(self, text: str) -> str:
        if not self._undecided and self._end_letters.isdisjoint(text):
            return text
        text = self._undecided + text
        kept, position = [], 0
        for match in self._end.finditer(text):
            if _beginning_of(self._unfinished_ends, text, position) <= match.start():
                break
            kept.append(text[position : match.start()])
            position = match.end()
        at = _beginning_of(self._unfinished_ends, text, position)
        self._undecided = text[at:]
        return "".join(kept) + text[position:at]

    def _hold_stop(self, text: str) -> str:
        if not self._held and self._stop_letters.isdisjoint(text):
            return text
        text = self._held + text
        at = _beginning_of(self._stops, text)
        self._held = text[at:]
        return text[:at]


def _beginning_of(words: Iterable[str], text: str, position: int = 0) -> int:
    """Return where, from `position` on, the longest end of `text` begins that one of `words` begins with; the end of `text` if there is none."""
    return min((_find_beginning(word, text, position) for word in words), default=len(text))


def _find_beginning(word: str, text: str, position: int) -> int:
    """Look at those places alone where the word's first character stands, and no further back than the word is long."""
    if not word:
        return len(text)
    at = text.find(word[0], max(position, len(text) - len(word)))
    while at >= 0 and not word.startswith(text[at:]):
        at = text.find(word[0], at + 1)
    return at if at >= 0 else len(text)
