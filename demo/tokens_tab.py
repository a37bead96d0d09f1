"""The tokens tab: how sure a model was of each token of an answer that has ended."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo.answers import choices, html_area
from demo.heat_map import heat_map
from demo.labels import label, words_of
from demo.language import mark
from demo.literal import note
from demo.tape import Tapes

NOTHING_YET = mark("Ask something in the chat: here are then the tokens of its answer.")
NOT_YET = mark("This answer is still on its way; its tokens are drawn when it has ended.")
TICK_S = 0.5
"""How often it is looked whether an answer has ended."""


class TokensTab:
    """One answer's tokens; made inside the `gr.Tab` that it fills."""

    def __init__(self, tapes: Tapes, tab: gr.Tab) -> None:
        self._tapes = tapes
        self._newest = gr.State(0)
        self._picked = gr.Dropdown([], label=label("Answer"), filterable=False, elem_id="tokens-answer")
        with gr.Row(elem_id="tokens-shown"):
            self._figures = gr.Checkbox(False, label=label("Figures"), container=False, elem_id="tokens-figures")
            self._special = gr.Checkbox(False, label=label("Special tokens"), container=False, elem_id="tokens-special")
        self._map = html_area(note(label(NOTHING_YET)), "tokens-map")
        self._timer = gr.Timer(TICK_S, active=False)
        self._wire(tab)

    def _wire(self, tab: gr.Tab) -> None:
        shown = [self._picked, self._figures, self._special]
        outputs = [self._picked, self._newest, self._map, self._timer]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        tab.select(self.open, [self._newest, *shown], outputs, **quick)
        self._timer.tick(self.show, shown, outputs, **quick)
        chosen = [self._picked.input, self._figures.input, self._special.input]
        gr.on(chosen, self.show, shown, outputs, trigger_mode="multiple", **quick)  # what is chosen while another choice is drawn counts

    async def open(self, newest: int, picked: int | None, figures: bool, special: bool, request: gr.Request) -> dict[Any, Any]:
        """Show the newest answer if it is new here, else the one that was shown."""
        tapes = self._tapes.of(request.session_hash or "")
        if tapes and (tapes[-1].number > newest or not any(tape.number == picked for tape in tapes)):
            picked = tapes[-1].number
        known = {self._picked: gr.update(choices=choices(tapes), value=picked), self._newest: tapes[-1].number if tapes else 0}
        return known | await self.show(picked, figures, special, request)

    async def show(self, picked: int | None, figures: bool, special: bool, request: gr.Request) -> dict[Any, Any]:
        """Show an answer's tokens, or that they are on their way."""
        tape = self._tapes.find(request.session_hash or "", picked or 0)
        flows = tape is not None and tape.ending is None
        words = words_of(request)
        drawn = note(words(NOT_YET if tape else NOTHING_YET)) if tape is None or flows else heat_map(tape, special=special, figures=figures, words=words)
        return {self._map: drawn, self._timer: gr.Timer(active=flows)}
