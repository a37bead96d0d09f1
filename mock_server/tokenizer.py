"""Cut a text into tokens as a byte-level vocabulary (GPT-2's, Falcon's) would: words with the space in front, punctuation, groups of digits.

No model's vocabulary is in here: the same text always gives the same tokens, numbers and probabilities, and they look as a container's do. A character
whose bytes are spread over several tokens has its text in the last of them and leaves the others empty, as text-generation-inference writes it
(`decode_token` in its server/text_generation_server/models/model.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

VOCABULARY_SIZE = 65024
SPECIAL_IDS = range(12)
"""Falcon's special tokens stand at the beginning of its vocabulary; `<|endoftext|>` is the last of them."""

_MAX_SURPRISE = 5.0
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA = r"\u3041-\u30ff"
_LETTER = rf"[^\W\d_{_HAN}{_KANA}]"
_PIECE = re.compile(
    rf"""
      [ ]?[\U00010000-\U0010ffff]       # emoji and rare letters: four bytes each
    | [ ]?{_LETTER}{{6}}(?={_LETTER}{{5}})  # long words come in several tokens
    | [ ]?{_LETTER}+
    | [ ]?[{_HAN}]
    | [ ]?[{_KANA}]{{1,2}}
    | [ ]?\d{{1,3}}
    | [ ]?([^\w\s]|_)\1*                # ``` and ** are one token
    | [ ]+(?=[ ])                       # an indentation, except for the space that goes with the word
    | \r?\n
    | .
    """,
    re.VERBOSE | re.DOTALL,
)


class Piece(NamedTuple):
    """What one token adds to an answer."""

    text: str
    """Empty as long as a character's bytes are not complete."""
    data: bytes
    """The token's own bytes; those of all pieces are the text's UTF-8."""


def split_text(text: str) -> Iterator[Piece]:
    """Yield the pieces of `text`; their texts joined are `text`."""
    for match in _PIECE.finditer(text):
        piece = match.group()
        data = piece.encode()
        if piece[-1] < "\U00010000":
            yield Piece(piece, data)
        else:
            yield from (Piece("", data[:-2]), Piece("", data[-2:-1]), Piece(piece, data[-1:]))


def token_id(data: bytes) -> int:
    """Return a number for the token of these bytes: the same in every text, never a special token's."""
    return SPECIAL_IDS.stop + crc32(data) % (VOCABULARY_SIZE - SPECIAL_IDS.stop)


def token_logprob(data: bytes, position: int) -> float:
    """Return a probability's natural logarithm for the token at `position`: mostly near 0, seldom below -2.

    It has six digits at most, so that it reads the same as a 32-bit float and as a 64-bit one.
    """
    chance = crc32(data, position) / 2**32
    return -round(_MAX_SURPRISE * chance**4 + 0.0001, 5)
