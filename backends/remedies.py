"""What is missing on the way to AWS, in a sentence, with the command that mends it.

Two tables: botocore's exceptions, raised where nothing could be sent, and the service's refusals, by their codes. Sources: botocore's `exceptions.py`; the
AWS CLI's reference (the commands); IAM's guide (how a refusal names the action and the resource, and what an explicit deny is).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from backends.errors import BackendError, ConfigurationError, RequestRejected, TransportError

_SIGN_IN = "run `aws sso login{profile}`"
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
_UNKNOWN_KEY = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch"})
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})
_INVALID = frozenset({"ValidationError", "ValidationException", "ResourceNotFound"})


@dataclass(frozen=True, slots=True)
class _Remedy:
    """What mends a refusal."""

    codes: frozenset[str]
    message: re.Pattern[str]
    """What its message says; the groups stand in `words`."""
    words: str


_REMEDIES = (
    _Remedy(_EXPIRED, re.compile(""), r"The credentials are out of date: run `aws sso login`, or `aws configure` for new keys."),
    _Remedy(
        _UNKNOWN_KEY,
        re.compile(""),
        r"AWS does not know these credentials: `aws sts get-caller-identity` shows whose they are, `aws configure` takes others; "
        r"a region that is opt-in has to be enabled for the account.",
    ),
    _Remedy(
        _DENIED,
        re.compile(r"(perform: (?P<action>\S+).*explicit deny|explicit deny)", re.DOTALL),
        r"A policy denies this explicitly, and no other can allow it: whoever keeps the account's policies has to take that denial away.",
    ),
    _Remedy(
        _DENIED,
        re.compile(r"perform: (?P<action>[\w:*-]+)(?: on resource: (?P<resource>[^\s\"\\]+))?"),
        r'This policy statement allows it: {"Effect": "Allow", "Action": "\g<action>", "Resource": "\g<resource>"}',
    ),
    _Remedy(
        _INVALID,
        re.compile(r"(?i)could not find endpoint|endpoint \S+ of account \S+ not found"),
        r"`aws sagemaker list-endpoints` shows those that there are: another region (`--region`) or profile (`--profile`) may have it.",
    ),
    _Remedy(
        frozenset({"ResourceLimitExceeded"}),
        re.compile(r"service limit '(?P<quota>[^']+)'"),
        r"Another `--instance-type` may be within the account's quota; `aws service-quotas list-service-quotas --service-code sagemaker` shows the code of "
        r"this one (\g<quota>), by which `aws service-quotas request-service-quota-increase` asks for more.",
    ),
    _Remedy(
        frozenset({"ModelNotReadyException"}),
        re.compile(""),
        r"The model is still being loaded; `aws sagemaker describe-endpoint --endpoint-name NAME` says how far it is.",
    ),
)
"""The first that fits holds."""


def remedy(error: BackendError) -> str:
    """Return a sentence that says what mends `error`, empty where nothing is known that does."""
    if not isinstance(error, RequestRejected):
        return ""
    for known in _REMEDIES:
        if error.code in known.codes and (found := known.message.search(str(error))):
            return found.expand(known.words).replace('"Resource": ""', '"Resource": "*"')
    return ""


@contextmanager
def answers_in_our_words(profile: str | None, operations: Collection[str]) -> Iterator[None]:
    """Let every failure of boto3's out as a BackendError: what the service refuses, what does not come, what is missing.

    Args:
        profile: The one that was asked for, which a command has to name.
        operations: What is being asked of the service; another one's refusal is of a service that gives credentials.
    """
    from botocore import exceptions as boto

    with in_our_words(profile):
        try:
            yield
        except boto.ClientError as error:
            if error.operation_name not in operations:
                raise
            raise _refusal(error) from error
        except (boto.HTTPClientError, boto.ConnectionError) as error:
            late = isinstance(error, boto.ConnectTimeoutError | boto.ReadTimeoutError)
            raise TransportError(str(error), phase="connect", timed_out=late) from error


def _refusal(error: Any) -> RequestRejected:
    told, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    message = told.get("Message") or str(error)
    return RequestRejected(message, status=about.get("HTTPStatusCode", 0), code=told.get("Code", ""), request_id=about.get("RequestId"))


@contextmanager
def in_our_words(profile: str | None) -> Iterator[None]:
    """Let boto3's own exceptions out as ConfigurationError, whose text says what is missing and which command mends it.

    Args:
        profile: The one that was asked for, which a command has to name.
    """
    from botocore import exceptions as boto

    of_profile = f" --profile {profile}" if profile else ""
    sign_in = _SIGN_IN.format(profile=of_profile)
    advice: dict[type[Exception], str] = {
        boto.NoRegionError: "no AWS region: set AWS_DEFAULT_REGION (or AWS_REGION), pass region=, "
        f"or put one into the profile by `aws configure set region us-east-1{of_profile}`",
        boto.ProfileNotFound: "no such AWS profile: `aws configure list-profiles` shows those that exist",
        boto.NoCredentialsError: "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
        f"or run `aws configure{of_profile}` or `aws sso login{of_profile}`",
        boto.PartialCredentialsError: f"the AWS credentials are incomplete: run `aws configure{of_profile}`",
        boto.UnauthorizedSSOTokenError: f"the SSO session is over: {sign_in}",
        boto.SSOError: f"SSO gives no credentials: {sign_in}",
        boto.TokenRetrievalError: f"SSO gives no credentials: {sign_in}",
        **{getattr(boto, name): f"the sign-in is over: run `aws login{of_profile}`" for name in ("LoginError",) if hasattr(boto, name)},  # since 1.41
        boto.CredentialRetrievalError: "the source of the AWS credentials failed",
        boto.ParamValidationError: "the request is not one that SageMaker takes",
        boto.ClientError: "AWS refused to give credentials",
        boto.BotoCoreError: "the AWS configuration cannot be used",
        OSError: "the AWS configuration names a program or a file that cannot be used",
        ValueError: "the AWS configuration cannot be used",
    }
    try:
        yield
    except tuple(advice) as error:
        words = next(words for kind, words in advice.items() if isinstance(error, kind))
        raise ConfigurationError(f"{words} ({error})") from error
