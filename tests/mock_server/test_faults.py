from __future__ import annotations

import pytest

from mock_server import container_faults, stream_faults
from mock_server.faults import KINDS, parse_fault, parse_faults
from mock_server.words import WordError

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
    ("unknown-event@1", ("unknown-event", "Unknown", 1, None)),
    ("unknown-event:initial-response@1x2", ("unknown-event", "initial-response", 1, 2)),
    ("throttlingx1", ("throttling", "", 0, 1)),
    ("close-in-chunk@2x1", ("close-in-chunk", "", 2, 1)),
    ("crlf@2", ("crlf", "", 2, None)),
    ("container-error", ("container-error", "", 0, None)),
    ("container-error:tool_error@2x1", ("container-error", "tool_error", 2, 1)),
]

REFUSED = [
    ("", "'' is not a fault"),
    ("rest", "'rest' is not a fault"),
    ("reset@", "'reset@' is not a fault"),
    ("reset@-1", "'reset@-1' is not a fault"),
    ("resetx0", "'resetx0' is not a fault"),
    ("reset:3", "'reset:3' is not a fault"),
    ("reset x1", "'reset x1' is not a fault"),
    ("resetx1@2", "'resetx1@2' is not a fault"),
    ("throttling@1", "'throttling@1' happens before the stream and takes no @N"),
    ("model-error:500@1", "'model-error:500@1' happens before the stream and takes no @N"),
    ("expired-token@0", "'expired-token@0' happens before the stream and takes no @N"),
    ("model-error:200", "'200' is no status of a failure"),
    ("model-error:", "'' is not a count"),
    ("stall:", "'' is not a number of seconds"),
    ("stall:-1", "'-1' is not a number of seconds"),
    ("stall:1e3", "'1e3' is not a number of seconds"),
    ("model-stream-error:Broken", "'Broken' is not an error code of the stream"),
    ("unknown-event:PayloadPart", "'PayloadPart' is not a type of an unknown event"),
    ("container-error:", "'' is not a kind of a container's error"),
    ("container-error:Tool error", "'Tool error' is not a kind of a container's error"),
    ("unknown-event:", "'' is not a type of an unknown event"),
    ("crlf+", "'' is not a fault"),
    ("crlf+rest", "'rest' is not a fault"),
    ("reset+close", "'reset+close' joins faults that cannot strike together"),
    ("crlf+throttling+stall", "'crlf+throttling+stall' joins faults that cannot strike together"),
    ("crlf+crlf@2", "'crlf+crlf@2' joins faults that cannot strike together"),
]

JOINED = [
    ("reset", [("reset", 0)]),
    ("crlf+reset@5", [("crlf", 0), ("reset", 5)]),
    ("reset@5+crlf", [("reset", 5), ("crlf", 0)]),
    ("no-finish+no-final-newline+keep-alive@3+crlf+model-stream-error@2",
        [("no-finish", 0), ("no-final-newline", 0), ("keep-alive", 3), ("crlf", 0), ("model-stream-error", 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "read"), READ)
def test_a_fault_is_read_as_written(text: str, read: tuple[str, str, int, int | None]) -> None:
    fault = parse_fault(text)
    assert (fault.name, fault.argument, fault.after, fault.attempts) == read
    assert fault.text == text


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_no_fault_is_refused_with_the_legal_ones(text: str, problem: str) -> None:
    with pytest.raises(WordError) as refusal:
        parse_faults(text)
    assert str(refusal.value).startswith(f"{problem}; legal: ")


def test_the_refusal_of_an_unknown_fault_lists_every_fault() -> None:
    with pytest.raises(WordError) as refusal:
        parse_faults("rest")
    assert all(kind.spelling(name) in str(refusal.value) for name, kind in KINDS.items())


@pytest.mark.parametrize(("text", "terms"), JOINED)
def test_faults_of_the_container_join_with_one_of_the_others(text: str, terms: list[tuple[str, int]]) -> None:
    faults = parse_faults(text)
    assert [(fault.name, fault.after) for fault in faults.terms] == terms
    assert faults.text == text


def test_a_fault_with_a_count_strikes_the_first_attempts_only() -> None:
    faults = parse_faults("crlfx3+resetx2+keep-alive")
    struck = [[fault.name for fault in faults.striking(attempt)] for attempt in (1, 2, 3, 4)]
    assert struck == [["crlf", "reset", "keep-alive"]] * 2 + [["crlf", "keep-alive"], ["keep-alive"]]


def test_every_fault_behind_the_head_has_an_effect_and_no_other() -> None:
    effects = {name.partition(":")[0] for name in stream_faults.EFFECTS} | set(container_faults.EFFECTS)
    assert effects == {name for name, kind in KINDS.items() if kind.stage in {"event stream", "connection", "container"}}
