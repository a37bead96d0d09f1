"""Tokens without text of their own, or whose text is no part of the answer, and members that some versions leave out.

A token that the container marks is no text for a person, and goes by; the answer ends where the container says so, not at a mark.
"""

from __future__ import annotations

from functools import partial

from backends.events import Alternative, Finish, Token
from mock_server.contract.case import said
from mock_server.contract.cases.answers import tgi
from mock_server.contract.cases.chat_rows import openai_chat
from mock_server.contract.cases.rows import (
    CHAT_EVENTS,
    JSON_LINES,
    LMI_0_28,
    LMI_ASYNC,
    SSE,
    TGI_0_9,
    TGI_2_4,
    TOKEN_EVENTS,
    TOKEN_LINES,
    VLLM,
    VLLM_CHUNK,
    By,
    row,
)

LMI_0_26 = By("token-lines", JSON_LINES, "lmi-0.26")
LMI_0_27 = By("token-lines", JSON_LINES, "lmi-0.27")
LMI_TGI_COMPAT = By("token-sse", SSE, "lmi-0.28-tgi-compat")

TGI_SPECIAL = "text-generation-inference v2.4.1, router/src/lib.rs and server.rs: special tokens are marked, and are not in generated_text"
TGI_PARTS = "text-generation-inference v2.4.1, server/text_generation_server/models/model.py, decode_token: no text while it ends in U+FFFD"
LMI_AS_DICT = "djl-serving 0.28, djl_python/request_io.py, Token.as_dict: id, text and log_prob are written as the engine gives them"
LMI_FALSY = "djl-serving 0.26, djl_python/rolling_batch/rolling_batch.py: members that are false in Python are left out"
HIDE_SPECIAL = ("https://github.com/langchain-ai/langchain/pull/11999",)

_special = partial(row, "special")

