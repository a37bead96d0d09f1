"""Lines of a body: ended by CR, LF or CRLF and by nothing else, as server-sent events and JSON Lines have them.

`str.splitlines` and what is built on it also break at U+2028, U+0085 and others, which containers write raw inside a JSON string.
`bytes.splitlines` is the rule itself. Source: WHATWG HTML, 9.2.6 "Interpreting an event stream"; jsonlines.org.
"""

from __future__ import annotations

from typing import TypeAlias

Frame: TypeAlias = tuple[int, int, bytes]
"""Start and end (excluded) as byte offsets in the body, and the content between them, line ends left out."""

MAX_FRAME_BYTES = 24 * 1024 * 1024

LF, CR = _LINE_ENDS = b"\n\r"
"""As integers: whether bytes hold one is a memchr; to look for a bytes object takes seven times as long, which decides the speed of tiny parts."""
_DROPPING = -1  # nothing is held of a line that was cut off
_NOTHING: list[Frame] = []
_ENDS_OF_PARTS = (b"", b"\n")  # behind the first line end of a part that is a line, or an event: nearly all are


class LineDecoder:
    """Bytes in, lines out.

    What is held is bounded: a line longer than `limit_bytes` comes out at once, cut off at one byte more, and its rest is dropped. So a line is too long
    exactly if its content is longer than `limit_bytes`.
    """

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        self._held: bytes | bytearray = b""
        self._limit_bytes = limit_bytes
        self._hold_bytes = limit_bytes
        self._start = 0
        self._after_cr = False

    @property
    def position(self) -> int:
        """How many bytes of the body came."""
        return self._start + len(self._held)

    def skip(self, length: int) -> None:
        """Count so many bytes that belong to no line."""
        self._start += length

    def feed(self, data: bytes) -> list[Frame]:
        """Return every line that `data` ends."""
        held = self._held
        if self._after_cr or CR in data or len(held) + len(data) > self._hold_bytes:
            return self._feed_unusual(data)
        if held:
            if LF not in data:
                self._hold(data)
                return _NOTHING
            data = bytes(held) + data
        content, line_end, rest = data.partition(b"\n")
        if not line_end or rest not in _ENDS_OF_PARTS:
            return self._split_at_line_feeds(data)
        start = self._start
        end = start + len(content)
        self._held = b""
        if not rest:
            self._start = end + 1
            return [(start, end, content)]
        self._start = end + 2
        return [(start, end, content), (end + 1, end + 1, b"")]

    def finish(self) -> Frame | None:
        """Return the line that no line end followed, if there is one."""
        if not self._held:
            return None
        content, self._held = bytes(self._held), b""
        start, self._start = self._start, self._start + len(content)
        return start, self._start, content

    def _hold(self, data: bytes) -> None:
        if type(self._held) is bytes:  # which grows in linear time only as a bytearray
            self._held = bytearray(self._held)
        self._held += data

    def _split_at_line_feeds(self, data: bytes) -> list[Frame]:
        contents = data.split(b"\n")
        self._held = contents.pop()
        lines = []
        start = self._start
        for content in contents:
            end = start + len(content)
            lines.append((start, end, content))
            start = end + 1
        self._start = start
        return lines

    def _feed_unusual(self, data: bytes) -> list[Frame]:
        """Feed what few containers write: a CR, or a line that is too long."""
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == LF and not self._held:
                self._start += 1
                data = data[1:]
        self._hold(data)
        if LF not in data and CR not in data:
            return self._cut_off_what_is_too_long()
        data, self._held = bytes(self._held), b""
        return self._split(data) + self._cut_off_what_is_too_long()

    def _split(self, data: bytes) -> list[Frame]:
        kept = data.splitlines(True)
        self._after_cr = data[-1] == CR
        if data[-1] not in _LINE_ENDS:
            self._held = kept.pop()
        if self._hold_bytes == _DROPPING:
            self._hold_bytes = self._limit_bytes
            self._start += len(kept.pop(0))
        lines = []
        start, most = self._start, self._limit_bytes + 1
        for line in kept:
            content = line.rstrip(b"\r\n")
            lines.append((start, start + len(content), content[:most]))
            start += len(line)
        self._start = start
        return lines

    def _cut_off_what_is_too_long(self) -> list[Frame]:
        """Return the beginning of the line that is held, if it is too long, and hold no more of it."""
        if len(self._held) <= self._hold_bytes:
            return _NOTHING
        dropping, self._hold_bytes = self._hold_bytes == _DROPPING, _DROPPING
        start, self._start = self._start, self.position
        content = bytes(self._held[: self._limit_bytes + 1])
        self._held = b""
        return [] if dropping else [(start, self._start, content)]
