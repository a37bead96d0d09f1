"""How a twin is set up, whatever starts it: the command, a test, the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mock_server.sigv4 import Level, utc_now

CREATION_S = 0.5
"""How long creating an endpoint takes where nobody says: a rehearsal sees each state, and does not wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSettings:
    """What holds for every endpoint of one twin."""

    profile: str = "typical"
    """How fast the endpoints answer whose catalog does not say; a name of `mock_server.profiles.PROFILES`."""
    time_limits: float = 1.0
    """What the service's limits of 60 s and 8 minutes are multiplied by; infinite for none."""
    creation_s: float = CREATION_S
    """How long an endpoint takes to be created, changed or deleted; infinite for one that is never done."""
    region: str = "us-east-1"
    """The AWS region that it stands for."""
    sigv4: Level = "off"
    """How closely it looks at signatures."""
    utc_now: Callable[[], datetime] = utc_now
    """The time that signatures are checked by."""
    folder: Path = Path(__file__).parent
    """The catalog's: what is told to serve while it runs can name files in it alone."""
