"""The chat tab: its controls, and what happens when they are used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from typing import Any, TypeAlias

import gradio as gr

from backends.errors import BackendError
from demo.admission import Admission, Refused, address_of
from demo.desk import Desk
from demo.examples import EXAMPLES
from demo.failures import OWN_FAULT, sentence
from demo.labels import label, words_of
from demo.language import Words
from demo.media import with_what_is_kept
from demo.panel import NO_FAULT, Panel
from demo.run import Run
from demo.sessions import Sessions
from demo.tape import Tape, Tapes
from demo.thread import Thread
from demo.transcript import rows
from demo.turns import Turn, told

AT_ONCE = None
"""How many answers Gradio lets be on their way before others wait for them, unseen: all, as the page's admission turns away in words whoever is too many."""

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]
"""What stands around a formula; a single dollar sign is more often money."""

Values: TypeAlias = Mapping[Any, Any]
Updates: TypeAlias = dict[Any, Any]

NOTHING: Updates = {}

_changes = count(1)


class ChatTab:
    """A chat with one endpoint at a time; made inside a `gr.Blocks`.

    Its `thread` is the conversation that is shown, as a `gr.State`; `changes` is one that holds another number whenever an answer of it has ended, or it became
    another; `box` holds the question that is typed; `plain` tells whether text is shown as it is.
    """

    def __init__(self, desk: Desk, panel: Panel, tapes: Tapes, admission: Admission) -> None:
        self._desk = desk
        self._panel = panel
        self._tapes = tapes
        self._admission = admission
        self._runs: dict[str, Run | None] = {}
        self._sessions = Sessions()
        self.thread, self.changes = gr.State(Thread()), gr.State(0)
        self._chat = gr.Chatbot(
            show_label=False, elem_id="chat", height="100%", buttons=["copy"], layout="bubble", placeholder=label("Ask something, or pick a question below."),
            group_consecutive_messages=False, allow_tags=True, reasoning_tags=None, latex_delimiters=LATEX, allow_file_downloads=False, feedback_options=None,
        )  # fmt: skip
        with gr.Row(elem_id="examples"):
            self._examples = [gr.Button(label(text), size="sm", elem_classes="example") for text, _ in EXAMPLES]
        with gr.Row(elem_id="ask"):
            self.box = gr.Textbox(
                show_label=False,
                label=label("Question"),
                container=False,
                placeholder=label("Ask something"),
                lines=1,
                max_lines=8,
                scale=1,
                autofocus=True,
                elem_id="question",
            )
            self._send = gr.Button(label("Send"), variant="primary", scale=0, min_width=88, elem_id="send")
            self._stop = gr.Button(label("Stop"), variant="stop", scale=0, min_width=88, visible=False, elem_id="stop")
        with gr.Row(elem_id="tools"):
            self._again = gr.Button(label("Regenerate"), size="sm", scale=0, interactive=False, elem_id="again")
            self._clear = gr.Button(label("Clear"), size="sm", scale=0, interactive=False, elem_id="clear")
            self.plain = gr.Checkbox(False, label=label("Plain text"), container=False, scale=0, min_width=120, elem_id="plain")
        self._wire()

    def _wire(self) -> None:
        inputs = {self.thread, self.plain, self.box, *self._panel.inputs}
        answering: dict[str, Any] = {
            "inputs": inputs, "outputs": self.outputs, "show_progress": "hidden", "api_visibility": "private",
            "concurrency_limit": AT_ONCE, "concurrency_id": "answers",
        }  # fmt: skip
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        for asked in (
            gr.on([self.box.submit, self._send.click], self._ask_typed, **answering),
            self._again.click(self._ask_again, **answering),
            *(button.click(self._example(question), **answering) for button, (_, question) in zip(self._examples, EXAMPLES, strict=True)),
        ):
            asked.failure(self._broken, [self.thread, self.plain], self.outputs, **quick)
        self._stop.click(self.stop, **quick)
        self._clear.click(self._cleared, self.plain, self.outputs, **quick)
        self.plain.input(self._repaint, [self.thread, self.plain], self._chat, **quick)

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Every control that `opened` may change."""
        return [self.thread, self.changes, self._chat, self.box, self._send, self._stop, self._again, self._clear, self.plain, self._panel.fault]

    def is_answering(self, request: gr.Request) -> bool:
        """Tell whether a page waits for an answer."""
        return (request.session_hash or "") in self._runs

    async def opened(self, thread: Thread, plain: bool, request: gr.Request) -> Updates:
        """Show another conversation, whose endpoint begins anew; nothing happens while the page waits for an answer.

        What showed a picture or a sound that is not kept any more is left out.
        """
        if self.is_answering(request):
            return {self._send: gr.skip()}
        session = request.session_hash or ""
        self._sessions.close(session)
        return self.show(thread.change_all(lambda turn: with_what_is_kept(turn, self._tapes.find(session, turn.tape))), plain, words_of(request))

    def show(self, thread: Thread, plain: bool, words: Words) -> Updates:
        """Return what shows a conversation whose last answer has ended, if there is any."""
        turns = thread.turns
        return {
            self.thread: thread,
            self.changes: next(_changes),
            self._chat: rows(turns, plain=plain),
            self._again: gr.update(interactive=bool(turns), value=words("Retry") if turns and turns[-1].failure else words("Regenerate")),
            self._clear: gr.update(interactive=bool(turns)),
        }

    async def _ask_typed(self, values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
        # The box is emptied once, as the question shows in the chat: what stands in it later is the next question.
        async with aclosing(self._ask(values[self.box], values, request, taken={self.box: ""})) as answer:
            async for updates in answer:
                yield updates

    async def _ask_again(self, values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
        turns = values[self.thread].turns
        async with aclosing(self._ask(turns[-1].question if turns else "", values, request, at=len(turns) - 1)) as answer:
            async for updates in answer:
                yield updates

    def _example(self, question: str) -> Callable[[Values, gr.Request], AsyncGenerator[Updates]]:
        async def ask_example(values: Values, request: gr.Request) -> AsyncGenerator[Updates]:
            async with aclosing(self._ask(question, values, request)) as answer:
                async for updates in answer:
                    yield updates

        return ask_example

    async def _ask(self, question: str, values: Values, request: gr.Request, *, at: int | None = None, taken: Updates = NOTHING) -> AsyncGenerator[Updates]:
        """Answer `question` at the conversation's end, or beside the turn `at`, unless the page still waits for another answer or has no room for one.

        Args:
            taken: What goes out with the first update.
        """
        if not (question and question.strip()) or self.is_answering(request):
            yield {self._send: gr.skip()}
            return
        words, texts = words_of(request), (question, values[self._panel.system_prompt])
        try:
            with self._admission.answering(address_of(request), *texts, turns=len(values[self.thread].nodes), words=words):
                async with aclosing(self._answer(question, values, request, at, taken)) as answer:
                    async for updates in answer:
                        yield updates
        except Refused as refusal:
            gr.Warning(str(refusal), title=words("Not asked"))
            yield {self._send: gr.skip()}

    async def _answer(self, question: str, values: Values, request: gr.Request, at: int | None, taken: Updates) -> AsyncGenerator[Updates]:
        session, plain, words = request.session_hash or "", values[self.plain], words_of(request)
        thread, turn = _asked(values[self.thread], Turn(question), at), Turn(question)
        before = thread.turns[:-1]
        shown = rows(before, plain=plain)
        self._runs[session] = None  # a second question may come while the first update is on its way
        try:
            yield self._begun() | taken | {self.thread: thread, self._chat: shown + rows([turn], plain=plain)}
            self._runs[session] = run = self._run(session, question, before, values, words)
            async with aclosing(run.turns()) as turns:
                async for turn in turns:
                    yield {self._chat: shown + rows([turn], plain=plain)}
        except BackendError as error:
            turn = Turn(question, failure=sentence(error, words=words))
        finally:
            del self._runs[session]
        yield self._ended(thread.change(len(before), lambda _: turn), plain, words)

    def _run(self, session: str, question: str, before: Iterable[Turn], values: Values, words: Words) -> Run:
        chat = told(before, question, values[self._panel.system_prompt])
        request = self._panel.request(chat.messages, values)
        backend = self._sessions.backend(session, self._desk.backend(values[self._panel.front]), request.endpoint)
        tape = Tape(request, values[self._panel.front])
        run = Run(backend, request, left_out=chat.left_out, tape=tape, crowd=lambda: self._admission.answers, words=words)
        self._tapes.add(session, tape)  # one whose run could not be made would be on its way for ever
        return run

    def _begun(self) -> Updates:
        return {
            self._send: gr.update(visible=False),
            self._stop: gr.update(visible=True),
            self._again: gr.update(interactive=False),
            self._clear: gr.update(interactive=False),
            self.plain: gr.update(interactive=False),
        }

    def _ended(self, thread: Thread, plain: bool, words: Words) -> Updates:
        return self.show(thread, plain, words) | {
            self._send: gr.update(visible=True),
            self._stop: gr.update(visible=False),
            self.plain: gr.update(interactive=True),
            self._panel.fault: NO_FAULT,
        }

    def _broken(self, thread: Thread, plain: bool, request: gr.Request) -> Updates:
        """Give the controls back after a fault of our own, whose trace is in the log."""
        words = words_of(request)
        thread = thread if thread.nodes else thread.ask(Turn(""))
        return self._ended(thread.change(-1, lambda turn: replace(turn, failure=words(OWN_FAULT))), plain, words)

    async def _cleared(self, plain: bool, request: gr.Request) -> Updates:
        return await self.opened(Thread(), plain, request)

    def _repaint(self, thread: Thread, plain: bool) -> Any:
        # In plain text the copy button would copy what stands for the signs that HTML reads: there, text is selected.
        buttons = [] if plain else ["copy"]
        return gr.update(value=rows(thread.turns, plain=plain), render_markdown=not plain, latex_delimiters=[] if plain else LATEX, buttons=buttons)

    async def stop(self, request: gr.Request) -> None:
        """Stop the answer that a page waits for, if it does."""
        if run := self._runs.get(request.session_hash or ""):
            await run.stop()

    async def leave(self, request: gr.Request) -> None:
        """End what belongs to a page that is gone."""
        await self.stop(request)
        self._sessions.close(request.session_hash or "")
        self._tapes.forget(request.session_hash or "")

    async def aclose(self) -> None:
        """Stop every answer, and end every conversation."""
        for run in filter(None, list(self._runs.values())):
            await run.stop()
        await self._sessions.aclose()


def _asked(thread: Thread, turn: Turn, at: int | None) -> Thread:
    """Return the conversation with `turn` at its end, or beside the one that stands `at`: in the place of that if nothing at all came of it."""
    if at is not None and not (there := thread.turns[at]).answer and there.failure:
        return thread.change(at, lambda _: turn)
    return thread.ask(turn, at)
