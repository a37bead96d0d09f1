"""Find an nginx, or as root install the distribution's: what stands in front of the page in tests.

`python -m tests.browser.nginx` is what `make nginx` runs; what it finds, the tests find again.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.browser.chromium import install, say

PACKAGES = ("nginx-light",)
"""Debian's and Ubuntu's."""
PLACES = ("nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx")
"""Where it is, also for people who have no /usr/sbin on their path."""


def found() -> Path | None:
    """Return the nginx of this machine."""
    return next((Path(path) for path in map(shutil.which, PLACES) if path), None)


def main() -> int:
    """Get an nginx; return the exit status."""
    if found():
        return 0
    install(*PACKAGES)
    if found():
        return 0
    say(f"The tests behind a proxy need nginx, and none could be found or installed. Get one by:\n\n  sudo apt-get install --yes {' '.join(PACKAGES)}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
