"""The event stream's own bytes, for a tap that wants them."""

from __future__ import annotations

from backends.chat import ChatMessage, ChatRequest, FrameTap, Tap
from backends.endpoints import Endpoint
from backends.errors import BackendError
from backends.events import StreamEvent
from backends.incoming import EventStreamParts
from backends.sagemaker import Credentials, SageMakerBackend
from backends.timing import Timing
from backends.wire.eventstream import EventStreamDecoder, Message
from backends.wire.parts import encode_part
from mock_server import MockServer

FRAMES = [encode_part(b"one"), encode_part(b""), encode_part(b"three" * 1000)]


class Noting:
    """A tap that notes frames and parts in the order in which it is told of them."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []

    def frame(self, data: bytes) -> None:
        self.told.append(("frame", data))

    def part(self, data: bytes, at_s: float) -> None:
        assert at_s >= 0
        self.told.append(("part", data))

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None: ...


async def play(twin: MockServer, tap: Tap, attributes: str) -> BackendError | None:
    request = ChatRequest(messages=[ChatMessage("user", "hello")], endpoint=Endpoint("falcon-7b-instruct-lmi"), custom_attributes=attributes)
    keys = Credentials("a", "b")
    async with SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=keys, use_proxy=False) as backend:
        try:
            async with backend.stream(request, tap=tap) as answer:
                async for _ in answer:
                    pass
        except BackendError as error:
            return error
    return None


def messages(frames: list[bytes]) -> list[Message]:
    return [message for frame in frames for message in EventStreamDecoder().feed(frame)]


async def test_each_part_comes_behind_its_frame_as_it_came(twin: MockServer) -> None:
    tap = Noting()
    assert await play(twin, tap, "mock.cut=bytes:7;mock.http_cut=every-byte") is None
    frames, parts = tap.told[::2], tap.told[1::2]
    assert {kind for kind, _ in frames} == {"frame"}
    assert [message.payload for message in messages([data for _, data in frames])] == [data for kind, data in parts if kind == "part"]
    assert len(frames) == len(parts) > 5


async def test_an_exception_is_a_frame_without_a_part(twin: MockServer) -> None:
    tap = Noting()
    assert await play(twin, tap, "mock.fault=model-stream-error@2") is not None
    assert [kind for kind, _ in tap.told] == ["frame", "part", "frame", "part", "frame"]
    [message] = messages([tap.told[-1][1]])
    assert message.headers[":exception-type"] == "ModelStreamError"


async def test_of_a_message_that_is_harmed_there_is_no_frame(twin: MockServer) -> None:
    tap = Noting()
    assert await play(twin, tap, "mock.fault=bad-message-crc@2") is not None
    assert [kind for kind, _ in tap.told] == ["frame", "part", "frame", "part"]


async def test_a_tap_that_has_no_use_for_frames_hears_of_none(twin: MockServer) -> None:
    timing = Timing()
    assert isinstance(Noting(), FrameTap)
    assert not isinstance(timing, FrameTap)
    assert await play(twin, timing, "mock.cut=bytes:7") is None
    assert timing.parts > 5


def test_frames_are_the_same_wherever_the_stream_is_cut() -> None:
    stream = b"".join(FRAMES)
    for size in (1, 7, len(stream)):
        told: list[bytes] = []
        decoder = EventStreamParts(told.append)
        parts = [part for start in range(0, len(stream), size) for part in decoder.feed([stream[start : start + size]])]
        assert (told, parts) == (FRAMES, [b"one", b"", b"three" * 1000])
