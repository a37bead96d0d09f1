"""AWS Signature Version 4 as the service checks it: whether a request is signed, whether that is well formed, whether the signature is right.

What SageMaker Runtime itself was seen to say: the missing token (aws/amazon-sagemaker-examples issue 290, headers included), the wrong service
(awslabs/aws-sigv4-proxy 226), the wrong signature (DavidMuller/aws-requests-auth 33; services have since left out the canonical string that followed:
aws/aws-sdk-kotlin 1217). Nobody published the others from there. Their texts are other services' (DynamoDB, measured by ExtendDB/extenddb's tests and
mhart/dynalite's index.js, which has the order of the checks too; API Gateway, versity/versitygw's `iamerr`), and 403 is what services of its protocol
answer. AWS's user guide gives a request five minutes. What no source tells is said where it is decided.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias, get_args
from urllib.parse import parse_qsl

Level: TypeAlias = Literal["off", "shape", "verify"]
"""Nothing is checked; the signature is there and well formed; it is the dummy key's, fresh, and for this region."""

LEVELS: tuple[Level, ...] = get_args(Level)
ACCESS_KEY_ID = "AKIDSTREAMTWIN"
SECRET_ACCESS_KEY = "not-a-secret"  # noqa: S105 - the dummy key that everybody is told
STATUS = 403
SERVICE = "sagemaker"
ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
SKEW = timedelta(minutes=5)
MAX_LIFETIME_S = 7 * 24 * 3600
BEARER = "Bearer sagemaker-api-key-"
TIMESTAMP = "%Y%m%dT%H%M%SZ"
HEADER_PARTS = ("Credential", "Signature", "SignedHeaders")
QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
NOT_COVERED = frozenset({"X-Amz-Signature", "Version"})
"""Query members that are added behind the signature, the second by a bearer token alone."""


class SignatureRefused(Exception):
    """The service refuses a request for its signature; the text holds nothing of it, or as a hash."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, as the request says."""

    access_key_id: str
    region: str


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
class Gate:
    """What a twin asks of signatures."""

    level: Level = "off"
    region: str = "us-east-1"
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def check(self, request: WireRequest) -> Signer | None:
        """Return who signed a request, None where nobody asks.

        Raises:
            SignatureRefused: It is not signed as the level wants.
        """
        if self.level == "off":
            return None
        claim = _claim(request)
        signed_at = _moment(claim.date)
        strict = self.level == "verify"
        if strict:
            _check_time(signed_at, claim.lifetime, self.utc_now())
        if "host" not in claim.signed_headers:
            raise _invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
        if claim.algorithm != ALGORITHM:
            raise _incomplete(f"Unsupported AWS 'algorithm': '{claim.algorithm}' (only {ALGORITHM} for now). ")
        signer = _check_scope(claim.credential, signed_at, self.region if strict else None)
        if strict:
            _check_signature(claim, signed_at, signer)
        return signer


@dataclass(frozen=True, slots=True)
class _Claim:
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


def _claim(request: WireRequest) -> _Claim:
    authorization = request.header("authorization")
    in_query = "X-Amz-Algorithm" in dict(_members(request.query))
    if authorization is not None and in_query:
        raise _invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
    if in_query:
        return _claim_of_query(request)
    if authorization is None:
        raise SignatureRefused("MissingAuthenticationTokenException", "Missing Authentication Token")
    within = _within_token(authorization)
    return _claim_of_query(within) if within else _claim_of_header(request, authorization)


