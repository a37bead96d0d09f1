"""Tapes of literal parts, read by the real decoder."""

from __future__ import annotations

from collections.abc import Sequence

from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.wire import EventDecoder
from backends.wire.parts import encode_part
from demo.tape import Tape


def taped(parts: Sequence[bytes], *, content_type: str | None = "application/jsonlines", ending: str | None = "finished: stop", question: str = "why?") -> Tape:
    """Return the tape of an answer whose parts came 0.1 s apart."""
    tape = Tape(ChatRequest(messages=[ChatMessage("user", question)], endpoint=Endpoint("e")), front="SageMaker runtime", content_type=content_type)
    decoder = EventDecoder(content_type)
    for number, part in enumerate(parts, 1):
        tape.frame(encode_part(part))
        tape.part(part, number / 10)
        note(tape, decoder, part, number / 10)
    if ending is not None:
        note(tape, decoder, None, len(parts) / 10)
    tape.ending = ending
    return tape


def note(tape: Tape, decoder: EventDecoder, part: bytes | None, at_s: float) -> None:
    """Let a tape keep the events of one part, None for the body's end."""
    events = list(decoder.finish() if part is None else decoder.feed(part))
    for event, (start, end, _) in zip(events, decoder.frames, strict=False):
        tape.event(event, at_s, start, end)
