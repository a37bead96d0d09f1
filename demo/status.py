"""The line of figures under an answer."""

from __future__ import annotations

from backends.timing import Timing
from demo.language import ENGLISH, Words

SILENCE_S = 1.0
"""A stream that says nothing for so long is said to have stalled."""


def progress(timing: Timing, *, waited_s: float, idle_s: float, words: Words = ENGLISH) -> str:
    """Return the line of an answer on its way: how long one waits, or the figures so far."""
    if not timing.has_begun:
        return words("waiting {seconds} s", seconds=f"{waited_s:.1f}")
    state = words("stalled {seconds} s", seconds=f"{idle_s:.0f}") if idle_s >= SILENCE_S else words("streaming")
    return " · ".join((*_figures(timing, words), state))


def result(timing: Timing, *, stopped: bool, words: Words = ENGLISH) -> str:
    """Return the line of an answer that ended."""
    return " · ".join((*_figures(timing, words), ending(timing, stopped=stopped, words=words)))


def with_left_out(line: str, turns: int, words: Words = ENGLISH) -> str:
    """Return `line`, and that the endpoint was not told of so many of the chat's first turns, if it was not."""
    return " · ".join((line, words.count(turns, "{n} earlier turn left out", "{n} earlier turns left out"))) if turns else line


def _figures(timing: Timing, words: Words) -> list[str]:
    if timing.first_data_s is not None:
        begun = words("first bytes {time}", time=duration(timing.first_data_s))
        return [begun, words("{size} in {time}", size=f"{timing.bytes / 1024:.1f} KiB", time=duration(timing.total_s))]
    if timing.ttft_s is None:
        return []
    figures = [words("TTFT {time}", time=duration(timing.ttft_s))]
    if timing.tokens_per_s:
        figures.append(words("{rate} tokens/s", rate=f"{timing.tokens_per_s:.1f}"))
    return [*figures, words.count(timing.tokens, "{n} token", "{n} tokens")]


def duration(seconds: float) -> str:
    """Return a time as people read it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def ending(timing: Timing, *, stopped: bool, words: Words = ENGLISH) -> str:
    """Return how an answer ended, in a word."""
    if stopped:
        return words("stopped by you")
    if timing.finish is None:
        return words("broken off") if timing.has_begun else words("no answer")
    reason, theirs = timing.finish.reason, timing.finish.container_reason
    named = f"{reason} ({theirs})" if reason and theirs and reason != theirs else reason or theirs
    return words("finished: {reason}", reason=named) if named else words("finished")
