"""Things that go wrong at a named moment, described by their effect on the wire: `NAME[:ARG][@N][xK]`.

`@N` is after N parts (0 if absent), `xK` only on the first K attempts of a request, so that recovery by retry can be tested.
Sources: botocore's service model sagemaker-runtime 2017-05-13 for names, statuses and members. Of the texts, the one for
ModelInvocationTimeExceeded is the service's own, as published; no capture of the others is public, so they are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Literal, TypeAlias

from backends.wire.parts import encode_exception
from mock_server.words import WordError, parse_count, parse_seconds

GRAMMAR = re.compile(r"(?P<name>[a-z-]+)(?::(?P<argument>[^@]*?))?(?:@(?P<after>\d{1,9}))?(?:x(?P<attempts>[1-9]\d{0,8}))?")
STREAM_ERRORS = {
    "ModelInvocationTimeExceeded": "Your model primary did not complete sending the inference response in the allotted time.",
    "StreamBroken": "Your model primary closed the connection before it completed the inference response.",
}

Ending: TypeAlias = Literal["clean", "reset", "hang"]
"""How a response ends: with its last chunk, with a TCP reset, or never."""
Stage: TypeAlias = Literal["service", "model", "event stream", "connection"]
"""Who fails: the service or the model before the stream, the event stream, or the connection under it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What leaves the twin and when."""

    chunks: Iterable[bytes]
    """Each one HTTP chunk: a frame, or a container's write."""
    due_s: Sequence[float]
    """When each chunk leaves, in seconds since the request, ascending."""
    parts: int
    """How many of the chunks, from the first, are whole parts of the answer."""
    head_waits: bool = False
    """Whether the response's head leaves with the first chunk; else it leaves at once."""
    length_bytes: int | None = None
    """The body's length, where the response says it beforehand; None: HTTP chunks, one per chunk."""
    ending: Ending = "clean"
    faulty: bool = False
    """Whether a fault damaged the answer."""
    final: bool = False
    """Whether nothing follows, however much more of the answer there is."""
    start_s: float = 0.0
    """Before this, in seconds since the request, nothing of it leaves, be it the head or the ending."""
    head: tuple[int, list[tuple[bytes, bytes]]] | None = None
    """Status and headers that leave in place of the response's own, if no head has left yet."""

    def at_speed(self, speed: float) -> Timeline:
        """Return the same with every wait divided by `speed`."""
        return self if speed == 1.0 else replace(self, due_s=tuple(moment_s / speed for moment_s in self.due_s), start_s=self.start_s / speed)


Effect: TypeAlias = Callable[[Timeline, int, str], Timeline | None]
"""From what leaves, after how many parts and with which argument to what leaves instead; None where that moment never comes."""


def _stop(timeline: Timeline, after: int, last: bytes | None = None, ending: Ending = "clean") -> Timeline:
    """Return what leaves if nothing but `last` follows the first `after` parts."""
    due_s = tuple(timeline.due_s[:after])
    chunks: Iterator[bytes] = islice(timeline.chunks, after)
    if last is None:
        return replace(timeline, chunks=chunks, due_s=due_s, parts=after, ending=ending, faulty=True, final=True)
    moment_s = timeline.due_s[after] if after < len(timeline.due_s) else max(due_s, default=0.0)
    return replace(timeline, chunks=chain(chunks, (last,)), due_s=(*due_s, moment_s), parts=after, ending=ending, faulty=True, final=True)


def _model_stream_error(timeline: Timeline, after: int, code: str) -> Timeline:
    return _stop(timeline, after, encode_exception("ModelStreamError", {"Message": STREAM_ERRORS[code], "ErrorCode": code}))


def _internal_stream_failure(timeline: Timeline, after: int, _: str) -> Timeline:
    return _stop(timeline, after, encode_exception("InternalStreamFailure", {"Message": "Internal failure."}))


