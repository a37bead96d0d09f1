"""The endpoints tab's handlers, as Gradio calls them, with an account and containers behind sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

import demo.endpoints_tab
from backends.chat import ChatMessage
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import ConfigurationError, TransportError
from backends.sagemaker import SageMakerBackend
from backends.settings import Settings
from demo.admission import Admission
from demo.compare_tab import CompareTab
from demo.desk import Desk, open_desk
from demo.endpoints_tab import Asked, EndpointsTab
from demo.found import CONTAINER, SAGEMAKER, Found
from demo.limits import PRIVATE
from demo.page import Page
from demo.panel import Panel
from demo.tape import Tapes
from mock_server import MockServer
from tests.backends.account_side import LMI, TGI, AccountSide, Told, account_side, denied, environ_of

HERE = gr.Request(session_hash="one")
LLAMA = Told("llama", LMI, {"HF_MODEL_ID": "meta-llama/Meta-Llama-3.1-8B-Instruct"})
FALCON = Told("falcon", TGI, {"HF_MODEL_ID": "tiiuae/falcon-7b-instruct"})


class Tab:
    """An endpoints tab and somebody who uses it."""

    def __init__(self, desk: Desk) -> None:
        with gr.Blocks():
            self.panel = Panel(desk)
            self.compare = CompareTab(desk, self.panel, Tapes(), Admission(PRIVATE))
            with gr.Tabs() as self.tabs, gr.Tab("Endpoints") as tab:
                self.tab = EndpointsTab(desk, self.panel, self.compare.pickers, self.tabs, tab)
        kept = [self.panel.found, self.panel.endpoint, self.tab._own]
        self.values: dict[Any, Any] = {control: control.value for control in kept}
        if not desk.public:
            self.values |= {self.tab._known: (), self.tab._asked: Asked(), self.tab._picked: None, self.tab._accepts: None, self.tab._family: None}
        self.shown: dict[str, Any] = {}
        self.names = {id(control): name.removeprefix("_") for name, control in vars(self.tab).items()}

    def take(self, updates: dict[Any, Any]) -> None:
        for control, value in updates.items():
            self.shown[self.names.get(id(control), "")] = value
            if control in self.values:
                self.values[control] = value.get("value", self.values[control]) if isinstance(value, dict) else value

    async def ask(self, generator: Any) -> None:
        async for updates in generator:
            self.take(updates)

    async def look(self, typed: str) -> None:
        await self.ask(self.tab._look_at(typed, self.values[self.tab._known], HERE))

    async def list_account(self, profile: str = "", region: str = "", contains: str = "") -> None:
        await self.ask(self.tab._list_account(profile, region, contains, self.values[self.tab._known], HERE))

    async def add(self, **chosen: Any) -> None:
        accepts, family = chosen.get("accepts") or self.values[self.tab._accepts], chosen.get("family") or self.values[self.tab._family]
        self.take(await self.tab._add_picked(self.values[self.tab._picked], accepts, family, self.values[self.tab._known], self.values[self.panel.found]))

    @property
    def known(self) -> list[str]:
        return [found.label for found in self.values[self.tab._known]]


@contextmanager
def page(settings: Settings = Settings()) -> Iterator[Tab]:  # noqa: B008 - frozen
    with open_desk(settings) as desk:
        yield Tab(desk)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[AccountSide]:
    with account_side(LLAMA, FALCON) as side:
        for name, value in environ_of(side).items():
            monkeypatch.setenv(name, value)
        yield side


async def test_opening_the_tab_shows_what_there_is_and_asks_nobody(account: AccountSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with page() as tab:
        tab.take(await tab.tab._open(tab.values[tab.tab._own], HERE))
    assert "falcon-7b-instruct-lmi" in tab.shown["listed"]
    assert [value for _, value in tab.shown["profile"]["choices"]] == ["", "work"]
    assert ("eu-west-1", "eu-west-1") in tab.shown["region"]["choices"]
    assert account.asked == []


async def test_a_configuration_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no section\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with page() as tab:
        tab.take(await tab.tab._open(tab.values[tab.tab._own], HERE))
    assert "role='alert'" in tab.shown["said"]
    assert "falcon-7b-instruct-lmi" in tab.shown["listed"]


async def test_a_container_is_found_by_its_address_and_chatted_with(twin: MockServer) -> None:
    with page() as tab:
        await tab.look(f"{twin.url}/containers/llama-3-8b-instruct-vllm")
        assert "vLLM 0.11.0" in tab.shown["table"]
        assert (tab.values[tab.tab._accepts], tab.values[tab.tab._family]) == ("messages", "llama3")
        await tab.add()
        url = f"{twin.url}/containers/llama-3-8b-instruct-vllm"
        assert tab.values[tab.panel.endpoint] == url
        assert tab.shown["tabs"]["selected"] == "chat"
        values = {control: control.value for control in tab.panel.inputs} | {tab.panel.attributes: None} | tab.values
        request = tab.panel.request([ChatMessage("user", "hi")], values)
        assert request.endpoint == Endpoint(f"{twin.url.removeprefix('http://')}/containers/llama-3-8b-instruct-vllm", "messages", "llama3", url)
        assert request.custom_attributes is None
        assert tab.panel.way(values) == CONTAINER


@pytest.mark.parametrize("picked", [None, "gone"])
async def test_what_is_picked_and_not_known_any_more_changes_nothing(picked: str | None) -> None:
    with page() as tab:
        assert list(await tab.tab._pick(picked, (), HERE)) == [tab.tab._advice]
        assert list(await tab.tab._add_picked(picked, "inputs", "falcon", (), ())) == [tab.panel.found]


async def test_a_container_that_was_looked_at_twice_is_listed_once(twin: MockServer) -> None:
    with page() as tab:
        for name in ("llama-3-8b-instruct-vllm", "falcon-7b-instruct-tgi", "llama-3-8b-instruct-vllm"):
            await tab.look(f"{twin.url}/containers/{name}")
    assert [label.rpartition("/")[2] for label in tab.known] == ["llama-3-8b-instruct-vllm", "falcon-7b-instruct-tgi"]


async def test_an_address_where_nobody_answers_is_told_and_can_be_mended(twin: MockServer) -> None:
    with page() as tab:
        await tab.look("127.0.0.1:9")
        assert "Nothing answers at http://127.0.0.1:9" in tab.shown["said"]
        assert tab.shown["look"]["interactive"] is True
        await tab.look(f"{twin.url}/containers/falcon-7b-instruct-tgi")
        assert tab.shown["said"] == ""


async def test_an_account_is_listed_and_what_is_picked_is_what_answers(account: AccountSide) -> None:
    with page() as tab:
        await tab.list_account(region="eu-west-1")
        assert tab.known == ["llama · eu-west-1", "falcon · eu-west-1"]
        assert "2 endpoints in eu-west-1." in tab.shown["said"]
        assert tab.values[tab.tab._picked] == "llama · eu-west-1"
        tab.values |= {tab.tab._picked: "falcon · eu-west-1"}
        tab.take(await tab.tab._pick("falcon · eu-west-1", tab.values[tab.tab._known], HERE))
        assert (tab.shown["accepts"], tab.shown["family"]) == ("inputs", "falcon")
        await tab.add()
        values = {control: control.value for control in tab.panel.inputs} | {tab.panel.attributes: "a=1"} | tab.values
        request = tab.panel.request([ChatMessage("user", "hi")], values)
    assert account.regions == {"eu-west-1"}
    assert request.endpoint == Endpoint("falcon", "inputs", "falcon")
    assert (request.custom_attributes, tab.panel.way(values)) == ("a=1", SAGEMAKER)


@pytest.mark.usefixtures("account")
async def test_what_a_person_says_of_an_endpoint_goes_before_what_was_recognised() -> None:
    with page() as tab:
        await tab.list_account()
        await tab.add(accepts="inputs", family="mistral")
    [added] = tab.values[tab.panel.found]
    assert (added.endpoint.accepts, added.endpoint.family) == ("inputs", "mistral")


@pytest.mark.usefixtures("account")
async def test_an_endpoint_that_is_added_again_is_in_the_lists_once() -> None:
    with page() as tab:
        await tab.list_account()
        await tab.add(family="mistral")
        await tab.add(family="llama2")
    assert [found.endpoint.family for found in tab.values[tab.panel.found]] == ["llama2"]
    assert tab.panel.names(tab.values[tab.panel.found]).count("llama · us-east-1") == 1


async def test_a_long_account_is_listed_page_by_page(monkeypatch: pytest.MonkeyPatch, twin: MockServer) -> None:
    with account_side(*(Told(f"e-{number}", LMI) for number in range(3)), page=2) as side, page() as tab:
        for name, value in environ_of(side).items():
            monkeypatch.setenv(name, value)
        await tab.look(f"{twin.url}/containers/falcon-7b-instruct-tgi")
        await tab.list_account(contains=" e- ")
        assert tab.shown["more"]["visible"] is True
        await tab.ask(tab.tab._list_more(tab.values[tab.tab._asked], tab.values[tab.tab._known], HERE))
        assert tab.known[1:] == ["e-0 · us-east-1", "e-1 · us-east-1", "e-2 · us-east-1"]
        assert (tab.shown["more"]["visible"], "3 endpoints" in tab.shown["said"]) == (False, True)
        await tab.list_account()
        assert len(tab.known) == 3


async def test_an_account_without_endpoints_offers_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with account_side() as side, page() as tab:
        for name, value in environ_of(side).items():
            monkeypatch.setenv(name, value)
        await tab.list_account()
    assert (tab.shown["table"], tab.shown["use"]["visible"]) == ("", False)
    assert "0 endpoints in us-east-1." in tab.shown["said"]


async def test_a_list_that_is_refused_names_what_would_allow_it(account: AccountSide) -> None:
    account.refusals["ListEndpoints"] = denied("ListEndpoints")
    with page() as tab:
        await tab.list_account()
    assert "&quot;Effect&quot;: &quot;Allow&quot;" in tab.shown["said"]
    assert tab.shown["list"]["interactive"] is True


async def test_endpoints_that_must_not_be_described_are_listed_and_that_is_said(account: AccountSide) -> None:
    account.refusals["DescribeModel"] = denied("DescribeModel")
    with page() as tab:
        await tab.list_account()
    assert "2 endpoints in us-east-1." in tab.shown["said"]
    assert "sagemaker:DescribeModel" in tab.shown["said"]


async def test_without_credentials_the_command_that_gives_some_is_named() -> None:
    with page() as tab:
        await tab.list_account()
        assert "<code>aws configure set region us-east-1</code>" in tab.shown["said"]
        await tab.list_account(region="us-east-1")
        assert "<code>aws sso login</code>" in tab.shown["said"]


async def test_an_account_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.endpoints_tab, "LIST_S", 0.01)
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(demo.endpoints_tab._in_thread(lambda: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()))
    with pytest.raises(TransportError, match="did not answer within"):
        await waiting
    gate.set()


async def test_an_account_is_not_asked_where_requests_are_signed() -> None:
    assert (await demo.endpoints_tab._in_thread(lambda: threading.current_thread().name)).startswith("account")


async def test_a_page_searches_one_place_at_a_time(twin: MockServer, account: AccountSide) -> None:
    with page() as tab:
        first = tab.tab._look_at(f"{twin.url}/containers/falcon-7b-instruct-tgi", (), HERE)
        tab.take(await anext(first))
        assert [tab.shown[name]["interactive"] for name in ("look", "list", "more")] == [False] * 3
        for other in (tab.tab._list_account("", "", "", (), HERE), tab.tab._list_more(Asked(), (), HERE), tab.tab._look_at("h", (), HERE)):
            assert [list(updates) async for updates in other] == [[tab.tab._said]]
        assert account.asked == []
        await tab.ask(first)
        assert [tab.shown[name]["interactive"] for name in ("look", "list", "more")] == [True] * 3
        await tab.list_account()
    assert len(tab.known) == 3


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("refused", "words"), [(False, "InService"), (True, "Could not find endpoint")])
async def test_the_page_s_own_endpoint_is_asked_how_it_is(refused: bool, words: str) -> None:
    with page(Settings(backend="sagemaker", endpoint_name="gone" if refused else "falcon")) as tab:
        await tab.ask(tab.tab._ask_own(tab.values[tab.tab._own], HERE))
    assert words in tab.shown["listed"] + tab.shown["said"]
    assert tab.shown["check"]["interactive"] is True


async def test_the_page_s_own_container_is_asked_how_it_is(twin: MockServer) -> None:
    with page(Settings(backend="container", container_url=f"{twin.url}/containers/falcon-7b-instruct-tgi")) as tab:
        await tab.ask(tab.tab._ask_own(tab.values[tab.tab._own], HERE))
    assert "healthy</td><td>TGI 0.9.4" in tab.shown["listed"]


@pytest.mark.usefixtures("account")
async def test_what_is_picked_decides_which_controls_there_are() -> None:
    with page() as tab:
        await tab.list_account()
        await tab.add()
        side = tab.compare._sides[0]
        for endpoint, is_twin in (("falcon-7b-instruct-tgi", True), ("llama · us-east-1", False)):
            values = {tab.panel.endpoint: endpoint, tab.panel.found: tab.values[tab.panel.found]}
            suited = tab.panel._suit(values)
            assert (suited[tab.panel.front]["visible"], suited[tab.panel._of_twin]["visible"]) == (is_twin, is_twin)
            assert suited[tab.panel.attributes]["visible"] is not is_twin
            assert side.suit({side.endpoint: endpoint, tab.panel.found: tab.values[tab.panel.found]})["visible"] is is_twin


@pytest.mark.usefixtures("account")
async def test_the_top_of_the_page_says_whom_one_talks_to() -> None:
    with open_desk(Settings()) as desk:
        shown = Page(desk)
        panel = shown._panel
        added = (Found(Endpoint("llama"), SAGEMAKER, region="us-east-1"), Found(Endpoint("h", url="http://h"), CONTAINER))
        heads = [shown._head({panel.endpoint: name, panel.found: added}, HERE) for name in ("falcon-7b-instruct-lmi", "llama · us-east-1", "http://h")]
    assert heads[0].startswith("# Streamtwin\nThe built-in twin")
    assert heads[1] == "# Streamtwin\nAn endpoint of an AWS account, with the credentials of the machine that serves this page. `llama · us-east-1`"
    assert heads[2] == "# Streamtwin\nA model container, reached directly. `http://h`"


async def test_each_way_to_what_was_found_has_one_backend() -> None:
    with open_desk(Settings()) as desk:
        here, there = Found(Endpoint("e"), SAGEMAKER, region="us-east-1"), Found(Endpoint("e"), SAGEMAKER, region="eu-west-1", profile="work")
        container = Found(Endpoint("h", url="http://h"), CONTAINER)
        assert isinstance(desk.backend(SAGEMAKER, here), SageMakerBackend)
        assert isinstance(desk.backend(SAGEMAKER, container), ContainerBackend)
        assert desk.backend(SAGEMAKER, here) is desk.backend(CONTAINER, here)
        assert len({id(desk.backend(SAGEMAKER, found)) for found in (None, here, there, container)}) == 4
        await desk.aclose()


async def test_a_public_page_reaches_nothing_but_its_own(account: AccountSide) -> None:
    with page(Settings(public=True)) as tab:
        assert "falcon-7b-instruct-lmi" in await tab.tab._show_own(tab.values[tab.tab._own], HERE)
        assert not hasattr(tab.tab, "_address")
        for found in (Found(Endpoint("h", url="http://127.0.0.1:9"), CONTAINER), Found(Endpoint("llama"), SAGEMAKER)):
            with pytest.raises(ConfigurationError, match="public"):
                tab.tab._desk.backend(SAGEMAKER, found)
        with pytest.raises(ConfigurationError, match="public"):
            await tab.tab._asked_again(tab.values[tab.tab._own][0])
    assert account.asked == []
