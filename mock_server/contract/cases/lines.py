"""Where lines end: LF, CR and CRLF, and at nothing else that some languages take for a line end."""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.rows import (
    COMPLETION_EVENTS,
    LMI_0_23,
    LMI_0_24,
    LMI_0_28,
    LMI_0_36,
    LMI_CHAT,
    LMI_CHUNK,
    OUTPUTS_LINES,
    TGI_0_9,
    TGI_2_4,
    TGI_CHAT,
    TGI_CHUNK,
    TOKEN_EVENTS,
    TOKEN_LINES,
    row,
)

SSE_LINES = "WHATWG HTML, 9.2.5: end-of-line is CR LF, or LF, or CR"
JSON_LINES = "jsonlines.org: lines end with LF, and a CR before it is a blank of JSON's (RFC 8259, section 2)"
UNESCAPED = "RFC 8259, section 7: unescaped are all characters but the quote, the backslash and U+0000 to U+001F"
BIT_CRLF = ("https://github.com/vercel/ai/pull/6197", "https://github.com/kubernetes-sigs/inference-perf/pull/781")
BIT_SEPARATORS = (
    "https://github.com/florimondmanca/httpx-sse/issues/34",
    "https://github.com/langchain-ai/langgraph/pull/2560",
    "https://github.com/modelscope/evalscope/pull/1642",
    "https://github.com/open-metadata/OpenMetadata/issues/29531",
)
LENGTH = Finish("length", "length")
RIVER = Token("River", 1, -0.5)
RIVERS = said(RIVER, Token("s", 2, -0.5))

line_end = partial(row, "line-ends", source=SSE_LINES)
separator = partial(row, "separators", source=UNESCAPED, bit=BIT_SEPARATORS)

