"""One call of the control plane, from its bytes to its answer: operation, input, fault, handler, output."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from botocore.model import OperationModel

from mock_server.control import listing, operations, tags
from mock_server.control.deploying import containers_of
from mock_server.control.errors import Broken, ControlError, invalid, malformed, no_model_data, over_quota
from mock_server.control.faults import SERVICE_FAULTS, ControlFault, parse_control_fault
from mock_server.control.kinds import COMPONENT, CONFIG, KINDS
from mock_server.control.operations import Handler
from mock_server.control.plane import Asked, ControlPlane, Progress
from mock_server.control.schema import check_input, find_operation, shape_output
from mock_server.control.services import SAGEMAKER, TAGGING, Service, find_service
from mock_server.fault_queue import FaultQueue
from mock_server.refusals import ACCOUNT
from mock_server.words import WordError

HANDLERS: dict[Service, dict[str, Handler]] = {SAGEMAKER: operations.HANDLERS | listing.HANDLERS | tags.HANDLERS, TAGGING: tags.FINDERS}
"""What answers, by service and operation."""
ABOUT = {f"{verb}{kind.stem}": kind for kind in KINDS for verb in ("Create", "Describe", "Update", "Delete")} | {
    "UpdateInferenceComponentRuntimeConfig": COMPONENT,
}
"""What kind of thing an operation is about, where it names one."""


def answer(plane: ControlPlane, queue: FaultQueue, progress: Progress, body: bytes) -> bytes:
    """Return the body of what a call is answered, empty where its operation has no output; note in `progress` what becomes known of it.

    Raises:
        ControlError: The answer is an error.
        Broken: There is to be none.
    """
    service, operation, handler = _find(progress.target)
    given = _read(body)
    kind = ABOUT.get(operation.name)
    progress.name = str(given.get(kind.name_member if kind else "ResourceArn", ""))
    progress.parameters = tuple(name for name in operation.input_shape.members if name in given) if operation.input_shape else ()
    asked = Asked(operation.name, progress.region, check_input(operation, given))
    fault = _find_fault(plane, queue, asked, progress.name)
    if fault is not None:
        progress.fault = fault.text
        _strike(plane, fault, asked, service)
    answered = handler(plane, replace(asked, fault=fault if fault and fault.effect == "failed" else None))
    if fault is not None and fault.name == "lost-answer":
        raise Broken
    output = shape_output(operation, answered)
    return b"" if output is None else orjson.dumps(output)


def _find(target: str) -> tuple[Service, OperationModel, Handler]:
    service, name = find_service(target), target.rpartition(".")[2]
    handlers = HANDLERS[service] if service else {}
    operation = find_operation(service, name) if service and name in handlers else None
    if service is None or operation is None:
        known = ", ".join(name for each in HANDLERS.values() for name in each)
        raise ControlError("UnknownOperationException", f"{target} is no operation that the twin has; it has {known}.")
    return service, operation, handlers[name]


def _read(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise malformed(f"the body is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise malformed(f"the body is no JSON object but {body[:40]!r}")
    return given


def _find_fault(plane: ControlPlane, queue: FaultQueue, asked: Asked, name: str) -> ControlFault | None:
    """Return what is to go wrong with a call: what was ordered, else what its tags and variables say."""
    if ordered := queue.take_control(asked.operation, name):
        return ordered
    try:
        named = [parse_control_fault(word) for word in plane.fault_words(asked)]
    except WordError as error:
        raise invalid(str(error)) from error
    return next((fault for fault in named if fault.strikes(asked.operation)), None)


def _strike(plane: ControlPlane, fault: ControlFault, asked: Asked, service: Service) -> None:
    """Raise what a fault puts in the place of the call; of others, do nothing."""
    given = asked.given
    if fault.name == "reset":
        raise Broken
    if fault.name in SERVICE_FAULTS:
        error = SERVICE_FAULTS[fault.name]
        said = {"account": ACCOUNT, "action": f"{service.action}:{asked.operation}", "arn": _arn_of(asked)}
        raise ControlError(error.code, error.message.format(**said), error.status)
    if fault.name == "quota":
        variant = plane.get(CONFIG, asked.region, given["EndpointConfigName"]).given["ProductionVariants"][0]
        raise over_quota(variant.get("InstanceType", "serverless"), variant.get("InitialInstanceCount", 1))
    if fault.name == "model-data":
        url = next((container.model_data_url for container in containers_of(given)), "")
        raise no_model_data(url, given.get("ExecutionRoleArn", ""), asked.region)


def _arn_of(asked: Asked) -> str:
    """Return the ARN of what a call is about, as a policy has to allow it."""
    kind = ABOUT.get(asked.operation)
    return kind.arn(asked.region, asked.given[kind.name_member]) if kind else str(asked.given.get("ResourceArn", "*"))
