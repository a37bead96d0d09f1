"""How a twin is set up, whatever starts it: the command, a test, the page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSettings:
    """What holds for every endpoint of one twin."""

    profile: str = "typical"
    """How fast the endpoints answer whose catalog does not say; a name of `mock_server.profiles.PROFILES`."""
