from __future__ import annotations

import re
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

from backends.recording.files import load_recording
from mock_server import MockServer
from tests.browser.conftest import Person


def rows(page: Page) -> int:
    return page.locator("#wire-parts tbody tr").count()


def test_an_answer_s_parts_are_shown_with_where_each_is_cut(person: Person) -> None:
    person.choose("endpoint", "rinna-3-6b-instruction-ppo-tgi")
    person.choose("cut", "inside-utf8")
    person.choose("profile", "instant")
    person.page.get_by_role("button", name="日本語").click()
    person.await_end()
    person.page.get_by_role("tab", name="Wire").click()
    expect(person.page.locator("#wire-summary")).to_contain_text("人生とは何ですか")
    expect(person.page.locator("#wire-parts tr").nth(1)).to_contain_text("ends inside a character")
    assert entries_parts(person) >= rows(person.page) > 5
    person.page.get_by_label("Only parts that end inside something").check()
    expect(person.page.locator("#wire-parts tbody tr:not(:has(.cut))")).to_have_count(0)
    person.page.locator("#wire-find input").fill("nowhere to be found")
    expect(person.page.locator("#wire-parts")).to_have_text("No such parts.")


def test_an_answer_is_downloaded_as_a_recording_that_the_twin_replays(person: Person, tmp_path: Path) -> None:
    person.choose("profile", "instant")
    person.choose("cut", "bytes:7")
    person.ask("what is life")
    person.await_end()
    person.page.get_by_role("tab", name="Wire").click()
    with person.page.expect_download() as downloading:
        person.page.get_by_role("link", name="Download as a recording").click()
    downloading.value.save_as(tmp_path / "answer.jsonl")
    (tmp_path / "catalog.toml").write_text('[again]\nrecording = "answer.jsonl"\n', encoding="utf-8")
    recording = load_recording(tmp_path / "answer.jsonl")
    assert len(recording.parts) == entries_parts(person)
    with MockServer(catalog=tmp_path / "catalog.toml") as twin:
        body = urlopen(Request(f"{twin.url}/containers/again/invocations", recording.request.body, {"content-type": "application/json"})).read()  # noqa: S310
    assert body == recording.body


def entries_parts(person: Person) -> int:
    return int(person.site.journal()["finished"][-1]["parts"])


def test_an_answer_on_its_way_is_followed(person: Person) -> None:
    person.ask("tell me a long story")
    expect(person.row(2)).to_contain_text("streaming")
    person.page.get_by_role("tab", name="Wire").click()
    summary = person.page.locator("#wire-summary")
    expect(summary).to_contain_text("on its way")
    early = summary.inner_text()
    person.poll(lambda: summary.inner_text() != early)
    person.page.keyboard.press("Escape")
    person.page.get_by_role("tab", name="Chat").click()
    person.await_end("stopped by you")
    person.page.get_by_role("tab", name="Wire").click()
    expect(summary).to_contain_text("stopped by you")


def test_thousands_of_parts_come_in_pages(person: Person) -> None:
    person.choose("cut", "every-byte")
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    person.page.get_by_role("tab", name="Wire").click()
    where = person.page.locator("#wire-where")
    expect(where).to_have_text(re.compile(r"\b1 to 200 of \d,\d{3}"))
    person.page.get_by_role("button", name="Later").click()
    expect(where).to_have_text(re.compile("201 to 400 of"))
    assert rows(person.page) == 200
    person.page.get_by_role("button", name="Earlier").click()
    expect(where).to_have_text(re.compile(r"\b1 to 200 of"))


def test_an_answer_is_played_again_under_another_cut_that_is_chosen_here_or_in_the_panel(person: Person) -> None:
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    person.page.get_by_role("tab", name="Wire").click()
    person.choose("wire-cut", "every-byte")
    expect(person.page.locator("#cut input")).to_have_value("every-byte")
    expect(person.page.locator("#wire-profile input")).to_have_value("instant")
    person.page.locator("#wire-speed input, #wire-speed textarea").fill("4")
    person.page.keyboard.press("Tab")
    expect(person.page.locator("#speed input, #speed textarea")).to_have_value("4")
    person.page.get_by_role("button", name="Play this answer again").click()
    beside = person.page.locator("#wire-summary .beside")
    expect(beside).to_contain_text("2: every-byte")
    expect(beside.locator("tr", has_text="Ended").locator("td")).to_have_text([re.compile("finished"), re.compile("finished")])
    first, again = person.site.journal()["finished"][-2:]
    assert (again["body"], again["seed"], again["cut"]) == (first["body"], first["seed"], "every-byte")
    expect(person.page.locator("#wire-answer input")).to_have_value(re.compile("^2 ↻ 1 · what is life"))
    person.choose("cut", "whole")
    expect(person.page.locator("#wire-cut input")).to_have_value("whole")


def test_escape_stops_an_answer_that_is_played_again(person: Person) -> None:
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    person.page.get_by_role("tab", name="Wire").click()
    person.choose("wire-fault", "Silence from the start")
    person.page.get_by_role("button", name="Play this answer again").click()
    expect(person.page.locator("#wire-stop")).to_be_visible()
    person.poll(lambda: len(person.site.journal()["open"]) == 1)
    person.page.keyboard.press("Escape")
    expect(person.page.locator("#wire-summary")).to_contain_text("stopped by you")
    expect(person.page.locator("#wire-stop")).to_be_hidden()
