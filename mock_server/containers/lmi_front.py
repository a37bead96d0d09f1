"""LMI's front end (DJL Serving, in Java): its routes, its headers, and the errors that it tells by itself.

Source: deepjavalibrary/djl-serving, the branch of each version: `InferenceRequestHandler.java` and `NettyUtils.java` (routes, headers, status, when a reply is
chunked), `RollingBatch.java`, from 0.33 on `Request.java` (how an error of Python's is told, and what is held back). Accept is not consulted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mock_server.containers.container import ContainerRequest, Headers, Reply

JSON = "application/json"
MODEL = "model"
"""The name that a model has where nobody gives it another."""
NO_CACHE: Headers = (
    ("pragma", "no-cache"),
    ("cache-control", "no-cache; no-store, must-revalidate, private"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 UTC"),
)
CONNECTION: Headers = (("connection", "keep-alive"),)
NOT_FOUND = {"code": 404, "type": "ResourceNotFoundException", "message": "Requested resource is not found, please refer to API document."}
TYPES = {400: "BadRequestException", 404: "ModelNotFoundException", 503: "ServiceUnavailableException", 507: "WlmOutOfMemoryException"}
"""What the front end names its own errors; any other is an `InternalServerException`."""
MODEL_FAILED = "the model failed"
BATCH_FAILED = b'{"code":424,"message":"Batch inference failed","properties":{},"content":{"keys":[],"values":[]},"cancelled":false}'
"""GSON's form of the frontend's own Output object; its members are read from the source, no container was run.

The code is that of Python's output, which `Output.error` (djl_python/outputs.py) has as 424; a PairList (djl's `PairList.java`) has `keys` and `values`. From
0.33 on the process's end is told in the same form by `AsyncRequestManager.java`, with 500 and "Inference Engine Failure".
"""

_HTML = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&='\u2028\u2029"})
_NAMED = re.compile(r"/(?:predictions/([^/]+)(?:/[^/]*)?|models/([^/]+)/invoke)")


def gson(value: Mapping[str, Any], indent: int | None = None) -> bytes:
    """Return JSON as GSON writes it: compact or printed, what HTML could take for its own escaped."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).translate(_HTML).encode()


def tell_as_python(code: int, error: str) -> bytes:
    """0.23 and 0.24: Python writes the error, and the front end takes the status from it."""
    return json.dumps({"code": code, "error": error}).encode()


def tell_printed(code: int, error: str) -> bytes:
    """0.25 and 0.26."""
    return gson({"error": error, "code": code}, indent=2)


def tell_compact(code: int, error: str) -> bytes:
    """0.27 and later."""
    return gson({"error": error, "code": code})


@dataclass(frozen=True, slots=True)
class Front:
    """The front end of one release."""

    tell: Callable[[int, str], bytes] = tell_compact
    """An error of Python's -> the chunk that tells it, in place of what Python wrote."""
    sets_status: bool = True
    """Whether such an error, where it comes first, is the HTTP status too; else that is 200."""
    held_tokens: int = 1
    """How many tokens leave together, behind the first one: `SERVING_ROLLING_BATCH_BUFFER` of 0.25 and 0.26."""
    is_plain_alone: bool = True
    """Whether a reply of one chunk leaves with its length, not chunked."""
    has_chat_route: bool = True

    def answer(self, request: ContainerRequest) -> Reply | None:
        """Return the reply to whatever is no invocation; None to an invocation."""
        path = request.path
        if path == "/ping":
            return json_reply(200, {MODEL: {"status": "Healthy"}}, request.seed)
        named = _NAMED.fullmatch(path)
        name = named[1] or named[2] if named else MODEL
        if not named and path != "/invocations" and not (self.has_chat_route and path == "/v1/chat/completions"):
            return json_reply(404, NOT_FOUND, request.seed)
        if name != MODEL:
            return front_error(404, f"Model or workflow not found: {name}", request.seed)
        return json_reply(200, {}, request.seed) if request.method == "OPTIONS" else None

    def head(self, content_type: str, seed: int, *, is_alone: bool = False) -> Reply:
        """Return the head of an answer; `is_alone` tells that it has one chunk."""
        return _reply(200, content_type, (), seed, is_chunked=not (is_alone and self.is_plain_alone))

    def refuse(self, code: int, error: str, seed: int, content_type: str = JSON) -> Reply:
        """Return the reply that is an error of Python's and nothing else."""
        status = code if self.sets_status else 200
        return _reply(status, content_type, [self.tell(code, error)], seed, is_chunked=not self.is_plain_alone)

    def fail_batch(self, seed: int, content_type: str) -> Reply:
        """Return the reply to a request over which the handler itself broke."""
        return _reply(200, content_type, [BATCH_FAILED], seed, is_chunked=not self.is_plain_alone)

    def failure(self, status: int, content_type: str) -> Reply:
        """Return how it fails with this status before it answers."""
        return self.refuse(status, MODEL_FAILED, 0, content_type) if self.sets_status else front_error(status, MODEL_FAILED, 0)


def front_error(status: int, message: str, seed: int) -> Reply:
    """Return an error of the front end's own."""
    return json_reply(status, {"code": status, "type": TYPES.get(status, "InternalServerException"), "message": message}, seed)


def json_reply(status: int, value: Mapping[str, Any], seed: int) -> Reply:
    """Return a reply of the front end's own: printed JSON and a line end."""
    return _reply(status, JSON, [gson(value, indent=2) + b"\n"], seed, is_chunked=False)


def _reply(status: int, content_type: str, writes: Sequence[bytes], seed: int, *, is_chunked: bool) -> Reply:
    headers = (("content-type", content_type), ("x-request-id", str(UUID(int=seed % 2**128, version=4))), *NO_CACHE, *CONNECTION)
    return Reply(status, headers, writes, (0,) * len(writes), is_chunked=is_chunked, head_waits=is_chunked)
