"""Bodies that stop before their end, at places that tell something and at every other, with an expectation that follows from a rule.

A frame counts when its content is whole, with or without its line end: containers do end without one. The standard discards an event without its blank line,
which is as right. An answer has ended with the frame that says so (`generated_text`, a finish reason, `[DONE]`), or, where no frame ever does, with any. A
body that stops inside a frame, or before the answer's end, is truncated. Where the answer had ended and of its `[DONE]` nothing came, or not all, or no
blank line behind it, an end and an error are both defensible: nothing of the answer is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backends.events import Finish, Token
from mock_server.contract.case import Case, Format, Layer, Outcome, fails, said
from mock_server.contract.cases.chat_rows import DONE, JSON_LINES, SSE, SSE_UTF8, vllm_chat
from mock_server.contract.cases.chunks import LENGTH, OPENING
from mock_server.contract.cases.frames import PART_A, PART_B
from mock_server.contract.cases.lmi_errors import NO_LINE_END

SOURCE = "jsonlines.org and WHATWG HTML 9.2.6 say what a frame is, the container's source how its answer ends"
FRAMED_SOURCE = 'Smithy\'s "Amazon Event Stream Specification"; botocore/eventstream.py, which takes such a stream for one that ended'

EVERYWHERE = "What came in whole frames counts, and unless the answer had ended the body is truncated; an event without its blank line may be discarded."

SAYS_NOTHING = (b"", b"data", b"data:", b"data: ")
"""What may be left behind an answer's end and begins no frame: nothing, or the field of an event that is empty."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it is written, its line end among it, and what it means."""

    written: bytes
    tokens: tuple[Token, ...] = ()
    ends: bool = False
    """Whether the answer may end with it."""

    @property
    def content(self) -> bytes:
        """The frame without its line end."""
        return self.written.rstrip(b"\n")


@dataclass(frozen=True, slots=True)
class Body:
    """A whole body, of which every beginning is a case."""

    name: str
    container: str
    format: Format
    content_type: str
    frames: tuple[Frame, ...]
    finish: Finish = Finish()  # noqa: RUF009 - it is frozen
    layer: Layer = "body"

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join(frame.written for frame in self.frames)

    @property
    def last(self) -> int:
        """Where the last frame that has a content begins."""
        return self.data.rindex(next(frame.content for frame in reversed(self.frames) if frame.content))

    def outcomes(self, length: int) -> tuple[Outcome, ...]:
        """Return what is right of its first bytes, so many, then what is as defensible."""
        tokens, start, ended = self._read(length, lambda frame: len(frame.content))
        _, dispatched, _ = self._read(length, lambda frame: len(frame.written))
        whole, broken = said(*tokens, finish=self.finish), fails("truncated", *tokens)
        outcomes = (whole, broken) if ended and self.data[start:length] in SAYS_NOTHING else (broken, whole)
        lacks_mark_alone = ended and b"[DONE]" in self.data[dispatched:]
        return (*outcomes[: 1 + lacks_mark_alone], *self._dispatched(length, tokens))

    def _dispatched(self, length: int, read: list[Token]) -> tuple[Outcome, ...]:
        """Return what is right by the standard where it discards an event that was read, as no blank line dispatched it."""
        tokens, _, ended = self._read(length, lambda frame: len(frame.written))
        if not self.format.endswith("-sse") or tokens == read:
            return ()
        return (said(*tokens, finish=self.finish) if ended else fails("truncated", *tokens),)

    def _read(self, length: int, needed: Callable[[Frame], int]) -> tuple[list[Token], int, bool]:
        """Return the tokens of the frames of which as much came as is needed, where the next frame begins, and whether the answer had ended."""
        tokens: list[Token] = []
        start, ended = 0, False
        for frame in self.frames:
            if length < start + needed(frame):
                break
            tokens += frame.tokens
            ended = ended or frame.ends
            start += len(frame.written)
        return tokens, start, ended

    def writes(self, length: int) -> Iterator[bytes]:
        """Yield its first bytes, so many, frame by frame."""
        start = 0
        for frame in self.frames:
            piece = frame.written[: max(length - start, 0)]
            if piece:
                yield piece
            start += len(frame.written)

    def stop(self, name: str, length: int, why: str, *, is_generated: bool = False) -> Case:
        """Return the case of its first bytes, so many."""
        right, *also = self.outcomes(length)
        return Case(
            name=f"{self.name}-stops-{name}",
            family="truncation",
            format=self.format,
            container=self.container,
            content_type=self.content_type,
            layer=self.layer,
            writes=tuple(self.writes(length)),
            right=right,
            also=tuple(also),
            why=why,
            source=SOURCE if self.layer == "body" else FRAMED_SOURCE,
            bit=NO_LINE_END if length and self.layer == "body" and not self.data[:length].endswith(b"\n") else (),
            is_generated=is_generated,
        )


