"""The page behind a real nginx with its default buffering, under the paths where people have it."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import Browser, expect

from backends.recording.files import load_recording
from backends.settings import Settings
from demo.desk import open_desk
from demo.serve import bind, create_server
from tests.browser.conftest import DEADLINE_MS, Person, Site, another
from tests.browser.nginx import found

CONFIGURATION = """\
{user}daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    {beside}
    location {path}/ {{
      proxy_pass http://127.0.0.1:{page}{tail};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      {more}
    }}
  }}
}}
"""


MANIFEST_IS_NOT_THERE = "Failed to load resource: the server responded with a status of 404 (Not Found)"
"""Gradio's page asks for a manifest, which it does without, at the root of the host; no `response` tells of it."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a proxy serves the page."""

    path: str
    """Under which people see it."""
    root_path: str = ""
    """What --root-path says."""
    tells_prefix: bool = False
    """As Jupyter's proxy does."""
    strips: bool = True
    """Whether the path is taken off before the page sees it."""


WAYS = {
    "at the root": Way(""),
    "sub-path": Way("/chat", root_path="/chat"),
    "Studio's JupyterLab": Way("/jupyterlab/default/proxy/7860", tells_prefix=True),
    "Studio Classic": Way("/jupyter/default/proxy/7860", tells_prefix=True),
    "Jupyter, absolute": Way("/user/me/proxy/absolute/7860", root_path="/user/me/proxy/absolute/7860", strips=False),
}


@pytest.fixture(scope="module", params=list(WAYS.values()), ids=list(WAYS))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    way: Way = request.param
    settings = Settings(root_path=way.root_path)
    with bind(settings.host, 0) as listener, open_desk(settings) as desk:
        server = create_server(desk, settings)
        thread = threading.Thread(target=server.run, args=([listener],), name="page")
        thread.start()
        with proxy(way, listener.getsockname()[1], tmp_path_factory.mktemp("nginx")) as port:
            yield Site(f"http://127.0.0.1:{port}{way.path}/", f"http://{desk.place}")
        server.should_exit = True
        thread.join()


@contextmanager
def proxy(way: Way, page: int, folder: Path) -> Iterator[int]:
    """Run nginx in front of a page; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    parts = {
        "user": "user root;\n" if os.geteuid() == 0 else "",  # its workers would be nobody, who may not look into a folder of a test
        "tail": "/" if way.strips else "",
        "more": f"proxy_set_header X-Forwarded-Prefix {way.path};" if way.tells_prefix else "",
        "beside": "location = /manifest.json { return 404; }" if way.path else "",
    }
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, path=way.path, page=page, **parts), encoding="utf-8")
    program = found()
    assert program, "No nginx is on this machine: run make nginx"
    with subprocess.Popen([program, "-p", folder, "-c", file], stderr=subprocess.PIPE, text=True) as running:
        try:
            await_port(port, running)
            yield port
        finally:
            running.terminate()


def await_port(port: int, running: subprocess.Popen[str]) -> None:
    until_s = monotonic() + DEADLINE_MS / 1000
    while running.poll() is None and monotonic() < until_s:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx did not start: {running.stderr.read() if running.poll() is not None and running.stderr else 'no answer'}")


@pytest.fixture
def person(browser: Browser, site: Site) -> Iterator[Person]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        person = Person(context.new_page(), site)
        failed: list[str] = []
        person.page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
        yield person.visit()
        assert person.strayed == []
        assert failed == []
        assert set(person.complaints) <= {MANIFEST_IS_NOT_THERE}


def test_an_answer_flows_stops_and_is_downloaded(person: Person, tmp_path: Path) -> None:
    person.ask("tell me a long story")
    expect(person.row(1)).to_contain_text("There was once")
    expect(person.row(2)).to_contain_text("streaming")
    early = person.row(1).inner_text()
    person.poll(lambda: len(person.row(1).inner_text()) > len(early))
    expect(person.row(2)).to_contain_text("streaming")
    person.page.locator("#stop").click()
    person.await_end("stopped by you")
    person.poll(lambda: not person.site.journal()["open"])
    assert person.site.journal()["finished"][-1]["ended"] == "cancelled"
    person.page.get_by_role("tab", name="Wire").click()
    with person.page.expect_download() as downloading:
        person.page.get_by_role("link", name="Download as a recording").click()
    downloading.value.save_as(tmp_path / "answer.jsonl")
    assert load_recording(tmp_path / "answer.jsonl").parts


def test_a_picture_sharpens_while_it_flows(person: Person) -> None:
    person.choose("endpoint", "sketch-1b-jpeg")
    person.page.locator("#speed input").fill("0.25")
    person.ask("a lake at dusk")
    picture = "[...document.querySelectorAll('#chat img.media')].at(-1)"
    person.poll(lambda: person.page.evaluate(f"{picture}?.naturalWidth ?? 0") == 640)
    assert not person.page.evaluate(f"{picture}.complete")
    expect(person.row(2)).to_contain_text("streaming")


def test_whoever_leaves_ends_the_answer(person: Person) -> None:
    leaver = another(person.page.context, person.site)
    leaver.choose("fault", "Silence, part 9")
    leaver.ask("How do I build a website?")
    expect(leaver.row(2)).to_contain_text("stalled")
    assert person.site.journal()["open"]
    leaver.page.close()
    person.poll(lambda: not person.site.journal()["open"])
