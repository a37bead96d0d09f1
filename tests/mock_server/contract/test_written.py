"""The cases that name a container, byte for byte, against what the twin's container writes of their tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest
from mock_server.contract.case import Case
from mock_server.contract.corpus import corpus
from mock_server.script import Script, ScriptToken
from tests.mock_server.scripted import reply_of

FAMILIES = ("alignment", "utf-8", "line-ends", "byte-order-mark", "comments", "data", "ending", "done", "separators", "surrogates")
"""Those whose cases are tokens and nothing else that a request would have to ask for."""

CASES = [case for case in corpus().values() if case.family in FAMILIES and case.container]
KEEP_ALIVE = re.compile(rb"^:\n\n", re.MULTILINE)
STREAMING = {"x-amzn-sagemaker-forwarded-api": "InvokeEndpointWithResponseStream"}
STREAM: dict[str, Any] = {"stream": True}
INPUTS = {"inputs": "x"}
CHAT = {"messages": [{"role": "user", "content": "x"}]}
REQUESTS = (
    INPUTS | STREAM,
    INPUTS | STREAM | {"parameters": {"details": True}},
    INPUTS,
    CHAT | STREAM,
    CHAT | STREAM | {"stream_options": {"include_usage": True}},
    {"prompt": "x"},
)


def written(case: Case) -> Iterator[tuple[str | None, bytes]]:
    """Yield the content type and the body for each way to ask the case's container for the case's tokens."""
    tokens = tuple(ScriptToken(token.text, token.id or 0, token.logprob or -0.5) for token in case.tokens)
    for request in REQUESTS:
        asked = ContainerRequest("POST", "/invocations", "application/json", json.dumps(request).encode(), headers=STREAMING)
        reply = reply_of(CONTAINERS[case.container], asked, Script(case.name, (), tokens, "length"))
        yield dict(reply.headers).get("content-type"), reply.body


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_that_names_a_container_is_byte_for_byte_what_the_twin_s_writes(case: Case) -> None:
    assert (case.content_type, KEEP_ALIVE.sub(b"", case.body)) in set(written(case))


def test_each_of_these_families_has_such_cases() -> None:
    assert {case.family for case in CASES} == set(FAMILIES)
