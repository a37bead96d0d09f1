from __future__ import annotations

import pytest

from backends.wire.jsonlines import JSONLinesDecoder
from backends.wire.lines import Frame, LineDecoder
from mock_server.contract.cuttings import cuttings


def frames_of(parts: list[bytes], limit_bytes: int = 100) -> list[Frame]:
    lines, documents = LineDecoder(), JSONLinesDecoder(limit_bytes)
    frames = [frame for part in parts for frame in documents.feed(lines.feed(part))]
    return frames + documents.finish(lines.finish())


DOCUMENTS = {
    "nothing": (b"", []),
    "a line each": (b'{"a": 1}\n[2]\n3', [(0, 8, b'{"a": 1}'), (9, 12, b"[2]"), (13, 14, b"3")]),
    "blank lines": (b"\n{}\n\n", [(0, 0, b""), (1, 3, b"{}"), (4, 4, b"")]),
    "a printed object": (b'1\n{\n "a": {\n }\n}\n2', [(0, 1, b"1"), (2, 16, b'{\n "a": {\n }\n}'), (17, 18, b"2")]),
    "a printed array": (b"[\n{\n},\n{}\n]\n", [(0, 11, b"[\n{\n},\n{}\n]")]),
    "blank lines inside": (b"{\n\n\n}\n", [(0, 5, b"{\n}")]),
    "one that no bracket closes": (b'{\n "a": 1\n\n', [(0, 9, b'{\n "a": 1')]),
    "a brace, then a document": (b'{\n{"a": 1}\n{\n}\n', [(0, 1, b"{"), (2, 10, b'{"a": 1}'), (11, 14, b"{\n}")]),
}


@pytest.mark.parametrize(("body", "frames"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_any_cutting_gives_the_documents_and_where_they_are(body: bytes, frames: list[Frame]) -> None:
    for parts in cuttings(body):
        assert frames_of(parts) == frames, parts


def test_a_printed_document_over_the_limit_comes_at_once_and_what_follows_is_read() -> None:
    for parts in cuttings(b"{\n1234\n}\n{\n123\n1\n2"):
        assert frames_of(parts, limit_bytes=6) == [(0, 8, b"{\n1234\n}"), (9, 16, b"{\n123\n1"), (17, 18, b"2")], parts
