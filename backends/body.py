"""A chat request as the JSON that its endpoint takes, checked before anything is sent.

`inputs`: `{"inputs": prompt, "parameters": {..}}`, as LMI and TGI generate take it. `messages`: OpenAI's chat completions, which all of them take.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backends.chat import ChatRequest, Parameters
from backends.errors import ConfigurationError
from backends.prompts import Prompt, family

CUSTOM_ATTRIBUTES_CHARACTERS = 1024
STOP_CHARACTERS = 200
"""A stop string is a mark or a line; how many of them a container takes is its own to say (TGI: 4)."""
_VISIBLE_ASCII = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a parameter may be."""

    kinds: tuple[type, ...]
    words: str
    holds: Callable[[Any], bool]


BOUNDS: dict[str, Bound] = {
    "max_new_tokens": Bound((int,), "a whole number, at least 1 and below 2^32", lambda value: 1 <= value < 2**32),
    "temperature": Bound((int, float), "a finite number, 0 or more", lambda value: 0 <= value <= sys.float_info.max),
    "top_p": Bound((int, float), "a number over 0 and up to 1", lambda value: 0 < value <= 1),
    "top_k": Bound((int,), "a whole number, at least 1 and below 2^31", lambda value: 1 <= value < 2**31),
    "repetition_penalty": Bound((int, float), "a finite number over 0", lambda value: 0 < value <= sys.float_info.max),
    "seed": Bound((int,), "a whole number, 0 or more and below 2^64", lambda value: 0 <= value < 2**64),
}
"""The upper ones of the whole numbers are those of TGI's types."""

_MESSAGES_NAMES = {"max_new_tokens": "max_tokens", "details": "logprobs"}
"""Our name of a parameter -> that of the `messages` shape, where it has another."""
_STOP_NAMES = ("stop", "stop_sequences")
"""How an `inputs` endpoint is told where to stop: TGI reads the first, LMI 0.23 the second, and either passes over the other."""


def encode_body(request: ChatRequest, *, stream: bool) -> bytes:
    """Return the body to send.

    Raises:
        ConfigurationError: A parameter is out of its bounds, there is no message, or the model's family is unknown.
    """
    if not request.messages:
        raise ConfigurationError("a chat request needs at least one message")
    check_parameters(request.parameters)
    body = _SHAPES[request.endpoint.accepts](request)
    if stream:
        body["stream"] = True
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")  # a lone surrogate is no text; a question mark is


def prompt_of(request: ChatRequest) -> Prompt:
    """Return the prompt that an `inputs` endpoint is sent; a `messages` endpoint renders its own and gets no stop strings of ours."""
    if request.endpoint.accepts == "messages":
        return Prompt("")
    return family(request.endpoint.family).render(request.messages)


def check_parameters(parameters: Parameters) -> None:
    """Check every parameter against `BOUNDS`, the stop strings against `STOP_CHARACTERS`, and that the tools are a list of objects.

    Raises:
        ConfigurationError: One is out of its bounds; names it, its value and the bounds.
    """
    for name, bound in BOUNDS.items():
        value = getattr(parameters, name)
        if value is not None and not _is_within(value, bound):
            raise ConfigurationError(f"{name} is {_shown(value)}, expected {bound.words}")
    _check_stop(parameters.stop)
    _tools(parameters.tools)


def check_custom_attributes(custom_attributes: str | None) -> None:
    """Check what becomes the header X-Amzn-SageMaker-Custom-Attributes.

    Raises:
        ConfigurationError: It is too long, or no header could carry it.
    """
    text = custom_attributes or ""
    if len(text) > CUSTOM_ATTRIBUTES_CHARACTERS:
        raise ConfigurationError(f"custom_attributes has {len(text)} characters, expected at most {CUSTOM_ATTRIBUTES_CHARACTERS}")
    for character in text:
        if ord(character) not in _VISIBLE_ASCII:
            raise ConfigurationError(f"custom_attributes holds {character!r}, expected visible ASCII characters")


def _is_within(value: Any, bound: Bound) -> bool:
    return isinstance(value, bound.kinds) and not isinstance(value, bool) and bound.holds(value)


def _shown(value: Any) -> str:
    """Return a value as a message can hold it: Python refuses to write out a whole number of thousands of digits."""
    return f"a number of {value.bit_length()} bits" if isinstance(value, int) and value.bit_length() > 64 else repr(value)


def _check_stop(stop: Any) -> None:
    expected = f"strings of 1 to {STOP_CHARACTERS} characters"
    if not isinstance(stop, (tuple, list)) or not all(isinstance(word, str) for word in stop):
        raise ConfigurationError(f"stop is {stop!r}, expected a tuple of {expected}")
    if "" in stop:
        raise ConfigurationError(f"stop holds an empty string, expected {expected}")
    longest = max(map(len, stop), default=0)
    if longest > STOP_CHARACTERS:
        raise ConfigurationError(f"stop holds a string of {longest} characters, expected {expected}")


def _tools(text: str | None) -> list[dict[str, Any]]:
    """Return the tools that `text` lists; raises ConfigurationError."""
    if not text:
        return []
    try:
        tools = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"tools is no JSON ({error}), expected a list of tools as OpenAI's API takes it") from error
    if not isinstance(tools, list) or not tools or not all(isinstance(tool, dict) for tool in tools):
        raise ConfigurationError(f"tools is {text:.80}, expected a list of one object or more, as OpenAI's API takes it")
    return tools


def _inputs_body(request: ChatRequest) -> dict[str, Any]:
    prompt = prompt_of(request)
    parameters = _given(request.parameters)
    stop = list(dict.fromkeys((*prompt.stop, *request.parameters.stop)))
    if stop:
        parameters |= dict.fromkeys(_STOP_NAMES, stop)
    return {"inputs": prompt.text, "parameters": _without_refused(parameters)}


def _without_refused(parameters: dict[str, Any]) -> dict[str, Any]:
    """Say two legal wishes in the way that TGI takes them: it refuses a temperature of 0 and a top_p of 1."""
    if parameters.get("temperature") == 0:
        del parameters["temperature"]
        parameters["do_sample"] = False
    if parameters.get("top_p") == 1:
        del parameters["top_p"]
    return parameters


def _messages_body(request: ChatRequest) -> dict[str, Any]:
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    parameters = {_MESSAGES_NAMES.get(name, name): value for name, value in _given(request.parameters).items() if name != "return_full_text"}
    tools = _tools(request.parameters.tools)
    return {"messages": messages, **parameters, **({"tools": tools} if tools else {})}


def _given(parameters: Parameters) -> dict[str, Any]:
    """Return the parameters that were set; those that were not keep the container's default."""
    named = {name: getattr(parameters, name) for name in (*BOUNDS, "details", "return_full_text")}
    given = {name: value for name, value in named.items() if value is not None}
    return given | ({"stop": list(parameters.stop)} if parameters.stop else {})


_SHAPES: dict[str, Callable[[ChatRequest], dict[str, Any]]] = {"inputs": _inputs_body, "messages": _messages_body}
