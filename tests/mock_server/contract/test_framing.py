"""The cases of framing, in every cutting; and those that name a container against what the twin's container writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest
from mock_server.contract.case import Case
from mock_server.contract.corpus import corpus
from mock_server.contract.cuttings import cuttings
from mock_server.script import Script, ScriptToken
from tests.mock_server.contract.test_corpus import read
from tests.mock_server.scripted import reply_of

FAMILIES = ("alignment", "utf-8", "line-ends", "byte-order-mark", "comments", "fields", "data", "ending", "done", "separators")
CASES = [case for case in corpus().values() if case.family in FAMILIES]
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
def test_our_reader_makes_the_same_of_a_case_in_every_cutting(case: Case) -> None:
    for parts in cuttings(case.body):
        assert read(replace(case, writes=tuple(parts), cut="write")) == read(case), parts


@pytest.mark.parametrize("case", [case for case in CASES if case.container], ids=str)
def test_a_case_that_names_a_container_is_byte_for_byte_what_the_twin_s_writes(case: Case) -> None:
    assert (case.content_type, KEEP_ALIVE.sub(b"", case.body)) in set(written(case))


def test_every_family_of_framing_has_cases_of_its_own() -> None:
    assert {case.family for case in CASES} == set(FAMILIES)
    assert len({case.body for case in CASES if case.cut == "write"}) > 100
