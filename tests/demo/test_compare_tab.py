"""The compare tab's handlers, as Gradio calls them; what a browser shows of them is tests/browser's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from backends.chat import ChatMessage
from backends.endpoints import Endpoint
from backends.errors import TransportError
from backends.events import Finish, Token
from backends.settings import Settings
from demo.admission import Admission
from demo.compare_tab import CompareTab
from demo.desk import Desk, open_desk
from demo.failures import OWN_FAULT
from demo.limits import PRIVATE, Limits
from demo.panel import Panel
from demo.tape import Tapes
from tests.demo.fakes import FOREVER, ScriptedBackend, Step, every
from tests.demo.test_turns import foot

ANSWER: tuple[Step, ...] = (Token("yes"), Finish("stop"))
SOMEBODY = gr.Request(session_hash="one")


class Tab:
    """A compare tab and somebody who uses it."""

    def __init__(self, desk: Desk, limits: Limits = PRIVATE) -> None:
        self.tapes = Tapes()
        with gr.Blocks():
            self.panel = Panel(desk)
            self.tab = CompareTab(desk, self.panel, self.tapes, Admission(limits))
        self.sides = self.tab._sides
        controls = {*self.panel.inputs, self.tab._box, *self.sides[0].inputs, *self.sides[1].inputs}
        self.values: dict[Any, Any] = {control: control.value for control in controls}
        self.shown: dict[Any, Any] = {}

    async def compare(self, question: Any = "why?") -> list[dict[Any, Any]]:
        return [updates async for updates in self.updates(question)]

    async def updates(self, question: Any = "why?", session: str = "one") -> AsyncIterator[dict[Any, Any]]:
        async for updates in self.tab._compare({**self.values, self.tab._box: question}, gr.Request(session_hash=session)):
            self.shown |= updates
            yield updates

    def answers(self) -> list[list[str]]:
        """Return what each side says: the answer, and the words below it."""
        return [[row["content"]["text"] for row in self.shown[side.chat]] for side in self.sides]


def scripted(*scripts: tuple[Step, ...], twin: bool = True, limits: Limits = PRIVATE) -> tuple[Tab, ScriptedBackend]:
    backend = ScriptedBackend(scripts)
    endpoints = (Endpoint("one"), Endpoint("two", accepts="messages"))
    return Tab(Desk(headline="", place="", endpoints=endpoints, fronts={"front": lambda: backend}, scripted=twin), limits), backend


async def test_both_sides_answer_one_question() -> None:
    tab, backend = scripted((Token("yes"), Finish("stop")), (Token("no"), Finish("length")))
    updates = await tab.compare()
    assert tab.answers() == [["yes", foot("finished: stop")], ["no", foot("finished: length")]]
    assert [request.messages for request in backend.requests] == [[ChatMessage("user", "why?")]] * 2
    assert "<td>finished: length</td>" in tab.shown[tab.tab._table]
    assert [updates[at][tab.tab._stop]["visible"] for at in (0, -1)] == [True, "hidden"]


async def test_each_side_is_asked_as_it_chose_and_the_panel_holds_for_both() -> None:
    tab, backend = scripted(ANSWER)
    one, two = tab.sides
    tab.values |= {
        tab.panel.endpoint: "one",
        tab.panel.cut: "whole",
        tab.panel.speed: "2",
        tab.panel.numbers["top_k"]: "5",
        tab.panel.system_prompt: "Be brief.",
    }
    tab.values |= {one.cut: "inside-utf8", one.profile: "instant", two.endpoint: "two", two.fault: "reset@8"}
    await tab.compare()
    assert [request.endpoint.name for request in backend.requests] == ["one", "two"]
    assert [request.custom_attributes for request in backend.requests] == [
        "mock.cut=inside-utf8;mock.profile=instant;mock.speed=2;mock.seed=0",
        "mock.cut=write;mock.fault=reset@8;mock.profile=typical;mock.speed=2;mock.seed=0",
    ]
    assert {(request.parameters.top_k, request.messages[0].content) for request in backend.requests} == {(5, "Be brief.")}


async def test_a_real_endpoint_is_sent_no_word_of_the_twin() -> None:
    tab, backend = scripted(ANSWER, twin=False)
    tab.values[tab.panel.attributes] = "trace=1"
    await tab.compare()
    assert [request.custom_attributes for request in backend.requests] == ["trace=1"] * 2


async def test_at_first_an_endpoint_stands_against_itself_without_streaming() -> None:
    with open_desk(Settings()) as desk:
        tab = Tab(desk)
        tab.values |= {side.profile: "instant" for side in tab.sides}
        await tab.compare("what is life")
        await desk.aclose()
    streamed, whole = tab.tapes.of("one")
    assert streamed.request.endpoint == whole.request.endpoint
    assert (streamed.total_parts > 1, whole.total_parts) == (True, 1)
    assert tab.answers()[0][0] == tab.answers()[1][0] != ""


async def test_each_answer_is_on_a_tape_of_its_own() -> None:
    tab, _ = scripted(ANSWER, (Token("no"), TransportError("gone", phase="stream")))
    await tab.compare()
    tapes = tab.tapes.of("one")
    assert [(tape.number, tape.front, tape.ending, tape.failure) for tape in tapes] == [
        (1, "front", "finished: stop", None),
        (2, "front", "broken off", "The connection failed: gone"),
    ]


async def test_a_side_that_cannot_start_says_why() -> None:
    tab, backend = scripted(ANSWER)
    tab.values[tab.panel.numbers["temperature"]] = "warm"
    await tab.compare()
    assert backend.requests == []
    assert all("Nothing was sent: temperature is 'warm'" in note for _, note in tab.answers())
    assert tab.tapes.of("one") == ()


@pytest.mark.parametrize("question", ["", "  \n ", None])
async def test_an_empty_question_is_not_sent_and_changes_nothing(question: Any) -> None:
    tab, backend = scripted(ANSWER)
    assert [list(updates) for updates in await tab.compare(question)] == [[tab.tab._send]]
    assert backend.requests == []


async def test_one_comparison_is_on_its_way_at_a_time_and_people_do_not_wait_for_each_other() -> None:
    tab, backend = scripted((Token("a"), FOREVER), (FOREVER,), ANSWER)
    first = tab.updates()
    while len(backend.answers) < 2:
        await anext(first)
    assert [list(updates) for updates in await tab.compare()] == [[tab.tab._send]]
    assert [updates async for updates in tab.updates(session="another")]
    assert tab.answers()[0] == ["yes", foot("finished: stop")]
    await tab.tab.stop(SOMEBODY)
    assert [updates async for updates in first]
    assert [note for _, note in tab.answers()] == [foot("stopped by you")] * 2


@pytest.mark.parametrize("end", ["leave", "aclose"])
async def test_whoever_leaves_ends_both_and_so_does_a_page_that_ends(end: str) -> None:
    tab, backend = scripted((Token("a"), FOREVER), (FOREVER,))
    updates = tab.updates()
    while len(backend.answers) < 2:
        await anext(updates)
    await (tab.tab.leave(SOMEBODY) if end == "leave" else tab.tab.aclose())
    assert [answer.closed.is_set() for answer in backend.answers] == [True, True]
    async for _ in updates:
        pass
    assert tab.tab._races == {}


async def test_whoever_left_may_compare_again() -> None:
    tab, backend = scripted((FOREVER,), (FOREVER,), ANSWER)
    left = tab.tab._compare({**tab.values, tab.tab._box: "why?"}, SOMEBODY)
    while len(backend.answers) < 2:
        await anext(left)
    await left.aclose()
    assert all(answer.closed.is_set() for answer in backend.answers)
    await tab.compare()
    assert tab.answers()[0][0] == "yes"


async def test_the_table_grows_with_the_answers_but_not_with_every_token() -> None:
    tab, _ = scripted(tuple(every(0.03, "a" * 20)))
    updates = await tab.compare()
    tables = [update for update in updates[1:] if tab.tab._table in update]
    assert 2 <= len(tables) < len(updates) / 2
    assert "on its way" in tables[0][tab.tab._table]


async def test_a_fault_of_our_own_gives_the_controls_back() -> None:
    tab, _ = scripted(ANSWER)
    broken = tab.tab._broken(SOMEBODY)
    assert (broken[tab.tab._send]["visible"], broken[tab.tab._stop]["visible"]) == (True, "hidden")
    assert OWN_FAULT in broken[tab.tab._table]


async def test_stop_is_heard_before_anything_was_sent() -> None:
    tab, _ = scripted((Token("a"), FOREVER))
    first = tab.updates()
    await anext(first)
    await tab.tab.stop(SOMEBODY)
    assert [updates async for updates in first]
    assert [said[-1] for said in tab.answers()] == [foot("stopped by you")] * 2


async def test_stop_without_a_comparison_does_nothing() -> None:
    tab, _ = scripted(ANSWER)
    await asyncio.gather(tab.tab.stop(SOMEBODY), tab.tab.aclose())
    assert tab.shown == {}


async def test_a_comparison_needs_two_places_and_whoever_gets_none_is_told() -> None:
    tab, backend = scripted(ANSWER, limits=replace(PRIVATE, answers_each=1))
    with pytest.warns(UserWarning, match="The page sends a visitor 1 answers at once"):
        assert [list(updates) for updates in await tab.compare()] == [[tab.tab._send]]
    assert backend.requests == []
