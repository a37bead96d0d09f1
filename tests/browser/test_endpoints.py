"""The endpoints tab as a person uses it: what there is, a container by its address, an account's endpoints, and what strangers do not see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from backends.settings import Settings
from mock_server import MockServer
from tests.backends.account_side import LMI, TGI, AccountSide, Told, account_side, denied, environ_of
from tests.browser.conftest import Person, Site, another
from tests.demo.serving import serving

FALCON = Told("falcon-7b-instruct-tgi", TGI, {"HF_MODEL_ID": "tiiuae/falcon-7b-instruct"})
"""Its name is that of an endpoint of the twin, which stands in for SageMaker's runtime."""
COMING = Told("coming", LMI, {"HF_MODEL_ID": "Qwen/Qwen2.5-7B-Instruct"}, "Creating")
BROKEN = Told("broken", "my-own:1", {}, "Failed", "The container <b>did not pass</b> the ping health check.")
PICKED = "falcon-7b-instruct-tgi · us-east-1"


@pytest.fixture(scope="module")
def runtime() -> Iterator[MockServer]:
    """What answers for the account's endpoints, and is a container at an address of its own: none of the page's."""
    with MockServer() as twin:
        yield twin


@pytest.fixture(scope="module")
def account() -> Iterator[AccountSide]:
    with account_side(FALCON, COMING, BROKEN, page=2) as side:
        yield side


@pytest.fixture(scope="module")
def site(account: AccountSide, runtime: MockServer) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as environ:
        for name, value in (environ_of(account) | {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime.url}).items():
            environ.setenv(name, value)
        with serving(Settings()) as served:
            yield Site(f"{served.url}/", f"http://{served.twin}")


def open_tab(person: Person) -> None:
    tab = person.page.get_by_role("tab", name="Endpoints")
    if tab.is_visible():
        tab.click()
    else:
        person.page.get_by_role("button", name="More tabs").click()
        person.page.get_by_role("button", name="Endpoints").click()
    expect(person.page.locator("#endpoints-own table")).to_be_visible()


def list_account(person: Person) -> None:
    open_tab(person)
    person.page.locator("#aws-list").click()
    expect(person.page.locator("#endpoints-said")).to_contain_text("us-east-1")


def test_the_twin_s_endpoints_are_told_without_asking_anybody(person: Person, account: AccountSide) -> None:
    account.asked.clear()
    open_tab(person)
    row = person.page.locator("#endpoints-own tr", has_text="llama-3-8b-instruct-vllm")
    expect(row).to_have_text(re.compile("InService.*vllm-0.11.0.*messages.*llama3"))
    expect(person.page.locator("#endpoints-use")).to_be_hidden()
    assert account.asked == []


def test_an_endpoint_of_the_account_is_chatted_with_and_compared(person: Person, runtime: MockServer) -> None:
    list_account(person)
    row = person.page.locator("#endpoints-found tr", has_text="falcon-7b-instruct-tgi")
    expect(row).to_have_text(re.compile(r"InService.*TGI 0\.9\.3.*inputs.*falcon"))
    expect(person.page.locator("#found input")).to_have_value(PICKED)
    expect(person.page.locator("#found-family input")).to_have_value("falcon")
    before = len(runtime.journal.finished)
    person.page.locator("#found-add").click()
    expect(person.page.locator("#endpoint input")).to_have_value(PICKED)
    expect(person.page.locator("#header")).to_contain_text("An endpoint of an AWS account")
    expect(person.page.locator("#fault")).to_be_hidden()
    expect(person.page.locator("#attributes")).to_be_visible()
    person.ask("what is life")
    person.await_end()
    person.poll(lambda: len(runtime.journal.finished) > before)
    entry = runtime.journal.finished[before]
    assert (entry.endpoint, entry.front, entry.ended) == ("falcon-7b-instruct-tgi", "runtime", "completed")
    assert "mock." not in str(entry.headers)

    person.page.get_by_role("tab", name="Compare").click()
    person.choose("endpoint-A", PICKED)
    person.page.locator("#race-send").click()
    expect(person.page.locator("#scores")).to_contain_text(PICKED)
    expect(person.page.locator("#race-send")).to_be_visible()
    person.poll(lambda: len(runtime.journal.finished) > before + 1)

    person.choose("endpoint", "falcon-7b-instruct-lmi")
    expect(person.page.locator("#fault")).to_be_visible()
    expect(person.page.locator("#header")).to_contain_text("The built-in twin")


