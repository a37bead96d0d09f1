"""What a model might have said in a token's place: the token itself, then made-up words, each less likely than the one before."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from mock_server.script import ScriptToken
from mock_server.tokenizer import token_id

WORDS = (" the", " a", " and", ",", ".", " to", " of", " is", " in", " it", " that", " for", "\n", " with", " as", " on", " you", " this", "!", " be", " or")
STEP = 0.69315
"""How much a word's logprob is below the one before: half as likely."""
FLOOR = 0.1
"""What the first word has less than a token that is all but certain."""


def alternatives(token: ScriptToken, most: int) -> Sequence[ScriptToken]:
    """Return the `most` likeliest tokens, `token` first; at most as many as there are words."""
    first = crc32(token.text.encode()) % len(WORDS)
    words = [word for word in WORDS[first:] + WORDS[:first] if word != token.text]
    others = (
        ScriptToken(word, token_id(word.encode()), round(token.logprob - FLOOR - place * STEP, 5)) for place, word in zip(range(1, most), words, strict=False)
    )
    return (token, *others)[:most]
