"""The wire tab: any answer's parts as they came, while it flows and afterwards."""

from __future__ import annotations

import html
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import gradio as gr

from backends.errors import BackendError
from backends.recording.lines import encode_recording
from demo.admission import Admission, Refused, address_of
from demo.answers import choices, html_area
from demo.asked import choices_of
from demo.chat import AT_ONCE
from demo.desk import Desk
from demo.failures import sentence
from demo.found import is_elsewhere
from demo.labels import label, words_of
from demo.language import Words, mark
from demo.literal import note
from demo.panel import Panel
from demo.replays import Replays
from demo.scores import table as table_of_figures
from demo.tape import Tape, Tapes
from demo.taped_recording import can_be_recorded, recording_of
from demo.wire_choices import WireChoices
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

    def __init__(self, desk: Desk, panel: Panel, tapes: Tapes, admission: Admission, tab: gr.Tab) -> None:
        self._desk = desk
        self._tapes = tapes
        self._admission = admission
        self._replays = Replays(desk, tapes, lambda: admission.answers)
        self._indexes: dict[str, WireIndex] = {}
        self._newest, self._page = gr.State(0), gr.State(0)
        with gr.Row(elem_id="wire-pick"):
            self._picked = gr.Dropdown([], label=label("Answer"), filterable=False, elem_id="wire-answer", scale=3, min_width=260)
            self._query = gr.Textbox(
                label=label("Find"), placeholder=label("text, or bytes as 0x e3 81"), max_lines=1, elem_id="wire-find", scale=2, min_width=260
            )
        with gr.Column(visible=desk.scripted, elem_id="wire-twin"):
            self._choices = WireChoices(panel)
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
        outputs = [
            self._picked,
            self._newest,
            self._page,
            self._summary,
            self._parts,
            self._where,
            self._earlier,
            self._later,
            self._timer,
            self._choices.again,
        ]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        tab.select(self.open, [self._newest, *shown], outputs, **quick)
        self._timer.tick(self.show, shown, outputs, **quick)
        chosen = [self._picked.input, self._query.change, self._query.submit, self._inside.input]
        gr.on(chosen, self._turn_to_first, shown[:3], outputs, trigger_mode="multiple", **quick)  # what is chosen while another choice is drawn counts
        self._earlier.click(self._turn_back, shown, outputs, **quick)
        self._later.click(self._turn_on, shown, outputs, **quick)
        played = self._choices.again.click(
            self._play_again, {self._picked, self._query, self._inside, self._choices.cut, self._choices.fault},
            [*outputs, self._choices.stop], show_progress="hidden", api_visibility="private", concurrency_limit=AT_ONCE,
            concurrency_id="answers",
        )  # fmt: skip
        played.failure(self._idle, None, [self._choices.again, self._choices.stop], **quick)
        self._choices.stop.click(self.stop, **quick)

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
            self._summary: summary(tape, words) + self._beside(session, tape, words) + _download(session, tape, words) + self._timeline(index, words),
            self._parts: table(index, shown, framed=not flows, words=words),
            self._where: _where(first + 1, first + len(shown), len(numbers), words),
            self._earlier: gr.update(interactive=page > 0 and not flows),
            self._later: gr.update(interactive=page < last_page and not flows),
            self._timer: gr.Timer(active=flows),
            self._choices.again: gr.update(visible=not is_elsewhere(tape.found)),
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

    def _beside(self, session: str, tape: Tape, words: Words) -> str:
        """Return the figures of an answer that was played again, beside the first one's, where that is still kept."""
        first = self._tapes.find(session, tape.again) if tape.again else None
        return f"<div class='beside'>{table_of_figures([_title(first), _title(tape)], [first, tape], words)}</div>" if first else ""

    async def _play_again(self, values: Mapping[Any, Any], request: gr.Request) -> AsyncGenerator[dict[Any, Any]]:
        """Play the answer that is picked again, unless none is, it has not ended or is no twin's, or the page waits for another or has no room for one."""
        session, words = request.session_hash or "", words_of(request)
        first = self._tapes.find(session, values[self._picked] or 0)
        is_twin = self._desk.scripted and first is not None and not is_elsewhere(first.found)  # any other would cost its owner the same answer once more
        if first is None or first.ending is None or not is_twin or self._replays.is_playing(session):
            yield {self._choices.again: gr.skip()}
            return
        choices_of_twin = {"cut": values[self._choices.cut] or "", "fault": values[self._choices.fault] or ""}
        try:
            with self._admission.answering(address_of(request), first.request.messages[-1].content, words=words):
                async with aclosing(self._replays.play(session, first, words, **choices_of_twin)) as played:
                    async for updates in self._followed(played, values, request):
                        yield updates
        except Refused as refusal:
            gr.Warning(str(refusal), title=words("Not asked"))
        except BackendError as error:
            gr.Warning(sentence(error, words=words), title=words("Not asked"))
        yield self._idle()

    async def _followed(self, played: AsyncGenerator[Tape], values: Mapping[Any, Any], request: gr.Request) -> AsyncGenerator[dict[Any, Any]]:
        """Yield what shows the new answer: the tab's own timer follows it, once it is picked."""
        tape: Tape | None = None
        async for tape_now in played:
            if tape is None:
                shown = await self.open(0, None, values[self._query], values[self._inside], 0, request)
                yield shown | {self._choices.again: gr.update(interactive=False), self._choices.stop: gr.update(visible=True)}
            else:
                yield {self._choices.again: gr.skip()}  # only when something is said is it noticed that the page was closed
            tape = tape_now

    def _idle(self) -> dict[Any, Any]:
        return {self._choices.again: gr.update(interactive=True), self._choices.stop: gr.update(visible="hidden")}

    async def stop(self, request: gr.Request) -> None:
        """Stop the answer that is played again for a page, if one is."""
        await self._replays.stop(request.session_hash or "")

    async def leave(self, request: gr.Request) -> None:
        """Forget a page that is gone."""
        await self.stop(request)
        self._indexes.pop(request.session_hash or "", None)

    async def aclose(self) -> None:
        """Stop every answer that is played again."""
        await self._replays.aclose()


def _title(tape: Tape) -> str:
    """Return what heads an answer's figures: what was chosen for it."""
    chosen = choices_of(tape.request)
    return f"{tape.number}: {' · '.join(filter(None, (chosen.get('cut'), chosen.get('fault'))))}"
