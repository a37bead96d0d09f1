"""The chunks of completions, whose choices have a text of their own and no delta.

Source: OpenAI's API reference, and how TGI and vLLM keep to it.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish
from mock_server.contract.case import Case, said
from mock_server.contract.cases.chat_rows import DONE, SSE, SSE_UTF8
from mock_server.contract.cases.chunks import LENGTH

_completion = partial(Case, family="chunks", format="completion-sse", content_type=SSE)

CASES = (
    _completion(
        name="text-in-the-choice",
        container="vllm-0.11.0",
        content_type=SSE_UTF8,
        writes=(
            (
                b'data: {"id":"cmpl-ac807256d04e1f3340feb93559cb6c3f-0","object":"text_completion","created":1764023695,"model":"/opt/ml/model","choices":['
                b'{"index":0,"text":"Two","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}],"usage":null}\n\n'
            ),
            (
                b'data: {"id":"cmpl-ac807256d04e1f3340feb93559cb6c3f-0","object":"text_completion","created":1764023695,"model":"/opt/ml/model","choices":['
                b'{"index":0,"text":" owls","logprobs":null,"finish_reason":"length","stop_reason":null,"prompt_token_ids":null,"token_ids":null}],'
                b'"usage":null}\n\n'
            ),
            DONE,
        ),
        right=said("Two", " owls", finish=LENGTH),
        why="A completion's choice has its text as a member, and no delta.",
        source="vLLM v0.11.0, vllm/entrypoints/openai/serving_completion.py",
    ),
    _completion(
        name="finish-reason-empty",
        container="tgi-3.3",
        writes=(
            (
                b'data: {"object":"text_completion","id":"","created":1764023695,"choices":[{"index":0,"text":"Red","logprobs":null,"finish_reason":""}],'
                b'"model":"/opt/ml/model","system_fingerprint":"3.3.6-native"}\n\n'
            ),
            (
                b'data: {"object":"text_completion","id":"","created":1764023695,"model":"/opt/ml/model","system_fingerprint":"3.3.6-native","choices":['
                b'{"index":0,"text":" foxes","logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
            ),
            DONE,
        ),
        right=said("Red", " foxes", finish=Finish("length", "length", 2, 1)),
        why="TGI's completions have an empty finish reason in each chunk but the last: it is no end.",
        source="text-generation-inference v3.3.6, router/src/server.rs: the chunks of `completions`",
    ),
    _completion(
        name="completion-log-probabilities",
        container="vllm-0.11.0",
        content_type=SSE_UTF8,
        writes=(
            (
                b'data: {"id":"cmpl-ac807256d04e1f3340feb93559cb6c3f-0","object":"text_completion","created":1764023695,"model":"/opt/ml/model","choices":['
                b'{"index":0,"text":"Hare","logprobs":{"text_offset":[0],"token_logprobs":[-0.5],"tokens":["Hare"],"top_logprobs":[{"Hare":-0.5}]},'
                b'"finish_reason":"length","stop_reason":null,"prompt_token_ids":null,"token_ids":null}],"usage":null}\n\n'
            ),
            DONE,
        ),
        right=said("Hare", finish=LENGTH),
        why="A completion's log probabilities are lists side by side, of another form than a chat's: they must not cost the text.",
        source="vLLM v0.11.0, vllm/entrypoints/openai/serving_completion.py",
    ),
)
