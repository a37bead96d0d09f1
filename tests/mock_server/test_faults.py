from __future__ import annotations

import pytest

from mock_server.faults import KINDS, Timeline, parse_fault
from mock_server.words import WordError

PARTS = (b"one-", b"two-", b"three")
DUE_S = (1.0, 2.0, 3.0)

READ = [
    ("reset", ("reset", "", 0, None)),
    ("reset@5", ("reset", "", 5, None)),
    ("resetx2", ("reset", "", 0, 2)),
    ("stall", ("stall", "", 0, None)),
    ("stall:2.5@3x1", ("stall", "2.5", 3, 1)),
    ("stall:2x1", ("stall", "2", 0, 1)),
    ("model-error", ("model-error", "500", 0, None)),
    ("model-error:0", ("model-error", "0", 0, None)),
    ("model-error:424x2", ("model-error", "424", 0, 2)),
    ("model-stream-error@2", ("model-stream-error", "ModelInvocationTimeExceeded", 2, None)),
    ("model-stream-error:StreamBroken", ("model-stream-error", "StreamBroken", 0, None)),
    ("throttlingx1", ("throttling", "", 0, 1)),
]

REFUSED = [
    ("", "'' is not a fault"),
    ("rest", "'rest' is not a fault"),
    ("reset@", "'reset@' is not a fault"),
    ("reset@-1", "'reset@-1' is not a fault"),
    ("resetx0", "'resetx0' is not a fault"),
    ("reset:3", "'reset:3' is not a fault"),
    ("reset x1", "'reset x1' is not a fault"),
    ("throttling@1", "'throttling@1' happens before the stream and takes no @N"),
    ("model-error:500@1", "'model-error:500@1' happens before the stream and takes no @N"),
    ("model-error:200", "'200' is no status of a failure"),
    ("model-error:", "'' is not a count"),
    ("stall:", "'' is not a number of seconds"),
    ("stall:-1", "'-1' is not a number of seconds"),
    ("stall:1e3", "'1e3' is not a number of seconds"),
    ("model-stream-error:Broken", "'Broken' is not an error code of the stream"),
]


def timeline() -> Timeline:
    return Timeline(iter(PARTS), DUE_S, len(PARTS))


@pytest.mark.parametrize(("text", "read"), READ)
def test_a_fault_is_read_as_written(text: str, read: tuple[str, str, int, int | None]) -> None:
    fault = parse_fault(text)
    assert (fault.name, fault.argument, fault.after, fault.attempts) == read
    assert fault.text == text


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_no_fault_is_refused_with_the_legal_ones(text: str, problem: str) -> None:
    with pytest.raises(WordError) as refusal:
        parse_fault(text)
    assert str(refusal.value).startswith(f"{problem}; legal: ")


def test_the_refusal_of_an_unknown_fault_lists_every_fault() -> None:
    with pytest.raises(WordError) as refusal:
        parse_fault("rest")
    assert all(name in str(refusal.value) for name in KINDS)


def test_a_fault_with_a_count_strikes_the_first_attempts_only() -> None:
    assert [parse_fault("resetx2").strikes(attempt) for attempt in (1, 2, 3)] == [True, True, False]
    assert [parse_fault("reset").strikes(attempt) for attempt in (1, 2, 3)] == [True, True, True]


@pytest.mark.parametrize("after", range(4))
def test_a_reset_leaves_the_parts_before_it(after: int) -> None:
    damaged = parse_fault(f"reset@{after}").damage(timeline())
    assert damaged is not None
    assert (tuple(damaged.chunks), damaged.due_s, damaged.ending, damaged.faulty) == (PARTS[:after], DUE_S[:after], "reset", True)


@pytest.mark.parametrize("after", range(4))
def test_a_stall_for_ever_leaves_the_parts_before_it_and_damages_nothing(after: int) -> None:
    damaged = parse_fault(f"stall@{after}").damage(timeline())
    assert damaged is not None
    assert (tuple(damaged.chunks), damaged.ending, damaged.faulty) == (PARTS[:after], "hang", False)


def test_a_stall_for_seconds_delays_what_follows() -> None:
    damaged = parse_fault("stall:10@1").damage(timeline())
    assert damaged is not None
    assert (tuple(damaged.chunks), damaged.due_s, damaged.ending, damaged.faulty) == (PARTS, (1.0, 12.0, 13.0), "clean", False)


def test_speed_divides_every_wait() -> None:
    damaged = parse_fault("stall:10@1").damage(timeline())
    assert damaged is not None
    assert damaged.at_speed(4).due_s == (0.25, 3.0, 3.25)


def test_an_error_in_the_stream_comes_when_the_next_part_was_due() -> None:
    damaged = parse_fault("internal-stream-failure@1").damage(timeline())
    assert damaged is not None
    chunks = tuple(damaged.chunks)
    assert chunks[:1] == PARTS[:1]
    assert b"InternalStreamFailure" in chunks[1]
    assert (len(chunks), damaged.due_s, damaged.parts, damaged.ending) == (2, (1.0, 2.0), 1, "clean")


def test_an_error_behind_the_last_part_comes_at_once() -> None:
    damaged = parse_fault("internal-stream-failure@3").damage(timeline())
    assert damaged is not None
    assert damaged.due_s == (1.0, 2.0, 3.0, 3.0)


def test_a_truncated_frame_is_the_first_half_of_the_next_one() -> None:
    damaged = parse_fault("truncate-frame@2").damage(timeline())
    assert damaged is not None
    assert (tuple(damaged.chunks), damaged.parts, damaged.ending) == ((b"one-", b"two-", b"th"), 2, "clean")


def test_a_bad_checksum_damages_one_frame_and_the_stream_goes_on() -> None:
    damaged = parse_fault("bad-message-crc@1").damage(timeline())
    assert damaged is not None
    assert tuple(damaged.chunks) == (b"one-", b"two" + bytes([ord("-") ^ 0xFF]), b"three")


@pytest.mark.parametrize("text", ["reset@4", "stall@4", "stall:1@3", "model-stream-error@4", "truncate-frame@3", "bad-message-crc@3"])
def test_a_fault_behind_the_end_is_not_reached(text: str) -> None:
    assert parse_fault(text).damage(timeline()) is None
