from __future__ import annotations

import pytest

import demo.tape
from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.events import Finish, Token
from backends.wire.parts import encode_part
from demo.tape import Tape, TapedEvent, TapedPart, Tapes
from tests.demo.tapes import taped

REQUEST = ChatRequest(messages=[ChatMessage("user", "why?")], endpoint=Endpoint("e", family="falcon"))


def test_a_tape_keeps_what_came_where_and_when() -> None:
    tape = Tape(REQUEST)
    tape.part(b'{"outputs": ', 0.1)
    tape.part(b'["a"]}\n', 0.2)
    tape.event(Token("a"), 0.2, 0, 18)
    assert bytes(tape.body) == b'{"outputs": ["a"]}\n'
    assert tape.parts == [TapedPart(0, 12, 0.1), TapedPart(12, 19, 0.2)]
    assert tape.events == [TapedEvent(Token("a"), 0, 18, 0.2)]
    assert tape.is_whole


def test_what_is_over_the_bounds_is_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.tape, "MAX_BYTES", 3)
    monkeypatch.setattr(demo.tape, "MAX_EVENTS", 1)
    tape = Tape(REQUEST)
    for data in (b"ab", b"cd", b"e"):
        tape.part(data, 0.0)
    for event in (Token("a"), Finish()):
        tape.event(event, 0.0, 0, 2)
    assert (bytes(tape.body), tape.parts, len(tape.events)) == (b"ab", [TapedPart(0, 2, 0.0)], 1)
    assert (tape.total_parts, tape.total_bytes, tape.total_events, tape.is_whole) == (3, 5, 2, False)


def test_a_page_has_its_own_tapes_newest_last_and_each_its_number() -> None:
    tapes = Tapes()
    first, second = (tapes.add("a", Tape(REQUEST)) for _ in range(2))
    assert tapes.of("a") == (first, second)
    assert [tape.number for tape in tapes.of("a")] == [1, 2]
    assert (tapes.find("a", 2), tapes.find("a", 9), tapes.find("b", 1)) == (second, None, None)
    tapes.forget("a")
    assert tapes.of("a") == ()


def test_the_oldest_tapes_go_first_a_page_s_own_and_all_pages_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.tape, "KEPT_BYTES", 3000)
    tapes = Tapes()
    for page in "abc":
        tapes.add(page, Tape(REQUEST)).part(b"x" * 1200, 0.0)
    assert [len(tapes.of(page)) for page in "abc"] == [1, 1, 1]
    tapes.add("c", Tape(REQUEST))
    assert [len(tapes.of(page)) for page in "abc"] == [0, 1, 2]
    for _ in range(demo.tape.KEPT_TAPES):
        tapes.add("d", Tape(REQUEST))
    assert len(tapes.of("d")) == demo.tape.KEPT_TAPES


def test_a_tape_that_grows_makes_the_oldest_go_and_those_grow_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.tape, "KEPT_BYTES", 3000)
    monkeypatch.setattr(demo.tape, "GROWTH_BYTES", 500)
    tapes = Tapes()
    old, new = (tapes.add(page, Tape(REQUEST)) for page in "ab")
    for tape in (old, new, new):
        tape.part(b"x" * 1200, 0.0)
    assert (tapes.of("a"), tapes.of("b")) == ((), (new,))
    for tape in (old, new):
        tape.frame(encode_part(b"more"))
        tape.part(b"more", 0.0)
        tape.event(Token("more"), 0.0, 0, 4)
    assert (len(old.parts), len(old.frames), len(old.events), old.total_parts, old.is_whole) == (1, 0, 0, 2, False)
    assert (len(new.parts), len(new.frames), len(new.events), new.is_whole) == (3, 1, 1, True)


def test_the_size_counts_the_heads_of_frames() -> None:
    tape = Tape(REQUEST)
    tape.frame(encode_part(b"x"))
    assert tape.size_bytes == demo.tape.RECORD_BYTES + len(tape.frames[0].head)


def test_what_stands_around_a_part_is_kept_and_its_bytes_once() -> None:
    parts = [b'{"outputs": ["a"]}\n', b'{"outputs": ["longer"]}\n']
    frames = taped(parts).frames
    assert [frames[number].head + part + frames[number].checksum for number, part in enumerate(parts)] == [encode_part(part) for part in parts]


def test_of_a_part_that_is_not_kept_neither_is_its_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.tape, "MAX_EVENTS", 1)
    assert list(taped([b'{"outputs": ["a"]}\n'] * 3).frames) == [0]
