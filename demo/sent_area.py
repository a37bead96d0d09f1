"""What was sent for an answer of the chat, or will be for the next one: its prompt, and code that asks the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from backends.errors import BackendError
from demo.answers import choices, html_area
from demo.asked import asked_of
from demo.chat import ChatTab
from demo.desk import CONTAINER, Desk
from demo.failures import sentence
from demo.found import is_elsewhere
from demo.labels import label, words_of
from demo.literal import one_line
from demo.panel import Panel
from demo.prompt_view import prompt_view
from demo.snippets import SNIPPETS
from demo.tape import Tape, Tapes
from demo.turns import told

NEXT = 0
"""The question that is typed, in place of the number of an answer."""
PROMPT = "prompt"
LANGUAGES: Mapping[str, Any] = {"python": "python", "curl": "shell", "pytest": "python"}
"""Snippet -> what `gr.Code` calls its language."""
TICK_S = 1.0
"""How often it is looked for a newer answer, while this is open."""


class SentArea:
    """An `accordion` below the chat; made inside the chat's `gr.Tab`."""

    def __init__(self, desk: Desk, panel: Panel, chat: ChatTab, tapes: Tapes) -> None:
        self._desk = desk
        self._panel = panel
        self._chat = chat
        self._tapes = tapes
        with gr.Accordion(label("Prompt, code and link"), open=False, elem_id="sent") as self.accordion:
            self._newest = gr.State(0)
            with gr.Row(elem_id="sent-pick"):
                self._picked = gr.Dropdown([], label=label("Answer"), filterable=False, scale=3, min_width=240, elem_id="sent-answer")
                self._view = gr.Radio(_views(is_container=False), value=PROMPT, label=label("Show as"), scale=2, min_width=380, elem_id="sent-view")
            self._prompt = html_area("", "sent-prompt")
            self._code = gr.Code(
                visible=False, interactive=False, show_label=False, label=label("Code"), wrap_lines=True, lines=2, max_lines=24, elem_id="sent-code"
            )
            self._timer = gr.Timer(TICK_S, active=False)
        self._wire(self.accordion)

    def _wire(self, accordion: gr.Accordion) -> None:
        inputs: set[gr.blocks.Block] = {self._newest, self._picked, self._view, self._chat.thread, self._chat.box, *self._panel.inputs}
        outputs = [self._newest, self._picked, self._view, self._prompt, self._code, self._timer]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        accordion.expand(self.open, inputs, outputs, **quick)
        accordion.collapse(lambda: gr.Timer(active=False), None, self._timer, **quick)
        self._timer.tick(self.look, inputs, outputs, **quick)
        gr.on([self._picked.input, self._view.input], self.show, inputs, outputs, trigger_mode="multiple", **quick)

    async def open(self, values: Mapping[Any, Any], request: gr.Request) -> dict[Any, Any]:
        """Show the newest answer, or before there is one the next."""
        return {self._timer: gr.Timer(active=True)} | self._show_newest(values, request)

    async def look(self, values: Mapping[Any, Any], request: gr.Request) -> dict[Any, Any]:
        """Show an answer that ended since, if there is any."""
        tapes = self._ended(request)
        is_shown = (tapes[-1].number if tapes else NEXT) == values[self._newest]
        return {self._newest: values[self._newest]} if is_shown else self._show_newest(values, request)

    async def show(self, values: Mapping[Any, Any], request: gr.Request) -> dict[Any, Any]:
        """Show what is picked."""
        return self._drawn(values[self._picked] or NEXT, values, request)

    def _show_newest(self, values: Mapping[Any, Any], request: gr.Request) -> dict[Any, Any]:
        tapes = self._ended(request)
        newest = tapes[-1].number if tapes else NEXT
        listed = gr.update(choices=[(words_of(request)("The next question, as it is typed"), NEXT), *choices(tapes)], value=newest)
        return {self._newest: newest, self._picked: listed} | self._drawn(newest, values, request)

    def _ended(self, request: gr.Request) -> tuple[Tape, ...]:
        return tuple(tape for tape in self._tapes.of(request.session_hash or "") if tape.ending is not None)

    def _drawn(self, number: int, values: Mapping[Any, Any], request: gr.Request) -> dict[Any, Any]:
        view, words = values[self._view] or PROMPT, words_of(request)
        try:
            tape = self._tapes.find(request.session_hash or "", number) or self._next(values)
            code = "" if view == PROMPT else SNIPPETS[view](asked_of(tape, twin_url=self._twin_url(tape), is_public=self._desk.public))
        except BackendError as error:
            return self._shown(f"<p class='failure'>{one_line(sentence(error, words=words))}</p>")
        views = {self._view: gr.update(choices=_views(is_container=tape.front == CONTAINER))}
        return views | (self._shown(prompt_view(tape.request, words)) if view == PROMPT else self._shown(code, LANGUAGES[view]))

    def _next(self, values: Mapping[Any, Any]) -> Tape:
        """Return an empty tape of what the next question would send."""
        chat = told(values[self._chat.thread].turns, values[self._chat.box] or "", values[self._panel.system_prompt])
        return Tape(self._panel.request(chat.messages, values), self._panel.way(values), self._panel.picked(values))

    def _twin_url(self, tape: Tape) -> str | None:
        return f"http://{self._desk.place}" if self._desk.scripted and not is_elsewhere(tape.found) else None

    def _shown(self, what: str, language: Any = None) -> dict[Any, Any]:
        """Return the updates that show a page of HTML, or of code."""
        is_code = language is not None
        code = gr.update(value=what, language=language, visible=True) if is_code else gr.update(visible=False)
        return {self._prompt: gr.update(value="" if is_code else what, visible=not is_code), self._code: code}


def _views(*, is_container: bool) -> list[tuple[str, str]]:
    """Return the choices of what to show; boto3 asks SageMaker alone."""
    return [(label("Prompt"), PROMPT), ("Python" if is_container else "boto3", "python"), ("curl", "curl"), ("pytest", "pytest")]
