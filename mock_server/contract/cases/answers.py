"""Answers as containers write them, around what stands between the quotes of each text; tokens are numbered from 1 and have the log probability -0.5.

Sources: djl-serving, `djl_python/output_formatter.py` and, to 0.27, `rolling_batch/rolling_batch.py`; text-generation-inference, `router/src/lib.rs`; vLLM
v0.11.0, `vllm/entrypoints/openai/serving_chat.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from backends.events import Finish, Token
from mock_server.contract.case import Case, Outcome, said
from mock_server.contract.cases.rows import LMI_0_23, LMI_0_24, LMI_0_28, SSE, TGI_2_4, VLLM, VLLM_CHUNK, By, row

LOGPROB = -0.5


def tgi(*texts: bytes, prefix: bytes = b"data: ") -> tuple[bytes, ...]:
    """Return TGI's events: an answer of these tokens, as 2.1 and later write it; `data:` without a space is 1.4's."""
    form = b'%b{"index":%d,"token":{"id":%d,"text":"%b","logprob":-0.5,"special":false},"generated_text":%b,"details":null}\n\n'
    return tuple(form % (prefix, index, index, text, whole) for index, (text, whole) in enumerate(_with_whole(texts, b"null"), 1))


def lmi(*texts: bytes) -> tuple[bytes, ...]:
    """Return LMI's JSON lines, as 0.28 and later write them."""
    form = b'{"token": {"id": %d, "text": "%b", "log_prob": -0.5}%b}\n'
    lines = enumerate(_with_whole(texts, b""), 1)
    return tuple(form % (index, text, whole and b', "generated_text": ' + whole) for index, (text, whole) in lines)


def outputs(*texts: bytes) -> tuple[bytes, ...]:
    """Return LMI's lines of 0.23 (where the text is ASCII), 0.24 and dynamic batching, whose end nothing marks."""
    return tuple(b'{"outputs": ["%b"]}\n' % text for text in texts)


def vllm(*texts: bytes) -> tuple[bytes, ...]:
    """Return vLLM's chat chunks, the last one with the reason `length`, and `[DONE]`."""
    form = b'data: %b{"index":0,"delta":{%b},"logprobs":null,"finish_reason":%b}]%b}\n\n'
    opening = form % (VLLM_CHUNK, b'"role":"assistant","content":""', b"null", b',"prompt_token_ids":null')
    chunks = [form % (VLLM_CHUNK, b'"content":"%b"' % text, b'null,"token_ids":null', b"") for text in texts[:-1]]
    last = form % (VLLM_CHUNK, b'"content":"%b"' % texts[-1], b'"length","stop_reason":null,"token_ids":null', b"")
    return (opening, *chunks, last, b"data: [DONE]\n\n")


def numbered(*texts: str) -> Outcome:
    """Return what `tgi` and `lmi` rows of these texts mean."""
    return said(*(Token(text, index, LOGPROB) for index, text in enumerate(texts, 1)))


def chatted(*texts: str) -> Outcome:
    """Return what `vllm` rows of these texts mean."""
    return said(*texts, finish=Finish("length", "length"))


def _with_whole(texts: Sequence[bytes], before: bytes) -> Sequence[tuple[bytes, bytes]]:
    """Return each text with what its row's `generated_text` is, `before` the last."""
    return [(text, before) for text in texts[:-1]] + [(texts[-1], b'"%b"' % b"".join(texts))]


@dataclass(frozen=True, slots=True)
class Form:
    """How one container writes an answer, and what that means."""

    by: By
    write: Callable[..., tuple[bytes, ...]]
    mean: Callable[..., Outcome]


FORMS: Mapping[str, Form] = {
    "lmi-0.23": Form(LMI_0_23, outputs, said),
    "lmi-0.24": Form(LMI_0_24, outputs, said),
    "lmi-0.28": Form(LMI_0_28, lmi, numbered),
    "tgi-1.4": Form(By("token-sse", SSE, "tgi-1.4"), partial(tgi, prefix=b"data:"), numbered),
    "tgi-2.4": Form(TGI_2_4, tgi, numbered),
    "vllm-0.11.0": Form(VLLM, vllm, chatted),
}
"""Container -> its form."""


def answer(container: str, *raw: bytes, texts: Sequence[str], **members: Any) -> Case:
    """Return the case of a container's answer: each token's text as it stands between its quotes, the texts that these are, and what else a case has."""
    form = FORMS[container]
    return row(members.pop("family"), members.pop("name"), form.by, *form.write(*raw), right=form.mean(*texts), **members)
