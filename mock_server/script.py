"""Scripts: the answers that the twin knows, each a JSON file whose stem is the script's name.

{"prompts": ["what is life"],           the questions that it answers, if any
 "reasoning": "a string or lines",      what the model thinks first, if it does
 "text": ["a line", "the next line"],   or one string; or "tokens": ["a", {"text": "b", "id": 7, "logprob": -0.5, "special": false}]
 "tool_calls": [{"name": "clock", "arguments": {"zone": "UTC"}}],   the calls that the model makes, if any,
 "then": "the-time",                    and the script that answers once they have a result, and where there are no tools
 "finish_reason": "eos_token",          if left out; or "length", "stop_sequence"
 "end": {"text": "</s>", "id": 2}}      the special token behind an "eos_token" answer; if left out, that of the endpoint's family

A model writes its thoughts between <think> and </think> (DeepSeek R1, Qwen 3) and its calls as JSON between <tool_call> and </tool_call> (Hermes, Qwen): a
container without parsers for them passes these tokens on as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from mock_server.questions import MAX_READ_CHARACTERS, last_turn, normalize
from mock_server.tokenizer import split_text, token_id, token_logprob

FinishReason: TypeAlias = Literal["eos_token", "length", "stop_sequence"]
"""As text-generation-inference and LMI spell it."""

FOLDER = Path(__file__).with_name("scripts")
"""The scripts that come with the twin."""
FALLBACK = "fallback"
"""The script that answers what no other one does."""

Role: TypeAlias = Literal["text", "reasoning", "call", "arguments", "mark"]
"""What a token is part of: the answer, what the model thinks, the opening of a tool call, its arguments, or a mark around these."""

_FINISH_REASONS: tuple[FinishReason, ...] = get_args(FinishReason)
THINK, THOUGHT = "<think>\n", "\n</think>\n\n"
CALL, CALLED = '<tool_call>\n{"name": %s, "arguments": ', "}\n</tool_call>"

ENDS: Mapping[str, tuple[str, int]] = {
    "falcon": ("<|endoftext|>", 11),
    "llama2": ("</s>", 2),
    "llama3": ("<|eot_id|>", 128009),
    "mistral": ("</s>", 2),
    "chatml": ("<|im_end|>", 151645),
    "rinna": ("</s>", 3),
}
"""The end token of each family's models, text and id, from their tokenizers' published configuration; other families have Falcon's."""


class ScriptError(ValueError):
    """A script cannot be used; the message names the file, the member, what was expected and what came."""

    def __init__(self, where: str, expected: str, came: object) -> None:
        super().__init__(f"{where}: expected {expected}, got {came!r:.80}")


@dataclass(frozen=True, slots=True)
class ScriptToken:
    """One token of an answer."""

    text: str
    """Empty where the token holds only a part of a character."""
    id: int
    logprob: float = field(hash=False)
    """Natural logarithm of the token's probability."""
    special: bool = field(default=False, hash=False)
    """A mark of the model's, no text of the answer."""
    role: Role = field(default="text", hash=False)
    name: str = field(default="", hash=False)
    """The tool that a `call` opens."""


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """One scripted answer; equal to itself alone, so that what containers make of its tokens is kept by it at no cost."""

    name: str
    prompts: tuple[str, ...]
    tokens: tuple[ScriptToken, ...]
    finish_reason: FinishReason = "eos_token"
    then: str | None = None
    """The script that answers in its place once its tool calls have a result, and where there are no tools."""
    questions: tuple[str, ...] = field(init=False)
    """Its prompts, normalised."""

    def __post_init__(self) -> None:
        """Normalise once what every request is compared with."""
        object.__setattr__(self, "questions", tuple(map(normalize, self.prompts)))

    @property
    def text(self) -> str:
        """What a container without parsers passes on: the tokens joined, special ones left out."""
        return "".join(token.text for token in self.tokens if not token.special)

    @property
    def answer(self) -> str:
        """What a person reads: the text without thoughts and calls."""
        return "".join(token.text for token in self.tokens if token.role == "text" and not token.special)


def find_script(scripts: Mapping[str, Script], prompt: str) -> Script:
    """Return the script that answers `prompt`: a bare question, or a whole chat in a model's template.

    Only the user's last turn counts, if the template shows where it begins. The script wins whose question ends last in it, and of several that end there
    the longest. A question matches as whole words, whatever its case, spacing and punctuation. Where no question is found, the script is `fallback`.
    """
    asked = normalize(last_turn(prompt[-MAX_READ_CHARACTERS:]))
    best, found = (-1, 0), scripts[FALLBACK]
    for script in scripts.values():
        for question in script.questions:
            start = asked.rfind(question)
            if start >= 0 and (place := (start + len(question), len(question))) > best:
                best, found = place, script
    return found


def load_scripts(folder: Path, known: Mapping[str, Script] = MappingProxyType({}), family: str = "falcon") -> dict[str, Script]:
    """Return the scripts of `folder` by name, together with those of `known` that it does not replace by others of the same name.

    `family` is the models' that answer, whose end token they have.

    Raises:
        ScriptError: There is no such folder, a file cannot be used, two scripts answer the same question, or none is named `fallback`.
    """
    if not folder.is_dir():
        raise ScriptError(str(folder), "a folder of script files", "none")
    scripts = {**known, **{path.stem: _load_script(path, family) for path in sorted(folder.glob("*.json"))}}
    if FALLBACK not in scripts:
        raise ScriptError(str(folder), f"a file {FALLBACK}.json, which answers every other prompt", sorted(scripts))
    answered: dict[str, str] = {}
    for script in scripts.values():
        for prompt, question in zip(script.prompts, script.questions, strict=True):
            other = answered.setdefault(question, script.name)
            if other != script.name:
                raise ScriptError(f"{script.name}.json: prompts", f"questions that {other}.json does not answer too", prompt)
    for script in scripts.values():
        if script.then and (script.then not in scripts or scripts[script.then].then):
            raise ScriptError(f"{script.name}.json: then", "a script that calls no tool", script.then)
    return scripts


