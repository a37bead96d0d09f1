"""Things that go wrong at a named moment, described by their effect on the wire: `NAME[:ARG][@N][xK]`, and several of a container's joined by `+`.

`@N` is after N parts (0 if absent; of a container's fault, after N of its writes), `xK` only on the first K attempts of a request, so that recovery by retry
can be tested. What a fault does is in `stream_faults` and `container_faults`; what the service says in place of a stream is here, from botocore's service
model sagemaker-runtime 2017-05-13. Texts that users of the service published: the denied access (philschmid/cdk-samples issue 2), the throttling and the
expired token, which are the same of all of AWS. The others are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mock_server import container_faults, stream_faults
from mock_server.sigv4 import NAMESPACE, STATUS
from mock_server.stream_faults import STREAM_ERRORS, UNKNOWN_EVENT, parse_error_code
from mock_server.words import WordError, parse_count, parse_seconds

GRAMMAR = re.compile(r"(?P<name>[a-z-]+)(?::(?P<argument>[^@]*?))?(?:@(?P<after>\d{1,9}))?(?:x(?P<attempts>[1-9]\d{0,8}))?")

Stage: TypeAlias = Literal["service", "model", "event stream", "connection", "container"]
"""Who fails: the service or the model before the stream, the event stream, the connection under it, or the container while it writes."""
BEFORE: frozenset[Stage] = frozenset({"service", "model"})
"""Stages of what stands in place of a stream."""


@dataclass(frozen=True, slots=True)
class ServiceError:
    """An error that the service answers with instead of the stream."""

    status: int
    code: str
    message: str
    member: str = "Message"
    """Under which name the body has the message."""
    namespace: str = ""
    """What the header appends to the code."""


SERVICE_ERRORS = {
    "validation-error": ServiceError(400, "ValidationError", "The request is not valid."),
    "model-not-ready": ServiceError(429, "ModelNotReadyException", "The model is not ready to serve inference requests. Try again in a moment."),
    "throttling": ServiceError(429, "ThrottlingException", "Rate exceeded", "message"),
    "internal-failure": ServiceError(500, "InternalFailure", "Internal failure."),
    "service-unavailable": ServiceError(503, "ServiceUnavailable", "The service is unavailable."),
    "dependency": ServiceError(530, "InternalDependencyException", "A service that this one depends on has failed."),
    "access-denied": ServiceError(
        STATUS,
        "AccessDeniedException",
        "User: arn:aws:iam::{account}:user/streamtwin is not authorized to perform: sagemaker:{operation} on resource: {endpoint_arn} "
        "because no identity-based policy allows the sagemaker:{operation} action",
    ),
    "expired-token": ServiceError(STATUS, "ExpiredTokenException", "The security token included in the request is expired", "message", f":{NAMESPACE}"),
}


@dataclass(frozen=True, slots=True)
class _Kind:
    stage: Stage
    argument: str = ""
    """How the argument is written in messages; empty for none."""
    parse: Callable[[str], object] = str
    default: str = ""

    def spelling(self, name: str) -> str:
        return f"{name}[:{self.argument}]" if self.argument else name


def _parse_status(text: str) -> None:
    status = 0 if text == "0" else parse_count(text)[0]
    if status and not 400 <= status <= 599:
        raise WordError(f"{text!r} is no status of a failure", "0 for none (the model timed out), or 400 to 599")


def _parse_event_type(text: str) -> None:
    if not re.fullmatch(r"[A-Za-z-]{1,64}", text) or text == "PayloadPart":
        raise WordError(f"{text!r} is not a type of an unknown event", "letters and hyphens, as initial-response, but PayloadPart")


def _parse_error_kind(text: str) -> None:
    if not re.fullmatch(r"[a-z_]{1,64}", text):
        raise WordError(f"{text!r} is not a kind of a container's error", "small letters and _, as overloaded")


KINDS: dict[str, _Kind] = {
    **{name: _Kind("service") for name in SERVICE_ERRORS},
    "model-error": _Kind("model", "STATUS", _parse_status, "500"),
    "model-stream-error": _Kind("event stream", "ERRORCODE", parse_error_code, next(iter(STREAM_ERRORS))),
    "internal-stream-failure": _Kind("event stream"),
    "unmodeled-exception": _Kind("event stream"),
    "unmodeled-error": _Kind("event stream"),
    "unknown-event": _Kind("event stream", "TYPE", _parse_event_type, UNKNOWN_EVENT),
    "empty-part": _Kind("event stream"),
    "bad-prelude-crc": _Kind("event stream"),
    "bad-message-crc": _Kind("event stream"),
    "truncate-frame": _Kind("event stream"),
    "no-frames": _Kind("event stream"),
    "reset": _Kind("connection"),
    "close": _Kind("connection"),
    "close-in-chunk": _Kind("connection"),
    "stall": _Kind("connection", "SECONDS", parse_seconds),
    **{name: _Kind("container") for name in container_faults.EFFECTS},
    "container-error": _Kind("container", "KIND", _parse_error_kind),
}
LEGAL = (
    "NAME[:ARG][@N][xK] with NAME one of "
    + ", ".join(kind.spelling(name) for name, kind in KINDS.items())
    + "; joined by +: several of the last "
    + f"{len(container_faults.EFFECTS)} with at most one of the others"
)


def spellings() -> dict[str, tuple[str, Stage]]:
    """Return, by its name, how each fault is written without `@N` and `xK`, and who fails."""
    return {name: (kind.spelling(name), kind.stage) for name, kind in KINDS.items()}


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

    def fits(self, senseless: Collection[Stage]) -> bool:
        """Whether it makes sense where faults of these stages make none; nobody but the service waits for a model in vain."""
        waits_in_vain = self.stage == "model" and self.argument == "0"
        return self.stage not in senseless and not (waits_in_vain and "service" in senseless)

    def strikes(self, attempt: int) -> bool:
        """Whether this attempt of a request, counted from 1, is to fail."""
        return self.attempts is None or attempt <= self.attempts

    def damage(self) -> stream_faults.StreamDamage:
        """Return what it does to one answer, if it is a fault of the event stream or the connection."""
        return stream_faults.StreamDamage(self.name, self.argument, self.after)


@dataclass(frozen=True, slots=True)
class Faults:
    """All that is to go wrong with one request: of the container's faults any, of the others one at most."""

    text: str
    terms: Sequence[Fault]

    @property
    def error_kind(self) -> str:
        """Which kind of its errors the container is to have; empty for none in particular."""
        return find_error_kind(self.terms)

    def striking(self, attempt: int) -> tuple[Fault, ...]:
        """Return those that strike this attempt."""
        return tuple(fault for fault in self.terms if fault.strikes(attempt))


