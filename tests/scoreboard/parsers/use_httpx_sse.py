"""httpx-sse: `connect_sse` on an httpx client whose transport answers with the parts."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
from httpx_sse import connect_sse

from tests.scoreboard.parsers.members import Piece, read_members


def read(parts: Iterator[bytes]) -> Iterator[Piece]:
    """Yield the text of each event."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=parts))
    with httpx.Client(transport=transport) as client, connect_sse(client, "GET", "http://stream.test/") as source:
        yield from read_members(event.data for event in source.iter_sse())
