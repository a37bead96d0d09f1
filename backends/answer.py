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
        stop: Removed where the answer ends with one of them; elsewhere they are text.
    """

    def __init__(self, end_strings: Iterable[str] = (), stop: Iterable[str] = ()) -> None:
        self._ends = tuple(filter(None, end_strings))
        self._stops = tuple(filter(None, stop))
        beginnings = {end[:length] for end in self._ends for length in range(1, len(end))}
        could_stop = {stop[:length] for stop in self._stops for length in range(1, len(stop) + 1)}
        self._whole_end = re.compile(_any_of(self._ends))
        self._end = re.compile(f"(?P<undecided>(?:{_any_of(beginnings)})\\Z)|(?P<end>{_any_of(self._ends)})")
        self._could_stop = re.compile(f"(?:{_any_of(could_stop)})\\Z")
        self._undecided = ""
        self._held = ""

    def feed(self, event: StreamEvent) -> str:
        """Return the text that `event` adds to what is read; a `Finish` adds what was held back."""
        if isinstance(event, Token):
            return "" if event.special else self._hold_stop(self._remove_ends(event.text))
        return self.finish() if isinstance(event, Finish) else ""

    def finish(self, *, broke_off: bool = False) -> str:
        """Return the text that was held back; nothing if that was done before.

        Args:
            broke_off: The answer did not end but stopped arriving, so that a stop string at its end may be text.
        """
        text = self._held + self._whole_end.sub("", self._undecided)
        self._undecided = self._held = ""
        if broke_off:
            return text
        stop = max((stop for stop in self._stops if text.endswith(stop)), key=len, default="")
        return text.removesuffix(stop)

    def _remove_ends(self, text: str) -> str:
        text, self._undecided = self._undecided + text, ""
        kept, position = [], 0
        for match in self._end.finditer(text):
            kept.append(text[position : match.start()])
            position = match.end()
            if match["undecided"]:
                self._undecided = match["undecided"]
        return "".join(kept) + text[position:]

    def _hold_stop(self, text: str) -> str:
        text = self._held + text
        match = self._could_stop.search(text)
        at = match.start() if match else len(text)
        self._held = text[at:]
        return text[:at]


def _any_of(strings: Iterable[str]) -> str:
    """Return a pattern that matches the longest of `strings` that is there, and nothing if there are none."""
    return "|".join(map(re.escape, sorted(strings, key=len, reverse=True))) or "(?!)"
