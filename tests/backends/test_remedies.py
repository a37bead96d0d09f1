"""What mends a refusal of AWS's, by its code and its message."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto

from backends.errors import ConfigurationError, RequestRejected, TransportError
from backends.remedies import in_our_words, remedy

WHO = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: sagemaker:InvokeEndpoint"
WHERE = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"

REMEDIES = [
    ("ExpiredTokenException", "The security token included in the request is expired", "`aws sso login`"),
    ("UnrecognizedClientException", "The security token included in the request is invalid.", "`aws sts get-caller-identity`"),
    (
        "AccessDeniedException",
        f"{WHO} on resource: {WHERE} because no identity-based policy allows the sagemaker:InvokeEndpoint action",
        f'{{"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": "{WHERE}"}}',
    ),
    ("AccessDenied", WHO, '"Action": "sagemaker:InvokeEndpoint", "Resource": "*"}'),
    ("AccessDeniedException", f"{WHO} on resource: {WHERE} with an explicit deny in a service control policy", "take that denial away"),
    ("ValidationException", f'Could not find endpoint "{WHERE}".', "`aws sagemaker list-endpoints`"),
    ("ValidationError", "Endpoint e of account 123456789012 not found.", "`aws sagemaker list-endpoints`"),
    (
        "ResourceLimitExceeded",
        "The account-level service limit 'ml.p5.48xlarge for endpoint usage' is 0 Instances, with current utilization of 0 Instances.",
        "(ml.p5.48xlarge for endpoint usage)",
    ),
    ("ModelNotReadyException", "not yet", "`aws sagemaker describe-endpoint"),
]


@pytest.mark.parametrize(("code", "message", "words"), REMEDIES)
def test_a_refusal_says_what_mends_it(code: str, message: str, words: str) -> None:
    assert words in remedy(RequestRejected(message, status=400, code=code))


@pytest.mark.parametrize(
    "error",
    [
        RequestRejected("the request is not valid", status=400, code="ValidationError"),
        RequestRejected("no", status=403, code="AccessDeniedException"),
        RequestRejected("it broke", status=500, code="InternalFailure"),
        TransportError("gone", phase="connect"),
    ],
)
def test_where_nothing_is_known_that_mends_it_nothing_is_said(error: RequestRejected | TransportError) -> None:
    assert remedy(error) == ""


def test_a_sign_in_that_is_over_names_its_command() -> None:
    with pytest.raises(ConfigurationError, match="`aws login --profile work`"), in_our_words("work"):
        raise boto.LoginRefreshRequired
