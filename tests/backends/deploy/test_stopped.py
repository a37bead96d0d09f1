"""What can go wrong on the way, each ended with why, what exists then, and the command that goes on or cleans up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import typer

from backends.deploy import images, jumpstart
from backends.deploy.aws import Aws
from backends.deploy.creating import _ask_for_eula
from backends.deploy.deleting import delete
from backends.deploy.endings import Declined, HalfDone
from backends.deploy.finding import Shared, deletes_of, find_shared
from backends.deploy.journey import Order, carry_out
from backends.deploy.place import find_place
from backends.deploy.plan import thing_of
from backends.deploy.plans import Wish, plan_lmi
from backends.deploy.terminal import Terminal
from backends.errors import ConfigurationError
from tests.backends.deploy.rehearsing import NAME, PREFIX, Cut, Done, Rehearsal
from tests.backends.deploy.test_plans import FALCON, LMI

OURS = (f"endpoint {NAME}", f"endpoint configuration {NAME}", f"model {NAME}")
CALLS = ("CreateRole", "PutRolePolicy", "CreateBucket", "PutBucketTagging", "PutObject", "CreateModel", "CreateEndpointConfig", "CreateEndpoint")


def there(rehearsal: Rehearsal) -> set[str]:
    """Return what of the endpoint's own there is."""
    return {line.strip() for line in rehearsal.run("delete", NAME, "--dry-run").out.splitlines() if "Delete" in line}


def cleans_up(rehearsal: Rehearsal, done: Done) -> None:
    """Run the last command that was told, and see that nothing of the endpoint is left."""
    assert done.commands[-1] == ["delete", NAME]
    assert rehearsal.run(*done.commands[-1], "--yes").code == 0
    assert not there(rehearsal)


REFUSED: list[tuple[str, str, list[str]]] = [
    ("expired-token@CreateModel", "The credentials are out of date: run `aws sso login`", []),
    ("access-denied@CreateEndpointConfig", '"Action": "sagemaker:CreateEndpointConfig"', ["model"]),
    ("quota@CreateEndpoint", "Another `--instance-type` may be within the account's quota", ["model", "endpoint configuration"]),
]


@pytest.mark.parametrize(("fault", "words", "left"), REFUSED, ids=[fault for fault, *_ in REFUSED])
def test_a_refusal_half_way_tells_what_mends_it_what_exists_and_what_cleans_up(rehearsal: Rehearsal, fault: str, words: str, left: list[str]) -> None:
    rehearsal.twin.queue_fault(fault)
    done = rehearsal.create()
    assert done.code == 1
    assert words in done.err
    [told] = [line for line in done.err.splitlines() if line.startswith("This exists now: ")]
    assert [thing for thing in ("model", "endpoint configuration", "endpoint") if f"{thing} {NAME}" in told] == left
    assert "This may exist" not in done.err
    cleans_up(rehearsal, done)


FAILED = {
    "health-check": "did not pass the ping health check",
    "image": "make sure all images",
    "capacity": "InsufficientInstanceCapacity",
}


@pytest.mark.parametrize(("fault", "reason"), FAILED.items(), ids=FAILED)
def test_an_endpoint_that_failed_tells_why_with_its_log(rehearsal: Rehearsal, fault: str, reason: str) -> None:
    rehearsal.twin.queue_fault(f"{fault}@CreateEndpoint")
    done = rehearsal.create()
    assert done.code == 3
    assert f"The endpoint {NAME} failed: " in done.err
    assert reason in done.err
    assert "its log" in done.err or "logged nothing" in done.err
    assert "To go on" not in done.err
    described = rehearsal.run("describe", NAME).out
    assert "It failed: " in described
    assert reason in described
    cleans_up(rehearsal, done)


def test_a_wait_that_takes_too_long_tells_how_to_go_on_waiting(rehearsal: Rehearsal) -> None:
    rehearsal.twin.queue_fault("stuck@CreateEndpoint")
    done = rehearsal.create("--wait-limit", "0s")
    assert done.code == 4
    assert "is not in service after 0 s" in done.err
    assert done.commands == [["describe", NAME, "--wait"], ["delete", NAME]]
    again = rehearsal.run(*done.commands[0], "--wait-limit", "0s")
    assert (again.code, again.commands) == (4, done.commands)


