"""A chat as the prompt that a model family was trained on, as a table: `FAMILIES`.

Source of a template: the `chat_template` in the `tokenizer_config.json` of the family's instruct models on the Hugging Face Hub.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backends.chat import ChatMessage
from backends.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is given."""

    text: str
    stop: tuple[str, ...] = ()
    """Where the model should stop, because it would go on with the other side's turn."""


@dataclass(frozen=True, slots=True)
class Family:
    """Models that were trained on one form of a chat."""

    render: Callable[[Sequence[ChatMessage]], Prompt]
    end_strings: tuple[str, ...] = ()
    """How the family's end marks look where a container lets them through; no text that a person should read."""


def family(name: str) -> Family:
    """Return the family called `name`.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        return FAMILIES[name]
    except KeyError:
        raise ConfigurationError(f"unknown model family {name!r}, expected one of: {', '.join(sorted(FAMILIES))}") from None


def _render_falcon(messages: Sequence[ChatMessage]) -> Prompt:
    """Falcon 7B and 40B instruct; a system prompt stands in front of the first turn."""
    return Prompt("".join(map(_falcon_turn, messages)) + "\n\nAssistant:", stop=("\nUser:",))


def _falcon_turn(message: ChatMessage) -> str:
    """As the template has it: only turns lose blank lines, and of three newlines in a row two are left."""
    content = message.content.strip()
    if message.role == "system":
        return content
    return f"\n\n{message.role.title()}: " + content.replace("\r\n", "\n").replace("\n\n", "\n")


def _render_plain(messages: Sequence[ChatMessage]) -> Prompt:
    """A lone question goes out as it is, as base models and the SageMaker examples have it; more than that becomes a transcript."""
    if len(messages) == 1 and messages[0].role == "user":
        return Prompt(messages[0].content)
    names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
    turns = (names[message.role] + message.content for message in messages)
    return Prompt("\n".join((*turns, "Assistant:")), stop=("\nUser:",))


FAMILIES: dict[str, Family] = {
    "falcon": Family(_render_falcon, end_strings=("<|endoftext|>",)),
    "plain": Family(_render_plain, end_strings=("<|endoftext|>",)),
}
"""Name -> family. A new one is a row, and its renderer if its form is new."""
