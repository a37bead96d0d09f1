"""How Text Generation Inference writes what it generates in its own API: an event per token, or one object.

Source: huggingface/text-generation-inference at each version's tag: `router/src/lib.rs` (`StreamResponse`, `StreamDetails`, `Details`, `Token`), `server.rs`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mock_server.containers.alternatives import alternatives
from mock_server.containers.container import Generated
from mock_server.containers.serde import format_f32
from mock_server.containers.tgi_request import Generation
from mock_server.script import ScriptToken
from mock_server.tokenizer import split_text, token_id, token_logprob


@dataclass(frozen=True, slots=True)
class Style:
    """How one version writes an event."""

    prefix: bytes
    """How axum begins it: 0.6 without a space, 0.7 with one."""
    has_index: bool = True
    """Whether events are numbered from 1; since 1.4."""
    has_input_length: bool = False
    """Whether the details tell how long the prompt is; since 2.3."""


class EventWriter:
    """An event per token; the last one carries the whole text, and the details if they were asked for."""

    def __init__(self, style: Style, generation: Generation, seed: int) -> None:
        self._style, self._generation, self._seed = style, generation, seed
        self._index = 0
        self._top = generation.parameters.get("top_n_tokens") or 0

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        """Return the event of each token."""
        if self._top:
            return [self._event(token, b"null", b"null") for token in tokens]
        if not self._style.has_index:
            head, tail = self._style.prefix + b'{"token":', b',"generated_text":null,"details":null}\n\n'
            return [head + _token(token) + tail for token in tokens]
        first, self._index = self._index + 1, self._index + len(tokens)
        form = self._style.prefix + b'{"index":%d,"token":%b,"generated_text":null,"details":null}\n\n'
        return [form % (index, _token(token)) for index, token in enumerate(tokens, first)]

    def last(self, answer: Generated) -> Sequence[bytes]:
        """Return the last token's event."""
        details: dict[str, Any] | None = None
        if self._generation.parameters["details"]:
            length = {"input_length": self._generation.input_tokens} if self._style.has_input_length else {}
            details = details_of(answer, self._generation, self._seed) | length
        return [self._event(answer.tokens[-1], dumps(text_of(answer, self._generation)), dumps(details))]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return the event of a generation that failed."""
        return [self._style.prefix + dumps(GENERATION_FAILED) + b"\n\n"]

    def _event(self, token: ScriptToken, text: bytes, details: bytes) -> bytes:
        self._index += 1
        index = b'"index":%d,' % self._index if self._style.has_index else b""
        top = b',"top_tokens":[%b]' % b",".join(map(_token, alternatives(token, self._top))) if self._top else b""
        return b'%b{%b"token":%b%b,"generated_text":%b,"details":%b}\n\n' % (self._style.prefix, index, _token(token), top, text, details)


class WholeGenerationWriter:
    """One JSON object, or a list of it, when all is generated."""

    def __init__(self, generation: Generation, seed: int) -> None:
        self._generation, self._seed = generation, seed

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        """Return nothing that leaves."""
        return (b"",) * len(tokens)

    def last(self, answer: Generated) -> Sequence[bytes]:
        """Return the whole answer."""
        parameters, text = self._generation.parameters, dumps(text_of(answer, self._generation))
        members = {"generated_text": text}
        if parameters["details"] or parameters["decoder_input_details"]:
            details = self._details(answer)
            if (parameters["best_of"] or 1) > 1:
                details["best_of_sequences"] = b"[%b]" % _join({"generated_text": text, **details})
            if top := parameters.get("top_n_tokens"):
                details["top_tokens"] = _list(_list(map(_token, alternatives(token, top))) for token in answer.tokens)
            members["details"] = _join(details)
        body = _join(members)
        return [b"[%b]" % body if self._generation.is_compatible else body]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return the error in the answer's place."""
        return [dumps(GENERATION_FAILED)]

    def _details(self, answer: Generated) -> dict[str, bytes]:
        """Return the members of the details that every sequence has, each as its JSON."""
        details = {name: dumps(value) for name, value in details_of(answer, self._generation, self._seed).items()}
        prefill = _prefill(self._generation.inputs) if self._generation.parameters["decoder_input_details"] else ()
        return details | {"prefill": _list(prefill), "tokens": _list(map(_token, answer.tokens))}


FAILURE = "Request failed during generation: Server error: the model failed"
GENERATION_FAILED = {"error": FAILURE, "error_type": "generation"}


def text_of(answer: Generated, generation: Generation) -> str:
    """Return the generated text, behind the prompt if that is asked for."""
    return generation.inputs + answer.text if generation.parameters["return_full_text"] else answer.text


def details_of(answer: Generated, generation: Generation, seed: int) -> dict[str, Any]:
    """Return what a stream's details hold; the sampling seed is told where tokens are drawn, and is drawn by the request's `seed` if none is given."""
    drawn = None
    if generation.draws:
        given = generation.parameters["seed"]
        drawn = random.Random(seed).getrandbits(64) if given is None else given  # noqa: S311 - a seed, no secret
    return {"finish_reason": answer.finish_reason, "generated_tokens": answer.length, "seed": drawn}


def tokenize(text: str) -> list[dict[str, Any]]:
    """Return what /tokenize says of a text: each token with its place, counted in characters."""
    tokens, start = [], 0
    for piece in split_text(text):
        stop = start + len(piece.text)
        tokens.append({"id": token_id(piece.data), "text": piece.text, "start": start, "stop": stop})
        start = stop
    return tokens


def dumps(value: object) -> bytes:
    """Return a value as serde_json writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _prefill(inputs: str) -> Iterator[bytes]:
    """Yield the prompt's tokens; nothing predicts the first."""
    for position, piece in enumerate(split_text(inputs)):
        logprob = format_f32(token_logprob(piece.data, position)) if position else "null"
        yield b'{"id":%d,"text":%b,"logprob":%b}' % (token_id(piece.data), dumps(piece.text), logprob.encode())


@lru_cache(maxsize=65536)
def _token(token: ScriptToken) -> bytes:
    text = json.dumps(token.text, ensure_ascii=False)
    special = "true" if token.special else "false"
    return f'{{"id":{token.id},"text":{text},"logprob":{format_f32(token.logprob)},"special":{special}}}'.encode()


def _join(members: Mapping[str, bytes]) -> bytes:
    """Return an object whose members are JSON already."""
    return b"{%b}" % b",".join(b'"%b":%b' % (name.encode(), value) for name, value in members.items())


def _list(items: Iterable[bytes]) -> bytes:
    return b"[%b]" % b",".join(items)
