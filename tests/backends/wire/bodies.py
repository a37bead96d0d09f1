"""Bodies as containers write them, byte for byte, and the events that are in them.

Sources: djl-serving's formatters run at 0.23, 0.26 to 0.28 and 0.36, text-generation-inference's router and published samples, vLLM's and SGLang's servers.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.events import Alternative, Finish, Reasoning, StreamEvent, Token, ToolCall

JSON_LINES = "application/jsonlines"
SSE = "text/event-stream"
JSON = "application/json"


@dataclass(frozen=True)
class Body:
    name: str
    content_type: str
    data: bytes
    events: tuple[StreamEvent, ...]

    def __str__(self) -> str:
        return self.name


BODIES = (
    Body(
        "lmi-0.23 outputs, escaped",
        JSON_LINES,
        b'{"outputs": [" a"]}\n{"outputs": [" \\u00e9\\n\\"\\ud83d\\ude00"]}\n{"outputs": ["<|endoftext|>"]}\n',
        (Token(" a"), Token(' é\n"😀'), Token("<|endoftext|>"), Finish()),
    ),
    Body(
        "lmi-0.24 outputs, raw UTF-8",
        JSON_LINES,
        '{"outputs": [" é\\n\\"😀"]}\n{"outputs": [" \u2028\u2029\x85"]}\n'.encode(),
        (Token(' é\n"😀'), Token(" \u2028\u2029\x85"), Finish()),
    ),
    Body(
        "lmi-0.26 with falsy members dropped",
        JSON_LINES,
        b'{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n{"token": {}}\n'
        b'{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep</s>", '
        b'"details": {"finish_reason": "eos_token"}}\n',
        (Token(" Deep", 304, -0.05), Token(""), Token("</s>", 2, -1.5, special=True), Finish("stop", "eos_token")),
    ),
    Body(
        "lmi-0.27 with lists as ids",
        JSON_LINES,
        b'{"token": {"id": [304], "text": " Deep", "log_prob": -0.05}}\n{"token": {"id": [], "text": "."}}\n'
        b'{"token": {"id": [2], "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep.</s>", '
        b'"details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is"}}\n',
        (Token(" Deep", 304, -0.05), Token("."), Token("</s>", 2, -1.5, special=True), Finish("stop", "eos_token", 2)),
    ),
    Body(
        "lmi-0.28 jsonlines",
        JSON_LINES,
        '{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\n{"token": {"id": 11157, "text": " 日本😀\\"\\n", "log_prob": -1.25}}\n'
        '{"token": {"id": 2, "text": "</s>", "log_prob": -1.5, "special_token": true}, "generated_text": " Deep 日本😀\\"\\n</s>"}\n'.encode(),
        (Token(" Deep", 304, -0.05), Token(' 日本😀"\n', 11157, -1.25), Token("</s>", 2, -1.5, special=True), Finish()),
    ),
    Body(
        "lmi-0.28 sse in TGI's words",
        SSE,
        b'data: {"token": {"id": 304, "text": " Deep", "logprob": -0.05}}\n\n'
        b'data: {"token": {"id": 2, "text": "</s>", "logprob": -1.5, "special": true}, "generated_text": " Deep</s>", '
        b'"details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "What is"}}\n\n',
        (Token(" Deep", 304, -0.05), Token("</s>", 2, -1.5, special=True), Finish("stop", "eos_token", 2)),
    ),
    Body(
        "lmi sse as its documentation shows it, one line end between events",
        SSE,
        b'data:{"token": {"id": 304, "text": " Deep", "log_prob": -0.05}}\ndata:{"token": {"id": 2, "text": "."}, "generated_text": " Deep."}\n\n',
        (Token(" Deep", 304, -0.05), Token(".", 2), Finish()),
    ),
    Body(
        "lmi async vLLM, two blank lines at the end",
        JSON_LINES,
        '{"index": 0, "token": {"id": 304, "text": " Deep", "logprob": -0.05}, "generated_text": null, "details": null}\n'
        '{"index": 0, "token": {"id": 11157, "text": " 日😀\\n\\"", "logprob": -0.05}, "generated_text": " Deep 日😀\\n\\"", '
        '"details": {"finish_reason": "length", "seed": null, "generated_tokens": 3, "input_length": 5}}\n\n\n'.encode(),
        (Token(" Deep", 304, -0.05), Token(' 日😀\n"', 11157, -0.05), Finish("length", "length", 3, 5)),
    ),
    Body(
        "lmi rolling batch chat, LMI's own finish reason",
        JSON_LINES,
        b'{"id": "chatcmpl-139740079303760", "object": "chat.completion.chunk", "created": 1795171127, "choices": [{"index": 0, "delta": {"content": " Deep", '
        b'"role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n'
        b'{"id": "chatcmpl-139740079303760", "object": "chat.completion.chunk", "created": 1795171127, "choices": [{"index": 0, "delta": {"content": "</s>"}, '
        b'"logprobs": [{"content": [{"token": "</s>", "logprob": -1.5, "top_logprobs": [{"token": -1.5, "logprob": -1.5}]}]}], '
        b'"finish_reason": "eos_token"}]}\n',
        (Token(" Deep"), Token("</s>", None, -1.5, alternatives=(Alternative("</s>", None, -1.5),)), Finish("stop", "eos_token")),
    ),
    Body(
        "lmi as Bedrock has it",
        JSON_LINES,
        b'{"body": {"generation": " Deep", "prompt_token_count": 5, "generation_token_count": 1, "stop_reason": null}, '
        b'"metering": {"outputTokenCount": 1, "inputTokenCount": 5}, "content_type": "application/jsonlines"}\n{"body": "x"}\n'
        b'{"body": {"generation": "</s>", "prompt_token_count": null, "generation_token_count": 2, "stop_reason": "eos_token"}, '
        b'"metering": {"outputTokenCount": 2}, "content_type": "application/jsonlines"}\n',
        (Token(" Deep"), Token("</s>"), Finish("stop", "eos_token", 2, 5)),
    ),
    Body(
        "tgi-0.9.4",
        SSE,
        b'data:{"token":{"id":28723,"text":".","logprob":-0.6196289,"special":false},"generated_text":null,"details":null}\n\n'
        b'data:{"token":{"id":11,"text":"<|endoftext|>","logprob":-0.02,"special":true},"generated_text":".",'
        b'"details":{"finish_reason":"eos_token","generated_tokens":2,"seed":null}}\n\n',
        (Token(".", 28723, -0.6196289), Token("<|endoftext|>", 11, -0.02, special=True), Finish("stop", "eos_token", 2)),
    ),
    Body(
        "tgi-1.4 with an index, top tokens and a part of a character",
        SSE,
        'data:{"index":1,"token":{"id":244,"text":"","logprob":-0.5,"special":false},"top_tokens":[{"id":244,"text":"\ufffd","logprob":-0.5,"special":false},'
        '{"id":9,"text":" a","logprob":-1.5,"special":false}],"generated_text":null,"details":null}\n\n'
        'data:{"index":2,"token":{"id":222,"text":"😀","logprob":-0.5,"special":false},"generated_text":"😀","details":null}\n\n'.encode(),
        (
            Token("", 244, -0.5, alternatives=(Alternative("\ufffd", 244, -0.5), Alternative(" a", 9, -1.5))),
            Token("😀", 222, -0.5),
            Finish(),
        ),
    ),
    Body(
        "tgi-2.4 with keep-alive comments",
        SSE,
        b':\n\n:\n\ndata: {"index":1,"token":{"id":304,"text":" Deep","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n:\n\n'
        b'data: {"index":2,"token":{"id":2,"text":"!","logprob":-0.05,"special":false},"generated_text":" Deep!",'
        b'"details":{"finish_reason":"stop_sequence","generated_tokens":2,"seed":42,"input_length":7}}\n\n',
        (Token(" Deep", 304, -0.05), Token("!", 2, -0.05), Finish("stop_sequence", "stop_sequence", 2, 7)),
    ),
    Body(
        "tgi without a stream",
        JSON,
        b'[{"generated_text":"Deep learning"}]',
        (Token("Deep learning"), Finish()),
    ),
    Body(
        "tgi-3.3 chat, usage behind the end",
        SSE,
        'data: {"object":"chat.completion.chunk","id":"","created":1712345678,"model":"m","system_fingerprint":"3.3.7-native","choices":[{"index":0,"delta":'
        '{"role":"assistant","content":"Hi 日"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
        'data: {"object":"chat.completion.chunk","id":"","created":1712345678,"model":"m","system_fingerprint":"3.3.7-native","choices":[{"index":0,"delta":'
        '{"role":"assistant","content":""},"logprobs":null,"finish_reason":"stop"}],"usage":null}\n\n'
        'data: {"object":"chat.completion.chunk","id":"","created":1712345678,"model":"m","system_fingerprint":"3.3.7-native","choices":[],'
        '"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}\n\ndata: [DONE]\n\n'.encode(),
        (Token("Hi 日"), Finish("stop", "stop", 4, 9)),
    ),
    Body(
        "tgi chat calling a tool",
        SSE,
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"0","type":"function",'
        b'"function":{"name":"get_weather","arguments":"{"}}]},"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":{"index":0,"id":"0","type":"function",'
        b'"function":{"name":null,"arguments":"}"}}},"logprobs":null,"finish_reason":"tool_calls"}]}\n\n',
        (ToolCall(0, "0", "get_weather", "{"), ToolCall(0, "0", None, "}"), Finish("tool_calls", "tool_calls")),
    ),
    Body(
        "vllm chat, role first, reasoning, log probabilities of two tokens",
        "text/event-stream; charset=utf-8",
        b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"reasoning_content":"Hm."},"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"id":"chatcmpl-1","choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"Hi!"},"logprobs":{"content":['
        b'{"token":"Hi","logprob":-0.1,"top_logprobs":[{"token":"Hi","logprob":-0.1},{"token":"Yo","logprob":-3}]},{"token":"!","logprob":-0.2,"top_logprobs":[]}'
        b']},"finish_reason":null,"token_ids":null}]}\n\n'
        b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"?"},"logprobs":{"content":[{"token":"\xef\xbf\xbd","logprob":-0.3}]},'
        b'"finish_reason":"length","stop_reason":null}]}\n\n'
        b"data: [DONE]\n\n",
        (
            Reasoning("Hm."),
            Token("Hi", None, -0.1, alternatives=(Alternative("Hi", None, -0.1), Alternative("Yo", None, -3))),
            Token("!", None, -0.2),
            Token("?", None, -0.3),
            Finish("length", "length"),
        ),
    ),
    Body(
        "sglang chat with explicit nulls",
        SSE,
        b'data: {"id":"a","error":null,"choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":null,"tool_calls":null},'
        b'"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":null}\n\n'
        b'data: {"id":"a","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"abort","matched_stop":2}],"usage":null}\n\ndata: [DONE]\n\n',
        (Token("Hi"), Finish(None, "abort")),
    ),
    Body(
        "a completion, text in choices",
        SSE,
        b'data:{"id":"c","object":"text_completion","choices":[{"index":0,"text":"Hi","finish_reason":null}]}\n\n'
        b'data:{"id":"c","object":"text_completion","choices":[{"index":0,"text":" you","finish_reason":"stop"}]}\n\ndata:[DONE]\n\n',
        (Token("Hi"), Token(" you"), Finish("stop", "stop")),
    ),
    Body(
        "a whole chat completion",
        JSON,
        b'{\n  "id": "c",\n  "choices": [\n    {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}\n  ],\n'
        b'  "usage": {"prompt_tokens": 3, "completion_tokens": 1}\n}\n',
        (Token("Hi"), Finish("stop", "stop", 1, 3)),
    ),
    Body(
        "only [DONE]",
        SSE,
        b"data: [DONE]\n\n",
        (Finish(),),
    ),
    Body(
        "frames behind [DONE] do not count",
        SSE,
        b'data: {"outputs": ["a"]}\n\ndata: [DONE]\n\ndata: {"outputs": ["b"]}\n\ndata: {"error": "late"}\n\ndata: {bad\n\ndata: {"unfin',
        (Token("a"), Finish()),
    ),
    Body(
        "every kind of line end, a byte order mark, fields that say nothing, values in several lines",
        SSE,
        b'\xef\xbb\xbf: hello\revent: message\r\nid: 1\ndata:{"outputs":\r\ndata: ["a"]}\r\n\r\nretry: 10\r\rdata\n\ndata\r\rdatabase: x\n\n'
        b'dataset\n\ndata\ndata: {"outputs": ["b"]}\r\n\n\n\n\r\r',
        (Token("a"), Token("b"), Finish()),
    ),
    Body(
        "what looks like framing is text",
        SSE,
        'data: {"outputs": ["data: {\\"x\\": 1}\\n\\ndata: [DONE]\\r\\n<|endoftext|> ### \\\\ \\u0000 \u2028 \u2029 \x85"]}\n\n'.encode(),
        (Token('data: {"x": 1}\n\ndata: [DONE]\r\n<|endoftext|> ### \\ \x00 \u2028 \u2029 \x85'), Finish()),
    ),
    Body(
        "numbers and halves of characters that only Python's json reads",
        JSON_LINES,
        b'{"token": {"id": 1, "text": "a", "log_prob": -Infinity}}\n{"token": {"id": 2, "text": "\\ud83d", "log_prob": null}, "generated_text": "a\\ud83d"}\n',
        (Token("a", 1, float("-inf")), Token("\ud83d", 2), Finish()),
    ),
    Body(
        "no line end behind the last line",
        JSON_LINES,
        b'{"outputs": ["a"]}\n{"outputs": ["b"]}',
        (Token("a"), Token("b"), Finish()),
    ),
    Body(
        "no blank line behind the last event",
        SSE,
        b'data: {"outputs": ["a"]}\n\ndata: {"outputs": ["b"]}\n: bye',
        (Token("a"), Token("b"), Finish()),
    ),
    Body(
        "blank lines and frames that we do not know",
        JSON_LINES,
        b'\n  \n{"progress": 0.5}\n{"outputs": []}\r\n\r\n{"outputs": "a"}\r{"outputs": [null]}\n \n',
        (Token("a"), Token(""), Finish()),
    ),
)
