"""What our errors carry of the corpus's cases, beyond that they are errors: a code, what was left over, the frame and where it is."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import BackendError, MalformedFrame, StreamInterrupted, TruncatedStream
from mock_server.contract.corpus import corpus
from mock_server.contract.cuttings import cuttings
from tests.backends.wire.test_decode import collect

NO_MESSAGE = "the container gives no message"

INTERRUPTED = {
    "tgi-generation-without-a-space": ("generation", "Request failed during generation: Server error: CUDA out of memory"),
    "tgi-chat-in-openai-form": ("422", "Request failed during generation: Server error: out of memory"),
    "tgi-chat-in-its-own-form": ("generation", "Request failed during generation: Server error: out of memory"),
    "vllm-engine": ("InternalServerError", "EngineCore encountered an issue. See stack trace (above) for the root cause."),
    "error-by-its-object": ("BadRequestError", "the prompt is too long"),
    "sglang": ("BadRequestError", "the model failed"),
    "lmi-front-end-behind-lines": ("424", "exception occurred during rolling batch inference"),
    "lmi-front-end-behind-events": ("424", "exception occurred during rolling batch inference"),
    "lmi-front-end-escapes-html": ("424", "token id 7 isn't < 5 & can't be"),
    "lmi-front-end-without-a-word": ("424", NO_MESSAGE),
    "lmi-python-writes-the-error": ("500", "the model failed"),
    "lmi-batch-failed": ("424", "Batch inference failed"),
    "lmi-engine-gone": ("500", "Inference Engine Failure"),
    "lmi-token-that-is-an-error": ("error", NO_MESSAGE),
    "lmi-token-that-tells-its-error": ("error", "CUDA error: device-side assert"),
    "lmi-choice-that-is-an-error": ("error", NO_MESSAGE),
    "lmi-bedrock": ("400", "the prompt is too long"),
    "error-printed": ("WlmCapacityException", "Worker queue capacity exceeded for model: model"),
    "error-whole": ("400", "boom"),
    "error-in-bedrock-s-form": ("400", "the prompt is too long"),
    "fragments-then-an-error-of-python": ("500", "CUDA out of memory"),
    "fragments-then-an-error-printed": ("424", "CUDA out of memory"),
    "fragments-then-an-error": ("424", "isn't"),
    "fragments-that-failed": ("error", NO_MESSAGE),
    "fragments-then-a-whole-error": ("400", "boom"),
}
"""Case -> the container's code and words."""

TRUNCATED = {
    "nothing-at-all": b"",
    "comments-and-nothing-else": b"",
    "byte-order-mark-alone": b"",
    "document-without-an-answer": b"",
    "lmi-0-28-stops-inside-a-frame": b'{"token": {"id": 304, "text"',
    "lmi-0-28-stops-inside-a-character": b'{"token": {"id": 5, "text": " \xe6',
    "lmi-0-28-stops-between-frames": b"",
    "vllm-stops-between-frames": b"",
    "event-stops-between-its-data-lines": b'{"token":',
    "field-name-alone": b"da",
    "error-stops": b'{"error":"exception occurred dur',
    "printed-document-stops": b'{\n  "generated_text": "Eleven"',
    "a-number-at-the-end": b"12",
    "fragments-stop-inside-the-opening": b'{"generated_text": ',
    "fragments-stop-inside-the-string": b'{"generated_text": "',
    "fragments-stop-inside-an-escape": b'{"generated_text": "\\u00',
    "fragments-stop-inside-a-character": b'{"generated_text": "\xf0\x9f\x98',
    "fragments-stop-behind-a-brace": b'{"generated_text": "{',
    "fragments-stop-behind-the-text": b'{"generated_text": ""',
    "fragments-stop-inside-the-details": b'{"generated_text": "", "details": {',
}
"""Case -> what is left of a frame, without the text that was given."""

MALFORMED = {
    "garbage-between-lines": (19, b"WARNING: slow disk"),
    "garbage-between-events": (501, b"{oops}"),
    "an-array-of-numbers": (19, b"[12]"),
    "an-array-of-nothing": (19, b"[]"),
    "two-documents-in-a-line": (19, b'{"outputs": ["b"]}{"outputs": ["c"]}'),
    "no-utf-8-in-a-line": (19, b'{"outputs": [" caf\xff"]}'),
    "nested-too-deeply": (19, b'{"outputs": ["b"], "trace": ' + b"[" * 996),
    "a-text-that-is-a-number": (52, b'{"token": {"id": 2, "text": 5, "log_prob": -0.5}}'),
    "an-id-that-is-a-text": (52, b'{"token": {"id": "q", "text": "b", "log_prob": -0.5}}'),
    "a-log-probability-that-is-a-text": (52, b'{"token": {"id": 2, "text": "b", "log_prob": "low"}}'),
    "a-token-that-is-a-text": (52, b'{"token": "b"}'),
    "choices-that-are-a-number": (162, b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764023695,"model":"m","choices":5}'),
    "an-output-that-is-a-number": (19, b'{"outputs": [5]}'),
    "fragments-with-a-tab-raw": (0, b'{"generated_text": "\ttide"}'),
    "fragments-with-a-line-end-raw": (0, b'{"generated_text": "'),
    "fragments-with-an-escape-that-is-none": (1, b'{"generated_text": "\\utide"}'),
    "fragments-that-are-no-utf-8": (0, b'{"generated_text": "\xfftide"}'),
    "fragments-with-half-a-character": (0, b'{"generated_text": "\xe6\x97"}'),
}
"""Case -> where the frame begins, and its beginning, without the text that was given."""


def errors_of(name: str) -> list[BackendError]:
    """Return the error of each cutting of a case, checking that all say the same."""
    case = corpus()[name]
    errors = [collect(parts, case.content_type)[1] for parts in cuttings(case.body)]
    assert len({str(error) for error in errors}) == 1
    return [error for error in errors if error is not None]


def fields(error: BackendError) -> tuple[type[BackendError], dict[str, Any]]:
    return type(error), vars(error)


@pytest.mark.parametrize("name", INTERRUPTED)
def test_an_interruption_tells_the_container_s_code_and_words(name: str) -> None:
    code, words = INTERRUPTED[name]
    for error in errors_of(name):
        assert fields(error) == (StreamInterrupted, {"code": code, "error_code": None})
        assert str(error) == f"the container stopped with an error: {words}"


@pytest.mark.parametrize("name", TRUNCATED)
def test_a_truncation_tells_what_was_left_over(name: str) -> None:
    for error in errors_of(name):
        assert fields(error) == (TruncatedStream, {"pending": TRUNCATED[name]})


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_frame_is_shown_and_where_it_is(name: str) -> None:
    offset, frame = MALFORMED[name]
    for error in errors_of(name):
        assert fields(error) == (MalformedFrame, {"offset": offset, "frame": frame})
