"""The chat tab's controls, and how they look while an answer is on its way and when none is."""

from __future__ import annotations

from itertools import count
from typing import Any, TypeAlias

import gradio as gr
from gradio.components.chatbot import Message, TextMessage

from demo.examples import EXAMPLES
from demo.labels import label
from demo.language import Words
from demo.thread import Thread
from demo.transcript import Look, Row, whole

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]
"""What stands around a formula; a single dollar sign is more often money."""

Updates: TypeAlias = dict[Any, Any]

_changes = count(1)


class Messages:
    """Makes rows into Gradio's own messages, each of them once: it would read and check every row of a chat anew at each update."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Row, Message]] = {}

    def of(self, rows: list[Row]) -> list[Message]:
        """Return the messages of `rows`, those of rows that were there before among them."""
        self._made = {id(row): self._made.get(id(row)) or (row, _message(row)) for row in rows}
        return [message for _, message in self._made.values()]


def _message(row: Row) -> Message:
    return Message(role=row["role"], content=[TextMessage(text=row["content"]["text"])])


class ChatControls:
    """Made inside a `gr.Blocks`."""

    def __init__(self) -> None:
        self.thread, self.identity = gr.State(Thread()), gr.State("")
        self.changes = gr.Number(0, visible="hidden")  # the change of a `gr.State` is told by events that wait in the queue alone
        self.chat = gr.Chatbot(
            show_label=False, elem_id="chat", height="100%", buttons=["copy"], layout="bubble", placeholder=label("Ask something, or pick a question below."),
            group_consecutive_messages=False, allow_tags=True, reasoning_tags=None, latex_delimiters=LATEX, allow_file_downloads=False, feedback_options=None,
        )  # fmt: skip
        self.pressed = gr.Textbox("", visible="hidden", elem_id="pressed-tool")
        with gr.Row(elem_id="examples"):
            self.examples = [gr.Button(label(text), size="sm", elem_classes="example") for text, _ in EXAMPLES]
        with gr.Row(elem_id="edited"):  # shown while its button is, which is always mounted: what Esc presses has to be there as soon as the question is
            self.edited_which = gr.Markdown("", elem_id="edited-which")
            self.keep = gr.Button(label("Cancel"), size="sm", scale=0, visible="hidden", elem_id="keep")
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
            self.send = gr.Button(label("Send"), variant="primary", scale=0, min_width=88, elem_id="send")
            self.stop = gr.Button(label("Stop"), variant="stop", scale=0, min_width=88, visible="hidden", elem_id="stop")
        with gr.Row(elem_id="tools"):
            self.again = gr.Button(label("Regenerate"), size="sm", scale=0, interactive=False, elem_id="again")
            self.undo = gr.Button(label("Undo"), size="sm", scale=0, interactive=False, elem_id="undo")
            self.clear = gr.Button(label("New chat"), size="sm", scale=0, interactive=False, elem_id="clear")
            self.plain = gr.Checkbox(False, label=label("Plain text"), container=False, scale=0, min_width=120, elem_id="plain")

    @property
    def outputs(self) -> list[Any]:
        """Every control that changes."""
        buttons = [self.send, self.stop, self.again, self.undo, self.clear]
        return [self.thread, self.identity, self.changes, self.chat, self.box, *buttons, self.plain, self.keep, self.edited_which]

    def unchanged(self) -> Updates:
        """Return updates that change nothing: Gradio wants one at least."""
        return {self.send: gr.skip()}

    def begun(self) -> Updates:
        """Return what shows that an answer is on its way, and takes away what has to wait for its end."""
        waiting = (self.again, self.undo, self.clear, self.plain)
        return {self.send: gr.update(visible="hidden"), self.stop: gr.update(visible=True)} | {control: gr.update(interactive=False) for control in waiting}

    def ended(self) -> Updates:
        """Return what shows that no answer is on its way any more."""
        return {self.send: gr.update(visible=True), self.stop: gr.update(visible="hidden"), self.plain: gr.update(interactive=True)}

    def show(self, thread: Thread, look: Look) -> Updates:
        """Return what shows a conversation whose last answer has ended, if there is any."""
        turns = thread.turns
        return {
            self.thread: thread,
            self.changes: next(_changes),
            self.chat: whole(thread, look),
            self.again: gr.update(interactive=bool(turns), value=look.words("Retry") if turns and turns[-1].failure else look.words("Regenerate")),
            self.undo: gr.update(interactive=bool(turns)),
            self.clear: gr.update(interactive=bool(turns)),
        }

    def edit(self, question: str, at: int, words: Words) -> Updates:
        """Return what puts a question into the box, to be asked anew."""
        return {self.box: question, self.keep: gr.update(visible=True), self.edited_which: words("Editing question {number}", number=at + 1)}

    def give_back(self, draft: str) -> Updates:
        """Return what ends editing: `draft` was in the box before."""
        return {self.box: draft} | self.not_edited()

    def not_edited(self) -> Updates:
        """Return what shows that no question is edited."""
        return {self.keep: gr.update(visible="hidden")}

    def turn_to(self, thread: Thread, look: Look) -> Any:
        """Return what shows a conversation in another look."""
        # In plain text the copy button would copy what stands for the signs that HTML reads: there, text is selected.
        buttons = [] if look.plain else ["copy"]
        return gr.update(value=whole(thread, look), render_markdown=not look.plain, latex_delimiters=[] if look.plain else LATEX, buttons=buttons)
