"""Faults of the event stream and of the connection under it: each a pure function from what leaves to what leaves instead.

Names and members are those of botocore's service model sagemaker-runtime 2017-05-13, frames those of Smithy's event stream specification. Of the texts, the
one for ModelInvocationTimeExceeded is the service's own, as published; no capture of the others is public, so they are ours.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias
from zlib import crc32

from backends.wire.eventstream import encode_message
from backends.wire.parts import encode_error, encode_exception, encode_part
from mock_server.timeline import ResponseEnd, Timeline
from mock_server.words import WordError, parse_seconds

STREAM_ERRORS = {
    "ModelInvocationTimeExceeded": "Your model primary did not complete sending the inference response in the allotted time.",
    "StreamBroken": "Your model primary closed the connection before it completed the inference response.",
}
UNKNOWN_EVENT = "Unknown"

_PRELUDE_CRC_BYTE = 11
_CRC_BYTES = 4

Strike: TypeAlias = Callable[[Timeline, int, str], Timeline]
"""From what leaves, after how many of its parts and with which argument to what leaves instead."""
Reach: TypeAlias = Callable[[int, int, bool], bool]
"""From after how many parts, of how many, and whether these are the last, to whether the fault's moment is among them."""


def at_once(after: int, parts: int, _last: bool) -> bool:
    """Return whether part N leaves now, behind which it strikes."""
    return after <= parts


def before_next(after: int, parts: int, last: bool) -> bool:
    """Return whether part N+1, or the answer's end, would leave now, in whose place it strikes."""
    return after < parts or (last and after == parts)


def at_next(after: int, parts: int, _last: bool) -> bool:
    """Return whether part N+1 leaves now, which it strikes."""
    return after < parts


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fault does, and when."""

    strike: Strike
    reach: Reach


def _moment_s(timeline: Timeline, after: int) -> float:
    """Return when the next part is due, or, behind the last one, when that was."""
    return timeline.due_s[after] if after < len(timeline.due_s) else max(timeline.due_s, default=0.0)


def _stop(timeline: Timeline, after: int, last: bytes = b"", ending: ResponseEnd = "clean") -> Timeline:
    """Return what leaves if nothing but `last`, when the next part is due, follows the first `after` parts."""
    chunks, due_s = list(islice(timeline.chunks, after)), [*timeline.due_s[:after]]
    if last:
        chunks.append(last)
        due_s.append(_moment_s(timeline, after))
    return replace(timeline, chunks=chunks, due_s=due_s, parts=after, part_chunks=None, ending=ending, faulty=True)


def _splice(timeline: Timeline, after: int, frame: bytes, taken: int) -> Timeline:
    """Return what leaves if `frame` stands behind the first `after` parts, in place of the next `taken` ones."""
    frames, due_s = list(timeline.chunks), timeline.due_s
    behind = timeline.parts - after - taken
    return replace(
        timeline,
        chunks=[*frames[:after], frame, *frames[after + taken :]],
        due_s=[*due_s[:after], _moment_s(timeline, after), *due_s[after + taken :]],
        parts=after + behind,
        part_chunks=[*range(1, after + 1), *range(after + 2, after + 2 + behind)],
    )


def _ends_with(frame: Callable[[str], bytes]) -> Effect:
    """Return the effect of a frame that ends the stream."""
    return Effect(lambda timeline, after, argument: _stop(timeline, after, frame(argument)), before_next)


def _ends_as(ending: ResponseEnd) -> Effect:
    """Return the effect of an end behind part N."""
    return Effect(lambda timeline, after, _: _stop(timeline, after, ending=ending), at_once)


def _comes_between(frame: Callable[[str], bytes]) -> Effect:
    """Return the effect of a frame that stands between two parts and damages neither."""
    return Effect(lambda timeline, after, argument: _splice(timeline, after, frame(argument), 0), before_next)


def _damages(damage: Callable[[bytes], bytes]) -> Effect:
    """Return the effect of a damaged frame, behind which the stream goes on."""

    def strike(timeline: Timeline, after: int, _: str) -> Timeline:
        frames = list(timeline.chunks)
        return replace(_splice(replace(timeline, chunks=frames), after, damage(frames[after]), 1), faulty=True)

    return Effect(strike, at_next)


def model_stream_error(code: str) -> bytes:
    """Return the frame that says why the model did not finish; `code` is one of `STREAM_ERRORS`."""
    return encode_exception("ModelStreamError", {"Message": STREAM_ERRORS[code], "ErrorCode": code})


def _unknown_event(name: str) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return encode_message(headers, json.dumps({"Message": "An event of a kind that came after this client was made."}).encode())


def _flip(frame: bytes, position: int) -> bytes:
    """Return a frame with every bit of one byte turned over."""
    damaged = bytearray(frame)
    damaged[position] ^= 0xFF
    return bytes(damaged)


def _bad_prelude_crc(frame: bytes) -> bytes:
    """Return a frame whose prelude alone does not match its checksum: the message's is right for what is there."""
    damaged = _flip(frame, _PRELUDE_CRC_BYTE)[:-_CRC_BYTES]
    return damaged + struct.pack(">I", crc32(damaged))


