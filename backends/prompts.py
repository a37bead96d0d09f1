"""A chat as the prompt that a model family was trained on, as a table: `FAMILIES`.

Source of a template: the `chat_template` in the `tokenizer_config.json` of the family's instruct models on the Hugging Face Hub; of rinna's, which have
none, the description on their page. The mark at the very beginning (`<s>`, `<|begin_of_text|>`) is left out: a container's tokenizer puts it there.
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


def _render_llama2(messages: Sequence[ChatMessage]) -> Prompt:
    """Llama 2 chat; a system prompt stands in the first turn of the user's."""
    system, turns = _split_system(messages)
    return Prompt(_instructions(f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system else "", turns, answer=" {} </s>", again="<s>"))


def _render_mistral(messages: Sequence[ChatMessage]) -> Prompt:
    """Mistral 7B instruct 0.2 and its like; a system prompt is the first paragraph of the user's first turn."""
    system, turns = _split_system(messages)
    return Prompt(_instructions(f"{system}\n\n" if system else "", turns, answer=" {}</s>", again=""))


def _instructions(system: str, turns: Sequence[ChatMessage], *, answer: str, again: str) -> str:
    """Return turns of which the user's stand between [INST] and [/INST], `again` in front of all but the first of them."""
    text, before = "", system
    for message in turns:
        if message.role == "user":
            text += f"{again if text else ''}[INST] {(before + message.content).strip()} [/INST]"
            before = ""
        else:
            text += answer.format(message.content.strip())
    return text


def _render_llama3(messages: Sequence[ChatMessage]) -> Prompt:
    """Llama 3 instruct."""
    turns = (f"<|start_header_id|>{message.role}<|end_header_id|>\n\n{message.content.strip()}<|eot_id|>" for message in messages)
    return Prompt("".join((*turns, "<|start_header_id|>assistant<|end_header_id|>\n\n")), stop=("<|eot_id|>",))


def _render_chatml(messages: Sequence[ChatMessage]) -> Prompt:
    """ChatML: Qwen 2 and 2.5, Hermes and others."""
    turns = (f"<|im_start|>{message.role}\n{message.content}<|im_end|>\n" for message in messages)
    return Prompt("".join((*turns, "<|im_start|>assistant\n")), stop=("<|im_end|>",))


def _render_rinna(messages: Sequence[ChatMessage]) -> Prompt:
    """Rinna's instruction models; they know no line ends, and no system prompt but as a first sentence of the user's."""
    system, turns = _split_system(messages)
    names = {"user": "ユーザー: ", "assistant": "システム: "}
    lines = [names[message.role] + message.content for message in turns]
    if system and lines:
        lines[0] = lines[0].replace(": ", f": {system}\n", 1)
    return Prompt("\n".join((*lines, names["assistant"])).replace("\n", "<NL>"), stop=("ユーザー:",))


def _split_system(messages: Sequence[ChatMessage]) -> tuple[str, Sequence[ChatMessage]]:
    """Return what the system messages say, and the other ones."""
    system = "\n\n".join(message.content.strip() for message in messages if message.role == "system")
    return system, [message for message in messages if message.role != "system"]


FAMILIES: dict[str, Family] = {
    "falcon": Family(_render_falcon, end_strings=("<|endoftext|>",)),
    "llama2": Family(_render_llama2, end_strings=("</s>",)),
    "llama3": Family(_render_llama3, end_strings=("<|eot_id|>", "<|end_of_text|>")),
    "mistral": Family(_render_mistral, end_strings=("</s>",)),
    "chatml": Family(_render_chatml, end_strings=("<|im_end|>", "<|endoftext|>")),
    "rinna": Family(_render_rinna, end_strings=("</s>",)),
    "plain": Family(_render_plain, end_strings=("<|endoftext|>",)),
}
"""Name -> family. A new one is a row, and its renderer if its form is new."""
