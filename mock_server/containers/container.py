"""What a model container is to the twin: the requests it takes, what they ask of the model, and the bytes it writes as the model generates.

A container answers a request itself (a `Reply`: its health, an error), or takes it for its model (a `Taken`). What the model generates comes from a script,
whole, or from a real model, token by token; one `Writer` writes both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, repeat
from typing import Any, Protocol, TypeAlias, runtime_checkable

from backends.endpoints import Accepts
from mock_server.script import Script, ScriptToken
from mock_server.sessions import Sessions

Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """One HTTP request as a container gets it."""

    method: str
    path: str
    content_type: str | None
    body: bytes
    seed: int = 0
    """What the container draws from where it would draw at random: ids, times, a sampling seed."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What SageMaker forwards, or a client sent; names in lower case."""
    sessions: Sessions | None = None
    """The stateful sessions of the endpoint, where it has them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks of the model."""

    prompt: str
    """What the model continues; of a chat, what was said last."""
    max_new_tokens: int | None = None
    """None: as many as the answer has."""
    stop: Sequence[str] = ()
    messages: Sequence[Mapping[str, Any]] = ()
    """The chat, where the request is one, in OpenAI's form."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Sampling parameters and tools, under their names in OpenAI's API."""

    @property
    def about_tokens(self) -> int:
        """About how many tokens the model has to read: one for four characters."""
        said = (str(message.get("content") or "") for message in self.messages) if self.messages else (self.prompt,)
        return sum(map(len, said)) // 4

    @property
    def has_tools(self) -> bool:
        """Whether the model may call a tool."""
        return bool(self.options.get("tools")) and self.options.get("tool_choice") != "none"

    @property
    def follows_tool(self) -> bool:
        """Whether a tool's result was said last."""
        return bool(self.messages) and self.messages[-1].get("role") == "tool"


@dataclass(frozen=True, slots=True)
class ReplyEnd:
    """How a reply that was recorded broke off."""

    at_s: float
    """When, in seconds since the request."""
    frame: bytes = b""
    """What the event stream says of it, behind the parts; with nothing to say, and where there is no event stream, the connection breaks."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP response as a container writes it."""

    status: int
    headers: Headers
    writes: Sequence[bytes] = ()
    """Each one HTTP chunk where `is_chunked`, else one body; none is empty."""
    tokens: Sequence[int] = ()
    """How many tokens the model has generated when each write leaves, ascending; 0 is at once."""
    due_s: Sequence[float] | None = None
    """When each write leaves, in seconds since the request, where that is known: of a recording. It goes before `tokens` and the profile."""
    is_chunked: bool = False
    head_waits: bool = False
    """Whether the head leaves with the first write; else it leaves at once."""
    keep_alive: bytes = b""
    """What is written after every 15 s of silence."""
    head_s: float | None = None
    """When the head leaves, where that is known as the writes' moments are."""
    end: ReplyEnd | None = None
    """None: the reply is whole."""
    is_service: bool = False
    """Whether it is the SageMaker Runtime's own, errors included."""
    note: str = ""
    """What the journal says of it."""
    ending: int = 0
    """How many of the writes, from the last, end what the model generated; 0 where it generated nothing."""

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.writes)

    @property
    def last_token(self) -> int:
        """How many tokens the model has generated when all has left."""
        return self.tokens[-1] if self.tokens else 0

    def as_one_write(self) -> Reply:
        """Return the same reply in one piece, which leaves when the last write would, and nothing before it."""
        due_s = None if self.due_s is None else tuple(self.due_s[-1:]) or (0.0,)
        tokens = (self.last_token,)
        return replace(self, writes=(self.body,), tokens=tokens, due_s=due_s, head_s=None, is_chunked=False, head_waits=True, keep_alive=b"")

    def without_times(self) -> Reply:
        """Return the same reply as a profile times it: one token per write, and its end behind the last."""
        return replace(self, due_s=None, head_s=None, end=replace(self.end, at_s=0.0) if self.end else None)


