"""The compare tab: one question, two sides that answer it at the same time, and their figures.

A page has at most one comparison on its way, beside an answer in its chat. Both sides are fed by one generator: Gradio runs two listeners of one button one
after the other.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias

import gradio as gr

from backends.errors import BackendError
from demo.admission import Admission, Refused, address_of
from demo.chat import AT_ONCE
from demo.chat_controls import LATEX
from demo.desk import Desk
from demo.examples import EXAMPLES
from demo.failures import OWN_FAULT, sentence
from demo.labels import label, labelled, words_of
from demo.language import Words, mark
from demo.panel import CUTS, FAULTS, NO_FAULT, PROFILES, Panel
from demo.race import Lane, Race, Whole
from demo.run import Run
from demo.scores import table
from demo.tape import Tape, Tapes
from demo.transcript import Look, rows
from demo.turns import Turn, told

HELD = mark("The side panel's system prompt, parameters and attributes hold for both sides.")
HELD_OF_TWIN = mark("The side panel's system prompt, parameters, speed and seed hold for both sides.")
TABLE_S = 0.25
"""How often the table is painted while the answers come."""

Values: TypeAlias = Mapping[Any, Any]
Updates: TypeAlias = dict[Any, Any]


class Side:
    """One side: what it asks, and what it shows; its two methods are called inside a `gr.Blocks`."""

    def __init__(self, name: str, desk: Desk, panel: Panel) -> None:
        self.name = name
        self._desk = desk
        self._panel = panel

    def choose(self, *, whole: bool) -> None:
        """Make the controls; `whole` is whether it waits for the whole answer at first."""
        names, fronts, twin, name = [endpoint.name for endpoint in self._desk.endpoints], list(self._desk.fronts), self._desk.scripted, self.name
        self.endpoint = _choice(label("Endpoint {side}", side=name), names, f"endpoint-{name}", interactive=len(names) > 1)
        self.whole = gr.Checkbox(whole, label=label("{side} waits for the whole answer", side=name), container=False, elem_id=f"whole-{name}")
        options = label("Way, fault, cut and profile of {side}", side=name) if twin else label("Way to {side}", side=name)
        with gr.Accordion(options, open=False, visible=twin or len(fronts) > 1) as self.options:
            self.front = _choice(
                label("Reach {side} through", side=name), labelled(zip(fronts, fronts, strict=True)), f"front-{name}", value=fronts[0], visible=len(fronts) > 1
            )
            self.fault = _choice(label("Fault in {side}", side=name), labelled(FAULTS), f"fault-{name}", value=NO_FAULT, visible=twin)
            with gr.Row(elem_classes="pairs"):
                self.cut = _choice(label("Cut of {side}", side=name), CUTS, f"cut-{name}", min_width=110, visible=twin)
                self.profile = _choice(label("Profile of {side}", side=name), PROFILES, f"profile-{name}", min_width=110, visible=twin)

    def show(self) -> None:
        """Make what shows the answer."""
        self.clock = painting(clock(self.name), f"clock-{self.name}")
        self.chat = gr.Chatbot(
            show_label=False, label=label("Answer {side}", side=self.name), elem_id=f"answer-{self.name}", elem_classes="answer", height="100%",
            buttons=["copy"], layout="bubble", placeholder=label("{side} answers here.", side=self.name), group_consecutive_messages=False, allow_tags=True,
            reasoning_tags=None, latex_delimiters=LATEX, allow_file_downloads=False, feedback_options=None,
        )  # fmt: skip

    @property
    def inputs(self) -> set[gr.components.Component]:
        """Every control whose value `lane` needs, besides the panel's."""
        return {self.endpoint, self.whole, self.front, self.fault, self.cut, self.profile}

    def suit(self, values: Values) -> Any:
        """Show what the picked endpoint can be told: nothing of all that where a person has added it."""
        added = self._panel.picked({**values, self._panel.endpoint: values[self.endpoint]})
        return gr.update(visible=not added and (self._desk.scripted or len(self._desk.fronts) > 1))

    def title(self, values: Values, words: Words) -> str:
        """Return what heads its column in the table."""
        return f"{self.name}: {values[self.endpoint]}, {words('whole') if values[self.whole] else words('streamed')}"

    def lane(self, question: str, values: Values, crowd: Callable[[], int], words: Words) -> Lane:
        """Return the answer that the controls ask for, not yet begun, or why there is none."""
        panel = self._panel
        chosen = {panel.endpoint: self.endpoint, panel.front: self.front, panel.fault: self.fault, panel.cut: self.cut, panel.profile: self.profile}
        values = {**values, **{control: values[own] for control, own in chosen.items()}}
        try:
            messages = told((), question, values[panel.system_prompt]).messages
            request = panel.request(messages, values)
            backend = self._desk.backend(values[self.front], panel.picked(values))
            tape = Tape(request, panel.way(values), panel.picked(values))
            run = Run(Whole(backend) if values[self.whole] else backend, request, tape=tape, crowd=crowd, in_full=self._desk.tells_all, words=words)
            return Lane(Turn(question), run, words=words)
        except BackendError as error:
            return Lane(Turn(question, failure=sentence(error, words=words)), words=words)

    def painted(self, lane: Lane) -> Updates:
        """Return what shows how `lane` stands: the answer and what is said of it; the question stands above both sides."""
        return {self.chat: rows([lane.shown], Look(words=lane.words))[1:], self.clock: clock(self.name, lane)}


