"""What the operations take and give, as botocore's service models say it: sagemaker 2017-07-24 and resourcegroupstaggingapi 2017-01-26.

A violation is said as AWS's services say it. Patterns are Java's, and fit the whole value; those that Python cannot read are not checked. A member that the
model does not know is ignored, as the services do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from mock_server.control.errors import invalid, malformed
from mock_server.control.services import Service
from mock_server.operation import say_violations


@cache
def find_operation(service: Service, name: str) -> OperationModel | None:
    """Return an operation; None where the service has none of that name."""
    model = _load(service.model)
    return model.operation_model(name) if name in model.operation_names else None


@cache
def _load(service: str) -> ServiceModel:
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


def check_input(operation: OperationModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that the model knows, without those that are null or empty.

    Raises:
        ControlError: They are not as the model wants them.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    known: dict[str, Any] = _known(shape, given)
    try:
        report: str = ParamValidator().validate(known, shape).generate_report()
    except (RuntimeError, OverflowError) as error:  # a moment that is in no year
        raise malformed(str(error)) from error
    if wrong := [line for line in report.splitlines() if line.startswith("Invalid type")]:
        raise malformed(wrong[0])
    if found := list(_violations(shape, known, "")):
        raise invalid(say_violations(found))
    return known


def shape_output(operation: OperationModel, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what of an answer the model has a member for, with no structure that is empty; None where there is nothing to answer."""
    shape = operation.output_shape
    if shape is None:
        return None
    known: dict[str, Any] = _known(shape, answer)
    return known


def _known(shape: Shape, value: Any) -> Any:
    """Return a value without members that the model does not know, that are null, or that are empty structures."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        kept = {name: _known(member, value[name]) for name, member in shape.members.items() if value.get(name) is not None}
        return {name: member for name, member in kept.items() if member != {}}
    if isinstance(shape, ListShape) and isinstance(value, list | tuple):
        return [_known(shape.member, each) for each in value if each is not None]
    return value


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a value of the right types, and with whatever is in it."""
    where = f"at '{path}' failed to satisfy constraint: Member must"
    if (check := CHECKS.get(shape.type_name)) is not None:
        yield from (f"Value {said}{where} {constraint}" for said, constraint in check(shape, value))
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_below(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in value.items():
            yield from _violations(shape.members[name], member, _below(path, name))
    elif isinstance(shape, ListShape):
        for number, member in enumerate(value, 1):
            yield from _violations(shape.member, member, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, member in value.items():
            yield from _violations(shape.key, key, f"{path}.{key}.key")
            yield from _violations(shape.value, member, f"{path}.{key}.value")


def _below(path: str, name: str) -> str:
    return f"{path}.{name[0].lower()}{name[1:]}".removeprefix(".")


def _check_length(shape: Shape, value: Any) -> Iterator[tuple[str, str]]:
    shortest, longest = shape.metadata.get("min"), shape.metadata.get("max")
    said = f"'{value}' " if isinstance(value, str) else f"of length {len(value)} "
    if shortest is not None and len(value) < shortest:
        yield said, f"have length greater than or equal to {shortest}"
    if longest is not None and len(value) > longest:
        yield said, f"have length less than or equal to {longest}"


def _check_string(shape: Shape, value: str) -> Iterator[tuple[str, str]]:
    wrong_length = list(_check_length(shape, value))
    yield from wrong_length
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"'{value}' ", f"satisfy enum value set: [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not wrong_length and (compiled := _compile(pattern)) is not None and not compiled.fullmatch(value):
        yield f"'{value}' ", f"satisfy regular expression pattern: {pattern}"


def _check_number(shape: Shape, value: float) -> Iterator[tuple[str, str]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield f"'{value}' ", f"have value greater than or equal to {least}"
    if most is not None and value > most:
        yield f"'{value}' ", f"have value less than or equal to {most}"


def _check_moment(_: Shape, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, int | float):  # botocore takes other forms as well, which this protocol does not have
        yield f"'{value}' ", "be a number of seconds"


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # 18 of them are Java's alone, as \p{L}
        return None


CHECKS: dict[str, Callable[[Shape, Any], Iterator[tuple[str, str]]]] = {
    "string": _check_string,
    "timestamp": _check_moment,
    "list": _check_length,
    "map": _check_length,
    **dict.fromkeys(("integer", "long", "float", "double"), _check_number),
}
"""What is said of a value, and what it must, by the type of its shape."""
