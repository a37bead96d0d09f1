"""Event stream messages, byte for byte.

The first three are of botocore's and aws-c-event-stream's own test suites; the others were checked by decoding them with botocore.
"""

from __future__ import annotations

from backends.wire.eventstream import Message

FRAMES = {
    "empty": bytes.fromhex("00000010 00000000 05c248eb 7d98c8ff"),
    "payload": bytes.fromhex("0000001d 00000000 fd528c5a 7b27666f6f273a27626172277d c3653936"),
    "payload and a header": (
        bytes.fromhex("0000003d 00000020 07fd8396") + b"\x0ccontent-type\x07\x00\x10application/json" + b"{'foo':'bar'}" + bytes.fromhex("8d9c08b1")
    ),
    "part": (
        bytes.fromhex("0000007d 00000059 76d71247")
        + b"\x0b:event-type\x07\x00\x0bPayloadPart"
        + b"\x0d:content-type\x07\x00\x18application/octet-stream"
        + b"\x0d:message-type\x07\x00\x05event"
        + b'{"outputs": [" a"]}\n'
        + bytes.fromhex("0c5a3c0e")
    ),
    "model stream error": (
        bytes.fromhex("00000101 0000005e 1fcd598f")
        + b"\x0f:exception-type\x07\x00\x10ModelStreamError"
        + b"\x0d:content-type\x07\x00\x10application/json"
        + b"\x0d:message-type\x07\x00\x09exception"
        + b'{"Message": "Your model primary did not complete sending the inference response in the allotted time.", "ErrorCode": "ModelInvocationTimeExceeded"}'
        + bytes.fromhex("7a776cfc")
    ),
    "internal stream failure": (
        bytes.fromhex("00000093 00000063 273fb24b")
        + b"\x0f:exception-type\x07\x00\x15InternalStreamFailure"
        + b"\x0d:content-type\x07\x00\x10application/json"
        + b"\x0d:message-type\x07\x00\x09exception"
        + b'{"Message": "Internal failure."}'
        + bytes.fromhex("29b11e2a")
    ),
    "unmodeled error": (
        bytes.fromhex("00000076 00000066 b7610e6b")
        + b"\x0b:error-code\x07\x00\x0dInternalError"
        + b"\x0e:error-message\x07\x00\x22An internal server error occurred."
        + b"\x0d:message-type\x07\x00\x05error"
        + bytes.fromhex("b593b1cc")
    ),
}

MESSAGES = {
    "empty": Message({}, b""),
    "payload": Message({}, b"{'foo':'bar'}"),
    "payload and a header": Message({"content-type": "application/json"}, b"{'foo':'bar'}"),
    "part": Message(
        {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"},
        b'{"outputs": [" a"]}\n',
    ),
    "model stream error": Message(
        {":exception-type": "ModelStreamError", ":content-type": "application/json", ":message-type": "exception"},
        b'{"Message": "Your model primary did not complete sending the inference response in the allotted time.", "ErrorCode": "ModelInvocationTimeExceeded"}',
    ),
    "internal stream failure": Message(
        {":exception-type": "InternalStreamFailure", ":content-type": "application/json", ":message-type": "exception"},
        b'{"Message": "Internal failure."}',
    ),
    "unmodeled error": Message({":error-code": "InternalError", ":error-message": "An internal server error occurred.", ":message-type": "error"}, b""),
}
