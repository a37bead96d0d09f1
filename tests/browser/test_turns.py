"""What a person does with the turns of a conversation: edit, flip, undo, like, copy, unfold."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from mock_server.script import FOLDER, load_scripts
from tests.browser.conftest import BUSY, Person

SCRIPTS = load_scripts(FOLDER)
WEBSITE, LIFE, SENTENCE = "How do I build a website?", "what is life", "tell me one sentence"


ESCAPE_AT_ONCE = """(question) => new Promise((pressed) => {
  const look = () => {
    const box = document.querySelector("#question textarea");
    if (box.value !== question) return requestAnimationFrame(look);
    pressed(box.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));
  };
  look();
})"""
"""A script that presses Esc as soon as a question stands in the box."""


def tool(person: Person, name: str, turn: int = -1) -> Locator:
    return person.page.locator("#chat .bot-row:has(.foot .said) .tools").nth(turn).get_by_role("button", name=name, exact=True)


def ask(person: Person, *questions: str) -> None:
    person.choose("profile", "instant")
    for question in questions:
        person.ask(question)
        person.await_end()


def questions(person: Person) -> Locator:
    return person.page.locator("#chat .user-row .message-content")


def box(person: Person) -> Locator:
    return person.page.locator("#question textarea")


def bodies(person: Person) -> list[str]:
    return [str(entry["body"]) for entry in person.site.journal()["finished"]]


def test_an_earlier_question_is_edited_and_the_earlier_way_is_kept(person: Person) -> None:
    ask(person, LIFE, SENTENCE)
    tool(person, "Edit the question", 0).click()
    expect(box(person)).to_have_value(LIFE)
    expect(box(person)).to_be_focused()
    expect(person.page.locator("#edited")).to_contain_text("Editing question 1")
    person.type(WEBSITE)
    expect(questions(person)).to_have_text([WEBSITE])
    person.await_end()
    expect(person.page.locator("#edited")).to_be_hidden()
    expect(person.page.locator("#chat .which")).to_have_text("2 of 2")
    person.ask(LIFE)
    person.await_end()
    assert SENTENCE not in bodies(person)[-1]
    tool(person, "Earlier version", 0).click()
    expect(questions(person)).to_have_text([LIFE, SENTENCE])
    tool(person, "Later version", 0).click()
    expect(questions(person)).to_have_text([WEBSITE, LIFE])


def test_stop_works_behind_an_edit_and_behind_regenerate(person: Person) -> None:
    ask(person, LIFE)
    person.choose("fault", "Silence, part 9")
    tool(person, "Edit the question").click()
    expect(box(person)).to_have_value(LIFE)
    person.type(WEBSITE)
    expect(person.row(2)).to_contain_text("stalled")
    expect(tool(person, "Edit the question")).to_have_count(0)
    person.page.locator("#stop").click()
    person.await_end("stopped by you")
    person.choose("fault", "Silence from the start")
    person.page.locator("#again").click()
    expect(person.row(2)).to_contain_text("waiting")
    person.page.keyboard.press("Escape")
    person.await_end("stopped by you")
    expect(person.page.locator("#chat .which")).to_have_text("3 of 3")


def test_alternatives_are_flipped_through_by_the_keyboard_alone(person: Person) -> None:
    ask(person, WEBSITE)
    for place in ("2 of 2", "3 of 3"):
        person.page.locator("#again").click()
        expect(person.page.locator("#chat .which")).to_have_text(place)
    tool(person, "Earlier version").focus()
    for place in ("2 of 3", "1 of 3", "1 of 3"):
        person.page.keyboard.press("Enter")
        expect(person.page.locator("#chat .which")).to_have_text(place)
        expect(tool(person, "Earlier version")).to_be_focused()
    person.page.keyboard.press("Tab")
    expect(tool(person, "Later version")).to_be_focused()
    person.page.keyboard.press("Space")
    expect(person.page.locator("#chat .which")).to_have_text("2 of 3")


def test_a_like_shows_is_taken_back_and_stays_with_its_turn(person: Person) -> None:
    ask(person, LIFE, SENTENCE)
    tool(person, "Like", 0).click()
    expect(tool(person, "Take back the like", 0)).to_be_visible()
    expect(tool(person, "Like", 1)).to_be_visible()
    tool(person, "Dislike", 0).click()
    expect(tool(person, "Like", 0)).to_be_visible()
    person.page.locator("#again").click()
    expect(person.page.locator("#chat .which")).to_have_text("2 of 2")
    tool(person, "Take back the dislike", 0).click()
    expect(tool(person, "Dislike", 0)).to_be_visible()


def test_while_an_answer_comes_another_can_be_liked(person: Person) -> None:
    ask(person, LIFE)
    person.choose("fault", "Silence, part 9")
    person.ask(WEBSITE)
    expect(person.row(2)).to_contain_text("stalled")
    tool(person, "Like", 0).click()
    expect(tool(person, "Take back the like", 0)).to_be_visible()
    person.page.locator("#stop").click()
    person.await_end("stopped by you")
    expect(tool(person, "Take back the like", 0)).to_be_visible()


def test_undo_gives_the_question_back(person: Person) -> None:
    ask(person, LIFE, SENTENCE)
    person.page.locator("#undo").click()
    expect(questions(person)).to_have_text([LIFE])
    expect(box(person)).to_have_value(SENTENCE)
    box(person).fill("half a thought")
    person.page.locator("#undo").click()
    expect(questions(person)).to_have_count(0)
    expect(box(person)).to_have_value("half a thought")
    expect(person.page.locator("#undo")).to_be_disabled()


@pytest.mark.parametrize("load", ["", BUSY], ids=["idle", "busy"])
def test_escape_ends_an_edit_at_once_and_what_was_typed_before_is_there_again(person: Person, load: str) -> None:
    ask(person, LIFE)
    expect(person.page.locator("#edited")).to_be_hidden()
    box(person).fill("half a thought")
    person.page.evaluate(load)
    tool(person, "Edit the question").click()
    person.page.evaluate(ESCAPE_AT_ONCE, LIFE)
    expect(box(person)).to_have_value("half a thought")
    expect(person.page.locator("#edited")).to_be_hidden()


def test_escape_in_an_open_list_closes_the_list_alone(person: Person) -> None:
    ask(person, LIFE)
    tool(person, "Edit the question").click()
    expect(box(person)).to_have_value(LIFE)
    chosen = person.page.locator("#endpoint input")
    chosen.click()
    expect(chosen).to_have_attribute("aria-expanded", "true")
    person.page.keyboard.press("Escape")
    expect(chosen).to_have_attribute("aria-expanded", "false")
    expect(person.page.locator("#edited")).to_be_visible()


def test_thoughts_are_open_while_they_come_and_fold_as_the_answer_begins(person: Person) -> None:
    thoughts = person.page.locator("#chat .thoughts")
    person.choose("fault", "Silence, part 9")
    person.ask("think aloud")
    expect(person.row(2)).to_contain_text("stalled")
    expect(thoughts).to_have_attribute("open", "")
    expect(thoughts).to_contain_text("The user wants")
    person.page.locator("#stop").click()
    person.await_end("stopped by you")
    ask(person, "think aloud")
    expect(thoughts.last.locator("summary")).to_have_text(re.compile(r"^Thought for \d+(\.\d+)? m?s$"))
    expect(thoughts.last).not_to_have_attribute("open", "")
    assert (person.row(1).text_content() or "").startswith("There are three letters")
    thoughts.last.locator("summary").press("Enter")
    expect(thoughts.last.get_by_text("That makes three.")).to_be_visible()


def test_thoughts_that_somebody_folds_stay_folded_while_they_grow(person: Person) -> None:
    thoughts = person.page.locator("#chat .thoughts")
    person.page.get_by_label("Speed").fill("0.1")
    person.ask("think aloud")
    expect(thoughts).to_contain_text("The user wants")
    thoughts.locator("summary").click()
    seen = thoughts.text_content() or ""
    person.poll(lambda: len(thoughts.text_content() or "") > len(seen) + 10)
    expect(thoughts).not_to_have_attribute("open", "")
    person.page.locator("#stop").click()
    person.await_end("stopped by you")


def test_a_tool_call_is_shown(person: Person) -> None:
    person.page.get_by_role("button", name="Call a tool").click()
    person.await_end("finished: tool_calls")
    expect(person.page.locator("#chat .calls")).to_contain_text("get_weather")
    assert person.page.locator("#chat .calls pre").inner_text() == '{\n  "city": "Paris",\n  "unit": "celsius"\n}'
    expect(person.page.locator("#endpoint input")).to_have_value("llama-3-8b-instruct-vllm")
    assert '"tools"' in bodies(person)[-1]


def test_an_answer_is_copied_as_it_arrived(person: Person) -> None:
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(person, "Show me rich Markdown")
    person.page.locator("#chat .message-buttons:visible button").click()
    person.poll(lambda: person.page.evaluate("navigator.clipboard.readText()") == SCRIPTS["markdown"].text)


def test_a_question_is_shown_as_it_was_typed(person: Person) -> None:
    question = r"a \(x\) \[y\] $$z$$ $1 \\ `c` \` <b> &amp; *d* [e](f)"
    ask(person, question)
    assert person.row(0).inner_text() == question


def test_no_row_of_the_chat_is_called_by_its_own_html(person: Person) -> None:
    rows = person.page.locator("#chat [data-testid=user], #chat [data-testid=bot]")
    ask(person, "think aloud")
    person.page.locator("#again").click()
    expect(person.page.locator("#chat .which")).to_have_text("2 of 2")
    expect(rows).to_have_count(4)
    assert [row.get_attribute("aria-label") for row in rows.all()] == [None] * 4


FORGED = """<button id="stop">x</button><div id="pressed-tool"><textarea></textarea></div><div id="question"><textarea></textarea></div>
<div class="aside foot"><div class="tools"><button class="edit" title="Forged">x</button></div></div>"""
"""What a model may write into its answer to pass for the page's own controls."""


def test_what_a_model_writes_is_no_control_of_the_page(person: Person) -> None:
    ask(person, LIFE)
    person.row(1).evaluate("(answer, forged) => { answer.innerHTML = forged; }", FORGED)
    person.page.get_by_title("Forged").click()
    person.page.locator("#chat button#stop").click()
    tool(person, "Like").click()
    expect(tool(person, "Take back the like")).to_be_visible()
    expect(person.page.locator("#edited")).to_be_hidden()
    tool(person, "Edit the question").click()
    expect(person.page.locator("#ask textarea")).to_have_value(LIFE)
    person.page.keyboard.press("Escape")
    expect(person.page.locator("#edited")).to_be_hidden()
    person.choose("fault", "Silence, part 9")
    person.page.locator("#ask textarea").fill(WEBSITE)
    person.page.locator("#ask textarea").press("Enter")
    expect(person.row(2)).to_contain_text("stalled")
    person.page.keyboard.press("Escape")
    expect(person.row(2)).to_contain_text("stopped by you")
