"""The AWS event stream (application/vnd.amazon.eventstream), both ways.

A message is a 12-byte prelude (total length, headers length, CRC-32 of these eight bytes), headers, payload, and the CRC-32 of all before it, big-endian.
Source: Smithy's "Amazon Event Stream Specification" (smithy.io), checked against botocore's and aws-c-event-stream's test vectors.

`EventStreamDecoder.feed` and `finish` yield messages; what precedes a bad message is yielded before the error is raised.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID
from zlib import crc32

from backends.errors import MalformedFrame, TruncatedStream

HeaderValue: TypeAlias = bool | int | bytes | str | datetime | UUID

EVENT_STREAM = "application/vnd.amazon.eventstream"
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024
MAX_HEADERS_BYTES = 128 * 1024
MAX_HEADER_VALUE_BYTES = 32767
EVIDENCE_BYTES = 1024

_PRELUDE = struct.Struct(">III")
_LENGTHS = struct.Struct(">II")
_CRC = struct.Struct(">I")
_OVERHEAD_BYTES = _PRELUDE.size + _CRC.size
_MAX_CACHED_HEADER_BLOCKS = 16  # a far side that varies its headers must not fill memory
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Message(NamedTuple):
    """One message of an event stream."""

    headers: Mapping[str, HeaderValue]
    """Read-only: messages with equal headers share them."""
    payload: bytes


class EventStreamDecoder:
    """Bytes of an event stream in, messages out.

    Iterate what `feed` and `finish` return to its end before the next call. Both CRCs and the format's limits are checked. An error ends the stream: behind
    a message whose bytes are wrong, where the next begins is unknown.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._needed = _PRELUDE.size
        self._offset = 0
        self._headers: dict[bytes, Mapping[str, HeaderValue]] = {}

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield every message that `data` completes.

        Raises:
            MalformedFrame: A CRC, a length or a header is wrong.
        """
        if self._pending:
            self._pending += data
            if len(self._pending) < self._needed:
                return
            data = bytes(self._pending)
            self._pending.clear()
        position = 0
        while True:
            self._needed = self._message_bytes(data, position)
            end = position + self._needed
            if end > len(data):
                break
            yield self._message(data, position, end)
            self._offset += self._needed
            position = end
        self._pending += data[position:] if position else data

    def finish(self) -> Iterator[Message]:
        """Yield nothing: a message is complete as soon as its last byte is there.

        Raises:
            TruncatedStream: The stream stopped inside a message.
        """
        if self._pending:
            raise TruncatedStream(
                f"the event stream stopped inside a message: {len(self._pending)} bytes of {self._needed} or more arrived, at byte {self._offset}",
                pending=bytes(self._pending),
            )
        yield from ()

    def _message_bytes(self, data: bytes, position: int) -> int:
        """Return the length of the message at `position`, or of a prelude where not even that is complete."""
        if len(data) - position < _PRELUDE.size:
            return _PRELUDE.size
        total, headers_bytes, checksum = _PRELUDE.unpack_from(data, position)
        calculated = crc32(data[position : position + _LENGTHS.size])
        if calculated != checksum:
            raise self._malformed(f"prelude CRC is 0x{checksum:08x}, expected 0x{calculated:08x}", data[position:])
        if headers_bytes > MAX_HEADERS_BYTES:
            raise self._malformed(f"headers are {headers_bytes} bytes long, expected at most {MAX_HEADERS_BYTES}", data[position:])
        payload_bytes = total - headers_bytes - _OVERHEAD_BYTES
        if not 0 <= payload_bytes <= MAX_PAYLOAD_BYTES:
            raise self._malformed(f"payload is {payload_bytes} bytes long, expected 0 to {MAX_PAYLOAD_BYTES}", data[position:])
        return int(total)

    def _message(self, data: bytes, position: int, end: int) -> Message:
        calculated = crc32(data[position : end - _CRC.size])
        (checksum,) = _CRC.unpack_from(data, end - _CRC.size)
        if calculated != checksum:
            raise self._malformed(f"message CRC is 0x{checksum:08x}, expected 0x{calculated:08x}", data[position:end])
        headers_start = position + _PRELUDE.size
        payload_start = headers_start + _LENGTHS.unpack_from(data, position)[1]
        block = data[headers_start:payload_start]
        headers = self._headers.get(block)
        if headers is None:
            headers = self._parse_headers(block)
        return Message(headers, data[payload_start : end - _CRC.size])

    def _parse_headers(self, block: bytes) -> Mapping[str, HeaderValue]:
        try:
            headers = MappingProxyType(_parse_headers(block))
        except ValueError as error:
            raise self._malformed(f"headers cannot be read: {error}", block) from error
        if len(self._headers) < _MAX_CACHED_HEADER_BLOCKS:
            self._headers[block] = headers
        return headers

    def _malformed(self, what: str, frame: bytes) -> MalformedFrame:
        return MalformedFrame(f"event stream message at byte {self._offset}: {what}", offset=self._offset, frame=frame[:EVIDENCE_BYTES])


def encode_message(headers: Mapping[str, HeaderValue], payload: bytes = b"") -> bytes:
    """Return one message.

    Raises:
        ValueError: A header or the payload is longer than the format allows.
    """
    return frame_message(encode_headers(headers), payload)


def frame_message(header_block: bytes, payload: bytes) -> bytes:
    """Return one message from headers that are encoded already."""
    prefix, checksum = _prefix(header_block, len(payload))
    return b"%b%b%b" % (prefix, payload, _CRC.pack(crc32(payload, checksum)))


@lru_cache(maxsize=4096)
def _prefix(header_block: bytes, payload_bytes: int) -> tuple[bytes, int]:
    """Return all that precedes the payload, and its CRC, from which the message's goes on: most messages of a stream share both."""
    if len(header_block) > MAX_HEADERS_BYTES:
        raise ValueError(f"headers are {len(header_block)} bytes long, expected at most {MAX_HEADERS_BYTES}")
    if payload_bytes > MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload is {payload_bytes} bytes long, expected at most {MAX_PAYLOAD_BYTES}")
    lengths = _LENGTHS.pack(len(header_block) + payload_bytes + _OVERHEAD_BYTES, len(header_block))
    prefix = lengths + _CRC.pack(crc32(lengths)) + header_block
    return prefix, crc32(prefix)


