"""Event streams that break their own format: checksums, lengths and headers that are wrong, frames that stop, bytes that are no frames.

The checksum is there to be checked, and a stream that stops inside a frame has lost something, though botocore takes it for an end. What came in whole
frames before counts. Source: Smithy's "Amazon Event Stream Specification" and botocore's `eventstream.py`.
"""

from __future__ import annotations

from functools import partial

from backends.wire.parts import encode_part
from mock_server.contract.case import fails
from mock_server.contract.cases.frames import HEADERS, PART_A, PART_B, frames
from mock_server.contract.cases.truncation import FRAMED_SOURCE

_malformed = partial(frames, right=fails("malformed", " a"))
_truncated = partial(frames, right=fails("truncated", " a"), source=FRAMED_SOURCE)
_NO_ANSWER = "ours: neither the specification nor a container knows a stream without a byte of a body; botocore/eventstream.py takes it for one that ended"

_WRONG = (
    _malformed(
        name="prelude-checksum-wrong",
        writes=(PART_A, bytes.fromhex("0000007d 00000059 76d71248") + HEADERS + b'{"outputs": [" b"]}\n' + bytes.fromhex("4bfa46de")),
        why="The prelude's checksum guards the lengths: where it is wrong nothing tells how much to wait for.",
    ),
    _malformed(
        name="message-checksum-wrong",
        writes=(PART_A, bytes.fromhex("0000007d 00000059 76d71247") + HEADERS + b'{"outputs": [" b"]}\n' + bytes.fromhex("4bfa46df")),
        why="A frame whose checksum is wrong was damaged, wherever: nothing of it counts.",
    ),
    _malformed(
        name="payload-damaged",
        writes=(PART_A, bytes.fromhex("0000007d 00000059 76d71247") + HEADERS + b'{"outputs": [" c"]}\n' + bytes.fromhex("4bfa46de"), PART_B),
        why="One letter became another, which makes good JSON: only the checksum knows.",
    ),
    _malformed(
        name="length-too-small",
        writes=(PART_A, bytes.fromhex("0000000f 00000000 e77248b8 45ab32b2")),
        why="No frame is shorter than its two checksums and lengths, 16 bytes.",
    ),
    _malformed(
        name="length-over-the-limit",
        writes=(PART_A, bytes.fromhex("01800011 00000000 7c1e8b37 7bb19c7c")),
        also=(fails("truncated", " a"),),
        why="A payload has 24 MiB at most. We refuse the prelude as botocore does; the specification leaves it to services, and the bytes do not come.",
    ),
    _malformed(
        name="headers-over-the-limit",
        writes=(PART_A, bytes.fromhex("00030d40 00020001 c4246a9b 5d004ecc")),
        also=(fails("truncated", " a"),),
        why="Headers have 128 KiB at most, and the same holds of them.",
    ),
    _malformed(
        name="headers-longer-than-the-frame",
        writes=(PART_A, bytes.fromhex("0000006a 000000c8 231ffa07") + HEADERS + b"x" + bytes.fromhex("ff04abca")),
        why="Headers of 200 bytes cannot be in a frame of 106.",
    ),
    _malformed(
        name="header-of-no-type",
        writes=(PART_A, bytes.fromhex("00000080 0000005c b6197224") + HEADERS + b'\x01a\x0a{"outputs": [" b"]}\n' + bytes.fromhex("795cfba7")),
        why="There are header types 0 to 9: how long the value of another is, nobody knows.",
    ),
    _malformed(
        name="header-cut-off",
        writes=(PART_A, bytes.fromhex("00000084 00000060 6cf6a863") + HEADERS + b'\x01a\x07\x00\x09ab{"outputs": [" b"]}\n' + bytes.fromhex("16e7a352")),
        why="A header's value of nine bytes cannot be in the two that are left of the headers; it does not go on in the payload.",
    ),
    _malformed(
        name="header-twice",
        writes=(PART_A, bytes.fromhex("000000d6 000000b2 46f88730") + HEADERS + HEADERS + b'{"outputs": [" b"]}\n' + bytes.fromhex("ba767aba")),
        why="Names of headers are told once: which of two would count is not said.",
    ),
    _malformed(
        name="bytes-before-the-first-frame",
        writes=(b"\r\n" + PART_A,),
        right=fails("malformed"),
        why="The stream begins with a prelude: what is moved by two bytes is no frame, and its checksum tells.",
    ),
    _malformed(
        name="body-that-nobody-framed",
        writes=(b'{"outputs": [" a"]}\n{"outputs": [" b"]}\n',),
        right=fails("malformed"),
        why="Bytes of a container that reach the decoder bare have no prelude: four letters are no length.",
    ),
)

_STOPPED = (
    _truncated(
        name="frame-stops-in-its-prelude",
        writes=(PART_A, PART_B[:7]),
        why="Seven bytes of a prelude are the beginning of a frame that did not come: the stream lost it.",
    ),
    _truncated(
        name="frame-stops-in-its-headers",
        writes=(PART_A, PART_B[:50]),
        why="A frame without all of its headers is no frame, and no end.",
    ),
    _truncated(
        name="frame-stops-in-its-payload",
        writes=(PART_A, PART_B[:115]),
        why="A frame without all of its payload is no frame: the bytes that came of it are not checked by anything.",
    ),
    _truncated(
        name="frame-stops-in-its-checksum",
        writes=(PART_A, PART_B[:123]),
        why="A payload whose checksum stops after two bytes is whole and yet not known to be right.",
    ),
    _truncated(
        name="first-frame-stops",
        writes=(PART_A[:115],),
        right=fails("truncated"),
        why="Where the first frame stops, an empty answer is not what was said.",
    ),
    _truncated(
        name="no-frame",
        writes=(),
        right=fails("truncated"),
        why="A stream without a frame holds no answer, not even an empty one: no container says nothing at all.",
        source=_NO_ANSWER,
    ),
    _truncated(
        name="only-empty-payloads",
        writes=(encode_part(b""), encode_part(b"")),
        right=fails("truncated"),
        why="Parts without bytes are no answer either.",
        source=_NO_ANSWER,
    ),
)

CASES = (*_WRONG, *_STOPPED)
