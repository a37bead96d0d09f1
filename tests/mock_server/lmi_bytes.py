"""What each LMI writes for the same few tokens, as literal bytes, and the events that are in them.

The lines are those that djl-serving's own formatters gave, at the branch of each version, when they were run on such tokens; what Java writes around them is
read from its source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from backends.events import Alternative, Finish, Reasoning, StreamEvent, Token, ToolCall
from mock_server.script import ScriptToken

DEEP = ScriptToken(" Deep", 304, -0.05)
END = ScriptToken("</s>", 2, -1.5, special=True)
PART = ScriptToken("", 0, 0.0)
JAPANESE = ScriptToken(' 日本😀"\n', 11157, -1.25)
ACCENT = ScriptToken(' é\n"😀', 7, -1.25)

JSON_LINES = "application/jsonlines"
JSON = "application/json"
SSE = "text/event-stream"

WHAT_IS = {"inputs": "What is"}
STREAM = {**WHAT_IS, "stream": True}
DETAILS = {**WHAT_IS, "parameters": {"details": True}}
STREAM_DETAILS = {**DETAILS, "stream": True}
CHAT = {"messages": [{"role": "user", "content": "What is"}], "stream": True}
LOGPROBS = {**CHAT, "logprobs": True, "top_logprobs": 1}
TOOLS = {**CHAT, "tools": [{"type": "function", "function": {"name": "clock"}}]}
WHOLE_CHAT = {"messages": CHAT["messages"]}


@dataclass(frozen=True)
class Answer:
    """One answer of one container."""

    container: str
    body: dict[str, Any]
    tokens: tuple[ScriptToken, ...]
    content_type: str
    writes: tuple[str, ...]
    events: tuple[StreamEvent, ...]
    finish_reason: str = "eos_token"
    seed: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    is_chunked: bool = True

    def __str__(self) -> str:
        return f"{self.container} {json.dumps(self.body)} {len(self.tokens)}"


SPOKEN = (DEEP, END)
OUTPUTS = (Token(" Deep"), Token("</s>"), Finish())
SHORT = (Token(" Deep", 304, -0.05), Token("</s>", 2, -1.5, special=True))
EOS = Finish("stop", "eos_token")
STREAMED = {"x-amzn-sagemaker-forwarded-api": "InvokeEndpointWithResponseStream"}

THINKING = (
    ScriptToken("<think>\n", 20, -0.1, role="mark"),
    ScriptToken("Hm", 21, -0.1, role="reasoning"),
    ScriptToken("\n</think>\n\n", 22, -0.1, role="mark"),
    DEEP,
    END,
)
CALLING = (
    ScriptToken('<tool_call>\n{"name": "clock", "arguments": ', 30, -0.1, role="call", name="clock"),
    ScriptToken('{"zone":', 31, -0.1, role="arguments"),
    ScriptToken(' "UTC"}', 32, -0.1, role="arguments"),
    ScriptToken("}\n</tool_call>", 33, -0.1, role="mark"),
    END,
)

CHUNK = '{"id": "chatcmpl-139740079303760", "object": "chat.completion.chunk", "created": 1795171127, "choices": [{"index": 0, "delta": '

ANSWERS = (
    # {"outputs": [..]}
    Answer("lmi-0.23", WHAT_IS, (ScriptToken(" a", 5, -0.1), ACCENT), JSON_LINES,
        ('{"outputs": [" a"]}\n', '{"outputs": [" \\u00e9\\n\\"\\ud83d\\ude00"]}\n'),
        (Token(" a"), Token(' é\n"😀'), Finish())),
    Answer("lmi-0.24", WHAT_IS, (ScriptToken(" a", 5, -0.1), ACCENT), JSON_LINES,
        ('{"outputs": [" a"]}\n', '{"outputs": [" é\\n\\"😀"]}\n'),
        (Token(" a"), Token(' é\n"😀'), Finish())),
    Answer("lmi-0.25", WHAT_IS, (DEEP, *(ScriptToken(letter, 5, -0.1) for letter in "abcdef"), END), JSON_LINES,
        ('{"outputs": [" Deep"]}\n',
         '{"outputs": ["a"]}\n{"outputs": ["b"]}\n{"outputs": ["c"]}\n{"outputs": ["d"]}\n',
         '{"outputs": ["e"]}\n{"outputs": ["f"]}\n{"outputs": ["</s>"]}\n'),
        (Token(" Deep"), *map(Token, "abcdef"), Token("</s>"), Finish())),
    # fragments of one document
    Answer("lmi-0.23-json", WHAT_IS, (DEEP, ACCENT, END), JSON,
        ('{"generated_text": " Deep', ' \\u00e9\\n\\"\\ud83d\\ude00', '</s>"}'),
        (Token(" Deep"), Token(' é\n"😀'), Token("</s>"), Finish())),
    Answer("lmi-0.24-json", WHAT_IS, SPOKEN, JSON, ('{"generated_text": " Deep', '</s>"}'), OUTPUTS),
    Answer("lmi-0.24-json", STREAM, (END,), JSON, ('{"generated_text": "</s>"}',), (Token("</s>"), Finish())),
    Answer("lmi-0.25-json", WHAT_IS, (DEEP, ACCENT, END), JSON,
        ('{"generated_text": " Deep', ' é\\n\\"😀</s>"}'),
        (Token(" Deep"), Token(' é\n"😀</s>'), Finish())),
    Answer("lmi-0.26-json", DETAILS, SPOKEN, JSON,
        ('{"generated_text": " Deep',
         ('</s>", "details": {"finish_reason": "eos_token", "tokens": [{"id": 304, "text": " Deep", "log_prob": -0.05}, '
         '{"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}]}}')),
        (Token(" Deep"), Token("</s>"), EOS)),
    Answer("lmi-0.27-json", STREAM, SPOKEN, JSON, ('{"generated_text": " Deep', '</s>"}'), OUTPUTS),
    Answer("lmi-0.27", DETAILS, SPOKEN, JSON,
        ('{"generated_text": " Deep',
         ('</s>", "details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is", "tokens": [{"id": [304], "text": " Deep", '
         '"log_prob": -0.05}, {"id": [2], "text": "</s>", "log_prob": -1.5, "special_token": true}]}}')),
        (Token(" Deep"), Token("</s>"), Finish("stop", "eos_token", 2))),
    Answer("lmi-0.27", {"inputs": 'x"y', "parameters": {"return_full_text": True}}, SPOKEN, JSON,
        ('{"generated_text": "x"y Deep', '</s>"}'), ()),
    Answer("lmi-0.28-tgi-compat", WHAT_IS, SPOKEN, JSON,
        ('[{"generated_text": " Deep',
         ('</s>", "details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is", "tokens": [{"id": 304, "text": " Deep", '
         '"logprob": -0.05}, {"id": 2, "text": "</s>", "logprob": -1.5, "special": true}]}}]')),
        (Token(" Deep"), Token("</s>"), Finish("stop", "eos_token", 2))),
    # {"token": {..}}
    Answer("lmi-0.26", DETAILS, (DEEP, PART, END), JSON_LINES,
        ('{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n',
         ('{"token": {}}\n{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep</s>", '
         '"details": {"finish_reason": "eos_token"}}\n')),
        (SHORT[0], Token(""), SHORT[1], EOS)),
    Answer("lmi-0.26", {**WHAT_IS, "parameters": {"return_full_text": True}}, SPOKEN, JSON_LINES,
        ('{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n',
         '{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep</s>"}\n'),
        (*SHORT, Finish())),
    Answer("lmi-0.27", STREAM_DETAILS, SPOKEN, JSON_LINES,
        ('{"token": {"id": [304], "text": " Deep", "log_prob": -0.05}}\n',
         ('{"token": {"id": [2], "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep</s>", '
         '"details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is"}}\n')),
        (*SHORT, Finish("stop", "eos_token", 2))),
    Answer("lmi-0.28", STREAM, (DEEP, JAPANESE, END), JSON_LINES,
        ('{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n',
         '{"token": {"id": 11157, "text": " 日本😀\\"\\n", "log_prob": -1.25}}\n',
         '{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep 日本😀\\"\\n</s>"}\n'),
        (SHORT[0], Token(' 日本😀"\n', 11157, -1.25), SHORT[1], Finish())),
    Answer("lmi-0.36", STREAM_DETAILS, (DEEP, PART, END), JSON_LINES,
        ('{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n',
         '{"token": {"id": 0, "text": "", "log_prob": 0.0}}\n',
         ('{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep</s>", '
         '"details": {"finish_reason": "eos_token", "generated_tokens": 3, "inputs": "What is"}}\n')),
        (SHORT[0], Token("", 0, 0.0), SHORT[1], Finish("stop", "eos_token", 3))),
    Answer("lmi-0.31", {**STREAM, "parameters": {"return_full_text": True}}, SPOKEN, JSON_LINES,
        ('{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n',
         '{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": "What is Deep</s>"}\n'),
        (*SHORT, Finish())),
    # server-sent events
    Answer("lmi-0.28-sse", WHAT_IS, SPOKEN, SSE,
        ('data: {"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n\n',
         'data: {"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep</s>"}\n\n'),
        (*SHORT, Finish())),
    Answer("lmi-0.28-tgi-compat", STREAM, SPOKEN, SSE,
        ('data: {"token": {"id": 304, "text": " Deep", "logprob": -0.05}}\n\n',
         ('data: {"token": {"id": 2, "text": "</s>", "logprob": -1.5, "special": true}, "generated_text": " Deep</s>", '
         '"details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is"}}\n\n')),
        (*SHORT, Finish("stop", "eos_token", 2))),
    # Bedrock's
    Answer("lmi-0.29-bedrock", {"prompt": ""}, (DEEP, PART, END), JSON_LINES,
        (('{"body": {"generation": " Deep", "prompt_token_count": 0, "generation_token_count": 1, "stop_reason": null}, '
         '"metering": {"outputTokenCount": 1, "inputTokenCount": 0}, "content_type": "application/jsonlines"}\n'),
         ('{"body": {"generation": "", "prompt_token_count": null, "generation_token_count": 2, "stop_reason": null}, '
         '"metering": {"outputTokenCount": 2}, "content_type": "application/jsonlines"}\n'),
         ('{"body": {"generation": "</s>", "prompt_token_count": null, "generation_token_count": 3, "stop_reason": "eos_token"}, '
         '"metering": {"outputTokenCount": 3}, "content_type": "application/jsonlines"}\n')),
        (Token(" Deep"), Token(""), Token("</s>"), Finish("stop", "eos_token", 3, 0)), headers=STREAMED),
    Answer("lmi-0.29-bedrock", {"prompt": "What is"}, SPOKEN, JSON,
        (('{"body": {"generation": "What is Deep</s>", "prompt_token_count": 2, "generation_token_count": 2, "stop_reason": "eos_token"}, '
         '"metering": {"inputTokenCount": 2, "outputTokenCount": 2}, "content_type": "application/json"}'),),
        (Token("What is Deep</s>"), Finish("stop", "eos_token", 2, 2))),
    # whole answers
    Answer("lmi-0.29", WHAT_IS, SPOKEN, JSON, ('{"generated_text": " Deep</s>"}',), (Token(" Deep</s>"), Finish())),
    Answer("lmi-0.31", DETAILS, SPOKEN, JSON,
        (('{"generated_text": " Deep</s>", "details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is", '
         '"tokens": [{"id": 304, "text": " Deep", "log_prob": -0.05}, {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}]}}'),),
        (Token(" Deep</s>"), Finish("stop", "eos_token", 2)), is_chunked=False),
    Answer("lmi-0.36-tgi-compat", {**WHAT_IS, "parameters": {"details": False}}, SPOKEN, JSON,
        ('[{"generated_text": " Deep</s>"}]',), (Token(" Deep</s>"), Finish()), is_chunked=False),
    # chats
    Answer("lmi-0.27", CHAT, SPOKEN, JSON_LINES,
        (('{"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1795171134, "choices": [{"index": 0, "delta": '
         '{"content": " Deep", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n'),
         ('{"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1795171134, "choices": [{"index": 0, "delta": '
         '{"content": "</s>"}, "logprobs": null, "finish_reason": "eos_token"}]}\n')),
        (Token(" Deep"), Token("</s>"), EOS), seed=7),
    Answer("lmi-0.28", WHOLE_CHAT, SPOKEN, JSON,
        (('{"id": "chatcmpl-<built-in function id>", "object": "chat.completion", "created": 1795171127, "choices": [{"index": 0, "message": '
         '{"role": "assistant", "content": " Deep'),
         '</s>"}, "logprobs": null, "finish_reason": "eos_token"}], "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}}'),
        (Token(" Deep</s>"), Finish("stop", "eos_token", 2, 2))),
    Answer("lmi-0.29", CHAT, SPOKEN, JSON_LINES,
        (CHUNK + '{"content": " Deep", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n',
         CHUNK + '{"content": "</s>"}, "logprobs": null, "finish_reason": "eos_token"}]}\n'),
        (Token(" Deep"), Token("</s>"), EOS)),
    Answer("lmi-0.31", WHOLE_CHAT, SPOKEN, JSON,
        (('{"id": "chatcmpl-139740079303760", "object": "chat.completion", "created": 1795171127, "choices": [{"index": 0, "message": '
         '{"role": "assistant", "content": " Deep</s>"}, "logprobs": null, "finish_reason": "eos_token"}], '
         '"usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}}'),),
        (Token(" Deep</s>"), Finish("stop", "eos_token", 2, 2)), is_chunked=False),
    Answer("lmi-0.36", CHAT, SPOKEN, SSE,
        ("data: " + CHUNK + '{"content": " Deep", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n\n',
         "data: " + CHUNK + '{"content": "</s>"}, "logprobs": null, "finish_reason": "eos_token"}]}\n\ndata: [DONE]\n\n'),
        (Token(" Deep"), Token("</s>"), EOS)),
    # log probabilities, with the list and the number that are slips
    Answer("lmi-0.31", LOGPROBS, (ScriptToken("é", 7, -0.25), END), JSON_LINES,
        (CHUNK + '{"content": "é", "role": "assistant"}, "logprobs": [{"content": [{"token": "é", "logprob": -0.25, "bytes": [233], '
         '"top_logprobs": [{"token": -0.25, "logprob": -0.25, "bytes": [233]}]}]}], "finish_reason": null}]}\n',
         CHUNK + '{"content": "</s>"}, "logprobs": [{"content": [{"token": "</s>", "logprob": -1.5, "bytes": [60, 47, 115, 62], '
         '"top_logprobs": [{"token": -1.5, "logprob": -1.5, "bytes": [60, 47, 115, 62]}]}]}], "finish_reason": "eos_token"}]}\n'),
        (Token("é", None, -0.25, alternatives=(Alternative("é", None, -0.25),)),
         Token("</s>", None, -1.5, alternatives=(Alternative("</s>", None, -1.5),)), EOS)),
    Answer("lmi-0.29", {**LOGPROBS, "stream": False}, (ScriptToken("é", 7, -0.25),), JSON,
        (('{"id": "chatcmpl-139740079303760", "object": "chat.completion", "created": 1795171127, "choices": [{"index": 0, "message": '
         '{"role": "assistant", "content": "é"}, "logprobs": {"content": [{"token": "é", "logprob": -0.25, "bytes": [233], '
         '"top_logprobs": [{"token": "é", "logprob": -0.25, "bytes": [233]}]}]}, "finish_reason": "length"}], '
         '"usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}}'),),
        (Token("é", None, -0.25, alternatives=(Alternative("é", None, -0.25),)), Finish("length", "length", 1, 2)), finish_reason="length"),
    # thoughts and calls
    Answer("lmi-0.36-reasoning", CHAT, THINKING, SSE,
        ("data: " + CHUNK + '{"reasoning_content": "Hm"}, "logprobs": null, "finish_reason": null}]}\n\n',
         "data: " + CHUNK + '{"content": " Deep"}, "logprobs": null, "finish_reason": null}]}\n\n',
         "data: " + CHUNK + '{"content": "</s>"}, "logprobs": null, "finish_reason": "eos_token"}]}\n\ndata: [DONE]\n\n'),
        (Reasoning("Hm"), Token(" Deep"), Token("</s>"), EOS)),
    Answer("lmi-0.32-reasoning", WHOLE_CHAT, THINKING, JSON,
        (('{"id": "chatcmpl-139740079303760", "object": "chat.completion", "created": 1795171127, "choices": [{"index": 0, "message": '
         '{"role": "assistant", "reasoning_content": "Hm", "content": " Deep</s>"}, "logprobs": null, "finish_reason": "eos_token"}], '
         '"usage": {"prompt_tokens": 2, "completion_tokens": 5, "total_tokens": 7}}'),),
        (Reasoning("Hm"), Token(" Deep</s>"), Finish("stop", "eos_token", 5, 2)), is_chunked=False),
    Answer("lmi-0.32", TOOLS, CALLING, JSON_LINES,
        (CHUNK + '{"tool_calls": [{"id": "chatcmpl-tool-00000000000000000000000000000000", "type": "function", "index": 0, '
         '"function": {"name": "clock"}}], "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n',
         CHUNK + '{"tool_calls": [{"index": 0, "function": {"arguments": "{\\"zone\\":"}}]}, "logprobs": null, "finish_reason": null}]}\n',
         CHUNK + '{"tool_calls": [{"index": 0, "function": {"arguments": " \\"UTC\\"}"}}]}, "logprobs": null, "finish_reason": null}]}\n',
         CHUNK + '{"tool_calls": []}, "logprobs": null, "finish_reason": "tool_calls"}]}\n'),
        (ToolCall(0, "chatcmpl-tool-00000000000000000000000000000000", "clock"), ToolCall(0, arguments='{"zone":'), ToolCall(0, arguments=' "UTC"}'),
         Finish("tool_calls", "tool_calls"))),
    Answer("lmi-0.36", {**TOOLS, "stream": False}, CALLING, JSON,
        (('{"id": "chatcmpl-139740079303760", "object": "chat.completion", "created": 1795171127, "choices": [{"index": 0, "message": '
         '{"role": "assistant", "content": null, "tool_calls": [{"id": "chatcmpl-tool-00000000000000000000000000000000", "type": "function", '
         '"function": {"name": "clock", "arguments": "{\\"zone\\": \\"UTC\\"}"}}]}, "logprobs": null, "finish_reason": "tool_calls"}], '
         '"usage": {"prompt_tokens": 2, "completion_tokens": 5, "total_tokens": 7}}'),),
        (ToolCall(0, "chatcmpl-tool-00000000000000000000000000000000", "clock", '{"zone": "UTC"}'), Finish("tool_calls", "tool_calls", 5, 2)),
        is_chunked=False),
)  # fmt: skip
