"""How a body ends: with or without a line end, with blank lines, with the whole text once more.

The bytes' end is an end where the answer's own end came: a `generated_text`, a `finish_reason`; `outputs` have none and end where the lines do.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.rows import (
    CHAT_EVENTS,
    JSON,
    LENGTH,
    LMI_0_23,
    LMI_0_28,
    LMI_ASYNC,
    LMI_COMPAT,
    OPENAI_CHUNK,
    OUTPUTS_LINES,
    TGI_0_9,
    TGI_2_4,
    TOKEN_EVENTS,
    TOKEN_LINES,
    By,
    row,
)

LAST_LINE = "jsonlines.org: the last character in the file may be a line separator, which is recommended and not required"
LAST_EVENT = "WHATWG HTML, 9.2.6: at the end, data that no blank line dispatched is discarded"
BLANKS = "RFC 8259, section 2: space, tab, LF and CR are blanks"
LMI_END = "djl-serving 0.35, djl_python/lmi_vllm/request_response_utils.py: vLLM's usage chunk and [DONE] are emptied, and their line ends stay"
TGI_END = "text-generation-inference, router/src/lib.rs: StreamResponse.generated_text, in the last event alone"
BIT_SPIN = (
    "https://github.com/aws/sagemaker-python-sdk/issues/6278",
    "https://github.com/langchain-ai/langchain/issues/16219",
    "https://github.com/langchain-ai/langchain-aws/issues/128",
)

ending = partial(row, "ending", source=LAST_LINE)

CASES = (
    ending(
        "no-line-end-behind-the-last-line",
        TOKEN_LINES,
        b'{"token": {"id": 1, "text": "Dune", "log_prob": -0.5}}\n',
        b'{"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Dunes"}',
        right=said(Token("Dune", 1, -0.5), Token("s", 2, -0.5)),
        why="A last line that is whole is a line, whether or not a line end follows; who waits for one waits for ever.",
        bit=BIT_SPIN,
    ),
    ending(
        "no-line-end-behind-the-last-outputs",
        OUTPUTS_LINES,
        b'{"outputs": [" sand"]}\n{"outp',
        b'uts": [" bank"]}',
        right=said(" sand", " bank"),
        why="The same where nothing in the lines tells the last one.",
        bit=BIT_SPIN,
    ),
    ending(
        "no-line-end-behind-a-document",
        By("document", JSON, "tgi-2.4"),
        b'[{"generated_text":"A sandbank."}]',
        right=said("A sandbank."),
        why="An answer that comes whole has no line end at all.",
        source="text-generation-inference 2.4, router/src/server.rs: compat_generate gives an array of one where no stream is asked for",
        bit=BIT_SPIN,
    ),
    ending(
        "no-blank-line-behind-the-last-event",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Dune", "log_prob": -0.5}}\n\n',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Dunes"}\n',
        right=said(Token("Dune", 1, -0.5), Token("s", 2, -0.5)),
        also=(fails("truncated", Token("Dune", 1, -0.5)),),
        why="The standard discards such an event, and then the answer lacks its end; ours reads it, as what is whole JSON was not cut off.",
        source=LAST_EVENT,
    ),
    ending(
        "no-line-end-behind-the-last-event",
        CHAT_EVENTS,
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"Surf"},"finish_reason":null}]}\n\n',
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"!"},"finish_reason":"length"}]}',
        right=said("Surf", "!", finish=LENGTH),
        also=(fails("truncated", "Surf"),),
        why="The same without any line end.",
        source=LAST_EVENT,
    ),
    ending(
        "no-line-end-behind-done",
        CHAT_EVENTS,
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"Wave"},"finish_reason":"length"}]}\n\n',
        b"data: [DONE]",
        right=said("Wave", finish=LENGTH),
        also=(fails("truncated", "Wave"),),
        why="Whether the last `[DONE]` is read or discarded, the answer had ended before; who discards it and asks for it is right as well.",
        source=LAST_EVENT,
    ),
    ending(
        "two-blank-lines-at-the-end",
        LMI_ASYNC,
        b'{"index": 0, "token": {"id": 1, "text": "Cliff", "logprob": -0.5}, "generated_text": null, "details": null}\n',
        b'{"index": 0, "token": {"id": 2, "text": "s", "logprob": -0.5}, "generated_text": "Cliffs", "details": null}\n',
        b"\n",
        b"\n",
        right=said(Token("Cliff", 1, -0.5), Token("s", 2, -0.5)),
        why="LMI's asynchronous handler ends with two blank lines, which are no documents.",
        source=LMI_END,
    ),
    ending(
        "blank-lines-between-lines",
        OUTPUTS_LINES,
        b'\n\n{"outputs": [" rock"]}\n\n\n{"outputs": [" pool"]}\n \n\t\n',
        right=said(" rock", " pool"),
        also=(fails("malformed"), fails("malformed", " rock")),
        why="A line of blanks holds no document; JSON Lines has none, yet LMI writes them, so ours reads over each.",
        source="jsonlines.org: each line is a JSON value; " + BLANKS,
    ),
    ending(
        "blank-lines-between-events",
        TOKEN_EVENTS,
        b'\n\n\ndata: {"token": {"id": 1, "text": "Dune", "log_prob": -0.5}}\n\n\n\n\n',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Dunes"}\n\n\n\n\n\n',
        right=said(Token("Dune", 1, -0.5), Token("s", 2, -0.5)),
        why="A blank line where no data came dispatches nothing.",
        source="WHATWG HTML, 9.2.6, steps to dispatch the event: without data, nothing is dispatched",
    ),
    ending(
        "blanks-and-nothing-else",
        TOKEN_LINES,
        b"\n\n",
        b"   \r\n",
        right=fails("truncated"),
        why="A body of blanks has no answer, not an empty one.",
        source=BLANKS,
    ),
    ending(
        "nothing-at-all",
        TOKEN_EVENTS,
        b"",
        right=fails("truncated"),
        why="A body without a byte has no answer, not an empty one.",
        source="botocore's model of sagemaker-runtime 2017-05-13: the stream says nothing about the answer but its bytes",
        bit=("https://github.com/UKGovernmentBEIS/inspect_ai/pull/4180",),
    ),
    ending(
        "the-last-event-repeats-the-text",
        TGI_2_4,
        b'data: {"index":1,"token":{"id":1,"text":"Dune","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n',
        b'data: {"index":2,"token":{"id":2,"text":" grass","logprob":-0.5,"special":false},"generated_text":"Dune grass",',
        b'"details":{"finish_reason":"length","generated_tokens":2,"seed":null,"input_length":1}}\n\n',
        right=said(Token("Dune", 1, -0.5), Token(" grass", 2, -0.5), finish=Finish("length", "length", 2, 1)),
        why="The last event's `generated_text` is the whole text once more, besides its token: it counts once.",
        source=TGI_END,
    ),
    ending(
        "the-last-event-repeats-the-prompt",
        LMI_COMPAT,
        b'data: {"token": {"id": 1, "text": "Lagoon", "logprob": -0.5}, "generated_text": "Lagoon", '
        b'"details": {"finish_reason": "length", "generated_tokens": 1, "inputs": "x"}}\n\n',
        right=said(Token("Lagoon", 1, -0.5), finish=Finish("length", "length", 1)),
        why="The details' `inputs` is the prompt, no text of the answer.",
        source="djl-serving 0.36, djl_python/output_formatter.py: tgi_compat gives the details, with the prompt among them",
    ),
    ending(
        "the-last-line-repeats-the-text",
        LMI_0_28,
        b'{"token": {"id": 1, "text": "Beach", "log_prob": -0.5}}\n',
        b'{"token": {"id": 2, "text": "", "log_prob": -0.5}, "generated_text": "Beach"}\n',
        right=said(Token("Beach", 1, -0.5), Token("", 2, -0.5)),
        why="A last token without text does not make the whole text its text.",
        source="djl-serving 0.28, djl_python/output_formatter.py: generated_text stands beside the last token",
    ),
    ending(
        "an-answer-of-one-token-repeats-it",
        TGI_0_9,
        b'data:{"token":{"id":1,"text":"Yes","logprob":-0.5,"special":false},"generated_text":"Yes","details":null}\n\n',
        right=said(Token("Yes", 1, -0.5)),
        why="Of a single event both the token and the whole text are the answer, once.",
        source=TGI_END,
    ),
    ending(
        "text-that-ends-in-blanks",
        LMI_0_23,
        b'{"outputs": [" shore "]}\n{"outputs": ["\\n\\n"]}\n{"outputs": ["  "]}\n',
        right=said(" shore ", "\n\n", "  "),
        why="Blanks at the text's end are text: nothing is trimmed.",
        source="djl-serving 0.23, djl_python/rolling_batch/rolling_batch.py: a token's text is written as the tokenizer gives it",
    ),
    ending(
        "a-comment-behind-an-event-that-no-blank-line-ends",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Dune", "log_prob": -0.5}}\n\n',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Dunes"}\n: bye',
        right=said(Token("Dune", 1, -0.5), Token("s", 2, -0.5)),
        also=(fails("truncated", Token("Dune", 1, -0.5)),),
        why="A comment is no blank line: the standard discards the event before it; ours reads it, and nothing of the comment.",
        source=LAST_EVENT,
    ),
)
