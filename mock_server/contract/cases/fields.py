"""The lines of an event that hold no data: comments, and fields that say nothing about the answer."""

from __future__ import annotations

from functools import partial

from backends.events import Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.rows import CHAT_EVENTS, LENGTH, OPENAI_CHUNK, TGI_2_4, TOKEN_EVENTS, row

GRAMMAR = "WHATWG HTML, 9.2.5: comment is a colon, any characters and a line end; 9.2.6: a line that begins with a colon is ignored"
KEEP_ALIVE = "text-generation-inference, router/src/server.rs: KeepAlive::default(); axum, src/response/sse.rs: a colon and two LF after 15 s of silence"
PROCESS_FIELD = "WHATWG HTML, 9.2.6, steps to process the field: any other field name is ignored"
DISPATCH = "WHATWG HTML, 9.2.6, steps to dispatch the event: without data, nothing is dispatched"
BIT_COMMENTS = ("https://github.com/modelscope/ms-swift/pull/10086",)
BIT_CONTROL = ("https://github.com/openai/openai-python/issues/2722", "https://github.com/openai/openai-python/issues/3833")

FIRST = b'data: {"token": {"id": 1, "text": "Rain", "log_prob": -0.5}}\n\n'
LAST = b'data: {"token": {"id": 2, "text": "bow", "log_prob": -0.5}, "generated_text": "Rainbow"}\n\n'
RAIN, BOW = Token("Rain", 1, -0.5), Token("bow", 2, -0.5)
RAINBOW = said(RAIN, BOW)
TGI_ONE = b'data: {"index":1,"token":{"id":1,"text":"Hail","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n'
TGI_TWO = b'data: {"index":2,"token":{"id":2,"text":"!","logprob":-0.5,"special":false},"generated_text":"Hail!","details":null}\n\n'
HAIL = said(Token("Hail", 1, -0.5), Token("!", 2, -0.5))

comment = partial(row, "comments", source=GRAMMAR, bit=BIT_COMMENTS)
field = partial(row, "fields", source=PROCESS_FIELD)

