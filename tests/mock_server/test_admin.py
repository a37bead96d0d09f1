"""`/_mock/`: endpoints that come and go while the twin runs, faults that are ordered, the journal page by page, and what can be chosen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server import MockServer
from mock_server.admin_forms import EndpointTable
from mock_server.catalog import KEYS
from mock_server.fault_queue import MAX_WAITING
from mock_server.served import MAX_ENDPOINTS, NoSuchEndpoint
from mock_server.words import WordError
from tests.mock_server.plain_client import PlainClient

LMI, TGI = "falcon-7b-instruct-lmi", "falcon-7b-instruct-tgi"
FOUR: dict[str, Any] = {"parameters": {"max_new_tokens": 4}}
CATALOG = """
[mine]
container = "lmi-0.23"
scripts = "../scripts"
[asking]
container = "tgi-2.4"
upstream = "http://model.invalid/v1"
[keeping]
container = "lmi-0.23"
sessions = true
"""


@pytest.fixture(scope="module")
def one() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def twin(one: MockServer) -> MockServer:
    one.reset()
    return one


def ask(twin: MockServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    response = httpx.request(method, f"{twin.url}/_mock{path}", json=body, trust_env=False)
    return response.status_code, response.json()


def stream(twin: MockServer, endpoint: str, attributes: str = "", front: str = "runtime") -> list[bytes]:
    """Read an answer up to its end, however that comes."""
    with PlainClient(twin.url) as client:
        client.ask(endpoint, front, attributes, **FOUR)
        status, headers = client.head()
        if status != 200:
            return [client.body(headers)]
        chunks: list[bytes] = []
        try:
            chunks.extend(client.chunks())
        except (EOFError, ConnectionResetError):
            chunks.append(b"broken")
        return chunks


def test_a_key_of_the_catalog_is_one_of_the_forms_and_no_other_is() -> None:
    assert set(EndpointTable.model_fields) == set(KEYS)


def test_an_endpoint_that_is_put_answers_at_once_and_is_replaced_changed_and_removed(twin: MockServer) -> None:
    status, shown = ask(twin, "PUT", "/endpoints/mine", {"container": "lmi-0.23", "cut": "whole"})
    assert (status, shown["name"], shown["cut"], shown["table"]) == (201, "mine", "whole", {"container": "lmi-0.23", "cut": "whole"})
    assert len(stream(twin, "mine")) == 1
    assert ask(twin, "GET", "/endpoints/mine") == (200, shown)
    assert shown in ask(twin, "GET", "/endpoints")[1]
    assert "mine" in [endpoint.name for endpoint in twin.endpoints]
    assert ask(twin, "PUT", "/endpoints/mine", {"container": "lmi-0.23", "family": "falcon"})[0] == 200
    assert len(stream(twin, "mine")) == 4
    status, shown = ask(twin, "PATCH", "/endpoints/mine", {"cut": "merge:2", "family": None})
    assert (status, shown["table"]) == (200, {"container": "lmi-0.23", "cut": "merge:2"})
    assert len(stream(twin, "mine", front="container")) == 2
    assert ask(twin, "DELETE", "/endpoints/mine") == (200, {"status": "ok"})
    assert b"Endpoint mine of account 123456789012 not found." in stream(twin, "mine")[0]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_endpoint_that_is_not_there_is_a_404_that_names_the_others(twin: MockServer, method: str) -> None:
    status, problem = ask(twin, method, "/endpoints/nobody", {} if method == "PATCH" else None)
    assert status == 404
    assert problem["error"].startswith(f"'nobody' is not an endpoint; there are: {LMI}, {TGI}, ")


REFUSED = {
    "no container": ({}, "endpoint 'mine': container: it is missing; legal: "),
    "an unknown one": ({"container": "lmi-9"}, "endpoint 'mine': container: 'lmi-9' is not a container; legal: "),
    "an unknown cut": ({"container": "lmi-0.23", "cut": "in-half"}, "endpoint 'mine': cut: 'in-half' is not a cut; legal: "),
    "a weight of nothing": ({"container": "lmi-0.23", "variants": {"a": 0}}, "endpoint 'mine': variants: every weight is 0; legal: one over 0"),
    "a file elsewhere": ({"recording": "/etc/passwd"}, "endpoint 'mine': recording: '/etc/passwd' is not in the catalog's folder; expected a path in it, or "),
    "a way out": ({"container": "lmi-0.23", "scripts": "scripts/../.."}, "endpoint 'mine': scripts: 'scripts/../..' is not in the catalog's folder; "),
    "no path": ({"container": "lmi-0.23", "scripts": "\0"}, "endpoint 'mine': scripts: '\\x00' is not in the catalog's folder; "),
    "a long path": ({"container": "lmi-0.23", "scripts": "x" * 5000}, "endpoint 'mine': scripts: 'xxxxx"),
    "a file for a folder": ({"container": "lmi-0.23", "scripts": "catalog.toml"}, "endpoint 'mine': scripts: expected a folder, received 'catalog.toml'; "),
    "no recording": ({"recording": "catalog.toml"}, "endpoint 'mine': recording: "),
    "a model elsewhere": (
        {"container": "tgi-2.4", "upstream": "http://169.254.169.254/v1"},
        "endpoint 'mine': upstream: 'http://169.254.169.254/v1' is not on this machine; expected one that is, or that the catalog file names",
    ),
    "no url": ({"container": "tgi-2.4", "upstream": "http://[/v1"}, "endpoint 'mine': upstream: 'http://[/v1' is not on this machine; "),
}


@pytest.mark.parametrize(("table", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_table_that_no_catalog_could_have_is_a_400_that_says_why(twin: MockServer, table: dict[str, Any], problem: str) -> None:
    status, said = ask(twin, "PUT", "/endpoints/mine", table)
    assert status == 400
    assert said["error"].startswith(problem)
    assert ask(twin, "GET", "/endpoints/mine")[0] == 404


def test_a_change_that_is_refused_changes_nothing(twin: MockServer) -> None:
    before = ask(twin, "GET", f"/endpoints/{LMI}")
    assert ask(twin, "PATCH", f"/endpoints/{LMI}", {"profile": "instant", "accepts": "poems"})[0] == 400
    assert ask(twin, "GET", f"/endpoints/{LMI}") == before


@pytest.mark.parametrize("table", [{"containr": "x"}, {"container": 3}, [], {"container": "lmi-0.23", "components": "one"}])
def test_a_table_of_another_form_is_a_422(twin: MockServer, table: Any) -> None:
    assert ask(twin, "PUT", "/endpoints/mine", table)[0] == 422


def test_a_name_that_sagemaker_would_not_take_is_refused(twin: MockServer) -> None:
    for name in ("-mine", "mine%0A", "x" * 64):
        assert ask(twin, "PUT", f"/endpoints/{name}", {"container": "lmi-0.23"})[0] == 422


def test_there_are_not_more_than_a_thousand_endpoints() -> None:
    with MockServer() as twin:
        there = len(twin.endpoints)
        for number in range(there, MAX_ENDPOINTS):
            twin._twin.served.put(f"e{number}", {"container": "lmi-0.23"})
        status, problem = ask(twin, "PUT", "/endpoints/more", {"container": "lmi-0.23"})
        assert (status, problem["error"]) == (400, "endpoint 'more': there are 1000; expected no more, remove one")
        assert ask(twin, "PUT", f"/endpoints/{LMI}", {"container": "lmi-0.23"})[0] == 200


def test_what_the_catalog_names_can_be_kept_wherever_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "catalogs"
    folder.mkdir()
    (tmp_path / "scripts").mkdir()
    (folder / "catalog.toml").write_text(CATALOG)
    with MockServer(catalog=folder / "catalog.toml") as twin:
        assert ask(twin, "PATCH", "/endpoints/mine", {"cut": "whole"})[0] == 200
        assert ask(twin, "PATCH", "/endpoints/asking", {"cut": "whole"})[0] == 200
        assert ask(twin, "PATCH", "/endpoints/asking", {"upstream": "http://127.0.0.1:9"})[0] == 200
        assert ask(twin, "PUT", "/endpoints/new", {"container": "lmi-0.23", "scripts": "../scripts"})[0] == 201
        assert ask(twin, "PUT", "/endpoints/new", {"container": "lmi-0.23", "scripts": str(tmp_path)})[0] == 400


def test_a_link_out_of_the_folder_is_a_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "catalogs"
    folder.mkdir()
    (tmp_path / "scripts").mkdir()
    (folder / "catalog.toml").write_text('[mine]\ncontainer = "lmi-0.23"\n')
    (folder / "link").symlink_to(tmp_path / "scripts")
    with MockServer(catalog=folder / "catalog.toml") as twin:
        assert ask(twin, "PATCH", "/endpoints/mine", {"scripts": "link"})[0] == 400


def test_a_stream_that_runs_keeps_the_endpoint_that_it_began_with(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, "container", "mock.fault=stall:1@2;mock.speed=10", **FOUR)
        client.head()
        chunks = client.chunks()
        first = list(islice(chunks, 2))
        assert ask(twin, "PUT", f"/endpoints/{LMI}", {"container": "tgi-2.4"})[0] == 200
        assert ask(twin, "DELETE", f"/endpoints/{LMI}")[0] == 200
        assert first + list(chunks) == [b'{"outputs": [" Hello"]}\n', b'{"outputs": ["!"]}\n', b'{"outputs": [" I"]}\n', b'{"outputs": [" am"]}\n']
    assert twin.journal.wait().ended == "completed"


def test_a_reset_brings_the_catalog_back_and_forgets_the_rest(twin: MockServer) -> None:
    before = ask(twin, "GET", "/endpoints")
    ask(twin, "PUT", "/endpoints/mine", {"container": "lmi-0.23"})
    ask(twin, "PATCH", f"/endpoints/{LMI}", {"cut": "whole"})
    ask(twin, "DELETE", f"/endpoints/{TGI}")
    ask(twin, "POST", "/faults", {"fault": "reset@1"})
    stream(twin, LMI, "mock.fault=throttling")
    assert ask(twin, "POST", "/reset") == (200, {"status": "ok"})
    assert ask(twin, "GET", "/endpoints") == before
    assert ask(twin, "GET", "/faults") == (200, [])
    page = ask(twin, "GET", "/journal")[1]
    assert (page["open"], page["finished"]) == ([], [])


def test_sessions_end_when_their_endpoint_changes_and_no_id_comes_twice(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text('[keeping]\ncontainer = "lmi-0.23"\nsessions = true\n')
    with MockServer(catalog=tmp_path / "catalog.toml") as twin:

        def open_session() -> str:
            response = httpx.post(
                f"{twin.url}/endpoints/keeping/invocations",
                json={"requestType": "NEW_SESSION"},
                headers={"X-Amzn-SageMaker-Session-Id": "NEW_SESSION"},
                trust_env=False,
            )
            return response.headers["x-amzn-sagemaker-new-session-id"].partition(";")[0]

        ids = [open_session()]
        for path, body in (("PATCH", {"cut": "whole"}), ("PATCH", {"sessions": 60}), ("PUT", {"container": "lmi-0.23", "sessions": True})):
            assert ask(twin, path, "/endpoints/keeping", body)[0] == 200
            assert not twin._twin.served.now.sessions["keeping"].find(ids[-1])
            ids.append(open_session())
        ask(twin, "POST", "/reset")
        ids.append(open_session())
        assert len(set(ids)) == 5


def test_endpoints_change_while_others_read_them(twin: MockServer) -> None:
    served, seen, done = twin._twin.served, set[int](), threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(len([entry.name for entry in served.now.entries.values()]))

    reader = threading.Thread(target=read)
    reader.start()
    there = len(served.now.entries)
    for _ in range(50):
        served.put("mine", {"container": "lmi-0.23"})
        served.remove("mine")
    done.set()
    reader.join()
    assert seen <= {there, there + 1}


def test_a_fault_that_was_ordered_strikes_the_next_request_and_no_other(twin: MockServer) -> None:
    status, order = ask(twin, "POST", "/faults", {"fault": "reset@2"})
    assert (status, order) == (201, {"number": order["number"], "fault": "reset@2", "endpoint": None, "times": 1})
    assert len(stream(twin, LMI)) == 3
    assert stream(twin, LMI)[-1] != b"broken"
    struck, spared = twin.journal.wait(1), twin.journal.wait(2)
    assert (struck.fault, struck.fault_from, struck.ended) == ("reset@2", "queue", "fault")
    assert (spared.fault, spared.fault_from, spared.ended) == (None, None, "completed")


def test_orders_are_taken_in_turn_as_many_times_as_they_were_made_for(twin: MockServer) -> None:
    twin.queue_fault("throttling", endpoint=TGI)
    twin.queue_fault("model-not-ready", times=2)
    twin.queue_fault("validation-error")
    for endpoint in (LMI, TGI, TGI, LMI, LMI):
        stream(twin, endpoint)
    twin.journal.wait(5)
    assert [entry.fault for entry in twin.journal.finished] == ["model-not-ready", "throttling", "model-not-ready", "validation-error", None]


def test_what_a_request_asks_for_itself_goes_first_and_leaves_the_order_waiting(twin: MockServer) -> None:
    twin.queue_fault("throttling")
    stream(twin, LMI, "mock.fault=crlf")
    entry = twin.journal.wait()
    assert (entry.fault, entry.fault_from) == ("crlf", "request")
    assert [order["fault"] for order in ask(twin, "GET", "/faults")[1]] == ["throttling"]


def test_an_order_waits_for_a_request_that_can_have_it(twin: MockServer) -> None:
    twin.queue_fault("truncate-frame@1")
    twin.queue_fault("throttlingx1")
    httpx.get(f"{twin.url}/containers/{LMI}/ping", trust_env=False)
    stream(twin, LMI, front="container")
    httpx.post(f"{twin.url}/endpoints/nobody/invocations", json={}, trust_env=False)
    stream(twin, LMI, "mock.cut=in-half")
    httpx.post(f"{twin.url}/endpoints/{LMI}/invocations", json={"inputs": "hello"}, headers={"amz-sdk-request": "attempt=2; max=3"}, trust_env=False)
    twin.journal.wait(5)
    assert {entry.fault for entry in twin.journal.finished} == {None}
    httpx.post(f"{twin.url}/endpoints/{LMI}/invocations", json={"inputs": "hello"}, trust_env=False)
    stream(twin, LMI)
    assert [twin.journal.wait(number).fault for number in (6, 7)] == ["throttlingx1", "truncate-frame@1"]


def test_an_order_that_only_the_service_can_fill_waits_for_it(twin: MockServer) -> None:
    twin.queue_fault("model-error:0")
    stream(twin, LMI, front="container")
    stream(twin, LMI)
    twin.journal.wait(2)
    assert [(entry.front, entry.fault) for entry in twin.journal.finished] == [("container", None), ("runtime", "model-error:0")]


def test_orders_are_taken_back_one_by_one_or_all_at_once(twin: MockServer) -> None:
    numbers = [ask(twin, "POST", "/faults", {"fault": "stall"})[1]["number"] for _ in range(3)]
    assert ask(twin, "DELETE", f"/faults/{numbers[1]}") == (200, {"status": "ok"})
    assert ask(twin, "DELETE", f"/faults/{numbers[1]}") == (404, {"error": f"no fault {numbers[1]} waits; there are: {numbers[0]}, {numbers[2]}"})
    assert [order["number"] for order in ask(twin, "GET", "/faults")[1]] == [numbers[0], numbers[2]]
    assert ask(twin, "DELETE", "/faults") == (200, {"status": "ok"})
    assert ask(twin, "GET", "/faults") == (200, [])


@pytest.mark.parametrize(
    ("order", "status", "problem"),
    [
        ({"fault": "nothing"}, 400, "'nothing' is not a fault; legal: "),
        ({"fault": "reset", "endpoint": "nobody"}, 404, "'nobody' is not an endpoint; there are: "),
    ],
)
def test_an_order_that_nobody_could_take_is_refused(twin: MockServer, order: dict[str, Any], status: int, problem: str) -> None:
    answered, said = ask(twin, "POST", "/faults", order)
    assert answered == status
    assert said["error"].startswith(problem)


@pytest.mark.parametrize("order", [{}, {"fault": "reset", "times": 0}, {"fault": "reset", "tmes": 1}])
def test_an_order_of_another_form_is_a_422(twin: MockServer, order: dict[str, Any]) -> None:
    assert ask(twin, "POST", "/faults", order)[0] == 422


def test_orders_are_bounded(twin: MockServer) -> None:
    for _ in range(MAX_WAITING):
        twin.queue_fault("reset")
    with pytest.raises(WordError, match=r"^1000 faults are waiting; legal: no more; remove one$"):
        twin.queue_fault("reset")
    with pytest.raises(WordError, match=r"^times: received 0; legal: a whole number from 1 to 1000000$"):
        twin.queue_fault("reset", times=0)
    with pytest.raises(NoSuchEndpoint):
        twin.queue_fault("reset", endpoint="nobody")


def test_the_journal_is_read_by_what_one_looks_for_and_page_by_page(twin: MockServer) -> None:
    for endpoint, attributes, front in ((LMI, "", "runtime"), (TGI, "mock.fault=reset@1", "runtime"), (LMI, "", "container"), (LMI, "", "runtime")):
        stream(twin, endpoint, attributes, front)
    twin.journal.wait(4)

    def numbers(query: str, after: int = 0) -> tuple[list[int], int]:
        page = ask(twin, "GET", f"/journal?{query}&after={before + after}")[1]
        return [entry["number"] - first for entry in page["finished"]], page["next"] - before

    first = twin.journal.finished[0].number
    before = ask(twin, "GET", "/journal")[1]["next"] - 4
    assert numbers("") == ([0, 1, 2, 3], 4)
    assert numbers(f"endpoint={LMI}") == ([0, 2, 3], 4)
    assert numbers(f"endpoint={LMI}&front=runtime") == ([0, 3], 4)
    assert numbers("ended=fault") == ([1], 4)
    assert numbers("limit=2") == ([0, 1], 2)
    assert numbers("limit=2", after=2) == ([2, 3], 4)
    assert numbers("limit=2", after=4) == ([], 4)
    assert ask(twin, "GET", "/journal?ended=badly")[0] == ask(twin, "GET", "/journal?limit=0")[0] == 422
    assert ask(twin, "DELETE", "/journal") == (200, {"status": "ok"})
    assert numbers("", after=2) == ([], 4)
    stream(twin, LMI, "", "runtime")
    twin.journal.wait()
    assert numbers("", after=4) == ([4], 5)


def test_an_open_request_is_in_the_journal_and_its_times_come_with_its_end(twin: MockServer) -> None:
    with PlainClient(twin.url) as client:
        client.ask(LMI, attributes="mock.fault=stall@1")
        client.head()
        next(client.chunks())
        page = ask(twin, "GET", f"/journal?endpoint={LMI}")[1]
        assert [(entry["ended"], entry["kept_s"]) for entry in page["open"]] == [(None, [])]
        assert ask(twin, "GET", f"/journal?endpoint={TGI}")[1]["open"] == []
    twin.journal.wait()
    (entry,) = ask(twin, "GET", "/journal?ended=cancelled")[1]["finished"]
    assert (entry["cancelled_at_part"], len(entry["planned_s"]), len(entry["kept_s"])) == (1, 1, 1)


def test_what_can_be_chosen_is_told(twin: MockServer) -> None:
    told = ask(twin, "GET", "/choices")[1]
    assert {"mock.cut", "mock.fault", "mock.profile"} <= set(told["attributes"])
    assert {"every-byte", "bytes:N", "inside-utf8"} <= set(told["cuts"])
    assert set(told["http_cuts"]) == {cut for cut in told["cuts"] if not cut.startswith("inside-")}
    assert {"name": "stall", "written": "stall[:SECONDS]", "stage": "connection"} in told["faults"]
    assert {"instant", "constant[:TTFT,ITL]"} <= set(told["profiles"])
    assert "lmi-0.23" in told["containers"]
    assert {"hello", "long"} <= set(told["endpoints"][LMI]["scripts"])
    assert set(told["endpoints"]) == {endpoint.name for endpoint in twin.endpoints}


def test_a_path_that_is_none_and_a_method_that_it_has_not_are_told_as_such(twin: MockServer) -> None:
    assert ask(twin, "GET", "/nothing") == (404, {"error": "Not Found"})
    assert ask(twin, "PUT", "/journal", {}) == (405, {"error": "Method Not Allowed"})
