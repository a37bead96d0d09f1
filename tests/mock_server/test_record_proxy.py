"""The recording proxy between an unmodified SDK and a far side."""

from __future__ import annotations

import asyncio
import io
import json
import re
import signal
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.recording import Recording
from backends.recording.files import load_recording
from backends.sagemaker import Credentials, SageMakerBackend
from mock_server import MockServer
from mock_server.__main__ import main
from mock_server.record.progress import Progress
from mock_server.record.proxy import Proxy
from mock_server.server import Server, bind
from tests.backends.far_side import LAST_CHUNK, Close, FarSide, Stall, chunk, container_head, line, refusal, sagemaker_head
from tests.mock_server.plain_client import PlainClient
from tests.mock_server.test_record import DAMAGED, FRAMES, recording_process, until

TGI = "falcon-7b-instruct-tgi"
TOKEN = "an-applications-own-token"
RECORDERS_KEYS = Credentials("recorders-key", "recorders-secret", "recorders-token")
BODY = json.dumps({"inputs": "what is life", "parameters": {"max_new_tokens": 40}, "stream": True}).encode()


class Running:
    """A proxy on a thread of its own, as an application meets it."""

    def __init__(self, folder: Path, url: str, log: io.StringIO) -> None:
        self.folder = folder
        self.url = url
        self.log = log
        self._open = ExitStack()

    def client(self) -> Any:
        session = boto3.Session(aws_access_key_id="app-key", aws_secret_access_key="app-secret", aws_session_token=TOKEN, region_name="us-east-1")
        client = session.client("sagemaker-runtime", endpoint_url=self.url, config=Config(retries={"total_max_attempts": 2}))
        self._open.callback(client.close)
        return client

    def ask(self, attributes: str = "", **members: Any) -> Any:
        asked = {"EndpointName": TGI, "ContentType": "application/json", "Body": BODY, "CustomAttributes": attributes, **members}
        response = self.client().invoke_endpoint_with_response_stream(**asked)
        self._open.callback(response["Body"].close)
        return response

    def close(self) -> None:
        """Close what the application left open."""
        self._open.close()

    def recordings(self) -> list[Recording]:
        return [load_recording(file) for file in sorted(self.folder.iterdir())]


def parts_of(response: Any) -> Iterator[bytes]:
    return (event["PayloadPart"]["Bytes"] for event in response["Body"])


def data_of(recording: Recording) -> list[bytes]:
    return [part.data for part in recording.parts]


@contextmanager
def running(folder: Path, upstream: AbstractAsyncContextManager[Any], container: Endpoint | None = None) -> Iterator[Running]:
    log, listener = io.StringIO(), bind("127.0.0.1", 0)
    folder.mkdir()
    servers: list[Server] = []

    async def serve() -> None:
        async with upstream as backend:
            servers.append(Server(Proxy(backend, container, folder, Progress(log))))
            await servers[0].serve(sockets=[listener])

    thread = Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    try:
        with closing(Running(folder, f"http://127.0.0.1:{listener.getsockname()[1]}", log)) as application:
            yield application
    finally:
        until(lambda: servers)
        servers[0].stop()
        thread.join()
        listener.close()


def to_sagemaker(url: str) -> SageMakerBackend:
    return SageMakerBackend(region="us-east-1", endpoint_url=url, credentials=RECORDERS_KEYS)


@pytest.fixture
def far() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def proxy(far: MockServer, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "recordings", to_sagemaker(far.url)) as proxy:
        yield proxy


def test_an_unmodified_sdk_gets_what_the_endpoint_sends_and_the_recording_holds_it(proxy: Running, far: MockServer) -> None:
    with closing(Running(proxy.folder, far.url, io.StringIO())) as straight:
        expected = list(parts_of(straight.ask("mock.cut=bytes:9")))
    response = proxy.ask("mock.cut=bytes:9")
    assert list(parts_of(response)) == expected
    assert response["ContentType"] == "text/event-stream"
    [recording] = proxy.recordings()
    assert data_of(recording) == expected
    assert (recording.end.kind, recording.request.body) == ("completed", BODY)
    assert recording.request.path == f"/endpoints/{TGI}/invocations-response-stream"
    assert recording.request.headers == {"content-type": "application/json", "x-amzn-sagemaker-custom-attributes": "mock.cut=bytes:9"}
    assert response["ResponseMetadata"]["RequestId"] == far.journal.wait(2).request_id


