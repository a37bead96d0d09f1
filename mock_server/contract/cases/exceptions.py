"""Exceptions and errors of the event stream, as its bytes and as botocore's dicts.

`exception` is what the service's model names, `error` what it does not. botocore's documentation shows exceptions as members of an event, and libraries are
written and tested against that; in truth botocore raises them as EventStreamError. Source: Smithy's "Amazon Event Stream Specification", botocore's model of
sagemaker-runtime 2017-05-13 and `eventstream.py`.
"""

from __future__ import annotations

from functools import partial

from backends.events import Token
from backends.wire.eventstream import encode_message
from backends.wire.parts import encode_part
from mock_server.contract.case import Case, fails, said
from mock_server.contract.cases.frames import PART_A, PART_B
from mock_server.contract.cases.rows import JSON_LINES, SSE

MODEL = "botocore's model of sagemaker-runtime 2017-05-13: ResponseStream"
SMITHY = 'Smithy\'s "Amazon Event Stream Specification", exceptions and errors'
RAISED = (
    "https://github.com/boto/boto3/issues/4031",
    "https://github.com/UKGovernmentBEIS/inspect_ai/pull/5111",
    "https://github.com/ai-dynamo/aiperf/pull/1408",
)
SLOW = "Your model primary did not complete sending the inference response in the allotted time."

TIME_EXCEEDED = (
    bytes.fromhex("00000101 0000005e 1fcd598f")
    + b"\x0f:exception-type\x07\x00\x10ModelStreamError"
    + b"\x0d:content-type\x07\x00\x10application/json"
    + b"\x0d:message-type\x07\x00\x09exception"
    + b'{"Message": "Your model primary did not complete sending the inference response in the allotted time.", "ErrorCode": "ModelInvocationTimeExceeded"}'
    + bytes.fromhex("7a776cfc")
)
INTERNAL_FAILURE = (
    bytes.fromhex("00000093 00000063 273fb24b")
    + b"\x0f:exception-type\x07\x00\x15InternalStreamFailure"
    + b"\x0d:content-type\x07\x00\x10application/json"
    + b"\x0d:message-type\x07\x00\x09exception"
    + b'{"Message": "Internal failure."}'
    + bytes.fromhex("29b11e2a")
)
UNMODELED_ERROR = (
    bytes.fromhex("00000076 00000066 b7610e6b")
    + b"\x0b:error-code\x07\x00\x0dInternalError"
    + b"\x0e:error-message\x07\x00\x22An internal server error occurred."
    + b"\x0d:message-type\x07\x00\x05error"
    + bytes.fromhex("b593b1cc")
)


