"""What the signature of a request should be: AWS Signature Version 4, computed by botocore.

Three things differ from how botocore signs. Exactly the headers that the request names are covered, also those that botocore would leave out. The path is
escaped once more from how it came, `%30` included, which is a `0` to most clients and not to the service. And the body is hashed whatever
`x-amz-content-sha256` says of it: `UNSIGNED-PAYLOAD` is a word of S3's, and a mismatch elsewhere (measured on DynamoDB: ExtendDB/extenddb's tests).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials


@dataclass(frozen=True, slots=True)
class Covered:
    """The parts of a request that its signature covers."""

    method: str
    path: str
    """As on the wire."""
    query: tuple[tuple[str, str], ...]
    """Names and values, unescaped; without the signature itself."""
    headers: tuple[tuple[str, str], ...]
    """Those that were signed, names in lower case, repeated ones as often as they came."""
    body: bytes
    timestamp: str
    """As 20261121T130000Z."""


class _Verifier(SigV4Auth):
    def __init__(self, keys: Credentials, service: str, region: str, headers: HTTPHeaders) -> None:
        super().__init__(keys, service, region)
        self._headers = headers

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:  # noqa: ARG002 - botocore's own signature
        return self._headers


def signature_of(covered: Covered, *, service: str, region: str, access_key_id: str, secret_access_key: str) -> str:
    """Return the signature in hexadecimal that these keys give."""
    headers = HTTPHeaders()
    for name, value in covered.headers:
        headers[name] = value  # appends
    query = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in covered.query)
    request = AWSRequest(covered.method, f"http://twin{covered.path}?{query}", data=covered.body)
    request.context["timestamp"] = covered.timestamp
    verifier = _Verifier(Credentials(access_key_id, secret_access_key), service, region, headers)
    return verifier.signature(verifier.string_to_sign(request, verifier.canonical_request(request)), request)


def _escaped(text: str) -> str:
    return quote(unquote(text), safe="-_.~")
