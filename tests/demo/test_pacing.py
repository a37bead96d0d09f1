from __future__ import annotations

import pytest

from demo.pacing import crowd_s, open_code_characters, pause_s


@pytest.mark.parametrize(
    ("text", "messages", "expected_s"),
    [
        ("", 1, 0.05),
        ("x" * 4096, 20, 0.05),
        ("x" * 4097, 1, 0.1),
        ("x", 21, 0.1),
        ("x" * 100_000, 1, 0.1),
        ("```\n" + "x" * 8192, 1, 0.2),
        ("```\n" + "x" * 8000, 1, 0.1),
        ("x" * 9000 + "\n```py\nx", 1, 0.1),
        ("```\n" + "x" * 9000 + "\n```\n", 1, 0.1),
    ],
    ids=["empty", "4 KiB", "longer", "many messages", "very long", "long open code", "open code", "code that has just begun", "code that is closed"],
)
def test_the_longer_an_answer_the_rarer_it_is_painted(text: str, messages: int, expected_s: float) -> None:
    assert pause_s(text, messages) == expected_s


@pytest.mark.parametrize(("answers", "expected_s"), [(0, 0.05), (1, 0.05), (6, 0.05), (50, 0.4), (125, 1.0), (1000, 1.0)])
def test_the_more_answers_are_on_their_way_the_rarer_each_is_painted(answers: int, expected_s: float) -> None:
    assert pause_s("", 1, answers) == expected_s


def test_a_crowd_does_not_hurry_an_answer_that_is_painted_rarely_for_its_length() -> None:
    assert pause_s("x" * 4097, 1, 10) == 0.1
    assert crowd_s(10) == 0.08


@pytest.mark.parametrize(
    ("text", "expected"), [("", 0), ("a ``` b", 0), ("```", 0), ("```a", 1), ("```\n", 1), ("a\n```b\nc\n```", 0), ("```a\n```\n```bc", 2)]
)
def test_a_code_block_is_open_until_its_second_fence(text: str, expected: int) -> None:
    assert open_code_characters(text) == expected
