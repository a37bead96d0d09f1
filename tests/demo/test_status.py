from __future__ import annotations

import pytest

from backends.errors import (
    BackendError,
    ConfigurationError,
    EndpointError,
    MalformedFrame,
    RequestRejected,
    StreamInterrupted,
    TransportError,
    TruncatedStream,
)
from backends.events import Data, Finish, Token
from backends.timing import Timing
from demo.failures import sentence
from demo.status import progress, result, with_left_out


def data(*data_at_s: float, finish: Finish | None = None) -> Timing:
    timing = Timing()
    for at_s in data_at_s:
        timing.part(b"x" * 1536, at_s)
        timing.event(Data(b"x" * 1536), at_s, 0, 1536)
    if finish:
        timing.event(finish, data_at_s[-1], 0, 0)
    return timing


def timed(*tokens_at_s: float, finish: Finish | None = None) -> Timing:
    timing = Timing()
    for at_s in tokens_at_s:
        timing.event(Token("x"), at_s, 0, 0)
    if finish:
        timing.event(finish, tokens_at_s[-1], 0, 0)
    return timing


@pytest.mark.parametrize(
    ("timing", "waited_s", "idle_s", "line"),
    [
        (timed(), 1.44, 1.44, "waiting 1.4 s"),
        (timed(0.182), 0.2, 0.01, "TTFT 182 ms · 1 token · streaming"),
        (timed(1.0, 1.5, 2.0), 2.0, 0.99, "TTFT 1.00 s · 2.0 tokens/s · 3 tokens · streaming"),
        (timed(1.0, 1.5, 2.0), 5.0, 3.0, "TTFT 1.00 s · 2.0 tokens/s · 3 tokens · stalled 3 s"),
        (data(0.25, 1.5), 1.6, 0.1, "first bytes 250 ms · 3.0 KiB in 1.50 s · streaming"),
        (data(0.25), 3.0, 2.75, "first bytes 250 ms · 1.5 KiB in 250 ms · stalled 3 s"),
    ],
)
def test_the_line_of_an_answer_on_its_way(timing: Timing, waited_s: float, idle_s: float, line: str) -> None:
    assert progress(timing, waited_s=waited_s, idle_s=idle_s) == line


@pytest.mark.parametrize(
    ("timing", "stopped", "line"),
    [
        (timed(), False, "no answer"),
        (timed(0.1), False, "TTFT 100 ms · 1 token · broken off"),
        (timed(), True, "stopped by you"),
        (timed(0.1, 0.2), True, "TTFT 100 ms · 10.0 tokens/s · 2 tokens · stopped by you"),
        (timed(0.1, finish=Finish()), False, "TTFT 100 ms · 1 token · finished"),
        (timed(0.1, finish=Finish("length", "length")), False, "TTFT 100 ms · 1 token · finished: length"),
        (timed(0.1, finish=Finish("stop", "eos_token")), False, "TTFT 100 ms · 1 token · finished: stop (eos_token)"),
        (timed(0.1, finish=Finish(None, "abort")), False, "TTFT 100 ms · 1 token · finished: abort"),
        (data(0.25, 1.5, finish=Finish()), False, "first bytes 250 ms · 3.0 KiB in 1.50 s · finished"),
        (data(0.25), False, "first bytes 250 ms · 1.5 KiB in 250 ms · broken off"),
    ],
)
def test_the_line_of_an_answer_that_ended(timing: Timing, stopped: bool, line: str) -> None:
    assert result(timing, stopped=stopped) == line


@pytest.mark.parametrize(("turns", "line"), [(0, "1 token"), (1, "1 token · 1 earlier turn left out"), (7, "1 token · 7 earlier turns left out")])
def test_a_line_says_which_turns_the_endpoint_was_not_told(turns: int, line: str) -> None:
    assert with_left_out("1 token", turns) == line


@pytest.mark.parametrize(
    ("code", "lead"),
    [("validation", "The endpoint refused the request"), ("400", "The endpoint refused the request"), ("generation", "The endpoint failed before it answered")],
)
def test_an_error_in_place_of_an_answer_broke_nothing_off(code: str, lead: str) -> None:
    assert sentence(StreamInterrupted("no", code=code), answering=False) == f"{lead}: no"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConfigurationError("no region"), "Nothing was sent: no region"),
        (TransportError("reset", phase="stream"), "The connection failed: reset"),
        (TransportError("60 s", phase="stream", timed_out=True), "The endpoint took too long: 60 s"),
        (TruncatedStream("cut"), "The answer broke off before its end: cut"),
        (MalformedFrame("crc", offset=0, frame=b""), "The answer arrived damaged: crc"),
        (StreamInterrupted("gone", code="ModelStreamError"), "The endpoint gave up in the middle of its answer: gone"),
        (RequestRejected("slow down", status=429, code="ThrottlingException"), "The endpoint is busy and turned the request away: slow down"),
        (RequestRejected("no", status=400, code="ValidationError"), "The endpoint refused the request: no"),
        (
            RequestRejected("The token is expired.", status=403, code="ExpiredTokenException"),
            "Access was denied: The token is expired. The credentials are out of date: run `aws sso login`, or `aws configure` for new keys.",
        ),
        (RequestRejected("oops", status=500, code="InternalFailure"), "The endpoint failed before it answered: oops"),
        (EndpointError(""), "The endpoint did not answer."),
    ],
)
def test_an_error_is_told_in_words(error: BackendError, words: str) -> None:
    assert sentence(error) == words


def test_what_boto3_makes_of_the_configuration_is_told_to_no_stranger() -> None:
    error = ConfigurationError("AWS refused to give credentials (arn:aws:iam::123456789012:role/page)")
    error.__cause__ = ValueError()
    assert sentence(error, in_full=False) == "Nothing was sent."
