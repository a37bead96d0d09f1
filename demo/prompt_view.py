"""What an endpoint is told of a chat, as HTML: the prompt with its family's marks set apart, the strings that end the answer, and the body.

Which of a prompt's characters are the template's is found by the template itself: the same chat is rendered with other words in each message's place.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from backends.body import encode_body, prompt_of
from backends.chat import ChatMessage, ChatRequest
from backends.errors import BackendError
from backends.prompts import family
from demo.failures import sentence
from demo.language import ENGLISH, Words
from demo.wire_view import visible

_STAND_IN = "\ue000{}\ue001"
"""What stands for a message: characters that no template reads or changes."""


class Piece(NamedTuple):
    """Some of a prompt."""

    text: str
    is_template: bool
    """Whether the template put it there; else it is a message's, as the template leaves it."""


def pieces(messages: Sequence[ChatMessage], name: str) -> list[Piece]:
    """Return the prompt of a chat for the family `name`, in pieces; as one piece of text where a message's place cannot be told.

    Raises:
        ConfigurationError: There is no such family.
    """
    render = family(name).render
    whole, marks = render(messages).text, [_STAND_IN.format(number) for number in range(len(messages))]
    others = [replace(message, content=mark) for message, mark in zip(messages, marks, strict=True)]
    template = re.split("\ue000\\d+\ue001", render(others).text)
    said = [_place(render([*others[:at], message, *others[at + 1 :]]).text, template, marks, at) for at, message in enumerate(messages)]
    found = [Piece(template[0], is_template=True)]
    for text, behind in zip(said, template[1:], strict=False):
        found += [Piece(text, is_template=False), Piece(behind, is_template=True)]
    return [piece for piece in found if piece.text] if "".join(piece.text for piece in found) == whole else [Piece(whole, is_template=False)]


def _place(text: str, template: Sequence[str], marks: Sequence[str], at: int) -> str:
    """Return what stands at `at` in a prompt in which all the other messages are stand-ins."""
    before = "".join(piece + mark for piece, mark in zip(template, marks[:at], strict=False)) + "".join(template[at : at + 1])
    behind = "".join(template[at + 1 : at + 2]) + "".join(mark + piece for mark, piece in zip(marks[at + 1 :], template[at + 2 :], strict=False))
    return text[len(before) : len(text) - len(behind)]


def prompt_view(request: ChatRequest, words: Words = ENGLISH) -> str:
    """Return what `request` tells its endpoint, as HTML of a single line."""
    try:
        body = json.dumps(json.loads(encode_body(request, stream=True)), ensure_ascii=False, indent=2)
        shown = "".join(_piece(piece) for piece in pieces(request.messages, request.endpoint.family))
    except BackendError as error:
        return f"<p class='failure'>{html.escape(' '.join(sentence(error, words=words).split()))}</p>"
    prompt = f"<div class='sent' tabindex='0' role='group' aria-label='{html.escape(words('Prompt'))}'>{shown}</div>"
    details = f"<details><summary>{words('Body')}</summary><div class='sent'>{_lines(body, '')}</div></details>"
    return f"<p>{_lead(request, words)}</p>{prompt}<p>{_stops(request, words)}</p>{details}"


def _lead(request: ChatRequest, words: Words) -> str:
    name = f"<b>{html.escape(request.endpoint.family)}</b>"
    if request.endpoint.accepts == "inputs":
        return words("This prompt is sent, as the template of the family {family} makes it. What is marked is the template’s.", family=name)
    return words("The messages are sent; of them the container makes the prompt, by the template of the family {family} this one.", family=name)


def _piece(piece: Piece) -> str:
    text = _lines(piece.text, "<i class='sign'>LF</i>")
    return f"<mark>{text}</mark>" if piece.is_template else text


def _lines(text: str, sign: str) -> str:
    """Return `text` as HTML in which everything can be seen; `sign` stands at a line's end."""
    return visible(text.encode(errors="replace")).replace("<i class='sign'>LF</i>", f"{sign}<br>")


def _stops(request: ChatRequest, words: Words) -> str:
    stops = dict.fromkeys((*prompt_of(request).stop, *request.parameters.stop))
    listed = " ".join(f"<code>{visible(stop.encode(errors='replace'))}</code>" for stop in stops)
    return words("Sent with it, where the answer shall stop: {strings}", strings=listed) if stops else words("No stop strings are sent with it.")
