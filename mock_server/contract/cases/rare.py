"""JSON that is rare and legal, and what Python writes though it is not: none of it is a reason to lose the text beside it."""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.answers import chatted, numbered, outputs, tgi, vllm
from mock_server.contract.cases.rows import CHAT_EVENTS, LMI_0_24, OPENAI_CHUNK, OUTPUTS_LINES, TGI_2_4, TOKEN_LINES, row

STRING = "RFC 8259 section 7: the characters U+0000 to U+001F have to be escaped, and no others"
NUMBERS = "RFC 8259 section 6: numbers may have any size, and infinities and NaN are none"

_rare = partial(row, "invalid")

CASES = (
    _rare(
        "nul-escaped",
        LMI_0_24,
        *outputs(rb" \u0000", rb"\u0000b", rb"!"),
        right=said(" \x00", "\x00b", "!"),
        why="An escaped NUL is a character like any other and ends no text.",
        source=STRING,
    ),
    _rare(
        "control-characters-escaped",
        TGI_2_4,
        *tgi(rb"\u001b[1m", rb"\b\f", rb"!"),
        right=numbered("\x1b[1m", "\b\f", "!"),
        why="Escaped control characters are text.",
        source=STRING,
    ),
    _rare(
        "delete-raw",
        LMI_0_24,
        *outputs(b" \x7f", "\x80\x9f".encode(), b"b"),
        right=said(" \x7f", "\x80\x9f", "b"),
        why="The control characters from U+007F to U+009F need no escape.",
        source=STRING,
    ),
    _rare(
        "infinity-as-a-log-probability",
        TOKEN_LINES,
        b'{"token": {"id": 1, "text": "a", "log_prob": -Infinity}}\n',
        b'{"token": {"id": 2, "text": "b", "log_prob": -0.5, "entropy": NaN}, "generated_text": "ab"}\n',
        right=said(Token("a", 1, float("-inf")), Token("b", 2, -0.5)),
        also=(fails("malformed"), fails("malformed", "a")),
        why="Python writes infinities, which are no JSON: ours reads them, as the text is whole; to refuse them aloud is as defensible.",
        source=f"{NUMBERS}; Python's json.dumps, allow_nan",
    ),
    _rare(
        "a-seed-of-64-bits",
        TGI_2_4,
        tgi(b"a", b"b")[0],
        b'data: {"index":2,"token":{"id":2,"text":"b","logprob":-0.5,"special":false},"generated_text":"ab",'
        b'"details":{"finish_reason":"length","generated_tokens":2,"seed":18446744073709551615,"input_length":3}}\n\n',
        right=said(Token("a", 1, -0.5), Token("b", 2, -0.5), finish=Finish("length", "length", 2, 3)),
        why="A seed is a number without sign of 64 bits, which fits neither a signed one nor a float.",
        source="text-generation-inference v2.4.1, router/src/lib.rs: StreamDetails.seed is Option<u64>",
    ),
    _rare(
        "numbers-out-of-range",
        TOKEN_LINES,
        b'{"token": {"id": 1, "text": "a"}, "trace": 123456789012345678901234567890, "cost": 1e999}\n',
        b'{"token": {"id": 2, "text": "b"}, "generated_text": "ab"}\n',
        right=said(Token("a", 1), Token("b", 2)),
        also=(fails("malformed"),),
        why="JSON sets numbers no bounds, and lets a parser set some: one that fits no type is no reason to lose the text beside it without a word.",
        source=NUMBERS,
    ),
    _rare(
        "nested",
        CHAT_EVENTS,
        vllm(b"a")[0],
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"a"},"finish_reason":null}],"trace":' + b'{"a":[' * 200 + b"0" + b"]}" * 200 + b"}\n\n",
        *vllm(b"b")[1:],
        right=chatted("a", "b"),
        also=(fails("malformed"),),
        why="Four hundred levels are no reason to lose the text beside them, and none to lose it without a word.",
        source="RFC 8259 section 9: a parser may set limits, which common ones do between 128 and 1024 levels",
    ),
    _rare(
        "nested-too-deeply",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n',
        b'{"outputs": ["b"], "trace": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        b'{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "b", "c"),),
        why="A parser may limit the depth, and says so: neither does its stack overflow nor is the rest lost in silence.",
        source="RFC 8259 section 9",
    ),
    _rare(
        "names-twice",
        OUTPUTS_LINES,
        b'{"outputs": ["first"], "outputs": ["last"]}\n{"outputs": ["!"]}\n',
        right=said("last", "!"),
        also=(said("first", "!"), fails("malformed")),
        why="Names should be unique; of two, ours takes the last one, as most do; to take the first or to fail aloud is as defensible.",
        source="RFC 8259 section 4: what software does with names that are not unique cannot be predicted",
    ),
)
