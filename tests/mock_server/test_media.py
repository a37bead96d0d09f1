"""The endpoints that stream a picture and a sound: the same bytes through both fronts, however they are cut, and what faults do to them."""

from __future__ import annotations

import io
import json
import re
import wave
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest
from botocore.exceptions import EventStreamError
from PIL import Image, ImageChops, ImageStat

from backends.chat import ChatBackend, ChatMessage, ChatRequest
from backends.container import ContainerBackend
from backends.errors import BackendError, StreamInterrupted, TransportError
from backends.events import Data, Finish, StreamEvent
from backends.sagemaker import SageMakerBackend
from backends.timing import Timing
from backends.wire import decode_events
from mock_server import MockServer
from mock_server.containers.container import ContainerRequest, Reply
from mock_server.containers.media import MEDIA, PICTURE
from mock_server.containers.sound import sound
from tests.contract.clients import KEYS
from tests.mock_server.boto import client_of, invoke, stream
from tests.mock_server.draw_picture import draw
from tests.mock_server.plain_client import PlainClient

JPEG, WAV = "sketch-1b-jpeg", "chime-1b-wav"
FILES = {JPEG: PICTURE.read_bytes(), WAV: sound()}
TYPES = {JPEG: "image/jpeg", WAV: "audio/wav"}
ASKED = {"inputs": "a lake at dusk"}
CUTS = ("write", "whole", "every-byte", "bytes:1000", "random:4096", "at:1,2,44", "inside-json+merge:3")
START_OF_SCAN = re.compile(b"\xff\xda")


@pytest.fixture(scope="module")
def twin() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def ask(twin: MockServer, path: str, method: str = "POST", content: bytes = b'{"inputs": "x"}', attributes: str = "") -> httpx.Response:
    headers = {"content-type": "application/json", "x-amzn-sagemaker-custom-attributes": attributes}
    return httpx.request(method, f"{twin.url}/containers/{path}", content=content, headers=headers, trust_env=False)


def test_the_picture_is_a_progressive_jpeg_as_its_script_draws_it() -> None:
    data = FILES[JPEG]
    assert (data[:2], data[-2:], data.count(b"\xff\xc2"), len(START_OF_SCAN.findall(data))) == (b"\xff\xd8", b"\xff\xd9", 1, 10)
    assert len(data) < 60 * 1024
    with Image.open(io.BytesIO(data)) as picture:
        difference = ImageStat.Stat(ImageChops.difference(picture.convert("RGB"), draw())).mean
    assert max(difference) < 4


def test_the_sound_is_a_wav_file_of_eight_seconds_and_a_beat() -> None:
    assert FILES[WAV][:44] == bytes.fromhex("52494646348d050057415645666d742010000000010001002256000044ac00000200100064617461108d0500")
    with wave.open(io.BytesIO(FILES[WAV])) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate(), read.getnframes()) == (1, 2, 22050, 181_896)


def test_a_note_has_its_pitch_and_fades() -> None:
    samples = memoryview(FILES[WAV][44:]).cast("h")
    first = [abs(sample) for sample in samples[:2000]]
    last = [abs(sample) for sample in samples[-2000:]]
    assert max(first) > 10 * max(last) > 0
    ending = samples[-5512:]  # the last note alone, which is 12 semitones above the root
    assert sum(before < 0 <= after for before, after in pairwise(ending)) == pytest.approx(523.26 * 5512 / 22050, abs=1)


@pytest.mark.parametrize("endpoint", FILES)
@pytest.mark.parametrize("cut", CUTS)
def test_boto3_gets_the_bytes_however_they_are_cut(twin: MockServer, endpoint: str, cut: str) -> None:
    if (endpoint, cut) == (WAV, "every-byte"):
        cut = "bytes:61"  # 364,000 events would take a minute
    with client_of(twin) as client:
        assert stream(client, endpoint, ASKED, CustomAttributes=f"mock.cut={cut}") == FILES[endpoint]


@pytest.mark.parametrize("endpoint", FILES)
def test_the_service_names_the_type_and_gives_the_whole_without_a_stream(twin: MockServer, endpoint: str) -> None:
    with client_of(twin) as client:
        whole = invoke(client, endpoint, ASKED)
        assert (whole["ContentType"], whole["Body"].read()) == (TYPES[endpoint], FILES[endpoint])
        streamed = client.invoke_endpoint_with_response_stream(EndpointName=endpoint, ContentType="application/json", Body=json.dumps(ASKED))
        *data, finish = decode_events(streamed["Body"], streamed["ContentType"])
    assert (streamed["ContentType"], finish) == (TYPES[endpoint], Finish())
    assert b"".join(event.data for event in data if isinstance(event, Data)) == FILES[endpoint]


@pytest.mark.parametrize(("endpoint", "pieces", "first", "next_"), [(JPEG, 153, 256, 256), (WAV, 83, 44 + 4410, 4410)])
def test_the_container_writes_a_piece_where_others_write_a_token(twin: MockServer, endpoint: str, pieces: int, first: int, next_: int) -> None:
    with PlainClient(twin.url) as client:
        client.ask(endpoint, "container")
        status, headers = client.head()
        chunks = list(client.chunks())
    assert (status, headers["content-type"], headers["transfer-encoding"]) == (200, TYPES[endpoint], "chunked")
    assert (len(chunks), len(chunks[0]), len(chunks[1])) == (pieces, first, next_)
    assert b"".join(chunks) == FILES[endpoint]


