"""A page in this process, and people in a real browser who use it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from backends.settings import Settings
from demo.desk import open_desk
from demo.serve import bind, create_server
from tests.browser.chromium import ARGUMENTS

DEADLINE_MS = 60_000
expect.set_options(timeout=DEADLINE_MS)

BUSY = "setInterval(() => { for (const end = performance.now() + 120; performance.now() < end; ); }, 150)"
"""A script that leaves a page little time to draw: several updates wait for it at once."""


@dataclass(frozen=True, slots=True)
class Site:
    """A served page and its twin."""

    url: str
    twin_url: str

    def journal(self) -> dict[str, list[dict[str, Any]]]:
        """Return what the twin saw."""
        with urlopen(f"{self.twin_url}/_mock/journal", timeout=30) as response:  # noqa: S310 - our own twin's address
            return dict(json.load(response))


@contextmanager
def served(port: int = 0) -> Iterator[Site]:
    """Serve a page, at a free port where none is asked for, until the block ends."""
    settings = Settings(port=port)
    with bind(settings.host, settings.port) as listener, open_desk(settings) as desk:
        server = create_server(desk, settings)
        thread = threading.Thread(target=server.run, args=([listener],), name="page")
        thread.start()
        yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}/", f"http://{desk.place}")
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS) as browser:
        yield browser


@dataclass
class Person:
    """Somebody in front of a page."""

    page: Page
    site: Site
    strayed: list[str] = field(default_factory=list)
    """Addresses on other hosts that the page asked for."""
    complaints: list[str] = field(default_factory=list)
    """What the browser's console holds of errors and warnings."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(DEADLINE_MS)
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note_request(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and urlsplit(request.url).hostname != "127.0.0.1":
            self.strayed.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def visit(self) -> Person:
        """Open the page and wait until it can be used."""
        self.page.goto(self.site.url)
        expect(self.page.locator("#question textarea")).to_be_editable()
        expect(self.page.locator("#send")).to_be_visible()
        return self

    def ask(self, question: str) -> None:
        """Type a question, press Enter, and see the question in the chat."""
        questions = self.page.locator("#chat .user-row")
        before = questions.count()
        self.type(question)
        expect(questions).to_have_count(before + 1)

    def type(self, question: str) -> None:
        """Type a question and press Enter."""
        self.page.locator("#question textarea").fill(question)
        self.page.locator("#question textarea").press("Enter")

    def choose(self, control: str, choice: str) -> None:
        """Pick from one of the panel's lists."""
        self.page.locator(f"#{control} input").click()
        self.page.get_by_role("option", name=choice, exact=True).click()

    def row(self, kind: int, turn: int = -1) -> Locator:
        """Return the question (0), the answer (1) or what is said of it (2) of a turn."""
        rows = self.page.locator(("#chat .user-row", "#chat .bot-row:not(:has(.aside))", "#chat .bot-row:has(.foot)")[kind])
        return (rows.last if turn < 0 else rows.nth(turn)).locator(".said" if kind == 2 else ".message-content")

    def await_end(self, words: str = "finished") -> None:
        """Wait until the last answer ended, as its line of figures says."""
        expect(self.row(2)).to_contain_text(words)
        expect(self.page.locator("#send")).to_be_visible()

    def poll(self, holds: Callable[[], object]) -> None:
        """Wait until `holds()` does, letting the browser work meanwhile."""
        for _ in range(DEADLINE_MS // 50):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("what was waited for did not come")


@pytest.fixture
def person(browser: Browser, site: Site) -> Iterator[Person]:
    with ExitStack() as stack:
        context = stack.enter_context(browser.new_context(viewport={"width": 1280, "height": 900}))
        person = Person(context.new_page(), site).visit()
        yield person
        assert person.strayed == []
        assert person.complaints == []


def another(context: BrowserContext, site: Site) -> Person:
    """Return somebody else, in a page of their own."""
    return Person(context.new_page(), site).visit()
