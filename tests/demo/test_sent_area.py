"""The handlers of what was sent, as Gradio calls them."""

from __future__ import annotations

import asyncio
from typing import Any

import gradio as gr
import pytest

from backends.endpoints import Endpoint
from demo.admission import Admission
from demo.chat import ChatTab
from demo.desk import CONTAINER, SAGEMAKER, Desk
from demo.limits import PRIVATE
from demo.panel import Panel
from demo.sent_area import SentArea
from demo.tape import Tapes
from demo.thread import Thread
from demo.turns import Turn
from tests.demo.fakes import ScriptedBackend
from tests.demo.tapes import taped

HERE = gr.Request(session_hash="one")
LINE = b'{"outputs": ["a"]}\n'


class Sent:
    """The area, and the values of all controls."""

    def __init__(self, *, scripted: bool = True, public: bool = False) -> None:
        fronts = dict.fromkeys((SAGEMAKER, CONTAINER), lambda: ScriptedBackend(()))
        desk = Desk(headline="", place="127.0.0.1:12345", endpoints=(Endpoint("e", family="falcon"),), fronts=fronts, scripted=scripted, public=public)
        self.tapes = Tapes()
        with gr.Blocks():
            self.panel = Panel(desk)
            self.chat = ChatTab(desk, self.panel, self.tapes, Admission(PRIVATE))
            self.area = SentArea(desk, self.panel, self.chat, self.tapes)
        controls = {self.area._newest, self.area._picked, self.area._view, self.chat.thread, self.chat.box, *self.panel.inputs}
        self.values: dict[Any, Any] = {control: control.value for control in controls}

    def call(self, handler: Any) -> dict[Any, Any]:
        """Return what a handler sets, and keep the values."""
        updates: dict[Any, Any] = asyncio.run(handler(self.values, HERE))
        self.values |= {control: update["value"] for control, update in updates.items() if isinstance(update, dict) and "value" in update}
        self.values[self.area._newest] = updates.get(self.area._newest, self.values[self.area._newest])
        return updates

    def prompt(self, updates: dict[Any, Any]) -> str:
        return str(updates[self.area._prompt]["value"])

    def code(self, updates: dict[Any, Any]) -> str:
        assert updates[self.area._code]["visible"]
        return str(updates[self.area._code]["value"])


def test_before_the_first_answer_the_next_question_is_shown_as_it_is_typed() -> None:
    sent = Sent()
    sent.values |= {sent.chat.box: "two?", sent.chat.thread: Thread().ask(Turn("one?", "yes")), sent.panel.system_prompt: "Be brief."}
    updates = sent.call(sent.area.open)
    assert updates[sent.area._timer].active
    assert updates[sent.area._picked]["choices"] == [("The next question, as it is typed", 0)]
    shown = sent.prompt(updates)
    assert all(words in shown for words in ("Be brief.", "one?", "yes", "two?"))
    sent.values[sent.area._view] = "curl"
    assert "/endpoints/e/invocations-response-stream" in sent.code(sent.call(sent.area.show))
    sent.values[sent.area._view] = "pytest"
    assert sent.code(sent.call(sent.area.show)).startswith("# Ask first")


def test_the_newest_answer_that_ended_is_shown_and_a_newer_one_takes_its_place() -> None:
    sent = Sent()
    sent.tapes.add("one", taped([LINE], question="first?"))
    assert "first?" in sent.prompt(sent.call(sent.area.open))
    assert list(sent.call(sent.area.look)) == [sent.area._newest]
    flowing = sent.tapes.add("one", taped([LINE], question="second?", ending=None))
    assert list(sent.call(sent.area.look)) == [sent.area._newest]
    flowing.ending = "finished"
    assert "second?" in sent.prompt(sent.call(sent.area.look))
    sent.values[sent.area._picked] = 1
    assert "first?" in sent.prompt(sent.call(sent.area.show))


def test_an_answer_that_is_not_kept_any_more_gives_way_to_the_next_question() -> None:
    sent = Sent()
    sent.values |= {sent.area._picked: 7, sent.chat.box: "next?"}
    assert "next?" in sent.prompt(sent.call(sent.area.show))


@pytest.mark.parametrize(("front", "label"), [(SAGEMAKER, "boto3"), (CONTAINER, "Python")])
def test_boto3_is_offered_where_it_can_ask(front: str, label: str) -> None:
    sent = Sent()
    tape = sent.tapes.add("one", taped([LINE]))
    tape.front = front
    updates = sent.call(sent.area.open)
    assert updates[sent.area._view]["choices"][1] == (label, "python")


@pytest.mark.parametrize(
    ("settings", "place"),
    [({}, "http://127.0.0.1:12345"), ({"public": True}, "http://127.0.0.1:8080"), ({"scripted": False}, "https://runtime.sagemaker.${AWS_REGION:?}")],
    ids=["twin", "public", "real"],
)
def test_code_asks_at_an_address_that_whoever_pastes_can_reach(settings: dict[str, bool], place: str) -> None:
    sent = Sent(**settings)
    sent.values[sent.area._view] = "curl"
    assert place in sent.code(sent.call(sent.area.open))


def test_what_cannot_be_asked_is_told_in_the_reader_s_language() -> None:
    reader = gr.Request(session_hash="one", headers={"accept-language": "ja"})
    sent = Sent()
    for temperature, view in (("warm", "prompt"), ("-1", "prompt"), ("-1", "curl")):
        sent.values |= {sent.panel.numbers["temperature"]: temperature, sent.area._view: view}
        assert "送信されませんでした: temperature" in sent.prompt(asyncio.run(sent.area.show(sent.values, reader)))


def test_what_cannot_be_asked_is_told() -> None:
    sent = Sent()
    sent.values[sent.panel.numbers["temperature"]] = "<b>warm"
    assert "<p class='failure'>Nothing was sent: temperature is &#x27;&lt;b&gt;warm&#x27;" in sent.prompt(sent.call(sent.area.open))
    sent.values |= {sent.panel.numbers["temperature"]: "-1", sent.area._view: "curl"}
    assert "temperature is -1" in sent.prompt(sent.call(sent.area.show))
