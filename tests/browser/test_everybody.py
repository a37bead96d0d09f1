"""The page for those who use no mouse, no eyes, another script, a phone, their own colours, or cannot bear movement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from demo.language import TABLE
from tests.browser.conftest import Person, Site, another

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "light, 390 px": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "dark, 390 px": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "Japanese": {"viewport": {"width": 1280, "height": 900}, "locale": "ja-JP"},
}
GRAVE = ("serious", "critical")
EXCEPTIONS: dict[str, str] = {}
"""Rules of axe that Gradio breaks where our style and script cannot mend it, each with the reason."""
SMALLEST_PX = 24
"""Of what a finger meets, as WCAG 2.2, 2.5.8 has it."""
TOO_SMALL = """smallest => [...document.querySelectorAll("button, a[href], input, summary, textarea")]
  .map((control) => control.closest("label") ?? control.closest(".wrap-inner") ?? control)
  .filter((target) => target.checkVisibility({ visibilityProperty: true }) && !target.closest("#skip, p, li"))
  .map((target) => [target.getBoundingClientRect(), target])
  .filter(([box]) => Math.min(box.width, box.height) < smallest && Math.min(box.width, box.height) > 1)
  .map(([box, target]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${target.outerHTML.slice(0, 120)}`)"""
SAID = """() => {
  const said = [...document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")]
    .flatMap((node) => ["aria-label", "placeholder", "title", "alt"].map((name) => node.getAttribute(name)));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const theirs = "script, style, #chat .user-row, .answer, .heat, .chip";
  while (texts.nextNode()) if (!texts.currentNode.parentElement.closest(theirs)) said.push(texts.currentNode.data);
  return said.filter(Boolean).map((text) => text.trim());
}"""


@contextmanager
def looking(browser: Browser, site: Site, **look: Any) -> Iterator[Person]:
    with browser.new_context(**look) as context:
        person = another(context, site)
        if look.get("viewport", {}).get("width") == 390:
            expect(person.page.locator("#panel.sidebar.open")).to_have_count(0)
        yield person
        assert (person.strayed, person.complaints) == ([], [])


def tabs(page: Page) -> Iterator[str]:
    """Open one tab after the other; yield the name of each."""
    for tab in page.locator("#tabs").get_by_role("tab").all():
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        yield tab.inner_text()


def fill(person: Person, *questions: str) -> None:
    """Ask, and compare."""
    page = person.page
    page.locator("#speed input").evaluate("(box) => { box.value = '200'; box.dispatchEvent(new Event('input')); }")  # behind a phone's closed panel
    for question in questions or ("ما هي الحياة؟", "Show me rich Markdown"):
        person.ask(question)
        expect(person.row(2)).to_contain_text("TTFT")
        expect(page.locator("#send")).to_be_visible()
    page.locator("#tabs").get_by_role("tab").nth(1).click()
    page.locator("#race-send").click()
    for ended in page.locator("#scores tbody tr").last.locator("td").all():
        expect(ended).to_have_text(re.compile("finished|完了"))
    page.locator("#tabs").get_by_role("tab").nth(0).click()


def grave(page: Page) -> list[str]:
    """Return what axe finds serious or critical."""
    found = Axe().run(page).response["violations"]
    wrong = [(rule["id"], node) for rule in found if rule["impact"] in GRAVE and rule["id"] not in EXCEPTIONS for node in rule["nodes"]]
    return [f"{rule}: {node['html'][:160]} {node['failureSummary']}" for rule, node in wrong]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_axe_finds_nothing_grave_on_any_tab_empty_or_full(browser: Browser, site: Site, look: dict[str, Any]) -> None:
    with looking(browser, site, **look) as person:
        wrong = {f"{tab}, empty": found for tab in tabs(person.page) if (found := grave(person.page))}
        person.page.locator("#tabs").get_by_role("tab").nth(0).click()
        fill(person)
        wrong |= {f"{tab}, full": found for tab in tabs(person.page) if (found := grave(person.page))}
        assert wrong == {}


def test_nothing_is_too_wide_or_too_small_for_a_phone(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light, 390 px"], has_touch=True) as person:
        fill(person)
        for tab in tabs(person.page):
            assert person.page.evaluate("document.documentElement.scrollWidth") == 390, tab
            assert person.page.evaluate(TOO_SMALL, SMALLEST_PX) == [], tab


def test_no_english_is_left_on_a_page_in_japanese(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["Japanese"]) as person:
        english = {text for text, row in TABLE.items() if row["ja"] != text}
        left = {tab: english.intersection(person.page.evaluate(SAID)) for tab in tabs(person.page)}
        person.page.locator("#tabs").get_by_role("tab").nth(0).click()
        fill(person, "人生とは何ですか")
        left |= {f"{tab}, full": english.intersection(person.page.evaluate(SAID)) for tab in tabs(person.page)}
        assert {tab: texts for tab, texts in left.items() if texts} == {}
        assert "__i18n__" not in person.page.content().partition("<body")[2]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def go_to(page: Page, control: str, key: str = "Tab") -> None:
    """Press `key` until the focus is on `control`, and see that it shows."""
    for _ in range(60):
        if page.evaluate("(control) => document.activeElement.matches(control)", control):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
        page.keyboard.press(key)
    raise AssertionError(f"{control} is not reached by {key}")


def test_whoever_has_only_keys_asks_stops_and_asks_again(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light"]) as person:
        page = person.page
        person.choose("fault", "Silence, part 9")
        page.locator("#question textarea").focus()
        page.keyboard.type("How do I build a website?")
        go_to(page, "#send")
        press(page, "Enter")
        expect(person.row(2)).to_contain_text("stalled")
        expect(page.locator("#question textarea")).to_be_focused()
        go_to(page, "#stop")
        press(page, "Enter")
        person.await_end("stopped by you")
        expect(page.locator("#question textarea")).to_be_focused()
        go_to(page, "#again")
        press(page, "Enter")
        person.await_end()


def test_whoever_has_only_keys_chooses_from_the_panel_and_skips_it(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light"]) as person:
        page = person.page
        go_to(page, "#profile input", "Shift+Tab")
        press(page, "ArrowDown", "Enter")
        expect(page.locator("#profile input")).to_have_value("instant")
        go_to(page, ".skip", "Shift+Tab")
        expect(page.get_by_role("listbox")).to_have_count(0)
        expect(page.locator(".skip")).to_be_in_viewport(ratio=1)
        press(page, "Enter")
        expect(page.locator("#question textarea")).to_be_focused()


def test_whoever_has_only_keys_compares_turns_the_wire_s_pages_and_goes_from_token_to_token(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light"]) as person:
        page = person.page
        go_to(page, "#speed input", "Shift+Tab")
        press(page, "Control+a")
        page.keyboard.type("200")
        go_to(page, "#compare-tab-button")
        press(page, "Enter")
        go_to(page, "#race-question textarea")
        press(page, "Enter")
        expect(page.locator("#scores tbody tr").last.locator("td").last).to_contain_text("finished")
        go_to(page, "#wire-tab-button", "Shift+Tab")
        press(page, "Enter")
        expect(page.locator("#wire-summary .asked")).to_be_visible()
        go_to(page, "#wire-answer input")
        press(page, "ArrowDown", "Enter")  # the newest is whole: the one before it came in parts
        expect(page.locator("#wire-where")).to_contain_text("1 to 200 of")
        go_to(page, "#wire-later")
        press(page, "Enter")
        expect(page.locator("#wire-where")).to_contain_text("201 to")
        go_to(page, "#tokens-tab-button", "Shift+Tab")
        press(page, "Enter")
        go_to(page, "#tokens-map .tok")
        expect(page.locator("#token-said")).to_contain_text("Token 1:")
        press(page, "ArrowRight")
        expect(page.locator("#token-said")).to_contain_text("Token 2:")
        go_to(page, "footer button")


def test_text_runs_in_the_direction_of_its_script_and_bytes_in_their_order(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light"]) as person:
        page = person.page
        direction = "(node) => getComputedStyle(node).direction"
        person.choose("profile", "instant")
        person.ask("ما هي الحياة؟")
        person.await_end()
        assert person.row(1).locator("ul").first.evaluate(direction) == "rtl"
        assert person.row(1).locator("ul").first.evaluate("(list) => list.firstElementChild.getBoundingClientRect().right < list.getBoundingClientRect().right")
        page.locator("#question textarea").fill("ما")
        assert page.locator("#question textarea").evaluate("(box) => getComputedStyle(box).unicodeBidi") == "plaintext"
        page.get_by_role("tab", name="Wire").click()
        expect(page.locator("#wire-parts .text bdi").first).to_be_visible()
        assert page.locator("#wire-parts .text bdi").first.evaluate(direction) == "ltr"


FACES = {
    "#chat .prose strong": "SourceSans3-Bold",
    "#chat .prose pre code": "IBMPlexMono",
    "#send": "SourceSans3-Bold",
    "#chat .prose p": "SourceSans3-Regular",
}


def test_bold_text_and_code_are_of_their_own_faces(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light"]) as person:
        person.choose("profile", "instant")
        person.ask("Show me rich Markdown")
        person.await_end()
        client = person.page.context.new_cdp_session(person.page)
        client.send("DOM.enable")
        client.send("CSS.enable")
        root = client.send("DOM.getDocument", {"depth": -1})["root"]["nodeId"]
        for control, face in FACES.items():
            node = client.send("DOM.querySelector", {"nodeId": root, "selector": control})["nodeId"]
            assert {font["postScriptName"] for font in client.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]} == {face}, control


def test_nothing_moves_for_those_who_asked_for_that(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light"], reduced_motion="reduce") as person:
        slow = """[...document.querySelectorAll("body *")].filter((node) => {
          const { transitionDuration, animationDuration, animationName } = getComputedStyle(node);
          return Math.max(...transitionDuration.split(", ").map(parseFloat)) > 0.01 || (animationName !== "none" && parseFloat(animationDuration) > 0.01);
        }).map((node) => node.outerHTML.slice(0, 120))"""
        assert person.page.evaluate(slow) == []


def test_where_the_system_chooses_the_colours_buttons_and_frames_have_edges(browser: Browser, site: Site) -> None:
    with looking(browser, site, **LOOKS["light"], forced_colors="active") as person:
        for button in ("#send", "#again", ".example"):
            assert person.page.locator(button).first.evaluate("(node) => getComputedStyle(node).borderTopWidth") == "1px"
