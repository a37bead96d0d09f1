"""What a request says of its own signature: in the Authorization header, in a presigned query, or in a bearer token that holds one.

Sources: AWS's user guide (the parts of each), sagemaker-core's `token_generator` (the bearer token), and for the texts those that `sigv4` names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl

SKEW = timedelta(minutes=5)
MAX_LIFETIME_S = 7 * 24 * 3600
BEARER = "Bearer sagemaker-api-key-"
HEADER_PARTS = ("Credential", "Signature", "SignedHeaders")
QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")


class SignatureRefused(Exception):
    """The service refuses a request for its signature; the text never holds the signature, or the header as anything but a hash."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def incomplete(message: str) -> SignatureRefused:
    """Return the refusal of what is not well formed."""
    return SignatureRefused("IncompleteSignatureException", message)


def invalid(message: str) -> SignatureRefused:
    """Return the refusal of what is well formed and wrong."""
    return SignatureRefused("InvalidSignatureException", message)


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it came on the wire."""

    method: str
    path: str
    """Escapes and all, without the query."""
    query: str
    headers: Sequence[tuple[str, str]]
    """Names in lower case; repeated ones as often as they came."""
    body: bytes | None
    """None for one that was too long to keep, whose signature nobody can tell."""

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next((value for known, value in self.headers if known == name), None)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of its own signature."""

    request: WireRequest
    """What was signed: the request, or the one inside its bearer token."""
    query: tuple[tuple[str, str], ...]
    algorithm: str
    credential: str
    signed_headers: tuple[str, ...]
    signature: str
    date: str
    lifetime: timedelta
    token: str | None


def read_claim(request: WireRequest) -> Claim:
    """Return what a request says of its signature.

    Raises:
        SignatureRefused: It says nothing, or not all that it has to.
    """
    authorization = request.header("authorization")
    in_query = "X-Amz-Algorithm" in dict(_members(request.query))
    if authorization is not None and in_query:
        raise invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
    if in_query:
        return _claim_of_query(request)
    if authorization is None:
        raise SignatureRefused("MissingAuthenticationTokenException", "Missing Authentication Token")
    within = _within_token(authorization)
    return _claim_of_query(within) if within else _claim_of_header(request, authorization)


def _claim_of_header(request: WireRequest, authorization: str) -> Claim:
    algorithm, *pairs = re.split(r"[,\s]+", authorization.strip().rstrip(","))
    if not all("=" in pair for pair in pairs):
        problem = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64)"
        raise incomplete(f"{problem}: '{_hash_of(authorization)}'.")
    parts = dict(pair.split("=", 1) for pair in pairs)
    date = request.header("x-amz-date") or request.header("date")
    missing = [f"Authorization header requires '{name}' parameter. " for name in HEADER_PARTS if not parts.get(name)]
    if not date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    if missing or not date:
        raise incomplete(f"{''.join(missing)}(Hashed with SHA-256 and encoded with Base64) Authorization={_hash_of(authorization)}")
    return Claim(
        request=request,
        query=_members(request.query),
        algorithm=algorithm,
        credential=parts["Credential"],
        signed_headers=tuple(parts["SignedHeaders"].split(";")),
        signature=parts["Signature"],
        date=date,
        lifetime=SKEW,
        token=request.header("x-amz-security-token"),
    )


def _hash_of(authorization: str) -> str:
    return base64.b64encode(hashlib.sha256(authorization.encode("latin-1")).digest()).decode()


def _claim_of_query(request: WireRequest) -> Claim:
    """Read a presigned request: everything is in the query, and it lives as long as that says."""
    members = _members(request.query)
    parts = dict(members)
    missing = [f"AWS query-string parameters must include '{name}'. " for name in QUERY_PARTS if not parts.get(name)]
    if missing:
        raise incomplete(f"{''.join(missing)}Re-examine the query-string parameters.")
    expires = parts.get("X-Amz-Expires", str(int(SKEW.total_seconds())))
    if not re.fullmatch(r"\d{1,6}", expires) or int(expires) > MAX_LIFETIME_S:
        raise incomplete(f"X-Amz-Expires should be a number of seconds up to {MAX_LIFETIME_S}")  # S3 says it in two sentences
    return Claim(
        request=request,
        query=tuple((name, value) for name, value in members if name != "X-Amz-Signature"),
        algorithm=parts["X-Amz-Algorithm"],
        credential=parts["X-Amz-Credential"],
        signed_headers=tuple(parts["X-Amz-SignedHeaders"].split(";")),
        signature=parts["X-Amz-Signature"],
        date=parts["X-Amz-Date"],
        lifetime=timedelta(seconds=int(expires)),
        token=parts.get("X-Amz-Security-Token"),
    )


def _within_token(authorization: str) -> WireRequest | None:
    """Return the request that is presigned inside a bearer token: a POST to `sagemaker.amazonaws.com` (sagemaker-core's `token_generator`)."""
    if not authorization.startswith(BEARER):
        return None
    try:
        url = base64.b64decode(authorization.removeprefix(BEARER), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    host, _, target = url.partition("/")
    path, _, query = target.partition("?")
    return WireRequest("POST", f"/{path}", query.removesuffix("&Version=1"), (("host", host),), b"")


def _members(query: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