@dataclass(frozen=True, slots=True)
class Generated:
    """What the model has generated for one request."""

    tokens: tuple[ScriptToken, ...]
    """The special ones too; at least one, unless the model failed before it."""
    finish_reason: str
    """`eos_token`, `length` or `stop_sequence`, the words that TGI and LMI share; `error` where it failed."""

    @property
    def length(self) -> int:
        """How many tokens it has."""
        return len(self.tokens)

    @property
    def text(self) -> str:
        """The text without special tokens."""
        return "".join(token.text for token in self.tokens if not token.special)


class Writer(Protocol):
    """**Protocol:** how one answer is written, from its first token to its last."""

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        """Return the write of each of the next tokens, behind which others follow; an empty one does not leave."""

    def last(self, answer: Generated) -> Sequence[bytes]:
        """Return the writes that leave with the last token of an answer, whose other tokens were written before."""

    def failed(self, answer: Generated) -> Sequence[bytes]:
        """Return the writes that say, in this container's words, that the model failed after so much of an answer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that a container took: what it asks of the model, and how it is answered."""

    question: Question
    head: Reply
    """Status and headers, without a write."""
    writer: Writer
    opening: Sequence[bytes] = ()
    """What leaves with the first token, in writes before its own; none is empty."""
    failed_as: Callable[[str], Sequence[bytes]] | None = None
    """From a kind of the container's errors to the writes that say it; None where it has no kinds. What is not streamed has `NamesErrors.refusal`."""

    def reply(self, answer: Generated) -> Reply:
        """Return the reply with a whole answer."""
        lines, last = self.writer.tokens(answer.tokens[:-1]), self.writer.last(answer)
        ending = list(filter(None, last))
        writes = [*self.opening, *filter(None, lines), *ending]
        tokens = [*repeat(1, len(self.opening)), *compress(range(1, len(lines) + 1), lines), *repeat(answer.length, len(ending))]
        return replace(self.head, writes=writes, tokens=tokens, ending=len(ending))


class Container(Protocol):
    """**Protocol:** a model server at one version."""

    @property
    def name(self) -> str:
        """The family and version: `tgi-0.9.4`."""

    @property
    def accepts(self) -> tuple[Accepts, ...]:
        """The shapes of the requests it takes; the first is what an endpoint with it takes if nobody says otherwise."""

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path, unknown ones included."""

    def failure(self, status: int) -> Reply:
        """Return how it fails with this HTTP status before it answers."""


@runtime_checkable
class NamesErrors(Protocol):
    """**Protocol:** a container whose errors are of kinds that have names."""

    @property
    def kinds(self) -> Sequence[str]:
        """What it can say of a request that it took."""

    def refusal(self, kind: str) -> Reply:
        """Return the answer with an error of this kind, where nothing is streamed."""


def generate(script: Script, question: Question) -> Generated:
    """Return the script's tokens up to the first limit of the question that ends them.

    The rules and their order are those of TGI's `StoppingCriteria` (server/text_generation_server/utils/tokens.py), which LMI's lmi-dist took over: the
    length counts the end token too and wins over it, and a stop sequence is looked for at the end of the text after each token, its own text included.
    """
    tokens = script.tokens
    most = len(tokens) + 1 if question.max_new_tokens is None else max(1, question.max_new_tokens)
    stopped_at = _find_stop(tokens[: most - 1], question.stop) if question.stop else None
    if stopped_at:
        return Generated(tokens[:stopped_at], "stop_sequence")
    if most <= len(tokens):
        return Generated(tokens[:most], "length")
    return Generated(tokens, script.finish_reason)


def _find_stop(tokens: Sequence[ScriptToken], stop: Sequence[str]) -> int | None:
    """Return how many tokens have come when the text first ends with one of `stop`."""
    endings = tuple(word + tail for word in stop for tail in ("", "\n"))
    text = ""
    for count, token in enumerate(tokens, start=1):
        text += token.text
        if not token.special and text.endswith(endings):
            return count
    return None
