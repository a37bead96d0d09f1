"""What the `data` fields of an event make together."""

from __future__ import annotations

from functools import partial

from backends.events import Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.rows import CHAT_EVENTS, LENGTH, TGI_0_9, TGI_CHUNK, TOKEN_EVENTS, row

FIELD_VALUE = "WHATWG HTML, 9.2.6: one space behind the colon is removed, if there is one"
JOINED = "WHATWG HTML, 9.2.6: each data field's value and an LF are appended, and the last LF is removed"
LMI_LINES = "djl-serving, serving/docs/lmi/user_guides/output_formatter_schema.md: the sse example has one line end between its `data:` lines"
BIT_NO_SPACE = ("https://github.com/openai/openai-python/issues/498", "https://github.com/sgl-project/genai-bench/issues/159")
BIT_EMPTY = ("https://github.com/vercel/ai/pull/15880", "https://github.com/openai/openai-python/issues/2722")
BIT_LINES = ("https://github.com/rexxars/eventsource-parser/pull/31", "https://github.com/anomalyco/opencode/issues/27365")

SNOW, FLAKE = Token("Snow", 1, -0.5), Token("flake", 2, -0.5)
FIRST = b'data: {"token": {"id": 1, "text": "Snow", "log_prob": -0.5}}\n\n'
LAST = b'data: {"token": {"id": 2, "text": "flake", "log_prob": -0.5}, "generated_text": "Snowflake"}\n\n'
SNOWFLAKE = said(SNOW, FLAKE)

data = partial(row, "data", source=JOINED)

CASES = (
    data(
        "no-space-behind-the-colon",
        TGI_0_9,
        b'data:{"token":{"id":1,"text":"Sleet","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n',
        b'data:{"token":{"id":2,"text":" on","logprob":-0.5,"special":false},"generated_text":"Sleet on","details":null}\n\n',
        right=said(Token("Sleet", 1, -0.5), Token(" on", 2, -0.5)),
        why="The space behind the colon may be absent; TGI up to 2.0.4 writes none.",
        source=FIELD_VALUE + "; axum 0.6 writes none",
        bit=(*BIT_NO_SPACE, "https://github.com/huggingface/huggingface_hub/issues/2034"),
    ),
    data(
        "two-spaces-behind-the-colon",
        TOKEN_EVENTS,
        b'data:  {"token": {"id": 1, "text": "Snow", "log_prob": -0.5}}\n\n',
        b'data:  {"token": {"id": 2, "text": "flake", "log_prob": -0.5}, "generated_text": "Snowflake"}\n\n',
        right=SNOWFLAKE,
        why="Of two spaces behind the colon one remains, which is a blank before the JSON.",
        source=FIELD_VALUE,
    ),
    data(
        "a-tab-behind-the-colon",
        TOKEN_EVENTS,
        b'data:\t{"token": {"id": 1, "text": "Snow", "log_prob": -0.5}}\n\n',
        b'data: \t{"token": {"id": 2, "text": "flake", "log_prob": -0.5}, "generated_text": "Snowflake"}\n\n',
        right=SNOWFLAKE,
        why="A tab is not the space that is removed, but JSON takes it for a blank.",
        source=FIELD_VALUE + "; RFC 8259, section 2",
    ),
    data(
        "blanks-behind-the-json",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Snow", "log_prob": -0.5}}  \n\n',
        b'data: {"token": {"id": 2, "text": "flake", "log_prob": -0.5}, "generated_text": "Snowflake"} \t\n\n',
        right=SNOWFLAKE,
        why="Blanks at a data line's end belong to the data, and JSON allows them there.",
        source="RFC 8259, section 2: blanks are allowed before and after any structural character",
    ),
    data(
        "one-json-in-several-data-lines",
        TOKEN_EVENTS,
        b'data: {\ndata:   "token": {"id": 1, "text": "Snow", "log_prob": -0.5}\ndata: }\n\n',
        b'data: {"token": {"id": 2, "text": "flake", "log_prob": -0.5},\ndata:\ndata: "generated_text":\ndata: "Snowflake"}\n\n',
        right=SNOWFLAKE,
        why="The data lines of an event are joined by LF, and only the whole is JSON.",
    ),
    data(
        "one-json-in-data-lines-that-a-part-cuts",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Snow",\nda',
        b'ta: "log_prob": -0.5}}\n',
        b"\n",
        LAST,
        right=SNOWFLAKE,
        why="A part that ends between two data lines of an event does not end the event.",
    ),
    data(
        "data-lines-that-are-each-json",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Snow", "log_prob": -0.5}}\n',
        LAST,
        right=SNOWFLAKE,
        why="Joined these lines are no JSON, and each alone is: ours reads each, as LMI's documentation shows them; the standard's letter is to refuse them.",
        also=(fails("malformed"),),
        source=LMI_LINES,
        bit=BIT_LINES,
    ),
    data(
        "a-data-line-that-breaks-a-string",
        TOKEN_EVENTS,
        FIRST,
        b'data: {"token": {"id": 2, "text": "fla\ndata: ke", "log_prob": -0.5}}\n\n',
        right=fails("malformed", SNOW),
        also=(fails("truncated", SNOW, "fla\nke"),),
        why="The LF that joins two data lines is a raw control character inside the string, which JSON does not allow, though a parser may.",
        source=JOINED + "; RFC 8259, section 7",
    ),
    data(
        "another-field-between-data-lines",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Snow",\nid: 7\nevent: token\ndata: "log_prob": -0.5}}\n\n',
        LAST,
        right=SNOWFLAKE,
        why="Other fields between two data lines leave the data in one.",
    ),
    data(
        "empty-data",
        CHAT_EVENTS,
        b"data: " + TGI_CHUNK + b'"Dew"},"logprobs":null,"finish_reason":null}],"usage":null}\n\ndata:\n\n',
        b"data: \n\ndata: " + TGI_CHUNK + b'"y"},"logprobs":null,"finish_reason":"length"}],"usage":null}\n\ndata: [DONE]\n\n',
        right=said("Dew", "y", finish=LENGTH),
        why="An event with empty data is dispatched and carries nothing. Unlike JSON that is broken it has lost nothing that an error would tell.",
        bit=BIT_EMPTY,
    ),
    data(
        "data-without-a-colon",
        TOKEN_EVENTS,
        b"data\n\n",
        FIRST,
        b"data\n" + LAST,
        right=SNOWFLAKE,
        why="`data` alone is a data line with an empty value, and an event of it holds nothing to be refused; before another it adds an LF, a blank of JSON's.",
        source="WHATWG HTML, 9.2.6: the whole line is the field name, and the empty string its value",
        bit=BIT_EMPTY,
    ),
)