def _truncate(timeline: Timeline, after: int, _: str) -> Timeline:
    *whole, frame = islice(timeline.chunks, after + 1)
    return _stop(replace(timeline, chunks=whole), after, frame[: len(frame) // 2])


def _tear(timeline: Timeline, after: int, _: str) -> Timeline:
    """Return what leaves if the connection closes inside the chunk of the next part."""
    *whole, torn = islice(timeline.chunks, after + 1)
    return replace(_stop(replace(timeline, chunks=whole), after, ending="close"), torn=torn, end_s=_moment_s(timeline, after))


def _hang(timeline: Timeline, after: int, _: str) -> Timeline:
    """Return what leaves before a silence without an end, which damages nothing."""
    return replace(_stop(timeline, after, ending="hang"), faulty=timeline.faulty)


def _pause(timeline: Timeline, after: int, seconds: str) -> Timeline:
    """Return what leaves around a silence that ends."""
    pause_s = parse_seconds(seconds)
    return replace(timeline, due_s=(*timeline.due_s[:after], *(moment_s + pause_s for moment_s in timeline.due_s[after:])))


EFFECTS = {
    "model-stream-error": _ends_with(model_stream_error),
    "internal-stream-failure": _ends_with(lambda _: encode_exception("InternalStreamFailure", {"Message": "Internal failure."})),
    "unmodeled-exception": _ends_with(lambda _: encode_exception("ThrottlingException", {"Message": "Rate exceeded"})),
    "unmodeled-error": _ends_with(lambda _: encode_error("InternalError", "An internal server error occurred.")),
    "unknown-event": _comes_between(_unknown_event),
    "empty-part": _comes_between(lambda _: encode_part(b"")),
    "bad-prelude-crc": _damages(_bad_prelude_crc),
    "bad-message-crc": _damages(lambda frame: _flip(frame, len(frame) - 1)),
    "truncate-frame": Effect(_truncate, at_next),
    "no-frames": _ends_as("clean"),
    "reset": _ends_as("reset"),
    "close": _ends_as("close"),
    "close-in-chunk": Effect(_tear, at_next),
    "stall": Effect(_hang, at_once),
    "stall:SECONDS": Effect(_pause, at_next),
}
"""What each fault does; a stall that ends is another effect than one that does not."""


def parse_error_code(text: str) -> None:
    """Check an error code of the stream.

    Raises:
        WordError: It is none.
    """
    if text not in STREAM_ERRORS:
        raise WordError(f"{text!r} is not an error code of the stream", ", ".join(STREAM_ERRORS))


class StreamDamage:
    """What one fault does to one answer, which leaves as one timeline or as many, one after another.

    The chunks that it is given are the parts, each one frame or write.
    """

    def __init__(self, name: str, argument: str, after: int) -> None:
        lasts = name == "stall" and argument != ""
        self._effect = EFFECTS["stall:SECONDS" if lasts else name]
        self._argument = argument
        self._after = after
        self._delay_s = parse_seconds(argument) if lasts else 0.0
        self.struck = False
        """Whether its moment has come."""

    def feed(self, timeline: Timeline, *, last: bool) -> Timeline:
        """Return what leaves instead; `last` says that nothing follows."""
        if self.struck:
            return timeline.delayed(self._delay_s)
        if not self._effect.reach(self._after, timeline.parts, last):
            self._after -= timeline.parts
            return timeline
        self.struck = True
        return self._effect.strike(timeline, self._after, self._argument)
