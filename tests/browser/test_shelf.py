"""Conversations kept in the browser: as a person finds them again, after a reload, after a restart, in another tab, in a file."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Person, Site, another, served

QUESTION = "tell me one sentence"


def listed(person: Person) -> Locator:
    return person.page.locator("#shelf-list label")


def named(person: Person, name: str) -> Locator:
    return listed(person).filter(has_text=re.compile(rf"^\s*{re.escape(name)}\n"))


def ask(person: Person, question: str, *, kept: int) -> None:
    """Ask, and wait until the conversation is among so many that are kept."""
    person.ask(question)
    person.await_end()
    expect(listed(person)).to_have_count(kept)
    expect(person.page.locator("#shelf-list label.selected")).to_have_count(1)


def begin_anew(person: Person) -> None:
    person.page.get_by_role("button", name="New chat").click()
    expect(person.page.locator("#chat .message-row")).to_have_count(0)
    expect(person.page.locator("#shelf-list label.selected")).to_have_count(0)


@pytest.fixture
def reader(person: Person) -> Person:
    """Somebody who kept two conversations, the second of which is open."""
    person.choose("profile", "instant")
    ask(person, QUESTION, kept=1)
    begin_anew(person)
    ask(person, "what is life", kept=2)
    return person


def test_what_was_asked_is_there_after_a_reload_and_goes_on(reader: Person) -> None:
    answer = reader.row(1).inner_text()
    reader.visit()
    expect(listed(reader)).to_have_count(2)
    expect(listed(reader).first).to_have_text(re.compile(r"^\s*what is life\n\d{4}-\d\d-\d\d \d\d:\d\d\s*$"))
    expect(reader.page.locator("#chat .message-row")).to_have_count(0)
    named(reader, "what is life").click()
    expect(reader.row(1)).to_have_text(answer)
    named(reader, QUESTION).click()
    expect(reader.row(0)).to_have_text(QUESTION)
    reader.choose("profile", "instant")
    ask(reader, "and then?", kept=2)
    expect(listed(reader).first).to_contain_text(QUESTION)
    assert QUESTION in reader.site.journal()["finished"][-1]["body"]


def test_the_list_is_used_by_keyboard_alone(reader: Person) -> None:
    reader.page.get_by_role("radio", name="what is life").focus()
    reader.page.keyboard.press("ArrowDown")
    expect(reader.row(0)).to_have_text(QUESTION)
    expect(reader.page.get_by_role("radio", name=QUESTION)).to_be_checked()


def test_a_title_is_given_and_taken(reader: Person) -> None:
    reader.page.get_by_role("button", name="Rename").click()
    title = reader.page.locator("#shelf-title input")
    expect(title).to_have_value("what is life")
    expect(title).to_be_focused()
    title.fill("<b>Biology</b>")
    title.press("Enter")
    expect(named(reader, "<b>Biology</b>")).to_have_count(1)
    expect(title).to_have_count(0)
    reader.visit()
    expect(named(reader, "<b>Biology</b>")).to_have_count(1)


def test_a_conversation_that_is_deleted_is_had_back_by_one_click(reader: Person) -> None:
    reader.page.get_by_role("button", name="Delete").click()
    expect(listed(reader)).to_have_count(1)
    expect(reader.page.locator("#chat .message-row")).to_have_count(0)
    expect(reader.page.locator("#shelf-note")).to_have_text("Deleted: what is life")
    reader.page.get_by_role("button", name="Undo", exact=True).and_(reader.page.locator("#shelf-undo")).click()
    expect(listed(reader)).to_have_count(2)
    expect(reader.row(0)).to_have_text("what is life")
    reader.page.get_by_role("button", name="Delete").click()
    expect(listed(reader)).to_have_count(1)
    reader.visit()
    expect(listed(reader)).to_have_count(1)
    expect(listed(reader)).to_contain_text(QUESTION)


def test_a_conversation_is_found_by_what_was_answered(reader: Person) -> None:
    word = max(reader.row(1).inner_text().split(), key=len)
    search = reader.page.get_by_label("Search conversations")
    search.press_sequentially(word)
    expect(listed(reader)).to_have_count(1)
    expect(listed(reader)).to_contain_text("what is life")
    search.fill("nothing of the sort")
    expect(reader.page.locator("#shelf-room")).to_have_text("Nothing is found.")
    search.fill("")
    expect(listed(reader)).to_have_count(2)


def exported(person: Person, button: str, folder: Path) -> Path:
    with person.page.expect_download() as download:
        person.page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_what_is_exported_can_be_imported_where_it_is_not(reader: Person, browser: Browser, tmp_path: Path) -> None:
    answer = reader.row(1).inner_text()
    one, text, every = (exported(reader, button, tmp_path) for button in ("Save as JSON", "Save as Markdown", "Export all"))
    assert (one.name, text.name, every.name) == ("what-is-life.json", "what-is-life.md", "conversations.json")
    assert text.read_text(encoding="utf-8").startswith(f"# what is life\n\n**Question**\n\nwhat is life\n\n**Answer**\n\n>  {answer[:20]}")
    assert len(json.loads(every.read_text(encoding="utf-8"))["conversations"]) == 2
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"messages": []}', encoding="utf-8")
    with browser.new_context() as context:
        elsewhere = another(context, reader.site)
        note = elsewhere.page.locator("#shelf-note")
        for file, kept, said in (
            (one, 1, "1 conversation is imported."),
            (every, 2, "1 conversation is imported. 1 was here already."),
            (wrong, 2, "These are no conversations of this page: streamtwin: Field required."),
        ):
            elsewhere.page.locator("#panel input[type=file]").set_input_files(file)
            expect(note).to_have_text(said)
            expect(listed(elsewhere)).to_have_count(kept)
        named(elsewhere, "what is life").click()
        expect(elsewhere.row(1)).to_have_text(answer)
        assert (elsewhere.strayed, elsewhere.complaints) == ([], [])


def test_two_tabs_of_a_browser_lose_nothing_of_each_other(reader: Person) -> None:
    other = another(reader.page.context, reader.site)
    expect(listed(other)).to_have_count(2)
    other.choose("profile", "instant")
    ask(other, "Show me emoji", kept=3)
    expect(listed(reader)).to_have_count(3)
    begin_anew(reader)
    ask(reader, "Show me rich Markdown", kept=4)
    expect(listed(other)).to_have_count(4)
    named(other, QUESTION).click()
    expect(other.row(0)).to_have_text(QUESTION)
    other.page.get_by_role("button", name="Delete").click()
    expect(listed(reader)).to_have_count(3)
    reader.visit()
    expect(listed(reader)).to_have_count(3)
    assert (other.strayed, other.complaints) == ([], [])


def test_a_conversation_that_two_tabs_go_on_with_becomes_two(reader: Person) -> None:
    other = another(reader.page.context, reader.site)
    other.choose("profile", "instant")
    named(other, "what is life").click()
    expect(other.row(0)).to_have_text("what is life")
    ask(other, "Show me emoji", kept=2)
    ask(reader, "tell me one sentence", kept=3)
    expect(named(other, "what is life")).to_have_count(2)
    named(other, "what is life").first.click()
    expect(other.row(0)).to_have_text("tell me one sentence")


def test_while_an_answer_comes_its_conversation_stays_open(reader: Person) -> None:
    reader.choose("profile", "typical")
    reader.ask("tell me a long story")
    named(reader, QUESTION).click()
    expect(reader.page.locator("#shelf-note")).to_contain_text("An answer is on its way")
    expect(named(reader, "what is life").locator("input")).to_be_checked()
    reader.page.locator("#stop").click()
    reader.await_end("stopped by you")


def test_on_a_phone_the_conversation_that_is_picked_is_seen(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        person = another(context, site)
        ask(person, QUESTION, kept=1)
        person.page.locator("#clear").click()
        expect(person.page.locator("#chat .message-row")).to_have_count(0)
        person.page.locator("#panel .toggle-button").click()
        named(person, QUESTION).click()
        expect(person.row(0)).to_have_text(QUESTION)
        expect(person.page.locator("#panel.sidebar.open")).to_have_count(0)
        assert person.page.evaluate("document.documentElement.scrollWidth") == 390
        assert (person.strayed, person.complaints) == ([], [])


def test_a_restart_of_the_server_loses_nothing(browser: Browser) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with browser.new_context() as context:
        with served(port) as site:
            person = another(context, site)
            person.choose("profile", "instant")
            ask(person, QUESTION, kept=1)
            answer = person.row(1).inner_text()
            person.page.close()
        with served(port) as site:
            person = another(context, site)
            named(person, QUESTION).click()
            expect(person.row(1)).to_have_text(answer)
            person.choose("profile", "instant")
            ask(person, "and then?", kept=1)
            assert QUESTION in person.site.journal()["finished"][-1]["body"]
            assert (person.strayed, person.complaints) == ([], [])
