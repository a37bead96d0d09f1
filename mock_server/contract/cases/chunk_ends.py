"""How chats end: with a finish reason, beside the last text or behind it, in a server's own words, and then with an end mark, a blank line or nothing.

Source: OpenAI's API reference, and how TGI, vLLM and LMI keep to it.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish
from mock_server.contract.case import Case, said
from mock_server.contract.cases.chat_rows import DONE, JSON_LINES, LMI, LMI_ASYNC, SSE, SSE_UTF8, VLLM, async_chat, lmi_chat, openai_chat, vllm_chat
from mock_server.contract.cases.chunks import LENGTH, OPENING

_END = b'"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}'

_chunks = partial(Case, family="chunks", format="chat-sse", content_type=SSE)
_vllm = partial(_chunks, container="vllm-0.11.0", content_type=SSE_UTF8, source=VLLM)
_lmi = partial(_chunks, format="chat-lines", content_type=JSON_LINES, source=LMI)

CASES = (
    _vllm(
        name="finish-reason-with-text",
        writes=(OPENING, vllm_chat(b'{"index":0,"delta":{"content":"Brook"},' + _END), DONE),
        right=said("Brook", finish=LENGTH),
        why="The chunk with the finish reason may hold the last text.",
    ),
    _vllm(
        name="finish-reason-behind-the-text",
        writes=(
            OPENING,
            vllm_chat(b'{"index":0,"delta":{"content":"River"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            vllm_chat(b'{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":"###","token_ids":null}'),
            DONE,
        ),
        right=said("River", finish=Finish("stop", "stop")),
        why="The chunk with the finish reason may have no text, as where a stop string was cut off.",
    ),
    _lmi(
        name="finish-reason-in-lmi-words",
        container="lmi-0.32",
        writes=(
            lmi_chat(b'{"index": 0, "delta": {"content": "Pond", "role": "assistant"}, "logprobs": null, "finish_reason": null}') + b"\n",
            lmi_chat(b'{"index": 0, "delta": {"content": "."}, "logprobs": null, "finish_reason": "eos_token"}') + b"\n",
        ),
        right=said("Pond", ".", finish=Finish("stop", "eos_token")),
        why="LMI's chats end with its own word, `eos_token`, and nothing stands behind it: a reader that waits for `stop` or `[DONE]` sees no end.",
    ),
    _chunks(
        name="last-chunk-and-end-mark-in-a-part",
        container="lmi-0.36",
        writes=(
            b"data: " + lmi_chat(b'{"index": 0, "delta": {"content": "Lake", "role": "assistant"}, "logprobs": null, "finish_reason": null}') + b"\n\n",
            b"data: " + lmi_chat(b'{"index": 0, "delta": {"content": "s"}, "logprobs": null, "finish_reason": "length"}') + b"\n\n" + DONE,
        ),
        right=said("Lake", "s", finish=LENGTH),
        why="LMI writes the last chunk and `[DONE]` at once: the chunk counts, the mark is no JSON.",
        source="djl-serving 0.36.0-dlc, djl_python/output_formatter.py",
    ),
    _lmi(
        name="blank-line-for-an-end-mark",
        container="lmi-0.35-async-vllm",
        writes=(
            async_chat(b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}', b',"prompt_token_ids":null'),
            async_chat(b'{"index":0,"delta":{"content":"Sea"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            async_chat(b'{"index":0,"delta":{"content":"s"},' + _END),
            async_chat(b"", b',"usage":{"prompt_tokens":4,"total_tokens":6,"completion_tokens":2}'),
            b"\n",
        ),
        right=said("Sea", "s", finish=Finish("length", "length", 2, 4)),
        why="LMI's asynchronous handler writes vLLM's chunks as lines, of which `[DONE]` leaves an empty one: it is skipped.",
        source=LMI_ASYNC,
    ),
    _chunks(
        name="chat-called-a-text-completion",
        container="tgi-1.4-messages",
        writes=(
            (
                b'data:{"id":"","object":"text_completion","created":1764023695,"model":"/opt/ml/model","system_fingerprint":"1.4.5-native",'
                b'"choices":[{"index":0,"delta":{"role":"assistant","content":"Tide"},"logprobs":null,"finish_reason":null}]}\n\n'
            ),
            (
                b'data:{"id":"","object":"text_completion","created":1764023695,"model":"/opt/ml/model","system_fingerprint":"1.4.5-native",'
                b'"choices":[{"index":0,"delta":{"role":"assistant","content":"s"},"logprobs":null,"finish_reason":"length"}]}\n\n'
            ),
        ),
        right=said("Tide", "s", finish=LENGTH),
        why="TGI before 2.1 calls its chat chunks text completions, has no space behind `data:`, no id and no `[DONE]`: what is in a chunk tells what it is.",
        source="text-generation-inference v1.4.5, router/src/lib.rs and server.rs",
    ),
    _lmi(
        name="id-that-is-a-mistake",
        container="lmi-0.28",
        writes=(
            (
                b'{"id": "chatcmpl-<built-in function id>", "object": "chat.completion.chunk", "created": 1795171127, '
                b'"choices": [{"index": 0, "delta": {"content": "Reef", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n'
            ),
            (
                b'{"id": "chatcmpl-<built-in function id>", "object": "chat.completion.chunk", "created": 1795171127, '
                b'"choices": [{"index": 0, "delta": {"content": "s"}, "logprobs": null, "finish_reason": "length"}]}\n'
            ),
        ),
        right=said("Reef", "s", finish=LENGTH),
        why="The id is a text like any other, also where LMI 0.28 writes what Python calls the function that should have made it.",
        source="djl-serving 0.28.0-dlc, djl_python/chat_completions/chat_utils.py and output_formatter.py",
    ),
    _chunks(
        name="finish-reason-that-nobody-knows",
        writes=(
            openai_chat(b'{"index":0,"delta":{"content":"Gull"},"finish_reason":"abort","matched_stop":2}', b',"usage":null'),
            b"data: [DONE]\n\n",
        ),
        right=said("Gull", finish=Finish(None, "abort")),
        why="A reason that is none of OpenAI's is a reason: the answer ended, and its text counts.",
        source="SGLang v0.5.4, python/sglang/srt/managers/schedule_batch.py: FINISH_ABORT",
    ),
)
