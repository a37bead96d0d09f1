"""A client that sees what goes over the socket: HTTP chunks as they were framed, and how a connection ended."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

PATHS = {"runtime": "/endpoints/{}/invocations-response-stream", "container": "/containers/{}/invocations"}
TIMEOUT_S = 20.0
LAST_CHUNK = b"0\r\n\r\n"


class PlainClient:
    """One connection to the twin; `buffer_bytes` bounds what the kernel takes in while nobody reads, `tls` says whom to trust."""

    def __init__(self, url: str, buffer_bytes: int | None = None, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self.socket = socket.socket()
        if buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect((parts.hostname, parts.port))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=parts.hostname)
        self._reader = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self.socket.close()

    def ask(self, endpoint: str, front: str = "runtime", attributes: str = "", **body: Any) -> None:
        """Send a request for a stream."""
        data = json.dumps({"inputs": "hello", "stream": True, **body}).encode()
        lines = (
            f"POST {PATHS[front].format(endpoint)} HTTP/1.1",
            "Host: twin",
            "Content-Type: application/json",
            f"X-Amzn-SageMaker-Custom-Attributes: {attributes}",
            f"Content-Length: {len(data)}",
        )
        self.socket.sendall("\r\n".join((*lines, "", "")).encode() + data)

    def head(self) -> tuple[int, dict[str, str]]:
        """Read the response's status and headers."""
        status = int(self._reader.readline().split()[1])
        lines = iter(self._reader.readline, b"\r\n")
        return status, dict(line.decode().strip().split(": ", 1) for line in lines)

    def chunks(self) -> Iterator[bytes]:
        """Read the HTTP chunks up to the last one; raises EOFError if the connection ends before."""
        while True:
            line = self._reader.readline()
            if not line:
                raise EOFError
            length = int(line, 16)
            data = self._reader.read(length + 2)
            if not length:
                return
            yield data[:-2]

    def rest(self) -> tuple[list[bytes], str]:
        """Read the chunks up to the last one or the connection's end; return them, and how that came: `last chunk`, `FIN`, `RST`, or `silence`."""
        raw, end = self._read_on()
        chunks: list[bytes] = []
        while raw and raw != LAST_CHUNK:
            size, _, behind = raw.partition(b"\r\n")
            length = int(size, 16)
            if len(behind) < length + 2:
                return chunks, f"{len(behind)} bytes of a chunk of {length}, {end}"
            chunks.append(behind[:length])
            raw = behind[length + 2 :]
        return chunks, end

    def _read_on(self) -> tuple[bytes, str]:
        raw = b""
        while not (raw == LAST_CHUNK or raw.endswith(b"\r\n" + LAST_CHUNK)):
            try:
                data = self._reader.read1()
            except ConnectionResetError:
                return raw, "RST"
            except TimeoutError:
                return raw, "silence"
            if not data:
                return raw, "FIN"
            raw += data
        return raw, "last chunk"

    def body(self, headers: Mapping[str, str]) -> bytes:
        """Read a body whose length the head told."""
        return self._reader.read(int(headers["content-length"]))
