"""What one twin, a process of its own, bears: many streams at once and many after another, clients that do not read, every fault, and garbage."""

from __future__ import annotations

import random
import resource
import selectors
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from time import monotonic
from typing import Any

import httpx
import pytest

from mock_server.faults import BEFORE, KINDS
from tests.bench.servers import TWIN, Server, serve
from tests.mock_server.plain_client import PATHS, TIMEOUT_S, PlainClient

LMI, TGI = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"
FRONTS = ("runtime", "container")
IDLE = SLOW = 1000
MANY = 10_000
CLIENTS = 8
MIB = 1024
"""In KiB."""
FOUR: dict[str, Any] = {"parameters": {"max_new_tokens": 4}}
LONG = "mock.cut=every-byte;mock.script=long;mock.profile=instant"
LONG_BYTES = 15_000_000
"""Of such a stream's 1500 tokens, at the least: more than the buffers of two sockets hold."""
RUNTIME = PATHS["runtime"].format(LMI).encode()
HEAD = b"POST %b HTTP/1.1\r\nHost: twin\r\n" % RUNTIME
LINGER_ZERO = struct.pack("ii", 1, 0)


def journal(server: Server) -> dict[str, list[dict[str, Any]]]:
    answer: dict[str, list[dict[str, Any]]] = httpx.get(f"{server.url}/_mock/journal", trust_env=False, timeout=60).json()
    return answer


def wait_for_open(server: Server, streams: int) -> None:
    """Wait until so many requests, and no more, are being answered."""
    until_s = monotonic() + 60
    while (still := len(journal(server)["open"])) != streams:
        assert monotonic() < until_s, f"{still} requests are open, expected {streams}"


def ask_four(server: Server, front: str = "runtime") -> None:
    """Ask for a short answer, and read all of it."""
    with PlainClient(server.url) as client:
        client.ask(TGI, front, "mock.profile=instant", **FOUR)
        assert client.head()[0] == 200
        assert len(list(client.chunks())) == 4


@contextmanager
def room_for(files: int) -> Iterator[None]:
    """Let this process, and the twin that it starts, open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def read_to_ends(clients: list[PlainClient], ending: bytes) -> int:
    """Read from all at once, until each has sent `ending`; return how many did."""
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    tails = dict.fromkeys(clients, b"")
    left = len(clients)
    while left and (ready := selector.select(TIMEOUT_S)):
        for key, _ in ready:
            data = key.data.socket.recv(65536)
            tails[key.data] = (tails[key.data] + data)[-4096:]
            if not data or ending in tails[key.data]:
                selector.unregister(key.data.socket)
                left -= 1
    return sum(ending in tail for tail in tails.values())


def test_two_thousand_idle_and_slow_streams_at_once_leave_the_twin_answering() -> None:
    with room_for(IDLE + SLOW + 500), serve(*TWIN) as server, ExitStack() as connections:
        ask_four(server)
        idle, slow = ([connections.enter_context(PlainClient(server.url)) for _ in range(number)] for number in (IDLE, SLOW))
        before_kib = server.memory_kib
        for client in idle:
            client.ask(TGI, "container", "mock.profile=instant;mock.fault=stall@1")
        assert read_to_ends(idle, b"data:") == IDLE
        for number, client in enumerate(slow):
            client.ask(TGI, "container", f"mock.profile=typical:10,0.5;mock.seed={number}", **FOUR)
        wait_for_open(server, IDLE + SLOW)
        ask_four(server)
        assert server.memory_kib - before_kib < 100 * MIB
        assert read_to_ends(slow, b"0\r\n\r\n") == SLOW
        wait_for_open(server, IDLE)
        connections.close()
        wait_for_open(server, 0)
        ask_four(server)


def test_clients_that_do_not_read_hold_back_themselves_alone_and_little_memory() -> None:
    with serve(*TWIN) as server, ExitStack() as connections:
        ask_four(server)
        before_kib = server.memory_kib
        never, late = ([connections.enter_context(PlainClient(server.url, buffer_bytes=64 * 1024)) for _ in range(number)] for number in (10, 1))
        for client in (*never, *late):
            client.ask(TGI, attributes=LONG, parameters={"max_new_tokens": 1500})
            assert client.head()[0] == 200
        for _ in range(100):
            ask_four(server)
        assert len(journal(server)["open"]) == len(never) + len(late)
        assert server.memory_kib - before_kib < 50 * MIB, f"of {len(never)} streams of {LONG_BYTES} bytes"
        for client in late:
            assert sum(len(chunk) + len(b"80\r\n\r\n") for chunk in client.chunks()) > LONG_BYTES
        wait_for_open(server, len(never))
        connections.close()
        wait_for_open(server, 0)
        assert Counter(entry["ended"] for entry in journal(server)["finished"]) == {"completed": 1 + 100 + len(late), "cancelled": len(never)}


def test_memory_comes_back_after_ten_thousand_streams() -> None:
    def ask(server: Server, times: int) -> None:
        with PlainClient(server.url) as client:
            for number in range(times):
                client.ask(TGI, FRONTS[number % 2], f"mock.profile=instant;mock.seed={number}", **FOUR)
                assert client.head()[0] == 200
                assert len(list(client.chunks())) == 4

    with serve(*TWIN) as server, ThreadPoolExecutor(CLIENTS) as pool:
        ask(server, 100)
        before_kib = server.memory_kib
        list(pool.map(ask, [server] * CLIENTS, [MANY // CLIENTS] * CLIENTS))
        assert len(journal(server)["finished"]) == 1000
        assert server.memory_kib - before_kib < 20 * MIB


def faults() -> Iterator[str]:
    """Yield each fault as it is written, at the answer's begin and, where it can be, inside."""
    for name, kind in KINDS.items():
        text = f"{name}:0.01" if name == "stall" else name
        yield text
        if kind.stage not in BEFORE:
            yield f"{text}@2"


