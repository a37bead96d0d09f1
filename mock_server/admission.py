"""What the SageMaker Runtime does with a request before its container hears of it, whichever of its operations it is: signature, model, endpoint, route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from mock_server.claim import SignatureRefused, WireRequest
from mock_server.connection import find_connection
from mock_server.containers.container import ContainerRequest
from mock_server.faults import Stage
from mock_server.invocation import Invocation, begin
from mock_server.journal import Entry
from mock_server.operation import ATTRIBUTES_HEADER, COMPONENT_HEADER, Operation, say_violations
from mock_server.refusals import Refused, error_response, invalid, not_found, region_of, signature_response, too_long
from mock_server.requests import GONE, receive
from mock_server.routing import check_component, draw_variant, find_variant
from mock_server.sigv4 import STATUS
from mock_server.tally import Tally
from mock_server.twin import Twin
from mock_server.words import WordError


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that is let in."""

    invocation: Invocation
    request: ContainerRequest
    """What its container gets."""
    operation: str
    """Its name in the service's model."""
    region: str
    """That it was signed for."""
    variant: str
    """The production variant that answers it."""

    @property
    def identity(self) -> dict[str, str]:
        """The headers that every response to it has."""
        return {"x-amzn-requestid": self.invocation.draft.entry.request_id, "x-amzn-invoked-production-variant": self.variant}


Answer: TypeAlias = Callable[[Admitted], Awaitable[Response]]
"""Answers a request, or raises `Refused`."""


@dataclass(frozen=True, slots=True)
class Door:
    """How one operation is entered."""

    operation: Operation
    path: str
    """Where its container is asked."""
    senseless: Mapping[Stage, str]
    """Per stage of faults that make no sense for it, why."""
    answer: Answer


async def serve(twin: Twin, door: Door, request: Request) -> Response:
    """Answer a request to the service, and see that the journal has it."""
    request_id = str(uuid4())
    arrived = await receive(request, twin.journal, "runtime", request_id)
    if arrived is None:
        return GONE
    entry, body = arrived
    try:
        _authenticate(twin, request.scope, body)
    except SignatureRefused as refused:
        twin.journal.finish(entry, ended="refused", status=STATUS, notes=(str(refused),))
        return signature_response(request_id, refused)
    try:
        admitted = _admit(twin, door, entry, _headers_of(request), body)
    except Refused as refused:
        twin.journal.finish(entry, ended="refused", status=refused.error.status, notes=(refused.error.message,))
        return error_response(request_id, refused)
    try:
        async with find_connection(request.scope).until_gone():
            return await door.answer(admitted)
    except Refused as refused:
        admitted.invocation.draft.finish(admitted.invocation.failure, Tally(status=refused.error.status))
        return error_response(request_id, refused)
    admitted.invocation.leave(request)
    return GONE


def _headers_of(request: Request) -> dict[str, str]:
    """Return a request's headers, the first of each name, and the inference component that its path names among them."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers.setdefault(name, value)
    component = request.path_params.get("component")
    return headers if component is None else {**headers, COMPONENT_HEADER: component}


def _authenticate(twin: Twin, scope: Scope, body: bytes | None) -> None:
    if twin.gate.level != "off":
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        twin.gate.check(WireRequest(scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body))


def _admit(twin: Twin, door: Door, entry: Entry, headers: Mapping[str, str], body: bytes | None) -> Admitted:
    """Check what the service itself checks before it asks the container."""
    if body is None:
        raise too_long()
    if violations := door.operation.violations(entry.endpoint, headers):
        raise invalid(say_violations(violations))
    endpoint = twin.find_endpoint(entry.endpoint, headers, region_of(headers.get("authorization", ""), "") or None)
    if endpoint is None:
        raise not_found("Endpoint", entry.endpoint)
    check_component(endpoint.components, headers)
    variant, attributes = find_variant(endpoint.variants, headers), headers.get(ATTRIBUTES_HEADER, "")
    try:
        invocation = begin(twin, endpoint, entry, attributes, door.senseless)
        if variant is None:
            choices = invocation.choices
            variant = draw_variant(endpoint.variants, f"of seed {choices.seed}" if choices.is_seeded else f"in turn {twin.turns.take(endpoint.name)}")
        part = endpoint.part(variant, headers.get(COMPONENT_HEADER))
        if part is not endpoint:
            invocation = begin(twin, part, entry, attributes, door.senseless)
    except WordError as error:
        raise invalid(str(error)) from error
    invocation.draft.add(variant=variant.name)
    invocation.take_fault(door.senseless)
    asked = ContainerRequest("POST", door.path, headers.get("content-type"), body, invocation.choices.seed, door.operation.forwarded(headers))
    return Admitted(invocation, asked, door.operation.name, region_of(headers.get("authorization", ""), twin.gate.region), variant.name)
