"""Lines of a body: ended by CR, LF or CRLF and by nothing else, as server-sent events and JSON Lines have them.

`str.splitlines` and what is built on it also break at U+2028, U+0085 and others, which containers write raw inside a JSON string.
`bytes.splitlines` is the rule itself. Source: WHATWG HTML, 9.2.6 "Interpreting an event stream"; jsonlines.org.
"""

from __future__ import annotations

from typing import TypeAlias

Frame: TypeAlias = tuple[int, int, bytes]
"""Start and end (excluded) as byte offsets in the body, and the content between them, line ends left out."""

MAX_FRAME_BYTES = 24 * 1024 * 1024

_LF, _CR = b"\n\r"
_DROPPING = -1  # nothing is held of a line that was cut off
_NOTHING: list[Frame] = []


class LineDecoder:
    """Bytes in, lines out.

    What is held is bounded: a line longer than `limit_bytes` comes out at once, cut off at one byte more, and its rest is dropped. So a line is too long
    exactly if its content is longer than `limit_bytes`.
    """

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES, *, offset: int = 0) -> None:
        self._limit_bytes = limit_bytes
        self._start = offset
        self._pending = bytearray()
        self._after_cr = False
        self._hold_bytes = limit_bytes

    def feed(self, data: bytes) -> list[Frame]:
        """Return every line that `data` ends."""
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == _LF:
                self._start += 1
                data = data[1:]
        # An integer in bytes is a memchr; a bytes object in bytes takes seven times as long, which decides the speed of tiny parts.
        if _LF not in data and _CR not in data:
            self._pending += data
            return self._cut_off() if len(self._pending) > self._hold_bytes else _NOTHING
        if self._pending:
            self._pending += data
            data = bytes(self._pending)
            self._pending.clear()
        return self._split(data)

    def finish(self) -> Frame | None:
        """Return the line that no line end followed, if there is one."""
        if not self._pending:
            return None
        content = bytes(self._pending)
        self._pending.clear()
        return self._start, self._start + len(content), content

    def _split(self, data: bytes) -> list[Frame]:
        kept = data.splitlines(True)
        last = kept[-1][-1]
        rest = None
        if last != _LF:
            self._after_cr = last == _CR
            if last != _CR:
                rest = kept.pop()
        if self._hold_bytes == _DROPPING:
            self._hold_bytes = self._limit_bytes
            self._start += len(kept.pop(0))
        lines = []
        start, limit = self._start, self._limit_bytes
        for line in kept:
            content = line.rstrip(b"\r\n")
            end = start + len(content)
            lines.append((start, end, content) if end - start <= limit else (start, end, content[: limit + 1]))
            start += len(line)
        self._start = start
        if rest:
            self._pending += rest
            if len(rest) > self._hold_bytes:
                lines += self._cut_off()
        return lines

    def _cut_off(self) -> list[Frame]:
        """Return the beginning of the line that is held, which is too long, and hold no more of it."""
        dropping, self._hold_bytes = self._hold_bytes == _DROPPING, _DROPPING
        start, self._start = self._start, self._start + len(self._pending)
        content = bytes(self._pending[: self._limit_bytes + 1])
        self._pending.clear()
        return [] if dropping else [(start, self._start, content)]
