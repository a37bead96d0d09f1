"""Server-sent events: the data of each event. Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".

Fields other than `data` are read over, as no container gives them a meaning; comments keep a connection alive and say nothing.
"""

from __future__ import annotations

from backends.wire.lines import MAX_FRAME_BYTES, Frame


class SSEDecoder:
    """Lines in, frames out, each the data of one event: its `data` lines, joined by LF.

    An event without a `data` line is not dispatched. One over `limit_bytes` comes out at once, a little longer than that, and its rest is dropped.
    """

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._data: bytes | bytearray | None = None  # the event's data so far; bytes as long as it is one line
        self._start = self._end = 0
        self._dropping = False

    def feed(self, lines: list[Frame]) -> list[Frame]:
        """Return every frame that `lines` complete."""
        frames: list[Frame] = []
        for line in lines:
            start, end, content = line
            if not content:
                if self._data is not None:
                    frames.append(self._dispatch())
                self._dropping = False
            elif self._data is None and (value := content.removeprefix(b"data:")) is not content and end - start <= self._limit_bytes and not self._dropping:
                self._data, self._start, self._end = value.removeprefix(b" "), start, end  # the one line of an event, as nearly all are
            else:
                frames += self._feed_line(line)
        return frames

    def finish(self, last: Frame | None) -> list[Frame]:
        """Return what no blank line followed: the data of an event, and the last line if it is none of its fields."""
        left = [last] if last and not self._add(last) and not last[2].startswith(b":") else []
        return left if self._data is None else [self._dispatch(), *left]

    def _feed_line(self, line: Frame) -> list[Frame]:
        if not self._add(line):
            return [line] if len(line[2]) > self._limit_bytes else []
        if self._data is None or len(self._data) <= self._limit_bytes:
            return []
        self._dropping = True
        return [self._dispatch()]

    def _add(self, line: Frame) -> bool:
        """Return whether `line` is a data field, and keep its value."""
        start, end, content = line
        name, _, value = content.partition(b":")
        if name == b"data" and not self._dropping:
            value = value.removeprefix(b" ")
            if self._data is None:
                self._data, self._start = value, start
            else:
                self._data = self._data if isinstance(self._data, bytearray) else bytearray(self._data)
                self._data += b"\n"
                self._data += value
            self._end = end
        return name == b"data"

    def _dispatch(self) -> Frame:
        data, self._data = self._data or b"", None
        return self._start, self._end, data if type(data) is bytes else bytes(data)
