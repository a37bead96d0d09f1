"""The chat tab: what happens when its controls are used."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias

import gradio as gr

from demo.admission import Admission, Refused, address_of
from demo.chat_controls import ChatControls, Messages, Updates
from demo.desk import Desk
from demo.edits import Edit, Edits
from demo.examples import EXAMPLES, TOOL_ENDPOINT, TOOLS
from demo.exchanges import Exchange, Exchanges
from demo.failures import OWN_FAULT
from demo.labels import words_of
from demo.language import Words
from demo.media import with_what_is_kept
from demo.panel import NO_FAULT, Panel
from demo.shelf import new_id
from demo.tape import Tapes
from demo.thread import Thread
from demo.transcript import Look, Painter
from demo.turn_tools import FLIPS, OPINIONS, pressed
from demo.turns import Turn

AT_ONCE = None
"""How many answers Gradio lets be on their way before others wait for them, unseen: all, as the page's admission turns away in words whoever is too many."""

Values: TypeAlias = Mapping[Any, Any]

NOTHING: Updates = {}

logger = logging.getLogger(__name__)


class ChatTab:
    """A chat with one endpoint at a time; made inside a `gr.Blocks`.

    Its `thread` is the conversation that is shown and `identity` its id, both as a `gr.State`; `changes` is another number whenever an answer has ended or
    the conversation became another; `box` holds the question that is typed; `plain` tells whether text is shown as it is.
    """

    def __init__(self, desk: Desk, panel: Panel, tapes: Tapes, admission: Admission) -> None:
        self._panel = panel
        self._tapes = tapes
        self._admission = admission
        self._exchanges = Exchanges(desk, panel, tapes, lambda: admission.answers)
        self._edits = Edits()
        self._controls = ChatControls()
        self.thread, self.identity, self.changes = self._controls.thread, self._controls.identity, self._controls.changes
        self.box, self.plain = self._controls.box, self._controls.plain
        self._wire()

    def _wire(self) -> None:
        controls = self._controls
        answering: dict[str, Any] = {
            "inputs": {self.thread, self.plain, self.box, *self._panel.inputs}, "outputs": self.outputs, "show_progress": "hidden",
            "api_visibility": "private", "concurrency_limit": AT_ONCE, "concurrency_id": "answers",
        }  # fmt: skip
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        shown = [self.thread, self.plain]
        for asked in (
            gr.on([self.box.submit, controls.send.click], self._ask_typed, **answering),
            controls.again.click(self._ask_again, **answering),
            *(button.click(self._example(question), **answering) for button, (_, question) in zip(controls.examples, EXAMPLES, strict=True)),
        ):
            asked.failure(self._broken, shown, self.outputs, **quick)
        controls.stop.click(self.stop, **quick)
        controls.clear.click(self._cleared, [self.plain, self.box], self.outputs, **quick)
        controls.undo.click(self._undone, [*shown, self.box], self.outputs, **quick)
        controls.keep.click(self._kept, None, self.outputs, **quick)
        self.plain.input(self._look, shown, controls.chat, **quick)
        controls.pressed.change(self._use, [*shown, self.box, controls.pressed], self.outputs, trigger_mode="multiple", **quick)

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Every control that `opened` may change."""
        return [*self._controls.outputs, self._panel.fault, self._panel.endpoint, self._panel.tools]

    def is_answering(self, request: gr.Request) -> bool:
        """Tell whether a page waits for an answer."""
        return self._exchanges.of(_page(request)) is not None

    async def opened(self, thread: Thread, plain: bool, request: gr.Request, typed: str | None = None) -> Updates:
        """Show another conversation, whose endpoint begins anew; nothing happens while the page waits for an answer.

        What showed a picture or a sound that is not kept any more is left out.

        Args:
            typed: What is in the box, where that is known: a question that was changed there stays.
        """
        if self.is_answering(request):
            return self._controls.unchanged()
        page = _page(request)
        self._exchanges.sessions.close(page)
        kept = thread.change_all(lambda turn: with_what_is_kept(turn, self._tapes.find(page, turn.tape)))
        return {self.identity: new_id()} | self._changed(kept, plain, request, typed=typed)

    def show(self, thread: Thread, plain: bool, words: Words) -> Updates:
        """Return what shows a conversation whose last answer has ended, if there is any."""
        return self._controls.show(thread, Look(plain, words))

    async def _ask_typed(self, values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
        # The box is emptied once, as the question shows in the chat: what stands in it later is the next question.
        edit = self._edits.of(_page(request))
        at, taken = (edit.at if edit else None), self._controls.give_back(edit.draft if edit else "")
        async with aclosing(self._ask(values[self.box], values, request, at=at, taken=taken)) as answer:
            async for updates in answer:
                if self.box in updates:
                    self._edits.end(_page(request))
                yield updates

    async def _ask_again(self, values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
        turns = values[self.thread].turns
        async with aclosing(self._ask(turns[-1].question if turns else "", values, request, at=len(turns) - 1)) as answer:
            async for updates in answer:
                yield updates

    def _example(self, question: str) -> Callable[[Values, gr.Request], AsyncGenerator[Updates]]:
        async def ask_example(values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
            offer = self._panel.offer(TOOLS[question], TOOL_ENDPOINT, values) if question in TOOLS else NOTHING
            async with aclosing(self._ask(question, {**values, **offer}, request, taken=offer)) as answer:
                async for updates in answer:
                    yield updates

        return ask_example

    async def _ask(self, question: str, values: Values, request: gr.Request, *, at: int | None = None, taken: Updates = NOTHING) -> AsyncGenerator[Updates]:
        """Answer `question` at the conversation's end, or beside the turn `at`, unless the page still waits for another answer or has no room for one.

        Args:
            taken: What goes out with the first update.
        """
        if not (question and question.strip()) or self.is_answering(request):
            yield self._controls.unchanged()
            return
        words, texts = words_of(request), (question, values[self._panel.system_prompt])
        try:
            with self._admission.answering(address_of(request), *texts, turns=len(values[self.thread].nodes), words=words):
                exchange = Exchange(_asked(values[self.thread], Turn(question), at))
                async with aclosing(self._answer(exchange, values, request, taken)) as answer:
                    async for updates in answer:
                        yield updates
        except Refused as refusal:
            gr.Warning(str(refusal), title=words("Not asked"))
            yield self._controls.unchanged()

    async def _answer(self, exchange: Exchange, values: Values, request: gr.Request, taken: Updates) -> AsyncGenerator[Updates]:
        """Show the answer to the last question as it grows."""
        look = Look(values[self.plain], words_of(request))
        painter, messages = Painter(look), Messages()
        others, turn = self._controls.begun() | taken | {self.thread: exchange.thread}, exchange.thread.turns[-1]
        try:
            async with aclosing(self._exchanges.turns(_page(request), exchange, values, look.words)) as turns:
                async for turn in turns:
                    yield others | {self._controls.chat: messages.of(painter.growing(exchange.thread, turn))}
                    others = NOTHING
        except Exception:  # what arrived stays
            logger.exception("An answer failed for a reason of our own")
            turn = replace(turn, failure=look.words(OWN_FAULT))
        yield others | self._ended(exchange.thread.change(-1, lambda _: turn), look)

    def _ended(self, thread: Thread, look: Look) -> Updates:
        return self._controls.show(thread, look) | self._controls.ended() | {self._panel.fault: NO_FAULT}

    def _broken(self, thread: Thread, plain: bool, request: gr.Request) -> Updates:
        """Give the controls back after a fault of our own, whose trace is in the log; an answer that has ended is none of its business."""
        words = words_of(request)
        if any(turn == Turn(turn.question) for turn in thread.turns[-1:]):
            thread = thread.change(-1, lambda turn: replace(turn, failure=words(OWN_FAULT)))
        else:
            gr.Warning(words(OWN_FAULT), title=words("Not asked"))
        return self._ended(thread, Look(plain, words))

    def _look(self, thread: Thread, plain: bool, request: gr.Request) -> Any:
        return self._controls.turn_to(thread, Look(plain, words_of(request)))

    async def _cleared(self, plain: bool, typed: str, request: gr.Request) -> Updates:
        return await self.opened(Thread(), plain, request, typed)

    async def _undone(self, thread: Thread, plain: bool, typed: str, request: gr.Request) -> Updates:
        """Take the last turn back; its question goes into the box where nothing is typed."""
        if not thread.nodes or self.is_answering(request):
            return self._controls.unchanged()
        left, question = thread.undo(), thread.turns[-1].question
        updates = self._changed(left, plain, request, before=thread, typed=typed)
        is_free = not self._edits.of(_page(request)) and not (updates.get(self.box, typed) or "").strip()
        return updates | ({self.box: question} if is_free and [turn.question for turn in left.turns[-1:]] != [question] else {})

    def _changed(self, thread: Thread, plain: bool, request: gr.Request, *, before: Thread | None = None, typed: str | None = None) -> Updates:
        """Show what became of the conversation; a question is edited on while its turn is still read as it was `before`."""
        edit, shown = self._edits.of(_page(request)), self.show(thread, plain, words_of(request))
        if edit and before and before.turns[: edit.at + 1] == thread.turns[: edit.at + 1]:
            return shown
        return shown | self._keep(_page(request), typed)

    async def _use(self, thread: Thread, plain: bool, typed: str, told: str, request: gr.Request) -> Updates:
        """Use one of a turn's own tools."""
        used, exchange = pressed(told), self._exchanges.of(_page(request))
        if used is None or used.at >= len(thread.turns):
            return self._controls.unchanged()
        if change := OPINIONS.get(used.tool):
            if exchange is None:
                return self.show(change(thread, used.at), plain, words_of(request))
            exchange.thread = change(exchange.thread, used.at)  # painted with the answer that is on its way
        elif exchange is None:
            flip = FLIPS.get(used.tool)
            if flip:
                return self._changed(flip(thread, used.at), plain, request, before=thread, typed=typed)
            return self._edit(thread, used.at, typed, request)
        return self._controls.unchanged()

    def _edit(self, thread: Thread, at: int, typed: str, request: gr.Request) -> Updates:
        """Put a question into the box, unless what would be kept of it is larger than a question may be."""
        page, words, question = _page(request), words_of(request), thread.turns[at].question
        edit = self._edits.of(page)
        draft = edit.draft if edit and not edit.is_changed(typed) else typed
        try:
            self._admission.check(question, draft, words=words)
        except Refused as refusal:
            gr.Warning(str(refusal), title=words("Not edited"))
            return self._controls.unchanged()
        self._edits.begin(page, Edit(at, draft, question))
        return self._controls.edit(question, at, words)

    def _keep(self, page: str, typed: str | None = None) -> Updates:
        """End editing, if a question is edited: what was typed before is in the box again, unless the question was changed there."""
        edit = self._edits.end(page)
        return self._controls.give_back(typed if typed and edit.is_changed(typed) else edit.draft) if edit else {}

    async def _kept(self, request: gr.Request) -> Updates:
        return self._keep(_page(request)) or self._controls.not_edited()

    async def stop(self, request: gr.Request) -> None:
        """Stop the answer that a page waits for, if it does."""
        await self._exchanges.stop(_page(request))

    async def leave(self, request: gr.Request) -> None:
        """End what belongs to a page that is gone."""
        page = _page(request)
        await self._exchanges.leave(page)
        self._edits.end(page)
        self._tapes.forget(page)

    async def aclose(self) -> None:
        """Stop every answer, and end every conversation."""
        await self._exchanges.aclose()


def _page(request: gr.Request) -> str:
    return request.session_hash or ""


def _asked(thread: Thread, turn: Turn, at: int | None) -> Thread:
    """Return the conversation with `turn` at its end, or beside the one that stands `at`: in the place of that if nothing at all came of it."""
    turns = thread.turns
    if at is None or at >= len(turns):
        return thread.ask(turn)
    is_bare = not turns[at].answer and not turns[at].reasoning and turns[at].failure
    return thread.change(at, lambda _: turn) if is_bare and at == len(turns) - 1 else thread.ask(turn, at)
