"""LMI's `json` formatter: one JSON document that leaves token by token, so that its text can be read before the document ends.

{"generated_text": " Deep   learning   </s>", "details": {...}}      the spaces between are where it is cut

Nobody but Python's `json.dumps` writes a space behind that colon. An error of the front end's begins where the text was broken off, inside the string.
Source: djl-serving, `djl_python/rolling_batch/rolling_batch.py` of 0.23 to 0.27 and `output_formatter.py` of 0.28.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeAlias

import orjson

from backends.wire.documents import parse_frame
from backends.wire.lines import MAX_FRAME_BYTES, Frame

Fragment: TypeAlias = tuple[Frame, str]
"""Where a piece of the text is, and the text."""

_OPENINGS = (b'{"generated_text": "', b'[{"generated_text": "')
_UNITS = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])*+')
_UNFINISHED_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_UNFINISHED_CHARACTER = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z")
_HIGH_SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_LONGEST_UNIT_BYTES = 6
_BRACE = b"{"


def find_opening(head: bytes) -> bytes | None:
    """Return the opening that a body's beginning is, or may become; None if it is another body's."""
    return next((opening for opening in _OPENINGS if head.startswith(opening) or opening.startswith(head)), None)


class FragmentDecoder:
    """Bytes behind the opening in, text out; what stands behind the text is kept, and comes as one frame at its line's end or the body's.

    A brace at the end of what came waits: it may be the first byte of an error.
    """

    def __init__(self, opening: bytes, start: int) -> None:
        self.frame: Frame | None = None
        """The document without the text that came out of it, or the error in its place, once its line has ended."""
        self.left = b""
        """What came behind that line."""
        self._opening = opening
        self._start = start
        self._offset = start + len(opening)
        self._held = b""
        self._tail: bytearray | None = None

    def feed(self, data: bytes) -> Sequence[Fragment]:
        """Return the text that `data` completes: a fragment, or none."""
        if self._tail is not None:
            return self._close(data)
        data = self._held + data
        end = _UNITS.match(data).end()  # type: ignore[union-attr]  # it matches always, if only nothing
        is_open = end == len(data) or _UNFINISHED_ESCAPE.match(data, end) is not None
        end -= _count_unfinished(data[:end]) if is_open else data[:end].endswith(_BRACE)
        valid = _count_valid(data[:end])
        is_open, end = is_open and valid == end, valid
        fragments = self._take(data[:end])
        if is_open:
            self._held = data[end:]
            return fragments
        return [*fragments, *self._close(data[end:])]

    def finish(self) -> Sequence[Fragment]:
        """Return the text that waited and was text after all; `frame` is what else is left, an unfinished one where the body stopped early."""
        if self._tail is not None:
            return self._end_line(bytes(self._tail))
        self.frame = self._start, self._offset + len(self._held), self._opening + self._held
        return ()

    def _take(self, raw: bytes) -> list[Fragment]:
        start, self._offset = self._offset, self._offset + len(raw)
        return [((start, self._offset, raw), _loads(raw))] if raw else []

    def _close(self, data: bytes) -> Sequence[Fragment]:
        """Keep what stands behind the text, to the line's end; an error that is printed over several lines, to the body's."""
        tail = self._tail = self._tail or bytearray()
        start = len(tail)
        tail += data[: MAX_FRAME_BYTES + 2 - start]
        is_printed = tail.startswith(_BRACE) and not tail.startswith(_BRACE + b'"')
        place = tail.find(b"\n", start)
        if is_printed or place < 0:
            return ()
        self.left = data[place - start + 1 :]
        return self._end_line(bytes(tail[:place]))

    def _end_line(self, tail: bytes) -> Sequence[Fragment]:
        """Tell a brace that ends the text from one that begins an error."""
        fragments: list[Fragment] = []
        end = self._offset + len(tail)
        document = self._opening + tail
        if tail.startswith(_BRACE):
            if _is_document(document):
                fragments = self._take(_BRACE)
                document = self._opening + tail[1:]
            else:
                document = tail
        self.frame = self._start, end, document
        return fragments


def _count_unfinished(raw: bytes) -> int:
    """Return how many bytes at the end of a text wait for what comes next: a part of a character, the first half of a pair, a brace."""
    if raw.endswith(_BRACE):
        return len(_BRACE)
    character = _UNFINISHED_CHARACTER.search(raw[-3:])
    if character:
        return len(character.group())
    half = _HIGH_SURROGATE.match(raw[-_LONGEST_UNIT_BYTES:])
    before = raw[:-_LONGEST_UNIT_BYTES]
    return _LONGEST_UNIT_BYTES if half and (len(before) - len(before.rstrip(b"\\"))) % 2 == 0 else 0


def _count_valid(raw: bytes) -> int:
    """Return how many bytes of a text come before one that is no UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(raw)


def _loads(raw: bytes) -> str:
    quoted = b'"' + raw + b'"'
    try:
        text: str = orjson.loads(quoted)
    except ValueError:  # half of a pair without the other
        text = json.loads(quoted)
    return text


def _is_document(data: bytes) -> bool:
    try:
        parse_frame(data)
    except ValueError:
        return False
    return True