def test_each_stream_has_a_file_of_its_own_named_for_its_endpoint(proxy: Running) -> None:
    for name in (TGI, TGI, "falcon-7b-instruct-lmi"):
        list(parts_of(proxy.ask(EndpointName=name)))
    files = sorted(file.name for file in proxy.folder.iterdir())
    assert files == ["falcon-7b-instruct-lmi-0001.jsonl", f"{TGI}-0001.jsonl", f"{TGI}-0002.jsonl"]
    until(lambda: proxy.log.getvalue().count("\n") == len(files))
    assert [line.partition(":")[0] for line in proxy.log.getvalue().splitlines()] == [
        f"{TGI}-0001.jsonl",
        f"{TGI}-0002.jsonl",
        "falcon-7b-instruct-lmi-0001.jsonl",
    ]


async def test_a_request_is_signed_anew_and_no_secret_of_either_side_is_kept(tmp_path: Path) -> None:
    async with FarSide([[sagemaker_head() + chunk(FRAMES) + LAST_CHUNK]]) as far:
        with running(tmp_path / "recordings", to_sagemaker(far.url)) as proxy:
            named = {
                "TargetVariant": "b",
                "InferenceComponentName": "ic",
                "SessionId": "session-1",
                "InferenceId": "inference-1",
                "Accept": "application/jsonlines",
            }
            await asyncio.to_thread(lambda: list(parts_of(proxy.ask("a=b", **named))))
            [file] = proxy.folder.iterdir()
        [seen] = far.requests
    assert "Credential=recorders-key/" in seen.headers["authorization"]
    assert (seen.headers["x-amz-security-token"], seen.body) == ("recorders-token", BODY)
    sent = {name.removeprefix("x-amzn-sagemaker-"): value for name, value in seen.headers.items() if name.startswith("x-amzn-sagemaker-")}
    assert sent == {
        "accept": "application/jsonlines",
        "custom-attributes": "a=b",
        "inference-component": "ic",
        "inference-id": "inference-1",
        "session-id": "session-1",
        "target-variant": "b",
    }
    assert seen.headers["amz-sdk-request"] == "attempt=1; max=2"
    text = file.read_text()
    for secret in (TOKEN, "app-key", "app-secret", "recorders-", "Signature", "session-1", seen.headers["amz-sdk-invocation-id"]):
        assert secret not in text


def test_an_answer_that_does_not_stream_is_passed_on_too(proxy: Running, far: MockServer) -> None:
    response = proxy.client().invoke_endpoint(EndpointName=TGI, ContentType="application/json", Body=BODY.replace(b'"stream": true', b'"stream": false'))
    body = response["Body"].read()
    [recording] = proxy.recordings()
    assert (recording.body, recording.request.path, response["ContentType"]) == (body, f"/endpoints/{TGI}/invocations", "application/json")
    assert far.journal.wait(1).ended == "completed"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("POST", refusal(200, b"whole")),
        ("POST", refusal(200)),
        ("POST", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ],
)
async def test_an_answer_is_whole_for_an_application_that_goes_with_its_last_byte(method: str, answer: bytes, tmp_path: Path) -> None:
    body = answer.partition(b"\r\n\r\n")[2]
    async with FarSide([[answer]]) as far:
        with running(tmp_path / "recordings", ContainerBackend(), Endpoint("mine", url=far.url)) as proxy:
            for number in range(1, 31):
                await asyncio.to_thread(_ask_and_go, proxy.url, method, body)
                recordings = proxy.recordings()
                assert (len(recordings), recordings[-1].end.kind, recordings[-1].body) == (number, "completed", body)


def _ask_and_go(url: str, method: str, body: bytes) -> None:
    """Close the connection, as curl does, as soon as the answer is whole."""
    with PlainClient(url) as client:
        client.socket.sendall(f"{method} /invocations HTTP/1.1\r\nHost: proxy\r\nContent-Length: 0\r\n\r\n".encode())
        received = b""
        while not (b"\r\n\r\n" in received and received.endswith(body)):
            data = client.socket.recv(65536)
            assert data, received
            received += data


def test_an_error_is_passed_on_as_it_came_and_the_sdks_attempts_are_its_own(proxy: Running, far: MockServer) -> None:
    with pytest.raises(ClientError) as refusal:
        proxy.ask("mock.fault=service-unavailable")
    assert refusal.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert [far.journal.wait(number).attempt for number in (1, 2)] == [1, 2]
    heads = [recording.head.status for recording in proxy.recordings() if recording.head]
    assert heads == [503, 503]