CASES = (
    comment(
        "keep-alives-before-the-first-token",
        TGI_2_4,
        b":\n\n",
        b":\n\n",
        TGI_ONE,
        TGI_TWO,
        right=HAIL,
        why="TGI writes an empty comment after each 15 s of silence, before the first token too.",
        source=KEEP_ALIVE,
    ),
    comment(
        "keep-alives-between-tokens",
        TGI_2_4,
        TGI_ONE,
        b":\n\n:\n\n",
        TGI_TWO,
        right=HAIL,
        why="A keep-alive between two tokens is neither of them, and a blank line behind it dispatches nothing.",
        source=KEEP_ALIVE,
    ),
    comment(
        "a-keep-alive-split",
        TGI_2_4,
        TGI_ONE + b":",
        b"\n",
        b"\n" + TGI_TWO,
        right=HAIL,
        why="A part may be a comment's colon, or one of the two line ends behind it.",
        source=KEEP_ALIVE,
    ),
    comment(
        "a-ping-of-sse-starlette-s",
        CHAT_EVENTS,
        b": ping - 2026-01-05 10:15:00.123456+00:00\r\n\r\n",
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"Fog"},"finish_reason":"length"}]}\r\n\r\ndata: [DONE]\r\n\r\n',
        right=said("Fog", finish=LENGTH),
        why="Servers that are built on sse-starlette keep a connection alive with a comment that has words, and end lines with CR LF.",
        source="sse-starlette 3, sse_starlette/sse.py: the ping's comment, and DEFAULT_SEPARATOR",
    ),
    comment(
        "a-comment-with-json-in-it",
        TOKEN_EVENTS,
        b': {"token": {"id": 9, "text": "no", "log_prob": -0.5}}\n\n',
        FIRST,
        b": {not json\n\n",
        LAST,
        right=RAINBOW,
        why="A comment says nothing, whatever stands in it: who looks for the first brace reads it as a token, or breaks at it.",
    ),
    comment(
        "a-comment-with-a-data-line-in-it",
        TOKEN_EVENTS,
        FIRST,
        b':data: {"token": {"id": 9, "text": "no", "log_prob": -0.5}}\n\n',
        LAST,
        right=RAINBOW,
        why="A line that begins with a colon is a comment, also where the rest of it is a data line.",
    ),
    comment(
        "a-comment-between-data-lines",
        TOKEN_EVENTS,
        FIRST,
        b'data: {"token": {"id": 2, "text": "bow", "log_prob": -0.5},\n: still here\ndata:  "generated_text": "Rainbow"}\n\n',
        right=RAINBOW,
        why="A comment inside an event does not end it.",
    ),
    comment(
        "a-comment-behind-the-data-line",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Rain", "log_prob": -0.5}}\n:\n\n',
        b'data: {"token": {"id": 2, "text": "bow", "log_prob": -0.5}, "generated_text": "Rainbow"}\n: end\n\n',
        right=RAINBOW,
        why="A comment between an event's data and its blank line changes nothing.",
    ),
    comment(
        "a-comment-without-a-line-end",
        TOKEN_EVENTS,
        FIRST,
        LAST,
        b": bye",
        right=RAINBOW,
        why="A comment that nothing follows, not even a line end, is nothing that the answer lacks.",
    ),
    comment(
        "comments-and-nothing-else",
        TOKEN_EVENTS,
        b":\n\n",
        b": still here\n\n",
        b":\n\n",
        right=fails("truncated"),
        why="A stream of comments alone ends without an answer: that is no empty answer but none.",
    ),
    field(
        "an-event-s-name-before-its-data",
        TOKEN_EVENTS,
        b"event: message\n" + FIRST,
        b"event: token\n" + LAST,
        right=RAINBOW,
        why="An event's name stands in a line of its own, and its data is read all the same.",
    ),
    field(
        "an-event-s-name-and-id-behind-its-data",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Rain", "log_prob": -0.5}}\nevent: token\nid: 1\n\n',
        b'data: {"token": {"id": 2, "text": "bow", "log_prob": -0.5}, "generated_text": "Rainbow"}\nid: 2\n\n',
        right=RAINBOW,
        why="The fields of an event come in any order: data ends with the blank line, not with the next field.",
    ),
    field(
        "an-event-named-ping",
        TOKEN_EVENTS,
        b'event: ping\ndata: {"type": "ping"}\n\n',
        FIRST,
        b'event: ping\ndata: {"type": "ping"}\n\n',
        LAST,
        right=RAINBOW,
        also=(fails("malformed"),),
        why="An object without a member that is known adds nothing to an answer, whatever its event is called; to refuse it aloud is as right.",
        source="no container writes it, and gateways do: Anthropic's API reference, Messages, streaming, where pings may be anywhere",
    ),
    field(
        "an-event-s-name-alone",
        TOKEN_EVENTS,
        b"event: ping\n\n",
        FIRST,
        b"event: ping\n\n",
        LAST,
        right=RAINBOW,
        why="A block without a data field is not dispatched: its data is not an empty string, for a parser of JSON to choke on.",
        source=DISPATCH,
        bit=BIT_CONTROL,
    ),
    field(
        "an-id-alone",
        TOKEN_EVENTS,
        b"id: 1\n\n",
        FIRST,
        b"id: 2\n\n\n",
        LAST,
        right=RAINBOW,
        why="A block that is an id alone is not dispatched, nor are the blank lines behind it.",
        source=DISPATCH,
        bit=BIT_CONTROL,
    ),
    field(
        "a-retry-alone",
        TOKEN_EVENTS,
        b"retry: 3000\n\n",
        FIRST,
        b"retry: soon\n\n",
        LAST,
        right=RAINBOW,
        why="A block that is a retry alone is not dispatched; one that is no number is ignored.",
        source=DISPATCH,
        bit=BIT_CONTROL,
    ),
    field(
        "an-unknown-field-with-json-in-it",
        TOKEN_EVENTS,
        b'meta: {"token": {"id": 9, "text": "no", "log_prob": -0.5}}\n' + FIRST,
        LAST,
        right=RAINBOW,
        why="A field that nobody knows is ignored, whatever its value looks like.",
    ),
    field(
        "a-field-without-a-colon",
        TOKEN_EVENTS,
        b"heartbeat\n\n",
        b"heartbeat\n" + FIRST,
        LAST,
        right=RAINBOW,
        why="A line without a colon is a field with an empty value, here one that nobody knows.",
        source="WHATWG HTML, 9.2.6: the whole line is the field name, and the empty string its value",
    ),
    field(
        "an-id-with-nul",
        TOKEN_EVENTS,
        b"id: a\x00b\n" + FIRST,
        b"id:\n" + LAST,
        right=RAINBOW,
        why="An id with U+0000 is ignored, and the event's data is not.",
        source="WHATWG HTML, 9.2.6, the field `id`: ignored if its value contains U+0000",
    ),
    field(
        "a-field-name-in-capitals",
        TOKEN_EVENTS,
        b"Data: not of this stream\n" + FIRST,
        b"DATA: nor this\n\n",
        LAST,
        right=RAINBOW,
        why="Field names are compared as they are: `Data` is not `data`.",
        source="WHATWG HTML, 9.2.6: field names must be compared literally, with no case folding performed",
    ),
    field(
        "field-names-that-begin-with-data",
        TOKEN_EVENTS,
        b"database: postgres\n" + FIRST,
        b"data-source: {x}\n\n",
        LAST,
        right=RAINBOW,
        why="A field's name goes to its colon: `database` is a field that nobody knows.",
    ),
    field(
        "a-space-before-the-field-s-name",
        TOKEN_EVENTS,
        FIRST,
        b" data: nothing of it\n\n",
        LAST,
        right=RAINBOW,
        why="A space before a name belongs to it, which makes it one that nobody knows.",
    ),
)
