"""The event stream's own framing: prelude, headers, payload and two checksums, cut anywhere; what is no PayloadPart; what is no frame.

Bodies are LMI's `outputs`, whose end nothing marks: what is lost here is lost by the framing. Source: Smithy's "Amazon Event Stream Specification" and
botocore's `eventstream.py`; the first part is written out from botocore's reading of it.
"""

from __future__ import annotations

from functools import partial

from backends.wire.eventstream import encode_message
from backends.wire.parts import encode_part
from mock_server.contract.case import Case, fails, said
from mock_server.contract.cases.rows import JSON_LINES

SMITHY = 'Smithy\'s "Amazon Event Stream Specification"'
BOTOCORE = "botocore/eventstream.py and botocore/parsers.py: EventStreamParser"

HEADERS = b"\x0b:event-type\x07\x00\x0bPayloadPart\x0d:content-type\x07\x00\x18application/octet-stream\x0d:message-type\x07\x00\x05event"
PART_A = bytes.fromhex("0000007d 00000059 76d71247") + HEADERS + b'{"outputs": [" a"]}\n' + bytes.fromhex("0c5a3c0e")
PART_B = bytes.fromhex("0000007d 00000059 76d71247") + HEADERS + b'{"outputs": [" b"]}\n' + bytes.fromhex("4bfa46de")

frames = partial(Case, family="frames", format="event-stream", layer="frames", content_type=JSON_LINES, source=SMITHY)
_split = partial(frames, writes=(PART_A, PART_B), right=said(" a", " b"))

_CUT = (
    frames(
        name="frame",
        writes=(PART_A,),
        right=said(" a"),
        why="A PayloadPart's payload is the container's bytes themselves, neither base64 nor JSON.",
        source="botocore's model of sagemaker-runtime 2017-05-13: PayloadPart.Bytes is a blob and the event's payload",
    ),
    _split(name="frames-in-one-piece", cut="whole", why="What arrives at once may hold several frames: lengths alone say where one ends."),
    _split(name="frame-cut-in-its-prelude", cut="at:5", why="The first four bytes that arrive may be no whole prelude yet."),
    _split(name="frame-cut-in-its-prelude-checksum", cut="at:10", why="A prelude is read when its own checksum is there."),
    _split(name="frame-cut-in-its-headers", cut="at:40", why="A prelude may arrive without its headers."),
    _split(name="frame-cut-in-its-payload", cut="at:111", why="A payload may arrive in pieces: it counts when its checksum is there."),
    _split(name="frame-cut-in-its-checksum", cut="at:123", why="The last two bytes of a frame may arrive with the next one."),
    _split(name="frame-with-the-next-ones-beginning", cut="at:130", why="A frame is whole though five bytes of the next arrived with it."),
    _split(name="frames-byte-by-byte", cut="every-byte", why="Network reads end anywhere, behind every byte if need be."),
    frames(
        name="character-in-two-frames",
        writes=(encode_part(b'{"outputs": [" \xf0\x9f\xa6'), encode_part(b'\x89"]}\n')),
        right=said(" 🦉"),
        why="Frames carry bytes: a character, as a line, may begin in one and end in the next.",
        bit=("https://github.com/BerriAI/litellm/issues/9165",),
    ),
    frames(
        name="frames-with-several-lines",
        writes=(encode_part(b'{"outputs": [" a"]}\n{"outputs": [" b"]}\n{"out'), encode_part(b'puts": [" c"]}\n')),
        right=said(" a", " b", " c"),
        why="A frame is no line either: it may hold two and the beginning of a third.",
        bit=("https://github.com/strands-agents/harness-sdk/issues/4035",),
    ),
)

_HEADERS = (
    frames(
        name="payload-empty",
        writes=(PART_A, bytes.fromhex("00000069 00000059 e3b72305") + HEADERS + bytes.fromhex("139da204"), PART_B),
        right=said(" a", " b"),
        why="A part may have no bytes: it is not the end.",
        source=BOTOCORE,
    ),
    frames(
        name="headers-in-another-order",
        writes=(
            bytes.fromhex("00000075 00000051 487cd1b4")
            + b"\x0d:message-type\x07\x00\x05event\x0b:event-type\x07\x00\x0bPayloadPart\x0d:content-type\x07\x00\x10application/json"
            + b'{"outputs": [" a"]}\n'
            + bytes.fromhex("6272fd92"),
        ),
        right=said(" a"),
        why="Headers are known by their names: their order has no meaning, and nobody published what SageMaker's is.",
    ),
    frames(
        name="headers-of-every-type",
        writes=(
            bytes.fromhex("000000c4 000000a0 af61329a")
            + HEADERS
            + b"\x01t\x00\x01f\x01\x01b\x02\xff\x01s\x03\x80\x00\x01i\x04\x00\x00\x01\x00\x01l\x05\xff\xff\xff\xff\xff\xff\xff\xfe"
            + b"\x01y\x06\x00\x03\x00\xff\x0a\x01d\x08\x00\x00\x01\x8b\xcf\xe5\x68\x00"
            + b"\x01u\x09\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
            + b'{"outputs": [" a"]}\n'
            + bytes.fromhex("f3bc10b0"),
        ),
        right=said(" a"),
        why="A header may be of any of ten types, also one that nobody asks for.",
    ),
    frames(
        name="headers-without-a-message-type",
        writes=(
            bytes.fromhex("0000003e 0000001a 865120f4") + b"\x0b:event-type\x07\x00\x0bPayloadPart" + b'{"outputs": [" a"]}\n' + bytes.fromhex("4c774573"),
        ),
        right=said(" a"),
        also=(fails("malformed"),),
        why="Where the event names its type and no message type, it is an event, as botocore has it; to insist on the header is as right.",
        source=BOTOCORE,
    ),
    frames(
        name="no-headers-but-a-payload",
        writes=(PART_A, bytes.fromhex("0000001d 00000000 fd528c5a") + b"{'foo':'bar'}" + bytes.fromhex("c3653936"), PART_B),
        right=said(" a", " b"),
        also=(fails("malformed", " a"),),
        why="A message that names no type is no PayloadPart: its payload is not the container's. We skip it as botocore does; to refuse it is as right.",
        source="aws-c-event-stream's and botocore's test vectors, and botocore/parsers.py: EventStreamParser",
    ),
    frames(
        name="no-headers-and-no-payload",
        writes=(bytes.fromhex("00000010 00000000 05c248eb 7d98c8ff"), PART_A),
        right=said(" a"),
        also=(fails("malformed"),),
        why="The shortest message has 16 bytes and says nothing.",
        source="aws-c-event-stream's and botocore's test vectors",
    ),
    frames(
        name="unknown-event",
        writes=(
            PART_A,
            encode_message({":event-type": "Heartbeat", ":content-type": "application/json", ":message-type": "event"}, b'{"outputs": [" no"]}\n'),
            PART_B,
        ),
        right=said(" a", " b"),
        why="A service may add events: one whose type is not known is skipped, and its payload is no part of the body.",
        source=BOTOCORE,
    ),
    frames(
        name="initial-response",
        writes=(
            encode_message({":event-type": "initial-response", ":content-type": "application/json", ":message-type": "event"}, b"{}"),
            PART_A,
        ),
        right=said(" a"),
        why="Some protocols open the stream with the response's members: SageMaker's does not, and a reader that meets them goes on.",
        source="botocore/eventstream.py: EventStream.get_initial_response",
    ),
)

CASES = (*_CUT, *_HEADERS)
