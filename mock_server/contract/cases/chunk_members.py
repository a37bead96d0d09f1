"""What chunks hold beside the answer's text: thoughts and log probabilities.

Source: OpenAI's API reference, and how TGI, vLLM, SGLang and LMI keep to it.
"""

from __future__ import annotations

from functools import partial

from backends.events import Alternative, Reasoning, Token
from mock_server.contract.case import Case, Outcome, said
from mock_server.contract.cases.chat_rows import DONE, JSON_LINES, LMI, SGLANG, SSE, SSE_UTF8, VLLM, lmi_chat, openai_chat, sglang_chat, vllm_chat
from mock_server.contract.cases.chunks import LENGTH, THOUGHTS

_chunks = partial(Case, family="chunks", format="chat-sse", content_type=SSE)
_vllm = partial(_chunks, container="vllm-0.11.0", content_type=SSE_UTF8, source=VLLM)
_lmi = partial(_chunks, format="chat-lines", content_type=JSON_LINES, source=LMI)

_THOUGHTS = (
    _vllm(
        name="thoughts-before-the-answer",
        writes=(
            vllm_chat(b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}', b',"prompt_token_ids":null'),
            vllm_chat(b'{"index":0,"delta":{"reasoning_content":"Two"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            vllm_chat(b'{"index":0,"delta":{"reasoning_content":" primes"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            vllm_chat(b'{"index":0,"delta":{"content":"Five"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}'),
            DONE,
        ),
        right=Outcome((Reasoning("Two"), Reasoning(" primes"), Token("Five"), LENGTH)),
        why="A delta with thoughts has no content: the thoughts are no text of the answer, and the delta is no mistake.",
        bit=THOUGHTS,
    ),
    _vllm(
        name="thoughts-under-two-names",
        container="vllm-0.14.1",
        writes=(
            vllm_chat(
                b'{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null},"logprobs":null,"finish_reason":null}',
                b',"prompt_token_ids":null',
            ),
            vllm_chat(b'{"index":0,"delta":{"reasoning":"Odd","reasoning_content":"Odd"},"logprobs":null,"finish_reason":null,"token_ids":null}'),
            vllm_chat(
                b'{"index":0,"delta":{"content":"Seven","reasoning_content":null},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}'
            ),
            DONE,
        ),
        right=Outcome((Reasoning("Odd"), Token("Seven"), LENGTH)),
        why="vLLM 0.14 writes a thought as `reasoning` and, for those who know the old name, as `reasoning_content`: it is thought once.",
        source="vLLM v0.14.1, vllm/entrypoints/openai/protocol.py",
        bit=THOUGHTS,
    ),
    _chunks(
        name="thoughts-under-the-new-name",
        writes=(
            openai_chat(b'{"index":0,"delta":{"reasoning":"Even"},"finish_reason":null}'),
            openai_chat(b'{"index":0,"delta":{"content":"Eight"},"finish_reason":"length"}'),
            DONE,
        ),
        right=Outcome((Reasoning("Even"), Token("Eight"), LENGTH)),
        why="`reasoning` alone is a thought, too.",
        source="vLLM v0.14.1, vllm/entrypoints/openai/protocol.py, which has `reasoning` for the name and `reasoning_content` for its copy",
        bit=THOUGHTS,
    ),
    _chunks(
        name="thoughts-among-nulls",
        container="sglang-0.5.4",
        content_type=SSE_UTF8,
        writes=(
            sglang_chat(
                b'{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null,"tool_calls":null},'
                b'"logprobs":null,"finish_reason":null,"matched_stop":null}'
            ),
            sglang_chat(
                b'{"index":0,"delta":{"role":null,"content":null,"reasoning_content":"Sum","tool_calls":null},'
                b'"logprobs":null,"finish_reason":null,"matched_stop":null}'
            ),
            sglang_chat(
                b'{"index":0,"delta":{"role":null,"content":"Nine","reasoning_content":null,"tool_calls":null},'
                b'"logprobs":null,"finish_reason":null,"matched_stop":null}'
            ),
            sglang_chat(
                b'{"index":0,"delta":{"role":null,"content":null,"reasoning_content":null,"tool_calls":null},'
                b'"logprobs":null,"finish_reason":"length","matched_stop":null}'
            ),
            DONE,
        ),
        right=Outcome((Reasoning("Sum"), Token("Nine"), LENGTH)),
        why="Where every member is written, the one that is not null tells what the delta is.",
        source=SGLANG,
        bit=THOUGHTS,
    ),
    _lmi(
        name="thoughts-in-lines",
        container="lmi-0.32-reasoning",
        writes=(
            lmi_chat(b'{"index": 0, "delta": {"reasoning_content": "Hm."}, "logprobs": null, "finish_reason": null}') + b"\n",
            lmi_chat(b'{"index": 0, "delta": {"content": " Ten"}, "logprobs": null, "finish_reason": "length"}') + b"\n",
        ),
        right=Outcome((Reasoning("Hm."), Token(" Ten"), LENGTH)),
        why="LMI's lines of a model that thinks have the same members; no delta has a role.",
        bit=THOUGHTS,
    ),
    _lmi(
        name="thoughts-beside-the-role",
        format="chat-sse",
        container="lmi-0.36-reasoning",
        content_type=SSE,
        writes=(
            b"data: %b\n\n" % lmi_chat(b'{"index": 0, "delta": {"reasoning_content": "Hm.", "role": "assistant"}, "logprobs": null, "finish_reason": null}'),
            b"data: %b\n\n" % lmi_chat(b'{"index": 0, "delta": {"content": " Ten"}, "logprobs": null, "finish_reason": "length"}') + DONE,
        ),
        right=Outcome((Reasoning("Hm."), Token(" Ten"), LENGTH)),
        why="LMI 0.36 writes a thought into the first delta, beside the role.",
        source="djl-serving 0.36.0-dlc, djl_python/output_formatter.py",
        bit=THOUGHTS,
    ),
)

_LOGPROBS = (
    _vllm(
        name="log-probabilities",
        writes=(
            vllm_chat(
                b'{"index":0,"delta":{"content":"Oak"},"logprobs":{"content":[{"token":"Oak","logprob":-0.05,"bytes":[79,97,107],"top_logprobs":['
                b'{"token":"Oak","logprob":-0.05,"bytes":[79,97,107]},{"token":" a","logprob":-0.75,"bytes":[32,97]}]}]},"finish_reason":null,"token_ids":null}'
            ),
            vllm_chat(
                b'{"index":0,"delta":{"content":"s"},"logprobs":{"content":[{"token":"s","logprob":-9999.0,"bytes":[115],"top_logprobs":[]}]},'
                b'"finish_reason":"length","stop_reason":null,"token_ids":null}'
            ),
            DONE,
        ),
        right=said(
            Token("Oak", None, -0.05, alternatives=(Alternative("Oak", None, -0.05), Alternative(" a", None, -0.75))),
            Token("s", None, -9999.0),
            finish=LENGTH,
        ),
        why="Log probabilities stand beside the delta, a list of tokens with their alternatives; the text is the delta's.",
    ),
    _vllm(
        name="log-probabilities-of-a-broken-character",
        container="",
        writes=(
            vllm_chat(
                b'{"index":0,"delta":{"content":"?"},"logprobs":{"content":[{"token":"\xef\xbf\xbd","logprob":-0.25}]},"finish_reason":"length","stop_reason":null}'
            ),
            DONE,
        ),
        right=said(Token("?", None, -0.25), finish=LENGTH),
        why="The one token's log probability is the delta's, whatever text stands beside it: the delta's is the answer's.",
    ),
    _lmi(
        name="log-probabilities-in-a-list",
        container="lmi-0.32",
        writes=(
            lmi_chat(
                b'{"index": 0, "delta": {"content": "Elm", "role": "assistant"}, "logprobs": [{"content": [{"token": "Elm", "logprob": -0.25, '
                b'"bytes": [69, 108, 109], "top_logprobs": [{"token": -0.25, "logprob": -0.25, "bytes": [69, 108, 109]}]}]}], "finish_reason": null}'
            )
            + b"\n",
            lmi_chat(
                b'{"index": 0, "delta": {"content": "s"}, "logprobs": [{"content": [{"token": "s", "logprob": -0.5, '
                b'"bytes": [115], "top_logprobs": [{"token": -0.5, "logprob": -0.5, "bytes": [115]}]}]}], "finish_reason": "length"}'
            )
            + b"\n",
        ),
        right=said(
            Token("Elm", None, -0.25, alternatives=(Alternative("Elm", None, -0.25),)),
            Token("s", None, -0.5, alternatives=(Alternative("s", None, -0.5),)),
            finish=LENGTH,
        ),
        why="LMI wraps the log probabilities in a list, by a comma too many, and has a number where an alternative's text should be.",
    ),
    _vllm(
        name="two-tokens-in-a-delta",
        writes=(
            vllm_chat(
                b'{"index":0,"delta":{"content":"Ash tree"},"logprobs":{"content":[{"token":"Ash","logprob":-0.1,"bytes":[65,115,104],"top_logprobs":[]},'
                b'{"token":" tree","logprob":-0.2,"bytes":[32,116,114,101,101],"top_logprobs":[]}]},'
                b'"finish_reason":"length","stop_reason":null,"token_ids":null}'
            ),
            DONE,
        ),
        right=said(Token("Ash", None, -0.1), Token(" tree", None, -0.2), finish=LENGTH),
        also=(said("Ash tree", finish=LENGTH),),
        why="A delta holds as many tokens as a step made. Where log probabilities tell them apart we give each, and one piece of text is as right.",
    ),
    _vllm(
        name="log-probabilities-with-half-characters",
        writes=(
            vllm_chat(
                '{"index":0,"delta":{"content":"木"},"logprobs":{"content":[{"token":"\ufffd","logprob":-0.1,"bytes":[230,156],"top_logprobs":[]},'
                '{"token":"\ufffd","logprob":-0.2,"bytes":[168],"top_logprobs":[]}]},"finish_reason":"length","stop_reason":null,"token_ids":null}'.encode()
            ),
            DONE,
        ),
        right=said("木", finish=LENGTH),
        why="A token that is a part of a character has no text of its own, so what log probabilities call tokens is not the text: the delta is.",
    ),
)

CASES = (*_THOUGHTS, *_LOGPROBS)
