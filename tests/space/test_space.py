"""The page as a Hugging Face Space runs it: in the environment that a Space builds, from the repository's root, with none of the project installed.

A Space's build logs show one command: pip installs requirements.txt together with `gradio[oauth,mcp]` of the front matter's version, uvicorn, websockets and
`spaces`; `make test-space` gives it. The image's variables are those of https://huggingface.co/docs/hub/spaces-overview and of its build logs. Of all its
network's addresses, the page is asked at 127.0.0.1 alone.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from demo.limits import PUBLIC
from tests.browser.chromium import ARGUMENTS
from tests.browser.conftest import Site, another
from tests.demo.test_command import EAVESDROPPER
from tests.test_readme import front_matter

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build" / "space" / "bin" / "python"
VARIABLES = {
    "SYSTEM": "spaces",
    "SPACE_ID": "somebody/streamtwin",
    "SPACE_AUTHOR_NAME": "somebody",
    "SPACE_REPO_NAME": "streamtwin",
    "SPACE_TITLE": "Streamtwin",
    "SPACE_HOST": "somebody-streamtwin.hf.space",
    "ACCELERATOR": "none",
    "CPU_CORES": "2",
    "MEMORY": "16Gi",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_NUM_PORTS": "1",
    "GRADIO_ALLOW_FLAGGING": "never",
    "GRADIO_THEME": "huggingface",
    "PYTHONUNBUFFERED": "1",
}
"""What a Space's process finds in its environment."""
THIS_MACHINE = {"127.0.0.1", "localhost", "0.0.0.0", "None", "b'127.0.0.1'"}
SETTINGS = "import os; from backends.settings import Settings; print(Settings.from_env(os.environ))"


def run(*arguments: str) -> str:
    """Return what the Space's Python prints."""
    environ = {"PATH": os.environ["PATH"], **VARIABLES}
    done = subprocess.run([str(PYTHON), *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    if not PYTHON.exists():
        pytest.exit(f"{PYTHON} is not there: run make test-space", returncode=2)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start the front matter's app_file as a Space does, but at any free port; yield the page's address. Hosts that it looks up are noted in `folder`."""
    (folder / "sitecustomize.py").write_text(EAVESDROPPER, encoding="utf-8")
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder), "HOSTS_FILE": str(folder / "hosts"), "GRADIO_SERVER_PORT": "0"}
    with subprocess.Popen([str(PYTHON), front_matter()["app_file"]], cwd=ROOT, env={**VARIABLES, **own}, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            match = re.fullmatch(r"Streamtwin is at http://0\.0\.0\.0:(\d+)/\n", line)
            assert match, line
            yield f"http://127.0.0.1:{match[1]}/"
        finally:
            process.kill()


def test_the_environment_holds_the_front_matter_s_gradio_what_a_space_adds_and_nothing_of_ours() -> None:
    installed = dict(line.split("==") for line in run("-m", "pip", "list", "--format=freeze").splitlines())
    assert installed["gradio"] == front_matter()["sdk_version"]
    assert {"spaces", "mcp", "itsdangerous", "uvicorn", "websockets"} <= set(installed)
    assert "streamtwin" not in installed
    assert run("-m", "pip", "check") == "No broken requirements found.\n"


def test_a_space_s_page_knows_that_strangers_come_and_stands_where_the_space_looks_for_it() -> None:
    settings = run("-c", SETTINGS)
    for setting in ("public=True", "backend='mock'", "host='0.0.0.0'", "port=7860"):
        assert setting in settings


def test_a_visitor_gets_an_answer_within_the_bounds_for_strangers_and_nobody_else_is_asked(tmp_path: Path, chromium: Path) -> None:
    with running(tmp_path) as url, sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS) as browser:
        visitor = another(browser.new_context(), Site(url, ""))
        visitor.ask("How do I build a website?")
        visitor.await_end()
        expect(visitor.row(1)).to_contain_text("website")
        visitor.type("x" * (PUBLIC.question_characters + 1))
        expect(visitor.page.get_by_text(f"the page takes {PUBLIC.question_characters:,}")).to_be_visible()
        assert (visitor.strayed, visitor.complaints) == ([], [])
    hosts = tmp_path / "hosts"
    assert set(hosts.read_text(encoding="utf-8").split() if hosts.exists() else ()) <= THIS_MACHINE
