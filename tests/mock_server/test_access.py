"""One line per request, whatever a client wrote."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import httpx
import pytest

from mock_server import MockServer
from mock_server.access import call_line, line
from mock_server.clock import VirtualClock
from mock_server.control.calls import Call
from mock_server.journal import Entry

LMI = "falcon-7b-instruct-lmi"
ENTRY = Entry(
    number=7,
    front="runtime",
    path="/endpoints/mine/invocations-response-stream",
    endpoint="mine",
    request_id="6f1f-1",
    attempt=2,
    cut="bytes:7+inside-utf8",
    fault="reset@5",
    status=200,
    parts=5,
    bytes=640,
    ended="fault",
    kept_s=(0.25, 0.3),
    planned_s=(0.25, 0.3),
    duration_s=1.5,
)
REFUSED = Entry(number=8, front="container", path="/containers/x", endpoint="x", ended="refused", status=404)

LINE = (
    "request=6f1f-1 endpoint=mine front=runtime status=200 ended=fault parts=5 bytes=640 first_ms=250.0 seconds=1.500 cut=bytes:7+inside-utf8 "
    "fault=reset@5 attempt=2 attributes=-"
)
REFUSED_LINE = "request=8 endpoint=x front=container status=404 ended=refused parts=0 bytes=0 first_ms=- seconds=0.000 cut=- fault=- attempt=1 attributes=-"


@pytest.mark.parametrize(("entry", "expected"), [(ENTRY, LINE), (REFUSED, REFUSED_LINE)])
def test_a_line_tells_a_request(entry: Entry, expected: str) -> None:
    assert line(entry) == expected


CALL = Call(request_id="6f1f-2", service="sagemaker", operation="CreateEndpoint", region="us-east-1", name="mine", parameters=("EndpointName",), status=200)
DENIED = replace(CALL, status=400, code="AccessDeniedException", fault="access-denied@*", name="")
CALL_LINE = "call=6f1f-2 service=sagemaker operation=CreateEndpoint name=mine region=us-east-1 status=200 code=- fault=-"
DENIED_LINE = 'call=6f1f-2 service=sagemaker operation=CreateEndpoint name=- region=us-east-1 status=400 code=AccessDeniedException fault="access-denied@*"'


@pytest.mark.parametrize(("call", "expected"), [(CALL, CALL_LINE), (DENIED, DENIED_LINE)])
def test_a_line_tells_a_call_of_the_control_plane(call: Call, expected: str) -> None:
    assert call_line(call) == expected


def test_a_call_that_ends_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "streamtwin.access")
    with MockServer() as twin:
        httpx.post(f"{twin.url}/", content=b"{}", headers={"x-amz-target": "SageMaker.ListModels"}, trust_env=False)
        [call] = twin.calls
    assert [record.message for record in caplog.records if record.message.startswith("call=")] == [call_line(call)]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("trace=1; route=/v1", r'"trace=1; route=/v1"'),
        ("a\nrequest=9 status=200", r'"a\nrequest=9 status=200"'),
        ("a\r\x1b[31m\x85\u2028", r'"a\r\u001b[31m\u0085\u2028"'),
        ('a" status="200', r'"a\" status=\"200"'),
        ("é", r'"\u00e9"'),
        ("-", "-"),
        ("x" * 5000, "x" * 200),
    ],
)
def test_nobody_ends_a_line_or_adds_a_key_to_it(written: str, shown: str) -> None:
    for told in (line(replace(ENTRY, custom_attributes=written)), line(replace(ENTRY, endpoint=written))):
        assert f"={shown}" in told
        assert len(told.splitlines()) == 1
        assert len(re.findall(r'(?:^| )(\w+)=(?:"(?:[^"\\]|\\.)*"|\S+)', told)) == 13


def test_each_request_is_one_line_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="streamtwin.access")
    with MockServer(clock=VirtualClock(), profile="constant:2,0.5") as twin:
        path, headers = f"{twin.url}/endpoints/{LMI}/invocations-response-stream", {"X-Amzn-SageMaker-Custom-Attributes": "a=b;mock.cut=merge:2"}
        response = httpx.post(path, json={"inputs": "hello", "parameters": {"max_new_tokens": 4}}, headers=headers, trust_env=False)
        httpx.get(f"{twin.url}/_mock/health", trust_env=False)
        twin.journal.wait()
    (record,) = [record for record in caplog.records if record.name == "streamtwin.access"]
    said = f"request={response.headers['x-amzn-requestid']} endpoint={LMI} front=runtime status=200 ended=completed parts=2 bytes={len(response.content)} "
    assert record.getMessage() == said + 'first_ms=2500.0 seconds=3.500 cut=merge:2 fault=- attempt=1 attributes="a=b"'
    assert record.levelno == logging.INFO


def test_a_twin_in_a_test_says_nothing_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer() as twin:
        httpx.get(f"{twin.url}/containers/{LMI}/ping", trust_env=False)
        twin.journal.wait()
    assert capfd.readouterr() == ("", "")
