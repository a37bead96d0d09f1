from __future__ import annotations

import pytest

from backends.errors import StreamInterrupted
from backends.wire.eventstream import EventStreamDecoder, Message
from backends.wire.parts import encode_error, encode_exception, encode_part, parse_event, parse_part
from tests.backends.wire.frames import FRAMES, MESSAGES


def test_what_the_service_writes_is_written_byte_for_byte() -> None:
    members = {
        "Message": "Your model primary did not complete sending the inference response in the allotted time.",
        "ErrorCode": "ModelInvocationTimeExceeded",
    }

    assert encode_part(b'{"outputs": [" a"]}\n') == FRAMES["part"]
    assert encode_exception("ModelStreamError", members) == FRAMES["model stream error"]
    assert encode_exception("InternalStreamFailure", {"Message": "Internal failure."}) == FRAMES["internal stream failure"]
    assert encode_error("InternalError", "An internal server error occurred.") == FRAMES["unmodeled error"]


def test_parts_of_any_length_are_framed() -> None:
    payloads = [bytes(range(256)) * length for length in (0, 1, 3, 5000)]
    messages = list(EventStreamDecoder().feed(b"".join(map(encode_part, payloads + payloads))))

    assert [parse_part(message) for message in messages] == payloads + payloads


EXCEPTIONS = {
    "model stream error": (
        MESSAGES["model stream error"],
        "ModelStreamError: Your model primary did not complete sending the inference response in the allotted time.",
        "ModelStreamError",
        "ModelInvocationTimeExceeded",
    ),
    "internal stream failure": (MESSAGES["internal stream failure"], "InternalStreamFailure: Internal failure.", "InternalStreamFailure", None),
    "unmodeled error": (MESSAGES["unmodeled error"], "An internal server error occurred.", "InternalError", None),
    "unmodeled exception": (
        Message({":message-type": "exception", ":exception-type": "ThrottlingException"}, b'{"message": "slow down"}'),
        "ThrottlingException: slow down",
        "ThrottlingException",
        None,
    ),
    "exception that is no JSON": (Message({":message-type": "exception", ":exception-type": "X"}, b"oh\xff"), "X: oh\ufffd", "X", None),
    "exception that is no object": (Message({":message-type": "exception", ":exception-type": "X"}, b"[1]"), "X: [1]", "X", None),
    "exception without a word": (Message({":message-type": "exception"}, b"{}"), ": the service gives no message", "", None),
    "error without a word": (Message({":message-type": "error"}, b""), "", "", None),
}


@pytest.mark.parametrize(("message", "text", "code", "error_code"), EXCEPTIONS.values(), ids=EXCEPTIONS)
def test_exceptions_and_errors_interrupt(message: Message, text: str, code: str, error_code: str | None) -> None:
    with pytest.raises(StreamInterrupted) as raised:
        parse_part(message)

    assert (str(raised.value), raised.value.code, raised.value.error_code) == (text, code, error_code)


def test_a_part_that_names_no_message_type_is_a_part_as_botocore_has_it() -> None:
    assert parse_part(Message({":event-type": "PayloadPart"}, b"x")) == b"x"


@pytest.mark.parametrize(
    "headers",
    [{}, {":message-type": "event"}, {":message-type": "event", ":event-type": "initial-response"}, {":message-type": "news"}],
    ids=["none", "no event type", "another event", "another message type"],
)
def test_events_of_another_kind_are_no_parts(headers: dict[str, str]) -> None:
    assert parse_part(Message(headers, b"x")) is None


def test_botocore_s_dict_of_a_part_is_its_bytes() -> None:
    assert parse_event({"PayloadPart": {"Bytes": b"x"}}) == b"x"
    assert parse_event({"PayloadPart": {}}) == b""
    assert parse_event({"initial-response": {}}) is None
