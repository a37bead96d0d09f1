"""What the tabs about single answers share: a list of a page's answers, and an area that shows HTML of our own making."""

from __future__ import annotations

import gradio as gr

from demo.tape import Tape

QUESTION_CHARACTERS = 48
"""So much of its question names an answer in a list."""


def label(tape: Tape) -> str:
    """Return what an answer is called in a list."""
    question = " ".join(tape.request.messages[-1].content.split())
    again = f" ↻ {tape.again}" if tape.again else ""
    return f"{tape.number}{again} · {question[:QUESTION_CHARACTERS]}{'…' * (len(question) > QUESTION_CHARACTERS)} · {tape.request.endpoint.name}"


def choices(tapes: tuple[Tape, ...]) -> list[tuple[str, int]]:
    """Return a page's answers for a list, newest first."""
    return [(label(tape), tape.number) for tape in reversed(tapes)]


def html_area(value: str, elem_id: str, *, visible: bool = True) -> gr.Markdown:
    """Return what shows HTML of a single line as it is; `gr.HTML` evaluates templates, which the page's content security policy forbids."""
    return gr.Markdown(value, sanitize_html=False, latex_delimiters=[], elem_id=elem_id, visible=visible)
