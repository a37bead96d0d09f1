"""sseclient-py: `SSEClient` over the iterable of bytes that its documentation asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sseclient import SSEClient

from tests.scoreboard.parsers.members import Piece, read_members


def read(parts: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the text of each event."""
    yield from read_members(event.data for event in SSEClient(parts).events())
