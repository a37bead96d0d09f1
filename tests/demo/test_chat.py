"""The chat tab's handlers, as Gradio calls them; what a browser shows of them is tests/browser's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from backends.chat import ChatMessage
from backends.endpoints import Endpoint
from backends.errors import RequestRejected, StreamInterrupted
from backends.events import Finish, Token
from backends.settings import Settings
from demo.admission import Admission
from demo.chat import ChatTab
from demo.desk import CONTAINER, SAGEMAKER, Desk, open_desk
from demo.examples import EXAMPLES, TOOL_ENDPOINT, TOOLS
from demo.failures import OWN_FAULT
from demo.limits import PRIVATE, Limits
from demo.page import Page
from demo.panel import NO_FAULT, Panel
from demo.tape import Tapes
from demo.thread import Thread
from demo.transcript import Painter
from demo.turns import Turn
from tests.demo.fakes import FOREVER, ScriptedBackend, Step

ONE = gr.Request(session_hash="one")
ANSWER: tuple[Step, ...] = (Token("yes"), Finish("stop"))


class Tab:
    """A chat tab and somebody who uses it."""

    def __init__(self, desk: Desk, limits: Limits = PRIVATE) -> None:
        with gr.Blocks():
            self.panel = Panel(desk)
            self.tapes = Tapes()
            self.tab = ChatTab(desk, self.panel, self.tapes, Admission(limits))
        controls = {*self.panel.inputs, self.tab.thread, self.tab.plain, self.tab.box}
        self.values: dict[Any, Any] = {control: control.value for control in controls}

    async def use(self, handler: Any, session: str = "one") -> list[dict[Any, Any]]:
        """Let `handler` run, keep what it sets, and return all its updates."""
        return [updates async for updates in self.updates(handler, session)]

    async def updates(self, handler: Any, session: str = "one") -> AsyncIterator[dict[Any, Any]]:
        async for updates in handler(dict(self.values), gr.Request(session_hash=session)):
            yield self.keep(updates)

    async def press(self, tool: str, at: int = 0, session: str = "one") -> dict[Any, Any]:
        """Press a tool of the turn `at`, and keep what it sets."""
        thread, box = self.values[self.tab.thread], self.values[self.tab.box]
        updates = await self.tab._use(thread, False, box, f"{tool} {at} 1", gr.Request(session_hash=session))
        return self.keep(updates)

    async def undo(self) -> dict[Any, Any]:
        return self.keep(await self.tab._undone(self.values[self.tab.thread], False, self.values[self.tab.box], ONE))

    def keep(self, updates: dict[Any, Any]) -> dict[Any, Any]:
        self.values |= {control: value for control, value in updates.items() if control in self.values}
        return updates

    async def ask(self, question: str) -> list[dict[Any, Any]]:
        self.values[self.tab.box] = question
        return await self.use(self.tab._ask_typed)

    def shown(self) -> list[tuple[str, str, str | None]]:
        return [(turn.question, turn.answer, turn.failure) for turn in self.values[self.tab.thread].turns]


def scripted(*scripts: tuple[Step, ...], twin: bool = True, limits: Limits = PRIVATE) -> tuple[Tab, ScriptedBackend]:
    backend = ScriptedBackend(scripts)
    desk = Desk(headline="", place="", endpoints=(Endpoint("one"), Endpoint("two", accepts="messages")), fronts={"front": lambda: backend}, scripted=twin)
    return Tab(desk, limits), backend


async def test_a_question_is_answered_and_remembered() -> None:
    tab, backend = scripted(ANSWER)
    await tab.ask("one?")
    await tab.ask("two?")
    assert tab.shown() == [("one?", "yes", None), ("two?", "yes", None)]
    assert backend.requests[1].messages == [ChatMessage("user", "one?"), ChatMessage("assistant", "yes"), ChatMessage("user", "two?")]
    assert tab.values[tab.tab.box] == ""


@pytest.mark.parametrize("question", ["", "  \n ", None])
async def test_an_empty_question_is_not_sent_and_changes_nothing(question: Any) -> None:
    tab, backend = scripted(ANSWER)
    assert [list(updates) for updates in await tab.ask(question)] == [[tab.tab._controls.send]]
    assert backend.requests == []
    assert tab.values[tab.tab.box] == question


async def test_while_an_answer_is_on_its_way_a_second_question_stays_in_the_box() -> None:
    tab, backend = scripted((Token("a"), FOREVER))
    tab.values[tab.tab.box] = "one?"
    first = tab.updates(tab.tab._ask_typed)
    while len(backend.requests) < 1:
        await anext(first)
    await tab.ask("two?")
    assert tab.values[tab.tab.box] == "two?"
    assert len(backend.requests) == 1
    await tab.tab.stop(gr.Request(session_hash="one"))
    async for _ in first:
        pass
    assert [question for question, _, _ in tab.shown()] == ["one?"]


async def test_what_is_typed_while_an_answer_comes_is_still_there_at_its_end() -> None:
    tab, _ = scripted((Token("a"), FOREVER))
    tab.values[tab.tab.box] = "one?"
    first = tab.updates(tab.tab._ask_typed)
    await anext(first)
    assert tab.values[tab.tab.box] == ""
    tab.values[tab.tab.box] = "two?"
    await anext(first)
    await tab.tab.stop(gr.Request(session_hash="one"))
    async for _ in first:
        pass
    assert tab.values[tab.tab.box] == "two?"


async def test_of_two_questions_at_the_same_moment_one_is_asked() -> None:
    tab, backend = scripted(ANSWER)
    one, two = tab.updates(tab.tab._example("one?")), tab.updates(tab.tab._example("two?"))
    await anext(one)
    assert [list(updates) async for updates in two] == [[tab.tab._controls.send]]
    async for _ in one:
        pass
    assert tab.shown() == [("one?", "yes", None)]
    assert len(backend.requests) == 1


@pytest.mark.parametrize("updates", [1, 2])
async def test_whoever_left_may_ask_again(updates: int) -> None:
    tab, backend = scripted((FOREVER,), ANSWER) if updates > 1 else scripted(ANSWER)
    left = tab.tab._example("one?")(dict(tab.values), gr.Request(session_hash="one"))
    for _ in range(updates):
        await anext(left)
    await left.aclose()
    await tab.ask("two?")
    assert tab.shown() == [("two?", "yes", None)]
    assert len(backend.requests) == updates


async def test_people_do_not_wait_for_each_other() -> None:
    tab, backend = scripted((FOREVER,), ANSWER)
    tab.values[tab.tab.box] = "one?"
    stalled = tab.updates(tab.tab._ask_typed, "somebody")
    while len(backend.requests) < 1:
        await anext(stalled)
    await tab.ask("two?")
    assert tab.shown()[-1] == ("two?", "yes", None)
    await tab.tab.aclose()
    assert [updates async for updates in stalled][-1][tab.tab.thread].turns[-1].status == "stopped by you"


@pytest.mark.parametrize("endpoint", ["falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"])
async def test_all_the_examples_are_answered_in_one_chat(endpoint: str) -> None:
    with open_desk(Settings(endpoint_name=endpoint)) as desk:
        tab = Tab(desk)
        tab.values[tab.panel.profile] = "instant"
        for _, question in (*EXAMPLES, EXAMPLES[0]):
            await tab.use(tab.tab._example(question))
        await desk.aclose()
    turns = tab.values[tab.tab.thread].turns
    assert [turn.failure for turn in turns] == [None] * (len(EXAMPLES) + 1)
    assert all("finished" in turn.status for turn in turns)
    assert turns[-1].status.endswith("earlier turns left out")


async def test_regenerate_asks_the_last_question_again() -> None:
    tab, backend = scripted((Token("no"), Finish()), (Token("maybe"), Finish()), ANSWER)
    await tab.ask("one?")
    await tab.ask("two?")
    await tab.use(tab.tab._ask_again)
    assert tab.shown() == [("one?", "no", None), ("two?", "yes", None)]
    assert backend.requests[2].messages == backend.requests[1].messages


async def test_an_answer_that_was_regenerated_is_kept_as_an_alternative() -> None:
    tab, _ = scripted((Token("no"), Finish()), ANSWER)
    await tab.ask("one?")
    await tab.use(tab.tab._ask_again)
    thread = tab.values[tab.tab.thread]
    assert thread.alternatives(0) == (1, 2)
    assert thread.flip(0, -1).turns[0].answer == "no"


async def test_a_failure_of_which_nothing_came_is_no_alternative() -> None:
    tab, _ = scripted((StreamInterrupted("gone", code="x"),), ANSWER)
    await tab.ask("one?")
    await tab.use(tab.tab._ask_again)
    assert tab.values[tab.tab.thread].alternatives(0) == (0, 1)


async def test_after_an_error_the_button_says_retry_and_retries() -> None:
    tab, _ = scripted((Token("so far"), StreamInterrupted("gone", code="x")), ANSWER)
    updates = await tab.ask("one?")
    assert tab.shown() == [("one?", "so far", "The endpoint gave up in the middle of its answer: gone")]
    assert updates[-1][tab.tab._controls.again]["value"] == "Retry"
    updates = await tab.use(tab.tab._ask_again)
    assert tab.shown() == [("one?", "yes", None)]
    assert updates[-1][tab.tab._controls.again]["value"] == "Regenerate"


async def test_an_earlier_question_is_edited_and_the_conversation_goes_on_from_there() -> None:
    tab, backend = scripted(ANSWER)
    for question in ("one?", "two?"):
        await tab.ask(question)
    begun = await tab.press("edit", 0)
    assert (tab.values[tab.tab.box], begun[tab.tab._controls.keep]["visible"]) == ("one?", True)
    updates = await tab.ask("uno?")
    assert tab.shown() == [("uno?", "yes", None)]
    assert [message.content for message in backend.requests[-1].messages] == ["uno?"]
    assert (tab.values[tab.tab.box], updates[0][tab.tab._controls.keep]["visible"]) == ("", "hidden")
    await tab.ask("three?")
    assert [question for question, _, _ in tab.shown()] == ["uno?", "three?"]
    await tab.press("earlier", 0)
    assert [question for question, _, _ in tab.shown()] == ["one?", "two?"]


async def test_what_was_typed_before_an_edit_is_there_again_behind_it() -> None:
    tab, _ = scripted(ANSWER)
    for question in ("one?", "two?"):
        await tab.ask(question)
    tab.values[tab.tab.box] = "half a thou"
    await tab.press("edit", 0)
    await tab.press("edit", 1)
    assert tab.values[tab.tab.box] == "two?"
    await tab.ask("dos?")
    assert tab.values[tab.tab.box] == "half a thou"


async def test_an_edit_that_is_refused_stays_in_the_box_to_be_edited_on() -> None:
    tab, backend = scripted(ANSWER, limits=replace(PRIVATE, question_characters=4))
    await tab.ask("one?")
    await tab.press("edit", 0)
    await tab.ask("far too long?")
    assert (tab.values[tab.tab.box], len(backend.requests)) == ("far too long?", 1)
    await tab.ask("uno?")
    assert tab.values[tab.tab.thread].alternatives(0) == (1, 2)


async def editing(typed: str) -> Tab:
    """Return a tab whose second question of two is edited, with `typed` in the box, and with what was typed before."""
    tab, _ = scripted(ANSWER)
    for question in ("one?", "two?"):
        await tab.ask(question)
    tab.values[tab.tab.box] = "half a thou"
    await tab.press("edit", 1)
    tab.values[tab.tab.box] = typed
    return tab


def leaving(tab: Tab, leave: str) -> Awaitable[dict[Any, Any]]:
    if leave == "undone":
        return tab.undo()
    return tab.tab._cleared(False, tab.values[tab.tab.box], ONE) if leave == "cleared" else tab.tab._kept(ONE)


CASES = [
    ("kept", "dos?", "half a thou"),
    *((leave, typed, left) for leave in ("undone", "cleared") for typed, left in (("two?", "half a thou"), ("dos?", "dos?"))),
]


@pytest.mark.parametrize(("leave", "typed", "left"), CASES)
async def test_who_leaves_an_edit_has_what_was_typed_before_or_what_was_made_of_the_question(leave: str, typed: str, left: str) -> None:
    tab = await editing(typed)
    updates = await leaving(tab, leave)
    assert (updates[tab.tab.box], updates[tab.tab._controls.keep]["visible"]) == (left, "hidden")
    assert await tab.tab._kept(ONE) == tab.tab._controls.not_edited()


async def test_an_edit_goes_on_while_its_turn_is_read() -> None:
    tab = await editing("two?")
    await tab.press("edit", 0)
    tab.values[tab.tab.box] = "uno?"
    for updates in (await tab.press("later", 0), await tab.press("earlier", 1), await tab.undo()):
        assert tab.tab.box not in updates
        assert tab.tab._controls.keep not in updates
    await tab.ask("uno?")
    assert (tab.shown(), tab.values[tab.tab.box]) == ([("uno?", "yes", None)], "half a thou")


async def test_a_changed_question_waits_while_another_is_edited() -> None:
    tab = await editing("dos?")
    await tab.press("edit", 0)
    assert (await tab.tab._kept(ONE))[tab.tab.box] == "dos?"


@pytest.mark.parametrize(("draft", "is_refused"), [("twelve signs", False), ("thirteen sign", True)])
async def test_no_more_is_kept_of_what_was_typed_before_an_edit_than_a_question_may_have(draft: str, is_refused: bool) -> None:
    tab, _ = scripted(ANSWER, limits=replace(PRIVATE, question_characters=12))
    await tab.ask("one?")
    tab.values[tab.tab.box] = draft
    with pytest.warns(UserWarning, match="This text has 13 characters") if is_refused else nullcontext():
        await tab.press("edit", 0)
    assert tab.values[tab.tab.box] == (draft if is_refused else "one?")
    assert (tab.tab._edits.of("one") is None) == is_refused


async def test_a_question_is_not_edited_that_is_longer_than_one_may_be() -> None:
    tab, _ = scripted(ANSWER, limits=replace(PRIVATE, question_characters=4))
    tab.values[tab.tab.thread] = Thread().ask(Turn("from a file", "x"))
    with pytest.warns(UserWarning, match="This text has 11 characters"):
        await tab.press("edit", 0)
    assert tab.tab._edits.of("one") is None


async def test_an_edit_that_was_forgotten_is_asked_at_the_end_and_shown_no_more() -> None:
    tab = await editing("dos?")
    tab.tab._edits.end("one")
    updates = await tab.ask("dos?")
    assert [question for question, _, _ in tab.shown()] == ["one?", "two?", "dos?"]
    assert (updates[0][tab.tab.box], updates[0][tab.tab._controls.keep]["visible"]) == ("", "hidden")


async def test_an_edit_whose_turn_is_gone_is_asked_at_the_end() -> None:
    tab, _ = scripted(ANSWER)
    for question in ("one?", "two?"):
        await tab.ask(question)
    await tab.press("edit", 1)
    tab.values[tab.tab.thread] = Thread()
    await tab.ask("dos?")
    assert tab.shown() == [("dos?", "yes", None)]


async def test_undo_takes_the_last_turn_back_and_gives_the_question_to_an_empty_box() -> None:
    tab, _ = scripted(ANSWER)
    for question in ("one?", "two?"):
        await tab.ask(question)
    await tab.undo()
    assert (tab.shown(), tab.values[tab.tab.box]) == ([("one?", "yes", None)], "two?")
    tab.values[tab.tab.box] = "half a thou"
    updates = await tab.undo()
    assert (tab.shown(), tab.values[tab.tab.box]) == ([], "half a thou")
    assert updates[tab.tab._controls.undo]["interactive"] is False
    assert list(await tab.undo()) == [tab.tab._controls.send]


async def test_undo_of_an_alternative_shows_the_other_and_leaves_the_box_alone() -> None:
    tab, _ = scripted((Token("no"), Finish()), ANSWER)
    await tab.ask("one?")
    await tab.use(tab.tab._ask_again)
    await tab.undo()
    assert (tab.shown(), tab.values[tab.tab.box]) == ([("one?", "no", None)], "")


async def test_an_opinion_is_kept_in_its_turn() -> None:
    tab, _ = scripted(ANSWER)
    await tab.ask("one?")
    await tab.press("like")
    assert tab.values[tab.tab.thread].turns[0].liked is True
    await tab.press("like")
    assert tab.values[tab.tab.thread].turns[0].liked is None


@pytest.mark.parametrize(("tool", "at"), [("like", 1), ("edit", 7), ("fly", -1)])
async def test_a_tool_of_no_turn_changes_nothing(tool: str, at: int) -> None:
    tab, _ = scripted(ANSWER)
    await tab.ask("one?")
    assert list(await tab.press(tool, at)) == [tab.tab._controls.send]


async def test_while_an_answer_comes_an_opinion_of_another_counts_and_what_would_change_the_conversation_waits() -> None:
    tab, _ = scripted(ANSWER, (Token("a"), FOREVER))
    await tab.ask("one?")
    tab.values[tab.tab.box] = "two?"
    second = tab.updates(tab.tab._ask_typed)
    await anext(second)
    await anext(second)
    for tool in ("edit", "earlier", "dislike"):
        assert list(await tab.press(tool, 0)) == [tab.tab._controls.send]
    assert list(await tab.undo()) == [tab.tab._controls.send]
    painted = await anext(second)
    assert "dislike on" in painted[tab.tab._controls.chat][2].content[0].text
    await tab.tab.stop(ONE)
    assert [updates async for updates in second]
    assert [turn.liked for turn in tab.values[tab.tab.thread].turns] == [False, None]


async def test_stop_is_heard_before_anything_was_sent() -> None:
    tab, _ = scripted((Token("a"), FOREVER))
    tab.values[tab.tab.box] = "one?"
    first = tab.updates(tab.tab._ask_typed)
    await anext(first)
    await tab.tab.stop(ONE)
    assert [updates async for updates in first]
    assert tab.values[tab.tab.thread].turns[0].status.endswith("stopped by you")


async def test_stop_works_behind_an_edit() -> None:
    tab, _ = scripted(ANSWER, (Token("a"), FOREVER))
    await tab.ask("one?")
    await tab.press("edit", 0)
    tab.values[tab.tab.box] = "uno?"
    second = tab.updates(tab.tab._ask_typed)
    await anext(second)
    await anext(second)
    await tab.tab.stop(ONE)
    assert [updates async for updates in second]
    assert tab.values[tab.tab.thread].turns[0].status.endswith("stopped by you")


async def test_the_example_of_a_tool_offers_it_to_an_endpoint_that_takes_tools() -> None:
    question, tools = next(iter(TOOLS.items()))
    with open_desk(Settings()) as desk:
        tab = Tab(desk)
        tab.values[tab.panel.profile] = "instant"
        await tab.use(tab.tab._example(question))
        await desk.aclose()
    assert (tab.values[tab.panel.endpoint], tab.values[tab.panel.tools]) == (TOOL_ENDPOINT, tools)
    [turn] = tab.values[tab.tab.thread].turns
    assert [(call.name, json.loads(call.arguments)) for call in turn.calls] == [("get_weather", {"city": "Paris", "unit": "celsius"})]


async def test_an_endpoint_that_takes_tools_stays_chosen_and_so_does_one_that_is_no_twin() -> None:
    question, tools = next(iter(TOOLS.items()))
    for chosen, twin in (("two", True), ("one", True), ("one", False)):
        tab, backend = scripted(ANSWER, twin=twin)
        tab.values[tab.panel.endpoint] = chosen
        await tab.use(tab.tab._example(question))
        assert (tab.values[tab.panel.endpoint], backend.requests[0].parameters.tools) == (chosen, tools)


async def test_thoughts_are_told_apart_and_not_told_to_the_endpoint() -> None:
    tab, backend = scripted((Token("<think>\nwhy"), Token("\n</think>\n\n"), Token("so"), Finish()), ANSWER)
    for question in ("one?", "two?"):
        await tab.ask(question)
    assert (tab.values[tab.tab.thread].turns[0].reasoning, tab.shown()[0]) == ("why", ("one?", "so", None))
    assert [message.content for message in backend.requests[1].messages] == ["one?", "so", "two?"]


async def test_an_example_is_asked_and_what_was_typed_stays() -> None:
    tab, backend = scripted(ANSWER)
    tab.values[tab.tab.box] = "half a thou"
    await tab.use(tab.tab._example("what is life"))
    assert backend.requests[0].messages == [ChatMessage("user", "what is life")]
    assert tab.values[tab.tab.box] == "half a thou"


async def test_clear_forgets() -> None:
    tab, _ = scripted(ANSWER)
    await tab.ask("one?")
    cleared = await tab.tab._cleared(False, "", gr.Request(session_hash="one"))
    assert (cleared[tab.tab.thread], cleared[tab.tab._controls.chat]) == (Thread(), [])


async def test_another_conversation_is_shown_and_goes_on() -> None:
    tab, backend = scripted(ANSWER)
    await tab.ask("one?")
    opened = await tab.tab.opened(Thread().ask(Turn("old?", "so it was")), False, gr.Request(session_hash="one"))
    assert [row["content"]["text"] for row in opened[tab.tab._controls.chat]][:2] == ["old?", "so it was"]
    assert opened[tab.tab._controls.again] == gr.update(interactive=True, value="Regenerate")
    tab.values[tab.tab.thread] = opened[tab.tab.thread]
    await tab.ask("new?")
    assert [message.content for message in backend.requests[-1].messages] == ["old?", "so it was", "new?"]
    assert set(opened) <= set(tab.tab.outputs)


async def test_no_other_conversation_is_opened_while_an_answer_is_on_its_way() -> None:
    tab, backend = scripted((Token("a"), FOREVER))
    tab.values[tab.tab.box] = "one?"
    first, one = tab.updates(tab.tab._ask_typed), gr.Request(session_hash="one")
    while len(backend.requests) < 1:
        await anext(first)
    assert tab.tab.is_answering(one)
    assert not tab.tab.is_answering(gr.Request(session_hash="another"))
    assert list(await tab.tab.opened(Thread(), False, one)) == [tab.tab._controls.send]
    await tab.tab.stop(one)
    async for _ in first:
        pass
    assert not tab.tab.is_answering(one)


async def test_a_turn_whose_tape_is_gone_shows_its_text_and_no_dead_picture() -> None:
    tab, _ = scripted(ANSWER)
    await tab.ask("one?")
    kept = tab.values[tab.tab.thread].turns[0]
    picture = f'<img src="media/{tab.tapes.of("one")[0].key}">'
    turns = [kept, replace(kept, media=picture), replace(kept, media="<img src='media/other'>"), Turn("two?", "text", tape=1), Turn("x", "text", tape=9)]
    thread = Thread()
    for turn in turns:
        thread = thread.ask(turn)
    opened = (await tab.tab.opened(thread, False, gr.Request(session_hash="one")))[tab.tab.thread].turns
    assert [(turn.tape, turn.media) for turn in opened] == [(1, ""), (1, picture), (0, ""), (0, ""), (0, "")]
    assert [turn.answer for turn in opened] == [turn.answer for turn in turns]


async def test_what_does_not_change_while_an_answer_grows_is_made_once() -> None:
    tab, _ = scripted(ANSWER, (Token("a"), 0.2, Token("b"), Finish()))
    await tab.ask("one?")
    paintings = [update[tab.tab._controls.chat] for update in await tab.ask("two?")][:-1]
    assert len(paintings) > 2
    assert all(message is again for painting in paintings[1:] for message, again in zip(paintings[0][:3], painting, strict=False))
    shown = tab.tab._controls.chat.postprocess(paintings[-1]).model_dump()
    assert [message["content"][0]["text"] for message in shown][:2] == ["one?", "yes"]


async def test_plain_text_is_a_view() -> None:
    tab, _ = scripted((Token("*a*"), Finish()))
    await tab.ask("one?")
    view = tab.tab._look(tab.values[tab.tab.thread], True, ONE)
    assert view["render_markdown"] is False
    assert view["value"][1]["content"]["text"] == "*a*"


async def test_a_fault_holds_for_one_answer() -> None:
    tab, backend = scripted(ANSWER)
    tab.values |= {tab.panel.fault: "reset@8", tab.panel.speed: "2.5", tab.panel.cut: "inside-utf8"}
    await tab.ask("one?")
    assert tab.values[tab.panel.fault] == NO_FAULT
    await tab.ask("two?")
    attributes = [request.custom_attributes for request in backend.requests]
    assert attributes[0] == "mock.cut=inside-utf8;mock.fault=reset@8;mock.profile=typical;mock.speed=2.5;mock.seed=0"
    assert attributes[1] == "mock.cut=inside-utf8;mock.profile=typical;mock.speed=2.5;mock.seed=0"


async def test_a_real_endpoint_is_sent_no_word_of_the_twin() -> None:
    tab, backend = scripted(ANSWER, twin=False)
    await tab.ask("one?")
    tab.values[tab.panel.attributes] = "trace=1"
    await tab.ask("two?")
    assert [request.custom_attributes for request in backend.requests] == [None, "trace=1"]


async def test_the_panel_is_what_is_sent() -> None:
    tab, backend = scripted(ANSWER)
    numbers = {"max_new_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "repetition_penalty": 1.1, "seed": 3}
    tab.values |= {tab.panel.numbers[name]: str(number) for name, number in numbers.items()}
    tab.values |= {tab.panel.stop: "###\n\nEND", tab.panel.details: False, tab.panel.full_text: True}
    tab.values |= {tab.panel.endpoint: "two", tab.panel.system_prompt: "Be brief."}
    await tab.ask("one?")
    request = backend.requests[0]
    assert {name: getattr(request.parameters, name) for name in numbers} == numbers
    assert (request.parameters.stop, request.parameters.details, request.parameters.return_full_text) == (("###", "END"), None, True)
    assert request.endpoint == Endpoint("two", accepts="messages")
    assert request.messages[0] == ChatMessage("system", "Be brief.")


@pytest.mark.parametrize(("typed", "sent"), [("", None), (None, None), (" ", None), ("1", 1), ("1.0", 1.0), (" 0.5 ", 0.5), ("-1", -1)])
async def test_a_number_is_sent_as_it_was_typed_and_nothing_is_not_sent(typed: str | None, sent: float | None) -> None:
    tab, backend = scripted(ANSWER)
    tab.values[tab.panel.numbers["temperature"]] = typed
    await tab.ask("one?")
    assert repr(backend.requests[0].parameters.temperature) == repr(sent)


async def test_what_is_no_number_is_told_and_not_sent() -> None:
    tab, backend = scripted(ANSWER)
    tab.values[tab.panel.numbers["temperature"]] = "warm"
    await tab.ask("one?")
    assert tab.shown() == [("one?", "", "Nothing was sent: temperature is 'warm', expected a number, or nothing to leave it to the container")]
    assert backend.requests == []


async def test_a_question_that_cannot_be_asked_leaves_nothing_on_its_way() -> None:
    backend = ScriptedBackend((ANSWER,))
    tab = Tab(Desk(headline="", place="", endpoints=(Endpoint("one", family="unheard-of"),), fronts={"front": lambda: backend}))
    await tab.ask("one?")
    [(_, _, failure)] = tab.shown()
    assert "unheard-of" in str(failure)
    assert tab.tapes.of("one") == ()


@pytest.mark.parametrize(("public", "twin", "is_told"), [(True, False, False), (True, True, True), (False, False, True)])
async def test_only_strangers_are_not_told_what_a_real_endpoint_says_of_its_failure(public: bool, twin: bool, is_told: bool) -> None:
    backend = ScriptedBackend(((RequestRejected("no role of 123456789012", status=403, code="AccessDenied"),),))
    tab = Tab(Desk(headline="", place="", endpoints=(Endpoint("one"),), fronts={"front": lambda: backend}, scripted=twin, public=public))
    await tab.ask("one?")
    assert ("123456789012" in str(tab.shown()) + str(tab.tapes.of("one")[0].failure)) is is_told


async def test_a_stop_sequence_too_long_to_be_one_is_told_at_once() -> None:
    with open_desk(Settings()) as desk:
        tab = Tab(desk)
        tab.values[tab.panel.stop] = "x" * 100_000
        await tab.ask("one?")
        await desk.aclose()
    assert (tab.shown()[0][2] or "").startswith("Nothing was sent: stop holds a string of 100000 characters")


async def test_a_fault_of_our_own_gives_the_controls_back() -> None:
    tab, _ = scripted(ANSWER)
    ended = tab.tab._broken(Thread().ask(Turn("one?")), False, ONE)
    assert ended[tab.tab._controls.send]["visible"] is True
    assert ended[tab.tab.thread].turns == (Turn("one?", failure=OWN_FAULT),)


@pytest.mark.parametrize("thread", [Thread(), Thread().ask(Turn("one?", "yes", "finished"))])
async def test_a_fault_before_an_answer_begins_leaves_the_conversation_as_it_was(thread: Thread) -> None:
    tab, _ = scripted(ANSWER)
    with pytest.warns(UserWarning, match="Something went wrong"):
        assert tab.tab._broken(thread, False, ONE)[tab.tab.thread] == thread


async def test_a_fault_of_our_own_in_the_middle_of_an_answer_keeps_what_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    tab, _ = scripted((Token("a"), 9.0, Token("b"), FOREVER))
    growing = Painter.growing

    def failing(painter: Painter, thread: Thread, turn: Turn) -> Any:
        if turn.answer == "ab":
            raise RuntimeError
        return growing(painter, thread, turn)

    monkeypatch.setattr(Painter, "growing", failing)
    ended = (await tab.ask("one?"))[-1]
    assert tab.shown() == [("one?", "ab", OWN_FAULT)]
    assert ended[tab.tab._controls.send]["visible"] is True
    assert not tab.tab.is_answering(ONE)


async def test_without_credentials_a_sentence_says_so() -> None:
    with open_desk(Settings(backend="sagemaker", endpoint_name="mine")) as desk:
        tab = Tab(desk)
        await tab.ask("one?")
        await desk.aclose()
    ((question, answer, failure),) = tab.shown()
    assert (question, answer) == ("one?", "")
    assert failure is not None
    assert failure.startswith("Nothing was sent")


async def test_a_container_is_reached_at_its_url() -> None:
    with open_desk(Settings(backend="container", container_url="http://127.0.0.1:9")) as desk:
        tab = Tab(desk)
        await tab.ask("one?")
        await desk.aclose()
    assert (desk.place, desk.endpoints[0].name) == ("http://127.0.0.1:9", "127.0.0.1:9")
    assert (tab.shown()[0][2] or "").startswith("The connection failed")


async def test_a_page_that_ends_stops_its_answers() -> None:
    with open_desk(Settings()) as desk:
        page = Page(desk)
        await asyncio.gather(page.aclose(), desk.aclose())


REFUSED = (
    (replace(PRIVATE, question_characters=4), "one more?", "This text has 9 characters"),
    (replace(PRIVATE, turns=1), "two?", "This conversation has 1 questions"),
    (replace(PRIVATE, questions_a_minute=1), "two?", "The page takes 1 questions a minute"),
)


@pytest.mark.parametrize(("limits", "question", "words"), REFUSED)
async def test_whoever_reaches_a_limit_is_told_and_keeps_what_was_typed(limits: Limits, question: str, words: str) -> None:
    tab, backend = scripted(ANSWER, limits=limits)
    await tab.ask("one?")
    with pytest.warns(UserWarning, match=words):
        updates = await tab.ask(question)
    assert [list(update) for update in updates] == [[tab.tab._controls.send]]
    assert tab.values[tab.tab.box] == question
    assert tab.shown() == [("one?", "yes", None)]
    assert len(backend.requests) == 1


async def test_an_answer_on_its_way_holds_a_place_until_it_ends() -> None:
    tab, backend = scripted((Token("a"), FOREVER), ANSWER, limits=replace(PRIVATE, answers=1))
    stalled = tab.updates(tab.tab._example("one?"), "somebody")
    while len(backend.requests) < 1:
        await anext(stalled)
    with pytest.warns(UserWarning, match="The page sends 1 answers at once"):
        await tab.ask("two?")
    await tab.tab.aclose()
    async for _ in stalled:
        pass
    await tab.ask("two?")
    assert tab.shown()[-1] == ("two?", "yes", None)


@pytest.mark.parametrize("front", [SAGEMAKER, CONTAINER])
async def test_an_answer_ends_when_its_time_is_over(front: str) -> None:
    with open_desk(Settings(limits=(("answer_s", 1),))) as desk:
        tab = Tab(desk)
        tab.values |= {tab.panel.front: front, tab.panel.profile: "instant", tab.panel.fault: "stall@8"}
        await tab.ask("what is life")
        await desk.aclose()
    assert [failure for _, _, failure in tab.shown()] == ["The endpoint took too long: the answer took longer than 1 s"]