_OLD, _OWLS = Token(" Old", 304, -0.05), Token(" 梟.", 5, -0.5)

BODIES = (
    Body(
        "tgi-0-9",
        "tgi-0.9.4",
        "token-sse",
        SSE,
        (
            Frame(b'data:{"token":{"id":304,"text":" Old","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n', (_OLD,)),
            Frame(
                'data:{"token":{"id":5,"text":" 梟.","logprob":-0.5,"special":false},"generated_text":" Old 梟.","details":null}\n\n'.encode(),
                (_OWLS,),
                ends=True,
            ),
        ),
    ),
    Body(
        "tgi-2-4",
        "tgi-2.4",
        "token-sse",
        SSE,
        (
            Frame(b'data: {"index":1,"token":{"id":304,"text":" Old","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n', (_OLD,)),
            Frame(
                'data: {"index":2,"token":{"id":5,"text":" 梟.","logprob":-0.5,"special":false},"generated_text":" Old 梟.",'
                '"details":{"finish_reason":"length","generated_tokens":2,"seed":null,"input_length":4}}\n\n'.encode(),
                (_OWLS,),
                ends=True,
            ),
        ),
        Finish("length", "length", 2, 4),
    ),
    Body(
        "lmi-0-28",
        "lmi-0.28",
        "token-lines",
        JSON_LINES,
        (
            Frame(b'{"token": {"id": 304, "text": " Old", "log_prob": -0.05}}\n', (_OLD,)),
            Frame('{"token": {"id": 5, "text": " 梟.", "log_prob": -0.5}, "generated_text": " Old 梟."}\n'.encode(), (_OWLS,), ends=True),
        ),
    ),
    Body(
        "lmi-async",
        "lmi-0.35-async-vllm",
        "token-lines",
        JSON_LINES,
        (
            Frame(b'{"index": 0, "token": {"id": 304, "text": " Old", "logprob": -0.05}, "generated_text": null, "details": null}\n', (_OLD,)),
            Frame(
                '{"index": 0, "token": {"id": 5, "text": " 梟.", "logprob": -0.5}, "generated_text": " Old 梟.", "details": null}\n'.encode(),
                (_OWLS,),
                ends=True,
            ),
            Frame(b"\n"),
            Frame(b"\n"),
        ),
    ),
    Body(
        "vllm",
        "vllm-0.11.0",
        "chat-sse",
        SSE_UTF8,
        (
            Frame(OPENING),
            Frame(
                vllm_chat('{"index":0,"delta":{"content":"梟"},"logprobs":null,"finish_reason":null,"token_ids":null}'.encode()),
                (Token("梟"),),
            ),
            Frame(
                vllm_chat(b'{"index":0,"delta":{"content":"."},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}'),
                (Token("."),),
                ends=True,
            ),
            Frame(DONE, ends=True),
        ),
        LENGTH,
    ),
    Body(
        "lmi-0-24",
        "lmi-0.24",
        "outputs-lines",
        JSON_LINES,
        (Frame(b'{"outputs": [" Old"]}\n', (Token(" Old"),), ends=True), Frame('{"outputs": [" 梟."]}\n'.encode(), (Token(" 梟."),), ends=True)),
    ),
    Body(
        "event-stream",
        "",
        "event-stream",
        JSON_LINES,
        (Frame(PART_A, (Token(" a"),), ends=True), Frame(PART_B, (Token(" b"),), ends=True)),
        layer="frames",
    ),
)

PLACES: tuple[tuple[str, Callable[[Body], int], str], ...] = (
    ("before-it-begins", lambda _: 0, "No byte came: that is no empty answer, which every container would have framed."),
    ("inside-a-frame", lambda body: len(body.frames[0].content) // 2, "Half a frame is left: it is no line, and what it would have said is lost."),
    ("inside-a-character", lambda body: body.data.index("梟".encode()) + 1, "Half a character is left, in half a frame: the body ended, not the character."),
    ("between-frames", lambda body: len(body.frames[0].written), "Every frame is whole, and the answer ended only if a frame said so, or if none ever does."),
    ("inside-its-last-frame", lambda body: body.last + 8, "The last frame has begun: what tells the end is not whole."),
    (
        "without-its-last-line-end",
        lambda body: len(body.data.rstrip(b"\n")),
        "The last frame is whole though no line end follows: it counts, and nothing is missing, unless it is an event, which the standard discards.",
    ),
)
"""Name of a place, how many bytes come until there, and what a reader has there."""

_NAMED = tuple(body.stop(name, place(body), why) for body in BODIES if body.layer == "body" for name, place, why in PLACES)
_EVERYWHERE = tuple(body.stop(f"at-{length:04}", length, EVERYWHERE, is_generated=True) for body in BODIES for length in range(len(body.data)))

CASES = (*_NAMED, *_EVERYWHERE)
