"""A request that LMI understood, and the checks of the engines behind it.

Source: deepjavalibrary/djl-serving, the branch of each version: `djl_python/rolling_batch/lmi_dist_rolling_batch.py` (to 0.31),
`vllm_rolling_batch.py`; vLLM's `SamplingParams`. Parameters that nobody knows are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mock_server.containers.container import Question

DEFAULT_MAX_NEW_TOKENS = 30
SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty", "frequency_penalty", "presence_penalty", "seed")
"""Parameters that OpenAI's API, or vLLM's form of it, names so too."""
OPTIONS = (*SAMPLING, "logprobs", "top_logprobs", "tools", "tool_choice", "response_format")


class Refused(Exception):
    """The handler refuses a request; the text is the handler's."""


class HandlerBroke(Exception):
    """The handler raises where it refuses nothing, and the batch fails."""


class EngineBroke(Exception):
    """The engine raises over a request that the handler took, before the first token; the text is the engine's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was understood."""

    prompt: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """As they came; of a chat, all its members."""
    streams: bool = False
    max_new_tokens: int | None = DEFAULT_MAX_NEW_TOKENS
    stop: Sequence[str] = ()
    messages: Sequence[Mapping[str, Any]] = ()
    is_chat: bool = False

    @property
    def question(self) -> Question:
        """What it asks of the model."""
        options = {name: self.parameters[name] for name in OPTIONS if self.parameters.get(name) is not None}
        return Question(self.prompt, self.max_new_tokens, self.stop, self.messages, options)


Limits: TypeAlias = tuple[int | None, Sequence[str]]


def read_tgi_limits(parameters: Mapping[str, Any]) -> Limits:
    """lmi-dist, which was TGI's: `stop` is not known."""
    most, stop = parameters.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS), parameters.get("stop_sequences", [])
    if not isinstance(most, int):
        raise EngineBroke(f"max_new_tokens is of type {type(most).__name__}")
    if not isinstance(stop, list) or not all(isinstance(word, str) for word in stop):
        raise EngineBroke("stop_sequences is no list of strings")
    return most, stop


def read_vllm_limits(parameters: Mapping[str, Any]) -> Limits:
    """vLLM, which lmi-dist is built on since 0.27."""
    stop = parameters.get("stop_sequences", parameters.get("stop")) or []
    return check_limits(parameters.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS), stop, parameters)


def check_limits(most: Any, stop: Any, parameters: Mapping[str, Any]) -> Limits:
    """Check what vLLM's `SamplingParams` checks, its texts."""
    for name, is_wrong, expected in _SAMPLING_RULES:
        value = most if name == "max_tokens" else parameters.get(name)
        if value is not None and is_wrong(value):
            raise EngineBroke(f"{name} must be {expected}, got {value}.")
    words = [stop] if isinstance(stop, str) else stop
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise EngineBroke("stop must be a string or a list of strings.")
    if "" in words:
        raise EngineBroke("stop cannot contain an empty string.")
    return most, words


def _is_no_number(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, int | float)


_SAMPLING_RULES: Sequence[tuple[str, Callable[[Any], bool], str]] = (
    ("presence_penalty", lambda value: _is_no_number(value) or not -2 <= value <= 2, "in [-2, 2]"),
    ("frequency_penalty", lambda value: _is_no_number(value) or not -2 <= value <= 2, "in [-2, 2]"),
    ("repetition_penalty", lambda value: _is_no_number(value) or value <= 0, "greater than zero"),
    ("temperature", lambda value: _is_no_number(value) or value < 0, "non-negative"),
    ("top_p", lambda value: _is_no_number(value) or not 0 < value <= 1, "in (0, 1]"),
    ("top_k", lambda value: type(value) is not int or value < -1, "0 (disable), or at least 1"),
    ("max_tokens", lambda value: type(value) is not int or value < 1, "at least 1"),
)


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message, its parts joined by line ends."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
