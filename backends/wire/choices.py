"""OpenAI's choices: chat and completion chunks, and whole completions.

Source: OpenAI's API reference, and what TGI, vLLM, SGLang and LMI make of it: LMI wraps log probabilities in a list and writes numbers for alternatives' texts.
"""

from __future__ import annotations

from typing import Any

from backends.events import Alternative, Reasoning, StreamEvent, Token, ToolCall
from backends.wire.documents import Document


def parse_text(text: Any) -> str:
    """Return a token's text.

    Raises:
        TypeError: It is none.
    """
    if text is None:  # a token that holds a part of a character, as some containers write it
        return ""
    if not isinstance(text, str):
        raise TypeError(f"text is {text!r}, expected a string")
    return text


def parse_id(identity: Any) -> int | None:
    """Return a token's id, None if it has none.

    Raises:
        TypeError: It is no whole number.
    """
    if isinstance(identity, list):  # LMI 0.27
        identity = identity[0] if identity else None
    if identity is not None and not isinstance(identity, int):
        raise TypeError(f"id is {identity!r}, expected a whole number")
    return identity


def parse_logprob(logprob: Any) -> float | None:
    """Return a token's log probability, None if it has none.

    Raises:
        TypeError: It is no number.
    """
    if logprob is not None and not isinstance(logprob, int | float):
        raise TypeError(f"log probability is {logprob!r}, expected a number")
    return logprob


def parse_choice(choice: Document) -> list[StreamEvent]:
    """Return the events of one choice: thoughts, text, calls."""
    delta = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
    events: list[StreamEvent] = []
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    if isinstance(reasoning, str):
        events.append(Reasoning(reasoning))
    content = delta.get("content")
    if isinstance(content, str) and content:
        events += _parse_content(content, choice.get("logprobs"))
    calls = delta.get("tool_calls") or ()
    return events + [_parse_tool_call(call, place) for place, call in enumerate([calls] if isinstance(calls, dict) else calls)]


def _parse_content(content: str, logprobs: Any) -> list[StreamEvent]:
    """Return the tokens of a delta: several where the log probabilities tell them apart without losing a character."""
    if isinstance(logprobs, list):  # LMI's chat formatter wraps them once more
        logprobs = logprobs[0] if logprobs else None
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not tokens or "".join(str(token.get("token")) for token in tokens) != content:
        tokens = [{**tokens[0], "token": content}] if tokens and len(tokens) == 1 else [{"token": content}]
    return [
        Token(parse_text(token["token"]), None, parse_logprob(token.get("logprob")), False, _parse_alternatives(token.get("top_logprobs"), token["token"]))
        for token in tokens
    ]


def _parse_alternatives(top_logprobs: Any, text: str) -> tuple[Alternative, ...]:
    """Return the alternatives; LMI gives one, the token itself, and writes a number where its text should be."""
    return tuple(Alternative(_alternative_text(other.get("token"), text), None, parse_logprob(other.get("logprob"))) for other in top_logprobs or ())


def _alternative_text(token: Any, text: str) -> str:
    return text if isinstance(token, int | float) else str(token or "")


def _parse_tool_call(call: Document, place: int) -> ToolCall:
    function = call.get("function") or {}
    return ToolCall(call.get("index") or place, call.get("id"), function.get("name"), function.get("arguments") or "")
