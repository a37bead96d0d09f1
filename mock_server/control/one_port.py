"""One port for every service that a rehearsal asks: a request goes where the service belongs that it was signed for.

Clients that have one endpoint URL for all services (`AWS_ENDPOINT_URL`) say in `Host` nothing of which they mean; the credential scope of Signature Version 4
does (AWS's user guide: `keyid/date/region/service/aws4_request`), in the Authorization header or in a presigned query. Runtime and control plane are both
signed as `sagemaker`: the path tells them apart. What is not signed is none of AWS's business, and the twin's own pages answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

SIGNED = re.compile(r"Credential=[^/,\s]+/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")
"""A credential scope, in the header and, unquoted, in a presigned query; its groups are region and service."""
OLD_HEADER = "AWS "
OLD_QUERY = "AWSAccessKeyId="
"""How S3's requests are signed by the scheme before, which boto3 still takes for presigned URLs: no scope, and no other service has it."""
OWN = frozenset({"sagemaker", "tagging"})
"""Services that the twin plays itself, whose routes stand behind."""
RUNTIME = re.compile(r"/endpoints/[^/]+/.+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request was signed for."""

    service: str
    region: str = "us-east-1"


def signed_for(scope: Scope) -> Signed | None:
    """Return what a request was signed for; None of a page, a probe or a container's call."""
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    if found := SIGNED.search(authorization) or ("X-Amz-Credential=" in query and SIGNED.search(unquote(query))):
        return Signed(found[2].lower(), found[1])
    return Signed("s3") if authorization.startswith(OLD_HEADER) or OLD_QUERY in query else None


class AwsRoute(BaseRoute):
    """The route of what is signed for a service that is not SageMaker's; it stands before all others.

    Args:
        services: The applications of services by the names that requests are signed for.
        others: That of all the rest.
    """

    def __init__(self, services: Mapping[str, ASGIApp], others: ASGIApp) -> None:
        self._services = services
        self._others = others

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take a request or leave it to the next route."""
        signed = signed_for(scope) if scope["type"] == "http" else None
        if signed is None or signed.service in OWN or _is_runtime(scope, signed.service):
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self._services.get(signed.service, self._others)}

    def url_path_for(self, name: str, /, **path_params: object) -> NoMatchFound:  # type: ignore[override]  # it never returns
        """Refuse: no path is this route's own."""
        raise NoMatchFound(name, dict(path_params))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the service answer."""
        await scope["endpoint"](scope, receive, send)


def _is_runtime(scope: Scope, service: str) -> bool:
    """Return whether SageMaker's runtime is asked with a signature for another service, which it refuses by itself; S3 has buckets of any name."""
    return service != "s3" and RUNTIME.fullmatch(scope["path"]) is not None
