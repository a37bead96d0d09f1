"""The twin over TLS: clients that trust its authority see the same streams and the same faults; wrong files are told."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import boto3
import pytest
import trustme
from botocore.config import Config
from botocore.exceptions import SSLError
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key
from urllib3.exceptions import ProtocolError

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.endpoints import Endpoint
from backends.errors import TransportError
from backends.events import Token
from backends.sagemaker import SageMakerBackend
from mock_server import MockServer
from mock_server.__main__ import main
from mock_server.tls import CertificateError
from tests.mock_server.plain_client import PlainClient

ROOT = Path(__file__).parents[2]
LMI, TGI = ENDPOINTS = ("falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi")
LINES = [b'{"outputs": [" Hello"]}\n', b'{"outputs": ["!"]}\n', b'{"outputs": [" I"]}\n', b'{"outputs": [" am"]}\n']
FOUR: dict[str, Any] = {"parameters": {"max_new_tokens": 4}}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A certificate for this machine, its key, and its authority."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    cert, key, ca = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(ca))
    return cert, key, ca


@pytest.fixture
def twin(files: tuple[Path, Path, Path]) -> Iterator[MockServer]:
    with MockServer(tls=files) as server:
        yield server


@pytest.fixture
def trusting(files: tuple[Path, Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=files[2])


@pytest.fixture
def client(twin: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client that knows the twin by its variables alone."""
    for name, value in twin.environ.items():
        monkeypatch.setenv(name, value)
    with closing(boto3.client("sagemaker-runtime", config=Config(read_timeout=5))) as client:
        yield client


def ask(client: Any, attributes: str = "a=b") -> Any:
    body = json.dumps({"inputs": "hello", "stream": True, **FOUR})
    return client.invoke_endpoint_with_response_stream(EndpointName=LMI, ContentType="application/json", CustomAttributes=attributes, Body=body)


def test_boto3_streams_from_a_twin_whose_authority_its_environment_names(client: Any, twin: MockServer, files: tuple[Path, Path, Path]) -> None:
    assert twin.url.startswith("https://127.0.0.1:")
    assert twin.environ["AWS_CA_BUNDLE"] == str(files[2])
    assert [event["PayloadPart"]["Bytes"] for event in ask(client)["Body"]] == LINES
    assert twin.journal.wait().ended == "completed"


def test_boto3_does_not_talk_to_a_twin_whose_authority_it_does_not_trust(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with closing(boto3.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))) as stranger, pytest.raises(SSLError):
        ask(stranger)
    assert ask(client)["Body"]


def test_without_an_authority_the_variables_name_none(files: tuple[Path, Path, Path]) -> None:
    twin = MockServer(tls=files[:2])
    assert twin.url.startswith("https://")
    assert "AWS_CA_BUNDLE" not in twin.environ
    twin.stop()


def test_each_part_arrives_when_it_is_written(twin: MockServer, trusting: ssl.SSLContext) -> None:
    with PlainClient(twin.url, tls=trusting) as client:
        client.ask(TGI, attributes="mock.fault=stall@3", **FOUR)
        assert client.head()[0] == 200
        assert len(list(islice(client.chunks(), 3))) == 3
        assert twin.journal.open[0].ended is None
    entry = twin.journal.wait()
    assert (entry.ended, entry.cancelled_at_part) == ("cancelled", 3)


def read_raw(client: PlainClient) -> None:
    """Read what comes to its end, below TLS: OpenSSL takes a reset for an end without notice."""
    while socket.socket.recv(client.socket, 65536):
        pass


@pytest.mark.parametrize("front", ["runtime", "container"])
def test_a_reset_comes_behind_the_parts_before_it(twin: MockServer, trusting: ssl.SSLContext, front: str) -> None:
    with PlainClient(twin.url, tls=trusting) as client:
        client.ask(TGI, front, "mock.fault=reset@3", **FOUR)
        assert client.head()[0] == 200
        assert len(list(islice(client.chunks(), 3))) == 3
        with pytest.raises(ConnectionResetError):
            read_raw(client)
    entry = twin.journal.wait()
    assert (entry.ended, entry.parts) == ("fault", 3)


def test_a_reset_is_a_broken_connection_to_boto3(client: Any) -> None:
    body = ask(client, "mock.fault=reset@2")["Body"]
    seen: list[bytes] = []
    with pytest.raises(ProtocolError):
        seen.extend(event["PayloadPart"]["Bytes"] for event in body)
    assert seen == LINES[:2]


def test_a_client_that_says_goodbye_is_gone(twin: MockServer, trusting: ssl.SSLContext) -> None:
    with PlainClient(twin.url, tls=trusting) as client:
        client.ask(TGI, attributes="mock.fault=stall")
        client.head()
        assert isinstance(client.socket, ssl.SSLSocket)
        with contextlib.suppress(OSError):  # it is closed without an answer
            client.socket.unwrap()
        assert twin.journal.wait().ended == "cancelled"


def test_a_long_answer_is_whole_for_a_client_that_reads_late(twin: MockServer, trusting: ssl.SSLContext) -> None:
    with PlainClient(twin.url, buffer_bytes=64 * 1024, tls=trusting) as client:
        client.ask(TGI, attributes="mock.cut=bytes:2;mock.script=long", parameters={"max_new_tokens": 1500})
        client.head()
        twin.journal.wait_open()
        chunks = list(client.chunks())
    entry = twin.journal.wait()
    assert (entry.ended, entry.parts, entry.bytes) == ("completed", len(chunks), sum(map(len, chunks)))


