from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import BackendError, MalformedFrame, TruncatedStream
from backends.wire.eventstream import (
    MAX_HEADERS_BYTES,
    MAX_PAYLOAD_BYTES,
    EventStreamDecoder,
    HeaderValue,
    Message,
    encode_headers,
    encode_message,
)
from mock_server.contract.cuttings import cut_at, cuttings, every
from tests.backends.wire.frames import FRAMES, MESSAGES


def decode(parts: Iterable[bytes]) -> tuple[list[Message], BackendError | None]:
    decoder = EventStreamDecoder()
    messages: list[Message] = []
    try:
        for part in parts:
            for message in decoder.feed(part):
                messages.append(message)  # noqa: PERF402 - list.extend would lose what precedes an error
        messages.extend(decoder.finish())
    except BackendError as error:
        return messages, error
    return messages, None


def framed(headers: bytes, payload: bytes = b"", *, total: int | None = None, headers_bytes: int | None = None) -> bytes:
    """Return a message whose CRCs are right, whatever its lengths claim."""
    lengths = struct.pack(">II", len(headers) + len(payload) + 16 if total is None else total, len(headers) if headers_bytes is None else headers_bytes)
    message = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return message + struct.pack(">I", crc32(message))


@pytest.mark.parametrize("name", FRAMES)
def test_any_cutting_of_a_frame_gives_its_message(name: str) -> None:
    frame, message = FRAMES[name], MESSAGES[name]
    for parts in cuttings(frame + frame):
        assert decode(parts) == ([message, message], None), parts


@pytest.mark.parametrize("name", FRAMES)
def test_a_message_is_written_as_its_frame(name: str) -> None:
    message = MESSAGES[name]

    assert encode_message(message.headers, message.payload) == FRAMES[name]


@pytest.mark.parametrize("name", FRAMES)
def test_botocore_reads_every_frame(name: str) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(FRAMES[name])
    messages: list[Any] = list(buffer)  # botocore has no types of its own here
    (message,) = messages

    assert message.headers == MESSAGES[name].headers
    assert message.payload == MESSAGES[name].payload


@pytest.mark.parametrize("name", FRAMES)
def test_every_flipped_byte_of_a_frame_is_noticed(name: str) -> None:
    frame = FRAMES[name]
    for place in range(len(frame)):
        for flip in (0x01, 0x80, 0xFF):
            bad = frame[:place] + bytes([frame[place] ^ flip]) + frame[place + 1 :]
            messages, error = decode([frame + bad])

            assert messages == [MESSAGES[name]]
            assert isinstance(error, MalformedFrame)
            assert error.offset == len(frame)
            assert repr(decode(every(frame + bad, 1))) == repr((messages, error))


@pytest.mark.parametrize("name", FRAMES)
def test_a_stream_cut_inside_a_frame_is_an_error_not_an_end(name: str) -> None:
    frame = FRAMES[name]
    for length in range(1, len(frame)):
        messages, error = decode([frame, frame[:length]])

        assert messages == [MESSAGES[name]]
        assert isinstance(error, TruncatedStream)
        assert error.pending == frame[:length]
        needed = 12 if length < 12 else len(frame)
        assert str(error) == f"the event stream stopped inside a message: {length} bytes of {needed} or more arrived, at byte {len(frame)}"


def test_an_empty_stream_is_no_error() -> None:
    assert decode([]) == ([], None)
    assert decode([b""]) == ([], None)


