"""Server-sent events: the data of each event. Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".

Fields other than `data` are read over, as no container gives them a meaning; comments keep a connection alive and say nothing.
"""

from __future__ import annotations

from backends.wire.lines import MAX_FRAME_BYTES, Frame


class SSEDecoder:
    """Lines in, frames out, each the data of one event: its `data` lines, joined by LF.

    An event without a `data` line is not dispatched. One over `MAX_FRAME_BYTES` comes out at once, a little longer than that, and its rest is dropped.
    """

    def __init__(self) -> None:
        self._event: list[Frame] = []  # the event's data lines so far, each with its value as the content
        self._more_bytes = 0  # what all but the first of them add to its data
        self._dropping = False

    def feed(self, lines: list[Frame]) -> list[Frame]:
        """Return every frame that `lines` complete."""
        frames: list[Frame] = []
        event = self._event
        for line in lines:
            start, end, content = line
            if not content:
                if event:
                    frames.append(event.pop() if len(event) == 1 else self._join())
                self._dropping = False
            elif not event and (value := content.removeprefix(b"data:")) is not content and end - start <= MAX_FRAME_BYTES and not self._dropping:
                event.append((start, end, value.removeprefix(b" ")))  # the one line of an event, as nearly all are
            else:
                frames += self._feed_line(line)
        return frames

    def finish(self, last: Frame | None) -> list[Frame]:
        """Return what no blank line followed: the data of an event, and the last line if it is none of its fields."""
        frames: list[Frame] = []
        if last and self._add(last):
            last = None
        if self._event:
            frames.append(self._join())
        if last and not last[2].startswith(b":"):
            frames.append(last)
        return frames

    def _feed_line(self, line: Frame) -> list[Frame]:
        if not self._add(line):
            return [line] if len(line[2]) > MAX_FRAME_BYTES else []
        if not self._event or len(self._event[0][2]) + self._more_bytes <= MAX_FRAME_BYTES:
            return []
        self._dropping = True
        return [self._join()]

    def _add(self, line: Frame) -> bool:
        """Return whether `line` is a data field, and keep its value."""
        start, end, content = line
        name, _, value = content.partition(b":")
        if name == b"data" and not self._dropping:
            value = value.removeprefix(b" ")
            self._more_bytes += 1 + len(value) if self._event else 0
            self._event.append((start, end, value))
        return name == b"data"

    def _join(self) -> Frame:
        frame = (self._event[0][0], self._event[-1][1], b"\n".join(value for _, _, value in self._event))
        self._event.clear()
        self._more_bytes = 0
        return frame
