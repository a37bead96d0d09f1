"""Take the README's pictures: start the page as a person does, ask one of its questions, and look at the answer, light and dark."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
QUESTION = "Build a website"
WIDTH, HEIGHT = 1280, 860


@contextmanager
def page() -> Iterator[str]:
    """Run `python -m demo`; yield the address that it prints."""
    command = [sys.executable, "-m", "demo", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as process:
        try:
            assert process.stdout is not None
            yield next(match[0] for line in process.stdout if (match := re.search(r"http://\S+", line)))
        finally:
            process.terminate()
