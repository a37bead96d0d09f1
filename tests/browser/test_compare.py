from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import BUSY, Person, Site, another


def compare(person: Person, question: str = "How do I build a website?") -> None:
    person.page.locator("#race-question textarea").fill(question)
    person.page.locator("#race-send").click()


def await_end(person: Person) -> None:
    expect(person.page.locator("#scores tbody tr").last).to_have_text(re.compile("^Ended(?!.*on its way)", re.DOTALL))
    expect(person.page.locator("#race-send")).to_be_visible()


def answer(person: Person, side: str) -> Any:
    return person.page.locator(f"#answer-{side} .message-row").first.locator(".message-content")


def note(person: Person, side: str) -> Any:
    return person.page.locator(f"#answer-{side} .message-row").last.locator(".message-content")


def figures(person: Person) -> dict[str, list[str]]:
    rows = person.page.locator("#scores tbody tr").all()
    return {row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows}


def slow_down(person: Person, speed: str = "0.05") -> None:
    """Have every answer take minutes, or as `speed` says, so that what is seen while it comes is seen, however long a busy machine takes."""
    person.page.locator("#speed input").fill(speed)


def open_way(person: Person, side: str) -> None:
    person.page.get_by_role("button", name=f"cut and profile of {side}").click()


@pytest.fixture
def comparer(person: Person) -> Person:
    person.page.get_by_role("tab", name="Compare").click()
    expect(person.page.locator("#race-question textarea")).to_be_editable()
    return person


def test_two_endpoints_side_by_side_grow_at_once(comparer: Person) -> None:
    comparer.choose("endpoint-B", "llama-3-8b-instruct-vllm")
    comparer.page.get_by_label("B waits for the whole answer").uncheck()
    slow_down(comparer)
    compare(comparer)
    for side in "AB":
        expect(note(comparer, side)).to_contain_text("streaming")
        expect(answer(comparer, side)).to_contain_text(re.compile(r"\S"))
    early = [len(answer(comparer, side).inner_text()) for side in "AB"]
    comparer.poll(lambda: all(len(answer(comparer, side).inner_text()) > before > 0 for side, before in zip("AB", early, strict=True)))
    expect(comparer.page.locator("#scores")).to_contain_text("on its way")
    expect(comparer.page.locator("#race-stop")).to_be_visible()
    comparer.page.keyboard.press("Escape")
    await_end(comparer)
    expect(comparer.page.locator("#scores")).to_contain_text("B: llama-3-8b-instruct-vllm, streamed")
    comparer.poll(lambda: [entry["endpoint"] for entry in comparer.site.journal()["finished"]][-2:].count("llama-3-8b-instruct-vllm") == 1)


def test_an_endpoint_against_itself_without_streaming(comparer: Person) -> None:
    compare(comparer)
    expect(note(comparer, "A")).to_contain_text("streaming")
    expect(comparer.page.locator("#clock-A")).to_contain_text(re.compile(r"First word\s*\d+ ms\s*Last word\s*waiting"))
    expect(comparer.page.locator("#clock-B")).to_contain_text(re.compile(r"First word\s*waiting [1-9]\.\d s"))
    await_end(comparer)
    expect(comparer.page.locator("#clock-B")).to_contain_text(re.compile(r"First word\s*(\d+\.\d+ s)\s*Last word\s*\1"))
    assert answer(comparer, "A").inner_text() == answer(comparer, "B").inner_text() != ""
    seen = figures(comparer)
    assert "faster" in seen["Time to first token"][0]
    assert (int(seen["Parts"][0]) > 1, seen["Parts"][1]) == (True, "1")
    assert seen["Between tokens, p95"][1] == "all at once"


def by_button(person: Person) -> None:
    person.page.locator("#race-stop").click()


def by_escape(person: Person) -> None:
    person.page.keyboard.press("Escape")


@pytest.mark.parametrize("stop", [by_button, by_escape])
def test_stop_ends_both_sides(comparer: Person, stop: Callable[[Person], None]) -> None:
    before = len(comparer.site.journal()["finished"])
    slow_down(comparer)
    compare(comparer, "tell me a long story")
    expect(answer(comparer, "A")).to_contain_text("There was once")
    stop(comparer)
    await_end(comparer)
    for side in "AB":
        expect(note(comparer, side)).to_contain_text("stopped by you")
    comparer.poll(lambda: len(comparer.site.journal()["finished"]) == before + 2)
    assert [entry["ended"] for entry in comparer.site.journal()["finished"][before:]] == ["cancelled"] * 2


