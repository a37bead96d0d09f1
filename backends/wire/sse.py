"""Server-sent events: the data of each event. Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".

Fields other than `data` are read over, as no container gives them a meaning; comments keep a connection alive and say nothing.
"""

from __future__ import annotations

from backends.wire.lines import MAX_FRAME_BYTES, Frame


class SSEDecoder:
    """Lines in, frames out, each the data of one event: its `data` lines, joined by LF.

    An event without a `data` line is not dispatched. One over `limit_bytes` comes out at once, a little longer than that, and its rest is dropped.
    """

    passes_lines = False

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._event: Frame | None = None
        self._joined = bytearray()  # the event's data, once it is of several lines
        self._dropping = False

    def feed(self, lines: list[Frame]) -> list[Frame]:
        """Return every frame that `lines` complete."""
        frames: list[Frame] = []
        event = self._event
        for line in lines:
            start, end, content = line
            if event is None:
                value = content.removeprefix(b"data:")
                if value is not content and end - start <= self._limit_bytes and not self._dropping:
                    event = start, end, value.removeprefix(b" ")
                    continue
            elif not content and not self._joined:  # the end of an event of one line, as nearly all are
                frames.append(event)
                event = None
                continue
            self._event = event
            frames += self._feed_line(line)
            event = self._event
        self._event = event
        return frames

    def finish(self, last: Frame | None) -> list[Frame]:
        """Return what no blank line followed: the data of an event, and the last line if it is none of its fields."""
        if last and _is_data(last):
            return self._feed_line(last) + self._dispatch()
        return self._dispatch() + ([last] if last and not last[2].startswith(b":") else [])

    def _feed_line(self, line: Frame) -> list[Frame]:
        content = line[2]
        if not content:
            self._dropping = False
            return self._dispatch()
        if not _is_data(line):
            return [line] if len(content) > self._limit_bytes else []
        if self._dropping or self._add(line) <= self._limit_bytes:
            return []
        self._dropping = True
        return self._dispatch()

    def _add(self, line: Frame) -> int:
        """Add the value of a data field to the event, and return how long its data is now."""
        start, end, content = line
        value = content[len(b"data:") :].removeprefix(b" ")
        if self._event is None:
            self._event = start, end, value
            return len(value)
        start, _, first = self._event
        self._joined += first + b"\n" + value
        self._event = start, end, b""
        return len(self._joined)

    def _dispatch(self) -> list[Frame]:
        if self._event is None:
            return []
        start, end, content = self._event
        frame = start, end, bytes(self._joined) or content
        self._event = None
        self._joined.clear()
        return [frame]


def _is_data(line: Frame) -> bool:
    return line[2].partition(b":")[0] == b"data"
