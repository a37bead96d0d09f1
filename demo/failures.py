"""What went wrong, in words for whoever asked."""

from __future__ import annotations

from backends.errors import BackendError, ConfigurationError, RequestRejected, StreamInterrupted, TransportError, TruncatedStream, WireError
from backends.remedies import remedy
from demo.language import ENGLISH, Words, mark

LEADS: tuple[tuple[type[BackendError], str], ...] = (
    (ConfigurationError, mark("Nothing was sent")),
    (TransportError, mark("The connection failed")),
    (TruncatedStream, mark("The answer broke off before its end")),
    (WireError, mark("The answer arrived damaged")),
    (StreamInterrupted, mark("The endpoint gave up in the middle of its answer")),
    (BackendError, mark("The endpoint did not answer")),
)
OWN_FAULT = mark("Something went wrong in this page itself; its log says what.")
REFUSALS = {
    400: mark("The endpoint refused the request"),
    403: mark("Access was denied"),
    404: mark("Nothing answers at that address"),
    424: mark("The model failed"),
    429: mark("The endpoint is busy and turned the request away"),
    503: mark("The endpoint is not available now"),
}
REFUSALS_IN_BAND = ("validation", "BadRequestError", "400", "422")
"""Codes by which a container says in the body, behind a 200, that it did not take the request: TGI's, vLLM's, and statuses."""
FAILED_AT_ONCE = mark("The endpoint failed before it answered")
TOO_LONG = mark("The endpoint took too long")


def sentence(error: BackendError, *, answering: bool = True, in_full: bool = True, words: Words = ENGLISH) -> str:
    """Return what a person reads of `error`: whose fault it is, the error's own words, and what mends it where that is known.

    These two stay English: they name what one searches for and types.

    Args:
        answering: Some of the answer had arrived.
        in_full: Whether the error's words are told where they are not about what the person chose: AWS names accounts and roles in them.
    """
    if isinstance(error, RequestRejected):
        lead = REFUSALS.get(error.status, FAILED_AT_ONCE)
    elif isinstance(error, StreamInterrupted) and not answering:
        lead = REFUSALS[400] if error.code in REFUSALS_IN_BAND else FAILED_AT_ONCE
    elif isinstance(error, TransportError) and error.timed_out:
        lead = TOO_LONG
    else:
        lead = next(lead for kind, lead in LEADS if isinstance(error, kind))
    own = str(error) if in_full or _is_choice(error) else ""
    said = f"{words(lead)}: {own}" if own else words("{sentence}.", sentence=words(lead))
    mends = remedy(error) if in_full else ""
    return f"{said.rstrip('.')}. {mends}" if mends else said


def _is_choice(error: BackendError) -> bool:
    """Tell whether `error` is about what a person chose; one that has a cause is what boto3 made of the machine's configuration."""
    return isinstance(error, ConfigurationError) and error.__cause__ is None
