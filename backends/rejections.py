"""A refusal before the answer began, read by its members: SageMaker's errors and every container's.

Sources: botocore's rest-json error parsing and service model sagemaker-runtime 2017-05-13; text-generation-inference `router/src/server.rs`; djl-serving
`NettyUtils.java` and `djl_python`; OpenAI's API reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from backends.errors import RequestRejected

ERROR_BODY_BYTES = 1024 * 1024
"""As much of an error's body is read."""

_CODES = ("code", "Code", "__type", "error_type", "type")
_MESSAGES = ("Message", "message", "error_msg", "detail", "error")
_SHOWN_CHARACTERS = 2000


def parse_rejection(status: int, headers: Mapping[str, str], body: bytes, *, request_id: str | None) -> RequestRejected:
    """Return the error that a response other than a success stands for.

    Args:
        status: The HTTP status.
        headers: Names in lower case.
        body: JSON of whatever shape, or text.
        request_id: The service's name for the request.
    """
    members = _members(body)
    described = members.get("error") if isinstance(members.get("error"), dict) else members
    message = _first(described, _MESSAGES) or _text(body, headers) or f"HTTP {status} {_phrase(status)}".strip()
    code = headers.get("x-amzn-errortype") or _first(described, _CODES) or str(status)
    return RequestRejected(
        message,
        status=status,
        code=code.partition(":")[0].rpartition("#")[2],
        request_id=request_id,
        original_status=members.get("OriginalStatusCode"),
        original_message=members.get("OriginalMessage"),
        log_stream_arn=members.get("LogStreamArn"),
    )


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}


def _first(members: Any, names: tuple[str, ...]) -> str:
    """Return the first of `names` that says something, as text."""
    found = (members.get(name) for name in names)
    return next((value if isinstance(value, str) else json.dumps(value) for value in found if value not in (None, "")), "")


def _text(body: bytes, headers: Mapping[str, str]) -> str:
    """Return the body as it can be shown; a page of HTML says nothing that the status does not."""
    if "html" in headers.get("content-type", ""):
        return ""
    return body.decode(errors="replace").strip()[:_SHOWN_CHARACTERS]


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")
