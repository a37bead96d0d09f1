"""An address that sets the page, and the page's own address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from backends.settings import Settings
from demo.desk import open_desk
from demo.serve import bind, create_server
from tests.browser.conftest import Person, Site, another
from tests.browser.sub_path import proxied

PROMPT = 'it\'s <b>bold</b> & "so" on\n日本語 😀'
UNDER = "/chat/of/mine"


def make_link(person: Person) -> str:
    """Press the button; return what it copies."""
    person.page.evaluate("navigator.clipboard.writeText('')")
    person.page.get_by_role("button", name="Copy link").click()
    person.poll(lambda: str(person.page.evaluate("navigator.clipboard.readText()")).startswith(person.site.url))
    expect(person.page.locator("#link .copied")).to_be_visible()
    return str(person.page.evaluate("navigator.clipboard.readText()"))


def test_the_link_that_one_copies_opens_the_page_as_it_was_set_and_sends_nothing(person: Person) -> None:
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.choose("endpoint", "rinna-3-6b-instruction-ppo-tgi")
    person.page.get_by_label("Container directly").check()
    person.choose("cut", "inside-utf8")
    person.choose("fault", "Silence, part 9")
    person.page.locator("#question textarea").fill(PROMPT)
    person.page.locator("#system-prompt textarea").fill("Be brief.")
    person.page.get_by_role("button", name="Prompt, code and link").click()
    link = make_link(person)
    assert make_link(person) == link
    before = len(person.site.journal()["finished"])
    person.page.goto(link)
    expect(person.page.locator("#question textarea")).to_have_value(PROMPT)
    expect(person.page.locator("#system-prompt textarea")).to_have_value("Be brief.")
    expect(person.page.locator("#endpoint input")).to_have_value("rinna-3-6b-instruction-ppo-tgi")
    expect(person.page.get_by_label("Container directly")).to_be_checked()
    expect(person.page.locator("#cut input")).to_have_value("inside-utf8")
    expect(person.page.locator("#fault input")).to_have_value("Silence, part 9")
    expect(person.page.locator("#chat .user-row")).to_have_count(0)
    assert (len(person.site.journal()["finished"]), person.site.journal()["open"]) == (before, [])


def test_what_a_link_asks_for_in_vain_is_told_and_html_in_it_is_inert(person: Person) -> None:
    evil = "<img src=x onerror=\"document.title='evil'\">"
    person.page.goto(person.site.url + "?" + urlencode({"endpoint": evil, "prompt": evil, evil: "1", "cut": "bytes:7"}))
    expect(person.page.locator("#link-notice")).to_contain_text("The link sets endpoint to <img")
    expect(person.page.locator("#link-notice")).to_contain_text("which this page does not know")
    expect(person.page.locator("#question textarea")).to_have_value(evil)
    expect(person.page.locator("#cut input")).to_have_value("bytes:7")
    expect(person.page.locator("#link-notice img")).to_have_count(0)
    assert person.page.title() == "Streamtwin"


@pytest.fixture
def below() -> Iterator[Site]:
    """A page that a proxy serves under a path."""
    settings = Settings(port=0, root_path=UNDER)
    with bind(settings.host, settings.port) as listener, open_desk(settings) as desk:
        server = create_server(desk, settings)
        thread = threading.Thread(target=server.run, args=([listener],), name="page below")
        thread.start()
        with proxied(f"http://127.0.0.1:{listener.getsockname()[1]}", UNDER) as url:
            yield Site(url, f"http://{desk.place}")
        server.should_exit = True
        thread.join()


def test_under_a_path_of_a_proxy_the_link_holds_too(browser: Browser, below: Site) -> None:
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        person = another(context, below)
        person.page.locator("#question textarea").fill("why?")
        person.page.get_by_role("button", name="Prompt, code and link").click()
        link = make_link(person)
        assert link == f"{below.url}?prompt=why%3F"
        person.page.goto(link)
        expect(person.page.locator("#question textarea")).to_have_value("why?")
        assert urlsplit(person.page.url).path == f"{UNDER}/"
        assert person.strayed == []
