"""Take the README's pictures: start the page as a person does, use each tab, and look; and film an answer that streams and is stopped.

`python -m tests.browser.pictures [NAME ...]` takes these alone.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Literal, TypeAlias

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, recorded

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "demo" / "pictures"
ENDPOINT = "falcon-7b-instruct-tgi"
DENSITY = 2
COLOURS = 192
"""A page has few; a palette makes the picture a third as large."""
expect.set_options(timeout=60_000)

Scheme: TypeAlias = Literal["light", "dark"]


def chat(page: Page) -> None:
    """Show one answer whole and the second on its way."""
    _ask(page, "Build a website", "finished: stop")
    phone(page, "日本語")


def phone(page: Page, example: str = "Build a website") -> None:
    """Show an answer on its way."""
    _ask(page, example, re.compile(r"([5-9]\d|\d{3}) tokens · streaming"))
    page.mouse.move(0, 0)


def compare(page: Page) -> None:
    """Show an endpoint that streams and itself that does not, both at their end."""
    page.get_by_role("tab", name="Compare").click()
    page.locator("#race-question textarea").fill("How do I build a website?")
    page.locator("#race-send").click()
    expect(page.locator("#scores tbody tr").last).to_have_text(re.compile("^Ended(?!.*on its way)", re.DOTALL))


def wire(page: Page) -> None:
    """Show parts that end inside of characters."""
    _choose(page, "endpoint", "rinna-3-6b-instruction-ppo-tgi")
    _choose(page, "cut", "inside-utf8")
    _ask(page, "日本語", "finished")
    page.get_by_role("tab", name="Wire").click()
    expect(page.locator("#wire-parts tr").nth(1)).to_be_visible()


def tokens(page: Page) -> None:
    """Show how sure the model was, and what is known of one token."""
    _choose(page, "endpoint", "mistral-7b-instruct-tgi")
    _ask(page, "What is life", "finished")
    page.get_by_role("tab", name="Tokens").click()
    page.locator(".heat .tok").nth(3).hover()
    expect(page.locator("#token-said")).to_contain_text("Token 4")


def _ask(page: Page, example: str, until: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=example, exact=True).click()
    expect(page.locator("#chat")).to_contain_text(until)


def _choose(page: Page, control: str, choice: str) -> None:
    page.locator(f"#{control} input").click()
    page.get_by_role("option", name=choice, exact=True).click()


@dataclass(frozen=True, slots=True)
class Screen:
    """What somebody looks at."""

    width: int = 1280
    height: int = 960
    scheme: Scheme = "light"


PICTURES: dict[str, tuple[Callable[[Page], None], Screen]] = {
    "chat-light": (chat, Screen()),
    "chat-dark": (chat, Screen(scheme="dark")),
    "compare": (compare, Screen(height=1320)),
    "wire": (wire, Screen()),
    "tokens": (tokens, Screen()),
    "phone-light": (phone, Screen(390, 844)),
    "phone-dark": (phone, Screen(390, 844, "dark")),
}
"""File's stem -> what is done before the picture is taken, and on which screen."""

FILM = "answer"
FILM_SCREEN = Screen(760, 600)
"""So narrow that the side panel is closed."""
FILM_COLOURS = 64
QUESTION = "Tell me a long story"
LAST_FRAME_S, LONGEST_S = 3.0, 0.5
"""Of a frame; that one took longer to take than that, nobody wants to see."""
TYPED = 3
"""Letters from one frame to the next."""
STOPPED_AT = re.compile(r"(1[2-9]\d|[2-9]\d\d) tokens")


@contextmanager
def running_page() -> Iterator[str]:
    """Run `python -m demo`; yield the address that it prints."""
    command = [sys.executable, "-m", "demo", "--port", "0", "--backend", "mock", "--endpoint", ENDPOINT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = iter(process.stdout or ())
            yield next(match[0] for line in lines if (match := re.search(r"http://\S+", line)))
        finally:
            process.terminate()


@contextmanager
def opened(browser: Browser, address: str, screen: Screen) -> Iterator[Page]:
    """Open the page on a screen of its own."""
    viewport = ViewportSize(width=screen.width, height=screen.height)
    with browser.new_context(viewport=viewport, device_scale_factor=DENSITY, color_scheme=screen.scheme, locale="en-US") as context:
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#send")).to_be_visible()
        yield page


def look(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")


def take(browser: Browser, address: str, name: str) -> None:
    """Write one picture."""
    show, screen = PICTURES[name]
    with opened(browser, address, screen) as page:
        show(page)
        page.context.new_cdp_session(page).send("Emulation.setScriptExecutionDisabled", {"value": True})  # an answer on its way stays where it is
        look(page).quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + right.width, left.height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


class Film:
    """What is seen of a page, and for how long."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._began_s: list[float] = []

    def shoot(self) -> None:
        """Take a frame, unless nothing has changed."""
        now_s, frame = monotonic(), look(self._page)
        if not self._frames or frame.tobytes() != self._frames[-1].tobytes():
            self._frames.append(frame)
            self._began_s.append(now_s)

    def save(self, file: Path) -> None:
        """Write it, with the colours of the last frames, Stop's among them, as an animation that begins anew."""
        palette = beside(*self._frames[-2:]).quantize(FILM_COLOURS)
        first, *rest = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self._frames)
        lasts_ms = [round(1000 * min(after_s - before_s, LONGEST_S)) for before_s, after_s in pairwise(self._began_s)]
        first.save(file, save_all=True, append_images=rest, duration=[*lasts_ms, 1000 * LAST_FRAME_S], loop=0, optimize=True)


def film(browser: Browser, address: str, name: str) -> None:
    """Write the animation of a question that is typed, an answer that comes, and Stop."""
    with opened(browser, address, FILM_SCREEN) as page:
        answer, taken = page.locator("#chat"), Film(page)
        for letters in range(0, len(QUESTION) + TYPED, TYPED):
            page.locator("#question textarea").fill(QUESTION[:letters])
            taken.shoot()
        page.locator("#send").click()
        while not STOPPED_AT.search(answer.inner_text()):
            taken.shoot()
        page.locator("#stop").click()
        expect(answer).to_contain_text("stopped by you")
        taken.shoot()
        taken.save(FOLDER / f"{name}.gif")


def main(names: Sequence[str]) -> None:
    """Write the pictures that are named, or all."""
    takers = {**dict.fromkeys(PICTURES, take), FILM: film}
    if unknown := set(names) - set(takers):
        raise SystemExit(f"There is no picture {', '.join(unknown)}: there are {', '.join(takers)}.")
    with running_page() as address, sync_playwright() as playwright, playwright.chromium.launch(executable_path=recorded(), args=ARGUMENTS) as browser:
        for name in names or takers:
            takers[name](browser, address, name)


if __name__ == "__main__":
    main(sys.argv[1:])
