"""JSON Lines: one JSON document a line; blank lines carry nothing. Source: jsonlines.org, and what LMI writes.

A document that is printed over several lines (as DJL Serving's front end prints its errors) opens with a line that is `{` or `[` alone and is closed by
one that is `}` or `]` alone.
"""

from __future__ import annotations

from backends.wire.lines import MAX_FRAME_BYTES, Frame

_BRACKETS = {b"{": b"}", b"[": b"]"}


class JSONLinesDecoder:
    """Lines in, frames out, each the bytes of one JSON document."""

    def __init__(self) -> None:
        self._printed: list[Frame] = []
        self._printed_bytes = 0

    def feed(self, lines: list[Frame]) -> list[Frame]:
        """Return every frame that `lines` complete."""
        if not self._printed:
            for start, end, content in lines:
                if end - start == 1 and content in _BRACKETS:
                    break
            else:
                return lines
        return [frame for line in lines for frame in self._feed_line(line)]

    def finish(self, last: Frame | None) -> list[Frame]:
        """Return what no line end or closing bracket followed: whole documents, or the beginning of one."""
        frames = self._feed_line(last) if last else []
        return frames + self._join() if self._printed else frames

    def _feed_line(self, line: Frame) -> list[Frame]:
        content = line[2]
        if not self._printed and content not in _BRACKETS:
            return [line]
        self._printed.append(line)
        self._printed_bytes += len(content) + 1
        closed = content == _BRACKETS[self._printed[0][2]]
        return self._join() if closed or self._printed_bytes > MAX_FRAME_BYTES + 1 else []

    def _join(self) -> list[Frame]:
        printed, self._printed, self._printed_bytes = self._printed, [], 0
        return [(printed[0][0], printed[-1][1], b"\n".join(content for _, _, content in printed))]
