"""The wait and the calls that are tried again, on a clock that a test turns and in front of a service that answers as a table says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from backends.deploy.deleting import delete
from backends.deploy.endings import EndpointFailed, HalfDone, Stopped, WaitTimedOut
from backends.deploy.place import Place
from backends.deploy.plan import Call, Secret
from backends.deploy.plans import Wish, plan_tgi
from backends.deploy.running import Clock, create, wait
from backends.errors import BackendError, RequestRejected, TransportError

NAME = "streamtwin-mine"
GONE = RequestRejected('Could not find endpoint "arn:aws:sagemaker:us-east-1:1:endpoint/streamtwin-mine".', status=400, code="ValidationException")
LOST = TransportError("the connection was closed", phase="connect")
BUSY = RequestRejected('Cannot update in-progress endpoint "arn".', status=400, code="ValidationException")
UNKNOWN_ROLE = RequestRejected("Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists", status=400, code="ValidationException")


def unheard(_: str) -> None:
    """Take what is said, and keep nothing."""


class Time:
    """Seconds that pass only in sleep."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.naps: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now_s, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now_s += seconds


@dataclass
class Scripted:
    """A service that answers each operation in turn; the last answer holds on."""

    answers: Mapping[str, Sequence[Mapping[str, Any] | BackendError]]
    region: str = "us-east-1"
    asked: list[str] = field(default_factory=list)

    def look_up(self, secret: Secret) -> str:
        return secret.reference

    def call(self, call: Call) -> Mapping[str, Any]:
        rows = self.answers.get(call.operation, [{}])
        answer = rows[min(self.asked.count(call.operation), len(rows) - 1)]
        self.asked.append(call.operation)
        if isinstance(answer, BackendError):
            raise answer
        return answer


def states(*words: str | BackendError, reason: str = "") -> dict[str, list[Mapping[str, Any] | BackendError]]:
    return {"DescribeEndpoint": [{"EndpointStatus": word, "FailureReason": reason} if isinstance(word, str) else word for word in words]}


def test_a_wait_asks_often_at_first_and_seldom_later_and_says_each_change() -> None:
    time, said = Time(), list[str]()
    wait(Scripted(states(*["Creating"] * 40, "InService")), NAME, limit_s=900, say=said.append, clock=time.clock)
    assert time.naps[0] == 0.5
    assert time.naps[-1] == 15.0
    assert said[0] == f"{NAME}: Creating, 0 s"
    assert said[-1].startswith(f"{NAME}: InService, ")
    assert 5 < len(said) < 25


def test_a_wait_ends_at_its_limit() -> None:
    time = Time()
    with pytest.raises(WaitTimedOut, match="is not in service after 2 min 0 s"):
        wait(Scripted(states("Creating")), NAME, limit_s=120, say=unheard, clock=time.clock)
    assert 105 < time.now_s < 136


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        (states("Creating", "Failed", reason="the image"), EndpointFailed, "failed: the image"),
        (states("Failed"), EndpointFailed, "SageMaker gives no reason"),
        (states("Creating", GONE), Stopped, "There is no endpoint"),
        (states("Deleting"), Stopped, "is being deleted"),
        (states(RequestRejected("expired", status=400, code="ExpiredTokenException")), Stopped, "The credentials are out of date"),
    ],
)
def test_a_wait_ends_where_there_is_nothing_to_wait_for(answers: Any, kind: type[Stopped], words: str) -> None:
    with pytest.raises(kind, match=words):
        wait(Scripted(answers), NAME, limit_s=900, say=unheard, clock=Time().clock)


def test_a_connection_that_comes_back_is_waited_for() -> None:
    said = list[str]()
    wait(Scripted(states("Creating", LOST, LOST, "InService")), NAME, limit_s=900, say=said.append, clock=Time().clock)
    assert [line.partition(": ")[2].partition(",")[0] for line in said] == ["Creating", "no connection", "InService"]


def test_a_connection_that_does_not_come_back_ends_the_wait_with_the_command_that_goes_on() -> None:
    with pytest.raises(Stopped) as stopped:
        wait(Scripted(states("Creating", LOST)), NAME, limit_s=9000, say=unheard, clock=Time().clock)
    assert stopped.value.goes_on == ("describe", NAME, "--wait")


def plan_of(role: str | None) -> Any:
    return plan_tgi(Wish(name=NAME, instance_type="ml.g5.2xlarge"), Place(account="1", region="us-east-1", role=role), image="i", model="m")


def absent(**more: Any) -> dict[str, Any]:
    return {"DescribeEndpoint": [GONE], "DescribeEndpointConfig": [GONE], "DescribeModel": [GONE], **more}


def test_a_role_that_was_just_created_is_given_time_to_be_known() -> None:
    time = Time()
    aws = Scripted(absent(CreateModel=[UNKNOWN_ROLE, UNKNOWN_ROLE, {}]))
    create(aws, plan_of(None), unheard, time.clock)
    assert aws.asked.count("CreateModel") == 3
    assert time.naps == [3, 3]


@pytest.mark.parametrize(("role", "asked"), [("arn:aws:iam::1:role/mine", 1), (None, 31)])
def test_a_role_that_is_old_or_stays_unknown_is_an_error(role: str | None, asked: int) -> None:
    aws = Scripted(absent(CreateModel=[UNKNOWN_ROLE]))
    with pytest.raises(HalfDone, match="Could not assume role"):
        create(aws, plan_of(role), unheard, Time().clock)
    assert aws.asked.count("CreateModel") == asked


def deletions() -> Iterator[Call]:
    yield Call("sagemaker", "DeleteEndpoint", {"EndpointName": NAME})
    yield Call("sagemaker", "DeleteModel", {"ModelName": NAME})


def test_an_endpoint_that_is_being_created_is_deleted_once_it_is_done() -> None:
    said = list[str]()
    aws = Scripted({"DeleteEndpoint": [BUSY, {}], **states("Creating", "Creating", "InService", "Deleting", GONE)})
    delete(aws, tuple(deletions()), said.append, Time().clock)
    assert aws.asked.count("DeleteEndpoint") == 2
    assert "cannot be deleted before SageMaker is done with it" in said[0]
    assert said[-2:] == [f"Deleted the endpoint {NAME}.", f"Deleted the model {NAME}."]


def test_what_is_gone_already_is_reported_as_such() -> None:
    said = list[str]()
    gone = RequestRejected('Could not find model "arn".', status=400, code="ValidationException")
    delete(Scripted({"DeleteEndpoint": [GONE], "DeleteModel": [gone]}), tuple(deletions()), said.append, Time().clock)
    assert said == [f"The endpoint {NAME} was gone already.", f"The model {NAME} was gone already."]
