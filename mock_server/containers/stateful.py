"""Stateful sessions as containers answer for them, before they look at anything else in a request: one row per dialect.

Sources: deepjavalibrary/djl-serving `session_utils.py`, `session_manager.py` and `vllm_async_service.py` (LMI's asynchronous handler); and
aws/model-hosting-container-standards `sagemaker/sessions`, which vLLM's `entrypoints/sagemaker` has in front of `/invocations`, errors told as vLLM tells
them. In both, as they are written, the first request behind a session's end is answered as if it named none; only then is the id unknown: to the library at
once, to DJL when the next session was opened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from mock_server.containers.container import Container, ContainerRequest, Reply, Taken
from mock_server.containers.lmi_front import Front
from mock_server.containers.openai_server import JSON_TYPE, SERVER, json_reply
from mock_server.operation import SESSION_HEADER
from mock_server.sessions import Sessions

NEW_SESSION = "NEW_SESSION"
CLOSE = "CLOSE"
NEW_SESSION_HEADER = "x-amzn-sagemaker-new-session-id"
CLOSED_SESSION_HEADER = "x-amzn-sagemaker-closed-session-id"
FAILED = 424
DJL = Front()
PROMPTS = ("prompt", "inputs", "messages")
"""What makes a request DJL's model's, whatever else it says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of sessions."""

    id: str
    """Empty for none."""
    body: Mapping[str, Any]
    seed: int

    @property
    def names_session(self) -> bool:
        """Whether it has the id of one."""
        return self.id not in {"", NEW_SESSION}


Dialect: TypeAlias = Callable[[Asked, Sessions], Reply | None]
"""Returns what a container answers by itself, None where the request is for its model."""


def handle(container: Container, request: ContainerRequest) -> Reply | Taken:
    """Return a container's answer to a request on any path, with the endpoint's sessions where it has them."""
    sessions, family = request.sessions, family_of(container)
    asked = _read(request) if sessions is not None and family else None
    if sessions is None or family is None or asked is None or not family.reaches(request):
        return container.handle(request)
    named = sessions.find(asked.id)
    is_over = named is not None and sessions.is_over(named)
    answer = family.answer(asked, sessions) or container.handle(request)
    return _noted(answer, f"the session {asked.id} is over: answered as if none were named") if is_over and isinstance(answer, Taken) else answer


def _noted(taken: Taken, note: str) -> Taken:
    return replace(taken, head=replace(taken.head, note=note))


def _read(request: ContainerRequest) -> Asked | None:
    """Return what a request says, None if its body is no JSON object: the container says that by itself."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return Asked(request.headers.get(SESSION_HEADER, ""), body, request.seed) if isinstance(body, dict) else None


def _answer_as_djl(asked: Asked, sessions: Sessions) -> Reply | None:
    if asked.names_session and sessions.find(asked.id) is None:
        return DJL.refuse(FAILED, f"Input parsing failed: session not found: {asked.id}", asked.seed)
    if "requestType" not in asked.body or any(name in asked.body for name in PROMPTS):
        return None
    kind = asked.body["requestType"]
    if kind == NEW_SESSION:
        session = sessions.open(asked.seed)
        return _tell_djl(f"Session {session.id} created", SESSION_HEADER, session.header, asked.seed)
    if kind != CLOSE:
        problem = f"invalid payload. request type must be one of dict_keys(['{NEW_SESSION}', '{CLOSE}'])"
        return DJL.refuse(FAILED, f"Input parsing failed: {problem}", asked.seed)
    if not asked.names_session:
        problem = f"session not found: {asked.id}" if asked.id else "invalid session_id: None"
        return DJL.refuse(FAILED, f"Failed to close session: {problem}", asked.seed)
    sessions.close(asked.id)
    return _tell_djl(f"Session {asked.id} closed", CLOSED_SESSION_HEADER, asked.id, asked.seed)


def _tell_djl(result: str, header: str, value: str, seed: int) -> Reply:
    head = DJL.head(JSON_TYPE, seed, is_alone=True)
    return replace(head, headers=(*head.headers, (header, value)), writes=(json.dumps({"result": result}).encode() + b"\n",), tokens=(0,))


class RequestType(StrEnum):
    """What a request wants of a session."""

    NEW_SESSION = NEW_SESSION
    CLOSE = CLOSE


class SessionRequest(BaseModel):
    """The body of a request about a session, and nothing besides."""

    model_config = ConfigDict(extra="forbid")

    requestType: RequestType  # noqa: N815 - its name on the wire


def _answer_as_library(asked: Asked, sessions: Sessions) -> Reply | None:
    wanted = None
    if "requestType" in asked.body:
        try:
            wanted = SessionRequest.model_validate(asked.body).requestType
        except ValidationError as error:
            return _refuse_as_vllm(HTTPStatus.BAD_REQUEST, error.json(include_url=False))
    if asked.names_session and not _pass(asked.id, sessions):
        return _refuse_as_vllm(HTTPStatus.BAD_REQUEST, f"Bad request: session not found: {asked.id}")
    if wanted is None:
        return None
    if wanted == RequestType.NEW_SESSION:
        session = sessions.open(asked.seed)
        return _tell_plainly(f"Session {session.id} created", NEW_SESSION_HEADER, session.header)
    if sessions.find(asked.id) is None:
        problem = f"session not found: {asked.id}" if asked.id else "invalid session_id: None"
        return _refuse_as_vllm(HTTPStatus.FAILED_DEPENDENCY, f"Failed to close session: {problem}")
    sessions.close(asked.id)
    return _tell_plainly(f"Session {asked.id} closed", CLOSED_SESSION_HEADER, asked.id)


def _pass(session_id: str, sessions: Sessions) -> bool:
    """Return whether an id is known; one whose session is over is so for the last time."""
    session = sessions.find(session_id)
    if session is not None and sessions.is_over(session):
        sessions.close(session_id)
    return session is not None


def _tell_plainly(text: str, header: str, value: str) -> Reply:
    return Reply(200, (*SERVER, (header, value)), (text.encode(),), (0,))


def _refuse_as_vllm(status: HTTPStatus, message: str) -> Reply:
    return json_reply({"error": {"message": message, "type": status.phrase, "param": None, "code": status.value}}, status.value)


@dataclass(frozen=True, slots=True)
class StatefulFamily:
    """How the containers of one family keep sessions."""

    answer: Dialect
    reaches: Callable[[ContainerRequest], bool]
    """Whether a request, whose body is a JSON object, gets as far as that."""


FAMILIES = {
    "lmi": StatefulFamily(_answer_as_djl, lambda request: DJL.answer(request) is None),
    "vllm": StatefulFamily(
        _answer_as_library,
        lambda request: (request.method, request.path, _type_of(request)) == ("POST", "/invocations", JSON_TYPE),
    ),
}


def family_of(container: Container) -> StatefulFamily | None:
    """Return how a container keeps sessions, None where it cannot."""
    return FAMILIES.get(container.name.partition("-")[0])


def _type_of(request: ContainerRequest) -> str:
    return (request.content_type or "").lower().partition(";")[0]
