"""How often a growing answer is painted.

A browser applies every update: past some 200 a second it lags seconds behind the stream, and the longer the text, the dearer each update.
An open code block is highlighted anew as a whole each time. The server makes each update of all of a chat, so that the updates of all answers together are
bounded, too.
"""

from __future__ import annotations

BRISK_S, CALM_S, SLOW_S = 0.05, 0.1, 0.2
LONG_CHARACTERS = 4 * 1024
MANY_MESSAGES = 20
LONG_CODE_CHARACTERS = 8 * 1024
UPDATES_A_SECOND = 125
"""Of all answers together: about half of what a core makes."""
SLOWEST_S = 1.0
"""However many answers are on their way."""


def pause_s(text: str, messages: int, answers: int = 1) -> float:
    """Return the least time between two paintings of an answer that reads `text` so far, in a chat of `messages`, one of so many that are on their way."""
    return max(_alone_s(text, messages), crowd_s(answers))


def crowd_s(answers: int) -> float:
    """Return the least time between two paintings of each of so many answers, for the server's sake."""
    return min(answers / UPDATES_A_SECOND, SLOWEST_S)


def _alone_s(text: str, messages: int) -> float:
    if len(text) > LONG_CODE_CHARACTERS and open_code_characters(text) > LONG_CODE_CHARACTERS:
        return SLOW_S
    return CALM_S if len(text) > LONG_CHARACTERS or messages > MANY_MESSAGES else BRISK_S


def open_code_characters(text: str) -> int:
    """Return the length of the code block that `text` ends in, 0 if it ends in none."""
    fences = ("\n" + text).split("\n```")
    return 0 if len(fences) % 2 else len(fences[-1])