def test_a_name_that_is_taken_is_told_before_anything_is_created(rehearsal: Rehearsal) -> None:
    assert rehearsal.create().code == 0
    before = len(rehearsal.operations)
    done = rehearsal.create()
    assert done.code == 2
    assert f"There is an endpoint {NAME} already, and nothing was created" in done.err
    assert not [operation for operation in rehearsal.operations[before:] if operation.startswith("Create")]
    assert done.commands == []


def test_a_connection_that_is_lost_in_the_middle_leaves_one_thing_in_doubt(rehearsal: Rehearsal) -> None:
    rehearsal.twin.queue_fault("reset@CreateEndpointConfig", times=4)
    done = rehearsal.create()
    assert done.code == 1
    assert f"This may exist: endpoint configuration {NAME}; nobody answered." in done.err
    assert f"model {NAME}" in done.err
    cleans_up(rehearsal, done)


def test_an_answer_that_is_lost_is_no_name_that_is_taken(rehearsal: Rehearsal) -> None:
    """boto3 asks again, and is told that it exists: it has made it itself."""
    rehearsal.twin.queue_fault("lost-answer@CreateModel")
    done = rehearsal.create()
    assert done.code == 0, done.err
    assert rehearsal.operations.count("CreateModel") == 2


def test_credentials_that_nobody_has_are_told_and_nothing_is_sent(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = rehearsal.create()
    assert (done.code, "no AWS credentials" in done.err, "Nothing was created." in done.err) == (2, True, True)
    assert rehearsal.operations == []


def test_keys_of_aws_s_are_not_sent_where_anybody_can_read_them(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    done = rehearsal.create()
    assert (done.code, "is not encrypted" in done.err, rehearsal.operations) == (2, True, [])


@pytest.mark.parametrize("answers", ["n\n", ""])
def test_nothing_is_created_that_nobody_agreed_to(rehearsal: Rehearsal, answers: str) -> None:
    done = rehearsal.run("tgi", "--name", NAME, answers=answers)
    assert done.code == 5
    assert "Nothing was created." in done.err
    assert f"endpoint {NAME}" in done.err
    assert "$1.515 an hour" in done.err
    assert rehearsal.operations == []


def test_a_person_who_agrees_gets_what_was_said(rehearsal: Rehearsal) -> None:
    assert rehearsal.run("tgi", "--name", NAME, "--question", "", answers="y\n").code == 0
    kept = rehearsal.run("delete", NAME, answers="n\n")
    assert (kept.code, "Nothing was deleted." in kept.err) == (5, True)
    assert rehearsal.run("delete", NAME, answers="y\n").code == 0


def test_what_failed_is_deleted_at_once_where_that_was_asked_for(rehearsal: Rehearsal) -> None:
    rehearsal.twin.queue_fault("health-check@CreateEndpoint")
    done = rehearsal.create("--rollback")
    assert (done.code, "Nothing of it is left." in done.err) == (3, True)
    assert "There is nothing of this tool's" in rehearsal.run("list").out


@pytest.mark.parametrize(("fault", "left"), [("access-denied@DeleteEndpointConfig", OURS[1:]), ("access-denied@DeleteEndpoint", OURS)])
def test_a_deletion_that_stops_half_way_tells_what_is_left_and_how_to_finish(rehearsal: Rehearsal, fault: str, left: tuple[str, ...]) -> None:
    assert rehearsal.create().code == 0
    rehearsal.twin.queue_fault(fault)
    done = rehearsal.run("delete", NAME, "--yes")
    assert done.code == 1
    assert f"This exists now: {', '.join(left)}." in done.err
    cleans_up(rehearsal, done)


def interrupted(at: int, capsys: pytest.CaptureFixture[str], *, answered: bool) -> tuple[Done, Cut]:
    """Deploy by LMI, into an account where nothing is, with Ctrl-C at one call."""
    terminal = Terminal(yes=True)
    aws = Cut(terminal.aws, at, answered)
    wish = Wish(name=NAME, instance_type="ml.g5.2xlarge")
    place = find_place(aws, role=None, needs_bucket=True)
    order = Order(is_dry=False, takes_back=False, waits=False, wait_s=0)
    with pytest.raises(typer.Exit) as ended, terminal.ending(NAME, "Nothing was created."):
        carry_out(terminal, aws, plan_lmi(wish, place, image=LMI, options={}), place, wish, order)
    said = capsys.readouterr()
    return Done(ended.value.exit_code, said.out, said.err), aws


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(len(CALLS)), ids=CALLS)
def test_ctrl_c_at_any_step_leaves_nothing_unnamed(rehearsal: Rehearsal, capsys: pytest.CaptureFixture[str], at: int, answered: bool) -> None:
    done, aws = interrupted(at, capsys, answered=answered)
    assert done.code == 130
    assert aws.seen[-1].operation == CALLS[at]
    certain = {thing_of(call) for call in aws.seen[:at]}
    told = next((line for line in done.err.splitlines() if line.startswith("This exists now: ")), "")
    assert all(thing in told for thing in certain)
    assert f"This may exist: {thing_of(aws.seen[at])}; nobody answered." in done.err
    of_ours = {thing_of(call) for call in deletes_of(aws.aws, NAME)}
    assert of_ours == {thing for thing in certain | ({thing_of(aws.seen[at])} if answered else set()) if NAME in thing}
    assert done.commands[-1] == ["delete", NAME]
    assert rehearsal.run("delete", "--all", "--yes").code == 0
    assert deletes_of(aws.aws, NAME) == ()
    assert find_shared(aws.aws) == Shared(None, None)


@pytest.mark.parametrize("at", range(3))
def test_ctrl_c_in_a_deletion_names_what_is_left(rehearsal: Rehearsal, at: int) -> None:
    assert rehearsal.create().code == 0
    calls, said = deletes_of(Aws(), NAME), list[str]()
    with pytest.raises(HalfDone) as stopped:
        delete(Cut(Aws(), at, answered=True), calls, said.append)
    assert stopped.value.perhaps == OURS[at]
    assert stopped.value.exists == OURS[at + 1 :]


@pytest.mark.usefixtures("rehearsal")
def test_what_another_made_in_between_is_not_offered_for_deletion(capsys: pytest.CaptureFixture[str]) -> None:
    """Between our look and our call, somebody takes the name of the configuration."""
    terminal = Terminal(yes=True)
    wish = Wish(name=NAME, instance_type="ml.g5.2xlarge")

    class Raced(Cut):
        def call(self, call: Any) -> Any:
            if call.operation == "CreateEndpointConfig":
                self.aws.call(call)
            return self.aws.call(call)

    aws = Raced(terminal.aws, 99, answered=True)
    place = find_place(aws, role="arn:aws:iam::123456789012:role/mine", needs_bucket=True)
    order = Order(is_dry=False, takes_back=False, waits=False, wait_s=0)
    with pytest.raises(typer.Exit), terminal.ending(NAME):
        carry_out(terminal, aws, plan_lmi(wish, place, image=LMI, options={}), place, wish, order)
    said = capsys.readouterr().err
    assert f"aws sagemaker delete-model --model-name {NAME}" in said
    assert "delete-endpoint-config" not in said
    assert f"{PREFIX}delete" not in said
    boto3.client("sagemaker").delete_model(ModelName=NAME)


@pytest.mark.parametrize(
    ("ask", "module"),
    [
        (lambda: images.find_image("djl-lmi", "us-east-1", version=None, instance_type="ml.g5.2xlarge"), "sagemaker.core"),
        (lambda: jumpstart.models_that_stream("us-east-1"), "sagemaker.core.jumpstart.filters"),
    ],
)
def test_without_the_sdk_s_tables_the_line_that_installs_them_is_told(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object], module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError, match=r"pip install -r requirements-deploy\.txt"):
        ask()


def test_terms_are_accepted_by_a_person_or_by_their_own_flag_never_by_yes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Declined, match="pass --accept-eula"):
        _ask_for_eula(Terminal(yes=True), FALCON)
    assert "https://example.com/eula" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("tgi", "--token-from", "hf_secret", "--yes"),
        ("tgi", "--env", "1=2", "--yes"),
        ("tgi", "--wait-limit", "soon", "--yes"),
        ("tgi", "--name", "Mine", "--yes"),
        ("lmi", "--properties", "/none/such", "--yes"),
        ("delete",),
        ("delete", NAME, "--all"),
        ("delete", "--older-than", "yesterday"),
        ("jumpstart", "no-such-model", "--yes"),
        ("tgi", "--role", "no-such-role", "--yes"),
    ],
    ids=" ".join,
)
def test_a_command_that_says_something_wrong_ends_before_anything_happens(rehearsal: Rehearsal, words: tuple[str, ...]) -> None:
    done = rehearsal.run(*words)
    assert done.code == 2, done.err
    assert "hf_secret" not in done.err
    assert rehearsal.operations == []
