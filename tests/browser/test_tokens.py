from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Person


def test_a_token_says_what_is_known_of_it_to_the_mouse_and_to_the_keyboard(person: Person) -> None:
    person.choose("endpoint", "mistral-7b-instruct-tgi")
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    person.page.get_by_role("tab", name="Tokens").click()
    tokens, said = person.page.locator(".heat .tok"), person.page.locator("#token-said")
    expect(person.page.locator("#tokens-map")).to_contain_text(re.compile(r"\d+ tokens"))
    tokens.nth(3).hover()
    expect(said).to_have_text(re.compile(r"Token 4: “.*” · id \d+ · logprob -[\d.]+ · probability [\d.]+ % · at [\d.]+ s"))
    tokens.nth(0).focus()
    person.page.keyboard.press("ArrowRight")
    expect(said).to_have_text(re.compile("Token 2: "))
    expect(tokens.nth(1)).to_be_focused()
    person.page.keyboard.press("End")
    expect(tokens.last).to_be_focused()
    before = tokens.count()
    person.page.get_by_label("Special tokens").check()
    expect(tokens).to_have_count(before + 1)
    person.page.get_by_label("Figures").check()
    expect(tokens.nth(0).locator("small")).to_have_text(re.compile(r"^[\d.]+ %$"))


def test_a_container_that_tells_no_probabilities_is_said_to(person: Person) -> None:
    person.choose("profile", "instant")
    person.ask("what is life")
    person.await_end()
    person.page.get_by_role("tab", name="Tokens").click()
    expect(person.page.locator("#tokens-map")).to_contain_text("tells no probabilities")
