"""The tokenizer's cuts, as literal pieces."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.tokenizer import SPECIAL_IDS, VOCABULARY_SIZE, split_text, token_id, token_logprob

PIECES = [
    ("", []),
    ("How do I build a website?", ["How", " do", " I", " build", " a", " website", "?"]),
    (" it isn't, 24 hours", [" it", " isn", "'", "t", ",", " 24", " hours"]),
    ("Amazon SageMaker's", ["Amazon", " SageMaker", "'", "s"]),
    ("an experience", ["an", " experience"]),
    (" internationalization of infrastructure", [" intern", "ationa", "lization", " of", " infras", "tructure"]),
    ("in 12345 s, 0.5", ["in", " 123", "45", " s", ",", " 0", ".", "5"]),
    ("¿Qué es la vida?", ["¿", "Qué", " es", " la", " vida", "?"]),
    ("人生とは何ですか", ["人", "生", "とは", "何", "です", "か"]),
    ("エネルギー、SageMaker の", ["エネ", "ルギ", "ー", "、", "SageMaker", " の"]),
    ("什么是生命？", ["什", "么", "是", "生", "命", "？"]),
    ("ما هي الحياة؟", ["ما", " هي", " الحياة", "؟"]),
    ("def f(x):\n    return x  # one", ["def", " f", "(", "x", ")", ":", "\n", "   ", " return", " x", " ", " #", " one"]),
    ("```python\n**bold** __init__ a_b", ["```", "python", "\n", "**", "bold", "**", " __", "init", "__", " a", "_", "b"]),
    ("$$\\frac{1}{2}$$", ["$$", "\\", "frac", "{", "1", "}", "{", "2", "}", "$$"]),
    ("a  b \n\n c\t\td", ["a", " ", " b", " ", "\n", "\n", " c", "\t", "\t", "d"]),
    ("CRLF\r\nCR\rNEL\u0085LS\u2028.", ["CRLF", "\r\n", "CR", "\r", "NEL", "\u0085", "LS", "\u2028", "."]),
    ("a 😀", ["a", "", "", " 😀"]),
    ("😀😀", ["", "", "😀", "", "", "😀"]),
    ("👨‍👧", ["", "", "👨", "\u200d", "", "", "👧"]),
    ("👋🏽", ["", "", "👋", "", "", "🏽"]),
    ("🇯🇵", ["", "", "🇯", "", "", "🇵"]),
    ("❤️", ["❤", "\ufe0f"]),
]


@pytest.mark.parametrize(("text", "pieces"), PIECES)
def test_a_text_is_cut_as_a_byte_level_vocabulary_would_cut_it(text: str, pieces: list[str]) -> None:
    assert [piece.text for piece in split_text(text)] == pieces


def test_the_bytes_of_a_character_that_spans_tokens_are_spread_over_them() -> None:
    assert [piece.data for piece in split_text("a 😀")] == [b"a", b" \xf0\x9f", b"\x98", b"\x80"]


@given(st.text())
def test_nothing_is_lost_or_added_by_cutting(text: str) -> None:
    pieces = list(split_text(text))
    assert "".join(piece.text for piece in pieces) == text
    assert b"".join(piece.data for piece in pieces) == text.encode()


def test_a_tokens_number_depends_on_its_bytes_alone_and_is_never_a_special_one() -> None:
    ids = [token_id(number.to_bytes(2)) for number in range(65536)]
    assert ids[0x2061] == token_id(b" a")
    assert set(ids) <= set(range(SPECIAL_IDS.stop, VOCABULARY_SIZE))


def test_log_probabilities_read_the_same_as_32_and_64_bit_floats() -> None:
    for position in range(2000):
        logprob = token_logprob(b" a", position)
        as_float32 = struct.unpack("<f", struct.pack("<f", logprob))[0]
        assert -5.1 < logprob < 0
        assert float(f"{as_float32:.6g}") == logprob
        assert "e" not in json.dumps(logprob)


def test_most_tokens_are_likely_and_some_are_not() -> None:
    logprobs = sorted(token_logprob(b" a", position) for position in range(2000))
    assert logprobs[1000] > -0.7
    assert logprobs[20] < -3
