from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from mock_server.catalog import load_catalog
from mock_server.script import FOLDER, load_scripts
from tests.browser.conftest import Person, Site, another

FIGURES = re.compile(r"^TTFT [\d.]+ m?s · [\d.]+ tokens/s · \d+ tokens · finished")
FRONTS = {"SageMaker runtime": "runtime", "Container directly": "container"}
SCRIPTS = load_scripts(FOLDER)
ENDPOINTS = tuple(load_catalog())
STATEFUL = next(name for name, entry in load_catalog().items() if entry.sessions)


def test_an_answer_grows_and_ends_with_its_figures(person: Person) -> None:
    person.ask("How do I build a website?")
    expect(person.row(0)).to_have_text("How do I build a website?")
    expect(person.row(2)).to_contain_text("streaming")
    early = person.row(1).inner_text()
    person.await_end()
    whole = person.row(1).inner_text()
    assert len(whole) > len(early) > 0
    assert whole.startswith(early[: len(early) // 2])
    expect(person.row(2)).to_have_text(FIGURES)


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_answers_through_both_fronts(person: Person, endpoint: str, front: str) -> None:
    person.choose("endpoint", endpoint)
    person.page.get_by_label(front).check()
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    asked = [entry for entry in person.site.journal()["finished"] if (entry["endpoint"], entry["front"]) == (endpoint, FRONTS[front])]
    assert asked[-1]["ended"] == "completed"


def entries(person: Person, state: str = "finished") -> list[dict[str, object]]:
    return person.site.journal()[state]


def test_a_conversation_has_one_session_where_its_endpoint_keeps_them(person: Person) -> None:
    def sessions() -> list[tuple[str, str]]:
        seen = [entry for entry in person.site.journal()["finished"] if entry["endpoint"] == STATEFUL][before:]
        return [(entry["headers"].get("x-amzn-sagemaker-session-id"), entry["body"]) for entry in seen]

    before = 0
    before = len(sessions())
    person.choose("endpoint", STATEFUL)
    person.choose("profile", "instant")
    for _ in range(2):
        person.ask("what is life")
        person.await_end()
    person.page.locator("#clear").click()
    person.poll(lambda: len(sessions()) == 4)
    (first, opened), *asked, (last, closed) = sessions()
    assert (first, opened, closed) == ("NEW_SESSION", '{"requestType":"NEW_SESSION"}', '{"requestType":"CLOSE"}')
    assert {session for session, _ in asked} == {last}


def test_stop_in_the_middle_keeps_the_text_and_closes_the_connection(person: Person) -> None:
    before = len(entries(person))
    person.ask("tell me a long story")
    expect(person.row(1)).to_contain_text("There was once")
    person.page.locator("#stop").click()
    person.await_end("stopped by you")
    expect(person.row(1)).to_contain_text("There was once")
    person.poll(lambda: len(entries(person)) > before)
    assert entries(person)[-1]["ended"] == "cancelled"
    person.ask("tell me one sentence")
    person.await_end()


def test_escape_stops_an_answer_that_stalls(person: Person) -> None:
    before = len(entries(person))
    person.choose("fault", "Silence, part 9")
    person.ask("How do I build a website?")
    expect(person.row(2)).to_contain_text("stalled")
    person.page.keyboard.press("Escape")
    person.await_end("stopped by you")
    assert len(person.row(1).inner_text()) > 10
    person.poll(lambda: len(entries(person)) > before)
    assert entries(person)[-1]["ended"] == "cancelled"


def test_one_sees_how_long_one_waits_and_can_stop_waiting(person: Person) -> None:
    person.choose("fault", "Silence from the start")
    person.ask("what is life")
    expect(person.row(2)).to_have_text(re.compile(r"^waiting [1-9]\d*\.\d s"))
    person.page.locator("#stop").click()
    person.await_end("stopped by you")


@pytest.mark.parametrize("leave", ["close", "reload"])
@pytest.mark.parametrize("fault", ["Silence from the start", "Silence, part 9", "None"])
def test_whoever_leaves_closes_the_connection(browser: Browser, site: Site, leave: str, fault: str) -> None:
    with browser.new_context() as context:
        watcher, person = another(context, site), another(context, site)
        before = len(entries(watcher))
        person.choose("fault", fault)
        person.ask("tell me a long story")
        expect(person.row(2)).to_contain_text("waiting" if fault == "Silence from the start" else "TTFT")
        person.poll(lambda: len(entries(watcher, "open")) == 1)
        if leave == "close":
            person.page.close()
        else:
            person.page.reload()
        watcher.poll(lambda: len(entries(watcher)) > before)
        assert entries(watcher)[-1]["ended"] == "cancelled"


FAULTS = {
    "Validation error (400)": "The endpoint refused the request",
    "Model error (424)": "The model failed",
    "Throttled (429)": "The endpoint is busy and turned the request away",
    "Internal failure (500)": "The endpoint failed before it answered",
    "Service unavailable (503)": "The endpoint is not available now",
    "Model stream error, part 9": "The endpoint gave up in the middle of its answer",
    "Internal stream failure, part 9": "The endpoint gave up in the middle of its answer",
    "A frame breaks off, part 9": "The answer broke off before its end",
    "A frame is damaged, part 9": "The answer arrived damaged",
    "Connection reset, part 9": "The connection failed",
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.items(), ids=FAULTS)
def test_a_fault_is_told_in_words_and_retry_answers(person: Person, fault: str, words: str) -> None:
    person.choose("fault", fault)
    person.choose("profile", "instant")
    person.ask("How do I build a website?")
    person.await_end("broken off" if fault.endswith("part 9") else "no answer")
    expect(person.row(2)).to_contain_text(words)
    assert "Traceback" not in person.page.locator("body").inner_text()
    if fault.endswith("part 9"):
        assert person.row(1).inner_text().startswith("Building a website")
    person.page.get_by_role("button", name="Retry").click()
    person.await_end()
    expect(person.row(0)).to_have_count(1)
    expect(person.row(1)).to_contain_text("A website is never quite finished.")
    expect(person.page.locator("#again")).to_have_text("Regenerate")


def test_a_refused_attempt_is_retried_unseen(person: Person) -> None:
    person.choose("fault", "Throttled once, then fine")
    person.ask("what is life")
    person.await_end()
    assert [entry["status"] for entry in entries(person)[-2:]] == [429, 200]


def test_regenerate_replaces_the_last_answer(person: Person) -> None:
    person.choose("profile", "instant")
    for question in ("what is life", "tell me one sentence"):
        person.ask(question)
        person.await_end()
    first = person.row(1).inner_text()
    before = len(entries(person))
    person.page.locator("#again").click()
    person.poll(lambda: len(entries(person)) > before)
    person.await_end()
    assert person.row(1).inner_text() == first
    expect(person.page.locator("#chat .user-row")).to_have_count(2)


def test_clear_leaves_an_empty_chat(person: Person) -> None:
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    person.page.locator("#clear").click()
    expect(person.page.locator("#chat .message-row")).to_have_count(0)
    expect(person.page.locator("#again")).to_be_disabled()


def test_an_answer_sees_the_turns_before_it(person: Person) -> None:
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    person.ask("tell me one sentence")
    person.await_end()
    body = str(entries(person)[-1]["body"])
    assert "what is life" in body
    assert person.row(1, 0).inner_text()[:40] in body


@pytest.mark.parametrize(
    ("example", "cut"), [("Emoji", "inside-utf8"), ("日本語", "every-byte"), ("中文", "write"), ("العربية", "inside-utf8"), ("Rich text", "every-byte")]
)
def test_the_text_on_the_screen_is_the_text_that_was_sent(person: Person, example: str, cut: str) -> None:
    person.choose("cut", cut)
    person.choose("profile", "instant")
    person.page.get_by_role("button", name="Parameters").click()
    person.page.locator("#max_new_tokens input").fill("4000")
    person.page.get_by_label("Plain text").check()
    person.page.get_by_role("button", name=example, exact=True).click()
    person.await_end()
    assert person.row(1).text_content() == SCRIPTS[str(entries(person)[-1]["script"])].text


def test_what_was_typed_meanwhile_stays_typed(person: Person) -> None:
    box = person.page.locator("#question textarea")
    person.choose("fault", "Silence, part 9")
    person.ask("How do I build a website?")
    expect(box).to_have_value("")
    person.type("my next question")
    expect(person.row(2)).to_contain_text("stalled")
    expect(box).to_have_value("my next question")
    person.page.locator("#stop").click()
    person.await_end("stopped by you")
    expect(box).to_have_value("my next question")
    expect(person.page.locator("#chat .user-row")).to_have_count(1)


def test_shift_and_enter_begin_a_new_line(person: Person) -> None:
    box = person.page.locator("#question textarea")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    expect(box).to_have_value("one\ntwo")
    expect(person.page.locator("#chat .message-row")).to_have_count(0)


def test_a_parameter_out_of_bounds_is_told_and_nothing_is_sent(person: Person) -> None:
    before = len(entries(person))
    person.page.get_by_role("button", name="Parameters").click()
    person.page.locator("#top_p input").fill("3")
    person.ask("what is life")
    person.await_end("no answer")
    expect(person.row(2)).to_contain_text("Nothing was sent: top_p is 3")
    assert len(entries(person)) == before


def test_a_stalled_answer_keeps_nobody_waiting(browser: Browser, site: Site) -> None:
    with ExitStack() as stack:
        # A browser opens six connections to a host, and each page holds up to two: other people have other browsers.
        stalled = [another(stack.enter_context(browser.new_context()), site) for _ in range(3)]
        for person in stalled:
            person.choose("fault", "Silence, part 9")
            person.ask("How do I build a website?")
        for person in stalled:
            expect(person.row(2)).to_contain_text("stalled")
        lucky = another(stack.enter_context(browser.new_context()), site)
        lucky.ask("tell me one sentence")
        lucky.await_end()
        for person in stalled:
            expect(person.row(2)).to_contain_text("stalled")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (768, "light"), (1280, "dark")])
def test_it_fits_every_screen_in_both_schemes(browser: Browser, site: Site, width: int, scheme: Literal["light", "dark"]) -> None:
    with browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme) as context:
        person = another(context, site)
        if width < 768:
            expect(person.page.locator("#panel.sidebar.open")).to_have_count(0)
            person.page.get_by_role("button", name="Rich text").click()
            person.page.locator("#stop").click()
        else:
            person.page.get_by_label("Speed").fill("4")
        person.ask("Show me rich Markdown")
        expect(person.row(2)).to_contain_text("streaming")
        person.await_end()
        assert person.page.evaluate("document.documentElement.scrollWidth") == width
        assert person.page.evaluate("document.body.classList.contains('dark')") is (scheme == "dark")
        assert (person.strayed, person.complaints) == ([], [])
