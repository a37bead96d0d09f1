"""The retry table, judged by botocore's own standard mode."""

from __future__ import annotations

from types import SimpleNamespace

import botocore.session
import pytest
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.model import OperationModel
from botocore.retries.standard import (
    ExponentialBackoff,
    RetryContext,
    RetryEventAdapter,
    StandardRetryConditions,
    ThrottlingErrorDetector,
)

from backends.errors import BackendError, ConfigurationError, RequestRejected, StreamInterrupted, TransportError, WireError
from backends.retries import THROTTLING_CODES, TRANSIENT_CODES, RetryPolicy

STATUSES = (301, 400, 401, 403, 404, 408, 413, 424, 429, 500, 501, 502, 503, 504, 509, 530)
CODES = ("", "Unknown", "ModelNotReadyException", *sorted(THROTTLING_CODES | TRANSIENT_CODES))
NAMED = ((400, "ValidationError"), (424, "ModelError"), (500, "InternalFailure"), (503, "ServiceUnavailable"), (530, "InternalDependencyException"))


@pytest.fixture(scope="module")
def operation() -> OperationModel:
    return botocore.session.Session().get_service_model("sagemaker-runtime").operation_model("InvokeEndpointWithResponseStream")


def botocores_delay_s(operation: OperationModel, status: int, code: str, attempt: int, headers: dict[str, str]) -> float | None:
    response = SimpleNamespace(status_code=status, headers=headers)
    context = RetryContext(attempt, operation, http_response=response, parsed_response={"Error": {"Code": code}})
    if not StandardRetryConditions(3).is_retryable(context):
        return None
    backoff = ExponentialBackoff(random=lambda: 0.5, throttling_detector=ThrottlingErrorDetector(RetryEventAdapter()))
    return float(backoff.delay_amount(context))


def rejected(status: int, code: str) -> RequestRejected:
    return RequestRejected("no", status=status, code=code)


@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_is_retried_when_and_after_as_long_as_botocore_would(operation: OperationModel, status: int) -> None:
    policy = RetryPolicy(3, chance=lambda: 0.5)
    for code in (*CODES, *(code for named, code in NAMED if named == status)):
        for attempt in (1, 2, 3):
            expected = botocores_delay_s(operation, status, code, attempt, {})
            assert policy.delay_s(rejected(status, code), attempt, {}) == expected, (code, attempt)


@pytest.mark.parametrize("value", ["0", "100", "2000", "999999", "-5", "soon", "", "²"])
def test_a_wait_that_the_service_asks_for_is_kept_as_botocore_keeps_it(operation: OperationModel, value: str) -> None:
    headers = {"x-amz-retry-after": value}
    assert RetryPolicy(3, chance=lambda: 0.5).delay_s(rejected(503, "x"), 1, headers) == botocores_delay_s(operation, 503, "x", 1, headers)


def test_backoff_ends_at_twenty_seconds() -> None:
    assert RetryPolicy(99, chance=lambda: 1.0).delay_s(rejected(429, "x"), 50, {}) == 20.0


@pytest.mark.parametrize("phase", ["connect", "send", "headers"])
def test_a_connection_that_breaks_before_the_answer_is_tried_again(operation: OperationModel, phase: str) -> None:
    error = TransportError("broke", phase=phase)  # type: ignore[arg-type]  # the table's words are the literal's
    context = RetryContext(1, operation, caught_exception=BotoConnectionError(error=OSError("broke")))
    assert StandardRetryConditions(3).is_retryable(context)
    assert RetryPolicy(3, chance=lambda: 1.0).delay_s(error, 1, {}) == 0.05
    assert RetryPolicy(3).delay_s(error, 3, {}) is None


@pytest.mark.parametrize(
    "error",
    [
        TransportError("broke", phase="first byte"),
        TransportError("broke", phase="stream"),
        ConfigurationError("no region"),
        StreamInterrupted("no", code="ModelStreamError"),
        WireError("what is this"),
    ],
    ids=["before the first byte", "in the stream", "configuration", "exception event", "wire"],
)
def test_nothing_else_is_tried_again(error: BackendError) -> None:
    assert RetryPolicy(3).delay_s(error, 1, {}) is None
