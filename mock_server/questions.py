"""What a prompt asks: the last turn of a chat, compared word by word.

A prompt is a bare question or a whole chat in the template of some model family, so the last turn is what follows the last mark of a user's turn that any of
these templates writes. Where there is no such mark, all of the prompt is the turn.
"""

from __future__ import annotations

import re
import unicodedata

MAX_READ_CHARACTERS = 64 * 1024
"""No more than the end of a longer prompt is read: that is more than the models' windows hold, and keeps a request's cost bounded."""

TURN_MARKS = (
    "\nUser:",  # Falcon
    "[INST]",  # Llama 2, Mistral
    "<</SYS>>",  # Llama 2 with a system prompt, which stands in the turn
    "<|im_start|>user",  # ChatML
    "<|start_header_id|>user<|end_header_id|>",  # Llama 3
    "<|user|>",  # Zephyr, Phi
    "ユーザー:",  # rinna
)

_WORD = re.compile(r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


def last_turn(prompt: str) -> str:
    """Return what the user said last in `prompt`, with whatever the template writes behind it."""
    return min((prompt.rpartition(mark)[2] for mark in TURN_MARKS), key=len)


def normalize(text: str) -> str:
    """Return the words of `text` in lower case, a space around each: case, spacing and punctuation make no difference.

    Chinese and Japanese are written without spaces, so each of their characters is a word.
    """
    return f" {' '.join(_WORD.findall(unicodedata.normalize('NFKC', text).casefold()))} "