def _load_script(path: Path, family: str) -> Script:
    try:
        members = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ScriptError(path.name, "a JSON file", str(error)) from error
    _check(members, _SCRIPT_MEMBERS, path.name)
    if ("text" in members) == ("tokens" in members):
        raise ScriptError(path.name, "either text or tokens", sorted(members))
    if ("tool_calls" in members) != ("then" in members):
        raise ScriptError(path.name, "tool_calls and then together", sorted(members))
    finish_reason = members.get("finish_reason", "eos_token")
    if "end" in members and finish_reason != "eos_token":
        raise ScriptError(f"{path.name}: end", f"none, as the finish_reason is {finish_reason}", members["end"])
    tokens = list(_read_tokens(members, path.name))
    if finish_reason == "eos_token":
        end = members.get("end") or dict(zip(("text", "id"), ENDS.get(family, ENDS["falcon"]), strict=True))
        tokens.append(_token({"special": True} | end, len(tokens), f"{path.name}: end"))
    if not tokens:
        raise ScriptError(path.name, "a token or more", tokens)
    return Script(path.stem, tuple(members.get("prompts", ())), tuple(tokens), finish_reason, members.get("then"))


def _read_tokens(members: dict[str, Any], where: str) -> Iterator[ScriptToken]:
    """Yield what the model generates: thoughts, the answer, tool calls."""
    if "reasoning" in members:
        yield from _split(THINK, "mark")
        yield from _split(members["reasoning"], "reasoning")
        yield from _split(THOUGHT, "mark")
    yield from _split(members["text"]) if "text" in members else _listed(members["tokens"], f"{where}: tokens")
    for call in members.get("tool_calls", ()):
        opening = CALL % json.dumps(call["name"])
        data = opening.encode()
        yield ScriptToken(opening, token_id(data), token_logprob(data, 0), role="call", name=call["name"])
        yield from _split(json.dumps(call["arguments"], ensure_ascii=False), "arguments")
        yield from _split(CALLED, "mark")


def _split(text: str | list[str], role: Role = "text") -> Iterator[ScriptToken]:
    whole = text if isinstance(text, str) else "\n".join(text)
    for position, piece in enumerate(split_text(whole)):
        yield ScriptToken(piece.text, token_id(piece.data), token_logprob(piece.data, position), role=role)


def _listed(tokens: list[Any], where: str) -> Iterator[ScriptToken]:
    for position, token in enumerate(tokens):
        yield _token({"text": token} if isinstance(token, str) else token, position, f"{where}[{position}]")


def _token(members: dict[str, Any], position: int, where: str) -> ScriptToken:
    _check(members, _TOKEN_MEMBERS, where)
    if "text" not in members:
        raise ScriptError(where, "a member text", members)
    data = members["text"].encode()
    return ScriptToken(**({"id": token_id(data), "logprob": token_logprob(data, position)} | members))


_Rule: TypeAlias = tuple[str, Callable[[Any], bool]]
"""What is expected of a member, in words and as a test."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can spell one, UTF-8 cannot


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _LONE_SURROGATE.search(value)


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"name", "arguments"} and _is_text(value["name"]) and isinstance(value["arguments"], dict)


def _is_list(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(fits, value))


_SCRIPT_MEMBERS: Mapping[str, _Rule] = {
    "prompts": ("a list of questions, a word or more each", lambda value: _is_list(value, lambda prompt: _is_text(prompt) and not normalize(prompt).isspace())),
    "reasoning": ("a string or a list of lines", lambda value: _is_text(value) or _is_list(value, _is_text)),
    "text": ("a string or a list of lines", lambda value: _is_text(value) or _is_list(value, _is_text)),
    "tool_calls": ("a list of objects with a name and arguments, an object", lambda value: _is_list(value, _is_call) and bool(value)),
    "then": ("the name of a script", _is_text),
    "tokens": ("a list", lambda value: isinstance(value, list)),
    "finish_reason": (f"one of {', '.join(_FINISH_REASONS)}", lambda value: value in _FINISH_REASONS),
    "end": ("an object", lambda value: isinstance(value, dict)),
}
_TOKEN_MEMBERS: Mapping[str, _Rule] = {
    "text": ("a string", _is_text),
    "id": ("an integer, 0 or more", lambda value: type(value) is int and value >= 0),
    "logprob": ("a number from -1000 to 0", lambda value: type(value) in (int, float) and -1000 <= value <= 0),
    "special": ("true or false", lambda value: isinstance(value, bool)),
}


def _check(members: Any, rules: Mapping[str, _Rule], where: str) -> None:
    if not isinstance(members, dict):
        raise ScriptError(where, "an object", members)
    for name, value in members.items():
        if name not in rules:
            raise ScriptError(f"{where}: {name}", f"one of the members {', '.join(rules)}", value)
        expected, fits = rules[name]
        if not fits(value):
            raise ScriptError(f"{where}: {name}", expected, value)