def _claim_of_header(request: WireRequest, authorization: str) -> _Claim:
    algorithm, *pairs = re.split(r"[,\s]+", authorization.strip().rstrip(","))
    hashed = base64.b64encode(hashlib.sha256(authorization.encode("latin-1")).digest()).decode()
    if not all("=" in pair for pair in pairs):
        raise _incomplete(f"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{hashed}'.")
    parts = dict(pair.split("=", 1) for pair in pairs)
    date = request.header("x-amz-date") or request.header("date")
    missing = [f"Authorization header requires '{name}' parameter. " for name in HEADER_PARTS if not parts.get(name)]
    if not date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    if missing or not date:
        raise _incomplete(f"{''.join(missing)}(Hashed with SHA-256 and encoded with Base64) Authorization={hashed}")
    return _Claim(
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


def _claim_of_query(request: WireRequest) -> _Claim:
    """Read a presigned request: everything is in the query, and it lives as long as that says."""
    members = _members(request.query)
    parts = dict(members)
    missing = [f"AWS query-string parameters must include '{name}'. " for name in QUERY_PARTS if not parts.get(name)]
    if missing:
        raise _incomplete(f"{''.join(missing)}Re-examine the query-string parameters.")
    expires = parts.get("X-Amz-Expires", str(int(SKEW.total_seconds())))
    if not re.fullmatch(r"\d{1,6}", expires) or int(expires) > MAX_LIFETIME_S:
        raise _incomplete(f"X-Amz-Expires should be a number of seconds up to {MAX_LIFETIME_S}")  # S3 says it in two sentences
    return _Claim(
        request=request,
        query=tuple((name, value) for name, value in members if name not in NOT_COVERED),
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
    return WireRequest("POST", f"/{path}", query, (("host", host),), b"")


def _members(query: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))


def _moment(date: str) -> datetime:
    """Return the time that an `X-Amz-Date` or, as HTTP writes it, a `Date` says."""
    try:
        if re.fullmatch(r"\d{8}T\d{6}Z", date):
            return datetime.strptime(date, TIMESTAMP).replace(tzinfo=UTC)
        return parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _incomplete(f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601") from None


def _check_time(signed_at: datetime, lifetime: timedelta, now: datetime) -> None:
    earliest, latest = now - lifetime, now + SKEW
    if signed_at < earliest:
        span = f"({_stamp(now)} - {lifetime // timedelta(minutes=1)} min.)"
        raise _invalid(f"Signature expired: {_stamp(signed_at)} is now earlier than {_stamp(earliest)} {span}")
    if signed_at > latest:
        span = f"({_stamp(now)} + {SKEW // timedelta(minutes=1)} min.)"
        raise _invalid(f"Signature not yet current: {_stamp(signed_at)} is still later than {_stamp(latest)} {span}")


def _check_scope(credential: str, signed_at: datetime, expected_region: str | None) -> Signer:
    """Check what a key was derived for; all that is wrong is said at once."""
    pieces = credential.rstrip("/").split("/")
    if len(pieces) != 5:
        raise _incomplete(f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'")
    access_key_id, date, region, service, terminator = pieces
    checks = (
        (expected_region in {None, region}, "Credential should be scoped to a valid region. "),
        (service == SERVICE, f"Credential should be scoped to correct service: '{SERVICE}'. "),
        (terminator == TERMINATOR, f"Credential should be scoped with a valid terminator: '{TERMINATOR}'. "),
        (date == f"{signed_at:%Y%m%d}", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."),
    )
    wrong = "".join(text for holds, text in checks if not holds)
    if wrong:
        raise _invalid(wrong)
    return Signer(access_key_id, region)


def _check_signature(claim: _Claim, signed_at: datetime, signer: Signer) -> None:
    if signer.access_key_id != ACCESS_KEY_ID:
        raise SignatureRefused("UnrecognizedClientException", "The security token included in the request is invalid.")
    request = claim.request
    if request.body is not None and _expected(claim, request.body, signed_at, signer) != claim.signature:
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details."
        )
    if claim.token is not None:  # with a long-term key, as the dummy one, no session token is valid
        raise SignatureRefused("UnrecognizedClientException", "The security token included in the request is invalid")


def _expected(claim: _Claim, body: bytes, signed_at: datetime, signer: Signer) -> str:
    from mock_server.signature import Covered, signature_of

    request = claim.request
    headers = tuple((name, value) for name, value in request.headers if name in claim.signed_headers)
    covered = Covered(request.method, request.path, claim.query, headers, body, _stamp(signed_at))
    return signature_of(covered, service=SERVICE, region=signer.region, access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY)


def _stamp(moment: datetime) -> str:
    return f"{moment:{TIMESTAMP}}"


def _incomplete(message: str) -> SignatureRefused:
    return SignatureRefused("IncompleteSignatureException", message)


def _invalid(message: str) -> SignatureRefused:
    return SignatureRefused("InvalidSignatureException", message)
