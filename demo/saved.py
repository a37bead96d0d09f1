"""Kept conversations as JSON: what stands in a browser's storage, and in the files that are exported and imported.

The classes here are the format, version 1. Whatever a browser or a file holds may be anybody's: what is not of this form is refused with a sentence, before
much memory goes into it. HTML is never read from it.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from demo.language import ENGLISH, Words, mark
from demo.shelf import Gone, Saved, Shelf, shelf_of
from demo.thread import BEGINNING, Node, Thread
from demo.turns import Call, Turn

ROOM_BYTES = 3 * 1024 * 1024
"""How much is kept, as `size_bytes` has it: browsers allow a page 5 Mi characters, and Gradio's encryption makes 4 of 3 bytes."""
CONVERSATIONS = 5_000
"""So many are kept, and read from a file."""
VERSION = 1
TURNS = 2_000
"""Of one conversation."""
YEAR_10000_MS = 253_402_300_800_000


class CannotKeep(ValueError):
    """Conversations cannot be read, or kept; the message is a sentence.

    Args:
        text: The sentence, marked, with places for `values`; one of these may be another `CannotKeep`.
    """

    def __init__(self, text: str, **values: object) -> None:
        self._text = text
        self._values = values
        super().__init__(self.said(ENGLISH))

    def said(self, words: Words) -> str:
        """Return the sentence in a reader's words."""
        return words(self._text, **{name: value.said(words) if isinstance(value, CannotKeep) else value for name, value in self._values.items()})


Form = TypeVar("Form", bound=BaseModel)
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Moment = Annotated[int, Field(ge=0, lt=YEAR_10000_MS)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Call(_Strict):
    name: str
    arguments: str = ""


class _Turn(_Strict):
    """A turn and behind which other it stands; what shows a picture or a sound is not among its members, since that is gone with its tape."""

    before: int = BEGINNING
    question: str
    answer: str = ""
    status: str = ""
    failure: str | None = None
    reasoning: str = ""
    thought_s: Annotated[float, Field(allow_inf_nan=False)] | None = None
    calls: Annotated[list[_Call], FailFast()] = []
    liked: bool | None = None


_MEMBERS = [(field.name, field.default) for field in fields(Turn) if field.name in _Turn.model_fields]
"""Those of a turn that are written, with what is left out."""


class _Conversation(_Strict):
    id: Id
    changed_ms: Moment
    title: str = ""
    end: int = BEGINNING
    turns: Annotated[list[_Turn], Field(max_length=TURNS), FailFast()]


class _Gone(_Strict):
    id: Id
    at_ms: Moment


class _Conversations(_Strict):
    streamtwin: Literal["conversations"]
    version: Literal[1]
    conversations: Annotated[list[Any], Field(max_length=CONVERSATIONS)]
    """Each a `_Conversation`, which are read one by one: other threads have their turn between them."""
    deleted: Annotated[list[_Gone], FailFast()] = []


def encode(shelf: Shelf) -> str:
    """Return a shelf as JSON on one line."""
    return _json({"conversations": list(map(_conversation, shelf.saved)), "deleted": shelf.gone})


def export(*saved: Saved) -> str:
    """Return conversations as the JSON of a file, which `decode` reads."""
    return _json({"conversations": list(map(_conversation, saved))}, orjson.OPT_INDENT_2)


def decode(text: str) -> Shelf:
    """Return the shelf that `encode` or `export` wrote; an empty one for no text. Raises CannotKeep."""
    if not text:
        return Shelf()
    try:
        members = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CannotKeep(mark("This is no whole JSON: {error}."), error=error) from error
    kept = _checked(_Conversations, members)
    saved = (_saved(_checked(_Conversation, one, "conversations", at)) for at, one in enumerate(kept.conversations))
    return shelf_of(saved, (Gone(mark.id, mark.at_ms) for mark in kept.deleted))


def size_bytes(text: str) -> int:
    """Return how much a browser stores for `text`, which it writes as JSON once more."""
    return len(orjson.dumps(text))


def _json(members: dict[str, Any], option: int = 0) -> str:
    members = {"streamtwin": "conversations", "version": VERSION, **members}
    try:
        return orjson.dumps(members, option=option).decode()
    except orjson.JSONEncodeError:  # half a character, which no file and no socket takes
        whole = json.dumps(members, ensure_ascii=False, default=_members).encode(errors="replace")
        return orjson.dumps(orjson.loads(whole), option=option).decode()


def _members(record: Call | Gone) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _conversation(saved: Saved) -> dict[str, Any]:
    turns = list(map(_turn, saved.thread.nodes))
    return {"id": saved.id, "changed_ms": saved.changed_ms, "title": saved.title, "end": saved.thread.end, "turns": turns}


def _turn(node: Node) -> dict[str, Any]:
    members = {"before": node.before} if node.before != BEGINNING else {}
    return members | {name: value for name, default in _MEMBERS if (value := getattr(node.turn, name)) != default}


def _saved(kept: _Conversation) -> Saved:
    nodes = tuple(_node(place, turn) for place, turn in enumerate(kept.turns))
    if not BEGINNING <= kept.end < len(nodes):
        raise CannotKeep(mark("A conversation of {n} turns ends at turn {end}."), n=len(nodes), end=kept.end)
    return Saved(kept.id, Thread(nodes, kept.end), kept.changed_ms, kept.title)


def _node(place: int, kept: _Turn) -> Node:
    if not BEGINNING <= kept.before < place:
        raise CannotKeep(mark("Turn {n} of a conversation stands behind turn {before}, expected an earlier one."), n=place, before=kept.before)
    members = dict(kept)
    del members["before"]
    return Node(Turn(**members | {"calls": tuple(Call(call.name, call.arguments) for call in kept.calls)}), kept.before)


def _checked(form: type[Form], members: Any, *where: str | int) -> Form:
    """Return what is of a form; raises CannotKeep.

    Args:
        where: The place of `members` in the text.
    """
    try:
        return form.model_validate(members)
    except ValidationError as error:
        raise _refusal(error, where) from error


def _refusal(error: ValidationError, place: tuple[str | int, ...]) -> CannotKeep:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["loc"] == ("version",) and first["type"] == "literal_error":
        return CannotKeep(mark("These conversations are of another version of this page; this one reads version {version}."), version=VERSION)
    where = ".".join(map(str, (*place, *first["loc"]))) or "$"
    return CannotKeep(mark("These are no conversations of this page: {where}: {error}."), where=where, error=first["msg"])
