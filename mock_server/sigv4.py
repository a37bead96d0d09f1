"""AWS Signature Version 4 as the service checks it: whether a request is signed, whether that is well formed, whether the signature is right.

What SageMaker Runtime itself was seen to say: the missing token (aws/amazon-sagemaker-examples issue 290, headers included), the wrong service
(awslabs/aws-sigv4-proxy 226), the wrong signature (DavidMuller/aws-requests-auth 33; services have since left out the canonical string that followed:
aws/aws-sdk-kotlin 1217). Nobody published the others from there. Their texts are other services' (DynamoDB, measured by ExtendDB/extenddb's tests and
mhart/dynalite's index.js, which has the order of the checks too; API Gateway, versity/versitygw's `iamerr`), and 403 is what services of its protocol
answer. AWS's user guide gives a request five minutes. What no source tells is said where it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias, get_args

from mock_server.claim import SKEW, Claim, SignatureRefused, WireRequest, incomplete, invalid, read_claim
from mock_server.words import WordError

Level: TypeAlias = Literal["off", "shape", "verify"]
"""Nothing is checked; the signature is there and well formed; it is the dummy key's, fresh, and for this region."""

LEVELS: tuple[Level, ...] = get_args(Level)
ACCESS_KEY_ID = "AKIDSTREAMTWIN"
SECRET_ACCESS_KEY = "not-a-secret"  # noqa: S105 - the dummy key that everybody is told
STATUS = 403
NAMESPACE = "http://internal.amazon.com/coral/com.amazon.coral.service/"
"""What the service appends to the code in `x-amzn-errortype`, behind a colon."""
SERVICE = "sagemaker"
ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
TIMESTAMP = "%Y%m%dT%H%M%SZ"


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, as the request says."""

    access_key_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Gate:
    """What a twin asks of signatures.

    Raises:
        WordError: There is no such level.
    """

    level: Level = "off"
    region: str = "us-east-1"
    utc_now: Callable[[], datetime] = utc_now

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise WordError(f"sigv4: {self.level!r} is not a level", ", ".join(LEVELS))

    def check(self, request: WireRequest, service: str = SERVICE) -> Signer | None:
        """Return who signed a request to a service, None where nobody asks.

        Raises:
            SignatureRefused: It is not signed as the level wants.
        """
        if self.level == "off":
            return None
        claim = read_claim(request)
        signed_at = _moment(claim.date)
        strict = self.level == "verify"
        if strict:
            _check_time(signed_at, claim.lifetime, self.utc_now())
        if "host" not in claim.signed_headers:
            raise invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
        if claim.algorithm != ALGORITHM:
            raise incomplete(f"Unsupported AWS 'algorithm': '{claim.algorithm}' (only {ALGORITHM} for now). ")
        signer = _check_scope(claim.credential, signed_at, self.region if strict else None, service)
        if strict:
            _check_signature(claim, signed_at, signer, service)
        return signer


def _moment(date: str) -> datetime:
    """Return the time that an `X-Amz-Date` or, as HTTP writes it, a `Date` says."""
    try:
        if re.fullmatch(r"\d{8}T\d{6}Z", date):
            return datetime.strptime(date, TIMESTAMP).replace(tzinfo=UTC)
        return parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        raise incomplete(f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601") from None


def _check_time(signed_at: datetime, lifetime: timedelta, now: datetime) -> None:
    earliest, latest = now - lifetime, now + SKEW
    if signed_at < earliest:
        span = f"({_stamp(now)} - {lifetime // timedelta(minutes=1)} min.)"
        raise invalid(f"Signature expired: {_stamp(signed_at)} is now earlier than {_stamp(earliest)} {span}")
    if signed_at > latest:
        span = f"({_stamp(now)} + {SKEW // timedelta(minutes=1)} min.)"
        raise invalid(f"Signature not yet current: {_stamp(signed_at)} is still later than {_stamp(latest)} {span}")


def _check_scope(credential: str, signed_at: datetime, expected_region: str | None, expected_service: str) -> Signer:
    """Check what a key was derived for; all that is wrong is said at once."""
    pieces = credential.rstrip("/").split("/")
    if len(pieces) != 5:
        raise incomplete(f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'")
    access_key_id, date, region, service, terminator = pieces
    checks = (
        (expected_region in {None, region}, "Credential should be scoped to a valid region. "),
        (service == expected_service, f"Credential should be scoped to correct service: '{expected_service}'. "),
        (terminator == TERMINATOR, f"Credential should be scoped with a valid terminator: '{TERMINATOR}'. "),
        (date == f"{signed_at:%Y%m%d}", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."),
    )
    wrong = "".join(text for holds, text in checks if not holds)
    if wrong:
        raise invalid(wrong)
    return Signer(access_key_id, region)


def _check_signature(claim: Claim, signed_at: datetime, signer: Signer, service: str) -> None:
    if signer.access_key_id != ACCESS_KEY_ID:
        raise SignatureRefused("UnrecognizedClientException", "The security token included in the request is invalid.")
    request = claim.request
    if request.body is not None and _expected(claim, request.body, signed_at, signer, service) != claim.signature:
        raise invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details."
        )
    if claim.token is not None:  # with a long-term key, as the dummy one, no session token is valid
        raise SignatureRefused("UnrecognizedClientException", "The security token included in the request is invalid")


def _expected(claim: Claim, body: bytes, signed_at: datetime, signer: Signer, service: str) -> str:
    from mock_server.signature import Covered, signature_of

    request = claim.request
    headers = tuple((name, value) for name, value in request.headers if name in claim.signed_headers)
    covered = Covered(request.method, request.path, claim.query, headers, body, _stamp(signed_at))
    return signature_of(covered, service=service, region=signer.region, access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY)


def _stamp(moment: datetime) -> str:
    return f"{moment:{TIMESTAMP}}"
