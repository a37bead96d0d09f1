"""What a parser made of a case, held against what is right."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, Self, TypeAlias

from mock_server.contract.case import Case, Outcome
from mock_server.contract.worker import KEPT_CHARACTERS

Ended: TypeAlias = Literal["end", "raised", "hang", "died", "mistake"]
"""How a parser ended. `mistake`: it gave what is no text."""

RESULTS: Mapping[str, str] = {
    "pass": "as it is right",
    "lost": "a part of the text is missing",
    "wrong": "other text than is right",
    "swallowed": "an error was taken for an end",
    "hang": "it did not end in time",
    "died": "its process died",
}
"""What a result means; any other is the name of the exception that was raised."""

ACCIDENTS = frozenset(
    f"builtins.{name}"
    for name in ("KeyError", "IndexError", "TypeError", "AttributeError", "NameError", "AssertionError", "RecursionError", "MemoryError", "StopIteration")
)
"""Exceptions that no parser raises on purpose."""
DECODING = frozenset({"json.decoder.JSONDecodeError", "builtins.UnicodeError"})
"""Exceptions that say of an error only that it was not understood."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, of which a long one is known by its length, its hash and its head."""

    length: int = 0
    sha256: str = ""
    """Of its UTF-8; empty where `head` is all of it."""
    head: str = ""
    tail: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what is kept of a text."""
        if len(text) <= KEPT_CHARACTERS:
            return cls(len(text), "", text)
        return cls(len(text), sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), text[:KEPT_CHARACTERS], text[-1024:])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a parser made of a stream."""

    ended: Ended
    text: Text = Text()
    error: str = ""
    """The exception's name, or what a process died of."""
    names: tuple[str, ...] = ()
    """The full names of the exception's class and of its bases."""
    says: str = ""
    """The exception's text, and that of those it came from."""
    where: str = ""
    """The parser's line that raised, or where it was when its time was up."""
    takes_type: bool = False
    """Whether the parser is given the content type."""

    def describe(self) -> str:
        """Return how it ended, in words."""
        at = f", in {self.where}" if self.where else ""
        return {
            "end": "ended",
            "raised": f"{self.error}: {self.says}{at}",
            "hang": f"did not end{at}",
            "died": f"its process died: {self.error}",
            "mistake": self.says,
        }[self.ended]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of an answer."""

    result: str
    """One of `RESULTS`, or the name of an exception."""
    detail: str = ""
    """What the result alone does not say."""

    @property
    def passed(self) -> bool:
        """Whether the parser did right."""
        return self.result == "pass"


PASS = Verdict("pass")


def read_answer(reply: Mapping[str, Any]) -> Answer:
    """Return the answer that a worker sent."""
    names = tuple(reply.get("names", ()))
    error = names[0].rpartition(".")[2] if names else ""
    told = reply["text"]
    text = Text(told["length"], told["sha256"], *(b64decode(told[name]).decode("utf-8", "surrogatepass") for name in ("head", "tail")))
    return Answer(reply["ended"], text, error, names, reply.get("says", ""), reply.get("where", ""))


def judge(case: Case, answer: Answer) -> Verdict:
    """Return what is to be said of what a parser made of a case."""
    verdicts = [_hold(answer, outcome) for outcome in (case.right, *case.also)]
    return next((verdict for verdict in verdicts if verdict.passed), verdicts[0])


def _hold(answer: Answer, outcome: Outcome) -> Verdict:
    if answer.ended in {"hang", "died"}:
        return Verdict(answer.ended, answer.describe())
    if answer.ended == "mistake":
        return Verdict("wrong", answer.says)
    if answer.ended == "raised" and (outcome.error is None or is_accident(answer.names, answer.says, outcome.error)):
        return Verdict(answer.error, answer.describe())
    text = hold_text(answer.text, outcome.text)
    if text != "pass":
        return Verdict(text, answer.describe() if answer.ended == "raised" else "")
    if outcome.error and answer.ended == "end":
        return Verdict("swallowed")
    if outcome.says and outcome.says not in answer.says:
        return Verdict(answer.error, f"it says {answer.says!r:.200}, which does not hold {outcome.says!r}")
    return PASS


def is_accident(names: Sequence[str], says: str, due: str) -> bool:
    """Return whether an exception, by the full names of its classes and what it says, tells nothing of the error that is due."""
    by_chance = names[0].startswith("builtins.") and not ACCIDENTS.isdisjoint(names)  # what derives from one of these is meant
    not_understood = due == "interrupted" and not DECODING.isdisjoint(names)
    out_of_a_generator = names[0] == "builtins.RuntimeError" and says.partition(" < ")[0].endswith("generator raised StopIteration")
    return by_chance or not_understood or out_of_a_generator or "builtins.Exception" not in names


def hold_text(got: Text, right: str) -> Literal["pass", "lost", "wrong"]:
    """Return whether a text is right, lacks something, or is another."""
    if got == Text.of(right):
        return "pass"
    return "lost" if got.length < len(right) and _is_within(got.head, right) else "wrong"


def _is_within(text: str, whole: str) -> bool:
    place = 0
    for character in text:
        place = whole.find(character, place) + 1
        if not place:
            return False
    return True
