"""Bytes that are no UTF-8, and lines that are no JSON, or none that holds an answer.

Ours says so and stops, with the text before it delivered, as nobody knows what else is damaged. To read what can be read and go on is as defensible where no
text is lost by it; to lose what follows without a word is not.
"""

from __future__ import annotations

from functools import partial

from backends.events import Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.answers import chatted, outputs, tgi, vllm
from mock_server.contract.cases.rows import CHAT_EVENTS, OUTPUTS_LINES, TOKEN_EVENTS, By, row

UTF_8 = "RFC 8259 section 8.1: JSON is UTF-8; RFC 3629 section 3: what UTF-8 is"
REPLACED = "Ours says so, as no container writes such a byte; WHATWG's decoding, which puts U+FFFD in its place, is as right."
STRING = "RFC 8259 section 7: the characters U+0000 to U+001F have to be escaped"
GRAMMAR = "RFC 8259 sections 2 and 9: what JSON is, and that a parser may take other forms as well"
LINES = "jsonlines.org: each line is a JSON value, and LF ends it"

_invalid = partial(row, "invalid")

CASES = (
    _invalid(
        "no-utf-8-in-a-line",
        OUTPUTS_LINES,
        *outputs(b"a", b" caf\xff", b" bar"),
        right=fails("malformed", "a"),
        also=(said("a", " caf\ufffd", " bar"),),
        why=f"A byte that no character has is damage. {REPLACED}",
        source=UTF_8,
    ),
    _invalid(
        "no-utf-8-in-an-event",
        TOKEN_EVENTS,
        *tgi(b"a", b" caf\xe9", b" bar"),
        right=fails("malformed", Token("a", 1, -0.5)),
        also=(said("a", " caf\ufffd", " bar"),),
        why=f"Latin-1 is no UTF-8. {REPLACED}",
        source=f"{UTF_8}; WHATWG HTML 9.2.6: streams are decoded as UTF-8",
    ),
    _invalid(
        "overlong-slash",
        OUTPUTS_LINES,
        *outputs(b"a", b" and\xc0\xafor", b" b"),
        right=fails("malformed", "a"),
        also=(said("a", " and\ufffd\ufffdor", " b"),),
        why=f"A character has one form in UTF-8, the shortest: two bytes for a slash are none. {REPLACED}",
        source="RFC 3629 sections 3 and 10",
    ),
    _invalid(
        "surrogates-as-utf-8",
        CHAT_EVENTS,
        *vllm(b"a", b" \xed\xa0\xbd\xed\xb8\x80", b" b"),
        right=fails("malformed", "a"),
        also=(chatted("a", " " + "\ufffd" * 6, " b"),),
        why=f"Surrogates have no form in UTF-8. {REPLACED}",
        source="RFC 3629 section 3: it prohibits the numbers from D800 to DFFF",
    ),
    _invalid(
        "character-broken-off-by-its-line",
        OUTPUTS_LINES,
        *outputs(b"a", b" sun\xe6\x97", b"b"),
        right=fails("malformed", "a"),
        also=(said("a", " sun\ufffd", "b"),),
        why=f"A character's first bytes that a quote follows are no character, and none to wait for. {REPLACED}",
        source=UTF_8,
    ),
    _invalid(
        "nul-raw",
        OUTPUTS_LINES,
        *outputs(b"a", b" \x00 ", b"b"),
        right=fails("malformed", "a"),
        also=(said("a", " \x00 ", "b"),),
        why="A NUL inside a string has to be escaped; ours says so, and to take it as it is loses nothing either.",
        source=STRING,
    ),
    _invalid(
        "tab-raw",
        TOKEN_EVENTS,
        *tgi(b"a", b"\tif", b" b"),
        right=fails("malformed", Token("a", 1, -0.5)),
        also=(said("a", "\tif", " b"),),
        why="A tab inside a string has to be escaped; ours says so, and to take it as it is loses nothing either.",
        source=STRING,
    ),
    _invalid(
        "garbage-between-lines",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n',
        b"WARNING: slow disk\n",
        b'{"outputs": ["b"]}\n{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "b", "c"),),
        why="A line that is no JSON is an error, or is left out: what follows it must not be lost in silence.",
        source=LINES,
    ),
    _invalid(
        "garbage-between-events",
        CHAT_EVENTS,
        *vllm(b"a", b"b", b"c")[:2],
        b"data: {oops}\n\n",
        *vllm(b"a", b"b", b"c")[2:],
        right=fails("malformed", "a"),
        also=(chatted("a", "b", "c"),),
        why="An event that is no JSON is an error, or is left out: what follows it must not be lost in silence.",
        source=GRAMMAR,
    ),
    _invalid(
        "line-broken-off-inside",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n{"outputs": ["b\n{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        why="A line that was broken off lost text, which is an error whatever follows.",
        source=LINES,
    ),
    _invalid(
        "two-documents-in-a-line",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n{"outputs": ["b"]}{"outputs": ["c"]}\n{"outputs": ["d"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "b", "c", "d"),),
        why="A line is one document; ours says that this is none, and to read both loses nothing either.",
        source=LINES,
    ),
    _invalid(
        "trailing-comma",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n{"outputs": ["b",],}\n{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "b", "c"),),
        why="A comma has a value behind it; ours says that one is missing, and to read over it loses nothing either.",
        source=GRAMMAR,
    ),
    _invalid(
        "single-quotes",
        OUTPUTS_LINES,
        b"{'outputs': ['a']}\n{'outputs': ['b']}\n",
        right=fails("malformed"),
        also=(said("a", "b"),),
        why="A Python dict that was printed is no JSON; ours says so, and to read it as Python does loses nothing either.",
        source=GRAMMAR,
    ),
    _invalid(
        "escape-that-is-none",
        TOKEN_EVENTS,
        *tgi(b"a", rb"\x41", rb"\u12g4"),
        right=fails("malformed", Token("a", 1, -0.5)),
        why="There are nine escapes, and a `u` has four hexadecimal digits behind it: nobody can say what another one means.",
        source="RFC 8259 section 7",
    ),
    _invalid(
        "a-string-alone",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n"b"\n{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "c"), said("a", "b", "c")),
        why="A string is JSON but no frame of an answer; ours says so, and to leave it out or to take it for text is as defensible.",
        source=LINES,
    ),
    _invalid(
        "a-number-alone",
        CHAT_EVENTS,
        *vllm(b"a", b"b")[:2],
        b"data: 12\n\n",
        *vllm(b"a", b"b")[2:],
        right=fails("malformed", "a"),
        also=(chatted("a", "b"),),
        why="A number is JSON but no frame of an answer; ours says so, and to leave it out is as defensible.",
        source=GRAMMAR,
    ),
    _invalid(
        "a-page-in-place-of-an-answer",
        By("token-lines", "text/html"),
        b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n</body>\n</html>\n",
        right=fails("malformed"),
        also=(fails("truncated"),),
        why="A proxy's page is no answer, and its end is not the end of one.",
        source=GRAMMAR,
    ),
)