CASES = (
    line_end(
        "crlf-behind-events",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "River", "log_prob": -0.5}}\r\n\r\n',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\r\n\r\n',
        right=RIVERS,
        why="CR LF ends a line, as proxies and servers that use sse-starlette write it.",
        bit=BIT_CRLF,
    ),
    line_end(
        "crlf-split-between-its-two-bytes",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "River", "log_prob": -0.5}}\r',
        b"\n\r",
        b'\ndata: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\r',
        b"\n\r\n",
        right=RIVERS,
        why="An LF that begins a part belongs to the CR that ended the one before: together they end one line.",
        bit=(*BIT_CRLF, "https://github.com/universal-tool-calling-protocol/python-utcp/pull/100"),
    ),
    line_end(
        "crlf-split-inside-an-event",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1,\r',
        b'\ndata: "text": "River", "log_prob": -0.5}}\r\n\r\n',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\r\n\r\n',
        right=RIVERS,
        why="Who takes the two bytes of a CR LF in two parts for two line ends sees a blank line, and half an event.",
        bit=("https://github.com/praxis-proxy/praxis/pull/739",),
    ),
    line_end(
        "crlf-each-byte-a-part",
        COMPLETION_EVENTS,
        b'data: {"choices":[{"index":0,"text":"Delta","finish_reason":null}]}\r\n\r\n',
        b'data: {"choices":[{"index":0,"text":"s","finish_reason":"length"}]}\r\n\r\ndata: [DONE]\r\n\r\n',
        right=said("Delta", "s", finish=LENGTH),
        why="CR LF CR LF behind an event comes in up to four parts.",
        cut="every-byte",
    ),
    line_end(
        "cr-alone",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "River", "log_prob": -0.5}}\r\r',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\r\r',
        right=RIVERS,
        why="CR alone ends a line as well.",
    ),
    line_end(
        "cr-as-the-last-byte",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "River", "log_prob": -0.5}}\r\r',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\r',
        b"\r",
        right=RIVERS,
        why="A CR that nothing follows ends its line too: who waits for an LF behind it waits for ever.",
    ),
    line_end(
        "every-kind-mixed",
        TOKEN_EVENTS,
        b': hello\revent: message\r\ndata: {"token": {"id": 1, "text": "River", "log_prob": -0.5}}\n\r\n',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\r\n\r',
        right=RIVERS,
        why="Each line may end in its own way; LF and then CR LF are two line ends.",
    ),
    line_end(
        "lf-then-cr-is-a-blank-line",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "River", "log_prob": -0.5}}\n\r',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\n\r',
        right=RIVERS,
        why="LF CR is no pair: the LF ends the line, and the CR a blank one, which dispatches the event.",
    ),
    line_end(
        "crlf-behind-json-lines",
        TOKEN_LINES,
        b'{"token": {"id": 1, "text": "River", "log_prob": -0.5}}\r\n',
        b'{"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Rivers"}\r\n',
        right=RIVERS,
        why="CR LF ends a JSON line: the CR is a blank behind the document.",
        source=JSON_LINES,
    ),
    line_end(
        "crlf-split-behind-json-lines",
        OUTPUTS_LINES,
        b'{"outputs": [" lake"]}\r',
        b'\n{"outputs": [" side"]}\r',
        b"\n",
        right=said(" lake", " side"),
        why="An LF that begins a part ends the line that a CR ended before, or a blank one: neither is a document.",
        source=JSON_LINES,
    ),
    line_end(
        "cr-alone-behind-json-lines",
        OUTPUTS_LINES,
        b'{"outputs": [" lake"]}\r{"outputs": [" side"]}\r',
        right=said(" lake", " side"),
        also=(fails("malformed"), fails("truncated")),
        why="To JSON Lines a CR alone is a blank, and the line no JSON; ours takes it for a line end, as no text is lost so.",
        source=JSON_LINES,
    ),
    line_end(
        "escaped-line-ends-end-no-line",
        TGI_CHAT,
        b"data: " + TGI_CHUNK + b'"one\\r\\n\\r\\n"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n',
        b"data: " + TGI_CHUNK + b'"two\\r\\n\\n"},"logprobs":null,"finish_reason":"length"}],"usage":null}\n\ndata: [DONE]\n\n',
        right=said("one\r\n\r\n", "two\r\n\n", finish=LENGTH),
        why="A line end that a text holds is escaped, and comes out as the text has it, CR included.",
        source=UNESCAPED,
    ),
    separator(
        "u-2028-raw-in-an-event",
        TGI_2_4,
        b'data: {"index":1,"token":{"id":11,"text":"mead\xe2\x80\xa8ow","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n',
        b'data: {"index":2,"token":{"id":12,"text":"s","logprob":-0.5,"special":false},"generated_text":"mead\xe2\x80\xa8ows","details":null}\n\n',
        right=said(Token("mead\u2028ow", 11, -0.5), Token("s", 12, -0.5)),
        why="U+2028 ends no line of an event stream, and serde_json writes it raw.",
        source=SSE_LINES,
    ),
    separator(
        "u-2029-raw-in-an-event",
        LMI_CHAT,
        b"data: " + LMI_CHUNK + b'"Moss\xe2\x80\xa9", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n\n',
        b"data: " + LMI_CHUNK + b'"y"}, "logprobs": null, "finish_reason": "length"}]}\n\ndata: [DONE]\n\n',
        right=said("Moss\u2029", "y", finish=LENGTH),
        why="U+2029 ends no line of an event stream, and Python's json writes it raw where it may write more than ASCII.",
        source=SSE_LINES,
    ),
    separator(
        "u-0085-raw-in-an-event",
        TGI_0_9,
        b'data:{"token":{"id":13,"text":"Fern\xc2\x85","logprob":-0.5,"special":false},"generated_text":"Fern\xc2\x85","details":null}\n\n',
        right=said(Token("Fern\x85", 13, -0.5)),
        why="U+0085 ends no line of an event stream, though `str.splitlines` breaks there.",
        source=SSE_LINES,
    ),
    separator(
        "u-2028-and-u-2029-raw-in-a-line",
        LMI_0_24,
        b'{"outputs": [" \xe2\x80\xa8"]}\n{"outputs": ["a\xe2\x80\xa9b"]}\n',
        right=said(" \u2028", "a\u2029b"),
        why="A JSON string may hold U+2028 and U+2029 raw, and a JSON line goes on behind them.",
    ),
    separator(
        "u-0085-raw-in-a-line",
        LMI_0_28,
        b'{"token": {"id": 14, "text": "leaf\xc2\x85", "log_prob": -0.5}}\n',
        b'{"token": {"id": 15, "text": "\xc2\x85", "log_prob": -0.5}, "generated_text": "leaf\xc2\x85\xc2\x85"}\n',
        right=said(Token("leaf\x85", 14, -0.5), Token("\x85", 15, -0.5)),
        why="A JSON string may hold U+0085 raw, even as a token's whole text, which is no blank.",
    ),
    separator(
        "separators-split",
        LMI_0_36,
        b'{"token": {"id": 16, "text": "oak\xe2\x80',
        b'\xa8", "log_prob": -0.5}}\n{"token": {"id": 17, "text": "\xe2',
        b"\x80\xa9\xc2",
        b'\x85", "log_prob": -0.5}, "generated_text": "oak\xe2\x80\xa8\xe2\x80\xa9\xc2\x85"}\n',
        right=said(Token("oak\u2028", 16, -0.5), Token("\u2029\x85", 17, -0.5)),
        why="A part may end inside a separator, whose bytes are a character's like any other.",
    ),
    separator(
        "separators-escaped",
        LMI_0_23,
        b'{"outputs": [" \\u2028\\u2029\\u0085"]}\n{"outputs": ["\\u000b\\f\\u001c\\u001d\\u001e\\u001f"]}\n',
        right=said(" \u2028\u2029\x85", "\x0b\x0c\x1c\x1d\x1e\x1f"),
        why="What is escaped comes out as the character, and ends no line there either.",
        bit=(),
    ),
    separator(
        "separators-escaped-in-an-event",
        TGI_2_4,
        b'data: {"index":1,"token":{"id":18,"text":"a\\u000b\\fb","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n',
        b'data: {"index":2,"token":{"id":19,"text":"\\u001c\\u001e","logprob":-0.5,"special":false},"generated_text":"a\\u000b\\fb\\u001c\\u001e",',
        b'"details":null}\n\n',
        right=said(Token("a\x0b\x0cb", 18, -0.5), Token("\x1c\x1e", 19, -0.5)),
        why="Who decodes JSON first and splits lines then breaks at characters that were escaped.",
        bit=(),
    ),
    separator(
        "delete-raw-ends-no-line",
        LMI_0_24,
        b'{"outputs": ["rock\x7f"]}\n',
        right=said("rock\x7f"),
        why="U+007F is a control character that JSON lets stand raw, and no line end.",
        bit=(),
    ),
    separator(
        "file-separator-raw-is-no-json",
        OUTPUTS_LINES,
        b'{"outputs": ["bark"]}\n{"outputs": ["a\x1cb"]}\n{"outputs": ["c"]}\n',
        right=fails("malformed", "bark"),
        why="A control character below U+0020 has to be escaped: a line that holds one raw is no JSON, and no two lines either.",
        bit=(),
    ),
    separator(
        "vertical-tab-raw-is-no-json",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "River", "log_prob": -0.5}}\n\n',
        b'data: {"token": {"id": 2, "text": "a\x0bb", "log_prob": -0.5}}\n\n',
        right=fails("malformed", RIVER),
        why="The same in an event: U+000B ends no line of the stream, and inside a string it has to be escaped.",
        bit=(),
    ),
)
