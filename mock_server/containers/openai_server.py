"""The HTTP side that vLLM and SGLang share: FastAPI's routes, statuses and headers, and what it says of a body that is none of a route's.

Sources: FastAPI's `routing.py` and `exceptions.py` (a body that is no JSON, members of another type, unknown paths), uvicorn's `server` header.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from mock_server.containers.container import Headers, Reply

JSON_TYPE = "application/json"
SERVER: Headers = (("server", "uvicorn"),)
JSON: Headers = (("content-type", JSON_TYPE), *SERVER)
STREAM = Reply(200, (("content-type", "text/event-stream; charset=utf-8"), *SERVER), is_chunked=True, head_waits=True)
WHOLE = Reply(200, JSON)

Model = TypeVar("Model", bound=BaseModel)


class BodyError(Exception):
    """A body is not what its route takes; `errors` are pydantic's, with FastAPI's places."""

    def __init__(self, errors: Sequence[Any]) -> None:
        super().__init__(str(errors))
        self.errors = errors


def json_reply(value: object, status: int = 200) -> Reply:
    """Return a response as Starlette's JSONResponse writes it."""
    return Reply(status, JSON, (orjson.dumps(value),), (0,))


def empty_reply(status: int = 200) -> Reply:
    """Return a response without a body."""
    return Reply(status, SERVER)


def no_route(paths: Mapping[str, Sequence[str]], path: str) -> Reply:
    """Return the answer to a path that is unknown, or that is not asked by this method; `paths` has the methods of each."""
    allowed = paths.get(path)
    if allowed is None:
        return json_reply({"detail": "Not Found"}, 404)
    reply = json_reply({"detail": "Method Not Allowed"}, 405)
    return Reply(reply.status, (*reply.headers, ("allow", ", ".join(allowed))), reply.writes, reply.tokens)


def parse_json(body: bytes) -> Any:
    """Return a body's JSON.

    Raises:
        BodyError: It is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        message, place = (error.msg, error.pos) if isinstance(error, json.JSONDecodeError) else (str(error), 0)
        raise BodyError([{"type": "json_invalid", "loc": ("body", place), "msg": "JSON decode error", "input": {}, "ctx": {"error": message}}]) from error


def read_model(model: type[Model], value: Any) -> Model:
    """Return a request that a route takes.

    Raises:
        BodyError: `value` is none.
    """
    try:
        return model.model_validate(value, from_attributes=True)
    except ValidationError as error:
        raise BodyError([{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]) from error
