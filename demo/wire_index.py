"""Where the frames of a body lie, and what each of its parts ends inside of: read once as they arrive, however many they are.

Lines and frames are those of `backends.wire`; the framing is told by the body's first byte that is not blank, as the backends tell it.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from backends.wire.jsonlines import JSONLinesDecoder
from backends.wire.lines import CR, LF, LineDecoder
from backends.wire.sse import SSEDecoder
from demo.language import mark
from demo.tape import Tape, TapedEvent

CLEAN: Final = ""
"""What a part ends inside of that ends where a frame does."""

_DATA = b"data:"
_DONE = b"[DONE]"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = (CR, LF)
_BINARY = ("image/", "audio/", "video/")
_BRACKETS = {b"{": b"}", b"[": b"]"}
_TAIL_BYTES = 16
"""How far an escape, a character or a field's name is looked for behind a cut."""
_ESCAPE = re.compile(rb"(?:^|[^\\])(?:\\\\)*\\(?:u[0-9A-Fa-f]{0,3})?$")


class Span(NamedTuple):
    """A frame, or the beginning of one, as far as it came: bytes `start` to `end` (excluded)."""

    number: int
    """Counts a body's frames from 0."""
    start: int
    end: int


class WireIndex:
    """What is to be known of a tape's parts to show some of them; `update` reads what came since."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.ends: list[str] = []
        """For each part what it ends inside of, in English, `CLEAN` for nothing. Of an answer on its way the last one waits for what follows it."""
        self.timeline = ""
        """What is drawn of all parts together, once that has been done."""
        self._lines = LineDecoder()
        self._framing: SSEDecoder | JSONLinesDecoder | None = None
        self._is_text = not (tape.content_type or "").startswith(_BINARY)
        self._starts, self._stops = array("Q"), array("Q")
        self._event_starts, self._event_stops = array("Q"), array("Q")
        self._line_start = 0
        self._is_open = False  # lines of a frame came, and its last one not
        self._closing = b""
        self._fed = 0
        self._ended = False
        self._matched: tuple[tuple[str, bool, int, int] | None, range | list[int]] = (None, range(0))

    def update(self) -> None:
        """Read the parts and events that the tape got since the last call."""
        for event in self.tape.events[len(self._event_starts) :]:
            self._event_starts.append(event.start)
            self._event_stops.append(event.end)
        while self._fed < len(self.tape.parts):
            self._note_end()
            self._feed()
        if self.tape.ending is not None and not self._ended:
            self._ended = True
            self._note_end()
            if self._framing:
                self._note_frames(self._framing.finish(self._lines.finish()))

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """Yield the frames that have bytes between two offsets, the one that has not ended yet included."""
        number = bisect_right(self._stops, start)
        while number < len(self._starts) and self._starts[number] < end:
            yield Span(number, self._starts[number], self._stops[number])
            number += 1
        if number == len(self._starts) and self._framing and not self._ended:
            open_start = self._open_start()
            if open_start < end:
                yield Span(number, open_start, len(self.tape.body))

    def events(self, start: int, end: int, limit: int) -> tuple[list[tuple[int, TapedEvent]], int]:
        """Return the first events, and their numbers from 0, that were read from bytes between two offsets, and how many more there are."""
        first, last = bisect_right(self._event_stops, start), bisect_left(self._event_starts, end)
        found = [(number, self.tape.events[number]) for number in range(first, min(last, first + limit))]
        return [(number, event) for number, event in found if event.end > event.start], max(0, last - first - limit)

    def matching(self, query: str, *, only_inside: bool) -> range | list[int]:
        """Return the numbers, from 0, of the parts that hold a piece of `query` (text in any case, or bytes as `0x e3 81`), of those that end inside something.

        Raises:
            ValueError: What stands behind `0x` is no bytes.
        """
        asked = (query.strip(), only_inside, len(self.tape.parts), len(self.ends))
        if self._matched[0] != asked:
            kept = self._holding(asked[0]) if asked[0] else range(len(self.tape.parts))
            self._matched = asked, [number for number in kept if number < len(self.ends) and self.ends[number]] if only_inside else kept
        return self._matched[1]

    def _holding(self, query: str) -> list[int]:
        sought, body = query.encode(errors="replace").lower(), self.tape.body.lower()
        if query[:2].lower() == "0x":
            sought, body = bytes.fromhex(query[2:]), self.tape.body
        kept, stops, at = list[int](), [part.end for part in self.tape.parts], body.find(sought) if sought else -1
        while at >= 0:
            first = max(bisect_right(stops, at), kept[-1] + 1 if kept else 0)
            kept += range(first, bisect_left(stops, at + len(sought)) + 1)
            at = body.find(sought, max(at + 1, stops[kept[-1]] - len(sought) + 1))
        return kept

    def _feed(self) -> None:
        """Read the next part's lines."""
        part = self.tape.parts[self._fed]
        data = bytes(self.tape.body[part.start : part.end])
        self._fed += 1
        if self._framing is None and self._is_text:
            self._framing = self._find_framing(part.end)
            data = bytes(self.tape.body[self._line_start : part.end]) if self._framing else data
        if self._framing:
            lines = self._lines.feed(data)
            for _, _, content in lines:
                self._note_line(content)
            self._note_frames(self._framing.feed(lines))
            line_end = max(data.rfind(b"\n"), data.rfind(b"\r"))
            self._line_start = part.end - len(data) + line_end + 1 if line_end >= 0 else self._line_start

    def _find_framing(self, end: int) -> SSEDecoder | JSONLinesDecoder | None:
        if self.tape.body.startswith(_BYTE_ORDER_MARK) and not self._line_start:
            self._line_start = len(_BYTE_ORDER_MARK)
            self._lines.skip(self._line_start)
        first = bytes(self.tape.body[self._line_start : end].lstrip()[:1])
        if not first:
            return None
        self._is_text = first in b"{[:deir"
        if not self._is_text:
            return None
        return JSONLinesDecoder() if first in b"{[" else SSEDecoder()

    def _note_line(self, content: bytes) -> None:
        if isinstance(self._framing, SSEDecoder):
            self._is_open = bool(content)
        elif not self._is_open:
            self._closing, self._is_open = _BRACKETS.get(content, b""), content in _BRACKETS
        else:
            self._is_open = content != self._closing

    def _note_frames(self, frames: list[tuple[int, int, bytes]]) -> None:
        for start, end, _ in frames:
            self._starts.append(start)
            self._stops.append(end)

    def _open_start(self) -> int:
        start = self._stops[-1] if self._stops else 0
        return start + len(head) - len(head.lstrip()) if (head := bytes(self.tape.body[start : start + _TAIL_BYTES])) else start

    def _note_end(self) -> None:
        """Say of the part that was read last what it ends inside of, now that what follows it is there."""
        if self._fed > len(self.ends):
            self.ends.append(self._end_of(self.tape.parts[self._fed - 1].end))

    def _end_of(self, end: int) -> str:
        body = self.tape.body
        following = body[end] if end < len(body) else None
        tail = bytes(body[max(self._line_start, end - _TAIL_BYTES) : end])
        if self._framing is None:
            return CLEAN
        if splits_character(tail, following):
            return mark("a character")
        if end == self._line_start:
            return self._between_lines(body[end - 1] if end else None, following)
        head = bytes(body[self._line_start : min(end, self._line_start + _TAIL_BYTES)])
        return self._inside_line(head, tail, end, following)

    def _between_lines(self, last: int | None, following: int | None) -> str:
        if last == CR and following == LF:
            return mark("a line end of CR and LF")
        if not self._is_open:
            return CLEAN
        return mark("an event, before its blank line") if isinstance(self._framing, SSEDecoder) else mark("a JSON document of several lines")

    def _inside_line(self, head: bytes, tail: bytes, end: int, following: int | None) -> str:
        if isinstance(self._framing, SSEDecoder):
            if len(head) < len(_DATA) and _DATA.startswith(head):
                return mark("`data:`")
            if not head.startswith(_DATA):
                return mark("a comment") if head.startswith(b":") else mark("a line")
            head = head.removeprefix(_DATA).lstrip(b" ")
            if not head:
                return mark("an event, behind `data:`")
        if following in _LINE_ENDS or (following is None and self._is_whole_line(end)):
            return mark("a frame, before its line end")
        if head.startswith(b"{"):
            return mark("an escape") if _ESCAPE.search(tail) else mark("a JSON object")
        return mark("`[DONE]`") if head[:1] == b"[" and _DONE.startswith(head) else mark("a frame")

    def _is_whole_line(self, end: int) -> bool:
        content = bytes(self.tape.body[self._line_start : end]).removeprefix(_DATA).strip()
        try:
            return content == _DONE or json.loads(content) is not None
        except (ValueError, RecursionError):
            return False


def splits_character(tail: bytes, following: int | None) -> bool:
    """Return whether `tail` ends with a character's first bytes and not with its last; `following` is the next byte, None for the body's end."""
    if following is not None and following & 0xC0 != 0x80:
        return False
    for length in range(1, min(4, len(tail) + 1)):
        byte = tail[-length]
        if byte & 0xC0 == 0x80:
            continue
        needed = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return needed > length
    return False
