"""The page as an address sets it, and the address of the page as it is set."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import gradio as gr

from demo.answers import html_area
from demo.chat import ChatTab
from demo.desk import CONTAINER, SAGEMAKER, Desk
from demo.labels import label, words_of
from demo.language import Words
from demo.link import Field, Link, encode_link, parse_link
from demo.panel import CUTS, FAULTS, NUMBERS, PROFILES, Panel

SHOWN_CHARACTERS = 80
"""So much of a wrong word is told."""
FRONTS = {"runtime": SAGEMAKER, "container": CONTAINER}


class LinkArea:
    """A button and the link that it makes; made inside a `gr.Blocks`.

    Args:
        notice: Where it is told what a link asks for and the page cannot do.
    """

    def __init__(self, desk: Desk, panel: Panel, chat: ChatTab, notice: gr.Markdown) -> None:
        self._controls = _controls(panel, chat)
        self._fields = {name: field for name, field in _fields(desk).items() if self._controls[name].visible}
        self._notice = notice
        self._made = count(1)
        with gr.Row(elem_id="link-row"):
            self._copy = gr.Button(label("Copy link"), size="sm", scale=0, elem_id="copy-link")
            self._link = html_area("", "link")
        self._wire()

    def _wire(self) -> None:
        controls = [self._controls[name] for name in self._fields]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        self._copy.click(self.make, set(controls), self._link, **quick)
        gr.on(None, self.open, None, [*controls, self._notice], **quick)

    async def open(self, request: gr.Request) -> dict[Any, Any]:
        """Set the page as its address asks."""
        link = parse_link(getattr(request, "query_params", {}).items(), self._fields)
        told = " ".join(_told(link, words_of(request)))
        notice = {self._notice: gr.update(value=f"<p class='failure' role='status'>{told}</p>", visible=True)} if told else {}
        return {self._controls[name]: value for name, value in link.values.items()} | notice or {self._notice: gr.skip()}

    async def make(self, values: Mapping[Any, Any], request: gr.Request) -> str:
        """Return the link to the page as it is set; the page's script copies it."""
        words = words_of(request)
        is_added = values[self._controls["endpoint"]] not in (self._fields["endpoint"].choices or {})
        fields = {name: field for name, field in self._fields.items() if not (is_added and name == "endpoint")}
        query = encode_link({name: values[self._controls[name]] for name in fields}, fields)
        # Relative to the page, under whatever path a proxy serves it; the number tells the script of a link that says what the last one said.
        address = f"<a href='?{html.escape(query)}' data-made='{next(self._made)}'>{words('This page as it is set now')}</a>"
        left_out = f"<br>{words('The endpoint that you added is not in the link, nor what only it is told.')}" if is_added else ""
        return f"<p class='figures'>{address} <span class='copied' hidden>{words('Copied')}</span>{left_out}</p>"


def _controls(panel: Panel, chat: ChatTab) -> dict[str, gr.components.Component]:
    """Return what a link can set, by the name that it has there."""
    return {
        "prompt": chat.box, "endpoint": panel.endpoint, "front": panel.front, "system": panel.system_prompt, **panel.numbers, "stop": panel.stop,
        "tools": panel.tools, "details": panel.details, "full_text": panel.full_text, "cut": panel.cut, "fault": panel.fault, "profile": panel.profile,
        "speed": panel.speed, "twin_seed": panel.twin_seed, "attributes": panel.attributes,
    }  # fmt: skip


def _fields(desk: Desk) -> dict[str, Field]:
    """Return how a link says each of them; what only a twin takes, where there is one."""
    names = [endpoint.name for endpoint in desk.endpoints]
    fields = {
        "prompt": Field(),
        "endpoint": Field(names[0], _same(names)),
        "front": Field(next(iter(desk.fronts)), {word: front for word, front in FRONTS.items() if front in desk.fronts}),
        "system": Field(),
        **{name: Field(value, is_number=True) for name, _, value in NUMBERS},
        "stop": Field(),
        "tools": Field(),
        "details": Field(default=True),
        "full_text": Field(default=False),
        "attributes": Field(),
    }
    twin = {
        "cut": Field(CUTS[0], _same(CUTS)),
        "fault": Field("", _same(fault for _, fault in FAULTS)),
        "profile": Field(PROFILES[0], _same(PROFILES)),
        "speed": Field("1", is_number=True),
        "twin_seed": Field("0", is_number=True),
    }
    return fields | (twin if desk.scripted else {})


def _same(words: Iterable[str]) -> dict[str, str]:
    return {word: word for word in words}


def _told(link: Link, words: Words) -> Iterator[str]:
    """Yield a sentence for each thing that a link asks for in vain; HTML."""
    for name in link.unknown:
        yield words("The link sets {name}, which this page does not know.", name=_code(name))
    for name, word in link.wrong:
        yield words("The link sets {name} to {value}, which it cannot be here; it stays as it was.", name=_code(name), value=_code(word))


def _code(text: str) -> str:
    short = " ".join(text[:SHOWN_CHARACTERS].split())
    return f"<code>{html.escape(short)}{'…' * (len(text) > SHOWN_CHARACTERS)}</code>"
