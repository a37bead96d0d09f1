"""What a twin has done, as Prometheus's own parser reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mock_server import MockServer
from mock_server.clock import VirtualClock
from tests.mock_server.plain_client import PlainClient

LMI, TGI = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"


@pytest.fixture
def twin() -> Iterator[MockServer]:
    with MockServer(clock=VirtualClock()) as server:
        yield server


def read(twin: MockServer, endpoint: str, front: str = "runtime", attributes: str = "") -> None:
    with PlainClient(twin.url) as client:
        client.ask(endpoint, front, attributes, parameters={"max_new_tokens": 4})
        status, headers = client.head()
        if status != 200:
            client.body(headers)
            return
        with suppress(EOFError, ConnectionResetError):
            list(client.chunks())


def samples(twin: MockServer) -> dict[tuple[str, ...], float]:
    """Return the values by name and labels, the latter in the order of their names."""
    response = httpx.get(f"{twin.url}/_mock/metrics", trust_env=False)
    assert response.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(response.text)
    return {
        (sample.name.removeprefix("streamtwin_"), *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_where_they_went_and_how_they_ended(twin: MockServer) -> None:
    for asked in ((LMI, "runtime"), (LMI, "runtime", "mock.fault=throttling"), (LMI, "runtime", "mock.fault=reset@2"), (TGI, "container"), (TGI, "container")):
        read(twin, *asked)
    twin.journal.wait(5)
    values = samples(twin)
    ended = {labels[1:]: value for labels, value in values.items() if labels[0] == "requests_total"}
    assert ended == {("completed", LMI, "runtime"): 1, ("fault", LMI, "runtime"): 2, ("completed", TGI, "container"): 2}
    assert values["parts_total", LMI, "runtime"] == 6
    assert values["sent_bytes_total", TGI, "container"] == sum(entry.bytes for entry in twin.journal.find(endpoint=TGI))
    assert values["faults_total", "throttling"] == values["faults_total", "reset"] == 1


def test_times_are_those_of_the_twins_clock(twin: MockServer) -> None:
    read(twin, LMI, attributes="mock.profile=constant:2,0.5")
    twin.journal.wait()
    values = samples(twin)
    assert (values["first_part_seconds_sum", LMI, "runtime"], values["first_part_seconds_count", LMI, "runtime"]) == (2.0, 1)
    assert values["duration_seconds_sum", LMI, "runtime"] == 3.5
    assert (values["duration_seconds_bucket", LMI, "runtime", "2.5"], values["duration_seconds_bucket", LMI, "runtime", "5.0"]) == (0, 1)
    assert values["backpressure_seconds_total", LMI, "runtime"] == 0


def test_a_fault_that_was_missed_is_not_counted(twin: MockServer) -> None:
    read(twin, LMI, attributes="mock.fault=crlf+container-error@1+reset@9")
    twin.journal.wait()
    assert {labels[1] for labels in samples(twin) if labels[0] == "faults_total"} == {"crlf", "container-error"}


def test_whoever_asks_for_what_is_not_there_makes_no_series_of_his_own(twin: MockServer) -> None:
    for name in ("nobody", "nothing"):
        httpx.post(f"{twin.url}/endpoints/{name}/invocations", json={}, trust_env=False)
    twin.journal.wait(2)
    values = samples(twin)
    assert values["requests_total", "refused", "(unknown)", "runtime"] == 2
    assert not any("nobody" in labels for labels in values)


def test_open_requests_are_those_of_the_moment() -> None:
    with MockServer() as twin:
        with PlainClient(twin.url) as client:
            client.ask(TGI, attributes="mock.fault=stall")
            client.head()
            assert samples(twin)["open_requests",] == 1
        twin.journal.wait()
        assert samples(twin)["open_requests",] == 0


def test_each_twin_counts_for_itself_and_a_reset_is_none_of_the_metrics(twin: MockServer) -> None:
    read(twin, LMI)
    twin.journal.wait()
    twin.reset()
    with MockServer() as other:
        assert not any(labels[0] == "requests_total" for labels in samples(other))
    assert any(labels[0] == "requests_total" for labels in samples(twin))
