"""Take the README's pictures: start the page as a person does, ask it two questions, and look at the answers, light and dark."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, recorded

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "demo" / "pictures"
ENDPOINT = "falcon-7b-instruct-tgi"
EXAMPLES = ("Build a website", "日本語")
FIGURES = (re.compile("finished: stop"), re.compile(r"[5-9]\d tokens · streaming"))
"""What the line under each answer says when it has come far enough."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTH, HEIGHT = 1280, 960
DENSITY = 2
COLOURS = 192
"""A page has few; a palette makes the picture a third as large."""


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


def take(browser: Browser, address: str, scheme: Literal["light", "dark"]) -> bytes:
    """Ask two examples in a fresh page; return the picture of the first answer whole and the second on its way."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=DENSITY, color_scheme=scheme, locale="en-US")
    page.goto(address)
    for example, figures in zip(EXAMPLES, FIGURES, strict=True):
        page.get_by_role("button", name=example).click()
        expect(page.get_by_role("log")).to_contain_text(figures, timeout=60_000)
    page.mouse.move(0, 0)
    return page.screenshot(animations="disabled", caret="hide")


def main() -> None:
    """Write one picture for each colour scheme."""
    with running_page() as address, sync_playwright() as playwright, playwright.chromium.launch(executable_path=recorded(), args=ARGUMENTS) as browser:
        for scheme in SCHEMES:
            picture = Image.open(io.BytesIO(take(browser, address, scheme))).convert("RGB").quantize(COLOURS)
            picture.save(PICTURES / f"chat-{scheme}.png", optimize=True)


if __name__ == "__main__":
    main()
