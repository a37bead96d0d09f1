"""What went wrong, in words for whoever asked."""

from __future__ import annotations

from backends.errors import BackendError, ConfigurationError, RequestRejected, StreamInterrupted, TransportError, TruncatedStream, WireError
from backends.remedies import remedy

LEADS: tuple[tuple[type[BackendError], str], ...] = (
    (ConfigurationError, "Nothing was sent"),
    (TransportError, "The connection failed"),
    (TruncatedStream, "The answer broke off before its end"),
    (WireError, "The answer arrived damaged"),
    (StreamInterrupted, "The endpoint gave up in the middle of its answer"),
    (BackendError, "The endpoint did not answer"),
)
OWN_FAULT = "Something went wrong in this page itself; its log says what."
REFUSALS = {
    400: "The endpoint refused the request",
    403: "Access was denied",
    404: "Nothing answers at that address",
    424: "The model failed",
    429: "The endpoint is busy and turned the request away",
    503: "The endpoint is not available now",
}
REFUSALS_IN_BAND = ("validation", "BadRequestError", "400", "422")
"""Codes by which a container says in the body, behind a 200, that it did not take the request: TGI's, vLLM's, and statuses."""
FAILED_AT_ONCE = "The endpoint failed before it answered"


def sentence(error: BackendError, *, answering: bool = True) -> str:
    """Return what a person reads of `error`: whose fault it is, the error's own words, and what mends it where that is known.

    Args:
        answering: Some of the answer had arrived.
    """
    if isinstance(error, RequestRejected):
        lead = REFUSALS.get(error.status, FAILED_AT_ONCE)
    elif isinstance(error, StreamInterrupted) and not answering:
        lead = REFUSALS[400] if error.code in REFUSALS_IN_BAND else FAILED_AT_ONCE
    elif isinstance(error, TransportError) and error.timed_out:
        lead = "The endpoint took too long"
    else:
        lead = next(words for kind, words in LEADS if isinstance(error, kind))
    said = f"{lead}: {error}" if str(error) else f"{lead}."
    mends = remedy(error)
    return f"{said.rstrip('.')}. {mends}" if mends else said
