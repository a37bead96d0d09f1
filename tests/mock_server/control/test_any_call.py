"""Whatever a call holds, it is answered as the model says, or refused with a reason: thousands of calls at random, seeded, one after the other."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random

import orjson
import pytest
from botocore.validate import ParamValidator

from mock_server.control.errors import ControlError
from mock_server.control.plane import ControlPlane, Progress
from mock_server.control.schema import find_operation
from mock_server.control.service import HANDLERS, answer
from mock_server.control.services import Service
from mock_server.fault_queue import FaultQueue
from tests.mock_server.control.rehearsal import TurnedClock
from tests.mock_server.control.shapes import Maker, strangers

OPERATIONS = [(service, name) for service, handlers in HANDLERS.items() for name in handlers]
CODES = {"ValidationException", "SerializationException", "ResourceNotFound"}
WILD, TAME = {"junk": 0.02, "optional": 0.25}, {"junk": 0.001, "optional": 0.01}


def call(plane: ControlPlane, maker: Maker, service: Service, name: str) -> str:
    """Ask for anything; return the error's code, empty for success."""
    operation = find_operation(service, name)
    assert operation is not None
    assert operation.input_shape is not None
    body = orjson.dumps(maker.make(operation.input_shape))
    try:
        content = answer(plane, FaultQueue(), Progress(f"{service.target}.{name}", "us-east-1"), body)
    except ControlError as error:
        return error.code
    if operation.output_shape is not None:
        answered = orjson.loads(content)
        assert not list(strangers(operation.output_shape, answered)), body
        assert not ParamValidator().validate(answered, operation.output_shape).has_errors(), body
    return ""


@pytest.mark.parametrize("manner", [WILD, TAME], ids=["wild", "tame"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_call_is_answered_or_refused(manner: dict[str, float], seed: int) -> None:
    random, clock, done = Random(seed), TurnedClock(), Counter[str]()
    plane = ControlPlane(clock, lambda: datetime(2026, 11, 21, tzinfo=UTC), 10.0)
    maker = Maker(random, **manner)
    for _ in range(1500):
        service, name = random.choice(OPERATIONS)
        code = call(plane, maker, service, name)
        assert code in {"", *CODES}
        done[name] += not code
        clock.turn(random.choice((0.0, 1.0, 10.0)))
        assert all(endpoint.status for endpoint in plane.endpoints())
    if manner is TAME:
        assert all(done[name] for name in ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "DescribeEndpoint", "DeleteEndpoint"))