def test_whoever_leaves_ends_both_sides(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        person = another(context, site)
        person.page.get_by_role("tab", name="Compare").click()
        before = len(site.journal()["finished"])
        slow_down(person)
        compare(person, "tell me a long story")
        expect(answer(person, "A")).to_contain_text("There was once")
        watcher = another(context, site)
        person.page.close()
        watcher.poll(lambda: len(site.journal()["finished"]) == before + 2)
        assert [entry["ended"] for entry in site.journal()["finished"][before:]] == ["cancelled"] * 2


def test_a_fault_on_one_side_leaves_the_other_alone(comparer: Person) -> None:
    comparer.page.get_by_label("B waits for the whole answer").uncheck()
    open_way(comparer, "B")
    comparer.choose("fault-B", "Connection reset, part 9")
    slow_down(comparer, "0.3")
    compare(comparer)
    expect(note(comparer, "B")).to_contain_text("The connection failed")
    expect(note(comparer, "A")).to_contain_text("streaming")
    await_end(comparer)
    expect(note(comparer, "A")).to_contain_text("finished")
    assert figures(comparer)["Ended"] == ["finished", "broken off"]
    expect(comparer.page.locator("#clock-B")).to_contain_text("never came")


def test_two_cuts_and_both_ways_of_one_endpoint(comparer: Person) -> None:
    comparer.page.get_by_label("B waits for the whole answer").uncheck()
    open_way(comparer, "B")
    comparer.choose("cut-B", "every-byte")
    comparer.choose("front-B", "Container directly")
    comparer.choose("profile-B", "instant")
    compare(comparer, "what is life")
    await_end(comparer)
    seen = figures(comparer)
    assert seen["Bytes"][0] == seen["Bytes"][1] == seen["Parts"][1]
    assert {entry["front"] for entry in comparer.site.journal()["finished"][-2:]} == {"runtime", "container"}


@pytest.mark.parametrize("load", ["", BUSY], ids=["idle", "busy"])
def test_a_chat_goes_on_beside_a_comparison_and_escape_stops_what_one_sees(comparer: Person, load: str) -> None:
    page = comparer.page
    page.get_by_label("B waits for the whole answer").uncheck()
    slow_down(comparer)
    compare(comparer, "tell me a long story")
    for side in "AB":
        expect(answer(comparer, side)).to_contain_text("There was once")
    page.get_by_role("tab", name="Chat").click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    page.evaluate(load)
    comparer.ask("tell me a long story")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(page.locator("#send")).to_be_hidden()
    page.keyboard.press("Escape")
    comparer.await_end("stopped by you")
    expect(page.locator("#stop")).to_be_hidden()
    page.get_by_role("tab", name="Compare").click()
    for side in "AB":
        expect(note(comparer, side)).to_contain_text("streaming")
    expect(page.locator("#race-stop")).to_be_visible()
    page.get_by_role("tab", name="Chat").click()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Compare").click()
    for side in "AB":
        expect(note(comparer, side)).to_contain_text("stopped by you")
    expect(page.get_by_role("button", name="Stop both")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "dark")])
def test_the_sides_stand_beside_each_other_where_there_is_room(browser: Browser, site: Site, width: int, scheme: Literal["light", "dark"]) -> None:
    with browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme) as context:
        person = another(context, site)
        if width < 768:
            expect(person.page.locator("#panel.sidebar.open")).to_have_count(0)
        person.page.get_by_role("tab", name="Compare").click()
        compare(person, "tell me one sentence")
        await_end(person)
        left, right = (person.page.locator(f"#answer-{side}").bounding_box() for side in "AB")
        assert left
        assert right
        assert (left["y"] == right["y"], left["x"] == right["x"]) == (width > 768, width < 768)
        assert person.page.evaluate("document.documentElement.scrollWidth") == width
        assert (person.strayed, person.complaints) == ([], [])
