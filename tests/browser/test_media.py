"""A picture that sharpens, and a sound that plays, while the answer is on its way."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Request, expect

from mock_server.containers.media import PICTURE
from tests.browser.conftest import Person, Site, another

JPEG, WAV = "sketch-1b-jpeg", "chime-1b-wav"
FIGURES = re.compile(r"^first bytes [\d.]+ m?s · 38\.2 KiB in [\d.]+ m?s · finished")


def ask(person: Person, endpoint: str, *, speed: str = "1") -> None:
    person.choose("endpoint", endpoint)
    person.page.locator("#speed input").fill(speed)
    person.ask("a lake at dusk")


def of(person: Person, kind: Literal["img", "audio"], member: str) -> Any:
    """Return what the browser says of the last picture or sound; None while there is none."""
    return person.page.evaluate(f"[...document.querySelectorAll('#chat {kind}.media')].at(-1)?.{member} ?? null")


def fetched(person: Person) -> list[Request]:
    """Return what is asked for of media from now on."""
    requests: list[Request] = []
    person.page.on("request", lambda request: requests.append(request) if "/media/" in request.url else None)
    return requests


def test_a_picture_is_seen_while_it_flows_and_is_whole_at_the_end(person: Person) -> None:
    requests = fetched(person)
    ask(person, JPEG, speed="0.25")
    person.poll(lambda: of(person, "img", "naturalWidth") == 640)
    assert not of(person, "img", "complete")
    expect(person.row(2)).to_contain_text("streaming")
    person.page.locator("#stop").click()
    person.await_end("stopped by you")
    person.poll(lambda: of(person, "img", "complete"))
    ask(person, JPEG)
    person.await_end()
    expect(person.row(2)).to_have_text(FIGURES)
    person.poll(lambda: of(person, "img", "complete"))
    assert (of(person, "img", "naturalWidth"), of(person, "img", "naturalHeight")) == (640, 400)
    assert requests[-1].response().body() == PICTURE.read_bytes()  # type: ignore[union-attr]  # it has come
    assert len(requests) == 2


def test_a_sound_plays_while_it_flows_and_has_its_length_afterwards(person: Person) -> None:
    ask(person, WAV, speed="0.5")
    person.poll(lambda: (of(person, "audio", "currentTime") or 0) > 0.5)
    expect(person.row(2)).to_contain_text("streaming")
    assert not of(person, "audio", "paused")
    person.await_end()
    person.page.evaluate("document.querySelector('#chat audio.media').pause()")
    person.poll(lambda: of(person, "audio", "duration") == pytest.approx(8.25, abs=0.01))
    at = of(person, "audio", "currentTime")
    assert at > 0.5
    person.page.evaluate("document.querySelector('#chat audio.media').play()")
    person.poll(lambda: of(person, "audio", "currentTime") > at + 0.2)
    person.page.evaluate("document.querySelector('#chat audio.media').currentTime = 7")
    person.poll(lambda: of(person, "audio", "ended"))


def test_a_picture_that_breaks_off_is_kept_with_the_reason(person: Person) -> None:
    person.choose("fault", "Model stream error, part 9")
    person.page.get_by_label("Plain text").check()
    ask(person, JPEG)
    person.await_end("broken off")
    expect(person.row(2)).to_contain_text("The endpoint gave up in the middle of its answer")
    person.poll(lambda: of(person, "img", "complete"))
    expect(person.page.locator("#chat img.media")).to_be_visible()


def test_whoever_leaves_ends_the_answer_and_the_route(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        watcher, person = another(context, site), another(context, site)
        requests = fetched(person)
        ask(person, JPEG, speed="0.25")
        person.poll(lambda: of(person, "img", "naturalWidth") == 640)
        url = requests[0].url
        person.page.close()
        watcher.poll(lambda: not site.journal()["open"])
        assert site.journal()["finished"][-1]["ended"] == "cancelled"
        watcher.poll(lambda: watcher.page.request.get(url).status == 404)


def test_a_phone_shows_a_picture_and_a_sound_without_scrolling_sideways(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport={"width": 390, "height": 800}) as context:
        person = another(context, site)
        for endpoint in (JPEG, WAV):
            person.page.locator("#panel .toggle-button").click()
            person.choose("endpoint", endpoint)
            person.choose("profile", "instant")
            person.page.locator("#panel .toggle-button").click()
            person.ask("a lake at dusk")
            person.await_end()
        expect(person.page.get_by_alt_text("The picture that answers")).to_be_visible()
        expect(person.page.get_by_title("The sound that answers")).to_be_visible()
        for kind in ("img", "audio"):
            box = person.page.locator(f"#chat {kind}.media").bounding_box()
            assert box
            assert 200 < box["width"] <= 390 - box["x"]
        assert person.page.evaluate("document.documentElement.scrollWidth") <= 390