def _exception(kind: str, payload: bytes) -> bytes:
    return encode_message({":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}, payload)


_framed = partial(Case, family="exceptions", format="event-stream", layer="frames", content_type=JSON_LINES, source=MODEL, bit=RAISED)

_FRAMES = (
    _framed(
        name="model-stream-error",
        writes=(PART_A, TIME_EXCEEDED),
        right=fails("interrupted", " a", says=SLOW),
        why="The model did not end in time: an exception frame says so behind the parts, and is no end.",
    ),
    _framed(
        name="model-stream-error-first",
        writes=(TIME_EXCEEDED,),
        right=fails("interrupted", says=SLOW),
        why="The exception may be the only frame of a stream that is HTTP 200.",
    ),
    _framed(
        name="model-stream-error-in-a-line",
        writes=(PART_A, encode_part(b'{"outputs": [" b'), _exception("ModelStreamError", b'{"Message": "The connection broke.", "ErrorCode": "StreamBroken"}')),
        right=fails("interrupted", " a", says="The connection broke."),
        why="Where the exception comes inside a line, that is why the line has no end: the exception counts, not the JSON that is none.",
    ),
    _framed(
        name="model-stream-error-in-one-piece-with-parts",
        writes=(PART_A, PART_B, TIME_EXCEEDED),
        cut="whole",
        right=fails("interrupted", " a", " b", says=SLOW),
        why="What came before the exception is delivered first, also where all arrives at once.",
    ),
    _framed(
        name="model-stream-error-cut",
        writes=(PART_A, TIME_EXCEEDED),
        cut="every-byte",
        right=fails("interrupted", " a", says=SLOW),
        why="An exception is a frame like any other, and is cut like one.",
    ),
    _framed(
        name="model-stream-error-without-its-code",
        writes=(PART_A, _exception("ModelStreamError", b'{"Message": "The model stopped."}')),
        right=fails("interrupted", " a", says="The model stopped."),
        why="The error code is no required member.",
    ),
    _framed(
        name="exception-in-lower-case",
        writes=(PART_A, _exception("ModelStreamError", b'{"message": "The model stopped.", "errorCode": "StreamBroken"}')),
        right=fails("interrupted", " a", says="The model stopped."),
        why="Other services of AWS write `message`: what it says is worth more than its spelling, which botocore loses.",
        source="botocore/parsers.py: EventStreamJSONParser reads the model's spelling alone",
    ),
    _framed(
        name="internal-stream-failure",
        writes=(PART_A, INTERNAL_FAILURE),
        right=fails("interrupted", " a", says="Internal failure."),
        why="The service failed by itself: the other exception that its model names.",
    ),
    _framed(
        name="exception-of-no-model",
        writes=(PART_A, _exception("ThrottlingException", b'{"message": "Rate exceeded"}')),
        right=fails("interrupted", " a", says="Rate exceeded"),
        why="An exception that the model does not name is an exception all the same.",
        source=SMITHY,
    ),
    _framed(
        name="exception-without-a-word",
        writes=(PART_A, _exception("ModelStreamError", b"{}")),
        right=fails("interrupted", " a", says="ModelStreamError"),
        why="An exception without a message has its type to tell.",
        source=SMITHY,
    ),
    _framed(
        name="exception-that-is-no-json",
        writes=(PART_A, _exception("InternalStreamFailure", b"upstream connect error")),
        right=fails("interrupted", " a", says="upstream connect error"),
        why="What a proxy wrote into the payload is what there is to tell; that it is no JSON is not the news.",
        source=SMITHY,
    ),
    _framed(
        name="unmodeled-error",
        writes=(PART_A, UNMODELED_ERROR),
        right=fails("interrupted", " a", says="An internal server error occurred."),
        why="An error that no model names has its code and its message in headers, and no payload.",
        source=SMITHY,
    ),
    _framed(
        name="parts-behind-an-exception",
        writes=(PART_A, INTERNAL_FAILURE, PART_B),
        right=fails("interrupted", " a", says="Internal failure."),
        why="An exception ends the stream: nothing behind it is the answer's.",
        source=SMITHY,
    ),
)

_dicts = partial(Case, family="exceptions", format="token-lines", layer="events", container="lmi-0.28", content_type=JSON_LINES, source=MODEL, bit=RAISED)
_LINE = b'{"token": {"id": 304, "text": " Elk", "log_prob": -0.05}}\n'
_SAID = Token(" Elk", 304, -0.05)

_DICTS = (
    _dicts(
        name="dict-model-stream-error",
        writes=(_LINE,),
        tail=({"ModelStreamError": {"Message": SLOW, "ErrorCode": "ModelInvocationTimeExceeded"}},),
        right=fails("interrupted", _SAID, says=SLOW),
        why="Behind the parts comes an event without a PayloadPart, whose one member names the exception.",
    ),
    _dicts(
        name="dict-model-stream-error-behind-events",
        format="token-sse",
        container="tgi-2.4",
        content_type=SSE,
        writes=(b'data: {"index":1,"token":{"id":304,"text":" Elk","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n',),
        tail=({"ModelStreamError": {"Message": SLOW, "ErrorCode": "ModelInvocationTimeExceeded"}},),
        right=fails("interrupted", _SAID, says=SLOW),
        why="The same behind server-sent events.",
    ),
    _dicts(
        name="dict-model-stream-error-first",
        writes=(),
        tail=({"ModelStreamError": {"Message": SLOW, "ErrorCode": "ModelInvocationTimeExceeded"}},),
        right=fails("interrupted", says=SLOW),
        why="No part has to come before an exception.",
    ),
    _dicts(
        name="dict-stream-broken-in-a-line",
        writes=(_LINE, b'{"token": {"id": 30'),
        tail=({"ModelStreamError": {"Message": "The connection broke.", "ErrorCode": "StreamBroken"}},),
        right=fails("interrupted", _SAID, says="The connection broke."),
        why="The exception says why the line has no end.",
    ),
    _dicts(
        name="dict-internal-stream-failure",
        writes=(_LINE,),
        tail=({"InternalStreamFailure": {"Message": "Internal failure."}},),
        right=fails("interrupted", _SAID, says="Internal failure."),
        why="The other exception of the model, which has no error code.",
    ),
    _dicts(
        name="dict-without-a-word",
        writes=(_LINE,),
        tail=({"ModelStreamError": {}},),
        right=fails("interrupted", _SAID, says="ModelStreamError"),
        why="An exception without members is one: to look for its message by index is to fail by accident.",
    ),
    _dicts(
        name="dict-of-an-unknown-event",
        writes=(_LINE, b'{"token": {"id": 5, "text": "s", "log_prob": -0.5}, "generated_text": " Elks"}\n'),
        tail=({"Heartbeat": {}},),
        right=said(_SAID, Token("s", 5, -0.5)),
        why="A model that grows gives events of other names: such a one is neither a part nor an exception, and is skipped.",
        source="botocore/parsers.py: BaseEventStreamParser, which shows every event that its model names",
        bit=(),
    ),
)

CASES = (*_FRAMES, *_DICTS)
