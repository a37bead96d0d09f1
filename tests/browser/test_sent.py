"""What was sent for an answer, and code that asks the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Person

QUESTION = 'it\'s <b>bold</b> "$HOME" \\n `id` & 日本語 😀'


def open_sent(person: Person) -> None:
    """Open what was sent, and see that it shows something."""
    person.page.get_by_role("button", name="Prompt, code and link").click()
    expect(person.page.locator("#sent-prompt .sent").first).to_be_visible()


def code(person: Person, view: str) -> str:
    """Show the code of this kind and copy it."""
    person.page.get_by_label(view, exact=True).check()
    shown = person.page.locator("#sent-code")
    expect(shown).to_contain_text({"boto3": "def texts(parts)", "curl": "curl --no-buffer", "pytest": "import pytest"}[view])
    shown.get_by_role("button", name="Copy").click()
    return str(person.page.evaluate("navigator.clipboard.readText()"))


def test_any_answer_is_copied_as_code_that_runs_as_pasted(person: Person, tmp_path: Path) -> None:
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.choose("endpoint", "mistral-7b-instruct-tgi")
    person.choose("profile", "instant")
    person.ask(QUESTION)
    person.await_end()
    open_sent(person)
    program = code(person, "boto3")
    before = person.site.journal()["finished"]
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", program], cwd=tmp_path, capture_output=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    said = person.row(1).inner_text()
    assert said[:20] in done.stdout.decode()
    person.poll(lambda: len(person.site.journal()["finished"]) == len(before) + 1)
    assert person.site.journal()["finished"][-1]["body"] == before[-1]["body"]
    assert code(person, "curl").startswith("curl ")
    assert "def test_the_answer(sagemaker_twin)" in code(person, "pytest")


def test_the_prompt_is_shown_as_the_family_makes_it_before_and_after_a_question(person: Person) -> None:
    person.choose("endpoint", "mistral-7b-instruct-lmi")
    person.page.locator("#question textarea").fill(QUESTION)
    open_sent(person)
    prompt = person.page.locator("#sent-prompt .sent").first
    expect(prompt).to_have_text(f"[INST] {QUESTION} [/INST]")
    expect(prompt.locator("mark")).to_have_text(["[INST] ", " [/INST]"])
    person.choose("profile", "instant")
    person.choose("endpoint", "falcon-7b-instruct-tgi")
    person.ask("what is life")
    person.await_end()
    expect(prompt.locator("mark").last).to_contain_text("Assistant:")
    expect(prompt).to_contain_text("what is life")
    expect(person.page.locator("#sent-prompt code")).to_have_text("LFUser:")