FAULTS = [
    ("model-stream-error@3", EventStreamError, "exception"),
    ("bad-message-crc@3", Exception, "malformed"),
    ("reset@3", ProtocolError, "broken"),
]


@pytest.mark.parametrize(("fault", "error", "end"), FAULTS)
def test_an_application_sees_a_stream_fail_as_it_does_without_the_proxy(fault: str, error: type[Exception], end: str, proxy: Running) -> None:
    parts: list[bytes] = []
    with pytest.raises(error):
        parts.extend(parts_of(proxy.ask(f"mock.fault={fault}")))
    until(proxy.log.getvalue)
    [recording] = proxy.recordings()
    assert (recording.end.kind, len(recording.parts)) == (end, 3)


async def test_the_bytes_of_a_stream_come_through_as_they_are(tmp_path: Path) -> None:
    sent = FRAMES[:77] + FRAMES[77:] + DAMAGED + b"rest"
    async with FarSide([[sagemaker_head() + chunk(sent[:77]) + chunk(sent[77:]) + LAST_CHUNK]]) as far:
        with running(tmp_path / "recordings", to_sagemaker(far.url)) as proxy:
            async with httpx.AsyncClient(trust_env=False) as client:
                response = await client.post(
                    f"{proxy.url}/endpoints/mine/invocations-response-stream", content=BODY, headers={"content-type": "application/json"}
                )
    assert response.content == sent
    assert response.headers["x-amzn-requestid"] == "11-22"


async def test_an_application_that_goes_takes_its_stream_with_it(proxy: Running, far: MockServer) -> None:
    parts = parts_of(response := await asyncio.to_thread(proxy.ask, "mock.fault=stall@5"))
    for _ in range(5):
        await asyncio.to_thread(next, parts)
    response["Body"].close()
    entry = await asyncio.to_thread(far.journal.wait, 1)
    assert (entry.ended, entry.cancelled_at_part) == ("cancelled", 5)
    await asyncio.to_thread(until, proxy.log.getvalue)
    [recording] = proxy.recordings()
    assert (recording.end.kind, len(recording.parts)) == ("cancelled", 5)


async def test_an_application_that_goes_before_the_answer_takes_its_request_with_it(tmp_path: Path) -> None:
    async with FarSide([[Stall]]) as far:
        with running(tmp_path / "recordings", to_sagemaker(far.url)) as proxy:
            async with httpx.AsyncClient(trust_env=False) as client:
                asking = asyncio.create_task(client.post(f"{proxy.url}/endpoints/mine/invocations-response-stream", content=BODY))
                await asyncio.to_thread(until, lambda: far.requests)
                asking.cancel()
                await far.all_gone()
            await asyncio.to_thread(until, proxy.log.getvalue)
            [recording] = proxy.recordings()
    assert (recording.head, recording.end.kind) == (None, "cancelled")


def test_what_is_no_operation_is_refused(proxy: Running) -> None:
    response = httpx.get(f"{proxy.url}/endpoints/mine/invocations", trust_env=False)
    assert (response.status_code, response.json()["message"]) == (
        404,
        "GET /endpoints/mine/invocations is none of what is recorded: expected POST /endpoints/NAME/invocations-response-stream or /endpoints/NAME/invocations",
    )


def test_a_far_side_that_is_not_there_is_a_502_and_leaves_no_file(tmp_path: Path) -> None:
    with running(tmp_path / "recordings", to_sagemaker("http://127.0.0.1:1")) as proxy:
        response = httpx.post(f"{proxy.url}/endpoints/mine/invocations", content=BODY, trust_env=False)
        assert (response.status_code, response.json()["message"][:28]) == (502, "the recorder: no connection:")
        assert proxy.log.getvalue().startswith("mine: no connection: ")
        assert not proxy.recordings()


def test_a_recorder_without_credentials_says_so_to_the_application(tmp_path: Path) -> None:
    with running(tmp_path / "recordings", SageMakerBackend(region="us-east-1", endpoint_url="http://127.0.0.1:1")) as proxy:
        response = httpx.post(f"{proxy.url}/endpoints/mine/invocations", content=BODY, trust_env=False)
        assert (response.status_code, response.json()["message"][:37]) == (400, "the recorder: no AWS credentials: set")


