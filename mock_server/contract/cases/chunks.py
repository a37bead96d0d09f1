"""Chat and completion chunks. A chunk tells what changed: a member that is null, empty or absent changes nothing, and a chunk may hold none that is text.

Source: OpenAI's API reference, and how TGI, vLLM, SGLang and LMI keep to it.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish
from mock_server.contract.case import Case, said
from mock_server.contract.cases.chat_rows import (
    DONE,
    JSON_LINES,
    LMI,
    OPENAI,
    SGLANG,
    SSE,
    SSE_UTF8,
    TGI_CHAT,
    VLLM,
    lmi_chat,
    openai_chat,
    sglang_chat,
    tgi_chat,
    vllm_chat,
)

LENGTH = Finish("length", "length")
THOUGHTS = ("https://github.com/UKGovernmentBEIS/inspect_ai/pull/4180", "https://github.com/aws-samples/generative-ai-on-amazon-sagemaker/pull/312")
NO_CHOICES = ("https://github.com/gradio-app/gradio/issues/11729", "https://github.com/awslabs/llmeter/pull/34")

OPENING = vllm_chat(b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}', b',"prompt_token_ids":null')
_END = b'"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}'

_chunks = partial(Case, family="chunks", format="chat-sse", content_type=SSE)
_vllm = partial(_chunks, container="vllm-0.11.0", content_type=SSE_UTF8, source=VLLM)
_tgi = partial(_chunks, container="tgi-3.3", source=TGI_CHAT)
_sglang = partial(_chunks, container="sglang-0.5.4", content_type=SSE_UTF8, source=SGLANG)

_ROLES = (
    _vllm(
        name="role-in-a-chunk-of-its-own",
        writes=(
            OPENING,
            vllm_chat(b'{"index":0,"delta":{"content":"Rain"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            vllm_chat(b'{"index":0,"delta":{"content":" falls"},' + _END),
            DONE,
        ),
        right=said("Rain", " falls", finish=LENGTH),
        why="The first delta tells the role and has an empty content: it is no token.",
    ),
    _tgi(
        name="role-in-every-delta",
        writes=(
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":"Snow"},"logprobs":null,"finish_reason":null}'),
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":" melts"},"logprobs":null,"finish_reason":"length"}'),
            DONE,
        ),
        right=said("Snow", " melts", finish=LENGTH),
        why="TGI repeats the role in every delta: none of them begins another message.",
    ),
    _chunks(
        name="role-behind-the-content",
        format="chat-lines",
        container="lmi-0.32",
        content_type=JSON_LINES,
        writes=(
            lmi_chat(b'{"index": 0, "delta": {"content": "Fog", "role": "assistant"}, "logprobs": null, "finish_reason": null}') + b"\n",
            lmi_chat(b'{"index": 0, "delta": {"content": " lifts"}, "logprobs": null, "finish_reason": "length"}') + b"\n",
        ),
        right=said("Fog", " lifts", finish=LENGTH),
        why="The chunk with the role may hold the first text as well, and the order of members has no meaning.",
        source=LMI,
    ),
)

_NOTHING_SAID = (
    _sglang(
        name="content-null",
        writes=(
            sglang_chat(
                b'{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null,"tool_calls":null},'
                b'"logprobs":null,"finish_reason":null,"matched_stop":null}'
            ),
            sglang_chat(
                b'{"index":0,"delta":{"role":null,"content":"Hail","reasoning_content":null,"tool_calls":null},'
                b'"logprobs":null,"finish_reason":null,"matched_stop":null}'
            ),
            sglang_chat(
                b'{"index":0,"delta":{"role":null,"content":null,"reasoning_content":null,"tool_calls":null},'
                b'"logprobs":null,"finish_reason":"length","matched_stop":null}'
            ),
            DONE,
        ),
        right=said("Hail", finish=LENGTH),
        why="SGLang writes every member of a delta, null where there is nothing: a content of null is no text, and surely not the word None.",
    ),
    _chunks(
        name="delta-empty",
        writes=(
            openai_chat(b'{"index":0,"delta":{"role":"assistant"},"finish_reason":null}'),
            openai_chat(b'{"index":0,"delta":{"content":"Wind"},"finish_reason":null}'),
            openai_chat(b'{"index":0,"delta":{},"finish_reason":"length"}'),
            DONE,
        ),
        right=said("Wind", finish=LENGTH),
        why="A delta may have no content, or no member at all, as that of the chunk with the finish reason.",
        source=OPENAI,
    ),
    _chunks(
        name="delta-null",
        writes=(
            openai_chat(b'{"index":0,"delta":{"content":"Storm"},"finish_reason":null}'),
            openai_chat(b'{"index":0,"delta":null,"finish_reason":"length"}'),
            DONE,
        ),
        right=said("Storm", finish=LENGTH),
        why="A member that is null says nothing, the delta among them.",
        source="RFC 8259, section 3: null is a value of its own; OpenAI's API reference gives a delta that is null no meaning",
    ),
    _vllm(
        name="usage-alone",
        writes=(
            OPENING,
            vllm_chat(b'{"index":0,"delta":{"content":"Dew"},' + _END),
            vllm_chat(b"", b',"usage":{"prompt_tokens":7,"total_tokens":8,"completion_tokens":1}'),
            DONE,
        ),
        right=said("Dew", finish=Finish("length", "length", 1, 7)),
        why="Where usage is asked for, a chunk with no choice at all tells it behind the last one.",
        bit=NO_CHOICES,
    ),
    _tgi(
        name="usage-null",
        writes=(
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":"Ice"},"logprobs":null,"finish_reason":null}'),
            tgi_chat(b'{"index":0,"delta":{"role":"assistant","content":"."},"logprobs":null,"finish_reason":"length"}'),
            tgi_chat(b"", b'{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}'),
            DONE,
        ),
        right=said("Ice", ".", finish=Finish("length", "length", 2, 9)),
        why="Usage is null in every chunk until the one that tells it.",
    ),
    _chunks(
        name="choices-null",
        writes=(
            b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764023695,"model":"m","choices":null,"usage":null}\n\n',
            openai_chat(b'{"index":0,"delta":{"content":"Sleet"},"finish_reason":"length"}'),
            (
                b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764023695,"model":"m","choices":null,'
                b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}\n\n'
            ),
            DONE,
        ),
        right=said("Sleet", finish=Finish("length", "length", 1, 3)),
        why="Choices that are null are no choices: such a chunk says what else is in it.",
        source="RFC 8259, section 3: null is a value of its own; gateways in front of OpenAI's API write it for a list without members",
        bit=NO_CHOICES[1:],
    ),
    _chunks(
        name="members-that-nobody-knows",
        writes=(
            (
                b'data: {"id":"c","object":"chat.completion.chunk","created":1764023695,"model":"m","obfuscation":"x9","service_tier":null,"choices":[{'
                b'"index":0,"delta":{"content":"Mist","refusal":null,"annotations":[]},'
                b'"content_filter_results":{"hate":{"filtered":false}},"finish_reason":null}],"x":{"text":"no","content":"no"}}\n\n'
            ),
            openai_chat(b'{"index":0,"delta":{"content":"y","text":"no"},"finish_reason":"length"}', b',"generation":"no"'),
            DONE,
        ),
        right=said("Mist", "y", finish=LENGTH),
        why="Members that a reader does not know are read over, whatever they are called.",
        source="RFC 8259, section 4: an object may have any members; OpenAI adds members without a new version",
    ),
)

_CHOICES = (
    _vllm(
        name="two-choices-in-turns",
        writes=(
            OPENING,
            vllm_chat(b'{"index":0,"delta":{"content":"Left"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            vllm_chat(b'{"index":1,"delta":{"content":"Right"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            vllm_chat(b'{"index":1,"delta":{"content":" hand"},"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null}'),
            vllm_chat(b'{"index":0,"delta":{"content":" foot"},' + _END),
            DONE,
        ),
        right=said("Left", " foot", finish=LENGTH),
        why="Where several choices are asked for, their chunks come mixed and `index` tells them apart: one choice is one answer, and we read choice 0.",
    ),
    _chunks(
        name="two-choices-in-a-chunk",
        writes=(
            openai_chat(b'{"index":1,"delta":{"content":"no"},"finish_reason":null},{"index":0,"delta":{"content":"yes"},"finish_reason":null}'),
            openai_chat(b'{"index":1,"delta":{"content":"ne"},"finish_reason":"stop"},{"index":0,"delta":{"content":"!"},"finish_reason":"length"}'),
            DONE,
        ),
        right=said("yes", "!", finish=LENGTH),
        why="A choice is known by its index, not by its place in the list.",
        source=OPENAI,
    ),
    _chunks(
        name="choice-without-an-index",
        writes=(
            openai_chat(b'{"delta":{"role":"assistant","content":"One"},"finish_reason":null}'),
            openai_chat(b'{"delta":{"content":" way"},"finish_reason":"length"}'),
            DONE,
        ),
        right=said("One", " way", finish=LENGTH),
        why="A choice that does not number itself is the only one there is.",
        source="OpenAI's API reference has `index` as a number; servers with one choice leave it out",
    ),
    _chunks(
        name="index-that-counts-tokens",
        writes=(
            (
                b'data:{"id":"","object":"text_completion","created":1710508199,"model":"zephyr","system_fingerprint":"1.4.3-sha-e6bb3ff",'
                b'"choices":[{"index":1,"delta":{"role":"assistant","content":"I"},"logprobs":null,"finish_reason":null}]}\n\n'
            ),
            (
                b'data:{"id":"","object":"text_completion","created":1710508199,"model":"zephyr","system_fingerprint":"1.4.3-sha-e6bb3ff",'
                b'"choices":[{"index":2,"delta":{"role":"assistant","content":"\'"},"logprobs":null,"finish_reason":null}]}\n\n'
            ),
            (
                b'data:{"id":"","object":"text_completion","created":1710508199,"model":"zephyr","system_fingerprint":"1.4.3-sha-e6bb3ff",'
                b'"choices":[{"index":3,"delta":{"role":"assistant","content":"m"},"logprobs":null,"finish_reason":"length"}]}\n\n'
            ),
        ),
        right=said("I", "'", "m", finish=LENGTH),
        why="TGI before 1.4.4 has the token's number for an index; it never has a second choice, and its `object` beside a delta tells it from others.",
        source="text-generation-inference v1.4.3, router/src/lib.rs",
        bit=("https://github.com/huggingface/text-generation-inference/pull/1648",),
    ),
)

CASES = (*_ROLES, *_NOTHING_SAID, *_CHOICES)
