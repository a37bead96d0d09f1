"""What the page says, in its reader's language: the English text is the key, `demo/words` holds the translations.

How to say something:

- what the server writes: `words("{name} answers here.", name="A")` and `words.count(n, "{n} part", "{n} parts")`, where `words` are the reader's `Words`: a
  handler takes them from its request by `demo.labels.words_of(request)` and hands them on to whatever makes text;
- a label of the layout, which is made before anybody reads it: `demo.labels.label("Send")`, translated by the browser;
- text of a table, said later by `words(row.text)`: `mark("Throttled (429)")`.

The text is a literal: a test finds it and asks for its translations in `demo/words/*.toml`. Figures, names and what a far side said stay as they are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENGLISH_TAG: Final = "en"
FOLDER = Path(__file__).parent / "words"


def load(folder: Path = FOLDER) -> dict[str, dict[str, str]]:
    """Return each English text with its translations, by language tag."""
    return {text: row for file in sorted(folder.glob("*.toml")) for text, row in tomllib.loads(file.read_text(encoding="utf-8")).items()}


TABLE: Mapping[str, Mapping[str, str]] = load()
LANGUAGES: tuple[str, ...] = (ENGLISH_TAG, *sorted({tag for row in TABLE.values() for tag in row}))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one reader; called with an English text, they say it in the reader's language."""

    language: str = ENGLISH_TAG
    """One of `LANGUAGES`."""

    def __call__(self, text: str, /, **values: object) -> str:
        """Return `text` translated, its `{places}` filled with `values`."""
        said = TABLE.get(text, {}).get(self.language, text)
        return said.format(**values) if values else said

    def count(self, number: int, one: str, many: str, /, **values: object) -> str:
        """Return `one` or `many` translated, with `number`, its thousands parted, as `{n}`: no language here has a third form."""
        return self(one if number == 1 else many, n=f"{number:,}", **values)


ENGLISH = Words()


def mark(text: str) -> str:
    """Return `text` as it is, found by whoever looks for what is to be translated."""
    return text


def words_for(accept_language: str | None) -> Words:
    """Return the words of whoever sends this Accept-Language header: the first wish counts, as it does in the browser; English if it is not fulfilled."""
    wishes = [_wish(wish) for wish in (accept_language or "").split(",")]
    _, tag = max(wishes, key=lambda wish: wish[0])
    return Words(tag) if tag in LANGUAGES else ENGLISH


def _wish(text: str) -> tuple[float, str]:
    """Return how much a language is wished for, from 0 to 1, and its tag without script and region (RFC 9110, 12.5.4)."""
    tag, _, quality = text.partition(";")
    name, _, number = quality.strip().partition("=")
    known = number.strip() if name.strip() == "q" else ""
    return float(known) if known.replace(".", "", 1).isdecimal() else 1.0 if not quality else 0.0, tag.strip().partition("-")[0].lower()
