"""A visit to a page with a chat in a real browser, and what one answer costs there: the browser, its server, and the wire between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import psutil  # type: ignore[import-untyped]  # its types are a package of their own
from playwright.sync_api import Page

from tests.bench.servers import Server

SETTLE_MS = 500
"""What a page does for so long behind the last word belongs to the answer as well."""
DEADLINE_MS = 600_000

SHOWN = """
([word, times, deadline_ms]) => {
  window.shown = new Promise((resolve, reject) => {
    let waits = false;
    const look = () => {
      waits = false;
      const log = document.querySelector('[role=log]');
      if (!log || log.textContent.split(word).length <= times) return;
      observer.disconnect();
      setTimeout(() => resolve(performance.timeOrigin + performance.now()));
    };
    const observer = new MutationObserver(() => { if (!waits) { waits = true; requestAnimationFrame(look); } });
    observer.observe(document.body, {subtree: true, childList: true, characterData: true});
    setTimeout(() => reject(new Error(`the chat does not show "${word}", expected ${times} of it`)), deadline_ms);
  });
}
"""
"""Promise the moment at which the chat shows a word so often, painted; it is looked at once a frame at most."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A page with a chat: how it is started, where one types, and what is seen as long as an answer can be stopped."""

    name: str
    command: tuple[str, ...]
    box: str
    stop: str
    prepare: Callable[[Page], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer cost."""

    main_s: float
    """CPU of the browser's main thread."""
    server_s: float
    """CPU of the page's server."""
    kb: float
    """Bytes that the browser received, as bodies of responses."""
    shown_at_ms: float
    """When its last word was painted, in milliseconds since 1970."""


class Visit:
    """Somebody at a chat's page, where every answer ends with `last_word`."""

    def __init__(self, chat: Chat, server: Server, page: Page, last_word: str) -> None:
        start_s = perf_counter()
        page.goto(server.url)
        self._box = page.locator(chat.box).first
        self._box.wait_for()
        self.ready_s = perf_counter() - start_s
        chat.prepare(page)
        self._page = page
        self._stop = page.locator(chat.stop)
        self._process = psutil.Process(server.pid)
        self._devtools = page.context.new_cdp_session(page)
        self._last_word = last_word
        self._answers = 0

    def ask(self, prompt: str) -> float:
        """Ask, and return when the whole answer was painted, in milliseconds since 1970."""
        self._answers += 1
        self._page.evaluate(SHOWN, [self._last_word, self._answers, DEADLINE_MS])
        self._box.fill(prompt)
        self._box.press("Enter")
        shown_at_ms: float = self._page.evaluate("window.shown")
        self._stop.wait_for(state="hidden")
        return shown_at_ms

    def measure(self, prompt: str) -> Cost:
        """Ask, and return what the answer cost."""
        received: list[int] = []
        self._devtools.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))
        self._devtools.send("Network.enable")
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = self._spent_s()
        shown_at_ms = self.ask(prompt)
        self._page.wait_for_timeout(SETTLE_MS)
        main_s, server_s = (after_s - before_s for after_s, before_s in zip(self._spent_s(), before, strict=True))
        return Cost(main_s, server_s, sum(received) / 1000, shown_at_ms)

    def _spent_s(self) -> tuple[float, float]:
        """Return the CPU time of the browser's main thread, and of the server."""
        metrics: list[dict[str, Any]] = self._devtools.send("Performance.getMetrics")["metrics"]
        times = self._process.cpu_times()
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"), times.user + times.system
