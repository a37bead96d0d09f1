"""How each version of Text Generation Inference writes chat completions and completions.

Source: huggingface/text-generation-inference at each version's tag: `router/src/lib.rs` (members and their order), `server.rs` and, since 3.0, `chat.rs` (what
each event holds). The role stands in every delta. Thoughts are text to it; of tools it knows its own grammar alone, whose bare JSON is what the versions before
3.0 write as a call's arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mock_server.containers.openai_form import NULL, Form, LogProbs, Template, chat_logprobs
from mock_server.containers.serde import format_f32
from mock_server.script import ScriptToken

RAW = {"eos_token": "eos_token", "length": "length", "stop_sequence": "stop_sequence", "tool_calls": "eos_token"}
PLAIN = {**RAW, "eos_token": "stop", "tool_calls": "stop"}
"""The reasons in TGI's own words, and with OpenAI's for the end token."""

_COUNTS: Template = {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}
_CHOICE: Template = {"index": 0, "delta": None, "logprobs": None, "finish_reason": None}
_WHOLE_CHOICE: Template = {"index": 0, "message": None, "logprobs": None, "finish_reason": None}
_TEXT_CHOICE: Template = {"index": 0, "text": None, "logprobs": None, "finish_reason": None}


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells the chats of one version from those of another."""

    version: str
    prefix: bytes
    is_tagged: bool = True
    """Whether `object` is the first member, and names the kind; else it is the second, and `text_completion`."""
    shows_special: bool = False
    usage: Literal["never", "within", "apart"] = "never"
    """Where a stream of chat tells its usage: nowhere, in the last chunk, or in one of its own."""
    tells_end: bool = False
    """Whether a stream's end has OpenAI's word for the end token and `[DONE]`, and whether a completion's has its reason and usage."""
    has_tool_lists: bool = False
    """Whether the deltas of a tool call are lists that name the tool; else they are its grammar's JSON, as it is generated."""


def chat_form(traits: Traits, failure: bytes, whole_failure: bytes) -> Form:
    """Return how a version writes chat completions; `failure` is its event where the model fails, and `whole_failure` its answer then."""
    head = _head(traits, "chat.completion.chunk")
    chunk: Template = {**head, "choices": [_CHOICE], **({} if traits.usage == "never" else {"usage": None})}
    return Form(
        chunk=chunk,
        last=chunk,
        usage={**head, "choices": [], "usage": _COUNTS} if traits.usage == "apart" else None,
        usage_within=_COUNTS if traits.usage == "within" else None,
        whole={**_head(traits, "chat.completion"), "choices": [_WHOLE_CHOICE], "usage": _COUNTS},
        message={"role": "assistant", "content": None},
        calling_message={"role": "assistant", "tool_calls": None},
        call={"id": None, "type": "function", "function": {"description": NULL, "name": None, "arguments": None}},
        id="",
        finish=PLAIN if traits.tells_end else RAW,
        logprobs=_f32_logprobs,
        trims_stop=False,
        shows_special=traits.shows_special,
        prefix=traits.prefix,
        done=traits.prefix + b"[DONE]\n\n" if traits.tells_end else b"",
        failure=failure,
        whole_failure=whole_failure,
        **_tools(lists=traits.has_tool_lists),
    )


def completion_form(traits: Traits, chat: Form) -> Form:
    """Return how a version writes completions of a bare prompt, where it writes chats as `chat`."""
    head = _head(traits, "text_completion")
    names = {name: head[name] for name in ("model", "system_fingerprint")}
    chunk = {name: value for name, value in head.items() if name not in names} | {"choices": [{**_TEXT_CHOICE, "finish_reason": ""}], **names}
    whole: Template = {**head, "choices": [_TEXT_CHOICE], "usage": _COUNTS}
    return replace(
        chat,
        chunk=chunk,
        last=whole if traits.tells_end else chunk,
        usage=None,
        usage_within=None,
        whole=whole,
        deltas={"text": {}},
        finish=RAW,
        whole_finish=chat.finish,
        shows_special=True,
    )


def _head(traits: Traits, kind: str) -> dict[str, Any]:
    names = {"created": None, "model": None, "system_fingerprint": f"{traits.version}-native"}
    return {"object": kind, "id": "", **names} if traits.is_tagged else {"id": "", "object": "text_completion", **names}


def _tools(*, lists: bool) -> dict[str, Any]:
    """Return the members of a form that are about tool calls."""
    call: Template = {"index": None, "id": None, "type": "function", "function": {"name": None, "arguments": None}}
    bare: Template = {"index": 0, "id": "", "type": "function", "function": {"name": NULL, "arguments": None}}
    delta: Template = {"role": "assistant", "tool_calls": [call] if lists else bare}
    return {
        "deltas": {"text": {"role": "assistant", "content": None}, "call": delta, "arguments": delta, "mark": None},
        "call_id": "{index}",
        "repeats_call_id": True,
        "call_opening": "{" if lists else '{"function": {"_name": "{name}"',
        "call_closing": "" if lists else "}",
        "parses_arguments": not lists,
    }


def _f32_logprobs(tokens: Sequence[ScriptToken], most: int, offset: int) -> Any:
    return _LOGPROBS([replace(token, logprob=float(format_f32(token.logprob))) for token in tokens], most, offset)


_LOGPROBS: LogProbs = chat_logprobs("token", "logprob")
