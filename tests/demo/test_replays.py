from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.errors import TransportError
from backends.events import Finish, Token
from backends.settings import Settings
from demo.admission import Admission
from demo.desk import SAGEMAKER, Desk, open_desk
from demo.found import Found
from demo.limits import PRIVATE, Limits
from demo.panel import Panel
from demo.replays import Replays, changed
from demo.tape import Tape, Tapes
from demo.wire_tab import WireTab
from tests.demo.fakes import FOREVER, ScriptedBackend, Step

HERE = gr.Request(session_hash="one")
ANSWER: tuple[Step, ...] = (Token("yes"), Finish())

CHANGES = {
    "mock.cut=write;mock.fault=stall;mock.profile=typical;mock.speed=2;mock.seed=7": "mock.cut=whole;mock.profile=typical;mock.speed=2;mock.seed=7",
    "trace=1;mock.seed=7": "mock.cut=whole;trace=1;mock.seed=7",
    None: "mock.cut=whole",
}


def asked(attributes: str | None = None) -> ChatRequest:
    return ChatRequest(messages=[ChatMessage("user", "why?")], endpoint=Endpoint("e"), custom_attributes=attributes)


@pytest.mark.parametrize(("before", "behind"), CHANGES.items(), ids=str)
def test_cut_and_fault_change_and_all_the_rest_stays(before: str | None, behind: str) -> None:
    assert changed(asked(before), cut="whole", fault="") == asked(behind)
    assert changed(asked("mock.cut=write"), cut="", fault="") == asked()


def test_on_the_twin_another_cut_carries_the_same_bytes() -> None:
    async def play() -> tuple[Tape, Tape]:
        with open_desk(Settings()) as desk:
            tapes = Tapes()
            replays = Replays(desk, tapes)
            request = replace(asked("mock.cut=write;mock.profile=instant;mock.seed=7"), endpoint=desk.endpoints[0])
            first = tapes.add("one", Tape(request, SAGEMAKER))
            first.ending = "finished"
            [*_, once] = [tape async for tape in replays.play("one", first, cut="whole")]
            [*_, again] = [tape async for tape in replays.play("one", once, cut="every-byte")]
            await desk.aclose()
        assert [tape.number for tape in tapes.of("one")] == [1, 2, 3]
        return once, again

    once, again = asyncio.run(play())
    assert (once.again, again.again) == (1, 2)
    assert bytes(again.body) == bytes(once.body) != b""
    assert (len(once.parts), len(again.parts)) == (1, len(again.body))
    assert (once.timing.parts, again.timing.parts) == (1, len(again.body))
    assert (once.ending or "").startswith("finished")


class Wire:
    """The wire tab on a scripted backend, with one answer."""

    def __init__(self, *scripts: tuple[Step, ...], limits: Limits = PRIVATE, twin: bool = True) -> None:
        self.backend = ScriptedBackend(scripts)
        desk = Desk(headline="", place="", endpoints=(Endpoint("e"),), fronts={SAGEMAKER: lambda: self.backend}, scripted=twin)
        self.tapes = Tapes()
        with gr.Blocks(), gr.Tab("Wire") as tab:
            self.tab = WireTab(desk, Panel(desk), self.tapes, Admission(limits), tab)
        self.tapes.add("one", Tape(asked("mock.cut=write;mock.seed=7"), SAGEMAKER)).ending = "finished"
        choices = self.tab._choices
        self.values: dict[Any, Any] = {self.tab._picked: 1, self.tab._query: "", self.tab._inside: False, choices.cut: "whole", choices.fault: "stall"}

    def play(self) -> Any:
        return self.tab._play_again(self.values, HERE)


async def test_an_answer_is_played_again_and_its_figures_stand_beside_the_first_s() -> None:
    wire = Wire(ANSWER)
    updates = [update async for update in wire.play()]
    assert updates[0][wire.tab._picked]["value"] == 2
    assert updates[0][wire.tab._picked]["choices"][0] == ("2 ↻ 1 · why? · e", 2)
    assert updates[0][wire.tab._choices.stop]["visible"] is True
    assert updates[-1] == wire.tab._idle()
    assert wire.backend.requests[0].custom_attributes == "mock.cut=whole;mock.fault=stall;mock.seed=7"
    shown = (await wire.tab.show(2, "", False, 0, HERE))[wire.tab._summary]
    assert '<th scope="col">1: write</th><th scope="col">2: whole · stall</th>' in shown
    assert "beside" not in (await wire.tab.show(1, "", False, 0, HERE))[wire.tab._summary]


async def test_one_can_stop_it_and_a_page_that_is_gone_does() -> None:
    wire = Wire((Token("a"), FOREVER))
    updates = wire.play()
    await anext(updates)
    assert [list(update) async for update in wire.play()] == [[wire.tab._choices.again]]
    await wire.tab.leave(HERE)
    assert [update async for update in updates][-1] == wire.tab._idle()
    assert wire.tapes.of("one")[-1].ending == "stopped by you"
    updates = wire.play()
    await anext(updates)
    await wire.tab.aclose()
    assert [update async for update in updates][-1] == wire.tab._idle()


@pytest.mark.parametrize("picked", [None, 7])
async def test_where_none_is_picked_nothing_is_played(picked: int | None) -> None:
    wire = Wire(ANSWER)
    wire.values[wire.tab._picked] = picked
    assert [list(update) async for update in wire.play()] == [[wire.tab._choices.again]]
    assert wire.backend.requests == []


@pytest.mark.parametrize(("twin", "found"), [(True, Found(Endpoint("e"), SAGEMAKER)), (False, None)])
async def test_what_is_no_twin_is_not_asked_twice(twin: bool, found: Found | None) -> None:
    wire = Wire(ANSWER, twin=twin)
    wire.tapes.of("one")[0].found = found
    assert [list(update) async for update in wire.play()] == [[wire.tab._choices.again]]
    assert len(wire.tapes.of("one")) == 1


async def test_a_page_without_room_says_so_and_plays_nothing() -> None:
    wire = Wire(ANSWER, limits=replace(PRIVATE, answers=0))
    assert [update async for update in wire.play()] == [wire.tab._idle()]
    assert wire.backend.requests == []


async def test_an_answer_that_fails_again_has_its_reason() -> None:
    wire = Wire((TransportError("gone", phase="connect"),))
    assert [update async for update in wire.play()][-1] == wire.tab._idle()
    assert "The connection failed" in (wire.tapes.of("one")[-1].failure or "")


async def test_what_cannot_be_asked_any_more_is_told() -> None:
    wire = Wire(ANSWER)
    wire.tapes.add("one", Tape(replace(asked(), endpoint=Endpoint("e", family="unheard-of")), SAGEMAKER)).ending = "finished"
    wire.values[wire.tab._picked] = 2
    assert [update async for update in wire.play()] == [wire.tab._idle()]
    assert len(wire.tapes.of("one")) == 2
