"""Endpoints in an AWS account from the page: off unless the owner allows it, planned first, agreed to, created once. A twin is the account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
import pytest

from backends.settings import Settings
from demo.account_area import AccountArea
from demo.create_area import CreateArea
from demo.desk import open_desk
from demo.limits import PRIVATE
from demo.orders import Order
from demo.panel import Panel
from mock_server import MockServer

HERE = gr.Request(session_hash="one")
FALCON = "huggingface-llm-falcon-7b-instruct-bf16"


@pytest.fixture(scope="module")
def account() -> Iterator[MockServer]:
    with MockServer(creation_s=0) as twin:
        yield twin


@pytest.fixture(autouse=True)
def reached(account: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    account.reset()
    for name, value in account.environ.items():
        monkeypatch.setenv(name, value)


class Person:
    """Somebody in front of the account's part of the form."""

    def __init__(self, area: AccountArea) -> None:
        self.area = area
        self.shown: dict[str, Any] = {}
        self.names = {id(control): name.removeprefix("_") for name, control in vars(area).items()}

    def take(self, updates: dict[Any, Any]) -> None:
        self.shown |= {self.names[id(control)]: value for control, value in updates.items()}

    async def plan(self) -> None:
        async for updates in self.area._prepare({}, HERE):
            self.take(updates)

    async def agree(self) -> None:
        async for updates in self.area._create({self.area._prepared: self.shown["prepared"]}, HERE):
            self.take(updates)


@contextmanager
def person(order: Order, *, may_deploy: bool = True) -> Iterator[Person]:
    settings = Settings(backend="container", container_url="http://127.0.0.1:9", deploy=may_deploy)
    with open_desk(settings) as desk, gr.Blocks():
        yield Person(AccountArea(desk, lambda _: order))


def made(account: MockServer) -> list[str]:
    return [call.operation for call in account.calls if call.operation.startswith("Create")]


@pytest.mark.parametrize("order", [Order(name="mine"), Order("tgi", name="mine"), Order("jumpstart", FALCON, "", "mine")], ids=lambda order: order.kind)
async def test_an_endpoint_is_planned_agreed_to_and_created_once(order: Order, account: MockServer) -> None:
    with person(order) as somebody:
        await somebody.plan()
        assert "In account 123456789012, region us-east-1" in somebody.shown["plan"]
        assert "ml.g5.2xlarge costs $1.515 an hour" in somebody.shown["plan"]
        assert "On the twin" not in somebody.shown["plan"]
        assert "<code>iam CreateRole</code> role streamtwin-sagemaker" in somebody.shown["plan"]
        assert made(account) == []
        await somebody.agree()
        assert "python -m backends.deploy delete streamtwin-mine --region us-east-1" in somebody.shown["said"]
        assert (somebody.shown["prepared"], somebody.shown["asked"]["visible"]) == (None, False)
        await somebody.agree()
    assert made(account) == ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"]
    deployed = account.find_endpoint("streamtwin-mine")
    assert deployed is not None
    assert deployed.status == "InService"


async def test_who_says_no_creates_nothing(account: MockServer) -> None:
    with person(Order("tgi")) as somebody:
        await somebody.plan()
        somebody.take(await somebody.area._decline(HERE))
        assert "Nothing was created." in somebody.shown["said"]
        await somebody.agree()
    assert made(account) == []


async def test_what_goes_wrong_half_way_is_told_with_what_exists_and_the_command_that_cleans_up(account: MockServer) -> None:
    account.queue_fault("quota@CreateEndpoint")
    with person(Order("tgi", name="mine")) as somebody:
        await somebody.plan()
        await somebody.agree()
    said = somebody.shown["said"]
    assert "service limit" in said
    assert "model streamtwin-mine, endpoint configuration streamtwin-mine" in said
    assert "<code>python -m backends.deploy delete streamtwin-mine --region us-east-1</code>" in said


async def test_a_name_that_is_taken_is_told(account: MockServer) -> None:
    with person(Order("tgi", name="mine")) as somebody:
        for _ in range(2):
            await somebody.plan()
            await somebody.agree()
    assert "There is an endpoint streamtwin-mine already" in somebody.shown["said"]
    assert made(account).count("CreateEndpoint") == 1


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order(name="Mine"), "small letters"),
        (Order("jumpstart", "meta-textgeneration-llama-2-7b-f", ""), "has terms that have to be accepted"),
        (Order("jumpstart", "falcon", ""), "JumpStart has no falcon"),
    ],
    ids=["name", "terms", "model"],
)
async def test_what_cannot_be_planned_is_told_and_cannot_be_agreed_to(order: Order, words: str, account: MockServer) -> None:
    with person(order) as somebody:
        await somebody.plan()
        assert words in somebody.shown["said"]
        assert somebody.shown["asked"]["visible"] is False
        await somebody.agree()
    assert made(account) == []


async def test_without_credentials_the_command_that_gives_some_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with person(Order("tgi")) as somebody:
        await somebody.plan()
    assert "aws sso login" in somebody.shown["said"]


async def test_a_fault_of_the_twin_s_is_none_of_an_account_s() -> None:
    with person(Order("tgi", fault="health-check")) as somebody:
        await somebody.plan()
    assert "MOCK_FAULT" not in somebody.shown["plan"]


async def test_where_the_owner_has_not_allowed_it_nothing_is_asked_nor_created(account: MockServer) -> None:
    with person(Order("tgi"), may_deploy=False) as somebody:
        await somebody.plan()
    assert "CHAT_DEPLOY=yes" in somebody.shown["said"]
    assert account.calls == ()


@pytest.mark.parametrize("settings", [Settings(), Settings(public=True), Settings(public=True, deploy=True), Settings(deploy=True)], ids=repr)
def test_the_way_to_an_account_is_on_a_page_whose_owner_allows_it_and_on_no_other(settings: Settings) -> None:
    with open_desk(settings) as desk, gr.Blocks() as blocks:
        panel = Panel(desk)
        with gr.Tabs() as tabs, gr.Tab("Endpoints"):
            CreateArea(desk, panel, [], tabs, PRIVATE)
    names = {getattr(block, "elem_id", None) for block in blocks.blocks.values()}
    assert ("account-plan-it" in names) is (settings.deploy and not settings.public)
