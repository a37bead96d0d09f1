"""What each fault of a container makes of its writes, whether they come at once or token by token."""

from __future__ import annotations

import pytest

from mock_server.container_faults import ContainerDamage
from mock_server.containers.container import Reply
from mock_server.faults import parse_faults

SSE = "text/event-stream; charset=utf-8"
LINES = "application/jsonlines"
WRITES = (b"data:1\n\n", b"data:2\n\n", b"data:3\n\n", b"data:[DONE]\n\n")
"""Two tokens, and what ends the answer."""
ONE, TWO, THREE, DONE = WRITES
ENDING = 2

TABLE = [
    ("container-error", SSE, [b"failed after 0"]),
    ("container-error@1", SSE, [ONE, b"failed after 1"]),
    ("container-error@3", SSE, [ONE, TWO, THREE, b"failed after 2"]),
    ("no-finish", SSE, [ONE, TWO]),
    ("no-finish@3", SSE, [ONE, TWO, THREE]),
    ("no-final-newline", SSE, [ONE, TWO, THREE, b"data:[DONE]"]),
    ("keep-alive", SSE, [b":\n\n", *WRITES]),
    ("keep-alive@3", SSE, [ONE, TWO, THREE, b":\n\n", DONE]),
    ("keep-alive@1", LINES, [ONE, b"\n", TWO, THREE, DONE]),
    ("crlf", SSE, [write.replace(b"\n", b"\r\n") for write in WRITES]),
    ("crlf@3", SSE, [ONE, TWO, THREE, b"data:[DONE]\r\n\r\n"]),
    ("crlf+keep-alive@1", SSE, [b"data:1\r\n\r\n", b":\r\n\r\n", b"data:2\r\n\r\n", b"data:3\r\n\r\n", b"data:[DONE]\r\n\r\n"]),
    ("keep-alive@1+container-error@1", SSE, [ONE, b":\n\n", b"failed after 1"]),
    ("crlf+no-final-newline", SSE, [b"data:1\r\n\r\n", b"data:2\r\n\r\n", b"data:3\r\n\r\n", b"data:[DONE]"]),
]

MISSED = [
    ("container-error@4", SSE),
    ("no-finish@4", SSE),
    ("keep-alive@4", SSE),
    ("keep-alive", "application/json"),
    ("crlf@4", SSE),
    ("no-final-newline@4", SSE),
    ("crlf", "image/jpeg"),
    ("no-final-newline", "audio/wav"),
]


def damage(text: str, content_type: str = SSE, *, can_fail: bool = True) -> ContainerDamage:
    faults = [(fault.text, fault.name, fault.after) for fault in parse_faults(text).terms]
    return ContainerDamage(faults, content_type, (lambda count: [b"failed after %d" % count, b""]) if can_fail else None)


def reply(*, ending: int = ENDING) -> Reply:
    return Reply(200, (), WRITES, (1, 2, 3, 3), is_chunked=True, keep_alive=b":\n\n", ending=ending)


@pytest.mark.parametrize(("text", "content_type", "left"), TABLE)
def test_a_fault_of_the_container_leaves(text: str, content_type: str, left: list[bytes]) -> None:
    faults = damage(text, content_type)
    assert faults.spoil(reply()).writes == left
    assert not faults.missed


@pytest.mark.parametrize(("text", "content_type", "left"), TABLE)
def test_it_leaves_the_same_of_an_answer_that_comes_token_by_token(text: str, content_type: str, left: list[bytes]) -> None:
    faults = damage(text, content_type)
    seen = [write for count, token in enumerate((ONE, TWO)) for write in faults.feed([token], ending=False, generated=count)]
    seen += faults.feed([THREE, DONE], ending=True, generated=2)
    assert seen == left
    assert faults.ended
    assert faults.feed([b"more"], ending=False, generated=3) == []


@pytest.mark.parametrize(("text", "content_type"), MISSED)
def test_a_fault_that_found_nothing_is_missed_and_changes_nothing(text: str, content_type: str) -> None:
    faults = damage(text, content_type)
    assert list(faults.spoil(reply()).writes) == list(WRITES)
    assert (faults.missed, faults.is_damaged) == ([text], False)


def test_a_container_that_answers_by_itself_neither_fails_nor_ends_what_it_did_not_generate() -> None:
    faults = damage("container-error+no-finish+crlf", can_fail=False)
    assert faults.spoil(reply(ending=0)).writes == [write.replace(b"\n", b"\r\n") for write in WRITES]
    assert faults.missed == ["container-error", "no-finish"]


def test_what_is_only_written_differently_is_no_damage() -> None:
    for text, is_damage in (("crlf", False), ("keep-alive", False), ("no-final-newline", True), ("no-finish", True), ("container-error", True)):
        faults = damage(text)
        assert not faults.is_damaged
        faults.spoil(reply())
        assert faults.is_damaged is is_damage


def test_an_end_of_blank_lines_loses_them_and_the_newline_before() -> None:
    faults = damage("no-final-newline", LINES)
    assert faults.feed([b"{}\n", b"\n", b"\n"], ending=True, generated=1) == [b"{}"]


def test_writes_keep_their_moments() -> None:
    spoiled = damage("keep-alive@2+no-finish").spoil(reply())
    assert (spoiled.writes, spoiled.tokens) == ([ONE, TWO], [1, 2])
    assert damage("keep-alive@1").spoil(reply()).tokens == [1, 2, 2, 3, 3]
    recorded = Reply(200, (), WRITES, (), (0.1, 0.2, 0.3, 0.4), is_chunked=True)
    assert damage("keep-alive@1").spoil(recorded).due_s == [0.1, 0.2, 0.2, 0.3, 0.4]


def test_what_is_written_into_a_silence_has_the_same_line_ends() -> None:
    assert damage("crlf").spoil(reply()).keep_alive == b":\r\n\r\n"
    assert damage("keep-alive").spoil(reply()).keep_alive == b":\n\n"
