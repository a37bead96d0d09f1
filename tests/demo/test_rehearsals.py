"""Endpoints that people create on a page's twin: whose they are, how many there may be, and when they go."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.deploy.endings import NameTaken
from backends.deploy.plan import Call, thing_of
from backends.errors import BackendError, ConfigurationError
from demo.admission import Refused
from demo.language import ENGLISH
from demo.limits import PUBLIC
from demo.orders import Order
from demo.rehearsals import Rehearsals, in_thread
from mock_server import MockServer

ME, SHE = "m" * 22, "s" * 22
HERE, THERE = "192.0.2.1", "192.0.2.2"
TGI = Order("tgi")
LIMITS = replace(PUBLIC, endpoints=4, endpoints_each=3)
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


class Clock:
    """Seconds that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def twin() -> Iterator[MockServer]:
    with MockServer(creation_s=0) as twin:
        yield twin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def strangers(twin: MockServer, clock: Clock) -> Rehearsals:
    twin.reset()
    return Rehearsals(twin, LIMITS, shared=False, now=clock)


@pytest.fixture
def friends(twin: MockServer, clock: Clock) -> Rehearsals:
    twin.reset()
    return Rehearsals(twin, LIMITS, shared=True, now=clock)


def names(rehearsals: Rehearsals, owner: str = "") -> list[str]:
    return [found.label for found in rehearsals.listed(owner)]


def left(twin: MockServer) -> set[str]:
    """Return what the twin's control plane holds."""
    return {record.name for record in twin._twin.control.store.all()}


@pytest.mark.parametrize(
    ("order", "container", "accepts", "family"),
    [
        (Order(), "LMI 0.38.0", "messages", "falcon"),
        (Order("tgi", "mistralai/Mistral-7B-Instruct-v0.3"), "TGI 3.3.6", "messages", "mistral"),
        (Order("jumpstart", "huggingface-llm-falcon-7b-instruct-bf16", ""), "TGI 0.9.3", "inputs", "falcon"),
    ],
    ids=lambda value: value.kind if isinstance(value, Order) else "",
)
def test_what_was_created_is_in_service_and_recognised_and_leaves_nothing(
    order: Order, container: str, accepts: str, family: str, friends: Rehearsals, twin: MockServer
) -> None:
    plan = friends.create(order, "", HERE, ENGLISH)
    [found] = friends.listed("")
    assert (found.label, found.status, found.container) == (plan.name, "InService", container)
    assert (found.endpoint.accepts, found.endpoint.family, found.is_rehearsed) == (accepts, family, True)
    done: list[Call] = []
    friends.delete(plan.name, friends.deletes(plan.name, "", ENGLISH), done.append)
    kinds = ["endpoint", "endpoint configuration", "model", *(["archive"] if order.kind == "lmi" else [])]
    assert [thing_of(call).rpartition(" ")[0] for call in done] == kinds
    assert (names(friends), left(twin)) == ([], set())


def test_a_stranger_sees_and_deletes_nothing_of_another_s(strangers: Rehearsals) -> None:
    mine = strangers.create(replace(TGI, name="falcon"), ME, HERE, ENGLISH).name
    hers = strangers.create(replace(TGI, name="falcon"), SHE, THERE, ENGLISH).name
    assert mine != hers
    assert (names(strangers, ME), names(strangers, SHE), names(strangers, "")) == ([mine], [hers], [])
    for owner in (SHE, "", "m"):
        with pytest.raises(Refused, match=f"There is no endpoint {mine} any more"):
            strangers.deletes(mine, owner, ENGLISH)


@pytest.mark.parametrize("owner", ["", "short", "x" * 65, "a/" * 16])
def test_a_stranger_who_is_nobody_creates_nothing(owner: str, strangers: Rehearsals, twin: MockServer) -> None:
    with pytest.raises(Refused, match="Open this tab anew"):
        strangers.create(TGI, owner, HERE, ENGLISH)
    assert left(twin) == set()


def test_friends_share_what_they_create_and_a_name_is_taken_once(friends: Rehearsals) -> None:
    name = friends.create(replace(TGI, name="ours"), "", HERE, ENGLISH).name
    assert (name, names(friends)) == ("streamtwin-ours", ["streamtwin-ours"])
    with pytest.raises(NameTaken):
        friends.create(replace(TGI, name="ours"), "", THERE, ENGLISH)
    assert names(friends) == ["streamtwin-ours"]


def test_a_visitor_creates_so_many_within_the_time_that_each_lasts_deleted_or_not(strangers: Rehearsals, clock: Clock) -> None:
    for _ in range(3):
        name = strangers.create(TGI, ME, HERE, ENGLISH).name
    strangers.delete(name, strangers.deletes(name, ME, ENGLISH), lambda _: None)
    with pytest.raises(Refused, match="creates 3 endpoints for a visitor within 30 minutes"):
        strangers.create(TGI, SHE, HERE, ENGLISH)
    strangers.create(TGI, SHE, THERE, ENGLISH)
    clock.now_s = LIMITS.endpoint_s
    strangers.create(TGI, ME, HERE, ENGLISH)


