r"""How a document that comes in fragments ends, and where it stops: behind its text, inside it, in what is no text at all.

The text before a fault is delivered whole, as a person saw it, or, by a reader that collects the document, not at all.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish
from mock_server.contract.case import fails, said
from mock_server.contract.cases.fragments import FORMATTER, FORMATTER_0_28, FRAGMENTS, LMI_0_23, LMI_0_27, LMI_0_28, NOBODY
from mock_server.contract.cases.invalid import REPLACED, STRING, UTF_8
from mock_server.contract.cases.rows import JSON, By, in_pieces

LMI_0_26 = By(FRAGMENTS, JSON, "lmi-0.26-json")
RAW = "Ours says so, and to take it as it is loses nothing either."

_ends = partial(in_pieces, "fragments")
_stops = partial(in_pieces, "truncation", source=FORMATTER)
_breaks = partial(in_pieces, "invalid")

_ENDS = (
    _ends(
        "fragments-with-few-details",
        LMI_0_26,
        b'{"generated_text": " Deep',
        b" sea",
        b'", "details": {"finish_reason": "length", "tokens": [{"id": 304, "text": " Deep", "log_prob": -0.5}, {"id": 5, "text": " sea", "log_prob": -0.25}]}}',
        right=said(" Deep", " sea", finish=Finish("length", "length")),
        why="LMI 0.26 counts no tokens in its details: the reason alone is the end.",
        source="djl-serving 0.26, djl_python/rolling_batch/rolling_batch.py, the json formatter",
    ),
    _ends(
        "fragments-with-every-escape",
        LMI_0_23,
        rb'{"generated_text": "\u00e9\n\"\\\/\b',
        rb'\f\r\t \ud83d\ude00 \\ud83d \\\\u \\n"}',
        right=said('é\n"\\/\b\f\r\t 😀 \\ud83d \\\\u \\n'),
        why="An escape is one character wherever it stands, and what follows an escaped backslash is none.",
        source="RFC 8259 section 7",
    ),
    _ends(
        "fragments-whose-text-is-json",
        LMI_0_23,
        rb'{"generated_text": "{\"error\": ',
        rb'{\"a\": 1}} {"}',
        right=said('{"error": {"a": 1}} {'),
        why="An error begins with a brace and a quote; where the quote is escaped, it is text.",
        source=FORMATTER,
    ),
    _ends(
        "fragments-with-lines-behind",
        NOBODY,
        b'{"generated_text": " Low"}\n\n',
        b'{"outputs": [" tide"]}\n{"outputs": ["s"]}',
        right=said(" Low", " tide", "s"),
        also=(fails("malformed", " Low"),),
        why="Behind the document may stand lines: ours reads them as what they are; that a body is one document is as defensible.",
        source="RFC 8259 section 2: a JSON text is one value; jsonlines.org: a line is one",
    ),
    _ends(
        "fragments-then-a-whole-error",
        NOBODY,
        b'{"generated_text": " Low',
        b'", "error": "boom", "code": 400}',
        right=fails("interrupted", " Low", says="boom"),
        why="A document that ends well may hold an error beside its text.",
        source=FORMATTER_0_28,
    ),
)

_STOPS = (
    _stops(
        "fragments-stop-inside-the-opening",
        LMI_0_28,
        b'{"generated',
        b'_text": ',
        right=fails("truncated"),
        why="The name of the text came, and no text.",
    ),
    _stops(
        "fragments-stop-inside-a-character",
        LMI_0_27,
        b'{"generated_text": "Low',
        b" \xf0\x9f\x98",
        right=fails("truncated", "Low", " "),
        why="Three bytes of four are no character, and no reason to lose what came before.",
    ),
    _stops(
        "fragments-stop-behind-a-brace",
        LMI_0_27,
        b'{"generated_text": "Low',
        b" {",
        right=fails("truncated", "Low", " "),
        also=(fails("truncated", "Low", " {"),),
        why="A brace may be text, or the beginning of an error that did not come: ours gives it when it is known, and to give it at once is as right.",
    ),
    _stops(
        "fragments-stop-behind-the-text",
        LMI_0_27,
        b'{"generated_text": "Low',
        b' tide"',
        right=fails("truncated", "Low", " tide"),
        why="The text is whole and the document is not: whether an error or a reason would have stood behind it, nobody knows.",
    ),
    _stops(
        "fragments-stop-inside-the-details",
        LMI_0_27,
        b'{"generated_text": "Low',
        b' tide", "details": {',
        right=fails("truncated", "Low", " tide"),
        why="The details hold the reason of the end, which may be an error.",
    ),
)

_BREAKS = (
    _breaks(
        "fragments-with-a-tab-raw",
        NOBODY,
        b'{"generated_text": "Low',
        b'\ttide"}\n',
        right=fails("malformed", "Low"),
        also=(said("Low\ttide"),),
        why=f"A tab inside a string has to be escaped. {RAW}",
        source=STRING,
    ),
    _breaks(
        "fragments-with-a-line-end-raw",
        NOBODY,
        b'{"generated_text": "Low',
        b'\ntide"}\n',
        right=fails("malformed", "Low"),
        also=(said("Low\ntide"),),
        why=f"A line end inside a string has to be escaped. {RAW}",
        source=STRING,
    ),
    _breaks(
        "fragments-with-an-escape-that-is-none",
        NOBODY,
        b' {"generated_text": "Low',
        b'\\utide"}\n',
        right=fails("malformed", "Low"),
        why="A `u` has four hexadecimal digits behind it: nobody can say what another one means.",
        source="RFC 8259 section 7",
    ),
    _breaks(
        "fragments-that-are-no-utf-8",
        NOBODY,
        b'{"generated_text": "Low',
        b'\xfftide"}\n',
        right=fails("malformed", "Low"),
        also=(said("Low\ufffdtide"),),
        why=f"A byte that no character has is damage. {REPLACED}",
        source=UTF_8,
    ),
    _breaks(
        "fragments-with-half-a-character",
        NOBODY,
        b'{"generated_text": "Low',
        b'\xe6\x97"}\n',
        right=fails("malformed", "Low"),
        also=(said("Low\ufffd"),),
        why=f"A character's first bytes that a quote follows are no character. {REPLACED}",
        source=UTF_8,
    ),
)

CASES = (*_ENDS, *_STOPS, *_BREAKS)
