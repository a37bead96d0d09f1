"""Answers that come whole, as one JSON document: on one line or printed over several, alone or in an array, in one part or in many."""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Reasoning, Token
from mock_server.contract.case import Outcome, fails, said
from mock_server.contract.cases.rows import JSON, By, row

TGI = By("document", JSON, "tgi-2.4")
LMI = By("document", JSON, "lmi-0.29")
BEDROCK = By("document", JSON, "lmi-0.29-bedrock")
NOBODY = By("document", JSON)

COMPATIBLE = "text-generation-inference v2.4.1, router/src/server.rs, compat_generate: an array with one answer"
BLANKS = "RFC 8259 section 2: blanks and line ends may stand around every value, brace and comma"
VLLM = "vLLM v0.11.0, vllm/entrypoints/openai/protocol.py: ChatCompletionResponse"
LLAMA_INDEX = ("https://github.com/run-llama/llama_index/issues/22221",)
PRINTED = ("https://github.com/strands-agents/harness-sdk/pull/4036",)

_document = partial(row, "documents")

CASES = (
    _document(
        "array-around-an-answer",
        TGI,
        b'[{"generated_text":"Deep sea"}]',
        right=said("Deep sea"),
        why="A whole answer comes in an array, and is what stands in it.",
        source=COMPATIBLE,
        bit=LLAMA_INDEX,
    ),
    _document(
        "array-in-parts",
        TGI,
        '[{"generated_text":"Größe, 深い, 🐋 und \\"mehr\\""}]'.encode(),
        right=said('Größe, 深い, 🐋 und "mehr"'),
        why="A document is cut like any other body.",
        source=COMPATIBLE,
        cut="bytes:5",
        bit=LLAMA_INDEX,
    ),
    _document(
        "array-with-details",
        TGI,
        b'[{"generated_text":"Deep sea","details":{"finish_reason":"length","generated_tokens":2,"seed":null,"prefill":[],"tokens":['
        b'{"id":1,"text":"Deep","logprob":-0.5,"special":false},{"id":2,"text":" sea","logprob":-0.25,"special":false}]}}]',
        right=said("Deep sea", finish=Finish("length", "length", 2)),
        why="The tokens of the details are the text once more.",
        source="text-generation-inference v2.4.1, router/src/lib.rs: Details",
    ),
    _document(
        "object-alone",
        NOBODY,
        b'{"generated_text":"No array"}',
        right=said("No array"),
        why="An answer may come without an array around it.",
        source="text-generation-inference v2.4.1, router/src/server.rs, generate",
    ),
    _document(
        "object-of-lmi",
        LMI,
        b'{"generated_text": " Whole"}',
        right=said(" Whole"),
        why="Since 0.29 the json formatter writes the answer at its end.",
        source="djl-serving 0.29, djl_python/output_formatter.py",
        in_pieces=True,
    ),
    _document(
        "object-of-lmi-with-details",
        LMI,
        b'{"generated_text": " Whole", "details": {"finish_reason": "length", "generated_tokens": 1, "inputs": "What is", '
        b'"tokens": [{"id": 304, "text": " Whole", "log_prob": -0.5}]}}',
        right=said(" Whole", finish=Finish("length", "length", 1)),
        why="The tokens of the details are the text once more.",
        source="djl-serving 0.29, djl_python/output_formatter.py",
        in_pieces=True,
    ),
    _document(
        "object-printed",
        NOBODY,
        b'{\n  "generated_text": "Printed\\nover lines"\n}\n',
        right=said("Printed\nover lines"),
        why="One document may have many lines, none of which is a document.",
        source=BLANKS,
        bit=PRINTED,
    ),
    _document(
        "object-printed-line-by-line",
        NOBODY,
        b"{\n",
        b'  "generated_text": "One line a part",\n',
        b'  "details": {\n',
        b'    "finish_reason": "length"\n',
        b"  }\n",
        b"}",
        right=said("One line a part", finish=Finish("length", "length")),
        why="A line of a printed document is no frame, not where it is a part of its own either.",
        source=BLANKS,
        bit=PRINTED,
    ),
    _document(
        "array-printed",
        NOBODY,
        b'[\r\n  {\r\n    "generated_text": "Carriage returns"\r\n  }\r\n]\r\n',
        right=said("Carriage returns"),
        why="The line ends of a printed document may be CRLF, and its outermost value an array.",
        source=BLANKS,
    ),
    _document(
        "blanks-around-a-document",
        NOBODY,
        b"\n\n  ",
        b'[ {"generated_text" : "Room"} ]',
        b" \r\n\n",
        right=said("Room"),
        why="Blanks before and behind a document, and inside of it, say nothing.",
        source=BLANKS,
    ),
    _document(
        "chat-whole",
        NOBODY,
        b'{"id":"chatcmpl-1","object":"chat.completion","created":1764023695,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
        b'"content":"Kelp forests.","refusal":null,"tool_calls":[]},"logprobs":null,"finish_reason":"length","stop_reason":null}],'
        b'"usage":{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3,"prompt_tokens_details":null}}',
        right=said("Kelp forests.", finish=Finish("length", "length", 3, 9)),
        why="A whole chat completion has a message in the place of deltas.",
        source=VLLM,
    ),
    _document(
        "chat-whole-with-a-thought",
        NOBODY,
        b'{"id":"chatcmpl-1","object":"chat.completion","created":1764023695,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
        b'"content":"Yes.","tool_calls":[],"reasoning_content":"Is it?"},"logprobs":null,"finish_reason":"length","stop_reason":null}],"usage":null}',
        right=Outcome((Reasoning("Is it?"), Token("Yes."), Finish("length", "length"))),
        why="What the model thought is no text of the answer.",
        source=VLLM,
        bit=("https://github.com/UKGovernmentBEIS/inspect_ai/pull/4180",),
    ),
    _document(
        "chat-whole-printed",
        NOBODY,
        b'{\n  "object": "chat.completion",\n  "choices": [\n    {\n      "index": 0,\n      "message": {\n        "role": "assistant",\n',
        b'        "content": "Printed."\n      },\n      "finish_reason": "length"\n    }\n  ]\n}\n',
        right=said("Printed.", finish=Finish("length", "length")),
        why="A brace on a line of its own inside a document neither begins nor ends one.",
        source=BLANKS,
        bit=PRINTED,
    ),
    _document(
        "completion-whole",
        NOBODY,
        b'{"id":"cmpl-1","object":"text_completion","created":1764023695,"model":"m","choices":[{"index":0,"text":" a reef","logprobs":null,'
        b'"finish_reason":"length","stop_reason":null}],"usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}',
        right=said(" a reef", finish=Finish("length", "length", 2, 3)),
        why="A whole completion of a bare prompt has `text`.",
        source="vLLM v0.11.0, vllm/entrypoints/openai/protocol.py: CompletionResponse",
    ),
    _document(
        "bedrock-whole",
        BEDROCK,
        b'{"body": {"generation": " Foam", "prompt_token_count": 2, "generation_token_count": 1, "stop_reason": "length"}, '
        b'"metering": {"inputTokenCount": 2, "outputTokenCount": 1}, "content_type": "application/json"}',
        right=said(" Foam", finish=Finish("length", "length", 1, 2)),
        why="The form that Bedrock takes has the answer in its body.",
        source="djl-serving 0.29, djl_python/output_formatter.py: 3p",
    ),
    _document(
        "error-printed",
        NOBODY,
        b'{\n  "code": 503,\n  "type": "WlmCapacityException",\n  "message": "Worker queue capacity exceeded for model: model"\n}\n',
        right=fails("interrupted", says="Worker queue capacity exceeded for model: model"),
        why="A document in an answer's place may be an error, printed over several lines.",
        source="djl-serving, NettyUtils.java, sendError, and WorkLoadManager.java",
    ),
    _document(
        "error-whole",
        By("document", JSON, "lmi-0.29"),
        b'{"generated_text": null, "error": "boom", "code": 400, "details": {"finish_reason": "error"}}',
        right=fails("interrupted", says="boom"),
        why="A text that is null beside an error is no empty answer.",
        source="djl-serving 0.29, djl_python/output_formatter.py",
    ),
    _document(
        "document-without-an-answer",
        NOBODY,
        b'{"predictions":[1,2]}\n',
        right=fails("truncated"),
        also=(fails("malformed"),),
        why="A document that holds no answer is none: to end as if it were an empty one hides that.",
        source="ours: no container answers so, and a model behind another interface does",
        bit=("https://github.com/UKGovernmentBEIS/inspect_ai/pull/4180",),
    ),
    _document(
        "error-in-bedrock-s-form",
        NOBODY,
        b'{"body": {"generation": null, "prompt_token_count": 0, "generation_token_count": 0, "stop_reason": "error"}, "metering": {}, '
        b'"content_type": "application/json", "error": {"error": {"error_code": 400, "error_msg": "the prompt is too long"}}}',
        right=fails("interrupted", says="the prompt is too long"),
        why="In Bedrock's form of a whole answer the error stands in an object of its own, one level deeper than in a stream.",
        source="djl-serving 0.29, djl_python/output_formatter.py: 3p",
    ),
)
