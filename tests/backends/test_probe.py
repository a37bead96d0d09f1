"""What is found at a container's address: the twin's containers, other servers, and addresses that must not be asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import backends.probe
from backends.endpoints import Recognised
from backends.errors import ConfigurationError, TransportError
from backends.probe import BODY_BYTES, base_url, probe
from mock_server import MockServer
from tests.backends.far_side import FarSide, Reset, Stall

TWINS = {
    "falcon-7b-instruct-lmi": Recognised("LMI", "inputs", "falcon"),
    "falcon-7b-instruct-tgi": Recognised("TGI 0.9.4", "inputs", "falcon"),
    "mistral-7b-instruct-tgi": Recognised("TGI 2.4.1", "messages", "mistral"),
    "llama-3-8b-instruct-tgi-chat": Recognised("TGI 2.4.1", "messages", "llama3"),
    "llama-3-8b-instruct-vllm": Recognised("vLLM 0.11.0", "messages", "llama3"),
    "qwen-2-5-7b-instruct-sglang": Recognised("SGLang", "messages", "chatml"),
    "chime-1b-wav": Recognised(),
}


@pytest.mark.parametrize(("name", "recognised"), TWINS.items(), ids=TWINS)
async def test_the_twin_s_containers_are_recognised_and_well(name: str, recognised: Recognised, twin: MockServer) -> None:
    found = await probe(f"{twin.url}/containers/{name}/invocations")
    assert (found.url, found.health, found.recognised) == (f"{twin.url}/containers/{name}", "healthy", recognised)
    assert found.takes_invocations


@contextmanager
def server(paths: Mapping[str, tuple[int, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Serve a status and JSON (or bytes) at some paths, 404 at all others; yield the address and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, value = paths.get(self.path, (404, {}))
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", asked
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def models(**model: Any) -> tuple[int, Any]:
    return 200, {"object": "list", "data": [model]}


VLLM = {"/v1/models": models(id="chat", owned_by="vllm", root="Qwen/Qwen3-8B"), "/version": (200, {"version": "0.11.0"}), "/health": (200, b"")}
SGLANG = {"/v1/models": models(id="default", owned_by="sglang"), "/get_model_info": (200, {"model_path": "meta-llama/Llama-3.1-8B-Instruct"})}
OTHERS = {"/v1/models": models(id="llama3", owned_by="library")}
EMBEDDINGS = {"/info": (200, {"model_id": "BAAI/bge-large", "model_type": {"embedding": {}}, "max_concurrent_requests": 512}), "/health": (200, b"")}
UNWELL = {"/ping": (503, b""), "/invocations": (405, b"")}
STRANGE = {"/ping": (200, b"\xff" * (BODY_BYTES + 1)), "/v1/models": (200, ["a"]), "/info": (200, b"[" * 100_000), "/invocations": (405, b"")}

FOUND = [
    (VLLM, "healthy", Recognised("vLLM 0.11.0", "messages", "chatml"), True),
    (SGLANG, "unknown", Recognised("SGLang", "messages", "llama3"), True),
    (OTHERS, "unknown", Recognised(), False),
    (EMBEDDINGS, "healthy", Recognised(), False),
    (UNWELL, "unhealthy", Recognised(), True),
    (STRANGE, "healthy", Recognised(), True),
    ({"/v1/models": (200, {"data": []})}, "unknown", Recognised(), False),
]


@pytest.mark.parametrize(("paths", "health", "recognised", "takes_invocations"), FOUND)
async def test_a_server_is_known_by_what_it_says_of_itself(
    paths: Mapping[str, tuple[int, Any]], health: str, recognised: Recognised, takes_invocations: bool
) -> None:
    with server(paths) as (url, _):
        found = await probe(url)
    assert (found.health, found.recognised, found.takes_invocations) == (health, recognised, takes_invocations)


async def test_no_model_is_asked_and_no_redirect_followed() -> None:
    with server({"/ping": (302, b""), "/info": (404, {"type": "ResourceNotFoundException"})}) as (url, asked):
        found = await probe(url)
    assert (found.health, found.recognised.container) == ("unhealthy", "LMI")
    assert sorted(asked) == ["/get_model_info", "/health", "/info", "/ping", "/v1/models", "/version"]


async def test_where_nobody_listens_a_sentence_says_so() -> None:
    with pytest.raises(TransportError, match=r"nothing answers at http://127\.0\.0\.1:9: is the container running"):
        await probe("127.0.0.1:9")


async def test_one_that_breaks_the_connection_is_one_that_does_not_answer() -> None:
    async with FarSide([[Reset]]) as far:
        with pytest.raises(TransportError, match="nothing answers"):
            await probe(far.url)


async def test_one_that_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends.probe, "LIMIT_S", 0.05)
    async with FarSide([[Stall]]) as far:
        with pytest.raises(TransportError) as caught:
            await probe(far.url)
        await far.all_gone()
    assert caught.value.timed_out


ADDRESSES = [
    ("127.0.0.1:8080", "http://127.0.0.1:8080"),
    (" https://models.example.com/a/ ", "https://models.example.com/a"),
    ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
    ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080"),
    ("http://127.0.0.1:8080/containers/x/invocations", "http://127.0.0.1:8080/containers/x"),
]


@pytest.mark.parametrize(("typed", "url"), ADDRESSES)
def test_an_address_is_understood_as_people_type_it(typed: str, url: str) -> None:
    assert base_url(typed) == url


@pytest.mark.parametrize(
    "typed", ["", "ftp://127.0.0.1", "file:///etc/passwd", "http://", "http://127.0.0.1:99999", "http://a?b=c", "gopher://x", "http://xn--/"]
)
def test_what_is_no_address_of_a_container_is_refused(typed: str) -> None:
    with pytest.raises(ConfigurationError, match="expected one like http://127"):
        base_url(typed)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        base_url("http://me:s3cret@127.0.0.1:8080")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "typed", ["http://169.254.169.254/latest/meta-data", "169.254.170.2", "http://[fd00:ec2::254]", "http://[::ffff:169.254.169.254]", "http://2852039166"]
)
async def test_what_gives_a_cloud_s_credentials_away_is_not_asked(typed: str) -> None:
    with pytest.raises(ConfigurationError, match="of the machine's cloud"):
        await probe(typed)


async def test_nor_is_it_asked_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(ConfigurationError, match="of the machine's cloud"):
        await probe("http://harmless.example.com")


async def test_a_name_is_looked_up() -> None:
    with server(VLLM) as (url, _):
        assert (await probe(url.replace("127.0.0.1", "localhost"))).health == "healthy"


async def test_a_name_that_nobody_knows_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransportError, match="nothing answers at http://nowhere"):
        await probe("nowhere.example.com")


async def test_the_look_up_of_a_name_is_a_part_of_what_one_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(backends.probe, "_addresses", late)
    with pytest.raises(TransportError, match="does not answer within"):
        await probe("nowhere.example.com")


async def test_a_name_that_cannot_be_one_is_told() -> None:
    with pytest.raises(ConfigurationError):
        await probe("http://a..b:8080")
