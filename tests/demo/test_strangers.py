"""What a stranger can do to a public page over HTTP, without its page."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from backends.settings import Settings
from tests.demo.serving import Served, serving

UPLOAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.html"\r\n\r\n<script>alert(1)</script>\r\n--x--\r\n'


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with serving(Settings(public=True, limits=(("pages_each", 5), ("request_bytes", 10_000)))) as served:
        yield served


@dataclass(frozen=True, slots=True)
class Got:
    """A response."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(slots=True)
class Stranger:
    """Somebody who asks from an address that a proxy tells."""

    page: Served
    address: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Got:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=60)
        try:
            connection.request(method, path, data, {"content-type": "application/json", "x-forwarded-for": self.address, **headers})
            response = connection.getresponse()
            return Got(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode())
        finally:
            connection.close()


def test_every_response_forbids_what_comes_from_elsewhere(page: Served) -> None:
    stranger = Stranger(page, "192.0.2.1")
    for path in ("/", "/theme.css", "/nowhere", "/recordings/x/1"):
        headers = stranger.ask("GET", path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("same-origin", "nosniff")


def test_no_function_can_be_called_by_its_name(page: Served) -> None:
    stranger = Stranger(page, "192.0.2.2")
    config = stranger.ask("GET", "/config").text
    names = {dependency["api_name"] for dependency in json.loads(config)["dependencies"]}
    assert names
    for name in names:
        for path in (f"/gradio_api/call/{name}", f"/gradio_api/call/v2/{name}", f"/gradio_api/run/{name}", f"/gradio_api/api/{name}"):
            assert stranger.ask("POST", path, {"data": []}).status == 404


def test_no_generator_starts_without_the_queue(page: Served) -> None:
    stranger = Stranger(page, "192.0.2.3")
    dependencies = json.loads(stranger.ask("GET", "/config").text)["dependencies"]
    generators = [dependency["id"] for dependency in dependencies if dependency["types"]["generator"]]
    assert generators
    for number in generators:
        assert stranger.ask("POST", "/gradio_api/run/predict", {"fn_index": number, "data": [], "session_hash": "a"}).status == 404


def test_nobody_makes_up_sessions_without_end_whatever_they_say_of_their_address(page: Served) -> None:
    flood = [Stranger(page, "192.0.2.4").ask("POST", "/gradio_api/run/predict", {"fn_index": 10_000, "data": [], "session_hash": f"s{n}"}) for n in range(7)]
    assert [got.status for got in flood][5:] == [429, 429]
    assert json.loads(flood[-1].text)["error"] == "The page takes 5 visits from an address within an hour."
    # What a stranger sends stands before what the proxy adds, and only the proxy's word counts.
    forged = Stranger(page, "203.0.113.9, 192.0.2.4").ask("POST", "/gradio_api/run/predict", {"fn_index": 10_000, "data": [], "session_hash": "s8"})
    assert forged.status == 429
    assert Stranger(page, "192.0.2.5").ask("GET", "/").status == 200


def test_a_file_goes_neither_in_without_bound_nor_out(page: Served) -> None:
    stranger = Stranger(page, "192.0.2.6")
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert stranger.ask("POST", "/gradio_api/upload", UPLOAD.replace(b"alert(1)", b"x" * 10_000), **kind).status == 413
    for path in (
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=demo/page.py",
        "/file=/etc/passwd",
        "/assets/..%2f..%2froutes.py",
        "/static/..%2f..%2froutes.py",
    ):
        assert stranger.ask("GET", path).status in (403, 404), path


@pytest.mark.parametrize(
    "path", ["/gradio_api/startup-events", "/gradio_api/dev/reload", "/gradio_api/queue/status", "/monitoring", "/gradio_api/info", "/docs"]
)
def test_what_tells_of_the_server_or_keeps_it_busy_is_not_there(page: Served, path: str) -> None:
    assert Stranger(page, "192.0.2.7").ask("GET", path).status == 404