def test_stopping_closes_every_stream_at_once(files: tuple[Path, Path, Path], trusting: ssl.SSLContext) -> None:
    with MockServer(tls=files) as server, PlainClient(server.url, tls=trusting) as client:
        client.ask(TGI, attributes="mock.fault=stall@2", **FOUR)
        client.head()
        assert len(list(islice(client.chunks(), 2))) == 2
        server.stop()
        assert server.journal.wait().ended == "stopped"


def test_who_speaks_no_tls_harms_nobody(twin: MockServer, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture) -> None:
    with PlainClient(twin.url) as client:
        client.ask(TGI, **FOUR)
        assert client.socket.recv(4096)[:1] != b"H"
    with PlainClient(twin.url, tls=trusting) as client:
        client.ask(TGI, **FOUR)
        assert client.head()[0] == 200
        assert len(list(client.chunks())) == 4
    assert not caplog.records


@pytest.fixture
async def backend(anyio_backend: str, twin: MockServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SageMakerBackend]:
    assert anyio_backend == "asyncio"
    for name, value in twin.environ.items():
        monkeypatch.setenv(name, value)
    async with SageMakerBackend() as backend:
        yield backend


async def read(backend: SageMakerBackend, attributes: str) -> AsyncIterator[str]:
    request = ChatRequest(
        messages=[ChatMessage("user", "hello")],
        endpoint=Endpoint(LMI, accepts="inputs"),
        parameters=Parameters(max_new_tokens=4),
        custom_attributes=f"mock.script=hello;{attributes}",
    )
    async with backend.stream(request) as answer:
        async for event in answer:
            if isinstance(event, Token):
                yield event.text


async def test_our_own_backend_streams(backend: SageMakerBackend) -> None:
    assert [text async for text in read(backend, "mock.cut=every-byte")] == [" Hello", "!", " I", " am"]


async def test_our_own_backend_sees_a_reset_behind_what_came_before_it(backend: SageMakerBackend, twin: MockServer) -> None:
    texts = read(backend, "mock.fault=reset@2")
    assert [await anext(texts), await anext(texts)] == [" Hello", "!"]
    with pytest.raises(TransportError):
        await anext(texts)
    assert twin.journal.wait().ended == "fault"


WRONG_FILES = {
    "no certificate": ("none.pem", "key.pem", "ca.pem", "none.pem is not a file"),
    "no key": ("cert.pem", "none.pem", "ca.pem", "none.pem is not a file"),
    "no authority": ("cert.pem", "key.pem", "none.pem", "none.pem is not a file"),
    "text for a certificate": ("text.pem", "key.pem", "ca.pem", "text.pem and {}key.pem are not a certificate and its key, in PEM and without a password: "),
    "another's key": ("ca.pem", "key.pem", "ca.pem", "key.pem are not a certificate and its key, in PEM and without a password: key values mismatch"),
    "a key with a password": ("cert.pem", "locked.pem", "ca.pem", "locked.pem are not a certificate and its key, in PEM and without a password: "),
    "text for an authority": ("cert.pem", "key.pem", "text.pem", "text.pem holds no certificate in PEM: "),
}


@pytest.fixture(scope="module")
def folder(files: tuple[Path, Path, Path]) -> Path:
    """The folder of the files, with some that are wrong."""
    folder = files[0].parent
    (folder / "text.pem").write_text("text", encoding="utf-8")
    key = load_pem_private_key(files[1].read_bytes(), None)
    (folder / "locked.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")))
    return folder


@pytest.mark.parametrize(("cert", "key", "ca", "message"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_wrong_files_are_exit_2_and_named(folder: Path, capsys: pytest.CaptureFixture[str], cert: str, key: str, ca: str, message: str) -> None:
    assert main(["--tls-cert", str(folder / cert), "--tls-key", str(folder / key), "--tls-ca", str(folder / ca)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("python -m mock_server: --tls-cert: ")
    assert message.format(f"{folder}/") in said


@pytest.mark.parametrize("flags", [["--tls-cert", "cert.pem"], ["--tls-key", "key.pem"], ["--tls-ca", "ca.pem"]])
def test_half_a_certificate_is_exit_2(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(flags) == 2
    assert capsys.readouterr().err == "python -m mock_server: --tls-cert: a certificate needs both --tls-cert and --tls-key\n"


def test_a_twin_with_wrong_files_is_not_made(folder: Path) -> None:
    with pytest.raises(CertificateError, match=r"text.pem and .*key.pem are not a certificate"):
        MockServer(tls=(folder / "text.pem", folder / "key.pem"))


def test_the_command_answers_over_tls_and_prints_whom_to_trust(folder: Path, trusting: ssl.SSLContext) -> None:
    flags = ["--port", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem", "--tls-ca", "ca.pem"]
    command = [sys.executable, "-m", "mock_server", *flags]
    with subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        text = "".join(iter(running.stdout.readline, "Ctrl-C stops it.\n"))
        assert f"export AWS_CA_BUNDLE={folder / 'ca.pem'}\n" in text
        with PlainClient(re.findall(r"https://127\.0\.0\.1:\d+", text)[0], tls=trusting) as client:
            client.ask(LMI, **FOUR)
            assert client.head()[0] == 200
            assert len(list(client.chunks())) == 4
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0
