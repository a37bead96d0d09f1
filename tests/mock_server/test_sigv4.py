"""Signatures as the twin checks them: AWS's published ones, requests that botocore signed, and what is wrong with all others."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from mock_server.claim import SignatureRefused, WireRequest
from mock_server.signature import Covered, signature_of
from mock_server.sigv4 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Gate, Level, Signer

PATH = "/endpoints/my-endpoint/invocations-response-stream"
HOST = ("host", "example.amazonaws.com")
DATE = ("x-amz-date", "20150830T123600Z")
FORM = ("content-type", "application/x-www-form-urlencoded")
INCOMPLETE, INVALID, UNKNOWN = "IncompleteSignatureException", "InvalidSignatureException", "UnrecognizedClientException"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid"
BODY = b'{"inputs": "hello"}'
LONG_AGO = timedelta(hours=3)


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        ("GET", "/", (), (HOST, DATE), b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", (), (HOST, DATE), b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/",
            (("Param2", "value2"), ("Param1", "value1")),
            (HOST, DATE),
            b"",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "/",
            (),
            (HOST, ("my-header1", " value1"), ("my-header2", ' "a   b   c"'), DATE),
            b"",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "GET",
            "/",
            (),
            (HOST, ("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1"), DATE),
            b"",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        ("GET", "//example//", (), (HOST, DATE), b"", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ("POST", "/", (), (FORM, HOST, DATE), b"Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ],
    ids=["get-vanilla", "post-vanilla", "query-order", "header-trim", "header-duplicate", "slashes", "form"],
)
def test_a_signature_is_the_one_that_aws_published(
    method: str, path: str, query: tuple[tuple[str, str], ...], headers: tuple[tuple[str, str], ...], body: bytes, signature: str
) -> None:
    covered = Covered(method, path, query, headers, body, DATE[1])
    keys = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    assert signature_of(covered, service="service", region="us-east-1", **keys) == signature


Change = Callable[[WireRequest], WireRequest]


def as_sent(request: AWSRequest, body: bytes = b"") -> WireRequest:
    url = urlsplit(str(request.url))
    headers = {"host": "twin", **{name.lower(): value for name, value in request.headers.items()}}
    return WireRequest("POST", str(url.path), str(url.query), tuple(headers.items()), body)


def signed(path: str = PATH, *, service: str = "sagemaker", region: str = "us-east-1", token: str | None = None, **headers: str) -> WireRequest:
    """Return a request as botocore signs it, now."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("POST", f"http://twin{path}", headers={"Content-Type": "application/json", **given}, data=BODY)
    SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY, token), service, region).add_auth(request)
    return as_sent(request, BODY)


def presigned(expires_s: int = 60) -> WireRequest:
    request = AWSRequest("POST", f"http://twin{PATH}?a=b%20c", headers={"Host": "twin"})
    SigV4QueryAuth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), "sagemaker", "us-east-1", expires=expires_s).add_auth(request)
    return as_sent(request)


def with_bearer(request: WireRequest, token: str) -> WireRequest:
    return replace(request, headers=(("host", "twin"), ("authorization", f"Bearer {token}")))


def signed_with_user_agent() -> WireRequest:
    agent, date = ("user-agent", "curl/8.0"), f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    covered = Covered("POST", PATH, (), (("host", "twin"), agent, ("x-amz-date", date)), BODY, date)
    signature = signature_of(covered, service="sagemaker", region="us-east-1", access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY)
    scope = f"{ACCESS_KEY_ID}/{date[:8]}/us-east-1/sagemaker/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders=host;user-agent;x-amz-date,Signature={signature}"
    return WireRequest("POST", PATH, "", (*covered.headers, ("authorization", authorization)), BODY)


def in_bearer_token() -> WireRequest:
    """Return a request with a token as sagemaker-core 2.27 makes it."""
    request = AWSRequest("POST", "https://sagemaker.amazonaws.com/", headers={"host": "sagemaker.amazonaws.com"}, params={"Action": "CallWithBearerToken"})
    SigV4QueryAuth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), "sagemaker", "us-east-1", expires=43200).add_auth(request)
    url = str(request.url).removeprefix("https://") + "&Version=1"
    return with_bearer(signed(), "sagemaker-api-key-" + base64.b64encode(url.encode()).decode())


