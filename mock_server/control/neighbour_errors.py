"""What a neighbour of SageMaker's says that the twin cannot ask, in the form that its clients read.

Source: botocore's service models, of which each names its protocol: S3 has XML of its own, IAM and STS another, and the others JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from starlette.datastructures import Headers
from starlette.types import Scope

from mock_server.control.one_port import signed_for

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused."""

    message: str
    code: str = ""
    """Empty: what the protocol calls an operation that is not there."""


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """The answer that says so."""

    status: int
    reason: str
    content_type: str
    body: bytes

    @property
    def status_line(self) -> str:
        """As WSGI has it."""
        return f"{self.status} {self.reason}"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Its headers."""
        return ("content-type", self.content_type), ("content-length", str(len(self.body)))


def refusal_for(scope: Scope, refusal: Refusal) -> RefusedAnswer:
    """Return the answer to a request in the protocol of the service that it was signed for; no SDK tries again after it."""
    signed, message = signed_for(scope), escape(refusal.message)
    if signed and signed.service == "s3":
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refusal.code or "NotImplemented"}</Code><Message>{message}</Message></Error>'
        return RefusedAnswer(501, "Not Implemented", "application/xml", body.encode()) if not refusal.code else _bad(body, "application/xml")
    if Headers(scope=scope).get("content-type", "").startswith(FORM):
        error = f"<Error><Type>Sender</Type><Code>{refusal.code or 'AccessDenied'}</Code><Message>{message}</Message></Error>"
        return RefusedAnswer(403, "Forbidden", "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode())
    return _bad(json.dumps({"__type": refusal.code or "UnknownOperationException", "message": refusal.message}), "application/x-amz-json-1.1")


def _bad(body: str, content_type: str) -> RefusedAnswer:
    return RefusedAnswer(400, "Bad Request", content_type, body.encode())
