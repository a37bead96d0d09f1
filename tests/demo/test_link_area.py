"""The link's handlers, as Gradio calls them."""

from __future__ import annotations

import asyncio
import html
import re
from typing import Any

import gradio as gr
import pytest

from backends.endpoints import Endpoint
from demo.admission import Admission
from demo.answers import html_area
from demo.chat import ChatTab
from demo.desk import CONTAINER, SAGEMAKER, Desk
from demo.limits import PRIVATE
from demo.link_area import LinkArea
from demo.panel import Panel
from demo.tape import Tapes
from tests.demo.fakes import ScriptedBackend


class Here(gr.Request):
    """A request for a page whose address has a query."""

    def __init__(self, **query: str) -> None:
        super().__init__(session_hash="one")
        self.query_params = query


class Page:
    """The area and what it can set."""

    def __init__(self, *, scripted: bool = True, fronts: tuple[str, ...] = (SAGEMAKER, CONTAINER)) -> None:
        ways = dict.fromkeys(fronts, lambda: ScriptedBackend(()))
        desk = Desk(headline="", place="", endpoints=(Endpoint("one"), Endpoint("two")), fronts=ways, scripted=scripted)
        with gr.Blocks():
            self.panel = Panel(desk)
            self.chat = ChatTab(desk, self.panel, Tapes(), Admission(PRIVATE))
            self.notice = html_area("", "notice", visible=False)
            self.area = LinkArea(desk, self.panel, self.chat, self.notice)
        self.values: dict[Any, Any] = {control: control.value for control in self.area._controls.values()}

    def open(self, **query: str) -> tuple[dict[Any, Any], str]:
        """Return what a link sets, and what is told."""
        updates: dict[Any, Any] = asyncio.run(self.area.open(Here(**query)))
        notice = updates.pop(self.notice, {})
        return updates, str(notice.get("value", ""))

    def left_out(self) -> bool:
        """Return whether it is told that something is not in the link."""
        return "is not in the link" in asyncio.run(self.area.make(self.values, Here()))

    def query(self) -> str:
        """Return the query of the link that is made."""
        [found] = re.findall("href='([^']*)'", asyncio.run(self.area.make(self.values, Here())))
        return html.unescape(found)


def test_a_link_sets_endpoint_parameters_and_prompt_and_sends_nothing() -> None:
    page = Page()
    updates, told = page.open(endpoint="two", front="container", prompt="why?", temperature="0.5", fault="reset@8", twin_seed="7", details="no")
    assert updates == {
        page.panel.endpoint: "two", page.panel.front: CONTAINER, page.chat.box: "why?", page.panel.numbers["temperature"]: "0.5",
        page.panel.fault: "reset@8", page.panel.twin_seed: "7", page.panel.details: False,
    }  # fmt: skip
    assert told == ""


def test_an_address_without_a_query_changes_nothing() -> None:
    assert Page().open() == ({}, "")


@pytest.mark.parametrize("name", ["endpoint", "<b>evil</b>", "temperature"])
def test_what_cannot_be_is_a_sentence_and_html_in_it_is_inert(name: str) -> None:
    updates, told = Page().open(**{name: "<img src=x onerror=alert(1)>\n\n" + "x" * 1000})
    assert updates == {}
    assert "The link sets <code>" in told
    assert "<img" not in told
    assert "<b>" not in told
    assert len(told) < 400
    assert "\n" not in told


@pytest.mark.parametrize(
    ("settings", "query"),
    [({}, {"attributes": "a=1"}), ({"scripted": False}, {"cut": "whole"}), ({"fronts": (SAGEMAKER,)}, {"front": "runtime"})],
    ids=["attributes of a twin", "a cut of what is no twin", "the only way"],
)
def test_a_link_sets_nothing_that_nobody_could_set_by_hand(settings: dict[str, Any], query: dict[str, str]) -> None:
    updates, told = Page(**settings).open(**query)
    assert (updates, "does not know" in told) == ({}, True)


def test_the_link_that_is_made_sets_the_page_as_it_was() -> None:
    page = Page()
    assert page.query() == "?"
    page.values |= {page.chat.box: "it's <b>&amp;", page.panel.endpoint: "two", page.panel.cut: "bytes:7", page.panel.stop: "a\nb"}
    assert page.query() == "?prompt=it%27s+%3Cb%3E%26amp%3B&endpoint=two&stop=a%0Ab&cut=bytes%3A7"


def test_the_tools_that_are_offered_are_in_the_link_and_set_by_it() -> None:
    page, tools = Page(), '[{"type": "function"}]'
    page.values[page.panel.tools] = tools
    assert page.query() == "?tools=%5B%7B%22type%22%3A+%22function%22%7D%5D"
    assert page.open(tools=tools) == ({page.panel.tools: tools}, "")


def test_an_endpoint_that_somebody_added_is_left_out_of_the_link_and_that_is_told() -> None:
    page = Page()
    page.values |= {page.panel.endpoint: "two", page.chat.box: "why?"}
    assert (page.query(), page.left_out()) == ("?prompt=why%3F&endpoint=two", False)
    page.values[page.panel.endpoint] = "http://127.0.0.1:8080"
    assert (page.query(), page.left_out()) == ("?prompt=why%3F", True)