def header(name: str, value: str | None) -> Change:
    """Set a header, or take it away."""

    def change(request: WireRequest) -> WireRequest:
        others = tuple(pair for pair in request.headers if pair[0] != name)
        return replace(request, headers=others if value is None else (*others, (name, value)))

    return change


def said(old: str, new: str) -> Change:
    """Write something else into the Authorization header."""

    def change(request: WireRequest) -> WireRequest:
        authorization = request.header("authorization") or ""
        assert old in authorization
        return header("authorization", authorization.replace(old, new))(request)

    return change


def in_query(old: str, new: str) -> Change:
    def change(_: WireRequest) -> WireRequest:
        request = presigned()
        assert old in request.query
        return replace(request, query=request.query.replace(old, new))

    return change


def refusal(request: WireRequest, level: Level, later: timedelta = timedelta()) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as refused:
        Gate(level, utc_now=lambda: datetime.now(UTC) + later).check(request)
    return refused.value


ACCEPTED: dict[str, Callable[[], WireRequest]] = {
    "signed": signed,
    "presigned": presigned,
    "bearer token": in_bearer_token,
    "escapes in the path": lambda: signed("/endpoints/my%30%20endpoint/invocations"),
    "dots and slashes in the path": lambda: signed("//endpoints/./x/../my-endpoint/invocations"),
    "query": lambda: signed(f"{PATH}?b=2&a=1&c="),
    "spaces in a header": lambda: signed(x_amzn_sagemaker_custom_attributes="  a   b  "),
    "body hash in a header": lambda: signed(x_amz_content_sha256=sha256(BODY).hexdigest()),
    "a header more that nobody signed": lambda: header("x-more", "1")(signed()),
    "a header that botocore leaves out": signed_with_user_agent,
    "date as HTTP writes it": lambda: signed(Date="any"),
}


@pytest.mark.parametrize("level", ["shape", "verify"])
@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_a_right_signature_tells_who_signed(case: Callable[[], WireRequest], level: Level) -> None:
    assert Gate(level).check(case()) == Signer(ACCESS_KEY_ID, "us-east-1")


def hashed(authorization: str) -> str:
    return base64.b64encode(sha256(authorization.encode()).digest()).decode()


NO_PARTS = "".join(f"Authorization header requires '{name}' parameter. " for name in ("Credential", "Signature", "SignedHeaders"))
NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
NO_MEMBERS = "".join(f"AWS query-string parameters must include 'X-Amz-{name}'. " for name in ("Algorithm", "Credential", "Signature", "SignedHeaders", "Date"))
NO_PAIR = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{}'."

