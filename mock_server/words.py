"""The small words that people write to the twin, `NAME[:ARGUMENT]`, and the error that says which ones are legal."""

from __future__ import annotations

import re

COUNT = re.compile(r"[1-9]\d{0,8}")


class WordError(ValueError):
    """Something that a person wrote is none of the words that the twin knows."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(f"{problem}; legal: {expected}")
        self.problem = problem
        self.expected = expected


def parse_count(text: str) -> tuple[int, ...]:
    """Return the one count of 1 or more that `text` is."""
    if not COUNT.fullmatch(text):
        raise WordError(f"{text!r} is not a count", "a whole number from 1 to 999999999")
    return (int(text),)


def parse_counts(text: str) -> tuple[int, ...]:
    """Return the counts of 1 or more that `text` lists with commas."""
    return tuple(number for word in text.split(",") for number in parse_count(word))


def parse_seconds(text: str) -> float:
    """Return the seconds that `text` is, 0 or more."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text):
        raise WordError(f"{text!r} is not a number of seconds", "a decimal number of 0 or more, as 2 or 0.5")
    return float(text)