def encode_headers(headers: Mapping[str, HeaderValue]) -> bytes:
    """Return the header block; an int is written as a long.

    Raises:
        ValueError: A name is empty or over 255 bytes, or a value over 32,767.
    """
    return b"".join(_encode_name(name) + _ENCODERS[type(value)](value) for name, value in headers.items())


def _encode_name(name: str) -> bytes:
    encoded = name.encode()
    if not 1 <= len(encoded) <= 255:
        raise ValueError(f"header name {name[:40]!r} is {len(encoded)} bytes long, expected 1 to 255")
    return bytes((len(encoded),)) + encoded


def _encode_sized(kind: int, value: bytes) -> bytes:
    if len(value) > MAX_HEADER_VALUE_BYTES:
        raise ValueError(f"header value is {len(value)} bytes long, expected at most {MAX_HEADER_VALUE_BYTES}")
    return struct.pack(">BH", kind, len(value)) + value


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    bool: lambda value: b"\x00" if value else b"\x01",
    int: lambda value: struct.pack(">Bq", 5, value),
    bytes: lambda value: _encode_sized(6, value),
    str: lambda value: _encode_sized(7, value.encode()),
    datetime: lambda value: struct.pack(">Bq", 8, (value - _EPOCH) // timedelta(milliseconds=1)),
    UUID: lambda value: b"\x09" + value.bytes,
}

_FIXED: dict[int, tuple[int, Callable[[bytes], HeaderValue]]] = {
    0: (0, lambda _: True),
    1: (0, lambda _: False),
    2: (1, lambda value: int.from_bytes(value, signed=True)),
    3: (2, lambda value: int.from_bytes(value, signed=True)),
    4: (4, lambda value: int.from_bytes(value, signed=True)),
    5: (8, lambda value: int.from_bytes(value, signed=True)),
    8: (8, lambda value: _parse_timestamp(int.from_bytes(value, signed=True))),
    9: (16, lambda value: UUID(bytes=value)),
}
"""Header type -> length of its value in bytes, and how to read it."""

_SIZED: dict[int, Callable[[bytes], HeaderValue]] = {6: bytes, 7: bytes.decode}
"""Header types whose value has its length (two bytes) in front."""


def _parse_timestamp(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise ValueError(f"timestamp of {milliseconds} ms is no date") from error


def _parse_headers(block: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    reader = _Reader(block)
    while reader.remaining:
        name = reader.take(reader.take_int(1)).decode()
        if not name or name in headers:
            raise ValueError(f"a second header is named {name!r}" if name else "a header has no name")
        kind = reader.take_int(1)
        if kind in _FIXED:
            length, parse = _FIXED[kind]
        elif kind in _SIZED:
            length, parse = reader.take_int(2), _SIZED[kind]
        else:
            raise ValueError(f"header {name!r} is of type {kind}, expected 0 to 9")
        if length > MAX_HEADER_VALUE_BYTES:
            raise ValueError(f"header {name!r} is {length} bytes long, expected at most {MAX_HEADER_VALUE_BYTES}")
        headers[name] = parse(reader.take(length))
    return headers


class _Reader:
    """A header block and how much of it is read."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._position = 0

    @property
    def remaining(self) -> int:
        return len(self._block) - self._position

    def take(self, length: int) -> bytes:
        if length > self.remaining:
            raise ValueError(f"{length} bytes are needed at byte {self._position} of the headers, {self.remaining} are left")
        self._position += length
        return self._block[self._position - length : self._position]

    def take_int(self, length: int) -> int:
        return int.from_bytes(self.take(length))
