"""LMI's output formatters: what Python writes for each token of an answer, and for all of them.

Source: deepjavalibrary/djl-serving, the branch of each version: `djl_python/rolling_batch/rolling_batch.py` (to 0.27), `djl_python/output_formatter.py` and
`request_io.py` (0.28 and later). Everything is written by `json.dumps`, with a space behind commas and colons. The end token's text is text like any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from mock_server.containers.container import Generated
from mock_server.containers.lmi_writing import JSON, JSON_LINES, SSE, Writing, count_prompt, dumps, join
from mock_server.script import ScriptToken


class Outputs:
    """`jsonlines` of 0.24 and 0.25: nothing marks the end."""

    content_type: ClassVar[str] = JSON_LINES
    streams: ClassVar[bool] = True

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return a line each."""
        line = self._line
        return [line(token.text) for token in tokens]

    def last(self, answer: Generated) -> bytes:
        """Return a line like the others."""
        return self._line(answer.tokens[-1].text)

    @staticmethod
    @lru_cache(maxsize=65536)
    def _line(text: str) -> bytes:
        return dumps({"outputs": [text]}) + b"\n"


class EscapedOutputs(Outputs):
    """`jsonlines` of 0.23: nothing but ASCII."""

    @staticmethod
    @lru_cache(maxsize=65536)
    def _line(text: str) -> bytes:
        return json.dumps({"outputs": [text]}).encode() + b"\n"


class Tokens:
    """`jsonlines` since 0.26: the last line has the whole text."""

    content_type: ClassVar[str] = JSON_LINES
    streams: ClassVar[bool] = True

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return a line each."""
        write = self._writing.token
        return [_token_line(write, token) for token in tokens]

    def last(self, answer: Generated) -> bytes:
        """Return the line with the whole text, and details if they were asked for."""
        writing = self._writing
        line = {"token": writing.token(answer.tokens[-1]), "generated_text": writing.prefix + join(answer)}
        details = writing.details(answer)
        return dumps(line | {"details": details} if details else line) + b"\n"


@lru_cache(maxsize=65536)
def _token_line(write: Callable[[ScriptToken], dict[str, Any]], token: ScriptToken) -> bytes:
    return dumps({"token": write(token)}) + b"\n"


class TokenEvents(Tokens):
    """`sse`: the lines of `jsonlines` as server-sent events."""

    content_type: ClassVar[str] = SSE

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:
        """Return an event each."""
        return [b"data: " + line + b"\n" for line in super().tokens(tokens, start)]

    def last(self, answer: Generated) -> bytes:
        """Return the last event."""
        return b"data: " + super().last(answer) + b"\n"


class Fragments:
    """`json` to 0.28: one JSON document, dribbled out token by token, streamed or not; the prompt, if it is asked for, goes in as it is."""

    content_type: ClassVar[str] = JSON
    streams: ClassVar[bool] = True
    _escapes: ClassVar[bool] = False

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:
        """Return a fragment each, the first with the document's beginning."""
        fragments = [self._text(token) for token in tokens]
        if fragments and not start:
            fragments[0] = self._opening() + fragments[0]
        return fragments

    def last(self, answer: Generated) -> bytes:
        """Return the last fragment, with the document's end."""
        writing = self._writing
        fragment = b"".join(self.tokens(answer.tokens[-1:], answer.length - 1))
        details = writing.details(answer, with_tokens=True)
        end = b', "details": ' + dumps(details) if details else b""
        return fragment + b'"' + end + (b"}]" if writing.is_like_tgi else b"}")

    def _opening(self) -> bytes:
        return (b"[" if self._writing.is_like_tgi else b"") + b'{"generated_text": "' + self._writing.prefix.encode("utf-8", "replace")

    def _text(self, token: ScriptToken) -> bytes:
        return json.dumps(token.text, ensure_ascii=self._escapes)[1:-1].encode()


class EscapedFragments(Fragments):
    """`json` of 0.23: nothing but ASCII."""

    _escapes: ClassVar[bool] = True


class Whole:
    """`json` since 0.29: the whole answer at the end."""

    content_type: ClassVar[str] = JSON
    streams: ClassVar[bool] = False

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return nothing that leaves."""
        return (b"",) * len(tokens)

    def last(self, answer: Generated) -> bytes:
        """Return the answer."""
        return dumps(self._document(answer))

    def _document(self, answer: Generated) -> Any:
        writing = self._writing
        document: dict[str, Any] = {"generated_text": writing.prefix + join(answer)}
        details = writing.details(answer, with_tokens=True)
        if details:
            document |= {"details": details}
        return [document] if writing.is_like_tgi else document


class Bedrock:
    """`3p_stream`: the form that Bedrock takes; counts are of what has come so far."""

    content_type: ClassVar[str] = JSON_LINES
    streams: ClassVar[bool] = True

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._prompt_tokens = count_prompt(writing.asked)

    def tokens(self, tokens: Sequence[ScriptToken], start: int) -> Sequence[bytes]:
        """Return a line each, the first with how many tokens the prompt has."""
        return [self._line(token, count, None) for count, token in enumerate(tokens, start=start + 1)]

    def last(self, answer: Generated) -> bytes:
        """Return the line that says why it stopped."""
        return self._line(answer.tokens[-1], answer.length, answer.finish_reason)

    def _line(self, token: ScriptToken, count: int, reason: str | None) -> bytes:
        prompt_tokens = self._prompt_tokens if count == 1 else None
        body = {"generation": token.text, "prompt_token_count": prompt_tokens, "generation_token_count": count, "stop_reason": reason}
        metering = {"outputTokenCount": count} | ({"inputTokenCount": prompt_tokens} if count == 1 else {})
        return dumps({"body": body, "metering": metering, "content_type": JSON_LINES}) + b"\n"


class BedrockWhole(Whole):
    """`3p`: the same, whole."""

    def _document(self, answer: Generated) -> Any:
        prompt_tokens = count_prompt(self._writing.asked)
        body = {
            "generation": self._writing.prefix + join(answer),
            "prompt_token_count": prompt_tokens,
            "generation_token_count": answer.length,
            "stop_reason": answer.finish_reason,
        }
        return {"body": body, "metering": {"inputTokenCount": prompt_tokens, "outputTokenCount": answer.length}, "content_type": JSON}
