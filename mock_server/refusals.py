"""The service's own errors, as the SageMaker Runtime answers with them.

Sources: botocore's service model sagemaker-runtime 2017-05-13 (errors, members); where it is silent, what users of the service published: ModelError's members
in alphabetical order, `Endpoint <name> of account <id> not found.`, and the two texts about the header of inference components (BerriAI/litellm's tests,
aws-samples/amazon-kendra-langchain-extensions 64). Ours are the texts of what is not there, but for the endpoint's, and of a body over the limit.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from mock_server.claim import SignatureRefused
from mock_server.faults import SERVICE_ERRORS, ServiceError
from mock_server.requests import MAX_BODY_BYTES
from mock_server.sigv4 import NAMESPACE, STATUS

ACCOUNT = "123456789012"
REGION = re.compile(r"Credential=[^/]*/\d+/([a-z0-9-]+)/")
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
COMPONENT_REQUIRED = (
    "Inference Component Name header is required for endpoints to which you plan to deploy inference components. "
    "Please include Inference Component Name header or consider using SageMaker models."
)
COMPONENT_NOT_ALLOWED = (
    "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference components. "
    "Please remove the Inference Component Name header and try again."
)


class Refused(Exception):
    """The service answers with an error."""

    def __init__(self, error: ServiceError, **members: Any) -> None:
        super().__init__(error.message)
        self.error = error
        self.members = members


def invalid(message: str, **members: Any) -> Refused:
    """Return the refusal of a request that the service does not take."""
    return Refused(ServiceError(400, "ValidationError", message), **members)


def not_found(kind: str, name: str) -> Refused:
    """Return the refusal of a request for something that is not there."""
    return invalid(f"{kind} {name} of account {ACCOUNT} not found.")


def too_long() -> Refused:
    """Return the refusal of a body over the limit; no SDK has a name for it."""
    return Refused(ServiceError(413, "", f"HTTP content length exceeded {MAX_BODY_BYTES} bytes."))


def fault_error(fault: str, operation: str, endpoint: str, region: str) -> Refused:
    """Return the error that a fault of the service stands for, which may name what was asked for."""
    error, arn = SERVICE_ERRORS[fault], f"arn:aws:sagemaker:{region}:{ACCOUNT}:endpoint/{endpoint.lower()}"
    return Refused(replace(error, message=error.message.format(account=ACCOUNT, operation=operation, endpoint_arn=arn)))


def region_of(authorization: str, usual: str) -> str:
    """Return the region that a request was signed for."""
    match = REGION.search(authorization)
    return match[1] if match else usual


def model_error(endpoint: str, region: str, status: int, body: str) -> Refused:
    """Return what the service makes of a container that failed with this status, 0 for none, and body."""
    side = "client" if status // 100 == 4 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
    message = f'Received {side} error ({status}) from primary with message "{body}". See {console} in account {ACCOUNT} for more information.'
    return Refused(
        ServiceError(424, "ModelError", message),
        ErrorCode=f"{side.upper()}_ERROR_FROM_MODEL",
        LogStreamArn=f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}",
        OriginalMessage=body,
        OriginalStatusCode=status,
    )


def error_response(request_id: str, refused: Refused) -> Response:
    """Return the response that tells an error."""
    error, headers = refused.error, {"x-amzn-requestid": request_id}
    if not error.code:
        return Response(error.message, error.status, headers, "text/plain")
    members = {**refused.members, error.member: error.message}
    body = json.dumps(dict(sorted(members.items())), separators=(",", ":"))
    return Response(body, error.status, {**headers, "x-amzn-errortype": error.code + error.namespace}, "application/json")


def signature_response(request_id: str, refused: SignatureRefused) -> Response:
    """Answer as what stands before every operation: the member is in lower case, and the code has a namespace."""
    return error_response(request_id, Refused(ServiceError(STATUS, refused.code, refused.message, "message", f":{NAMESPACE}")))
