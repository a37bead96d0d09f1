"""A proxy that records what an application sends through it: SageMaker Runtime's operations, signed anew, or whatever a container is asked.

What comes back goes on at once, as it is, and an application that goes takes its stream with it. What it signed or sent as a token goes nowhere but to its
own container, and is never kept.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from backends.chat import Tap
from backends.endpoints import Endpoint
from backends.errors import BackendError, ConfigurationError
from backends.events import Data
from backends.network_answer import NetworkAnswer
from backends.raw import OF_ONE_CONNECTION, RawRequest
from backends.recording import Front, RecordedRequest, RecordingError
from backends.recording.files import RecordingWriter
from mock_server.connection import find_connection
from mock_server.record.progress import Progress
from mock_server.record.recorder import Recorder

OPERATION = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations(?P<stream>-response-stream)?")
NO_OPERATION = "is none of what is recorded: expected POST /endpoints/NAME/invocations-response-stream or /endpoints/NAME/invocations"
OUR_OWN = OF_ONE_CONNECTION - {"content-length"} | {"date"}
"""Headers of a response that the proxy's own connection writes."""
WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Upstream(Protocol):
    """**Protocol:** a backend, as far as it sends what others made."""

    def send(self, request: RawRequest, *, tap: Tap | None = None) -> NetworkAnswer:
        """Return the response to a request, whatever its status."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An ASGI application for `mock_server.server.Server`.

    Args:
        upstream: Who sends.
        container: Which container is asked; None for SageMaker Runtime.
        folder: Where the recordings go, a file each.
        progress: Who is told.
    """

    upstream: Upstream
    container: Endpoint | None
    folder: Path
    progress: Progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its response back."""
        request = Request(scope, receive)
        try:
            asked = self._read(request, await request.body())
        except ClientDisconnect:
            return
        if asked is None:
            await JSONResponse({"message": f"{request.method} {request.url.path} {NO_OPERATION}"}, 404)(scope, receive, send)
            return
        async with find_connection(scope).until_gone():
            await _Relay(self, asked, RecordedRequest(request.method, scope["path"], dict(request.headers), asked.body)).run(scope, receive, send)

    def _read(self, request: Request, body: bytes) -> RawRequest | None:
        """Return what goes on, None for what nobody there would understand."""
        headers = tuple(request.headers.items())
        if self.container:
            query = request.scope["query_string"]
            path = (request.scope["raw_path"] + (b"?" + query if query else b"")).decode("latin-1")
            return RawRequest(endpoint=self.container, method=request.method, path=path, headers=headers, body=body)
        match = OPERATION.fullmatch(request.scope["path"])
        if match is None or request.method != "POST":
            return None
        return RawRequest(endpoint=Endpoint(match["name"]), headers=headers, body=body, stream=bool(match["stream"]))

    @property
    def front(self) -> Front:
        """Whose answers are recorded."""
        return "container" if self.container else "runtime"


class _Relay:
    """One request on its way there and back."""

    def __init__(self, proxy: Proxy, asked: RawRequest, recorded: RecordedRequest) -> None:
        self._proxy = proxy
        self._asked = asked
        self._recorder = Recorder(proxy.front, recorded, self._open_file)
        self._file: Path | None = None
        self._head_left = False
        self._left_bytes = math.inf
        self._held: list[Message] = []

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._proxy.progress.of(self._recorder):
                await self._pass_back(send)
        except (BackendError, RecordingError) as error:
            self._proxy.progress.say(f"{self._asked.endpoint.name}: {error}")
            if self._head_left:
                await find_connection(scope).reset()
            await _failure(error)(scope, receive, send)
        finally:
            if self._file and self._recorder.has_begun:
                self._proxy.progress.say(f"{self._file.name}: {self._recorder.describe()}")

    async def _pass_back(self, send: Send) -> None:
        answer = self._proxy.upstream.send(self._asked, tap=self._recorder)
        with self._recorder.following(answer):
            async with answer:
                self._recorder.begin(answer)
                self._left_bytes = self._length_of(answer)
                await self._pass_on(_head(answer), send)
                async for event in answer:
                    if isinstance(event, Data):
                        await self._pass_on({"type": "http.response.body", "body": event.data, "more_body": True}, send)
        for message in (*self._held, {"type": "http.response.body", "body": b""}):
            await send(message)

    async def _pass_on(self, message: Message, send: Send) -> None:
        """Send what does not complete the answer; what does waits until its end is noted, since an application may go as soon as it has it."""
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes > 0:
            await send(message)
            self._head_left = True
        else:
            self._held.append(message)

    def _length_of(self, answer: NetworkAnswer) -> float:
        """Return after how many bytes an application knows that the body is whole; infinity where a last chunk says it."""
        if self._asked.method == "HEAD" or answer.status in WITHOUT_BODY:
            return 0
        return float(answer.headers.get("content-length", math.inf))

    def _open_file(self) -> RecordingWriter:
        """Open the endpoint's next file: `my-endpoint-0001.jsonl`."""
        name = re.sub(r"[^A-Za-z0-9-]", "_", self._asked.endpoint.name)
        files = (self._proxy.folder / f"{name}-{number:04}.jsonl" for number in count(1))
        self._file = next(file for file in files if not file.exists())
        return RecordingWriter(self._file)


def _head(answer: NetworkAnswer) -> Message:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers.items() if name not in OUR_OWN]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _failure(error: Exception) -> Response:
    """Return what an application reads that gets no answer: an SDK tries again where the far side was not reached, and not where the recorder is at fault."""
    status = 400 if isinstance(error, ConfigurationError | RecordingError) else 502
    return JSONResponse({"message": f"the recorder: {error}"}, status)