def test_everybody_together_has_so_many(strangers: Rehearsals) -> None:
    for number in range(4):
        strangers.create(TGI, ME, f"192.0.2.{number}", ENGLISH)
    with pytest.raises(Refused, match="has 4 endpoints"):
        strangers.create(TGI, SHE, THERE, ENGLISH)


def test_an_endpoint_goes_by_itself_with_all_that_is_its_own(strangers: Rehearsals, clock: Clock, twin: MockServer) -> None:
    old = strangers.create(TGI, ME, HERE, ENGLISH).name
    clock.now_s = LIMITS.endpoint_s - 1.0
    young = strangers.create(TGI, ME, HERE, ENGLISH).name
    assert names(strangers, ME) == [young, old]
    clock.now_s += 1.0
    assert names(strangers, ME) == [young]
    strangers.create(TGI, SHE, THERE, ENGLISH)
    assert old not in left(twin)
    assert young in left(twin)


@pytest.mark.parametrize(("fault", "words"), [("quota", "service limit"), ("access-denied", "not authorized"), ("expired-token", "expired")])
def test_a_creation_that_is_refused_leaves_nothing(fault: str, words: str, friends: Rehearsals, twin: MockServer) -> None:
    with pytest.raises(BackendError, match=words):
        friends.create(replace(TGI, fault=fault), "", HERE, ENGLISH)
    assert (names(friends), left(twin)) == ([], set())


@pytest.mark.parametrize(("fault", "reason"), [("health-check", "ping health check"), ("image", "images"), ("capacity", "InsufficientInstanceCapacity")])
def test_an_endpoint_that_fails_says_why(fault: str, reason: str, friends: Rehearsals) -> None:
    friends.create(replace(TGI, fault=fault), "", HERE, ENGLISH)
    [found] = friends.listed("")
    assert found.status == "Failed"
    assert reason in found.reason


def test_a_jumpstart_model_that_there_is_not_is_told_with_those_that_there_are(friends: Rehearsals) -> None:
    with pytest.raises(ConfigurationError, match="it has huggingface-llm"):
        friends.plan(Order("jumpstart", "falcon", ""), "", ENGLISH)


def test_many_who_create_at_once_get_one_bucket_and_an_endpoint_each(twin: MockServer) -> None:
    twin.reset()
    rehearsals = Rehearsals(twin, PUBLIC, shared=True)
    people = [threading.Thread(target=rehearsals.create, args=(Order(name=f"mine-{number}"), "", f"192.0.2.{number}", ENGLISH)) for number in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join(PATIENCE_S)
    assert sorted(names(rehearsals)) == [f"streamtwin-mine-{number}" for number in range(6)]


def test_what_a_terminal_creates_on_the_twin_is_seen_and_deleted_on_a_page_of_friends_alone(twin: MockServer, friends: Rehearsals) -> None:
    command = [sys.executable, "-m", "backends.deploy", "tgi", "--yes", "--no-wait", "--name", "elsewhere"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | twin.environ, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert Rehearsals(twin, LIMITS, shared=False).listed(ME) == ()
    [found] = friends.listed("")
    assert (found.label, found.container, found.endpoint.family) == ("streamtwin-elsewhere", "TGI 3.3.6", "falcon")
    friends.delete(found.label, friends.deletes(found.label, "", ENGLISH), lambda _: None)
    assert (names(friends), left(twin)) == ([], set())


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("a2wsgi", "flask", "moto", "sagemaker")))
from backends.errors import BackendError
from demo.language import ENGLISH
from demo.limits import PRIVATE
from demo.orders import Order
from demo.rehearsals import Rehearsals
from mock_server import MockServer
with MockServer(creation_s=0) as twin:
    rehearsals = Rehearsals(twin, PRIVATE, shared=True)
    for order in (Order("tgi", name="one"), Order("jumpstart", "huggingface-llm-falcon-7b-instruct-bf16", "", "two"), Order(name="three")):
        rehearsals.plan(order, "", ENGLISH)
        try:
            rehearsals.create(order, "", "192.0.2.1", ENGLISH)
        except BackendError as error:
            print(error)
    print(*(f"{found.label} {found.status}" for found in rehearsals.listed("")))
"""


def test_where_only_the_page_is_installed_all_can_be_planned_and_what_needs_no_archive_created() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    why, listed = done.stdout.splitlines()
    assert "is not installed" in why
    assert "pip install" in why
    assert listed == "streamtwin-two InService streamtwin-one InService"


async def test_the_twin_is_asked_in_a_thread_of_its_own() -> None:
    assert (await in_thread(lambda: threading.current_thread().name)).startswith("rehearsal")
