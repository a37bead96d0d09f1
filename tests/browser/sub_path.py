"""A proxy that serves a page under a path of its own, as a reverse proxy does: it passes on what is asked for there, without the path."""

from __future__ import annotations

import http.server
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

OF_ONE_CONNECTION = {"host", "content-length", "connection", "transfer-encoding"}


class Handler(http.server.BaseHTTPRequestHandler):
    """Passes on one request, and its response as it comes."""

    path_of_ours = target = ""

    def do_GET(self) -> None:
        self.pass_on(None)

    def do_POST(self) -> None:
        self.pass_on(self.rfile.read(int(self.headers["content-length"])))

    def pass_on(self, body: bytes | None) -> None:
        if not self.path.startswith(self.path_of_ours):
            self.send_error(404)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_ONE_CONNECTION}
        request = urllib.request.Request(self.target + self.path.removeprefix(self.path_of_ours), body, headers)  # noqa: S310 - this machine
        with urllib.request.urlopen(request) as response:  # noqa: S310
            self.send_response(response.status)
            for name, value in response.headers.items():
                if name.lower() not in OF_ONE_CONNECTION:
                    self.send_header(name, value)
            self.end_headers()
            while chunk := response.read1(65536):
                self.wfile.write(chunk)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def proxied(target: str, path: str) -> Iterator[str]:
    """Yield the address under which `target` is served."""
    handler = type("Proxy", (Handler,), {"path_of_ours": path, "target": target})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}{path}/"
        server.shutdown()
