"""Every error of an answer, told apart by whose fault it is.

BackendError
├── ConfigurationError      nothing was sent: no region, no credentials, a bad parameter
├── TransportError          no connection, one that broke (reset, closed early), or a time-out
├── WireError               the bytes break their own format
│   ├── MalformedFrame
│   └── TruncatedStream     the bytes stop inside a frame or before the answer's end
└── EndpointError           the far side says that it failed
    ├── RequestRejected     before the answer began
    └── StreamInterrupted   after HTTP 200
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Phase: TypeAlias = Literal["connect", "send", "headers", "first byte", "stream"]
"""Where in a request time or the connection was lost; `stream` is anywhere behind the body's first byte."""


class BackendError(Exception):
    """Any failure of an answer; its text is fit to be shown to a person."""


class ConfigurationError(BackendError):
    """Nothing was sent, because a setting is missing or wrong."""


class TransportError(BackendError):
    """No connection, a connection that broke, or a time-out."""

    def __init__(self, message: str, *, phase: Phase, timed_out: bool = False) -> None:
        super().__init__(message)
        self.phase: Phase = phase
        """What was being waited for."""
        self.timed_out = timed_out
        """Whether a time limit of ours ran out, rather than the connection."""


class WireError(BackendError):
    """The bytes break their own format."""


class MalformedFrame(WireError):
    """One frame cannot be read."""

    def __init__(self, message: str, *, offset: int, frame: bytes) -> None:
        super().__init__(message)
        self.offset = offset
        """Where the frame begins: a byte offset in the body (for an event stream message, in the framed bytes)."""
        self.frame = frame
        """The frame's bytes, cut off at 1 KiB."""


class TruncatedStream(WireError):
    """The bytes stop inside a frame or before the answer's end."""

    def __init__(self, message: str, *, pending: bytes = b"") -> None:
        super().__init__(message)
        self.pending = pending
        """What arrived of the unfinished frame; empty if the stream stopped between frames."""


class EndpointError(BackendError):
    """The far side says that it failed."""


class RequestRejected(EndpointError):
    """The far side refused, or failed, before the answer began."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        request_id: str | None = None,
        original_status: int | None = None,
        original_message: str | None = None,
        log_stream_arn: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""
        self.code = code
        """The service's name of the error (`ValidationError`, `ModelError`), or the container's."""
        self.request_id = request_id
        self.original_status = original_status
        """ModelError only: the HTTP status that the container gave SageMaker, 0 for none."""
        self.original_message = original_message
        """ModelError only: the body that the container gave SageMaker."""
        self.log_stream_arn = log_stream_arn
        """ModelError only: where the container's log is."""


class StreamInterrupted(EndpointError):
    """The far side failed after it had begun to answer: an exception event, or an error inside the body."""

    def __init__(self, message: str, *, code: str, error_code: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        """`ModelStreamError`, `InternalStreamFailure`, or the container's own type of error (`generation`, `424`)."""
        self.error_code = error_code
        """ModelStreamError only: `ModelInvocationTimeExceeded`, `StreamBroken`."""
