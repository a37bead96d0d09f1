"""Containers that answer with a picture or a sound: their bytes as they are, a piece at a time.

AWS says that such answers stream the same way ("Elevating the generative AI experience: Introducing streaming support in Amazon SageMaker hosting", 1 September
2023), but no container that does so is public. So this form is ours, and as plain as can be: a JSON request with `inputs`, and behind its head nothing but the
file, under its own content type. There are one picture and one sound, whatever the prompt; each piece is to profiles and faults what a token of text is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from backends.endpoints import Accepts
from mock_server.containers.container import ContainerRequest, Reply
from mock_server.containers.sound import SAMPLE_BYTES, SAMPLES_PER_S, sound

PICTURE = Path(__file__).resolve().parents[1] / "media" / "picture.jpg"
INVOCATIONS, PING = "/invocations", "/ping"
EXPECTED = 'expected a JSON object with "inputs", a string'


@dataclass(frozen=True, slots=True)
class Media:
    """A container that streams one file."""

    name: str
    content_type: str
    read: Callable[[], bytes]
    """Gives the file."""
    piece_bytes: int
    head_bytes: int = 0
    """What leaves with the first piece besides."""
    accepts: tuple[Accepts, ...] = ("inputs",)

    def handle(self, request: ContainerRequest) -> Reply:
        """Answer a request on any path."""
        if request.path == PING:
            return _say(200, "") if request.method == "GET" else _say(405, "expected GET")
        if request.path != INVOCATIONS:
            return _say(404, f"expected {INVOCATIONS} or {PING}")
        if request.method != "POST":
            return _say(405, "expected POST")
        if not _has_inputs(request.body):
            return _say(400, EXPECTED)
        writes = _pieces(self)
        return Reply(200, (("content-type", self.content_type),), writes, range(1, len(writes) + 1), is_chunked=True)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: in plain words."""
        return _say(status, "the model failed")


def _say(status: int, text: str) -> Reply:
    return Reply(status, (("content-type", "text/plain"),), (text.encode(),) if text else (), (0,) if text else ())


def _has_inputs(body: bytes) -> bool:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(asked, dict) and isinstance(asked.get("inputs"), str)


@cache
def _pieces(media: Media) -> Sequence[bytes]:
    data = media.read()
    ends = [*range(media.head_bytes + media.piece_bytes, len(data), media.piece_bytes), len(data)]
    return tuple(data[start:end] for start, end in pairwise([0, *ends]))


MEDIA: tuple[Media, ...] = (
    Media("plain-jpeg", "image/jpeg", PICTURE.read_bytes, piece_bytes=256),
    Media("plain-wav", "audio/wav", sound, piece_bytes=SAMPLES_PER_S * SAMPLE_BYTES // 10, head_bytes=44),
)
