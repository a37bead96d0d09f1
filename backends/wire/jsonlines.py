"""JSON Lines: one JSON document a line; blank lines carry nothing. Source: jsonlines.org, and what LMI writes.

A document that is printed over several lines (as DJL Serving's front end prints its errors) opens with a line that is `{` or `[` alone and is closed by
one that is `}` or `]` alone.
"""

from __future__ import annotations

from backends.wire.lines import MAX_FRAME_BYTES, Frame

_BRACKETS = {b"{": b"}", b"[": b"]"}


class JSONLinesDecoder:
    """Lines in, frames out, each the bytes of one JSON document."""

    line_limit_bytes = MAX_FRAME_BYTES

    def __init__(self) -> None:
        self._printed = _PrintedDocument()

    def feed(self, lines: list[Frame]) -> list[Frame]:
        """Return every frame that `lines` complete."""
        if not self._printed.open:
            for start, end, content in lines:
                if end - start == 1 and content in _BRACKETS:
                    break
            else:
                return lines
        return [frame for line in lines for frame in self._printed.feed(line)]

    def finish(self, last: Frame | None) -> list[Frame]:
        """Return what no line end or closing bracket followed: whole documents, or the beginning of one."""
        frames = self._printed.feed(last) if last else []
        return frames + self._printed.finish()


class _PrintedDocument:
    """The lines of one document that is printed over several."""

    def __init__(self) -> None:
        self._lines: list[Frame] = []
        self._bytes = 0

    @property
    def open(self) -> bool:
        return bool(self._lines)

    def feed(self, line: Frame) -> list[Frame]:
        content = line[2]
        if not self._lines and content not in _BRACKETS:
            return [line]
        self._lines.append(line)
        self._bytes += len(content) + 1
        closed = content == _BRACKETS[self._lines[0][2]]
        return self.finish() if closed or self._bytes > MAX_FRAME_BYTES + 1 else []

    def finish(self) -> list[Frame]:
        if not self._lines:
            return []
        frame = (self._lines[0][0], self._lines[-1][1], b"\n".join(content for _, _, content in self._lines))
        self._lines.clear()
        self._bytes = 0
        return [frame]
