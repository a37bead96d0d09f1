"""The line of figures under an answer."""

from __future__ import annotations

from backends.timing import Timing

SILENCE_S = 1.0
"""A stream that says nothing for so long is said to have stalled."""


def progress(timing: Timing, *, waited_s: float, idle_s: float) -> str:
    """Return the line of an answer on its way: how long one waits, or the figures so far."""
    if not timing.has_begun:
        return f"waiting {waited_s:.1f} s"
    return " · ".join((*_figures(timing), f"stalled {idle_s:.0f} s" if idle_s >= SILENCE_S else "streaming"))


def result(timing: Timing, *, stopped: bool) -> str:
    """Return the line of an answer that ended."""
    return " · ".join((*_figures(timing), ending(timing, stopped=stopped)))


def with_left_out(line: str, turns: int) -> str:
    """Return `line`, and that the endpoint was not told of so many of the chat's first turns, if it was not."""
    return f"{line} · {turns} earlier turn{'s' * (turns != 1)} left out" if turns else line


def _figures(timing: Timing) -> list[str]:
    if timing.first_data_s is not None:
        return [f"first bytes {duration(timing.first_data_s)}", f"{timing.bytes / 1024:.1f} KiB in {duration(timing.total_s)}"]
    if timing.ttft_s is None:
        return []
    figures = [f"TTFT {duration(timing.ttft_s)}"]
    if timing.tokens_per_s:
        figures.append(f"{timing.tokens_per_s:.1f} tokens/s")
    return [*figures, f"{timing.tokens} token{'s' * (timing.tokens != 1)}"]


def duration(seconds: float) -> str:
    """Return a time as people read it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def ending(timing: Timing, *, stopped: bool) -> str:
    """Return how an answer ended, in a word."""
    if stopped:
        return "stopped by you"
    if timing.finish is None:
        return "broken off" if timing.has_begun else "no answer"
    reason, theirs = timing.finish.reason, timing.finish.container_reason
    if reason and theirs and reason != theirs:
        return f"finished: {reason} ({theirs})"
    word = reason or theirs
    return f"finished: {word}" if word else "finished"
