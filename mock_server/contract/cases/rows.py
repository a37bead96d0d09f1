"""What rows share: who writes so, and the members of chat chunks that say nothing about the text.

The ids and times are those that the twin draws from seed 0, so that a case that names a container is byte for byte what the twin's container writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backends.events import Finish
from mock_server.contract.case import Case, Format, Outcome


@dataclass(frozen=True, slots=True)
class By:
    """Who writes a body: its format, the content type that comes with it, and the twin's name of the container, if the twin has it."""

    format: Format
    content_type: str | None
    container: str = ""


LENGTH = Finish("length", "length")
"""The end that no special token comes with."""

SSE, JSON_LINES, JSON = "text/event-stream", "application/jsonlines", "application/json"

TGI_0_9 = By("token-sse", SSE, "tgi-0.9.4")
TGI_2_1 = By("token-sse", SSE, "tgi-2.1")
TGI_2_3 = By("token-sse", SSE, "tgi-2.3")
TGI_2_4 = By("token-sse", SSE, "tgi-2.4")
TGI_CHAT = By("chat-sse", SSE, "tgi-2.4")
LMI_0_23 = By("outputs-lines", JSON_LINES, "lmi-0.23")
LMI_0_24 = By("outputs-lines", JSON_LINES, "lmi-0.24")
LMI_0_25 = By("outputs-lines", JSON_LINES, "lmi-0.25")
LMI_0_28 = By("token-lines", JSON_LINES, "lmi-0.28")
LMI_0_29 = By("token-lines", JSON_LINES, "lmi-0.29")
LMI_0_30 = By("token-lines", JSON_LINES, "lmi-0.30")
LMI_0_36 = By("token-lines", JSON_LINES, "lmi-0.36")
LMI_COMPAT_0_28 = By("token-sse", SSE, "lmi-0.28-tgi-compat")
LMI_COMPAT = By("token-sse", SSE, "lmi-0.36-tgi-compat")
LMI_BEDROCK = By("bedrock-lines", JSON_LINES, "lmi-0.29-bedrock")
LMI_CHAT = By("chat-sse", SSE, "lmi-0.36")
LMI_CHAT_LINES = By("chat-lines", JSON_LINES, "lmi-0.31")
LMI_ASYNC = By("token-lines", JSON_LINES, "lmi-0.35-async-vllm")
LMI_ASYNC_CHAT = By("chat-lines", JSON_LINES, "lmi-0.35-async-vllm")
VLLM = By("chat-sse", "text/event-stream; charset=utf-8", "vllm-0.11.0")

TOKEN_EVENTS = By("token-sse", SSE)
CHAT_EVENTS = By("chat-sse", SSE)
COMPLETION_EVENTS = By("completion-sse", SSE)
TOKEN_LINES = By("token-lines", JSON_LINES)
OUTPUTS_LINES = By("outputs-lines", JSON_LINES)
"""Nobody in particular: the format as a proxy, another server or another version may frame it."""

TGI_CHUNK = (
    b'{"object":"chat.completion.chunk","id":"","created":1764023695,"model":"/opt/ml/model","system_fingerprint":"2.4.1-native",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":'
)
LMI_CHUNK = b'{"id": "chatcmpl-139740079303760", "object": "chat.completion.chunk", "created": 1795171127, "choices": [{"index": 0, "delta": {"content": '
VLLM_CHUNK = b'{"id":"chatcmpl-ac807256d04e1f3340feb93559cb6c3f","object":"chat.completion.chunk","created":1764023695,"model":"/opt/ml/model","choices":['
OPENAI_CHUNK = b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764023695,"model":"m","choices":['
OPENAI_COMPLETION = b'{"id":"cmpl-1","object":"text_completion","created":1764023695,"model":"m","choices":['
"""Beginnings of chunks, without `data: ` and up to where they differ; the last two have what OpenAI's API reference requires, for nobody in particular."""


def in_pieces(family: str, name: str, by: By, *writes: bytes, right: Outcome, also: tuple[Outcome, ...] = (), **members: Any) -> Case:
    """Return the case of a document that comes in fragments: who reads it when it is whole, and then fails, is right without a text of it."""
    silent = dict.fromkeys(Outcome((), outcome.error, outcome.says) for outcome in (right, *also) if outcome.error)
    more = (outcome for outcome in silent if outcome not in (right, *also))
    return row(family, name, by, *writes, right=right, also=(*also, *more), in_pieces=True, **members)


def row(family: str, name: str, by: By, *writes: bytes, right: Outcome, **members: Any) -> Case:
    """Return the case of one row: the parts literally, and what else a `Case` has by its name."""
    return Case(family=family, name=name, format=by.format, content_type=by.content_type, container=by.container, writes=writes, right=right, **members)
