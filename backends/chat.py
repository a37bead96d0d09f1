"""A chat request, and the roles that answer and observe it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

from backends.endpoints import Endpoint
from backends.events import StreamEvent


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How to generate; a member that is None is not sent, so that the container's own default holds."""

    max_new_tokens: int | None = None
    """At least 1."""
    temperature: float | None = None
    """0 or more."""
    top_p: float | None = None
    """Over 0, up to 1."""
    top_k: int | None = None
    """At least 1."""
    repetition_penalty: float | None = None
    """Over 0; 1 is none."""
    stop: tuple[str, ...] = ()
    seed: int | None = None
    """0 or more."""
    details: bool | None = None
    """Ask for the finish reason and counts (`messages` endpoints: for log probabilities)."""
    return_full_text: bool | None = None
    """Ask for the prompt in front of the answer (`inputs` endpoints only)."""
    tools: str | None = None
    """What the model may call: JSON, a list in the form of OpenAI's chat completions (`messages` endpoints only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One question to one endpoint."""

    messages: Sequence[ChatMessage]
    endpoint: Endpoint
    parameters: Parameters = field(default_factory=Parameters)
    custom_attributes: str | None = None
    """Forwarded to the container; at most 1024 ASCII characters."""
    session_id: str | None = None
    """The stateful session that it belongs to; SageMaker only."""


class Tap(Protocol):
    """**Protocol:** an observer of one answer.

    Times are seconds since the request began, on a monotonic clock; offsets are bytes of the body as the container wrote it.
    Both methods are called on the event loop, in the order of the bytes, and must not block.
    """

    def part(self, data: bytes, at_s: float) -> None:
        """A part arrived: a `PayloadPart`'s bytes, or one HTTP chunk of a container's body."""

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:
        """An event was read from the body's bytes `start` to `end` (end excluded), of the part just seen."""


@runtime_checkable
class FrameTap(Tap, Protocol):
    """**Protocol:** a tap that is shown the event stream around the parts as well, where a SageMaker endpoint streams."""

    def frame(self, data: bytes) -> None:
        """A message of the event stream arrived, whole and unharmed, as it came; the part that it holds, if it holds one, is told next."""


class Answer(Protocol):
    """**Protocol:** one answer as it arrives.

    Entering it sends the request and waits for the response's head; leaving it closes the connection. Entering and iterating raise
    `backends.errors.BackendError` and nothing else. `aclose` may be called from any task, in any phase (before and while entering, too) and more than once:
    it closes the connection at once, and whoever is entering or iterating sees the answer end without an error.
    """

    @property
    def request_id(self) -> str | None:
        """The service's name for this request."""

    @property
    def content_type(self) -> str | None:
        """The container's content type."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in lower case."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None: ...

    def __aiter__(self) -> AsyncIterator[StreamEvent]: ...

    async def aclose(self) -> None:
        """Close the connection."""


class ChatBackend(Protocol):
    """**Protocol:** whoever answers chat requests; an async context manager that holds one connection pool."""

    def stream(self, request: ChatRequest, *, tap: Tap | None = None) -> Answer:
        """Return the answer to `request`; nothing is sent before it is entered."""

    def invoke(self, request: ChatRequest, *, tap: Tap | None = None) -> Answer:
        """Return the same without streaming: the whole answer comes as one part."""

    async def aclose(self) -> None:
        """Close every connection."""
