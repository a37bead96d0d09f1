"""SageMaker's neighbours, S3, STS, IAM, logs and others, which moto plays: it is imported at the first request for one of them, and no flag is needed.

A twin that nobody asks for them never pays for it. Uploads live in the twin's memory, so they are bounded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from threading import Lock
from types import ModuleType

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.control.neighbour_errors import Refusal, refusal_for

logger = logging.getLogger("streamtwin.control")

MAX_UPLOAD_BYTES = 64 * 1024 * 1024
"""The longest body of one request; boto3 uploads what is longer in parts of 8 MiB."""
MAX_STORED_BYTES = 1024 * 1024 * 1024
"""How much S3 holds in all."""
INSTALL = "pip install a2wsgi flask flask-cors moto"
TOO_LARGE = Refusal(f"Your proposed upload exceeds the maximum allowed size: the twin takes {MAX_UPLOAD_BYTES} bytes in one request", "EntityTooLarge")
FULL = Refusal(f"the twin's S3 holds {MAX_STORED_BYTES} bytes and no more: delete objects, or reset the twin", "EntityTooLarge")
_importing = Lock()
_imported: list[ModuleType] = []


def loaded_moto() -> ModuleType | None:
    """Return `moto_mount` where some request of this process has needed it, whole; None where none has."""
    return _imported[0] if _imported else None


def _load() -> ModuleType:
    """Import moto; raises ImportError."""
    with _importing:
        if not _imported:
            _imported.append(import_module("mock_server.control.moto_mount"))
        return _imported[0]


class Neighbours:
    """The ASGI application of all services but SageMaker's.

    Args:
        prepare: Is awaited before each request, in the place of one that has moto already.
    """

    def __init__(self, prepare: Callable[[Scope], Awaitable[None]] | None = None) -> None:
        self._prepare = prepare

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let moto answer, or refuse what is too long, or what needs a moto that is not installed."""
        body = await _read_body(receive)
        if body is not None:
            answering = await self._find_app(scope, body)
            await answering(scope, _replay(body), send)

    async def _find_app(self, scope: Scope, body: bytes) -> ASGIApp:
        """Return what answers; to import moto takes half a second, for which no stream has to wait."""
        if len(body) > MAX_UPLOAD_BYTES:
            return _refused(scope, TOO_LARGE)
        moto = loaded_moto()
        try:
            if moto is None:
                moto = await asyncio.to_thread(_load)
        except ImportError as error:
            missing = str(error.name).partition(".")[0]
            problem = f"{missing} is not installed, and the twin plays no {scope['method']} {scope['path']} without it: {INSTALL}"
            logger.warning("%s", problem)
            return _refused(scope, Refusal(problem))
        if scope["method"] == "PUT" and moto.stored_bytes() + len(body) > MAX_STORED_BYTES:
            return _refused(scope, FULL)
        if self._prepare:
            await self._prepare(scope)
        app: ASGIApp = moto.app
        return app


def _refused(scope: Scope, refusal: Refusal) -> Response:
    refused = refusal_for(scope, refusal)
    return Response(refused.body, refused.status, {"content-type": refused.content_type})


async def _read_body(receive: Receive) -> bytes | None:
    """Return a body to its end, so that the client hears the answer; of one that is too long only so much that this is seen; None of a client that is gone."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if len(body) <= MAX_UPLOAD_BYTES:
            body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
