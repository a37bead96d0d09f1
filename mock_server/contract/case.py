"""A case: one stream as it really occurs, cut into parts, and what a right parser makes of it.

A case is data. Its writes are the bytes as a container wrote them; its cut says where the parts end, in the twin's own words, and `write` keeps the writes as
the parts, so that most tables show the parts literally. What stands behind `right` is what the standard or the container's source asks for; where another
behaviour is as defensible, it stands in `also`, and `why` says which is ours and for what reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from backends.events import Finish, StreamEvent, Token
from mock_server.cuts import Cutter, parse_cut

ErrorKind: TypeAlias = Literal["malformed", "truncated", "interrupted"]
"""A frame that cannot be read; bytes that stop inside a frame or before the answer's end; the far side says that it failed."""

Layer: TypeAlias = Literal["body", "events", "frames"]
"""What a parser is given: the container's body, as the bytes of the parts; botocore's event dicts, the exceptions in dict form among them; the bytes of the AWS
event stream itself."""

Format: TypeAlias = Literal[
    "token-sse", "token-lines", "outputs-lines", "chat-sse", "chat-lines", "completion-sse", "fragments", "bedrock-lines", "document", "event-stream"
]
"""What the body is made of, which a parser can claim to read."""

FORMATS: Mapping[Format, str] = {
    "token-sse": 'server-sent events of {"token": {..}}: TGI generate, LMI sse and tgi_compat',
    "token-lines": 'JSON lines of {"token": {..}}: LMI jsonlines from 0.26 on',
    "outputs-lines": 'JSON lines of {"outputs": [".."]}: LMI 0.23 to 0.25, dynamic batching',
    "chat-sse": "server-sent events of OpenAI chat chunks: TGI messages, vLLM, SGLang, LMI sse",
    "chat-lines": "JSON lines of OpenAI chat chunks: LMI jsonlines_chat, LMI async",
    "completion-sse": "server-sent events of OpenAI completion chunks",
    "fragments": 'one JSON document {"generated_text": ".."} that comes in pieces: LMI json up to 0.27',
    "bedrock-lines": 'JSON lines of {"body": {"generation": ".."}}: LMI bedrock_compat',
    "document": "an answer that comes whole, as one JSON document",
    "event-stream": "the frames of the AWS event stream, whatever they carry",
}

T = TypeVar("T")
Part: TypeAlias = bytes | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Repeated(Generic[T]):
    """A sequence that is too long to be written down: the same thing again and again between a first and a last."""

    first: Sequence[T]
    again: T
    times: int
    last: Sequence[T]

    def __iter__(self) -> Iterator[T]:
        return chain(self.first, repeat(self.again, self.times), self.last)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a parser may make of a stream: the events, and then, if it has to fail, how."""

    events: Iterable[StreamEvent]
    """The last one a `Finish` where there is no error."""
    error: ErrorKind | None = None
    says: str = ""
    """Interrupted only: what the far side said, which the error has to tell."""

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens, those that are marked special among them."""
        return tuple(event for event in self.events if isinstance(event, Token))

    @property
    def text(self) -> str:
        """What a person reads: the tokens that are not special, joined."""
        return "".join(token.text for token in self.tokens if not token.special)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One stream and what it means; `str` is its name."""

    name: str
    """Words joined by hyphens, up to 63 characters: an endpoint's name as well."""
    family: str
    """One of `FAMILIES`."""
    format: Format
    writes: Iterable[bytes]
    """What the container wrote, one after the other (for the layer `frames`, the event stream's bytes); several passes over it give the same."""
    right: Outcome
    why: str
    """What makes it right, in a sentence: the rule, or what the container does."""
    source: str
    """Where that is said: a standard's section, a source file, documentation."""
    bit: tuple[str, ...] = ()
    """Whom it bit: addresses of issues and pull requests."""
    also: tuple[Outcome, ...] = ()
    """What is as defensible."""
    container: str = ""
    """The twin's name of a container that writes so; empty where none of its containers does."""
    content_type: str | None = None
    layer: Layer = "body"
    tail: tuple[Mapping[str, Any], ...] = ()
    """Layer `events` only: the event dicts behind the parts."""
    cut: str = "write"
    """In the grammar of `mock.cut`; `write` makes each write a part, an empty one too."""
    in_pieces: bool = False
    """Whether the text may come in other pieces than the tokens of `right`, as where a container's fragments tell no tokens apart."""
    limit_s: float = 5.0
    """Seconds after which a parser hangs, on a slow machine."""
    is_generated: bool = False
    """One of many that vary one thing, such as a truncation at each offset; tried where all is to be tried."""

    def __str__(self) -> str:
        return self.name

    @property
    def parts(self) -> Iterable[Part]:
        """What a parser of the case's layer is given; several passes over it give the same."""
        return Parts(self)

    @property
    def payloads(self) -> Iterator[bytes]:
        """The parts as bytes, anew each time."""
        if self.cut == "write":
            yield from self.writes
            return
        cutter = Cutter(parse_cut(self.cut), seed=0)
        batches = ((write,) for write in self.writes) if isinstance(self.writes, Repeated) else (tuple(self.writes),)
        for batch in batches:  # what is aimed at may lie across writes, and what is long comes write by write
            yield from cutter.feed(batch)
        yield from cutter.finish()

    @property
    def body(self) -> bytes:
        """All bytes, joined."""
        return b"".join(self.writes)

    @property
    def events(self) -> Iterable[StreamEvent]:
        """What our reader yields."""
        return self.right.events

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens, those that are marked special among them."""
        return self.right.tokens

    @property
    def text(self) -> str:
        """What a person reads before the end or the error."""
        return self.right.text

    @property
    def error(self) -> ErrorKind | None:
        """How a parser has to fail, None where it has to end."""
        return self.right.error

    @property
    def is_long(self) -> bool:
        """Whether it tests size."""
        return isinstance(self.writes, Repeated)


@dataclass(frozen=True, slots=True)
class Parts:
    """A case's parts, which may be iterated again and again."""

    case: Case

    def __iter__(self) -> Iterator[Part]:
        if self.case.layer != "events":
            return self.case.payloads
        return chain(({"PayloadPart": {"Bytes": payload}} for payload in self.case.payloads), self.case.tail)


def said(*texts: str | Token, finish: Finish | None = Finish()) -> Outcome:  # noqa: B008 - it is frozen
    """Return the outcome of an answer: its tokens, as texts where they have nothing else, and its end."""
    tokens = tuple(text if isinstance(text, Token) else Token(text) for text in texts)
    return Outcome((*tokens, finish) if finish else tokens)


def fails(error: ErrorKind, *texts: str | Token, says: str = "") -> Outcome:
    """Return the outcome of an answer that breaks off behind these tokens."""
    return Outcome(said(*texts, finish=None).events, error, says)
