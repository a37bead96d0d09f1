"""An endpoint of one's own on the page's twin, as people make one: planned, created, watched, chatted with, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from backends.settings import Settings
from mock_server import MockServer
from tests.browser.conftest import Person, Site, another
from tests.browser.test_endpoints import open_tab
from tests.demo.serving import serving

FALCON = "huggingface-llm-falcon-7b-instruct-bf16"


@pytest.fixture(scope="module")
def public() -> Iterator[Site]:
    with serving(Settings(public=True)) as served:
        yield Site(f"{served.url}/", f"http://{served.twin}")


def begin(person: Person, name: str, kind: str = "TGI") -> str:
    """Fill in the form, and return what the endpoint is called once the plan says so."""
    open_tab(person)
    expect(person.page.locator("#new-plan li").last).to_be_visible()  # the form is mounted, and heard: before that, what is filled in can be lost
    person.page.locator("#new-kind").get_by_text(kind, exact=True).click()
    person.page.locator("#new-name input, #new-name textarea").fill(name)
    endpoint = person.page.locator("#new-plan li", has_text=re.compile(f"CreateEndpoint endpoint streamtwin-.*{name}$"))
    expect(endpoint).to_be_visible()
    return endpoint.inner_text().rpartition(" ")[2]


def create(person: Person, name: str, kind: str = "TGI") -> str:
    """Create an endpoint, see it in service, and return its name."""
    made = begin(person, name, kind)
    person.page.locator("#new-create").click()
    row = person.page.locator("#created tr", has_text=made)
    expect(row).to_contain_text("InService")
    expect(person.page.locator("#created-picked input")).to_have_value(made)
    return made


def delete(person: Person, name: str) -> None:
    """Delete what is picked, asked once more."""
    person.page.locator("#created-delete").click()
    expect(person.page.locator("#created-doom")).to_contain_text(f"endpoint configuration {name}")
    person.page.locator("#created-sure").click()
    for thing in ("endpoint", "endpoint configuration", "model"):
        expect(person.page.locator("#created-report li").get_by_text(f"{thing} {name}", exact=True)).to_be_visible()
    expect(person.page.locator("#created tr", has_text=name)).to_have_count(0)


@pytest.mark.parametrize(("kind", "container"), [("LMI", "LMI 0.38.0"), ("TGI", "TGI 3.3.6"), ("JumpStart", "TGI 0.9.3")])
def test_an_endpoint_is_planned_created_chatted_with_and_deleted(kind: str, container: str, person: Person) -> None:
    made = begin(person, f"mine-{kind.lower()}", kind)
    plan = person.page.locator("#new-plan")
    expect(plan).to_contain_text("ml.g5.2xlarge costs $1.515 an hour in an account")
    plan.locator("summary").click()
    expect(plan.locator("pre")).to_contain_text('"InstanceType": "ml.g5.2xlarge"')
    assert person.site.journal()["open"] == []
    person.page.locator("#new-create").click()
    row = person.page.locator("#created tr", has_text=made)
    expect(person.page.locator("#created-said")).to_contain_text(f"{made} is in service.")
    expect(row).to_contain_text(container)
    person.page.locator("#created-chat").click()
    expect(person.page.locator("#endpoint input")).to_have_value(made)
    expect(person.page.locator("#fault")).to_be_visible()
    person.ask("what is life")
    person.await_end()
    assert {entry["endpoint"] for entry in person.site.journal()["finished"][-1:]} == {made}
    open_tab(person)
    delete(person, made)
    expect(person.page.locator("#endpoint input")).not_to_have_value(made)


def test_an_endpoint_that_fails_says_why_and_can_be_deleted(person: Person) -> None:
    made = begin(person, "broken")
    person.choose("new-fault", "The container is not well")
    expect(person.page.locator("#new-plan pre")).to_contain_text('"MOCK_FAULT": "health-check"')
    person.page.locator("#new-create").click()
    expect(person.page.locator("#created")).to_contain_text("did not pass the ping health check")
    person.page.locator("#created-chat").click()
    expect(person.page.locator("#created-report")).to_contain_text("does not answer now")
    person.page.locator("#created-delete").click()
    person.page.locator("#created-keep").click()
    expect(person.page.locator("#created-sure")).to_be_hidden()
    delete(person, made)


def test_a_creation_that_is_refused_is_told_and_leaves_nothing(person: Person) -> None:
    begin(person, "too-much")
    person.choose("new-fault", "The quota is too small")
    expect(person.page.locator("#new-plan pre")).to_contain_text("quota")
    person.page.locator("#new-create").click()
    expect(person.page.locator("#new-said")).to_contain_text("Nothing of it is left.")
    expect(person.page.locator("#new-said [role=alert]")).to_contain_text("service limit")
    expect(person.page.locator("#created tr", has_text="too-much")).to_have_count(0)


def test_the_form_gives_the_command_and_what_it_does_not_take_is_told(person: Person) -> None:
    begin(person, "mine", "JumpStart")
    person.page.locator("#new-terminal button").first.click()
    expect(person.page.locator("#new-command")).to_contain_text(f"python -m backends.deploy jumpstart {FALCON} --name mine")
    person.page.locator("#new-name input, #new-name textarea").fill("Mine!")
    expect(person.page.locator("#new-plan [role=alert]")).to_contain_text("small letters")


def test_the_table_is_true_after_a_reload_and_in_a_second_tab(browser: Browser, public: Site) -> None:
    with browser.new_context() as context:
        one, two = another(context, public), another(context, public)
        made = create(one, "mine")
        one.page.reload()
        expect(one.page.locator("#question textarea")).to_be_editable()
        open_tab(one)
        expect(one.page.locator("#created tr", has_text=made)).to_contain_text("InService")
        two.page.reload()
        expect(two.page.locator("#question textarea")).to_be_editable()
        open_tab(two)
        expect(two.page.locator("#created tr", has_text=made)).to_contain_text("InService")
        delete(one, made)
        expect(two.page.locator("#created tr", has_text=made)).to_have_count(0)
        assert (one.strayed, one.complaints, two.strayed, two.complaints) == ([], [], [], [])


def test_strangers_see_nothing_of_each_other_s(browser: Browser, public: Site) -> None:
    with browser.new_context() as mine, browser.new_context() as hers:
        one, two = another(mine, public), another(hers, public)
        names = {create(one, "falcon"), create(two, "falcon")}
        assert len(names) == 2
        for person in (one, two):
            expect(person.page.locator("#created tbody tr")).to_have_count(1)
            delete(person, person.page.locator("#created tbody th").inner_text())


def test_a_page_without_a_twin_gives_the_command_and_creates_nothing(browser: Browser) -> None:
    with serving(Settings(backend="container", container_url="http://127.0.0.1:9")) as served, browser.new_context() as context:
        person = Person(context.new_page(), Site(f"{served.url}/", "")).visit()
        open_tab(person)
        expect(person.page.locator("#new-command")).to_contain_text("python -m backends.deploy lmi --model tiiuae/falcon-7b-instruct")
        expect(person.page.locator("#new-create, #new-fault, #created")).to_have_count(0)


def test_an_endpoint_of_an_account_is_created_where_the_owner_allows_it_once_somebody_agrees(browser: Browser) -> None:
    with MockServer(creation_s=0) as account, pytest.MonkeyPatch.context() as environ:
        for name, value in account.environ.items():
            environ.setenv(name, value)
        with serving(Settings(deploy=True)) as served, browser.new_context() as context:
            person = another(context, Site(f"{served.url}/", f"http://{served.twin}"))
            begin(person, "real")
            person.page.locator("#account-plan-it").click()
            expect(person.page.locator("#account-plan")).to_contain_text("In account 123456789012, region us-east-1, this would be created:")
            assert not [call for call in account.calls if call.operation.startswith("Create")]
            person.page.locator("#account-sure").click()
            expect(person.page.locator("#account-said")).to_contain_text("python -m backends.deploy delete streamtwin-real --region us-east-1")
            person.page.locator("#aws-list").click()
            expect(person.page.locator("#endpoints-found tr", has_text="streamtwin-real")).to_contain_text("TGI 3.3.6")
            expect(person.page.locator("#account-sure")).to_be_hidden()
            expect(person.page.locator("#created tr")).to_have_count(0)
            assert (person.strayed, person.complaints) == ([], [])


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark"), (1280, "light")])
def test_everybody_can_use_it_on_every_screen(browser: Browser, site: Site, width: int, scheme: Literal["light", "dark"]) -> None:
    with browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme) as context:
        person = another(context, site)
        made = create(person, f"wide-{width}-{scheme}")
        person.page.locator("#new-plan summary").click()
        person.page.locator("#created-delete").click()
        expect(person.page.locator("#created-sure")).to_be_visible()
        assert person.page.evaluate("document.documentElement.scrollWidth") == width
        found = Axe().run(person.page, context={"include": [["#endpoints-tab"]]}).response["violations"]
        assert [(each["id"], node["target"]) for each in found for node in each["nodes"]] == []
        person.page.locator("#created-keep").click()
        delete(person, made)
        assert (person.strayed, person.complaints) == ([], [])
