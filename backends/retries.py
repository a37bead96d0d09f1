"""Which failures before the answer are worth another attempt, and after how long: standard mode of the AWS SDKs, without its quota.

Source: botocore 1.44 `retries/standard.py`. Once the answer has begun nothing is retried: what was read cannot be taken back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backends.errors import BackendError, RequestRejected, TransportError

TRANSIENT_STATUSES = {500, 502, 503, 504}
TRANSIENT_CODES = {"RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"}
TRANSIENT_PHASES = {"connect", "send", "headers"}
THROTTLING_STATUSES = {429}
THROTTLING_CODES = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
}

_THROTTLING_BASE_S = 1.0
_TRANSIENT_BASE_S = 0.05
_LONGEST_BACKOFF_S = 20.0
_LONGEST_ADDITION_S = 5.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again."""

    attempts: int
    """The most attempts, the first included."""
    chance: Callable[[], float] = random.random
    """Between 0 and 1: what part of the longest backoff is waited."""

    def delay_s(self, error: BackendError, attempt: int, headers: Mapping[str, str]) -> float | None:
        """Return how long to wait before the next attempt, None for no next one.

        Args:
            error: How this attempt ended.
            attempt: Its number, from 1.
            headers: Those of its response; `x-amz-retry-after` (ms) makes the wait longer, by 5 s at most.
        """
        base_s = _base_s(error)
        if base_s is None or attempt >= self.attempts:
            return None
        backoff_s = self.chance() * min(base_s * 2.0 ** (attempt - 1), _LONGEST_BACKOFF_S)
        return max(backoff_s, min(_retry_after_s(headers), backoff_s + _LONGEST_ADDITION_S))


def _base_s(error: BackendError) -> float | None:
    if isinstance(error, TransportError):
        return _TRANSIENT_BASE_S if error.phase in TRANSIENT_PHASES else None
    if not isinstance(error, RequestRejected):
        return None
    if error.status in THROTTLING_STATUSES or error.code in THROTTLING_CODES:
        return _THROTTLING_BASE_S
    return _TRANSIENT_BASE_S if error.status in TRANSIENT_STATUSES or error.code in TRANSIENT_CODES else None


def _retry_after_s(headers: Mapping[str, str]) -> float:
    value = headers.get("x-amz-retry-after", "")
    return int(value) / 1000 if value.isascii() and value.isdigit() else 0.0