def find_error_kind(faults: Sequence[Fault]) -> str:
    """Return which kind of its errors these ask the container for; empty for none in particular."""
    return next((fault.argument for fault in faults if fault.name == "container-error"), "")


def parse_faults(text: str) -> Faults:
    """Read faults as people write them.

    Raises:
        WordError: One of them is none, stands twice, or there is another one already that is not the container's.
    """
    terms = tuple(map(parse_fault, text.split("+")))
    names = [fault.name for fault in terms]
    others = [fault.name for fault in terms if fault.stage != "container"]
    if len(set(names)) < len(names) or len(others) > 1:
        raise WordError(f"{text!r} joins faults that cannot strike together", LEGAL)
    return Faults(text, terms)


def parse_fault(text: str) -> Fault:
    """Read one fault.

    Raises:
        WordError: It names no fault, an argument is wrong, or `@N` stands where there are no parts yet.
    """
    match = GRAMMAR.fullmatch(text)
    kind = KINDS.get(match["name"]) if match else None
    if match is None or kind is None or (match["argument"] is not None and not kind.argument):
        raise WordError(f"{text!r} is not a fault", LEGAL)
    if match["after"] is not None and kind.stage in BEFORE:
        raise WordError(f"{text!r} happens before the stream and takes no @N", LEGAL)
    if match["argument"] is not None:
        kind.parse(match["argument"])
    attempts = int(match["attempts"]) if match["attempts"] else None
    argument = kind.default if match["argument"] is None else match["argument"]
    return Fault(text, match["name"], argument, int(match["after"] or 0), attempts)
