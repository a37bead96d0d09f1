"""The page in its readers' languages: those of the browser, and the one that Gradio's settings are set to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from demo.tokens_tab import NOTHING_YET
from tests.browser.conftest import Person, Site, another

SPOKEN = {
    "en-GB": ("en", "Send", "Ask something in the chat: here are then the tokens of its answer."),
    "es-MX": ("es", "Enviar", "Pregunta algo en el chat: aquí se verán los tokens de la respuesta."),
    "ja-JP": ("ja", "送信", "チャットで質問すると、回答のトークンがここに表示されます。"),
    "zh-CN": ("zh-CN", "发送", "在对话中提问后，这里会显示回答的 Token。"),
    "zh-TW": ("zh-TW", "发送", "在对话中提问后，这里会显示回答的 Token。"),
    "fr-FR": ("en", "Send", NOTHING_YET),
}
"""A browser's locale -> the page's language, a label and something that the server writes."""


@contextmanager
def speaking(browser: Browser, site: Site, locale: str) -> Iterator[Person]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, locale=locale) as context:
        person = another(context, site)
        yield person
        assert (person.strayed, person.complaints) == ([], [])


@pytest.mark.parametrize(("locale", "shown"), SPOKEN.items(), ids=SPOKEN)
def test_the_page_and_its_server_speak_the_language_of_the_browser(browser: Browser, site: Site, locale: str, shown: tuple[str, str, str]) -> None:
    language, send, nothing_yet = shown
    with speaking(browser, site, locale) as person:
        expect(person.page.locator("html")).to_have_attribute("lang", language)
        expect(person.page.locator("#send")).to_have_text(send)
        person.page.get_by_role("tab").nth(3).click()
        expect(person.page.locator("#tokens-map")).to_have_text(nothing_yet)


def test_what_people_say_is_not_translated(browser: Browser, site: Site) -> None:
    with speaking(browser, site, "ja-JP") as person:
        person.choose("profile", "instant")
        person.ask("Send")
        expect(person.row(0)).to_have_text("Send")