@dataclass(slots=True)
class Comparison:
    """A comparison on its way."""

    race: Race | None = None
    """None before anything was sent."""
    is_stopped: bool = False

    async def stop(self) -> None:
        """Stop both sides, also those that are not asked yet."""
        self.is_stopped = True
        if self.race:
            await self.race.stop()


class CompareTab:
    """Two answers side by side; made inside a `gr.Blocks`."""

    def __init__(self, desk: Desk, panel: Panel, tapes: Tapes, admission: Admission) -> None:
        self._panel = panel
        self._tapes = tapes
        self._admission = admission
        self._races: dict[str, Comparison] = {}
        self._sides = tuple(Side(name, desk, panel) for name in "AB")
        with gr.Row(elem_classes="race"):
            for place, side in enumerate(self._sides):
                with gr.Column(min_width=320, elem_classes="choices"):
                    side.choose(whole=place > 0)
        with gr.Row(elem_id="race-ask"):
            self._box = gr.Textbox(
                EXAMPLES[0][1], show_label=False, label=label("Question for both"), container=False, placeholder=label("Ask both sides"), lines=1,
                max_lines=8, scale=1, elem_id="race-question",
            )  # fmt: skip
            self._send = gr.Button(label("Compare"), variant="primary", scale=0, min_width=104, elem_id="race-send")
            self._stop = gr.Button(label("Stop both"), variant="stop", scale=0, min_width=104, visible="hidden", elem_id="race-stop")
        gr.Markdown(label(HELD_OF_TWIN if desk.scripted else HELD), elem_id="race-hint")
        with gr.Row(elem_classes="race"):
            for side in self._sides:
                with gr.Column(min_width=320):
                    side.show()
        self._table = painting("", "scores")
        self._wire()

    def _wire(self) -> None:
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        outputs = [self._send, self._stop, self._table, *(output for side in self._sides for output in (side.chat, side.clock))]
        compared = gr.on(
            [self._box.submit, self._send.click], self._compare, {self._box, *self._panel.inputs, *self._sides[0].inputs, *self._sides[1].inputs}, outputs,
            show_progress="hidden", api_visibility="private", concurrency_limit=AT_ONCE, concurrency_id="answers",
        )  # fmt: skip
        compared.failure(self._broken, None, outputs, **quick)
        for side in self._sides:
            side.endpoint.change(side.suit, {side.endpoint, self._panel.found}, side.options, **quick)
        self._stop.click(self.stop, **quick)

    @property
    def pickers(self) -> list[gr.Dropdown]:
        """Where one picks the endpoints."""
        return [side.endpoint for side in self._sides]

    async def _compare(self, values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
        """Put the question to both sides, unless the session still waits for another comparison or the page has no room for one."""
        question = values[self._box]
        if not (question and question.strip()) or (request.session_hash or "") in self._races:
            yield {self._send: gr.skip()}
            return
        words, texts = words_of(request), (question, values[self._panel.system_prompt])
        try:
            with self._admission.answering(address_of(request), *texts, answers=len(self._sides), words=words):
                async with aclosing(self._answers(question, values, request)) as answers:
                    async for updates in answers:
                        yield updates
        except Refused as refusal:
            gr.Warning(str(refusal), title=words("Not asked"))
            yield {self._send: gr.skip()}

    async def _answers(self, question: str, values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
        session, words = request.session_hash or "", words_of(request)
        self._races[session] = comparison = Comparison()  # a second question may come while the first update is on its way
        try:
            yield {self._send: gr.update(visible="hidden"), self._stop: gr.update(visible=True), self._table: ""}
            comparison.race = race = self._race(session, question, values, words)
            if comparison.is_stopped:
                await race.stop()
            async with aclosing(self._paintings(race, [side.title(values, words) for side in self._sides], words)) as paintings:
                async for updates in paintings:
                    yield updates
        finally:
            del self._races[session]
        yield self._idle()

    def _race(self, session: str, question: str, values: Values, words: Words) -> Race:
        race = Race([side.lane(question, values, lambda: self._admission.answers, words) for side in self._sides])
        for lane in race.lanes:
            if lane.run:
                self._tapes.add(session, lane.run.tape)
        return race

    async def _paintings(self, race: Race, titles: list[str], words: Words) -> AsyncGenerator[Updates]:
        """Yield how both sides stand; the table now and then, and at the end."""
        now, due_at_s = asyncio.get_running_loop().time, float("-inf")
        async with aclosing(race.moments()) as moments:
            async for _ in moments:
                updates = {output: value for side, lane in zip(self._sides, race.lanes, strict=True) for output, value in side.painted(lane).items()}
                if now() >= due_at_s or all(lane.ending for lane in race.lanes):
                    due_at_s = now() + TABLE_S
                    updates[self._table] = table(titles, race.lanes, words)
                yield updates

    def _idle(self) -> Updates:
        return {self._send: gr.update(visible=True), self._stop: gr.update(visible="hidden")}

    def _broken(self, request: gr.Request) -> Updates:
        """Give the controls back after a fault of our own, whose trace is in the log."""
        return self._idle() | {self._table: f"<p>{html.escape(words_of(request)(OWN_FAULT))}</p>"}

    async def stop(self, request: gr.Request) -> None:
        """Stop both sides of the comparison that a page waits for, if it does."""
        if comparison := self._races.get(request.session_hash or ""):
            await comparison.stop()

    async def leave(self, request: gr.Request) -> None:
        """End what belongs to a page that is gone."""
        await self.stop(request)

    async def aclose(self) -> None:
        """Stop every comparison."""
        for comparison in list(self._races.values()):
            await comparison.stop()


def clock(name: str, lane: Lane | None = None) -> str:
    """Return the HTML of how long one waited for the first and for the last word on side `name`; its name alone before its first question."""
    waits = {lane.words("First word"): lane.first_word(), lane.words("Last word"): lane.last_word()} if lane else {}
    figures = "".join(f"<div><dt>{named}</dt><dd>{html.escape(wait)}</dd></div>" for named, wait in waits.items())
    return f"<section><h2>{name}</h2>{f'<dl>{figures}</dl>' if figures else ''}</section>"


def painting(markup: str, name: str) -> gr.Markdown:
    """Return what shows HTML of ours: Markdown may hold it, while `gr.HTML` evaluates strings as scripts, which the page forbids."""
    return gr.Markdown(markup, latex_delimiters=[], elem_id=name)


def _choice(named: str, choices: Any, name: str, *, value: str | None = None, **looks: Any) -> gr.Dropdown:
    choices = list(choices)
    return gr.Dropdown(choices, value=choices[0] if value is None else value, label=named, filterable=False, elem_id=name, **looks)