MALFORMED = {
    "prelude CRC": (b"\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xec\x7d\x98\xc8\xff", "prelude CRC is 0x05c248ec, expected 0x05c248eb"),
    "message CRC": (b"\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xfe", "message CRC is 0x7d98c8fe, expected 0x7d98c8ff"),
    "shorter than its own frame": (framed(b"", total=15), f"payload is -1 bytes long, expected 0 to {MAX_PAYLOAD_BYTES}"),
    "headers longer than the message": (framed(b"", headers_bytes=1), f"payload is -1 bytes long, expected 0 to {MAX_PAYLOAD_BYTES}"),
    "headers over the limit": (framed(b"", total=200_000, headers_bytes=131_073), "headers are 131073 bytes long, expected at most 131072"),
    "payload over the limit": (framed(b"", total=MAX_PAYLOAD_BYTES + 17), "payload is 25165825 bytes long, expected 0 to 25165824"),
    "a header of no type": (framed(b"\x01a\x0a"), "headers cannot be read: header 'a' is of type 10, expected 0 to 9"),
    "a header without a name": (framed(b"\x00\x00"), "headers cannot be read: a header has no name"),
    "a name that is cut off": (framed(b"\x05ab"), "headers cannot be read: 5 bytes are needed at byte 1 of the headers, 2 are left"),
    "a type that is cut off": (framed(b"\x01a"), "headers cannot be read: 1 bytes are needed at byte 2 of the headers, 0 are left"),
    "a value that is cut off": (framed(b"\x01a\x07\x00\x05ab"), "headers cannot be read: 5 bytes are needed at byte 5 of the headers, 2 are left"),
    "a value over the limit": (framed(b"\x01a\x07\x80\x00" + b"x" * 32768), "headers cannot be read: header 'a' is 32768 bytes long, expected at most 32767"),
    "a name that is no UTF-8": (framed(b"\x01\xff\x00"), "headers cannot be read: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    "a value that is no UTF-8": (
        framed(b"\x01a\x07\x00\x01\xff"),
        "headers cannot be read: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    ),
    "a name twice": (framed(b"\x01a\x00\x01a\x01"), "headers cannot be read: a second header is named 'a'"),
    "a time that is no date": (framed(b"\x01a\x08\x7f\xff\xff\xff\xff\xff\xff\xff"), "headers cannot be read: timestamp of 9223372036854775807 ms is no date"),
}


@pytest.mark.parametrize(("frame", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_says_what_is_wrong_and_where(frame: bytes, message: str) -> None:
    good = FRAMES["empty"] + FRAMES["payload"]
    for parts in ([good + frame], every(good + frame, 1), [good + frame + good]):
        messages, error = decode(parts)

        assert messages == [MESSAGES["empty"], MESSAGES["payload"]]
        assert isinstance(error, MalformedFrame)
        assert str(error) == f"event stream message at byte 45: {message}"
        assert error.offset == 45
        assert len(error.frame) <= 1024


HEADERS: dict[str, tuple[bytes, HeaderValue]] = {
    "true": (b"\x00", True),
    "false": (b"\x01", False),
    "byte": (b"\x02\xff", -1),
    "short": (b"\x03\x80\x00", -32768),
    "int": (b"\x04\x00\x00\x01\x00", 256),
    "long": (b"\x05\xff\xff\xff\xff\xff\xff\xff\xfe", -2),
    "bytes": (b"\x06\x00\x03\x00\xff\x0a", b"\x00\xff\n"),
    "no bytes": (b"\x06\x00\x00", b""),
    "string": (b"\x07\x00\x04\xe6\x97\xa5!", "日!"),
    "time": (b"\x08\x00\x00\x01\x8b\xcf\xe5\x68\x00", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
    "time before 1970": (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff", datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    "uuid": (b"\x09\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", UUID("00010203-0405-0607-0809-0a0b0c0d0e0f")),
}


@pytest.mark.parametrize(("encoded", "value"), HEADERS.values(), ids=HEADERS)
def test_every_type_of_header_is_read(encoded: bytes, value: HeaderValue) -> None:
    (message,), error = decode([framed(b"\x01a" + encoded + b"\x02bc\x00")])

    assert error is None
    assert message.headers == {"a": value, "bc": True}
    assert type(message.headers["a"]) is type(value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (_, value) in HEADERS.items()], ids=HEADERS)
def test_every_type_of_value_is_written(name: str, value: HeaderValue) -> None:
    (message,), error = decode([encode_message({name: value})])

    assert error is None
    assert message.headers == {name: value}


@pytest.mark.parametrize(
    ("headers", "payload", "message"),
    [
        ({"": "a"}, b"", "header name '' is 0 bytes long, expected 1 to 255"),
        ({"a" * 256: "a"}, b"", f"header name '{'a' * 40}' is 256 bytes long, expected 1 to 255"),
        ({"a": "x" * 32768}, b"", "header value is 32768 bytes long, expected at most 32767"),
        ({"a": b"x" * 32768}, b"", "header value is 32768 bytes long, expected at most 32767"),
        ({str(number): "x" * 32000 for number in range(5)}, b"", f"bytes long, expected at most {MAX_HEADERS_BYTES}"),
        ({}, bytes(MAX_PAYLOAD_BYTES + 1), "payload is 25165825 bytes long, expected at most 25165824"),
    ],
    ids=["no name", "long name", "long string", "long bytes", "long headers", "long payload"],
)
def test_what_the_format_does_not_allow_is_not_written(headers: dict[str, HeaderValue], payload: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_message(headers, payload)


def test_the_largest_message_is_written_and_read() -> None:
    payload = bytes(MAX_PAYLOAD_BYTES)
    headers = {"a": "x" * 32767, "b": "x" * 32767, "c": "x" * 32767, "d": "x" * (MAX_HEADERS_BYTES - 3 * 32772 - 5)}

    assert len(encode_headers(headers)) == MAX_HEADERS_BYTES
    assert decode([encode_message(headers, payload)]) == ([Message(headers, payload)], None)


def test_a_name_of_255_bytes_is_written_and_read() -> None:
    headers = {"é" * 127 + "a": True}

    assert decode([encode_message(headers)]) == ([Message(headers, b"")], None)


def test_headers_that_vary_do_not_fill_memory() -> None:
    decoder = EventStreamDecoder()
    for number in range(100):
        (message,) = decoder.feed(encode_message({"n": number}))
        assert message.headers == {"n": number}

    assert len(decoder._headers) == 16


def test_headers_are_shared_and_read_only() -> None:
    frame = FRAMES["part"]
    first, second = EventStreamDecoder().feed(frame + frame)

    assert first.headers is second.headers
    with pytest.raises(TypeError):
        first.headers["x"] = 1  # type: ignore[index]


values = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=50), st.text(st.characters(exclude_categories=["Cs"]), max_size=50), st.uuids()
)
headers_strategy = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), values, max_size=5)


@given(messages=st.lists(st.tuples(headers_strategy, st.binary(max_size=100)), max_size=5), data=st.data())
def test_any_messages_survive_any_cutting_and_botocore(messages: list[tuple[dict[str, Any], bytes]], data: st.DataObject) -> None:
    body = b"".join(encode_message(headers, payload) for headers, payload in messages)
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=8))

    decoded, error = decode(cut_at(body, *places))

    assert error is None
    assert [(dict(message.headers), message.payload) for message in decoded] == messages
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    assert [message.payload for message in buffer] == [payload for _, payload in messages]
