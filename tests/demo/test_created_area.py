"""The form of a new endpoint and the list of what came of it, as Gradio calls them, beside a twin whose endpoints change when the test says so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from backends.settings import Settings
from demo.create_area import CreateArea
from demo.created_area import BUSY_S, CALM_S, CreatedArea
from demo.desk import Desk, open_desk
from demo.language import ENGLISH
from demo.limits import PUBLIC
from demo.panel import Panel
from demo.rehearsals import OWNER
from mock_server import MockServer

HERE = gr.Request(session_hash="one")


class Person:
    """Somebody in front of the form, whose page keeps what it is shown."""

    def __init__(self, desk: Desk) -> None:
        with gr.Blocks():
            self.panel = Panel(desk)
            with gr.Tabs() as tabs, gr.Tab("Endpoints"):
                self.form = CreateArea(desk, self.panel, [], tabs, PUBLIC)
        assert self.form._created is not None
        self.area: CreatedArea = self.form._created
        form = self.form
        kept = [form._kind, form._model, form._instance, form._name, form._fault, *self.area.inputs, self.area._doomed, self.panel.found, self.panel.endpoint]
        self.values: dict[Any, Any] = {control: control.value for control in kept} | {form._kind: "tgi", self.area.owner: ""}
        self.shown: dict[str, Any] = {}
        self.names = {id(control): name.removeprefix("_") for part in (self.form, self.area) for name, control in vars(part).items()}

    def take(self, updates: dict[Any, Any]) -> dict[Any, Any]:
        for control, value in updates.items():
            self.shown[self.names.get(id(control), "")] = value
            if control in self.values:
                self.values[control] = value.get("value", self.values[control]) if isinstance(value, dict) else value
        return updates

    async def open(self) -> None:
        self.take(await self.form.open(self.values, HERE))

    async def create(self) -> str:
        async for updates in self.form._create_it(self.values, HERE):
            self.take(updates)
        return str(self.values[self.area._chosen])

    async def look(self) -> dict[Any, Any]:
        return self.take(await self.area._look(self.values, HERE))

    async def delete(self) -> None:
        self.take(await self.area._ask(self.values, HERE))
        async for updates in self.area._delete_it(self.values, HERE):
            self.take(updates)

    @property
    def period_s(self) -> float:
        return float(self.shown["timer"].value)


@pytest.fixture
def slow() -> Iterator[Person]:
    """A page whose twin is never done."""
    with open_desk(Settings(public=True)) as desk, MockServer(creation_s=math.inf) as twin:
        yield Person(replace(desk, twin=twin))


@pytest.fixture
def quick() -> Iterator[Person]:
    with open_desk(Settings(public=True)) as desk, MockServer(creation_s=0) as twin:
        yield Person(replace(desk, twin=twin))


async def test_a_browser_that_comes_is_known_from_then_on(quick: Person) -> None:
    await quick.open()
    owner = quick.values[quick.area.owner]
    assert OWNER.fullmatch(owner)
    assert "sagemaker CreateEndpoint" in quick.shown["plan"]
    await quick.open()
    assert quick.values[quick.area.owner] == owner


async def test_an_endpoint_that_is_being_created_is_looked_at_often_and_told_once(slow: Person) -> None:
    await slow.open()
    assert (slow.period_s, slow.shown["use"]["visible"]) == (CALM_S, False)
    name = await slow.create()
    assert "Creating" in slow.shown["table"]
    assert f"{name} is being created." in slow.shown["changes"]
    assert slow.period_s == BUSY_S
    assert list(await slow.look()) == [slow.area._timer]


async def test_an_endpoint_that_does_not_answer_yet_is_not_chatted_with(slow: Person) -> None:
    await slow.open()
    name = await slow.create()
    slow.take(await slow.area._chat_with(slow.values, HERE))
    assert f"{name} does not answer now." in slow.shown["report"]
    assert slow.values[slow.panel.found] == ()


async def test_an_endpoint_is_chatted_with_and_leaves_the_lists_as_it_is_deleted(quick: Person) -> None:
    await quick.open()
    name = await quick.create()
    assert f"{name} is in service." in quick.shown["changes"]
    quick.take(await quick.area._chat_with(quick.values, HERE))
    assert quick.values[quick.panel.endpoint] == name
    values = {control: control.value for control in quick.panel.inputs} | quick.values
    assert quick.panel.request([], values).endpoint.accepts == "messages"
    assert quick.panel._suit(values)[quick.panel._of_twin]["visible"] is True
    await quick.delete()
    assert f"endpoint configuration {name}" in quick.shown["report"]
    assert (quick.shown["table"], quick.values[quick.panel.found]) == ("", ())
    assert quick.values[quick.panel.endpoint] != name


async def test_what_somebody_else_has_deleted_meanwhile_is_told(quick: Person) -> None:
    await quick.open()
    name = await quick.create()
    doomed = dict(quick.values)
    await quick.delete()
    quick.take(await quick.area._ask({**doomed, quick.area._chosen: name}, HERE))
    assert f"There is no endpoint {name} any more." in quick.shown["report"]
    quick.values = {**doomed, quick.area._doomed: name}
    async for updates in quick.area._delete_it(quick.values, HERE):
        quick.take(updates)
    assert f"There is no endpoint {name} any more." in quick.shown["report"]


async def test_a_kind_brings_its_models_and_instances(quick: Person) -> None:
    await quick.open()
    quick.values[quick.form._kind] = "jumpstart"
    quick.take(await quick.form._choose_kind(quick.values, HERE))
    assert quick.shown["model"]["value"] == "huggingface-llm-falcon-7b-instruct-bf16"
    assert (quick.shown["instance"]["value"], quick.shown["instance"]["choices"][1]) == ("", ("ml.g4dn.xlarge", "ml.g4dn.xlarge"))
    assert quick.shown["command"] == "python -m backends.deploy jumpstart huggingface-llm-falcon-7b-instruct-bf16"


async def test_a_word_that_is_no_name_is_told_before_anything_is_created(quick: Person) -> None:
    await quick.open()
    quick.values[quick.form._name] = "<b>"
    await quick.create()
    assert "role='alert'" in quick.shown["said"]
    assert quick.area._rehearsals.listed(quick.values[quick.area.owner]) == ()
    assert quick.form._asker(quick.values, HERE).words == ENGLISH