async def test_a_container_gets_what_was_sent_but_for_the_connections_own_headers(tmp_path: Path) -> None:
    writes = [line("Hel"), line("lo")]
    answer = container_head() + b"".join(map(chunk, writes)) + LAST_CHUNK
    async with FarSide([[answer], [refusal(422, b"no", b"x-mine: 1\r\n")]]) as far:
        with running(tmp_path / "recordings", ContainerBackend(), Endpoint("my.tgi", url=far.url)) as proxy:
            headers = {
                "authorization": f"Bearer {TOKEN}",
                "accept-encoding": "gzip",
                "content-type": "text/x",
                "x-mine": "2",
            }
            async with httpx.AsyncClient(trust_env=False) as client:
                streamed = await client.request("PUT", f"{proxy.url}/generate%5Fstream?key=a%20b", content=b"\x00\xff", headers=headers)
                refused = await client.get(f"{proxy.url}/health")
            recorded, failed = proxy.recordings()
        first, second = far.requests
    assert (first.target, first.body, first.headers["authorization"]) == ("/generate%5Fstream?key=a%20b", b"\x00\xff", f"Bearer {TOKEN}")
    assert first.headers["x-mine"] == "2"
    assert (first.headers["accept-encoding"], first.headers["host"]) == ("identity", far.url.removeprefix("http://"))
    assert (streamed.content, streamed.headers["content-type"], data_of(recorded)) == (b"".join(writes), "application/jsonlines", writes)
    assert (recorded.front, recorded.request.method, recorded.request.path) == ("container", "PUT", "/generate_stream")
    assert recorded.request.headers == {"accept": "*/*", "content-type": "text/x"}
    assert (refused.status_code, refused.content, refused.headers["x-mine"], second.target) == (422, b"no", "1", "/health")
    assert failed.head is not None
    assert (failed.head.status, failed.body) == (422, b"no")


async def test_a_connection_that_breaks_upstream_breaks_downstream(tmp_path: Path) -> None:
    async with FarSide([[container_head() + chunk(line("Hel")), Close]]) as far:
        with running(tmp_path / "recordings", ContainerBackend(), Endpoint("mine", url=far.url)) as proxy:
            async with httpx.AsyncClient(trust_env=False) as client:
                with pytest.raises(httpx.HTTPError):
                    await client.post(f"{proxy.url}/invocations", content=BODY)
            [recording] = proxy.recordings()
    assert recording.end.kind == "broken"


def test_the_command_says_where_to_point_an_application_and_stops_at_ctrl_c(far: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in far.environ.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "made" / "anew"
    with recording_process("--proxy", "--port", "0", "--out", str(folder), "--endpoint-url", far.url) as process:
        assert process.stderr is not None
        greeting = process.stderr.readline() + process.stderr.readline() + process.stderr.readline()
        said = re.fullmatch(
            rf"What is sent to (\S+) goes on to {far.url} and is recorded in {folder}\.\nexport AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=\1\nCtrl-C stops it\.\n",
            greeting,
        )
        assert said
        with closing(Running(folder, said[1], io.StringIO())) as application:
            parts = parts_of(application.ask("mock.fault=stall@5"))
            for _ in range(5):
                next(parts)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
        [file] = folder.iterdir()
        assert process.stderr.read().startswith(f"{file.name}: HTTP 200, 5 parts, ")
    assert load_recording(file).end.kind == "cancelled"


def test_a_taken_port_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with bind("127.0.0.1", 0) as listener:
        port = str(listener.getsockname()[1])
        assert main(["record", "--proxy", "--port", port, "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith(f"--host 127.0.0.1 --port {port}: Address already in use; choose another --port, or 0 for a free one\n")


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_ACCESS_KEY_ID"])
def test_what_the_aws_configuration_lacks_is_exit_2_before_the_proxy_is_ready(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = {"AWS_REGION": "no AWS region: ", "AWS_ACCESS_KEY_ID": "no AWS credentials: "}
    for name, value in {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "dummy-key", "AWS_SECRET_ACCESS_KEY": "dummy-secret"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(variable)
    assert main(["record", "--proxy", "--port", "0", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"python -m mock_server record: {lacking[variable]}")
    assert said.endswith("; here that is --region, --profile and --endpoint-url\n")
