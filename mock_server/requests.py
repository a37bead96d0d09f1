"""What both fronts read from an HTTP request: a bounded body, and which attempt of the SDK's this is."""

from __future__ import annotations

import re
from functools import partial

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mock_server.connection import find_connection
from mock_server.journal import Ended, Entry, Front, Journal, showable

MAX_BODY_BYTES = 25 * 1024 * 1024
"""The service's limit for real-time endpoints; no longer body reaches a container."""
GONE = Response(status_code=499)
"""The answer to a client that is gone; nobody reads it."""
ATTEMPT = re.compile(r"\battempt=(\d{1,9})")


async def receive(request: Request, journal: Journal, front: Front, request_id: str = "") -> tuple[Entry, bytes | None] | None:
    """Read a request; return an entry for the journal and the body, None if that is too long.

    Of a client that goes before its body is here, the journal says so, and there is nothing to return.
    """
    headers = request.headers
    arrived = partial(
        Entry,
        front=front,
        method=request.method,
        path=request.scope["path"],
        endpoint=request.path_params["name"],
        request_id=request_id,
        attempt=_read_attempt(headers),
        request_headers=showable(headers),
    )
    try:
        body = await read_body(request)
    except ClientDisconnect:
        ended: Ended = "stopped" if find_connection(request.scope).is_stopped else "cancelled"
        cancelled_at = 0 if ended == "cancelled" else None
        journal.finish(arrived(ended=ended, cancelled_at_part=cancelled_at, cancelled_at_byte=cancelled_at))
        return None
    return arrived(body=body or b""), body


async def read_body(request: Request) -> bytes | None:
    """Return the body, None if it is too long; it is read to its end in any case, so that the client hears the answer."""
    body, length = bytearray(), 0
    async for data in request.stream():
        length += len(data)
        if length <= MAX_BODY_BYTES:
            body += data
    return bytes(body) if length <= MAX_BODY_BYTES else None


def _read_attempt(headers: Headers) -> int:
    """Return the attempt that `amz-sdk-request: attempt=2; max=3` names; a request without it is the first."""
    match = ATTEMPT.search(headers.get("amz-sdk-request", ""))
    return max(1, int(match[1])) if match else 1
