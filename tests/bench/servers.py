"""What is measured, as servers in processes of their own: the twin, and beside it a bare ASGI application and llmock (PyPI), which streams by ASGI, too."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

DEADLINE_S = 180.0
TTFT_S = 0.01


def memory_kib(pid: int) -> int:
    """Return what of a process is in memory now."""
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout)


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory_kib(self) -> int:
        """What of it is in memory now."""
        return memory_kib(self.pid)


@contextmanager
def serve(*command: str, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server, with a free port in place of PORT in its command, and with these variables besides ours; end it behind the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([part.replace("PORT", str(port)) for part in command], env=os.environ | (environ or {}), stdout=subprocess.DEVNULL) as running:
        try:
            _wait_for(port, running)
            yield Server(port, running.pid)
        finally:
            running.kill()  # asked politely, most would wait for the streams that are open


def module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


TWIN = module("mock_server", "--quiet", "--port", "PORT")


def _wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    until_s = monotonic() + DEADLINE_S
    while monotonic() < until_s and running.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            sleep(0.02)
        else:
            return
    raise SystemExit(f"{running.args!r} did not answer at port {port}")


@dataclass(frozen=True, slots=True)
class Pace:
    """A stream: so many tokens, the first of them after 10 ms, and seconds from one to the next; 0 is all at once, as fast as it goes."""

    tokens: int
    itl_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who streams tokens at a pace, one HTTP chunk each."""

    name: str
    command: Callable[[Pace], Sequence[str]]
    path: Callable[[Pace], str]
    headers: Callable[[Pace], str]
    body: Callable[[Pace], str]
    most_tokens: int = 2000
    """In a stream without waits, so that the slow take no minutes."""

    def request(self, pace: Pace) -> str:
        """Return the HTTP request for one such stream."""
        body = self.body(pace)
        head = f"POST {self.path(pace)} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{self.headers(pace)}\r\n"
        return head + body


def _attributes(pace: Pace) -> str:
    profile = f"constant:{TTFT_S},{pace.itl_s}" if pace.itl_s else "instant"
    return f"X-Amzn-SageMaker-Custom-Attributes: mock.script=long;mock.profile={profile}\r\n"


OURS = Contender(
    "twin",
    command=lambda _: TWIN,
    path=lambda _: "/endpoints/falcon-7b-instruct-lmi/invocations-response-stream",
    headers=_attributes,
    body=lambda pace: json.dumps({"inputs": "x", "parameters": {"max_new_tokens": pace.tokens}}),
)
BARE = Contender(
    "bare ASGI, the same frames",
    command=lambda _: module("tests.bench.bare", "PORT"),
    path=lambda pace: f"/{pace.tokens}/{pace.itl_s}",
    headers=lambda _: "",
    body=lambda _: "",
)


def all_contenders(llmock_program: str) -> tuple[Contender, ...]:
    """Return ours and then its peers; llmock, where there is such a program."""
    return (OURS, BARE, *((_llmock(llmock_program),) if llmock_program else ()))


def _llmock(program: str) -> Contender:
    """Return llmock as that program starts it; it echoes the prompt, word by word."""
    return Contender(
        "llmock, an SSE event a word",
        command=lambda pace: (
            *(program, "serve", "--host", "127.0.0.1", "--port", "PORT", "--log-level", "critical"),
            *("--response-style", "echo", "--stream-chunk-delay-ms", str(round(1000 * pace.itl_s))),
        ),
        path=lambda _: "/v1/chat/completions",
        headers=lambda _: "Authorization: Bearer bench\r\n",
        body=lambda pace: json.dumps({"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "word " * pace.tokens}]}),
        most_tokens=400,
    )
