"""The text of an event's data, for libraries that know server-sent events and nothing of models: what is judged then is their framing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """A token's text, and whether it is no part of what a person reads."""

    text: str
    special: bool = False


def read_members(events: Iterable[str]) -> Iterator[Piece]:
    """Yield the text that the events' data carries, of choice 0, up to `[DONE]`."""
    for data in events:
        if data == "[DONE]":
            return
        if data:
            yield from _pieces(json.loads(data))


def said_in(chunk: Any) -> str:
    """Return the text that a library's chunk object has: that of choice 0, of its delta or its own; whatever is left out or null is none."""
    choice = next((choice for choice in getattr(chunk, "choices", None) or () if _is_first(choice, chunk)), None)
    return getattr(getattr(choice, "delta", choice), "content", None) or getattr(choice, "text", None) or ""


def _is_first(choice: Any, chunk: Any) -> bool:
    """Return whether a choice is choice 0; TGI before 1.4.4 has the token's number there, which its `object` tells."""
    return not getattr(choice, "index", 0) or (hasattr(choice, "delta") and getattr(chunk, "object", None) == "text_completion")


def _pieces(frame: Mapping[str, Any]) -> Iterator[Piece]:
    if token := frame.get("token"):
        yield Piece(token.get("text") or "", bool(token.get("special")))
    for choice in frame.get("choices") or ():
        if not choice.get("index"):
            yield Piece((choice.get("delta") or {}).get("content") or choice.get("text") or "")