def _truncate_frame(timeline: Timeline, after: int, _: str) -> Timeline:
    frames = iter(timeline.chunks)
    whole, cut = list(islice(frames, after)), next(frames)
    return _stop(replace(timeline, chunks=whole), after, cut[: len(cut) // 2])


def _bad_message_crc(timeline: Timeline, after: int, _: str) -> Timeline:
    frames = enumerate(timeline.chunks)
    damaged = (frame if index != after else frame[:-1] + bytes([frame[-1] ^ 0xFF]) for index, frame in frames)
    return replace(timeline, chunks=damaged, faulty=True)


def _reset(timeline: Timeline, after: int, _: str) -> Timeline:
    return _stop(timeline, after, ending="reset")


def _stall(timeline: Timeline, after: int, seconds: str) -> Timeline | None:
    """Return what leaves around a silence, which damages nothing; one that ends is held before a part."""
    if not seconds:
        return replace(_stop(timeline, after, ending="hang"), faulty=False)
    if after >= timeline.parts:
        return None
    pause_s = parse_seconds(seconds)
    due_s = (*timeline.due_s[:after], *(moment_s + pause_s for moment_s in timeline.due_s[after:]))
    return replace(timeline, due_s=due_s)


@dataclass(frozen=True, slots=True)
class ServiceError:
    """An error that the service answers with instead of the stream."""

    status: int
    code: str
    message: str


SERVICE_ERRORS = {
    "validation-error": ServiceError(400, "ValidationError", "The request is not valid."),
    "throttling": ServiceError(429, "ThrottlingException", "Rate exceeded"),
    "internal-failure": ServiceError(500, "InternalFailure", "Internal failure."),
    "service-unavailable": ServiceError(503, "ServiceUnavailable", "The service is unavailable."),
}


@dataclass(frozen=True, slots=True)
class _Kind:
    stage: Stage
    effect: Effect | None = None
    argument: str = ""
    """How the argument is written in messages; empty for none."""
    parse: Callable[[str], object] = str
    default: str = ""
    needs_part: bool = False
    """Whether part N+1 is what is damaged, so that it has to exist."""

    def spelling(self, name: str) -> str:
        return f"{name}[:{self.argument}]" if self.argument else name


def _parse_status(text: str) -> None:
    status = 0 if text == "0" else parse_count(text)[0]
    if status and not 400 <= status <= 599:
        raise WordError(f"{text!r} is no status of a failure", "0 for none (the model timed out), or 400 to 599")


def _parse_error_code(text: str) -> None:
    if text not in STREAM_ERRORS:
        raise WordError(f"{text!r} is not an error code of the stream", ", ".join(STREAM_ERRORS))


KINDS: dict[str, _Kind] = {
    **{name: _Kind("service") for name in SERVICE_ERRORS},
    "model-error": _Kind("model", argument="STATUS", parse=_parse_status, default="500"),
    "model-stream-error": _Kind("event stream", _model_stream_error, "ERRORCODE", _parse_error_code, next(iter(STREAM_ERRORS))),
    "internal-stream-failure": _Kind("event stream", _internal_stream_failure),
    "truncate-frame": _Kind("event stream", _truncate_frame, needs_part=True),
    "bad-message-crc": _Kind("event stream", _bad_message_crc, needs_part=True),
    "reset": _Kind("connection", _reset),
    "stall": _Kind("connection", _stall, "SECONDS", parse_seconds),
}
LEGAL = "NAME[:ARG][@N][xK] with NAME one of " + ", ".join(kind.spelling(name) for name, kind in KINDS.items())


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it was asked for."""

    text: str
    name: str
    argument: str
    after: int
    attempts: int | None

    @property
    def stage(self) -> Stage:
        """Who fails."""
        return KINDS[self.name].stage

    def strikes(self, attempt: int) -> bool:
        """Whether this attempt of a request, counted from 1, is to fail."""
        return self.attempts is None or attempt <= self.attempts

    def damage(self, timeline: Timeline) -> Timeline | None:
        """Return what leaves instead, None where the answer ends before the fault's moment."""
        kind = KINDS[self.name]
        if kind.effect is None or timeline.parts < self.after + kind.needs_part:
            return None
        return kind.effect(timeline, self.after, self.argument)


def parse_fault(text: str) -> Fault:
    """Read a fault as people write it.

    Raises:
        WordError: It names no fault, an argument is wrong, or `@N` stands where there are no parts yet.
    """
    match = GRAMMAR.fullmatch(text)
    kind = KINDS.get(match["name"]) if match else None
    if match is None or kind is None or (match["argument"] is not None and not kind.argument):
        raise WordError(f"{text!r} is not a fault", LEGAL)
    if match["after"] is not None and kind.effect is None:
        raise WordError(f"{text!r} happens before the stream and takes no @N", LEGAL)
    if match["argument"] is not None:
        kind.parse(match["argument"])
    attempts = int(match["attempts"]) if match["attempts"] else None
    argument = kind.default if match["argument"] is None else match["argument"]
    return Fault(text, match["name"], argument, int(match["after"] or 0), attempts)
