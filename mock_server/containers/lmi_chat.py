"""LMI's output formatters for chat completions, with the members and the slips that they have.

Source: deepjavalibrary/djl-serving, the branch of each version: `djl_python/rolling_batch/rolling_batch.py` (0.27), `djl_python/output_formatter.py` (later).
No chunk has a `model`; the role stands in the first token's delta alone, and is lost with it where a parser keeps that token back. `logprobs` of a chunk is a
list, by a comma too many, and its alternatives have the log probability for a token. A parser for tool calls loses the text around them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any, ClassVar

from mock_server.containers.container import Generated
from mock_server.containers.lmi_writing import JSON, JSON_LINES, SSE, Writing, count_prompt, dumps, inner, join
from mock_server.script import ScriptToken

DONE = b"data: [DONE]\n\n"


class ChatLines:
    """`jsonlines_chat`: a chunk a line."""

    content_type: ClassVar[str] = JSON_LINES
    streams: ClassVar[bool] = True

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._delta = _Deltas(writing)

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:
        """Return a line each; nothing for a token that a parser keeps back."""
        return [self._line(token, place, None) for place, token in enumerate(tokens, start=start)]

    def last(self, answer: Generated) -> bytes:
        """Return the line with the finish reason, a word of LMI's."""
        return self._line(answer.tokens[-1], answer.length - 1, finish_of(answer, self._writing))

    def _line(self, token: ScriptToken, place: int, reason: str | None) -> bytes:
        delta = self._delta.write(token, is_last=reason is not None)
        if delta is None:
            return b""
        logprobs = [{"content": [_logprob(token, token.logprob)]}] if self._writing.asked.parameters.get("logprobs") else None
        choice = {"index": 0, "delta": delta if place else delta | {"role": "assistant"}, "logprobs": logprobs, "finish_reason": reason}
        return dumps({**_head(self._writing, "chat.completion.chunk"), "choices": [choice]}) + b"\n"


class ChatEvents(ChatLines):
    """`sse_chat`: the same as server-sent events; `[DONE]` leaves with the last one."""

    content_type: ClassVar[str] = SSE

    def last(self, answer: Generated) -> bytes:
        """Return the last event and the sentinel."""
        return super().last(answer) + DONE

    def _line(self, token: ScriptToken, place: int, reason: str | None) -> bytes:
        line = super()._line(token, place, reason)
        return b"data: " + line + b"\n" if line else b""


class ChatFragments:
    """`json_chat` of 0.27 and 0.28: one document, dribbled out token by token."""

    content_type: ClassVar[str] = JSON
    streams: ClassVar[bool] = True

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:
        """Return a fragment each, the first with the document's beginning."""
        fragments = [inner(token.text) for token in tokens]
        if fragments and not start:
            message = {"role": "assistant", "content": ""}
            opening = dumps({**_head(self._writing, "chat.completion"), "choices": [{"index": 0, "message": message}]})
            fragments[0] = opening.removesuffix(b'"}}]}') + fragments[0]
        return fragments

    def last(self, answer: Generated) -> bytes:
        """Return the last fragment, with the document's end."""
        fragment = b"".join(self.tokens(answer.tokens[-1:], answer.length - 1))
        end = {"logprobs": _logprobs(answer, self._writing), "finish_reason": answer.finish_reason}
        usage = dumps({"choices": [end], "usage": _usage(answer, self._writing)})
        return fragment + b'"}, ' + usage.removeprefix(b'{"choices": [{')


class ChatWhole:
    """`json_chat` since 0.29: the whole completion at the end."""

    content_type: ClassVar[str] = JSON
    streams: ClassVar[bool] = False

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return nothing that leaves."""
        return (b"",) * len(tokens)

    def last(self, answer: Generated) -> bytes:
        """Return the completion."""
        writing = self._writing
        message = {"role": "assistant", **_message(answer, writing)}
        choice = {"index": 0, "message": message, "logprobs": _logprobs(answer, writing), "finish_reason": finish_of(answer, writing)}
        return dumps({**_head(writing, "chat.completion"), "choices": [choice], "usage": _usage(answer, writing)})


class _Deltas:
    """What each token is written as, by the parser that is at work."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._parser = parser_of(writing)
        self._index = -1

    def write(self, token: ScriptToken, *, is_last: bool) -> dict[str, Any] | None:
        """Return a token's delta, None if it is kept back."""
        if not self._parser:
            return {"content": token.text}
        if token.role == "mark" and not is_last:
            return None
        if self._parser == "reasoning":
            return {"reasoning_content" if token.role == "reasoning" else "content": token.text}
        return {"tool_calls": self._calls(token)}

    def _calls(self, token: ScriptToken) -> list[dict[str, Any]]:
        if token.role == "call":
            self._index += 1
            return [{"id": self._writing.call_id.format(self._index), "type": "function", "index": self._index, "function": {"name": token.name}}]
        if token.role == "arguments":
            return [{"index": max(self._index, 0), "function": {"arguments": token.text}}]
        return []


def parser_of(writing: Writing) -> str | None:
    """Return the parser that is at work: one for thoughts goes before one for calls, which works only where there are tools."""
    if "reasoning" in writing.parses:
        return "reasoning"
    return "call" if "call" in writing.parses and writing.asked.question.has_tools else None


def finish_of(answer: Generated, writing: Writing) -> str:
    """Return why an answer ended."""
    called = parser_of(writing) == "call" and any(token.role == "call" for token in answer.tokens)
    return "tool_calls" if called else answer.finish_reason


def _message(answer: Generated, writing: Writing) -> dict[str, Any]:
    parser = parser_of(writing)
    thoughts = "".join(token.text for token in answer.tokens if token.role == "reasoning")
    if parser == "reasoning" and thoughts:
        return {"reasoning_content": thoughts, "content": _text(answer.tokens)}
    calls = _whole_calls(answer, writing) if parser == "call" else []
    if not calls:
        return {"content": join(answer)}
    before = takewhile(lambda token: token.role != "call", answer.tokens)
    return {"content": _text(before) or None, "tool_calls": calls}


def _text(tokens: Iterable[ScriptToken]) -> str:
    return "".join(token.text for token in tokens if token.role == "text")


def _whole_calls(answer: Generated, writing: Writing) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    for token in answer.tokens:
        if token.role == "call":
            calls.append({"id": writing.call_id.format(len(calls)), "type": "function", "function": {"name": token.name, "arguments": ""}})
        elif token.role == "arguments" and calls:
            calls[-1]["function"]["arguments"] += token.text
    return calls


def _head(writing: Writing, kind: str) -> dict[str, Any]:
    return {"id": writing.id, "object": kind, "created": writing.created}


def _logprob(token: ScriptToken, other: str | float) -> dict[str, Any]:
    codes = [ord(character) for character in token.text] or None
    said = {"token": token.text, "logprob": token.logprob, "bytes": codes}
    return {**said, "top_logprobs": [{**said, "token": other}]}


def _logprobs(answer: Generated, writing: Writing) -> dict[str, Any] | None:
    if not writing.asked.parameters.get("logprobs"):
        return None
    return {"content": [_logprob(token, token.text) for token in answer.tokens]}


def _usage(answer: Generated, writing: Writing) -> dict[str, int]:
    prompt = count_prompt(writing.asked)
    return {"prompt_tokens": prompt, "completion_tokens": answer.length, "total_tokens": prompt + answer.length}
