"""Find a Chromium that starts, or get one, and record its path in the virtual environment.

Playwright's own comes first, then the system's; as root the distribution's package is installed; nobody else is asked for a password.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Error, Playwright, sync_playwright

RECORD = Path(sys.prefix) / "chromium"

ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
"""How every browser of ours starts: as root too, and without asking its maker for news."""

SYSTEM = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

PACKAGES = ("chromium", "fonts-noto-cjk", "fonts-noto-color-emoji")
"""Debian's; with the fonts that screenshots of Japanese, Chinese and emoji need."""

DOWNLOAD_LIMIT_S = 600
CONNECTION_LIMIT_S = 10

PLAYWRIGHT = (sys.executable, "-m", "playwright")


def recorded() -> Path | None:
    """Return the browser found earlier, if it is still there."""
    if not RECORD.exists():
        return None
    path = Path(RECORD.read_text(encoding="utf-8"))
    return path if os.access(path, os.X_OK) else None


def starts(playwright: Playwright, path: str) -> bool:
    """Tell whether the browser at `path` opens a page: one that lacks a library is there and does not."""
    try:
        with playwright.chromium.launch(executable_path=path, args=ARGUMENTS) as browser:
            browser.new_page().close()
    except Error:
        return False
    return True


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(text + "\n")


def run(*command: str) -> None:
    """Run a command that may fail, and say the end of what it complains of."""
    environ = os.environ | {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": str(1000 * CONNECTION_LIMIT_S), "DEBIAN_FRONTEND": "noninteractive"}
    say("$ " + " ".join(command))
    try:
        done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        say(f"  gave up after {DOWNLOAD_LIMIT_S} s")
        return
    if done.returncode:
        say("\n".join(done.stderr.strip().splitlines()[-3:]))


def system() -> Iterator[str]:
    """Yield the browsers that are installed on this machine."""
    yield from filter(None, map(shutil.which, SYSTEM))


def install(*packages: str) -> None:
    """Install the distribution's packages, where this may be done."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run("apt-get", "update")
        run("apt-get", "install", "--yes", "--no-install-recommends", *packages)


def find(playwright: Playwright) -> str | None:
    """Return the first browser that starts, getting one if need be."""
    own = playwright.chromium.executable_path

    def fetched() -> Iterator[str]:
        if not Path(own).exists():
            run(*PLAYWRIGHT, "install", "--no-shell", "chromium")
        if Path(own).exists():
            yield own

    def packaged() -> Iterator[str]:
        install(*PACKAGES)
        yield from system()

    sources: tuple[Callable[[], Iterator[str]], ...] = (fetched, system, packaged)
    return next((path for source in sources for path in source() if starts(playwright, path)), None)


def advice() -> str:
    """Return the one command that gets a browser on this machine."""
    if Path("/etc/debian_version").exists() and "ubuntu" not in Path("/etc/os-release").read_text(encoding="utf-8").lower():
        return f"sudo apt-get install --yes {' '.join(PACKAGES)}"
    return f"{sys.executable} -m playwright install --with-deps chromium"


def main() -> int:
    """Record a browser; return the exit status."""
    if recorded():
        return 0
    with sync_playwright() as playwright:
        path = find(playwright)
    if path is None:
        say(f"The browser tests need a Chromium, and none could be found or fetched. Get one by:\n\n  {advice()}\n")
        return 1
    RECORD.write_text(path, encoding="utf-8")
    say(f"The browser tests use {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