@pytest.mark.parametrize("front", FRONTS)
def test_no_fault_takes_the_process_down(front: str, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(*TWIN) as server:
        for fault in faults():
            attributes = f"mock.profile=instant;mock.fault={fault}".encode()
            with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as connection:
                connection.sendall(
                    request(PATHS[front].format(LMI).encode(), b"Connection: close\r\nX-Amzn-SageMaker-Custom-Attributes: " + attributes + b"\r\n")
                )
                while read_some(connection):
                    pass
        wait_for_open(server, 0)
        ask_four(server, front)
        entries = journal(server)["finished"]
        assert len(entries) == len(list(faults())) + 1
        struck = {entry["fault"] for entry in entries if entry["ended"] == "fault"}
    assert struck >= {"reset", "reset@2", "close@2", "close-in-chunk@2", "container-error@2", "model-error"}
    assert "Traceback" not in capfd.readouterr().err


def read_some(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def request(path: bytes = RUNTIME, headers: bytes = b"", body: bytes = b'{"inputs": "hello"}') -> bytes:
    head = b"POST %b HTTP/1.1\r\nHost: twin\r\n%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (path, headers, len(body)) + body


DICE = random.Random(8)
GARBAGE = {
    "random bytes": DICE.randbytes(4096),
    "a TLS hello": bytes.fromhex("16030100c8010000c40303") + DICE.randbytes(200),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\n\r\n",
    "a path that is no ASCII": b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
    "a path that is half an escape": b"POST /endpoints/%E2%8/invocations HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "a header without a colon": HEAD + b"what\r\n\r\n",
    "a null in a header": HEAD + b"X: a\0b\r\n\r\n",
    "a header of a megabyte": HEAD + b"X: " + b"a" * 1_000_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "ten thousand headers": HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(10_000)) + b"Content-Length: 0\r\n\r\n",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a chunk of the largest size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab",
    "a web socket": HEAD.replace(b"POST", b"GET")
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n",
    "deep JSON": request(body=b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "no JSON": request(body=DICE.randbytes(1000)),
    "a number too large": request(body=b'{"inputs": "a", "parameters": {"max_new_tokens": 1e999}}'),
    "attributes that are no ASCII": HEAD + b"X-Amzn-SageMaker-Custom-Attributes: mock.cut=\xff\r\nContent-Length: 0\r\n\r\n",
    "two requests and a half": request() * 2 + request()[:100],
}


def send_and_leave(server: Server, data: bytes, *, reset: bool) -> None:
    """Send what may be refused half-way, read what comes of it, and go."""
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            if not reset:
                while read_some(connection):
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)


def test_no_garbage_takes_the_process_down(capfd: pytest.CaptureFixture[str]) -> None:
    whole = request()
    with serve(*TWIN) as server, socket.create_connection(("127.0.0.1", server.port)) as dripping:
        for data in GARBAGE.values():
            for reset in (False, True):
                send_and_leave(server, data, reset=reset)
            dripping.sendall(whole[:1])
            whole = whole[1:]
        for end in range(0, len(request()), 3):
            send_and_leave(server, request()[:end], reset=end % 2 == 0)
        wait_for_open(server, 0)
        for front in FRONTS:
            ask_four(server, front)
        dripping.sendall(whole)
        assert dripping.recv(15) == b"HTTP/1.1 200 OK", "who sends a byte at a time is answered in the end"
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("front", FRONTS)
def test_a_client_may_leave_after_any_byte_of_its_answer(front: str) -> None:
    with serve(*TWIN) as server:
        for length in range(0, 600, 7):
            with PlainClient(server.url) as client:
                client.ask(TGI, front, "mock.profile=instant;mock.cut=bytes:3")
                assert len(b"".join(islice(iter(lambda: client.socket.recv(1), b""), length))) == length
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        wait_for_open(server, 0)
        ask_four(server, front)
