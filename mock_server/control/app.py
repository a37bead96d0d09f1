"""The control plane over HTTP: `POST /` with `X-Amz-Target`, JSON 1.1 in and out, as an unmodified AWS SDK calls it.

Source: botocore's service models (protocol `json`, version 1.1). Errors are 400 also where other protocols have 403, and tell their code as `__type`.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any
from uuid import uuid4

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.claim import SignatureRefused, WireRequest
from mock_server.connection import find_connection
from mock_server.control.calls import Call
from mock_server.control.errors import Broken, ControlError
from mock_server.control.plane import Progress
from mock_server.control.services import SAGEMAKER, find_service
from mock_server.refusals import region_of
from mock_server.requests import GONE, MAX_BODY_BYTES, read_body
from mock_server.twin import Twin

CONTENT_TYPE = "application/x-amz-json-1.1"


class ControlApp:
    """The ASGI application of one twin's control plane.

    Args:
        twin: What it shares with the other fronts.
    """

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._sleeper: asyncio.Task[None] | None = None
        self._service: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call."""
        request = Request(scope, receive)
        try:
            body = await read_body(request)
        except ClientDisconnect:
            return
        if self._service is None:  # reading the service's model takes a third of a second, which no stream has to wait for
            self._service = await asyncio.to_thread(import_module, "mock_server.control.service")
        response = await self._respond(request, body)
        await response(scope, receive, send)

    async def _respond(self, request: Request, body: bytes | None) -> Response:
        request_id, progress = str(uuid4()), Progress(request.headers.get("x-amz-target", ""), self._region_of(request))
        status, code, content = 200, "", b""
        try:
            content = self._answer(request, body, progress)
        except Broken:
            status = 0
        except ControlError as error:
            status, code, content = error.status, error.code, orjson.dumps({"__type": error.code, "message": error.message})
        self._log(progress, request_id, status, code)
        self._sleep()
        if not status:
            connection = find_connection(request.scope)
            async with connection.until_gone():
                await connection.reset()
            return GONE
        return Response(content, status, {"x-amzn-requestid": request_id, "content-type": CONTENT_TYPE})

    def _answer(self, request: Request, body: bytes | None, progress: Progress) -> bytes:
        if body is None:
            raise ControlError("RequestEntityTooLargeException", f"The body is longer than {MAX_BODY_BYTES} bytes.", 413)
        try:
            self._authenticate(request.scope, body, progress.target)
        except SignatureRefused as refused:
            raise ControlError(refused.code, refused.message) from refused
        content: bytes = self._service.answer(self._twin.control, self._twin.faults, progress, body)
        return content

    def _authenticate(self, scope: Scope, body: bytes, target: str) -> None:
        if self._twin.gate.level != "off":
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            wire = WireRequest(scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body)
            self._twin.gate.check(wire, (find_service(target) or SAGEMAKER).signing_name)

    def _region_of(self, request: Request) -> str:
        return region_of(request.headers.get("authorization", ""), self._twin.gate.region)

    def _log(self, progress: Progress, request_id: str, status: int, code: str) -> None:
        service = find_service(progress.target)
        self._twin.control.calls.add(
            Call(
                request_id=request_id,
                service=service.signing_name if service else "",
                operation=progress.target.rpartition(".")[2],
                region=progress.region,
                name=progress.name,
                parameters=progress.parameters,
                status=status,
                code=code,
                fault=progress.fault,
            )
        )

    def _sleep(self) -> None:
        """Let somebody sleep until nothing changes any more: a virtual clock goes on to where it is slept to, and to no other moment."""
        if self._sleeper is None or self._sleeper.done():
            self._sleeper = asyncio.create_task(self._twin.control.settle())
