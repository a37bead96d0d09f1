"""The stateful sessions of an endpoint: what its container remembers of them between requests.

Source: deepjavalibrary/djl-serving `session_manager.py`, which aws/model-hosting-container-standards took over: a session lasts 20 minutes from when it was
opened, however it is used, and those that are over go when the next one is opened. A container keeps them on disk; here they are in memory, gone with the
process, and bounded: with one too many, the oldest goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from mock_server.clock import Clock

MAX_SESSION_S = 365 * 24 * 3600
MAX_SESSIONS = 1000


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How an endpoint's sessions are kept."""

    lasting_s: float = 1200.0
    """From when one is opened."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session."""

    id: str
    ends_at_s: float
    """On the twin's clock."""
    expires: datetime

    @property
    def header(self) -> str:
        """How a container tells that it was opened."""
        return f"{self.id}; Expires={self.expires:%Y-%m-%dT%H:%M:%SZ}"


class Sessions:
    """The sessions of one endpoint."""

    def __init__(self, endpoint: str, rules: SessionRules, clock: Clock, utc_now: Callable[[], datetime]) -> None:
        self.rules = rules
        self._endpoint = endpoint
        self._clock = clock
        self._utc_now = utc_now
        self._kept: dict[str, Session] = {}
        self._opened = 0

    def open(self, seed: int) -> Session:
        """Return a new session, and forget those that are over."""
        for session in [session for session in self._kept.values() if self.is_over(session)]:
            del self._kept[session.id]
        if len(self._kept) == MAX_SESSIONS:
            del self._kept[next(iter(self._kept))]
        self._opened += 1
        dice = Random(f"session {self._endpoint} {seed} {self._opened}")  # noqa: S311 - ids that replay, and nobody's secret
        ends_at_s, expires = self._clock.now_s() + self.rules.lasting_s, self._utc_now() + timedelta(seconds=self.rules.lasting_s)
        session = Session(str(UUID(int=dice.getrandbits(128), version=4)), ends_at_s, expires)
        self._kept[session.id] = session
        return session

    def find(self, session_id: str) -> Session | None:
        """Return the session of that id, over or not, None where it is not known."""
        return self._kept.get(session_id)

    def is_over(self, session: Session) -> bool:
        """Return whether a session has expired."""
        return self._clock.now_s() > session.ends_at_s

    def close(self, session_id: str) -> None:
        """Forget a session; raises KeyError."""
        del self._kept[session_id]

    def renewed(self, rules: SessionRules) -> Sessions:
        """Return none of these, to be kept by other rules; no later one has the id of any."""
        sessions = Sessions(self._endpoint, rules, self._clock, self._utc_now)
        sessions._opened = self._opened
        return sessions

    def forget(self) -> None:
        """Forget all of them; no later one has the id of any."""
        self._kept.clear()
