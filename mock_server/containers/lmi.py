"""AWS Large Model Inference (DJL Serving): JSON lines, one per token, written as Python's `json.dumps` writes.

Source: deepjavalibrary/djl-serving, branch of each version: `engines/python/setup/djl_python/huggingface.py` and `rolling_batch/` write the lines and refuse
requests; `RollingBatch.java`, `InferenceRequestHandler.java` and `NettyUtils.java` write the HTTP around them. Neither Accept nor `stream` is consulted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from backends.endpoints import Accepts
from mock_server.containers.container import ContainerRequest, Generated, Headers, Question, Reply, Taken
from mock_server.script import ScriptToken

DEFAULT_MAX_NEW_TOKENS = 30
NO_CACHE: Headers = (
    ("pragma", "no-cache"),
    ("cache-control", "no-cache; no-store, must-revalidate, private"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 UTC"),
)
KEEP_ALIVE: Headers = (("connection", "keep-alive"),)
NOT_FOUND = {"code": 404, "type": "ResourceNotFoundException", "message": "Requested resource is not found, please refer to API document."}
BATCH_FAILED = b'{"code":424,"message":"Batch inference failed","properties":{},"content":{"keys":[],"values":[]},"cancelled":false}'
"""GSON's form of the frontend's own Output object; its members are read from the source, no container was run."""


@dataclass(frozen=True, slots=True)
class Lmi:
    """One version of LMI with rolling batch and `option.output_formatter=jsonlines`."""

    name: str
    accepts: tuple[Accepts, ...] = ("inputs",)

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path: `/invocations` and `/ping` are known."""
        if request.path == "/ping":
            return _json_reply(200, {"model": {"status": "Healthy"}}, request.seed)
        if request.path != "/invocations":
            return _json_reply(404, NOT_FOUND, request.seed)
        if request.method == "OPTIONS":
            return _json_reply(200, {}, request.seed)
        return self._invoke(request)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: the handler's error becomes the first chunk and the status."""
        return _stream(status, [_dumps({"code": status, "error": "the model failed"})], 0)

    def _invoke(self, request: ContainerRequest) -> Reply | Taken:
        try:
            members = json.loads(request.body.decode())
            inputs = members.pop("inputs", members)
            parameters = members.pop("parameters", {})
        except (ValueError, TypeError, AttributeError, RecursionError) as error:  # the very statements of its handler, so the very texts of its errors
            return _stream(424, [_dumps({"code": 424, "error": str(error)})], request.seed)
        prompt = inputs[0] if isinstance(inputs, list) and len(inputs) == 1 else inputs
        limits = _read_limits(parameters)
        if not isinstance(prompt, str) or limits is None:
            return _stream(200, [BATCH_FAILED], request.seed)
        return Taken(Question(prompt, *limits), _stream(200, (), request.seed), _OutputsWriter())


class _OutputsWriter:
    """A line per token; the end token's text is text like any other."""

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        return [_outputs(token.text) for token in tokens]

    def last(self, answer: Generated) -> Sequence[bytes]:
        return [_outputs(answer.tokens[-1].text)]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        return [_dumps({"code": 500, "error": "the model failed"})]


def _read_limits(parameters: Any) -> tuple[int, Sequence[str]] | None:
    """Return `max_new_tokens` and `stop_sequences` (`stop` is not known here), None where the batch would fail over them."""
    if not isinstance(parameters, dict):
        return None
    most, stop = parameters.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS), parameters.get("stop_sequences", [])
    if not isinstance(most, int) or not isinstance(stop, list) or not all(isinstance(word, str) for word in stop):
        return None
    return most, stop


@lru_cache(maxsize=65536)
def _outputs(text: str) -> bytes:
    return _dumps({"outputs": [text]}) + b"\n"


def _dumps(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()


def _stream(status: int, writes: Sequence[bytes], seed: int) -> Reply:
    headers = (("content-type", "application/jsonlines"), _request_id(seed), *NO_CACHE, *KEEP_ALIVE)
    return Reply(status, headers, writes, (0,) * len(writes), is_chunked=True, head_waits=True)


def _json_reply(status: int, value: Mapping[str, Any], seed: int) -> Reply:
    body = json.dumps(value, indent=2).encode() + b"\n"
    return Reply(status, (("content-type", "application/json"), _request_id(seed), *NO_CACHE, *KEEP_ALIVE), (body,), (0,))


def _request_id(seed: int) -> tuple[str, str]:
    return "x-request-id", str(UUID(int=seed % 2**128, version=4))


LMI = (Lmi("lmi-0.23"),)
