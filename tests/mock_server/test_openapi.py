"""The OpenAPI document of `/_mock/` tells the truth: a twin that runs is asked whatever it allows, and some of what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from mock_server import MockServer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
"""Not whether all is taken that the document allows: it cannot tell the words of a cut or a fault."""


TAKING_NOTHING = {
    "GET /health",
    "POST /reset",
    "DELETE /journal",
    "GET /calls",
    "DELETE /calls",
    "GET /faults",
    "DELETE /faults",
    "GET /endpoints",
    "GET /choices",
    "GET /metrics",
}
OPERATIONS = TAKING_NOTHING | {
    "GET /journal",
    "POST /faults",
    "DELETE /faults/{number}",
    "GET /endpoints/{name}",
    "PUT /endpoints/{name}",
    "PATCH /endpoints/{name}",
    "DELETE /endpoints/{name}",
}


@pytest.fixture(scope="module")
def operations() -> Iterator[Mapping[str, APIOperation[Any, Any, Any, Any]]]:
    """The operations of a twin that runs and has something to show, by name."""
    with MockServer() as twin:
        for attributes in ("", "mock.fault=throttling"):
            headers = {"X-Amzn-SageMaker-Custom-Attributes": attributes}
            httpx.post(f"{twin.url}/endpoints/falcon-7b-instruct-lmi/invocations", json={"inputs": "hello"}, headers=headers, trust_env=False)
        schema = schemathesis.openapi.from_url(f"{twin.url}/_mock/openapi.json")
        found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
        yield {operation.label: operation for operation in found}


def test_the_document_names_every_operation(operations: Mapping[str, APIOperation[Any, Any, Any, Any]]) -> None:
    assert set(operations) == OPERATIONS


TRIED = [(name, mode) for name in sorted(OPERATIONS) for mode in GenerationMode if mode == GenerationMode.POSITIVE or name not in TAKING_NOTHING]


@pytest.mark.parametrize(("name", "mode"), TRIED, ids=str)
def test_every_operation_is_as_its_document_says(operations: Mapping[str, APIOperation[Any, Any, Any, Any]], name: str, mode: GenerationMode) -> None:
    @settings(max_examples=15 if name not in TAKING_NOTHING else 2, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(case=operations[name].as_strategy(generation_mode=mode))
    def call(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    call()
