from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from mock_server import MockServer
from mock_server.words import WordError
from tests.mock_server.boto import client_of, invoke, stream, twin_of
from tests.mock_server.plain_client import PlainClient

LMI, TGI, CHAT = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi", "llama-3-8b-instruct-tgi-chat"
HELLO = {"inputs": "hello", "parameters": {"max_new_tokens": 20}}


@pytest.fixture(scope="module")
def shared() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def twin(shared: MockServer) -> MockServer:
    shared.break_off()  # else a request of the test before may end behind the reset
    shared.reset()
    return shared


@pytest.fixture(scope="module")
def client(shared: MockServer) -> Iterator[Any]:
    with client_of(shared) as client:
        yield client


def test_requests_that_ask_for_nothing_get_the_defaults(twin: MockServer, client: Any) -> None:
    twin.set_defaults(cut="bytes:7", http_cut="random:30", profile="constant:0.001,0", seed=7, speed=2.5, script="emoji")
    stream(client, LMI, HELLO)
    entry = twin.journal.wait(1)
    assert (entry.cut, entry.http_cut, entry.profile, entry.seed, entry.script) == ("bytes:7", "random:30", "constant:0.001,0", 7, "emoji")
    assert entry.custom_attributes == ""


def test_what_a_request_asks_for_goes_before_the_defaults_key_by_key(twin: MockServer, client: Any) -> None:
    twin.set_defaults(cut="bytes:7", seed=7)
    stream(client, LMI, HELLO, CustomAttributes="trace=1;mock.cut=whole")
    entry = twin.journal.wait(1)
    assert (entry.cut, entry.seed, entry.custom_attributes) == ("whole", 7, "trace=1")


def test_a_fault_by_default_strikes_behind_the_requests_own_and_the_one_that_was_ordered(twin: MockServer, client: Any) -> None:
    twin.set_defaults(fault="crlf")
    twin.queue_fault("keep-alive")
    for attributes in ("mock.fault=no-finish", "trace=1", "trace=2", "trace=3"):
        stream(client, TGI, HELLO, CustomAttributes=attributes)
    twin.journal.wait(4)
    assert [(entry.fault, entry.fault_from) for entry in twin.journal.finished] == [
        ("no-finish", "request"),
        ("keep-alive", "queue"),
        ("crlf", "default"),
        ("crlf", "default"),
    ]


def test_a_fault_by_default_leaves_alone_what_cannot_have_it(twin: MockServer, client: Any) -> None:
    twin.set_defaults(fault="truncate-frame@1")
    invoke(client, LMI, HELLO)
    assert twin.journal.wait(1).fault is None


@pytest.mark.parametrize("order", ["default", "queue"])
def test_a_container_that_is_asked_itself_has_the_fault_too(twin: MockServer, order: str) -> None:
    if order == "default":
        twin.set_defaults(fault="close@2")
    else:
        twin.queue_fault("close@2")
    with PlainClient(twin.url) as client:
        client.ask(LMI, "container")
        client.head()
        with pytest.raises(EOFError):
            list(client.chunks())
    entry = twin.journal.wait(1)
    assert (entry.front, entry.parts, entry.ended, entry.fault_from) == ("container", 2, "fault", order)


def test_a_fault_by_default_that_is_over_after_an_attempt_spares_the_next(twin: MockServer) -> None:
    twin.set_defaults(fault="throttlingx1")
    statuses = [
        httpx.post(f"{twin.url}/endpoints/{LMI}/invocations", json=HELLO, headers={"amz-sdk-request": f"attempt={attempt}; max=3"}, trust_env=False).status_code
        for attempt in (1, 2)
    ]
    assert statuses == [429, 200]
    assert [twin.journal.wait(number).fault for number in (1, 2)] == ["throttlingx1", None]


def test_a_reset_takes_the_defaults_back(twin: MockServer, client: Any) -> None:
    twin.set_defaults(cut="bytes:7", fault="throttling")
    twin.reset()
    stream(client, LMI, HELLO)
    entry = twin.journal.wait(1)
    assert (entry.cut, entry.fault) == ("write", None)


def test_new_defaults_take_the_place_of_all_the_old_ones(twin: MockServer, client: Any) -> None:
    twin.set_defaults(cut="bytes:7", fault="throttling")
    twin.set_defaults(seed=3)
    stream(client, LMI, HELLO)
    entry = twin.journal.wait(1)
    assert (entry.cut, entry.fault, entry.seed) == ("write", None, 3)


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "a key": ({"cuts": "whole"}, r"'cuts' is nothing that a request can ask for; legal: cut, http_cut, fault, seed, script, profile, speed"),
    "a cut": ({"cut": "in-half"}, r"mock\.cut: 'in-half' is not a cut; legal: write, whole, merge:K"),
    "a fault": ({"fault": "explode"}, r"mock\.fault: 'explode' is not a fault; legal: NAME"),
    "a script": ({"script": "nobody"}, r"mock\.script: 'nobody' is not a script; legal: .*what-is-life-en"),
    "a profile": ({"profile": "slow"}, r"mock\.profile: .*'slow'.*; legal: .*typical"),
    "a seed": ({"seed": -1}, r"mock\.seed: '-1' is not a seed; legal: a whole number"),
    "a speed": ({"speed": 0}, r"mock\.speed: '0' is not a speed; legal: a decimal number"),
    "two in one": ({"cut": "whole;mock.seed=7"}, r"mock\.cut: .* is not a cut"),
}


@pytest.mark.parametrize(("values", "message"), WRONG.values(), ids=WRONG)
def test_a_default_that_nobody_knows_is_refused_with_those_that_are_legal(twin: MockServer, client: Any, values: dict[str, object], message: str) -> None:
    with pytest.raises(WordError, match=message):
        twin.set_defaults(**values)
    stream(client, LMI, HELLO)
    assert twin.journal.wait(1).cut == "write"


def test_what_one_endpoint_alone_knows_is_a_default_and_a_refusal_at_the_others(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.json").write_text('{"prompts": ["mine"], "text": "My own."}', encoding="utf-8")
    with twin_of(tmp_path, '[plain]\ncontainer = "lmi-0.23"\n[own]\ncontainer = "lmi-0.23"\nscripts = "mine"\n') as twin, client_of(twin) as client:
        twin.set_defaults(script="own")
        assert stream(client, "own", HELLO).startswith(b'{"outputs": ["My"]}\n{"outputs": [" own"]}\n')
        with pytest.raises(ClientError, match=r"mock\.script: 'own' is not a script"):
            stream(client, "plain", HELLO)


@pytest.mark.parametrize("front", ["runtime", "container"])
def test_streams_that_are_broken_off_have_ended_and_the_twin_goes_on(twin: MockServer, front: str) -> None:
    with PlainClient(twin.url) as idle, PlainClient(twin.url) as busy:
        idle.ask(LMI, front)
        idle.head()
        whole = list(idle.chunks())
        busy.ask(LMI, front, "mock.fault=stall@2")
        busy.head()
        twin.journal.wait_open()
        twin.break_off()
        assert twin.journal.open == ()
        assert [entry.ended for entry in twin.journal.finished] == ["completed", "stopped"]
        with pytest.raises((EOFError, ConnectionError)):
            list(busy.chunks())
        idle.ask(LMI, front)
        idle.head()
        assert list(idle.chunks()) == whole


def test_breaking_off_does_no_harm_to_a_twin_that_does_not_run() -> None:
    twin = MockServer()
    twin.break_off()
    with twin:
        pass
    twin.break_off()
    assert "streamtwin" not in {thread.name for thread in threading.enumerate() if thread is twin._thread}
