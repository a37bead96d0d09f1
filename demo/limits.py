"""What a page bounds: on a private one what would be a slip, on a public one what a stranger could do on purpose.

A visitor is an address. A page's session tells who may stop an answer, but whoever likes makes up as many sessions as they like; so what is bounded is
bounded for the address, and for everybody together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from backends.errors import ConfigurationError
from backends.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a page, each by the name that CHAT_LIMITS gives it."""

    question_characters: int
    """Of one message, and of the system prompt."""
    turns: int
    """Questions in one conversation, those that were edited or asked anew counted each time."""
    answers: int
    """On their way at the same time, to everybody."""
    answers_each: int
    """On their way at the same time, to one visitor."""
    questions_a_minute: int
    """Of one visitor."""
    answer_s: int
    """From the question to the answer's end, retries included."""
    pages_each: int
    """Sessions of one visitor, within the last hour."""
    connections_each: int
    """Held open at the same time by one visitor; a page holds two while an answer comes."""
    request_bytes: int
    """Of one request's body."""
    endpoints: int
    """Created on the page's twin, there at the same time, by everybody."""
    endpoints_each: int
    """Created on the page's twin by one visitor, within `endpoint_s`."""
    endpoint_s: int
    """From the creation of an endpoint on the page's twin until it is deleted by itself."""


PRIVATE = Limits(
    question_characters=1_000_000,
    turns=1_000,
    answers=200,
    answers_each=200,
    questions_a_minute=6_000,
    answer_s=600,
    pages_each=2_000,
    connections_each=1_000,
    request_bytes=64 * 1024 * 1024,
    endpoints=200,
    endpoints_each=1_000,
    endpoint_s=7 * 24 * 3600,
)
PUBLIC = Limits(
    question_characters=8_000,
    turns=60,
    answers=64,
    answers_each=6,
    questions_a_minute=20,
    answer_s=120,
    pages_each=60,
    connections_each=60,
    request_bytes=8 * 1024 * 1024,
    endpoints=40,
    endpoints_each=6,
    endpoint_s=1800,
)


def limits_of(settings: Settings) -> Limits:
    """Return the bounds that `settings` ask for; raises ConfigurationError for one of no known name."""
    names = [field.name for field in fields(Limits)]
    for name, _ in settings.limits:
        if name not in names:
            raise ConfigurationError(f"CHAT_LIMITS names {name!r}; there is {', '.join(names)}.")
    return replace(PUBLIC if settings.public else PRIVATE, **dict(settings.limits))
