"""What each fault leaves of a stream, whether it comes as one timeline or as many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zlib import crc32

import pytest

from backends.wire.parts import encode_part
from mock_server.faults import parse_fault
from mock_server.stream_faults import StreamDamage
from mock_server.timeline import ResponseEnd, Timeline

PARTS = tuple(map(encode_part, (b"one-", b"two-", b"three")))
ONE, TWO, THREE = PARTS
DUE_S = (1.0, 2.0, 3.0)


@dataclass(frozen=True)
class Left:
    """What leaves; `*` stands for a frame that the fault made, whose bytes the contract's table has."""

    fault: str
    chunks: tuple[bytes | str, ...]
    due_s: tuple[float, ...]
    parts: int
    part_chunks: tuple[int, ...] | None = None
    ending: ResponseEnd | None = None
    faulty: bool = True
    torn: bytes = b""
    end_s: float = 0.0

    def __str__(self) -> str:
        return self.fault


TABLE = (
    *(Left(f"{name}@1", (ONE, "*"), (1.0, 2.0), 1, ending="clean")
        for name in ("model-stream-error", "internal-stream-failure", "unmodeled-exception", "unmodeled-error")),
    Left("internal-stream-failure", ("*",), (1.0,), 0, ending="clean"),
    Left("internal-stream-failure@3", (*PARTS, "*"), (1.0, 2.0, 3.0, 3.0), 3, ending="clean"),
    Left("unknown-event@1", (ONE, "*", TWO, THREE), (1.0, 2.0, 2.0, 3.0), 3, (1, 3, 4), faulty=False),
    Left("empty-part@3", (*PARTS, "*"), (1.0, 2.0, 3.0, 3.0), 3, (1, 2, 3), faulty=False),
    Left("empty-part", ("*", *PARTS), (1.0, 1.0, 2.0, 3.0), 3, (2, 3, 4), faulty=False),
    Left("bad-message-crc@1", (ONE, "*", THREE), DUE_S, 2, (1, 3)),
    Left("bad-prelude-crc@2", (ONE, TWO, "*"), DUE_S, 2, (1, 2)),
    Left("truncate-frame@2", (ONE, TWO, THREE[: len(THREE) // 2]), DUE_S, 2, ending="clean"),
    Left("no-frames", (), (), 0, ending="clean"),
    Left("no-frames@2", (ONE, TWO), (1.0, 2.0), 2, ending="clean"),
    Left("reset", (), (), 0, ending="reset"),
    Left("reset@3", PARTS, DUE_S, 3, ending="reset"),
    Left("close@1", (ONE,), (1.0,), 1, ending="close"),
    Left("close-in-chunk@1", (ONE,), (1.0,), 1, ending="close", torn=TWO, end_s=2.0),
    Left("stall@2", (ONE, TWO), (1.0, 2.0), 2, ending="hang", faulty=False),
    Left("stall:10@1", PARTS, (1.0, 12.0, 13.0), 3, faulty=False),
)  # fmt: skip

UNREACHED = (
    "reset@4",
    "close@4",
    "close-in-chunk@3",
    "stall@4",
    "stall:1@3",
    "model-stream-error@4",
    "unknown-event@4",
    "truncate-frame@3",
    "bad-message-crc@3",
)


def damage(text: str) -> StreamDamage:
    return parse_fault(text).damage()


def timeline() -> Timeline:
    return Timeline(iter(PARTS), DUE_S, len(PARTS))


@pytest.mark.parametrize("left", TABLE, ids=str)
def test_a_fault_leaves(left: Left) -> None:
    fault = damage(left.fault)
    damaged = fault.feed(timeline(), last=True)
    chunks = tuple("*" if chunk not in PARTS and chunk not in left.chunks else chunk for chunk in damaged.chunks)
    assert (chunks, tuple(damaged.due_s), damaged.ending, damaged.torn, damaged.end_s) == (left.chunks, left.due_s, left.ending, left.torn, left.end_s)
    assert (damaged.parts, damaged.faulty) == (left.parts, left.faulty)
    assert damaged.part_chunks == (left.part_chunks and list(left.part_chunks))
    assert fault.struck


@pytest.mark.parametrize("left", TABLE, ids=str)
def test_an_answer_that_comes_part_by_part_is_left_the_same(left: Left) -> None:
    fault = damage(left.fault)
    whole = damage(left.fault).feed(timeline(), last=True)
    seen: list[Timeline] = []
    for part, due_s, last in (*zip(PARTS, DUE_S, (False,) * 3, strict=True), (None, 0.0, True)):
        given = Timeline([part], [due_s], 1) if part else Timeline([], [], 0)
        seen.append(fault.feed(given, last=last))
        if seen[-1].ending:
            break
    assert [chunk for piece in seen for chunk in piece.chunks] == list(whole.chunks)
    assert sum(piece.parts for piece in seen) == whole.parts
    assert (seen[-1].ending, seen[-1].torn) == (whole.ending, whole.torn)
    assert any(piece.faulty for piece in seen) == whole.faulty


def test_a_pause_holds_back_all_that_follows_in_pieces_too() -> None:
    fault = damage("stall:10@1")
    pieces = [fault.feed(Timeline([part], [due_s], 1), last=part is THREE) for part, due_s in zip(PARTS, DUE_S, strict=True)]
    assert [due_s for piece in pieces for due_s in piece.due_s] == [1.0, 12.0, 13.0]


@pytest.mark.parametrize("text", UNREACHED)
def test_a_fault_behind_the_end_is_not_reached(text: str) -> None:
    fault = damage(text)
    assert fault.feed(original := timeline(), last=True) is original
    assert not fault.struck


def test_each_bad_checksum_is_the_only_one() -> None:
    for text, first_bad, is_right in (("bad-prelude-crc", 8, True), ("bad-message-crc", len(ONE) - 4, False)):
        (frame, *_) = damage(text).feed(timeline(), last=True).chunks
        assert len(frame) == len(ONE)
        assert frame[:first_bad] == ONE[:first_bad]
        assert frame[first_bad : first_bad + 4] != ONE[first_bad : first_bad + 4]
        assert (crc32(frame[:-4]) == int.from_bytes(frame[-4:])) is is_right


def test_speed_divides_every_wait() -> None:
    assert damage("stall:10@1").feed(timeline(), last=True).at_speed(4).due_s == (0.25, 3.0, 3.25)
    assert damage("close-in-chunk@1").feed(timeline(), last=True).at_speed(4).end_s == 0.5
    assert (unchanged := timeline()).at_speed(1.0) is unchanged


def test_parts_are_counted_by_the_chunks_that_they_end_with() -> None:
    given = timeline()
    assert [given.whole_parts(chunks) for chunks in range(5)] == [0, 1, 2, 3, 3]
    assert [replace(given, part_chunks=[2, 2, 5]).whole_parts(chunks) for chunks in range(6)] == [0, 0, 2, 2, 2, 3]
