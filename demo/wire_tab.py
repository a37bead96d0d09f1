"""The wire tab: any answer's parts as they came, while it flows and afterwards."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr

from backends.recording.lines import encode_recording
from demo.answers import choices, html_area, note
from demo.desk import SAGEMAKER
from demo.labels import label, words_of
from demo.language import Words, mark
from demo.tape import Tape, Tapes
from demo.taped_recording import can_be_recorded, recording_of
from demo.wire_index import WireIndex
from demo.wire_view import summary, table, timeline

PAGE_PARTS = 200
"""How many parts are shown at once."""
LIVE_PARTS = 20
"""How many of the newest parts are shown of an answer on its way."""
TICK_S = 0.4
"""How often an answer on its way is drawn anew."""
MOST_LIVE_PARTS = 20_000
"""Of an answer on its way with more parts the timeline is drawn at its end."""
NO_BYTES = mark("Behind 0x stand pairs of hexadecimal digits, as in 0x e3 81.")
NOTHING_YET = mark("Ask something in the chat: here is then what came over the wire.")


def recording_lines(tapes: Tapes, session: str, number: int) -> Iterator[bytes] | None:
    """Return the lines of a page's answer as a recording; None if there is no such answer, or none that can be one."""
    tape = tapes.find(session, number)
    return encode_recording(recording_of(tape)) if tape and can_be_recorded(tape) else None


def _download(session: str, tape: Tape, words: Words) -> str:
    # The address is relative, as a proxy may serve the page under a path of its own.
    name = f"answer-{tape.number}.jsonl"
    link = f"<p><a href='recordings/{html.escape(session)}/{tape.number}' download='{name}'>{words('Download as a recording')}</a></p>"
    return link if can_be_recorded(tape) else ""


def _where(first: int, last: int, total: int, words: Words) -> str:
    return words("{first} to {last} of {total}", first=f"{first:,}", last=f"{last:,}", total=f"{total:,}") if total else words("none")


class WireTab:
    """One answer's bytes; made inside the `gr.Tab` that it fills."""

    def __init__(self, tapes: Tapes, tab: gr.Tab) -> None:
        self._tapes = tapes
        self._indexes: dict[str, WireIndex] = {}
        self._newest, self._page = gr.State(0), gr.State(0)
        with gr.Row(elem_id="wire-pick"):
            self._picked = gr.Dropdown([], label=label("Answer"), filterable=False, elem_id="wire-answer", scale=3, min_width=260)
            self._query = gr.Textbox(
                label=label("Find"), placeholder=label("text, or bytes as 0x e3 81"), max_lines=1, elem_id="wire-find", scale=2, min_width=260
            )
        self._summary = html_area(note(label(NOTHING_YET)), "wire-summary")
        with gr.Row(elem_id="wire-pages"):
            self._inside = gr.Checkbox(False, label=label("Only parts that end inside something"), container=False, elem_id="wire-inside")
            self._earlier = gr.Button(label("Earlier"), size="sm", scale=0, interactive=False, elem_id="wire-earlier")
            self._where = html_area("", "wire-where")
            self._later = gr.Button(label("Later"), size="sm", scale=0, interactive=False, elem_id="wire-later")
        self._parts = html_area("", "wire-parts")
        self._timer = gr.Timer(TICK_S, active=False)
        self._wire(tab)

    def _wire(self, tab: gr.Tab) -> None:
        shown = [self._picked, self._query, self._inside, self._page]
        outputs = [self._picked, self._newest, self._page, self._summary, self._parts, self._where, self._earlier, self._later, self._timer]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        tab.select(self.open, [self._newest, *shown], outputs, **quick)
        self._timer.tick(self.show, shown, outputs, **quick)
        chosen = [self._picked.input, self._query.change, self._query.submit, self._inside.input]
        gr.on(chosen, self._turn_to_first, shown[:3], outputs, trigger_mode="multiple", **quick)  # what is chosen while another choice is drawn counts
        self._earlier.click(self._turn_back, shown, outputs, **quick)
        self._later.click(self._turn_on, shown, outputs, **quick)

    async def open(self, newest: int, picked: int | None, query: str, inside: bool, page: int, request: gr.Request) -> dict[Any, Any]:
        """Show the newest answer if it is new here, else the one that was shown."""
        tapes = self._tapes.of(request.session_hash or "")
        if tapes and (tapes[-1].number > newest or not any(tape.number == picked for tape in tapes)):
            picked, page = tapes[-1].number, 0
        known = {self._picked: gr.update(choices=choices(tapes), value=picked), self._newest: tapes[-1].number if tapes else 0}
        return known | await self.show(picked, query, inside, page, request)

    async def show(self, picked: int | None, query: str, inside: bool, page: int, request: gr.Request) -> dict[Any, Any]:
        """Show a page of an answer's parts; of one on its way the newest."""
        session, words = request.session_hash or "", words_of(request)
        tape = self._tapes.find(session, picked or 0)
        if tape is None:
            return {self._summary: note(words(NOTHING_YET)), self._parts: "", self._where: "", self._timer: gr.Timer(active=False)}
        index = self._index(session, tape)
        index.update()
        try:
            numbers = index.matching(query or "", only_inside=inside)
        except ValueError:
            return {self._parts: f"<p class='failure'>{words(NO_BYTES)}</p>", self._timer: gr.Timer(active=False)}
        flows = tape.ending is None
        last_page = max(0, (len(numbers) - 1) // PAGE_PARTS)
        page = last_page if flows else min(page, last_page)
        first = max(0, len(numbers) - LIVE_PARTS) if flows else page * PAGE_PARTS
        shown = numbers[first : first + PAGE_PARTS]
        return {
            self._page: page,
            self._summary: summary(tape, words) + _download(session, tape, words) + self._timeline(index, words),
            self._parts: table(index, shown, framed=tape.front == SAGEMAKER and not flows, words=words),
            self._where: _where(first + 1, first + len(shown), len(numbers), words),
            self._earlier: gr.update(interactive=page > 0 and not flows),
            self._later: gr.update(interactive=page < last_page and not flows),
            self._timer: gr.Timer(active=flows),
        }

    async def _turn_to_first(self, picked: int | None, query: str, inside: bool, request: gr.Request) -> dict[Any, Any]:
        return await self.show(picked, query, inside, 0, request)

    async def _turn_back(self, picked: int | None, query: str, inside: bool, page: int, request: gr.Request) -> dict[Any, Any]:
        return await self.show(picked, query, inside, max(0, page - 1), request)

    async def _turn_on(self, picked: int | None, query: str, inside: bool, page: int, request: gr.Request) -> dict[Any, Any]:
        return await self.show(picked, query, inside, page + 1, request)

    def _index(self, session: str, tape: Tape) -> WireIndex:
        """Return what is known of a page's tape; each page keeps that of one."""
        index = self._indexes.get(session)
        if index is None or index.tape is not tape:
            index = self._indexes[session] = WireIndex(tape)
        return index

    def _timeline(self, index: WireIndex, words: Words) -> str:
        if index.tape.ending is None:
            return timeline(index.tape, words) if len(index.tape.parts) <= MOST_LIVE_PARTS else ""
        index.timeline = index.timeline or timeline(index.tape, words)
        return index.timeline

    async def leave(self, request: gr.Request) -> None:
        """Forget a page that is gone."""
        self._indexes.pop(request.session_hash or "", None)
