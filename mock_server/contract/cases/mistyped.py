"""JSON whose members are of another type than containers write, and JSON that is no object.

Where the text itself cannot be read, an error has to say so. Where what cannot be read stands beside a text that can, ours says so as well, as nobody knows
what else the container meant; to read the text and leave out the rest loses nothing of the answer.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.chat_rows import OPENAI
from mock_server.contract.cases.rows import CHAT_EVENTS, LENGTH, LMI_BEDROCK, OPENAI_CHUNK, OUTPUTS_LINES, TOKEN_LINES, By, row

MEMBERS = "djl-serving 0.28, djl_python/request_io.py: a token has an id that is a number, a text and a log probability"
OUTPUTS = "djl-serving 0.24, djl_python/rolling_batch/rolling_batch.py: `outputs` is a list of texts"
LINES = "jsonlines.org: each line is a JSON value; djl-serving writes objects alone"
BEDROCK_LINES = By(LMI_BEDROCK.format, LMI_BEDROCK.content_type)

FIRST = b'{"token": {"id": 1, "text": "a", "log_prob": -0.5}}\n'
LAST = b'{"token": {"id": 3, "text": "c", "log_prob": -0.5}, "generated_text": "abc"}\n'
A = Token("a", 1, -0.5)

_mistyped = partial(row, "invalid")

CASES = (
    _mistyped(
        "a-text-that-is-a-number",
        TOKEN_LINES,
        FIRST,
        b'{"token": {"id": 2, "text": 5, "log_prob": -0.5}}\n',
        LAST,
        right=fails("malformed", A),
        why="A text is a string: of a number nobody knows which text it was, and to leave it out loses one.",
        source=MEMBERS,
    ),
    _mistyped(
        "a-token-that-is-a-text",
        TOKEN_LINES,
        FIRST,
        b'{"token": "b"}\n',
        LAST,
        right=fails("malformed", A),
        also=(said("a", "b", "c"),),
        why="A token is an object; ours says that this is none, and to take the string for its text loses nothing either.",
        source=MEMBERS,
    ),
    _mistyped(
        "an-id-that-is-a-text",
        TOKEN_LINES,
        FIRST,
        b'{"token": {"id": "q", "text": "b", "log_prob": -0.5}}\n',
        LAST,
        right=fails("malformed", A),
        also=(said("a", "b", "c"),),
        why="An id is a whole number; ours says that this is none, and to read the text beside it loses nothing either.",
        source=MEMBERS,
    ),
    _mistyped(
        "a-log-probability-that-is-a-text",
        TOKEN_LINES,
        FIRST,
        b'{"token": {"id": 2, "text": "b", "log_prob": "low"}}\n',
        LAST,
        right=fails("malformed", A),
        also=(said("a", "b", "c"),),
        why="A log probability is a number; ours says that this is none, and to read the text beside it loses nothing either.",
        source=MEMBERS,
    ),
    _mistyped(
        "log-probabilities-of-a-number",
        CHAT_EVENTS,
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n',
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"5"},"logprobs":{"content":[{"token":5}]},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
        right=fails("malformed", "a"),
        also=(said("a", "5", finish=LENGTH),),
        why="A token among the log probabilities is a string; ours says that this is none, and the delta's text is whole without it.",
        source=OPENAI,
    ),
    _mistyped(
        "choices-that-are-a-number",
        CHAT_EVENTS,
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n',
        b"data: " + OPENAI_CHUNK.removesuffix(b"[") + b"5}\n\n",
        right=fails("malformed", "a"),
        why="Choices are a list: in a number nobody finds a text, and the answer has no end without it.",
        source=OPENAI,
    ),
    _mistyped(
        "an-output-that-is-a-number",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n{"outputs": [5]}\n{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "5", "c"),),
        why="An output is a text; ours says that this is none, and to show the number loses nothing either.",
        source=OUTPUTS,
    ),
    _mistyped(
        "outputs-that-are-a-text",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n{"outputs": "bc"}\n',
        right=said("a", "bc"),
        also=(fails("malformed", "a"),),
        why="Where the list around a text is missing, the text is there, all of it, and not its first letter; to refuse it aloud is as right.",
        source=OUTPUTS,
    ),
    _mistyped(
        "an-output-that-is-null",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n{"outputs": [null]}\n{"outputs": ["c"]}\n',
        right=said("a", "", "c"),
        also=(fails("malformed", "a"),),
        why="An output of null is no text, and surely not the word None.",
        source=OUTPUTS,
    ),
    _mistyped(
        "an-array-of-numbers",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n[12]\n{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "c"),),
        why="An array of numbers is JSON but no frame of an answer; ours says so, and to leave it out is as defensible.",
        source=LINES,
    ),
    _mistyped(
        "an-array-of-nothing",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n[]\n{"outputs": ["c"]}\n',
        right=fails("malformed", "a"),
        also=(said("a", "c"),),
        why="An empty array has no first item to be the answer; ours says so, and to leave it out is as defensible.",
        source=LINES,
    ),
    _mistyped(
        "a-number-at-the-end",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n12',
        right=fails("truncated", "a"),
        also=(said("a"),),
        why="Digits that no line end follows may be a number's beginning: ours says that the line is not whole, and to leave it out is as defensible.",
        source=LINES,
    ),
    _mistyped(
        "a-line-that-holds-no-answer",
        OUTPUTS_LINES,
        b'{"outputs": ["a"]}\n{"progress": 0.5}\n{"outputs": ["c"]}\n',
        right=said("a", "c"),
        also=(fails("malformed", "a"),),
        why="An object without a member that is known adds nothing to an answer, and is no end of one; to refuse it aloud is as right.",
        source=LINES,
    ),
    _mistyped(
        "a-body-that-is-a-text",
        BEDROCK_LINES,
        b'{"body": "x"}\n{"body": {"generation": " Foam", "prompt_token_count": 2, "generation_token_count": 1, "stop_reason": "length"}, '
        b'"metering": {"inputTokenCount": 2, "outputTokenCount": 1}, "content_type": "application/jsonlines"}\n',
        right=said(" Foam", finish=Finish("length", "length", 1, 2)),
        also=(fails("malformed"),),
        why="A body is an object with a generation: another one adds nothing to an answer; to refuse it aloud is as right.",
        source="djl-serving 0.29, djl_python/output_formatter.py: 3p_stream",
    ),
)
