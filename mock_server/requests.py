"""What both fronts read from an HTTP request: a bounded body, and which attempt of the SDK's this is."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.requests import Request

MAX_BODY_BYTES = 25 * 1024 * 1024
"""The service's limit for real-time endpoints; no longer body reaches a container."""
ATTEMPT = re.compile(r"\battempt=(\d{1,9})")


async def read_body(request: Request) -> bytes | None:
    """Return the request's body, None if it is too long; it is read to its end in any case, so that the client hears the answer."""
    body, length = bytearray(), 0
    async for data in request.stream():
        length += len(data)
        if length <= MAX_BODY_BYTES:
            body += data
    return bytes(body) if length <= MAX_BODY_BYTES else None


def read_attempt(headers: Headers) -> int:
    """Return the attempt that `amz-sdk-request: attempt=2; max=3` names; a request without it is the first."""
    match = ATTEMPT.search(headers.get("amz-sdk-request", ""))
    return max(1, int(match[1])) if match else 1
