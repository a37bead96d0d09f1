"""The wire tab's handlers, as Gradio calls them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import gradio as gr
import pytest

import demo.wire_tab
from backends.endpoints import Endpoint
from backends.events import Finish, Token
from backends.recording.lines import parse_recording
from demo.admission import Admission
from demo.desk import SAGEMAKER, Desk
from demo.found import Found
from demo.limits import PRIVATE
from demo.panel import Panel
from demo.tape import Tape, Tapes
from demo.wire_tab import WireTab, recording_lines
from tests.demo.fakes import ScriptedBackend
from tests.demo.tapes import taped

HERE = gr.Request(session_hash="one")
BACKEND = ScriptedBackend(((Token("a"), Finish()),))
LINE = b'{"outputs": ["a"]}\n'


def opened(*tapes: Tape) -> tuple[WireTab, Tapes]:
    kept = Tapes()
    for tape in tapes:
        kept.add("one", tape)
    desk = Desk(headline="", place="", endpoints=(Endpoint("e"),), fronts={SAGEMAKER: lambda: BACKEND}, scripted=True)
    with gr.Blocks(), gr.Tab("Wire") as tab:
        return WireTab(desk, Panel(desk), kept, Admission(PRIVATE), tab), kept


def told(tab: WireTab, updates: Awaitable[dict[Any, Any]]) -> dict[str, Any]:
    """Return what a handler sets, by the names of the tab's controls."""

    async def waited() -> dict[Any, Any]:
        return await updates

    names = {control: name.removeprefix("_") for name, control in vars(tab).items() if isinstance(control, gr.components.Component | gr.Timer | gr.State)}
    return {names.get(control, "again"): value for control, value in asyncio.run(waited()).items()}


def test_the_newest_answer_is_shown_first_and_all_are_offered() -> None:
    tab, _ = opened(taped([LINE], question="first?"), taped([LINE] * 2, question="second?"))
    shown = told(tab, tab.open(0, None, "", False, 0, HERE))
    assert shown["picked"]["choices"] == [("2 · second? · e", 2), ("1 · first? · e", 1)]
    assert (shown["picked"]["value"], shown["newest"]) == (2, 2)
    assert "second?" in shown["summary"]
    assert shown["where"] == "1 to 2 of 2"


def test_what_was_picked_stays_until_there_is_something_newer_or_it_is_gone() -> None:
    tab, tapes = opened(taped([LINE]), taped([LINE]))
    assert told(tab, tab.open(2, 1, "", False, 0, HERE))["picked"]["value"] == 1
    tapes.add("one", taped([LINE]))
    assert told(tab, tab.open(2, 1, "", False, 0, HERE))["picked"]["value"] == 3
    assert told(tab, tab.open(3, 9, "", False, 0, HERE))["picked"]["value"] == 3


def test_without_an_answer_the_tab_says_what_to_do() -> None:
    tab, _ = opened()
    assert "Ask something" in told(tab, tab.open(0, None, "", False, 0, HERE))["summary"]


def test_an_answer_on_its_way_is_followed_to_its_end_and_no_further() -> None:
    tape = taped([LINE] * 30, ending=None)
    tab, _ = opened(tape)
    shown = told(tab, tab.show(1, "", False, 0, HERE))
    assert (shown["timer"].active, shown["where"]) == (True, "11 to 30 of 30")
    tape.part(LINE, 3.1)
    assert told(tab, tab.show(1, "", False, 0, HERE))["where"] == "12 to 31 of 31"
    tape.ending = "finished"
    shown = told(tab, tab.show(1, "", False, 0, HERE))
    assert (shown["timer"].active, shown["where"]) == (False, "1 to 31 of 31")
    assert "Frame, as it came" in shown["parts"]


def test_many_parts_come_in_pages() -> None:
    tab, _ = opened(taped([LINE] * 450))
    shown = told(tab, tab.show(1, "", False, 0, HERE))
    assert (shown["where"], shown["earlier"]["interactive"], shown["later"]["interactive"]) == ("1 to 200 of 450", False, True)
    assert told(tab, tab._turn_on(1, "", False, 1, HERE))["where"] == "401 to 450 of 450"
    shown = told(tab, tab._turn_on(1, "", False, 2, HERE))
    assert (shown["page"], shown["later"]["interactive"]) == (2, False)
    assert told(tab, tab._turn_back(1, "", False, 2, HERE))["where"] == "201 to 400 of 450"
    assert told(tab, tab._turn_to_first(1, "", False, HERE))["page"] == 0


def test_parts_can_be_sought_and_a_wrong_query_is_explained() -> None:
    tab, _ = opened(taped([LINE, b'{"outputs": ["bc', b'd"]}\n']))
    assert told(tab, tab.show(1, "bcd", False, 0, HERE))["where"] == "1 to 2 of 2"
    assert told(tab, tab.show(1, "", True, 0, HERE))["where"] == "1 to 1 of 1"
    assert told(tab, tab.show(1, "nowhere", False, 0, HERE))["where"] == "none"
    assert "pairs of hexadecimal digits" in told(tab, tab.show(1, "0xe", False, 0, HERE))["parts"]


def test_only_what_a_twin_said_can_be_played_again() -> None:
    found = taped([LINE])
    found.found = Found(Endpoint("e"), SAGEMAKER)
    tab, _ = opened(taped([LINE]), found)
    assert [told(tab, tab.show(number, "", False, 0, HERE))["again"]["visible"] for number in (1, 2)] == [True, False]


def test_an_answer_that_has_ended_can_be_downloaded_as_a_recording() -> None:
    tape = taped([LINE])
    tape.headers = {"content-type": "application/jsonlines"}
    tab, tapes = opened(tape)
    assert "href='recordings/one/1' download='answer-1.jsonl'" in told(tab, tab.show(1, "", False, 0, HERE))["summary"]
    assert parse_recording(b"".join(recording_lines(tapes, "one", 1) or ())).body == LINE
    assert (recording_lines(tapes, "one", 2), recording_lines(tapes, "two", 1)) == (None, None)
    tape.ending = None
    assert recording_lines(tapes, "one", 1) is None


def test_a_long_answer_s_timeline_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.wire_tab, "MOST_LIVE_PARTS", 3)
    tape = taped([LINE] * 4, ending=None)
    tab, _ = opened(tape)
    assert "<svg" not in told(tab, tab.show(1, "", False, 0, HERE))["summary"]
    tape.ending = "finished"
    assert "<svg" in told(tab, tab.show(1, "", False, 0, HERE))["summary"]


def test_nothing_is_kept_of_a_page_that_is_gone() -> None:
    tab, _ = opened(taped([LINE]))
    told(tab, tab.show(1, "", False, 0, HERE))
    assert tab._indexes
    asyncio.run(tab.leave(HERE))
    assert not tab._indexes