def test_the_rest_of_the_account_comes_on_demand_with_what_is_wrong_with_it(person: Person) -> None:
    list_account(person)
    found = person.page.locator("#endpoints-found")
    expect(found).not_to_contain_text("broken")
    person.page.locator("#aws-more").click()
    expect(found).to_contain_text("The container <b>did not pass</b> the ping health check.")
    expect(person.page.locator("#aws-more")).to_be_hidden()
    for name, words in {"coming": "aws sagemaker wait endpoint-in-service --endpoint-name coming", "broken": "aws sagemaker describe-endpoint"}.items():
        person.choose("found", f"{name} · us-east-1")
        expect(person.page.locator("#found-advice code")).to_contain_text(words)


def test_what_is_not_allowed_is_told_with_the_policy_statement_that_allows_it(person: Person, account: AccountSide) -> None:
    account.refusals["ListEndpoints"] = denied("ListEndpoints")
    try:
        open_tab(person)
        person.page.locator("#aws-list").click()
        expect(person.page.locator("#endpoints-said")).to_contain_text('{"Effect": "Allow", "Action": "sagemaker:ListEndpoints"')
    finally:
        account.refusals.clear()


def test_a_region_is_picked_from_those_that_there_are(person: Person, account: AccountSide) -> None:
    open_tab(person)
    person.choose("aws-region", "eu-west-3")
    person.page.locator("#aws-list").click()
    expect(person.page.locator("#endpoints-said")).to_contain_text("eu-west-3")
    assert "eu-west-3" in account.regions


def test_a_container_is_found_out_by_its_address_and_a_person_knows_better(person: Person, runtime: MockServer) -> None:
    url = f"{runtime.url}/containers/mistral-7b-instruct-tgi"
    open_tab(person)
    person.page.locator("#address input, #address textarea").fill(url)
    person.page.locator("#look").click()
    expect(person.page.locator("#endpoints-found")).to_contain_text("TGI 2.4.1")
    expect(person.page.locator("#endpoints-found")).to_contain_text("healthy")
    expect(person.page.locator("#found-accepts input")).to_have_value("messages")
    person.choose("found-accepts", "inputs")
    person.page.locator("#found-add").click()
    expect(person.page.locator("#endpoint input")).to_have_value(url)
    before = len(runtime.journal.finished)
    person.ask("what is life")
    person.await_end()
    person.poll(lambda: len(runtime.journal.finished) > before)
    [entry] = runtime.journal.finished[before:]
    assert (entry.front, entry.endpoint) == ("container", "mistral-7b-instruct-tgi")
    assert b"[INST] what is life [/INST]" in entry.body


@pytest.mark.parametrize(
    ("typed", "words"), [("127.0.0.1:9", "is the container running"), ("169.254.169.254", "of the machine's cloud"), ("ftp://x", "expected one like")]
)
def test_an_address_that_is_none_is_told(person: Person, typed: str, words: str) -> None:
    open_tab(person)
    person.page.locator("#address input, #address textarea").fill(typed)
    person.page.locator("#address input, #address textarea").press("Enter")
    expect(person.page.locator("#endpoints-said")).to_contain_text(words)
    expect(person.page.locator("#look")).to_be_enabled()


def test_what_one_person_adds_another_does_not_see(browser: Browser, site: Site) -> None:
    with browser.new_context() as mine, browser.new_context() as theirs:
        one, two = another(mine, site), another(theirs, site)
        list_account(one)
        one.page.locator("#found-add").click()
        expect(one.page.locator("#endpoint input")).to_have_value(PICKED)
        two.page.locator("#endpoint input").click()
        expect(two.page.get_by_role("option", name="falcon-7b-instruct-tgi", exact=True)).to_be_visible()
        expect(two.page.get_by_role("option", name=PICKED)).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_it_fits_every_screen_in_both_schemes(browser: Browser, site: Site, width: int, scheme: Literal["light", "dark"]) -> None:
    with browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme) as context:
        person = another(context, site)
        list_account(person)
        expect(person.page.locator("#found-add")).to_be_visible()
        assert person.page.evaluate("document.documentElement.scrollWidth") == width
        assert (person.strayed, person.complaints) == ([], [])


def test_strangers_see_the_page_s_endpoints_and_nothing_to_add_others_by(browser: Browser) -> None:
    with serving(Settings(public=True)) as served, browser.new_context() as context:
        person = another(context, Site(f"{served.url}/", f"http://{served.twin}"))
        open_tab(person)
        expect(person.page.locator("#endpoints-public")).to_contain_text("reaches these endpoints and no others")
        expect(person.page.locator("#address, #aws-list, #aws-profile, #aws-region, #found-add")).to_have_count(0)
        assert (person.strayed, person.complaints) == ([], [])