CASES = (
    _special(
        "special-end-mark",
        TGI_2_4,
        tgi(b" Ebb", b"x")[0],
        b'data: {"index":2,"token":{"id":2,"text":"</s>","logprob":-0.25,"special":true},"generated_text":" Ebb",'
        b'"details":{"finish_reason":"eos_token","generated_tokens":2,"seed":null,"input_length":3}}\n\n',
        right=said(Token(" Ebb", 1, -0.5), Token("</s>", 2, -0.25, special=True), finish=Finish("stop", "eos_token", 2, 3)),
        why="The end mark has a text, which is marked as no part of the answer.",
        source=TGI_SPECIAL,
        bit=HIDE_SPECIAL,
    ),
    _special(
        "special-end-mark-of-another-name",
        TGI_0_9,
        b'data:{"token":{"id":1,"text":"Flow","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n',
        b'data:{"token":{"id":128009,"text":"<|eot_id|>","logprob":-0.25,"special":true},"generated_text":"Flow","details":null}\n\n',
        right=said(Token("Flow", 1, -0.5), Token("<|eot_id|>", 128009, -0.25, special=True)),
        why="Models have end marks of many names: the member `special` tells, not the text.",
        source="text-generation-inference v0.9.4, router/src/lib.rs: Token.special",
    ),
    _special(
        "special-end-mark-in-lines",
        LMI_0_28,
        b'{"token": {"id": 1, "text": " Tide", "log_prob": -0.5}}\n',
        b'{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Tide</s>"}\n',
        right=said(Token(" Tide", 1, -0.5), Token("</s>", 2, -1.5, special=True)),
        also=(said(" Tide", "</s>"),),
        why="LMI's member is `special_token`; ours goes by it, and as LMI's own generated_text has the mark, to show it is as defensible.",
        source=LMI_AS_DICT,
    ),
    _special(
        "special-end-mark-in-tgi-s-words",
        LMI_TGI_COMPAT,
        b'data: {"token": {"id": 1, "text": " Surf", "logprob": -0.5}}\n\n',
        b'data: {"token": {"id": 2, "text": "</s>", "logprob": -1.5, "special": true}, "generated_text": " Surf</s>", '
        b'"details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is"}}\n\n',
        right=said(Token(" Surf", 1, -0.5), Token("</s>", 2, -1.5, special=True), finish=Finish("stop", "eos_token", 2)),
        also=(said(" Surf", "</s>"),),
        why="A token without `special` is text; ours leaves out the one that has it, and as LMI's own generated_text has it, to show it is as defensible.",
        source="djl-serving 0.28, djl_python/request_io.py, Token.as_tgi_dict",
    ),
    _special(
        "special-at-the-beginning",
        TGI_2_4,
        b'data: {"index":1,"token":{"id":1,"text":"<s>","logprob":-0.5,"special":true},"generated_text":null,"details":null}\n\n',
        *tgi(b"x", b"Reef", b" fish")[1:],
        right=said(Token("<s>", 1, -0.5, special=True), Token("Reef", 2, -0.5), Token(" fish", 3, -0.5)),
        why="A special token says nothing about an end.",
        source=TGI_SPECIAL,
    ),
    _special(
        "special-in-the-middle",
        TGI_2_4,
        b'data: {"index":1,"token":{"id":9,"text":"Warm","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n',
        b'data: {"index":2,"token":{"id":2,"text":"</s>","logprob":-2.5,"special":true},"generated_text":null,"details":null}\n\n',
        b'data: {"index":3,"token":{"id":8,"text":" gulf","logprob":-0.5,"special":false},"generated_text":"Warm gulf","details":null}\n\n',
        right=said(Token("Warm", 9, -0.5), Token("</s>", 2, -2.5, special=True), Token(" gulf", 8, -0.5)),
        why="An end mark that is not the last token ends nothing, as where the request ignores them: the answer ends with `generated_text`.",
        source=f"{TGI_SPECIAL}; `ignore_eos_token`",
    ),
    _special(
        "empty-text-of-half-a-character",
        TGI_2_4,
        *tgi(b"", b"", "🐋".encode(), b" song"),
        right=said(Token("", 1, -0.5), Token("", 2, -0.5), Token("🐋", 3, -0.5), Token(" song", 4, -0.5)),
        why="A token that has a part of a character has no text yet, which is no end.",
        source=TGI_PARTS,
    ),
    _special(
        "empty-content-in-a-chunk",
        VLLM,
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null}\n\n',
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":null,"token_ids":null}]}\n\n',
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"content":"Foam"},"logprobs":null,"finish_reason":null,"token_ids":null}]}\n\n',
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}]}\n\n',
        b"data: [DONE]\n\n",
        right=said("Foam", finish=Finish("length", "length")),
        why="A delta without text is no end.",
        source="vLLM v0.11.0, vllm/entrypoints/openai/serving_chat.py",
    ),
    _special(
        "empty-text-at-the-end",
        LMI_ASYNC,
        b'{"index": 0, "token": {"id": 7, "text": " Kelp", "logprob": -0.5}, "generated_text": null, "details": null}\n',
        b'{"index": 0, "token": {"id": 8, "text": "", "logprob": -0.5}, "generated_text": " Kelp", "details": null}\n\n\n',
        right=said(Token(" Kelp", 7, -0.5), Token("", 8, -0.5)),
        why="A last token without text still carries the answer's end.",
        source="djl-serving 0.35, djl_python/lmi_vllm/request_response_utils.py",
    ),
    _special(
        "text-that-is-null",
        LMI_0_28,
        b'{"token": {"id": 1, "text": null, "log_prob": null}}\n',
        b'{"token": {"id": 2, "text": " Crab", "log_prob": -0.5}, "generated_text": " Crab"}\n',
        right=said(Token("", 1), Token(" Crab", 2, -0.5)),
        why="A text that is null is none, neither the word None nor a reason to stop.",
        source=LMI_AS_DICT,
    ),
    _special(
        "content-that-is-null",
        CHAT_EVENTS,
        openai_chat(b'{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":null},"logprobs":null,"finish_reason":null}'),
        openai_chat(b'{"index":0,"delta":{"role":null,"content":"Eel","tool_calls":null},"logprobs":null,"finish_reason":null}'),
        openai_chat(b'{"index":0,"delta":{"role":null,"content":null,"tool_calls":null},"logprobs":null,"finish_reason":"length"}'),
        b"data: [DONE]\n\n",
        right=said("Eel", finish=Finish("length", "length")),
        why="Members that are null say nothing.",
        source="OpenAI's API reference, chat completion chunks: `content` of a delta may be null, as SGLang writes it",
    ),
    _special(
        "token-without-members",
        LMI_0_26,
        b'{"token": {"id": 304, "text": " Salt", "log_prob": -0.5}}\n',
        b'{"token": {}}\n',
        b'{"token": {"id": 5, "text": " lake", "log_prob": -0.25}, "generated_text": " Salt lake", "details": {"finish_reason": "length"}}\n',
        right=said(Token(" Salt", 304, -0.5), Token(""), Token(" lake", 5, -0.25), finish=Finish("length", "length")),
        why="A token may have no member at all, where each would be false.",
        source=LMI_FALSY,
    ),
    _special(
        "token-without-text",
        LMI_0_26,
        b'{"token": {"id": 244, "log_prob": -0.5}}\n',
        '{"token": {"id": 222, "text": "🐙", "log_prob": -0.25}, "generated_text": "🐙", "details": {"finish_reason": "length"}}\n'.encode(),
        right=said(Token("", 244, -0.5), Token("🐙", 222, -0.25), finish=Finish("length", "length")),
        why="A text that is empty is left out.",
        source=LMI_FALSY,
    ),
    _special(
        "token-without-log-probability",
        LMI_0_26,
        b'{"token": {"id": 11, "text": "Sand"}}\n',
        b'{"token": {"id": 12, "text": "bar"}, "generated_text": "Sandbar", "details": {"finish_reason": "length"}}\n',
        right=said(Token("Sand", 11), Token("bar", 12), finish=Finish("length", "length")),
        why="A log probability of 0 is left out.",
        source=LMI_FALSY,
    ),
    _special(
        "token-without-id",
        TOKEN_LINES,
        b'{"token": {"text": "Wave"}}\n{"token": {"text": "s"}, "generated_text": "Waves"}\n',
        right=said("Wave", "s"),
        why="The text is what an answer cannot do without.",
        source=LMI_FALSY,
    ),
    _special(
        "ids-that-are-lists",
        LMI_0_27,
        b'{"token": {"id": [304], "text": " Low", "log_prob": -0.5}}\n',
        b'{"token": {"id": [5], "text": " tide", "log_prob": -0.25}, "generated_text": " Low tide", '
        b'"details": {"finish_reason": "length", "generated_tokens": 2, "inputs": "What is"}}\n',
        right=said(Token(" Low", 304, -0.5), Token(" tide", 5, -0.25), finish=Finish("length", "length", 2)),
        why="An id that is a list of one number is that number.",
        source="djl-serving 0.27, djl_python/rolling_batch/rolling_batch.py",
    ),
    _special(
        "special-that-is-false-in-events",
        TOKEN_EVENTS,
        b'data: {"token": {"id": 1, "text": "Dune", "log_prob": -0.5, "special_token": false}}\n\n',
        b'data: {"token": {"id": 2, "text": "s", "log_prob": -0.5}, "generated_text": "Dunes"}\n\n',
        right=said(Token("Dune", 1, -0.5), Token("s", 2, -0.5)),
        why="A mark that is false, or is not there, marks nothing.",
        source=LMI_AS_DICT,
    ),
    _special(
        "id-that-is-an-empty-list",
        TOKEN_LINES,
        b'{"token": {"id": [], "text": "Low"}}\n{"token": {"id": [5], "text": " tide"}, "generated_text": "Low tide"}\n',
        right=said("Low", Token(" tide", 5)),
        why="A list of no id has no first one, and the text beside it is whole.",
        source="djl-serving 0.27, djl_python/rolling_batch/rolling_batch.py: an id is a list, of whatever length",
    ),
    _special(
        "alternatives-beside-a-token",
        TOKEN_EVENTS,
        'data:{"index":1,"token":{"id":244,"text":"","logprob":-0.5,"special":false},"top_tokens":[{"id":244,"text":"\ufffd","logprob":-0.5,"special":false},'
        '{"id":9,"text":" a","logprob":-1.5,"special":false}],"generated_text":null,"details":null}\n\n'.encode(),
        'data:{"index":2,"token":{"id":222,"text":"🦭","logprob":-0.5,"special":false},"generated_text":"🦭","details":null}\n\n'.encode(),
        right=said(Token("", 244, -0.5, alternatives=(Alternative("\ufffd", 244, -0.5), Alternative(" a", 9, -1.5))), Token("🦭", 222, -0.5)),
        why="What else the model could have said has texts too, none of which is the answer's.",
        source="text-generation-inference v1.4.5, router/src/lib.rs: StreamResponse.top_tokens",
    ),
)
