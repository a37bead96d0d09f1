"""Where an endpoint is to be: the account, its region, the role that it takes on, the bucket for its archive.

Sources: STS's and IAM's service models; SageMaker's guide (permissions of an execution role for CreateModel); Studio's file of what it runs in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from backends.deploy.aws import Caller
from backends.deploy.names import POLICY, ROLE, SHARED, bucket_for, tags
from backends.deploy.plan import Call
from backends.errors import ConfigurationError, RequestRejected

POLICIES = Path(__file__).with_name("policies")
STUDIO = Path("/opt/ml/metadata/resource-metadata.json")
"""What SageMaker Studio and notebooks say of themselves."""
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
WHO = Call("sts", "GetCallerIdentity")
UNKNOWN = "ACCOUNT"
"""What stands for the account where there are no credentials."""
_ABSENT = frozenset({"NoSuchEntity", "404", "NoSuchBucket"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account and region as they are found."""

    account: str
    region: str
    partition: str = "aws"
    role: str | None = None
    """The execution role's ARN; None: one has to be created."""
    has_bucket: bool = True

    @property
    def bucket(self) -> str:
        """The bucket for archives."""
        return bucket_for(self.account, self.region)

    @property
    def role_arn(self) -> str:
        """The execution role that endpoints take on, there already or not."""
        return self.role or f"arn:{self.partition}:iam::{self.account}:role/{ROLE}"


def look_for_role(role: str) -> Call:
    """Return the call that asks whether a role exists."""
    return Call("iam", "GetRole", {"RoleName": role.rpartition("/")[2]})


def look_for_bucket(bucket: str, account: str) -> Call:
    """Return the call that asks whether a bucket exists, and is the account's."""
    return Call("s3", "HeadBucket", {"Bucket": bucket, "ExpectedBucketOwner": account})


def find_place(aws: Caller, *, role: str | None, needs_bucket: bool, studio: Path = STUDIO) -> Place:
    """Return the place as it is.

    Args:
        aws: Whom to ask.
        role: A role's ARN or name; None for Studio's, or our own.
        needs_bucket: Whether an archive is to be uploaded.
        studio: Where Studio says which role it has.

    Raises:
        BackendError: It cannot be found out.
    """
    told = aws.call(WHO)
    place = Place(account=told["Account"], region=aws.region, partition=str(told["Arn"]).split(":")[1])
    found = role if role and role.startswith("arn:") else _named_role(aws, role) if role else studio_role(studio) or _own_role(aws)
    has_bucket = not needs_bucket or exists(aws, look_for_bucket(place.bucket, place.account))
    return Place(account=place.account, region=place.region, partition=place.partition, role=found, has_bucket=has_bucket)


def placeholder(region: str, role: str | None) -> Place:
    """Return a place to show a plan with where nobody says which account it is: nothing is there yet."""
    named = f"arn:aws:iam::{UNKNOWN}:role/{role}" if role and not role.startswith("arn:") else role
    return Place(account=UNKNOWN, region=region, role=named, has_bucket=False)


def studio_role(file: Path) -> str | None:
    """Return the execution role of the Studio space or notebook that this runs in, None outside of one."""
    try:
        return cast("str | None", json.loads(file.read_bytes()).get("ExecutionRoleArn"))
    except (OSError, ValueError):
        return None


def exists(aws: Caller, look: Call) -> bool:
    """Return whether what a call looks for is there; raises BackendError where nobody says."""
    try:
        aws.call(look)
    except RequestRejected as refusal:
        if refusal.code in _ABSENT:
            return False
        if look.operation == "HeadBucket":  # its refusals have no words
            raise ConfigurationError(
                f"the bucket {look.parameters['Bucket']} cannot be used ({refusal}): it is somebody else's, or s3:ListBucket is not allowed"
            ) from refusal
        raise
    return True


def _named_role(aws: Caller, name: str) -> str:
    try:
        return str(aws.call(look_for_role(name))["Role"]["Arn"])
    except RequestRejected as refusal:
        if refusal.code not in _ABSENT:
            raise
        raise ConfigurationError(f"--role is {name!r}, and the account has no such role: `aws iam list-roles` shows those that it has") from refusal


def _own_role(aws: Caller) -> str | None:
    try:
        return str(aws.call(look_for_role(ROLE))["Role"]["Arn"])
    except RequestRejected as refusal:
        if refusal.code in _ABSENT:
            return None
        raise


@cache
def policy(name: str) -> Mapping[str, Any]:
    """Return one of our policies: `deploy`, `chat` or `role`."""
    return dict(json.loads((POLICIES / f"{name}.json").read_text(encoding="utf-8")))


def make_role(place: Place) -> tuple[Call, ...]:
    """Return the calls that create the execution role where there is none."""
    if place.role:
        return ()
    rights = json.dumps(policy("role")).replace("arn:aws:", f"arn:{place.partition}:")
    about = "What the endpoints of streamtwin take on: their image, archive, logs and metrics"
    return (
        Call("iam", "CreateRole", {"RoleName": ROLE, "AssumeRolePolicyDocument": json.dumps(TRUST), "Description": about, "Tags": tags(SHARED)}),
        Call("iam", "PutRolePolicy", {"RoleName": ROLE, "PolicyName": POLICY, "PolicyDocument": rights}),
    )


def make_bucket(place: Place) -> tuple[Call, ...]:
    """Return the calls that create the bucket where there is none."""
    if place.has_bucket:
        return ()
    where = {} if place.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
    owner = {"ExpectedBucketOwner": place.account}
    return (
        Call("s3", "CreateBucket", {"Bucket": place.bucket, **where}),
        Call("s3", "PutBucketTagging", {"Bucket": place.bucket, "Tagging": {"TagSet": tags(SHARED)}, **owner}),
    )