MALFORMED: dict[str, tuple[Change, str, str]] = {
    "none": (header("authorization", None), "MissingAuthenticationTokenException", "Missing Authentication Token"),
    "one word": (
        header("authorization", "garbage"),
        INCOMPLETE,
        f"{NO_PARTS}(Hashed with SHA-256 and encoded with Base64) Authorization={hashed('garbage')}",
    ),
    "no word": (header("authorization", ""), INCOMPLETE, f"{NO_PARTS}(Hashed with SHA-256 and encoded with Base64) Authorization={hashed('')}"),
    "two words": (header("authorization", "Basic YTpi"), INCOMPLETE, NO_PAIR.format(hashed("Basic YTpi"))),
    "another's bearer token": (header("authorization", "Bearer abc"), INCOMPLETE, NO_PAIR.format(hashed("Bearer abc"))),
    "a bearer token of no base64": (
        header("authorization", "Bearer sagemaker-api-key-!"),
        INCOMPLETE,
        NO_PAIR.format(hashed("Bearer sagemaker-api-key-!")),
    ),
    "a bearer token of no query": (
        lambda request: with_bearer(request, "sagemaker-api-key-" + base64.b64encode(b"abc").decode()),
        INCOMPLETE,
        f"{NO_MEMBERS}Re-examine the query-string parameters.",
    ),
    "both ways": (
        lambda _: header("authorization", "x")(presigned()),
        INVALID,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    ),
    "no date in the query": (
        in_query("X-Amz-Date=", "Date="),
        INCOMPLETE,
        "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
    ),
    "a lifetime of no number": (in_query("Expires=60", "Expires=x"), INCOMPLETE, "X-Amz-Expires should be a number of seconds up to 604800"),
    "a lifetime over a week": (in_query("Expires=60", "Expires=604801"), INCOMPLETE, "X-Amz-Expires should be a number of seconds up to 604800"),
    "a date of no month": (
        header("x-amz-date", "20261321T000000Z"),
        INCOMPLETE,
        "Date must be in ISO-8601 'basic format'. Got '20261321T000000Z'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    "a date after all dates": (
        header("x-amz-date", "Fri, 31 Dec 9999 23:59:59 -2359"),
        INCOMPLETE,
        "Date must be in ISO-8601 'basic format'. Got 'Fri, 31 Dec 9999 23:59:59 -2359'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    "a date of no form": (
        header("x-amz-date", "now"),
        INCOMPLETE,
        "Date must be in ISO-8601 'basic format'. Got 'now'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    "host not signed": (said("host;", ""), INVALID, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
    "another algorithm": (
        said("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA25"),
        INCOMPLETE,
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ",
    ),
    "a short credential": (
        header("authorization", "AWS4-HMAC-SHA256 Credential=AKID/today, SignedHeaders=host, Signature=0"),
        INCOMPLETE,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID/today'",
    ),
    "another service": (said("/sagemaker/", "/runtime.sagemaker/"), INVALID, "Credential should be scoped to correct service: 'sagemaker'. "),
    "another end": (said("/aws4_request", "/aws4"), INVALID, "Credential should be scoped with a valid terminator: 'aws4_request'. "),
    "another day": (
        said(f"{ACCESS_KEY_ID}/", f"{ACCESS_KEY_ID}/1"),
        INVALID,
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
    ),
}


@pytest.mark.parametrize("level", ["shape", "verify"])
@pytest.mark.parametrize(("change", "code", "message"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_refused_at_either_level(change: Change, code: str, message: str, level: Level) -> None:
    refused = refusal(change(signed()), level)
    assert (refused.code, refused.message) == (code, message)


def test_a_header_without_a_date_is_refused() -> None:
    request = header("x-amz-date", None)(signed())
    authorization = request.header("authorization")
    assert authorization is not None
    assert refusal(request, "shape").message == f"{NO_DATE}(Hashed with SHA-256 and encoded with Base64) Authorization={hashed(authorization)}"


@pytest.mark.parametrize("change", [change for change, _, _ in MALFORMED.values()], ids=MALFORMED)
def test_nothing_is_asked_where_the_level_is_off(change: Change) -> None:
    assert Gate().check(change(signed())) is None


WRONG: dict[str, tuple[Callable[[], WireRequest], str, str]] = {
    "signature of no letters": (lambda: said("Signature=", "Signature=\xe9")(signed()), INVALID, MISMATCH),
    "secret": (lambda: said("Signature=", "Signature=0")(signed()), INVALID, MISMATCH),
    "key": (lambda: said(ACCESS_KEY_ID, "AKIDNOBODY")(signed()), UNKNOWN, f"{INVALID_TOKEN}."),
    "region": (lambda: signed(region="eu-west-3"), INVALID, "Credential should be scoped to a valid region. "),
    "region and service": (
        lambda: signed(region="eu-west-3", service="s3"),
        INVALID,
        "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'sagemaker'. ",
    ),
    "path": (lambda: replace(signed(), path=PATH.replace("my", "your")), INVALID, MISMATCH),
    "path unescaped on the way": (lambda: replace(signed("/endpoints/my%30/invocations"), path="/endpoints/my0/invocations"), INVALID, MISMATCH),
    "query": (lambda: replace(signed(f"{PATH}?a=1"), query="a=2"), INVALID, MISMATCH),
    "body": (lambda: replace(signed(), body=b"{}"), INVALID, MISMATCH),
    "body under a hash of another": (lambda: signed(x_amz_content_sha256=sha256(b"{}").hexdigest()), INVALID, MISMATCH),
    "body not hashed": (lambda: signed(x_amz_content_sha256="UNSIGNED-PAYLOAD"), INVALID, MISMATCH),
    "signed header": (lambda: header("content-type", "text/plain")(signed()), INVALID, MISMATCH),
    "signed header gone": (lambda: header("content-type", None)(signed()), INVALID, MISMATCH),
    "lifetime": (lambda: in_query("Expires=60", "Expires=600")(signed()), INVALID, MISMATCH),
    "session token": (lambda: signed(token="session"), UNKNOWN, INVALID_TOKEN),
}


@pytest.mark.parametrize(("request_of", "code", "message"), WRONG.values(), ids=WRONG)
def test_what_is_not_the_dummy_keys_signature_is_refused_only_where_it_is_verified(request_of: Callable[[], WireRequest], code: str, message: str) -> None:
    refused = refusal(request_of(), "verify")
    assert (refused.code, refused.message) == (code, message)


@pytest.mark.parametrize("case", ["secret", "key", "region", "body", "session token"])
def test_a_wrong_signature_of_the_right_shape_passes_where_only_that_is_asked(case: str) -> None:
    assert Gate("shape", utc_now=lambda: datetime.now(UTC) + LONG_AGO).check(WRONG[case][0]()) is not None


@pytest.mark.parametrize("case", [signed, presigned, in_bearer_token])
@pytest.mark.parametrize("seconds", [-299, 55])
def test_a_clock_may_be_off_by_five_minutes_and_a_presigned_request_may_live(case: Callable[[], WireRequest], seconds: int) -> None:
    assert Gate("verify", utc_now=lambda: datetime.now(UTC) + timedelta(seconds=seconds)).check(case())


def test_a_bearer_token_lives_for_twelve_hours() -> None:
    assert Gate("verify", utc_now=lambda: datetime.now(UTC) + timedelta(hours=11)).check(in_bearer_token())
    assert refusal(in_bearer_token(), "verify", timedelta(hours=13)).message.startswith("Signature expired: ")


def test_the_time_of_an_expired_and_of_a_coming_signature_is_said_as_the_service_says_it() -> None:
    request = header("x-amz-date", "20180707T233021Z")(signed())
    gate = Gate("verify", utc_now=lambda: datetime(2018, 7, 10, 7, 17, 14, tzinfo=UTC))
    with pytest.raises(SignatureRefused) as expired:
        gate.check(request)
    assert expired.value.message == "Signature expired: 20180707T233021Z is now earlier than 20180710T071214Z (20180710T071714Z - 5 min.)"
    request = header("x-amz-date", "20181017T093750Z")(signed())
    gate = Gate("verify", utc_now=lambda: datetime(2018, 10, 17, 9, 31, 39, tzinfo=UTC))
    with pytest.raises(SignatureRefused) as coming:
        gate.check(request)
    assert coming.value.message == "Signature not yet current: 20181017T093750Z is still later than 20181017T093639Z (20181017T093139Z + 5 min.)"


def test_a_region_of_the_twins_own_is_asked_for() -> None:
    assert Gate("verify", region="eu-west-3").check(signed(region="eu-west-3")) == Signer(ACCESS_KEY_ID, "eu-west-3")


def test_of_a_body_that_was_not_kept_all_but_the_signature_is_checked() -> None:
    assert Gate("verify").check(replace(signed(), body=None)) is not None
    assert refusal(replace(signed(region="eu-west-3"), body=None), "verify").code == INVALID


@given(
    authorization=st.none()
    | st.text(st.characters(max_codepoint=255))
    | st.text(st.characters(max_codepoint=255)).map("AWS4-HMAC-SHA256 Credential={0}".format),
    query=st.text(st.characters(max_codepoint=127)) | st.text(st.characters(max_codepoint=127)).map("X-Amz-Algorithm=a&{0}".format),
    date=st.text(st.characters(max_codepoint=255)),
)
def test_whatever_is_not_signed_is_refused(authorization: str | None, query: str, date: str) -> None:
    headers = (("x-amz-date", date), *((("authorization", authorization),) if authorization is not None else ()))
    assert refusal(WireRequest("POST", PATH, query, headers, BODY), "verify").message
