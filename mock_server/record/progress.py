"""What a person sees who waits for recordings: on a terminal a line that is written over; elsewhere only what has happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import TextIO

from mock_server.record.recorder import Recorder

REDRAWN_S = 0.1
CLEAR_LINE = "\r\x1b[K"


class Progress:
    """The recordings that are being taken.

    Args:
        stream: Where they are shown.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._clear = CLEAR_LINE if stream.isatty() else ""
        self._since: dict[Recorder, float] = {}

    def say(self, text: str) -> None:
        """Say something that stays."""
        self._write(f"{text}\n")

    @contextmanager
    def of(self, recorder: Recorder) -> Iterator[None]:
        """Count a recording in while the block runs."""
        self._since[recorder] = monotonic()
        try:
            yield
        finally:
            del self._since[recorder]

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Keep the line true while the block runs."""
        redrawing = asyncio.create_task(self._redraw()) if self._clear else None
        try:
            yield
        finally:
            if redrawing:
                redrawing.cancel()
                self._write("")

    async def _redraw(self) -> None:
        while True:
            self._write(self._line())
            await asyncio.sleep(REDRAWN_S)

    def _line(self) -> str:
        if not self._since:
            return ""
        parts, size = sum(each.parts for each in self._since), sum(each.bytes for each in self._since)
        streams = f"{len(self._since)} streams: " if len(self._since) > 1 else ""
        return f"{streams}{parts} parts, {size} bytes, {monotonic() - min(self._since.values()):.1f} s"

    def _write(self, text: str) -> None:
        self._stream.write(self._clear + text)
        self._stream.flush()
