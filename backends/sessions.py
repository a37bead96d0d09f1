"""Stateful sessions: an endpoint whose container keeps them sends all requests of one to the same instance.

Sources: botocore's service model sagemaker-runtime 2017-05-13 (a session is opened and closed by InvokeEndpoint alone; what `NewSessionId` looks like);
deepjavalibrary/djl-serving and aws/model-hosting-container-standards (the bodies, and how an id is refused that is not known).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self, runtime_checkable

from backends.endpoints import Endpoint
from backends.errors import BackendError, RequestRejected, WireError

NEW_SESSION = "NEW_SESSION"
OPEN_BODY = b'{"requestType":"NEW_SESSION"}'
CLOSE_BODY = b'{"requestType":"CLOSE"}'
UNKNOWN = "session not found"
_OPENED = re.compile(r"([a-zA-Z0-9](?:-*[a-zA-Z0-9])*);\s*Expires=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


@dataclass(frozen=True, slots=True)
class Session:
    """One session of an endpoint."""

    endpoint: Endpoint
    id: str
    expires: datetime
    """In UTC. What comes later, a container may answer as if it named no session."""

    @classmethod
    def from_header(cls, endpoint: Endpoint, value: str | None) -> Self:
        """Read what the service says of a session that was opened.

        Raises:
            WireError: It says none.
        """
        match = _OPENED.fullmatch(value or "")
        try:
            if match:
                return cls(endpoint, match[1], datetime.strptime(match[2], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC))
        except ValueError:
            pass
        raise WireError(f"the endpoint said of a new session {value!r}, expected an id and when it expires: does its container keep sessions?")


@runtime_checkable
class SessionBackend(Protocol):
    """**Protocol:** a backend whose endpoints can keep stateful sessions."""

    async def open_session(self, endpoint: Endpoint) -> Session:
        """Open a session; raises BackendError."""

    async def close_session(self, session: Session) -> None:
        """Close a session; raises BackendError."""


def is_unknown_session(error: BackendError) -> bool:
    """Return whether a request was refused because nobody knows its session, or no more."""
    return isinstance(error, RequestRejected) and UNKNOWN in (error.original_message or "")
