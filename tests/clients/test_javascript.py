"""The AWS SDK for JavaScript v3, unmodified: what it reads of the twin through every cut, and what it shows of each fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from backends.events import Finish
from backends.wire import decode_events
from mock_server import MockServer
from mock_server.catalog import FILE, load_catalog
from mock_server.faults import KINDS
from tests.clients.foreign import Client, Start, body_of, named, question_for, started
from tests.contract.cuttings import CUTS

ENDPOINTS = tuple(load_catalog(FILE))
SCRIPTS = ("framing", "emoji")
"""Text that looks like the framing around it, and characters of many bytes."""
TIME_EXCEEDED = "Your model primary did not complete sending the inference response in the allotted time."
BROKEN = "Your model primary closed the connection before it completed the inference response."


@pytest.fixture(scope="module")
def sdk(start: Start) -> Client:
    return start("javascript")


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("endpoint_name", ENDPOINTS)
def test_every_byte_arrives_through_every_cut(twin: MockServer, sdk: Client, endpoint_name: str, cut: str) -> None:
    endpoint = named(twin, endpoint_name)
    for script in SCRIPTS:
        attributes = f"mock.script={script};mock.seed=3"
        answer = sdk.ask(operation="stream", input=question_for(endpoint, f"{attributes};mock.cut={cut}"))

        assert answer["error"] is None
        assert b"".join(answer["parts"]) == body_of(endpoint, attributes)
        assert (answer["variant"], answer["attempts"]) == ("AllTraffic", 1)
        assert isinstance(list(decode_events(answer["parts"], answer["contentType"]))[-1], Finish)


@pytest.mark.parametrize("endpoint_name", ENDPOINTS)
def test_an_answer_that_is_not_streamed_is_the_container_s(twin: MockServer, sdk: Client, endpoint_name: str) -> None:
    endpoint = named(twin, endpoint_name)
    answer = sdk.ask(operation="invoke", input=question_for(endpoint, "mock.script=emoji", stream=False))

    assert answer["error"] is None
    assert answer["parts"] == [body_of(endpoint, "mock.script=emoji", stream=False)]


@dataclass(frozen=True)
class Row:
    fault: str
    type: str
    """The class of what is thrown; "" for nothing."""
    says: str
    shows: dict[str, Any] = field(default_factory=dict)
    """Of the error: the status and fault of its class, and members."""
    parts: int = 0
    """How many parts come before it."""
    attempts: int = 1

    def __str__(self) -> str:
        return self.fault


ROWS = (
    Row("validation-error", "ValidationError", "The request is not valid.", {"status": 400, "fault": "client"}),
    Row("throttling", "SageMakerRuntimeServiceException", "Rate exceeded", {"status": 429, "name": "ThrottlingException"}, attempts=3),
    Row("internal-failure", "InternalFailure", "Internal failure.", {"status": 500, "fault": "server"}, attempts=3),
    Row("service-unavailable", "ServiceUnavailable", "The service is unavailable.", {"status": 503, "fault": "server"}, attempts=3),
    Row("model-not-ready", "ModelNotReadyException", "The model is not ready", {"status": 429, "fault": "client"}, attempts=3),
    Row("dependency", "InternalDependencyException", "A service that this one depends on has failed.", {"status": 530, "fault": "server"}),
    Row("access-denied", "SageMakerRuntimeServiceException", "is not authorized to perform", {"status": 403, "name": "AccessDeniedException"}),
    Row("expired-token", "SageMakerRuntimeServiceException", "The security token included in the request is expired",
        {"status": 403, "name": "ExpiredTokenException"}),
    Row("model-error", "ModelError", "Received server error (500) from primary", {"status": 424, "OriginalStatusCode": 500}),
    Row("model-error:404", "ModelError", "Received client error (404) from primary", {"status": 424, "OriginalStatusCode": 404}),
    Row("model-stream-error@2", "ModelStreamError", TIME_EXCEEDED, {"fault": "client", "Message": TIME_EXCEEDED, "ErrorCode": "ModelInvocationTimeExceeded"},
        parts=2),
    Row("model-stream-error:StreamBroken@2", "ModelStreamError", BROKEN, {"Message": BROKEN, "ErrorCode": "StreamBroken"}, parts=2),
    Row("internal-stream-failure@2", "InternalStreamFailure", "Internal failure.", {"fault": "server", "Message": "Internal failure."}, parts=2),
    Row("unmodeled-exception@2", "Error", '{"Message": "Rate exceeded"}', {"name": "ThrottlingException"}, parts=2),
    Row("unmodeled-error@2", "Error", "An internal server error occurred.", {"name": "InternalError"}, parts=2),
    Row("unknown-event@2", "", "", parts=51),
    Row("unknown-event:initial-response@2", "TypeError", "Cannot read properties of undefined (reading 'Bytes')", parts=2),  # and of no other unknown event
    Row("empty-part@2", "", "", parts=52),
    Row("bad-prelude-crc@2", "Error", "The prelude checksum", parts=2),
    Row("no-frames", "", ""),
    Row("truncate-frame@2", "Error", "Truncated event message received.", parts=2),
    Row("bad-message-crc@2", "Error", "The message checksum", parts=2),
    Row("reset@2", "Error", "aborted", {"code": "ECONNRESET"}, parts=2),
    Row("close@2", "Error", "aborted", {"code": "ECONNRESET"}, parts=2),
    Row("close-in-chunk@2", "Error", "aborted", {"code": "ECONNRESET"}, parts=2),
    Row("stall:0.1@2", "", "", parts=51),
    Row("container-error@2", "", "", parts=3),  # what a container says in its body is nothing to an SDK
    Row("no-finish", "", "", parts=50),
    Row("no-final-newline", "", "", parts=51),
    Row("keep-alive@2", "", "", parts=52),
    Row("crlf", "", "", parts=51),
)  # fmt: skip


def test_every_fault_has_its_row() -> None:
    assert {row.fault.partition("@")[0].partition(":")[0] for row in ROWS} == set(KINDS)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_sdk_shows(twin: MockServer, sdk: Client, row: Row) -> None:
    answer = sdk.ask(operation="stream", input=question_for(twin.endpoints[1], f"mock.fault={row.fault};mock.script=hello"))

    error = answer["error"] or {"type": "", "message": "", "members": {}}
    assert error["type"] == row.type
    assert row.says in error["message"]
    shown = {**error["members"], **error}
    assert {name: shown[name] for name in row.shows} == row.shows
    assert len(answer["parts"]) == row.parts
    twin.journal.wait(row.attempts)
    assert [entry.attempt for entry in twin.journal.finished] == list(range(1, row.attempts + 1))


@pytest.mark.parametrize(("fault", "status"), [("throttlingx1", 429), ("service-unavailablex2", 503), ("internal-failurex1", 500)])
def test_what_fails_at_first_is_tried_again(twin: MockServer, sdk: Client, fault: str, status: int) -> None:
    failures = int(fault[-1])
    answer = sdk.ask(operation="stream", input=question_for(twin.endpoints[0], f"mock.fault={fault};mock.script=hello"))

    assert answer["error"] is None
    assert answer["attempts"] == failures + 1
    twin.journal.wait(failures + 1)
    assert [entry.status for entry in twin.journal.finished] == [*[status] * failures, 200]


@pytest.mark.parametrize(
    ("variable", "value", "name", "says"),
    [
        ("AWS_SECRET_ACCESS_KEY", "another", "InvalidSignatureException", "The request signature we calculated does not match"),
        ("AWS_ACCESS_KEY_ID", "AKIDUNKNOWN", "UnrecognizedClientException", "The security token included in the request is invalid."),
        ("AWS_REGION", "eu-west-1", "InvalidSignatureException", "Credential should be scoped to a valid region."),
    ],
)
def test_a_signature_of_other_keys_or_for_another_region_is_refused(twin: MockServer, start: Start, variable: str, value: str, name: str, says: str) -> None:
    answer = start("javascript", **{variable: value}).ask(operation="stream", input=question_for(twin.endpoints[0], "mock.script=hello"))

    assert (answer["error"]["status"], answer["error"]["name"]) == (403, name)
    assert says in answer["error"]["message"]
    assert twin.journal.wait().ended == "refused"


def test_an_abort_in_the_middle_closes_the_connection(twin: MockServer, sdk: Client) -> None:
    answer = sdk.ask(operation="stream", input=question_for(twin.endpoints[1], "mock.fault=stall@3;mock.script=hello"), abortAfter=3)

    assert (answer["error"]["message"], answer["error"]["members"]["code"]) == ("aborted", "ECONNRESET")
    entry = twin.journal.wait()
    assert (entry.ended, entry.cancelled_at_part) == ("cancelled", 3)


def test_the_sdk_streams_over_tls_where_node_is_told_of_the_authority(twin: MockServer, tmp_path: Path) -> None:
    authority = trustme.CA()
    cert, ca = tmp_path / "cert.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(cert))
    authority.cert_pem.write_to_path(str(ca))
    with (
        MockServer(tls=(cert, cert), sigv4="verify") as secret_twin,
        started("javascript", secret_twin.environ | {"NODE_EXTRA_CA_CERTS": str(ca)}, tmp_path) as sdk,
    ):
        answer = sdk.ask(operation="stream", input=question_for(twin.endpoints[0], "mock.script=emoji"))

    assert answer["error"] is None
    assert b"".join(answer["parts"]) == body_of(twin.endpoints[0], "mock.script=emoji")
