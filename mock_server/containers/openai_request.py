"""What servers with OpenAI's API take: the members of a chat or completion request, and what it asks of the model.

The models are pydantic's, as vLLM's and SGLang's are (`vllm/entrypoints/openai/protocol.py`), so that what they refuse is refused in pydantic's own words.
Members that change nothing in an answer of the twin's are let through unread, as these servers let through what they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mock_server.containers.container import Question

OPTIONS = ("temperature", "top_p", "top_k", "seed", "tools", "tool_choice", "logprobs", "top_logprobs", "n", "frequency_penalty", "presence_penalty")
"""Members that a question keeps under their names."""


class _Members(BaseModel):
    model_config = ConfigDict(extra="allow")


class Part(_Members):
    """One part of a message's content."""

    type: str
    text: str | None = None


class Message(_Members):
    """One message of a chat."""

    role: str
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """The text of the content, its parts joined by line ends."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text" and part.text)
        return self.content or ""


class StreamOptions(_Members):
    """What a stream tells besides the answer."""

    include_usage: bool | None = True


class Function(_Members):
    """What a tool is called, and what it takes."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(_Members):
    """A tool that the model may call."""

    type: Literal["function"] = "function"
    function: Function


class NamedTool(_Members):
    """A tool that the model must call."""

    type: Literal["function"] = "function"
    function: Function


class _Sampling(_Members):
    """The members that chats and bare prompts share."""

    model: str | None = None
    frequency_penalty: float | None = 0.0
    max_tokens: int | None = None
    n: int | None = 1
    presence_penalty: float | None = 0.0
    seed: int | None = Field(None, ge=-(2**63), le=2**63 - 1)
    stop: str | list[str] | None = Field(default_factory=list)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def with_usage(self) -> bool:
        """Whether the stream shall tell its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def options(self) -> dict[str, Any]:
        """The members that were given and that a question keeps."""
        given = self.model_dump(exclude_unset=True)
        return {name: given[name] for name in OPTIONS if given.get(name) is not None}


class ChatCompletionRequest(_Sampling):
    """A chat that shall go on."""

    messages: list[Message]
    logprobs: bool | None = False
    top_logprobs: int | None = 0
    max_completion_tokens: int | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = "none"

    @property
    def most_tokens(self) -> int | None:
        """How long the answer may be."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def text(self) -> str:
        """All that is said in the chat."""
        return "\n".join(message.text for message in self.messages)

    @property
    def most_logprobs(self) -> int | None:
        """How many alternatives each token shall have, None without log probabilities."""
        return self.top_logprobs or 0 if self.logprobs else None

    def question(self) -> Question:
        """Return what is asked of the model."""
        messages = [message.model_dump(exclude_unset=True) for message in self.messages]
        return Question(asked_last(messages), self.most_tokens, self.stops, messages, self.options)


class CompletionRequest(_Sampling):
    """A text that shall go on."""

    prompt: list[int] | list[list[int]] | str | list[str] | None = None
    echo: bool | None = False
    logprobs: int | None = None
    max_tokens: int | None = 16

    @property
    def most_tokens(self) -> int | None:
        """How long the answer may be."""
        return self.max_tokens

    @property
    def text(self) -> str:
        """The prompt; of several, the first. Token ids are no text to the twin, which has no vocabulary."""
        first = self.prompt[0] if isinstance(self.prompt, list) and self.prompt else self.prompt
        return first if isinstance(first, str) else ""

    @property
    def most_logprobs(self) -> int | None:
        """How many alternatives each token shall have, None without log probabilities."""
        return self.logprobs

    def question(self) -> Question:
        """Return what is asked of the model."""
        return Question(self.text, self.most_tokens, self.stops, options=self.options)


def asked_last(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of the last message of the user's; of a chat without one, that of its last message."""
    users = [message for message in messages if message.get("role") == "user"]
    return Message.model_validate((users or list(messages))[-1]).text if messages else ""
