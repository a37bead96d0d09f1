"""Bodies that stop in ways that are a container's own: inside a string, a printed document, a chat's first chunk, an error; and bodies with no answer in them.

What counts is said in `truncation`.
"""

from __future__ import annotations

from functools import partial

from backends.events import Token
from mock_server.contract.case import Case, fails, said
from mock_server.contract.cases.chat_rows import JSON, JSON_LINES, LMI, SSE, SSE_UTF8, VLLM, lmi_chat, vllm_chat
from mock_server.contract.cases.chunks import LENGTH, OPENING
from mock_server.contract.cases.lmi_errors import NO_LINE_END
from mock_server.contract.cases.rows import By, in_pieces
from mock_server.contract.cases.truncation import SOURCE

_stops = partial(Case, family="truncation", format="token-lines", content_type=JSON_LINES, source=SOURCE)
_events = partial(_stops, format="token-sse", content_type=SSE)

CASES = (
    in_pieces(
        "truncation",
        "fragments-stop-inside-the-string",
        By("fragments", JSON, "lmi-0.27-json"),
        b'{"generated_text": "Three',
        b" frogs",
        right=fails("truncated", "Three", " frogs"),
        why="The document's string has no end: the text that came is delivered, and what closes it is missing.",
        source=SOURCE,
        bit=NO_LINE_END,
    ),
    in_pieces(
        "truncation",
        "fragments-stop-inside-an-escape",
        By("fragments", JSON, "lmi-0.23-json"),
        b'{"generated_text": "Four',
        b" caf\\u00",
        right=fails("truncated", "Four", " caf"),
        why="Half an escape is no text.",
        source=SOURCE,
        bit=NO_LINE_END,
    ),
    _stops(
        name="bedrock-stops-between-lines",
        format="bedrock-lines",
        container="lmi-0.29-bedrock",
        writes=(
            (
                b'{"body": {"generation": " Five", "prompt_token_count": 0, "generation_token_count": 1, "stop_reason": null}, '
                b'"metering": {"outputTokenCount": 1, "inputTokenCount": 0}, "content_type": "application/jsonlines"}\n'
            ),
        ),
        right=fails("truncated", " Five"),
        why="In Bedrock's form the last line has a stop reason: none came.",
        source="djl-serving 0.29.0-dlc, djl_python/output_formatter.py",
    ),
    _stops(
        name="chat-lines-stop-between-lines",
        format="chat-lines",
        container="lmi-0.32",
        writes=(lmi_chat(b'{"index": 0, "delta": {"content": "Six", "role": "assistant"}, "logprobs": null, "finish_reason": null}') + b"\n",),
        right=fails("truncated", "Six"),
        why="Without a finish reason a chat has not ended, though nothing of its framing is missing.",
        source=LMI,
    ),
    _stops(
        name="chat-stops-before-its-end-mark",
        format="chat-sse",
        container="vllm-0.11.0",
        content_type=SSE_UTF8,
        writes=(
            OPENING,
            vllm_chat(b'{"index":0,"delta":{"content":"Seven"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}'),
        ),
        right=said("Seven", finish=LENGTH),
        also=(fails("truncated", "Seven"),),
        why="A finish reason ends the answer: that `[DONE]` is missing costs nothing, and who asks for it is right as well.",
        source=VLLM,
    ),
    _stops(
        name="completion-stops-with-an-empty-reason",
        format="completion-sse",
        container="tgi-3.3",
        content_type=SSE,
        writes=(
            (
                b'data: {"object":"text_completion","id":"","created":1764023695,"choices":[{"index":0,"text":"Nine","logprobs":null,"finish_reason":""}],'
                b'"model":"/opt/ml/model","system_fingerprint":"3.3.6-native"}\n\n'
            ),
        ),
        right=fails("truncated", "Nine"),
        why="TGI's completions have an empty finish reason until the last chunk: it ends nothing.",
        source="text-generation-inference v3.3.6, router/src/server.rs: the chunks of `completions`",
    ),
    _stops(
        name="error-stops",
        container="lmi-0.36",
        writes=(b'{"token": {"id": 304, "text": " Ten", "log_prob": -0.05}}\n', b'{"error":"exception occurred dur'),
        right=fails("truncated", Token(" Ten", 304, -0.05)),
        why="Half an error is half a frame: it is told as what it is, and not taken for an end.",
        bit=NO_LINE_END,
    ),
    _stops(
        name="printed-document-stops",
        format="document",
        content_type=JSON,
        writes=(b'{\n  "generated_text": "Eleven"\n',),
        right=fails("truncated"),
        why="A printed document without its last brace is none, whatever its lines look like.",
        source="RFC 8259, section 4: an object ends with a brace",
    ),
    _events(
        name="field-name-alone",
        container="tgi-2.4",
        writes=(b'data: {"index":1,"token":{"id":304,"text":" Twelve","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n', b"da"),
        right=fails("truncated", Token(" Twelve", 304, -0.05)),
        why="Two letters of a field's name are left: an event had begun.",
        bit=NO_LINE_END,
    ),
    _events(
        name="event-stops-between-its-data-lines",
        writes=(b'data: {"token": {"text": "Thirteen"}}\n\n', b'data: {"token":\n'),
        right=fails("truncated", "Thirteen"),
        why="A data line is whole, and the event is not: its JSON would have gone on in the next.",
        source="WHATWG HTML 9.2.6: the data lines of an event are joined",
    ),
    _stops(
        name="blank-lines-alone",
        container="lmi-0.35-async-vllm",
        writes=(b"\n", b"\n"),
        right=fails("truncated"),
        why="Blank lines end an answer that came, and are none.",
    ),
    _stops(
        name="byte-order-mark-alone",
        content_type=None,
        writes=(b"\xef\xbb\xbf",),
        right=fails("truncated"),
        why="A mark says how what follows is written: nothing followed.",
        source="RFC 8259, section 8.1, and WHATWG HTML 9.2.6, which both leave it out",
    ),
    _stops(
        name="no-frame-that-holds-an-answer",
        writes=(b'{"predictions": [1, 2]}\n',),
        right=fails("truncated"),
        also=(fails("malformed"),),
        why="A frame of no kind that containers write holds no answer: to end with an empty one would hide that.",
        source="the members that djl-serving, text-generation-inference, vLLM and SGLang write",
    ),
)