def test_pieces_have_the_times_of_tokens() -> None:
    reply = MEDIA[1].handle(ContainerRequest("POST", "/invocations", "application/json", b'{"inputs": ""}'))
    assert isinstance(reply, Reply)
    assert list(reply.tokens) == list(range(1, 84))


REFUSED = [
    ("POST", "invocations", b"", 400, 'expected a JSON object with "inputs", a string'),
    ("POST", "invocations", b"[" * 100_000, 400, 'expected a JSON object with "inputs", a string'),
    ("POST", "invocations", b'{"inputs": 3}', 400, 'expected a JSON object with "inputs", a string'),
    ("GET", "invocations", b"", 405, "expected POST"),
    ("POST", "ping", b"", 405, "expected GET"),
    ("GET", "ping", b"", 200, ""),
    ("POST", "generate", b"{}", 404, "expected /invocations or /ping"),
]


@pytest.mark.parametrize(("method", "path", "content", "status", "text"), REFUSED)
def test_other_requests_are_told_what_is_expected(twin: MockServer, method: str, path: str, content: bytes, status: int, text: str) -> None:
    response = ask(twin, f"{JPEG}/{path}", method, content)
    assert (response.status_code, response.text) == (status, text)


def test_a_model_that_fails_says_so_in_plain_words(twin: MockServer) -> None:
    response = ask(twin, f"{JPEG}/invocations", attributes="mock.fault=model-error:503")
    assert (response.status_code, response.text) == (503, "the model failed")


@pytest.mark.parametrize("fault", ["crlf", "keep-alive", "no-final-newline", "no-finish", "container-error"])
def test_what_a_container_does_to_its_lines_finds_none(twin: MockServer, fault: str) -> None:
    twin.journal.reset()
    assert ask(twin, f"{JPEG}/invocations", attributes=f"mock.fault={fault}").content == FILES[JPEG]
    entry = twin.journal.wait()
    assert (entry.ended, [missed.partition(":")[0] for missed in entry.missed_faults]) == ("completed", [fault])


def test_an_exception_ends_the_stream_where_it_strikes(twin: MockServer) -> None:
    with client_of(twin) as client:
        answer = client.invoke_endpoint_with_response_stream(
            EndpointName=JPEG, ContentType="application/json", Body=json.dumps(ASKED), CustomAttributes="mock.fault=model-stream-error@9"
        )
        came: list[bytes] = []
        with pytest.raises(EventStreamError, match="ModelStreamError"):
            came.extend(event["PayloadPart"]["Bytes"] for event in answer["Body"])
    assert b"".join(came) == FILES[JPEG][: 9 * 256]


def backend_for(twin: MockServer, front: str) -> ChatBackend:
    if front == "container":
        return ContainerBackend(use_proxy=False)
    return SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False)


async def read(twin: MockServer, front: str, name: str, attributes: str) -> tuple[list[StreamEvent], BackendError | None, Timing]:
    endpoint = next(endpoint for endpoint in twin.endpoints if endpoint.name == name)
    request = ChatRequest(messages=[ChatMessage("user", "a lake at dusk")], endpoint=endpoint, custom_attributes=attributes)
    backend, timing, events = backend_for(twin, front), Timing(), []
    try:
        async with backend.stream(request, tap=timing) as answer:
            assert answer.content_type == TYPES[name]
            async for event in answer:
                events.append(event)  # noqa: PERF401 - those before an error are wanted too
    except BackendError as error:
        return events, error, timing
    finally:
        await backend.aclose()
    return events, None, timing


def bytes_of(events: list[StreamEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Data))


@pytest.mark.parametrize("front", ["SageMaker", "container"])
@pytest.mark.parametrize(("endpoint", "cut"), [(JPEG, "write"), (JPEG, "every-byte"), (WAV, "write"), (WAV, "bytes:1000")])
async def test_our_backends_pass_the_bytes_on(twin: MockServer, endpoint: str, cut: str, front: str) -> None:
    events, error, timing = await read(twin, front, endpoint, f"mock.cut={cut}")
    assert (error, events[-1], bytes_of(events)) == (None, Finish(), FILES[endpoint])
    assert (timing.tokens, timing.ttft_s, timing.bytes, timing.has_begun) == (0, None, len(FILES[endpoint]), True)


FAULTS = {("SageMaker", "model-stream-error@9"): StreamInterrupted, ("SageMaker", "reset@9"): TransportError, ("container", "close@9"): TransportError}


@pytest.mark.parametrize(("front", "fault"), FAULTS)
async def test_what_came_before_an_error_is_kept(twin: MockServer, front: str, fault: str) -> None:
    events, error, _ = await read(twin, front, JPEG, f"mock.fault={fault}")
    assert isinstance(error, FAULTS[front, fault])
    came = bytes_of(events)
    assert FILES[JPEG].startswith(came)
    assert len(came) == 9 * 256 or "reset" in fault  # what is on its way may be lost with a reset
