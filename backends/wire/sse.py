"""Server-sent events: the data of each event. Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".

Fields other than `data` are read over, as no container gives them a meaning; comments keep a connection alive and say nothing.
"""

from __future__ import annotations

from backends.wire.lines import MAX_FRAME_BYTES, Frame


class SSEDecoder:
    """Lines in, frames out, each the data of one event: its `data` lines, joined by LF.

    An event without a `data` line is not dispatched. One over `MAX_FRAME_BYTES` comes out at once, a little longer than that, and its rest is dropped.
    """

    line_limit_bytes = MAX_FRAME_BYTES + len(b"data: ")

    def __init__(self) -> None:
        self._values: list[bytes] = []
        self._bytes = 0
        self._start = 0
        self._end = 0
        self._dropping = False

    def feed(self, lines: list[Frame]) -> list[Frame]:
        """Return every frame that `lines` complete."""
        frames: list[Frame] = []
        for line in lines:
            content = line[2]
            if not content:
                if self._values:
                    frames.append(self._dispatch())
                self._dropping = False
            elif content.startswith(b"data"):
                self._add(line)
                if self._bytes > MAX_FRAME_BYTES:
                    frames.append(self._dispatch())
                    self._dropping = True
            elif len(content) > MAX_FRAME_BYTES:
                frames.append(line)
        return frames

    def finish(self, last: Frame | None) -> list[Frame]:
        """Return what no blank line followed: the data of an event, and the last line if it is none of its fields."""
        if last and last[2].startswith(b"data"):
            self._add(last)
            last = None
        frames = [self._dispatch()] if self._values else []
        if last and not last[2].startswith(b":"):
            frames.append(last)
        return frames

    def _add(self, line: Frame) -> None:
        start, self._end, content = line
        if content.startswith(b":", 4):
            value = content[6:] if content.startswith(b" ", 5) else content[5:]
        elif len(content) == 4:
            value = b""
        else:
            return  # a field whose name only begins so
        if self._dropping:
            return
        if self._values:
            self._bytes += 1
        else:
            self._start = start
        self._bytes += len(value)
        self._values.append(value)

    def _dispatch(self) -> Frame:
        values, self._values = self._values, []
        self._bytes = 0
        return self._start, self._end, values[0] if len(values) == 1 else b"\n".join(values)
