"""Tool calls as each server writes them.

Source: vLLM, SGLang, LMI and TGI.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Token, ToolCall
from mock_server.contract.cases.chat_rows import (
    DONE,
    JSON_LINES,
    LMI_ASYNC,
    SGLANG,
    SSE_UTF8,
    TGI_CHAT,
    async_chat,
    lmi_chat,
    sglang_chat,
    tgi_chat,
    vllm_chat,
)
from mock_server.contract.cases.chunks import OPENING
from mock_server.contract.cases.tool_calls import ONE_PARSER, called, calls

NOT_A_LIST = ("https://github.com/huggingface/text-generation-inference/pull/2949",)

_CALLED_END = vllm_chat(b'{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null,"token_ids":null}')

_vllm = partial(calls, container="vllm-0.11.0", content_type=SSE_UTF8, source="vLLM v0.11.0, vllm/entrypoints/openai/tool_parsers/hermes_tool_parser.py")


def _vllm_delta(calls: bytes) -> bytes:
    return vllm_chat(b'{"index":0,"delta":{"tool_calls":[%b]},"logprobs":null,"finish_reason":null,"token_ids":null}' % calls)


def _sglang_delta(delta: bytes, finish: bytes = b'null,"matched_stop":null') -> bytes:
    return sglang_chat(b'{"index":0,"delta":{%b},"logprobs":null,"finish_reason":%b}' % (delta, finish))


def _tgi_delta(calls: bytes, version: bytes) -> bytes:
    return tgi_chat(b'{"index":0,"delta":{"role":"assistant","tool_calls":%b},"logprobs":null,"finish_reason":null}' % calls, version=version)


_VLLM_CALLS = (
    _vllm(
        name="call-in-deltas",
        writes=(
            OPENING,
            _vllm_delta(b'{"id":"chatcmpl-tool-b9cfe8dd315bd833","type":"function","index":0,"function":{"name":"clock"}}'),
            _vllm_delta(b'{"index":0,"function":{"arguments":"{\\"zone\\""}}'),
            _vllm_delta(b'{"index":0,"function":{"arguments":": 9}"}}'),
            _CALLED_END,
            DONE,
        ),
        right=called(ToolCall(0, "chatcmpl-tool-b9cfe8dd315bd833", "clock"), ToolCall(0, None, None, '{"zone"'), ToolCall(0, None, None, ": 9}")),
        why="The id and the name come once, in front; the deltas behind have arguments alone.",
        bit=ONE_PARSER,
    ),
    _vllm(
        name="call-behind-text",
        writes=(
            OPENING,
            vllm_chat(b'{"index":0,"delta":{"content":"Let me look."},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            _vllm_delta(b'{"id":"chatcmpl-tool-484bea9e72236667","type":"function","index":0,"function":{"name":"map"}}'),
            _vllm_delta(b'{"index":0,"function":{"arguments":"{}"}}'),
            _CALLED_END,
            DONE,
        ),
        right=called(Token("Let me look."), ToolCall(0, "chatcmpl-tool-484bea9e72236667", "map"), ToolCall(0, None, None, "{}")),
        why="An answer may say something before it calls a tool: that is its text, and the arguments are none of it.",
        bit=ONE_PARSER,
    ),
    _vllm(
        name="arguments-cut-anywhere",
        writes=(
            OPENING,
            _vllm_delta(b'{"id":"chatcmpl-tool-b9cfe8dd315bd833","type":"function","index":0,"function":{"name":"clock"}}'),
            _vllm_delta('{"index":0,"function":{"arguments":"{\\"city\\": \\"東"}}'.encode()),
            _vllm_delta('{"index":0,"function":{"arguments":"京\\\\n\\"}"}}'.encode()),
            _CALLED_END,
            DONE,
        ),
        cut="every-byte",
        right=called(
            ToolCall(0, "chatcmpl-tool-b9cfe8dd315bd833", "clock"),
            ToolCall(0, None, None, '{"city": "東'),
            ToolCall(0, None, None, '京\\n"}'),
        ),
        why="Arguments are JSON inside a JSON string, torn by deltas and again by parts: only the joined ones can be read.",
    ),
    calls(
        name="calls-one-after-another",
        container="lmi-0.36",
        writes=(
            b"data: "
            + lmi_chat(
                b'{"index": 0, "delta": {"tool_calls": [{"id": "chatcmpl-tool-0", "type": "function", "index": 0, "function": {"name": "clock"}}], '
                b'"role": "assistant"}, "logprobs": null, "finish_reason": null}'
            )
            + b"\n\n",
            b"data: "
            + lmi_chat(b'{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, "logprobs": null, "finish_reason": null}')
            + b"\n\n",
            b"data: "
            + lmi_chat(
                b'{"index": 0, "delta": {"tool_calls": [{"id": "chatcmpl-tool-1", "type": "function", "index": 1, "function": {"name": "map"}}]}, '
                b'"logprobs": null, "finish_reason": null}'
            )
            + b"\n\n",
            b"data: "
            + lmi_chat(b'{"index": 0, "delta": {"tool_calls": [{"index": 1, "function": {"arguments": "[]"}}]}, "logprobs": null, "finish_reason": null}')
            + b"\n\n",
            b"data: " + lmi_chat(b'{"index": 0, "delta": {"tool_calls": []}, "logprobs": null, "finish_reason": "tool_calls"}') + b"\n\n" + DONE,
        ),
        right=called(
            ToolCall(0, "chatcmpl-tool-0", "clock"),
            ToolCall(0, None, None, "{}"),
            ToolCall(1, "chatcmpl-tool-1", "map"),
            ToolCall(1, None, None, "[]"),
        ),
        why="A second call begins with the next index, and an empty list of calls says nothing.",
        source="djl-serving 0.36.0-dlc, djl_python/output_formatter.py",
    ),
    calls(
        name="call-in-lines",
        format="chat-lines",
        container="lmi-0.35-async-vllm",
        content_type=JSON_LINES,
        writes=(
            async_chat(
                b'{"index":0,"delta":{"tool_calls":[{"id":"chatcmpl-tool-b9cf","type":"function","index":0,"function":{"name":"clock"}}]},'
                b'"logprobs":null,"finish_reason":null,"token_ids":null}'
            ),
            async_chat(b'{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            async_chat(b'{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null,"token_ids":null}'),
            b"\n",
        ),
        right=called(ToolCall(0, "chatcmpl-tool-b9cf", "clock"), ToolCall(0, None, None, "{}")),
        why="LMI's lines hold the same deltas.",
        source=LMI_ASYNC,
    ),
)

_OTHER_CALLS = (
    calls(
        name="call-among-nulls",
        container="sglang-0.5.4",
        content_type=SSE_UTF8,
        writes=(
            _sglang_delta(b'"role":"assistant","content":"","reasoning_content":null,"tool_calls":null'),
            _sglang_delta(
                b'"role":null,"content":null,"reasoning_content":null,"tool_calls":[{"id":"call_b9cfe8dd315bd833bfe9e3b9","index":0,"type":"function",'
                b'"function":{"name":"clock","arguments":""}}]'
            ),
            _sglang_delta(
                b'"role":null,"content":null,"reasoning_content":null,"tool_calls":[{"id":null,"index":0,"type":"function",'
                b'"function":{"name":null,"arguments":"{}"}}]'
            ),
            _sglang_delta(b'"role":null,"content":null,"reasoning_content":null,"tool_calls":null', b'"tool_calls","matched_stop":128009'),
            DONE,
        ),
        right=called(ToolCall(0, "call_b9cfe8dd315bd833bfe9e3b9", "clock"), ToolCall(0, None, None, "{}")),
        why="SGLang writes the id and the name again, as null, which does not take them back.",
        source=SGLANG,
    ),
    calls(
        name="call-that-is-no-list",
        container="tgi-2.4",
        writes=(
            _tgi_delta(b'{"index":0,"id":"","type":"function","function":{"name":null,"arguments":"{\\"function\\": {\\"_name\\": \\"clock\\""}}', b"2.4.1"),
            _tgi_delta(b'{"index":0,"id":"","type":"function","function":{"name":null,"arguments":"}}"}}', b"2.4.1"),
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":"stop"}', version=b"2.4.1"),
            DONE,
        ),
        right=called(
            ToolCall(0, "", None, '{"function": {"_name": "clock"'),
            ToolCall(0, "", None, "}}"),
            finish=Finish("stop", "stop"),
        ),
        why="TGI 2.4 writes one call where the list should be, its name inside the arguments.",
        source="text-generation-inference v2.4.1, router/src/lib.rs: ToolCallDelta",
        bit=NOT_A_LIST,
    ),
    calls(
        name="call-with-its-id-in-every-delta",
        container="tgi-3.3",
        writes=(
            _tgi_delta(b'[{"index":0,"id":"0","type":"function","function":{"name":"clock","arguments":"{"}}]', b"3.3.6"),
            _tgi_delta(b'[{"index":0,"id":"0","type":"function","function":{"name":null,"arguments":"}"}}]', b"3.3.6"),
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":"stop"}'),
            DONE,
        ),
        right=called(ToolCall(0, "0", "clock", "{"), ToolCall(0, "0", None, "}"), finish=Finish("stop", "stop")),
        why="TGI repeats the id in every delta, which begins no new call, and ends a call with `stop`.",
        source=TGI_CHAT,
        bit=("https://github.com/huggingface/text-generation-inference/issues/2794",),
    ),
)

CASES = (*_VLLM_CALLS, *_OTHER_CALLS)
