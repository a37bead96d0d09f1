"""What a model container is to the twin: the requests it takes, and the bytes it writes for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from backends.endpoints import Accepts
from mock_server.script import Script, ScriptToken

Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """One HTTP request as a container gets it."""

    method: str
    path: str
    content_type: str | None
    body: bytes
    find_script: Callable[[str], Script]
    """Which answer the model gives to a prompt."""
    seed: int = 0
    """What the container draws from where it would draw at random."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP response as a container writes it."""

    status: int
    headers: Headers
    writes: Sequence[bytes] = ()
    """Each one HTTP chunk where `is_chunked`, else one body; none is empty."""
    tokens: Sequence[int] = ()
    """How many tokens the model has generated when each write leaves, ascending; 0 is at once."""
    is_chunked: bool = False
    head_waits: bool = False
    """Whether the head leaves with the first write; else it leaves at once."""
    script: str | None = None
    """The script that was played."""

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.writes)

    @property
    def last_token(self) -> int:
        """How many tokens the model has generated when all has left."""
        return self.tokens[-1] if self.tokens else 0


class Container(Protocol):
    """**Protocol:** a model server at one version."""

    @property
    def name(self) -> str:
        """The family and version: `tgi-0.9.4`."""

    @property
    def accepts(self) -> tuple[Accepts, ...]:
        """The shapes of the requests it takes; the first is what an endpoint with it takes if nobody says otherwise."""

    def handle(self, request: ContainerRequest) -> Reply:
        """Answer a request on any path, unknown ones included."""

    def failure(self, status: int) -> Reply:
        """Return how it fails with this HTTP status before it answers."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What the model generates for one request."""

    script: Script
    length: int
    """How many of the script's tokens it has."""
    finish_reason: str
    """`eos_token`, `length` or `stop_sequence`, the words that TGI and LMI share."""

    @property
    def tokens(self) -> tuple[ScriptToken, ...]:
        """The tokens, the special ones too."""
        return self.script.tokens[: self.length]

    @property
    def text(self) -> str:
        """The text without special tokens."""
        return "".join(token.text for token in self.tokens if not token.special)


def generate(script: Script, max_new_tokens: int, stop: Sequence[str] = ()) -> Generated:
    """Return the script's tokens up to the first limit that ends them.

    The rules and their order are those of TGI's `StoppingCriteria` (server/text_generation_server/utils/tokens.py), which LMI's lmi-dist took over: the
    length counts the end token too and wins over it, and a stop sequence is looked for at the end of the text after each token, its own text included.
    """
    most = max(1, max_new_tokens)
    stopped_at = _find_stop(script.tokens[: most - 1], stop) if stop else None
    if stopped_at:
        return Generated(script, stopped_at, "stop_sequence")
    if most <= len(script.tokens):
        return Generated(script, most, "length")
    return Generated(script, len(script.tokens), script.finish_reason)


def _find_stop(tokens: Sequence[ScriptToken], stop: Sequence[str]) -> int | None:
    """Return how many tokens have come when the text first ends with one of `stop`."""
    endings = tuple(word + tail for word in stop for tail in ("", "\n"))
    text = ""
    for count, token in enumerate(tokens, start=1):
        text += token.text
        if not token.special and text.endswith(endings):
            return count
    return None
