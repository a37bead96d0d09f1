from __future__ import annotations

import re

import pytest

from backends.events import Data, Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.wire.eventstream import encode_message
from backends.wire.parts import encode_part
from demo.tape import Tape
from demo.wire_index import WireIndex
from demo.wire_view import summary, table, timeline, visible
from tests.demo.tapes import taped


def drawn(tape: Tape, *, framed: bool = False) -> list[str]:
    """Return the rows of all parts."""
    index = WireIndex(tape)
    index.update()
    return re.findall("<tr><td.*?</tr>", table(index, range(len(tape.parts)), framed=framed))


SEEN = {
    b"plain text": "plain text",
    b"a\nb\r\tc\0": "a<i class='sign'>LF</i>b<i class='sign'>CR</i><i class='sign'>TAB</i>c<i class='sign'>NUL</i>",
    b"\xe3\x81": "<b class='octet'>e3</b><b class='octet'>81</b>",
    "あ".encode(): "あ",
    "\u202eevil\u200b".encode(): "<b class='octet'>U+202E</b>evil<b class='octet'>U+200B</b>",
    b"<script>\"'&": "&lt;script&gt;&quot;&#x27;&amp;",
}


@pytest.mark.parametrize(("data", "shown"), SEEN.items())
def test_everything_can_be_seen_and_nothing_is_html(data: bytes, shown: str) -> None:
    assert visible(data) == shown


def test_a_row_has_time_gap_size_hex_text_and_where_the_cut_is() -> None:
    first, second = drawn(taped([b'{"outputs": ["\xe3\x81', b'\x82"]}\n']))
    for piece in (">1<", ">0.100 s<", ">+100.0 ms<", ">16 B<", "ends inside a character", "<b class='octet'>e3</b><b class='octet'>81</b>"):
        assert piece in first
    assert "<span class='f f0 begins'>7b 22 6f" in first
    assert "<span class='f f0 stops'>82 22 5d 7d</span>" in second
    assert "ends inside" not in second


def test_neighbouring_frames_have_different_marks_and_tokens_have_their_frame_s() -> None:
    [row] = drawn(taped([b'{"outputs": ["a"]}\n{"outputs": ["b"]}\n']))
    assert row.count("f f0 begins stops") == row.count("f f1 begins stops") == 2
    assert "chip f0' title='event 1, bytes 0 to 18'>a</span>" in row
    assert "chip f1' title='event 2, bytes 19 to 37'>b</span>" in row


def test_a_token_of_several_parts_shows_dots_where_it_goes_on() -> None:
    rows = drawn(taped([b'{"outp', b'uts": ["a', b'"]}\n']))
    assert [re.findall("title='[^']*'>(.*?)</span>", row) for row in rows] == [["a…"], ["…a…"], ["…a"]]


def test_a_long_part_is_shown_by_its_ends_and_names_a_bounded_number_of_tokens() -> None:
    [row] = drawn(taped([b'{"outputs": ["a"]}\n' * 100]))
    assert row.count("… 1,388 bytes …") == 2
    assert row.count("class='chip") == 24
    assert "and 76 more" in row
    assert len(row) < 20_000


def test_a_frame_s_lengths_and_checksums_are_those_of_the_event_stream() -> None:
    [row] = drawn(taped([b'{"outputs": [" a"]}\n']), framed=True)
    frame = encode_part(b'{"outputs": [" a"]}\n')
    assert "125 bytes = 12 prelude + 89 headers + 20 payload + 4 checksum" in row
    assert f"prelude {frame[8:12].hex()}, of the message {frame[-4:].hex()}" in row
    assert "CRC-32 of the prelude 76d71247, of the message 0c5a3c0e" in row
    assert ":event-type: PayloadPart" in row


def test_a_frame_is_shown_as_it_came_and_a_part_that_came_without_has_none() -> None:
    tape = taped([b'{"outputs": [" a"]}\n'])
    other = encode_message({":message-type": "event", ":event-type": "PayloadPart", "x-other": "<b>7"}, b'{"outputs": [" a"]}\n')
    tape.total_parts, tape.parts[:] = 0, []
    tape.frame(other)
    tape.part(b'{"outputs": [" a"]}\n', 0.1)
    [row] = drawn(tape, framed=True)
    assert "x-other: &lt;b&gt;7" in row
    assert f"{other[:12].hex(' ')}" in row
    tape.frames.clear()
    [row] = drawn(tape, framed=True)
    assert "Frame" not in row


def test_every_kind_of_event_has_a_name() -> None:
    tape = taped([b"0123456789"], content_type="text/plain", ending=None)
    events: tuple[StreamEvent, ...] = (
        Token("<a>"),
        Token(""),
        Reasoning("hm"),
        ToolCall(0, name="find"),
        ToolCall(0, arguments="{}"),
        Data(b"ab"),
        Finish("stop", "eos"),
        Finish(),
    )
    for at, event in enumerate(events):
        tape.event(event, 0.1, at, at + 1)
    [row] = drawn(tape)
    names = ["&lt;a&gt;", "<i>no text</i>", "hm", "tool call find", "tool call {}", "2 bytes", "end (eos)", "end"]
    assert re.findall("title='[^']*'>(.*?)…?</span>", row) == names


def test_the_summary_tells_the_whole_and_why_it_failed() -> None:
    tape = taped([b'{"outputs": ["a"]}\n'], question="<b>why?")
    tape.failure, tape.headers, tape.total_parts = "It <broke>.", {"x-a": "<1>"}, 2
    shown = summary(tape)
    for piece in ("&lt;b&gt;why?", "2 parts · 19 bytes · 2 events · 0.10 s · finished: stop · application/jsonlines", "It &lt;broke&gt;.", "x-a: &lt;1&gt;"):
        assert piece in shown
    assert "Only the first 1 part and 2 events are kept." in shown


def test_nothing_yet_is_drawn_as_nothing() -> None:
    tape = taped([], ending=None)
    assert "0 parts" in summary(tape)
    assert "on its way" in summary(tape)
    assert timeline(tape) == ""
    assert "No such parts" in table(WireIndex(tape), [])


def test_a_timeline_says_in_words_what_it_draws_and_has_a_bounded_number_of_marks() -> None:
    tape = taped([b'{"outputs": ["a"]}\n'] * 3)
    assert "aria-label='3 parts and 3 tokens over 0.30 s; the first part at 0.100 s, the longest gap 0.100 s'" in timeline(tape)
    assert timeline(tape).count("M") == 6
    for number in range(5000):
        tape.part(b"x", number / 1000)
    assert timeline(tape).count("M") < 1000


def test_what_is_drawn_is_one_line_as_markdown_ends_html_at_a_blank_one() -> None:
    tape = taped([b'{"outputs": ["a"]}\n\n\n'], question="a\n\nb")
    assert "\n" not in summary(tape) + timeline(tape) + "".join(drawn(tape, framed=True))
