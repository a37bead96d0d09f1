"""JSON Lines: one JSON document a line; blank lines carry nothing. Source: jsonlines.org, and what LMI writes.

A document that is printed over several lines (as DJL Serving's front end prints its errors) opens with a line that is `{` or `[` alone and is closed by
one that is `}` or `]` alone. Inside `{`, a line that begins with another `{` shows that the first was no document's beginning.
"""

from __future__ import annotations

from backends.wire.lines import MAX_FRAME_BYTES, Frame

_BRACKETS = {b"{": b"}", b"[": b"]"}
_BRACE = ord("{")


class JSONLinesDecoder:
    """Lines in, frames out, each the bytes of one JSON document; one that is printed comes out at once where it is longer than `limit_bytes`."""

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        self.passes_lines = True
        """Whether no document is being printed: the next line that is one is a frame as it is."""
        self._limit_bytes = limit_bytes
        self._printed = bytearray()
        self._start = 0
        self._end = 0

    def feed(self, lines: list[Frame]) -> list[Frame]:
        """Return every frame that `lines` complete."""
        return [frame for line in lines for frame in self._feed_line(line)]

    def finish(self, last: Frame | None) -> list[Frame]:
        """Return what no line end or closing bracket followed: whole documents, or the beginning of one."""
        frames = self._feed_line(last) if last else []
        return frames + self._take() if self._printed else frames

    def _feed_line(self, line: Frame) -> list[Frame]:
        start, end, content = line
        if not self._printed:
            if content not in _BRACKETS:
                return [line]
            self._start = start
            self.passes_lines = False
        elif self._printed[0] == _BRACE and content.startswith(b"{"):
            return self._take() + self._feed_line(line)
        if content:
            self._end = end
            self._printed += content + b"\n"
        closed = content == _BRACKETS[bytes(self._printed[:1])]
        return self._take() if closed or len(self._printed) > self._limit_bytes + 1 else []

    def _take(self) -> list[Frame]:
        printed = bytes(self._printed[:-1])
        self._printed.clear()
        self.passes_lines = True
        return [(self._start, self._end, printed)]
