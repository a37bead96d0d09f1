"""The figures of answers side by side: a table in HTML, which grows with them, and says in words which figure is the better one."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from backends.timing import Timing
from demo.language import ENGLISH, Words, mark
from demo.status import duration

NOTABLE = 0.05
"""What two figures differ by at least where one is said to be faster, as a share of the larger: one answer alone says no more."""


class Measured(Protocol):
    """**Protocol:** an answer of which there are figures."""

    @property
    def timing(self) -> Timing:
        """What was measured so far."""

    @property
    def ending(self) -> str | None:
        """How it ended, in a word; None while it is on its way."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    label: str
    read: Callable[[Timing], float | None]
    write: Callable[[float], str]
    best: Callable[[Sequence[float]], float] | None = None
    """Which of the values is the fastest; None for what is no speed."""
    needs_stream: bool = False
    """Whether there is none where all tokens came together."""


def _percentile_s(percent: float) -> Callable[[Timing], float | None]:
    # Tokens that all came in one part are nothing apart, which says nothing of how fast they were made.
    return lambda timing: timing.itl_percentile_s(percent) if timing.tokens_per_s else None


def _tokens(timing: Timing) -> int:
    # A whole answer may come as one text, and its count beside it.
    return (timing.finish.generated_tokens if timing.finish else None) or timing.tokens


FIGURES = (
    Figure(mark("Time to first token"), lambda timing: timing.ttft_s, duration, min),
    Figure(mark("Between tokens, p50"), _percentile_s(50), duration, min, needs_stream=True),
    Figure(mark("Between tokens, p95"), _percentile_s(95), duration, min, needs_stream=True),
    Figure(mark("Tokens/s"), lambda timing: timing.tokens_per_s, "{:.1f}".format, max, needs_stream=True),
    Figure(mark("Total"), lambda timing: timing.total_s or None, duration, min),
    Figure(mark("Tokens"), _tokens, "{:,}".format),
    Figure(mark("Bytes"), lambda timing: timing.bytes, "{:,}".format),
    Figure(mark("Parts"), lambda timing: timing.parts, "{:,}".format),
)


def table(names: Sequence[str], lanes: Sequence[Measured], words: Words = ENGLISH) -> str:
    """Return the table of `lanes` as HTML, each below its name."""
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in (words("Figure"), *names))
    rows = "".join(_row(words(figure.label), _cells(figure, lanes, words)) for figure in FIGURES)
    ended = _row(words("Ended"), [lane.ending or words("on its way") for lane in lanes])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}{ended}</tbody></table>"


def _row(label: str, cells: Sequence[str]) -> str:
    return f'<tr><th scope="row">{_text(label)}</th>{"".join(f"<td>{_text(cell)}</td>" for cell in cells)}</tr>'


def _text(words: str) -> str:
    # An empty line would end the HTML in the Markdown that shows it.
    return html.escape(" ".join(words.split()))


def _cells(figure: Figure, lanes: Sequence[Measured], words: Words) -> list[str]:
    values = [figure.read(lane.timing) for lane in lanes]
    texts = [_missing(figure, lane, words) if value is None else figure.write(value) for value, lane in zip(values, lanes, strict=True)]
    known = [value for value in values if value is not None]
    # Nobody is faster than an answer that never ended.
    if figure.best is None or len(known) < len(lanes) or not all(lane.timing.finish for lane in lanes) or max(known) - min(known) <= NOTABLE * max(known):
        return texts
    best = figure.best(known)
    return [words("{figure} (faster)", figure=text) if value == best else text for text, value in zip(texts, values, strict=True)]


def _missing(figure: Figure, lane: Measured, words: Words) -> str:
    if not lane.ending:
        return words("not yet")
    return words("all at once") if figure.needs_stream and lane.timing.tokens else words("none")
