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
    """Yield the text that the events' data carries, of the first choice, up to `[DONE]`."""
    for data in events:
        if data == "[DONE]":
            return
        if data:
            yield from _pieces(json.loads(data))


def _pieces(frame: Mapping[str, Any]) -> Iterator[Piece]:
    if token := frame.get("token"):
        yield Piece(token.get("text") or "", bool(token.get("special")))
    for choice in frame.get("choices", ())[:1]:
        yield Piece(choice.get("delta", {}).get("content") or choice.get("text") or "")
