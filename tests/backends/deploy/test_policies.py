"""The policies, held against the plans: every call that is planned is allowed, and nothing is allowed that no plan needs.

Which action a call needs on what: the Service Authorization Reference of SageMaker, S3, IAM, STS, CloudWatch Logs, Secrets Manager and tagging.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from backends.deploy.finding import BY_TAG, LISTINGS, Shared, deletes_of_shared, list_objects
from backends.deploy.logs import filter_events
from backends.deploy.names import ROLE
from backends.deploy.place import TRUST, WHO, look_for_bucket, look_for_role, policy
from backends.deploy.plan import Call, Secret, undo
from backends.deploy.plans import ask, look_for, plan_jumpstart, plan_lmi, plan_tgi, question_for
from backends.endpoints import UNKNOWN
from tests.backends.deploy.test_plans import ACCOUNT, FALCON, LMI, NAME, PLACE, TGI, WISH

SAGEMAKER = f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:"
ENDPOINT, CONFIG, MODEL = f"{SAGEMAKER}endpoint/{{EndpointName}}", f"{SAGEMAKER}endpoint-config/{{EndpointConfigName}}", f"{SAGEMAKER}model/{{ModelName}}"
BUCKET, OBJECT = "arn:aws:s3:::{Bucket}", "arn:aws:s3:::{Bucket}/{Key}"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{{RoleName}}"
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}


@dataclass(frozen=True)
class Need:
    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


NEEDS: Mapping[str, Sequence[Need]] = {
    "GetCallerIdentity": [Need("sts:GetCallerIdentity")],
    "GetRole": [Need("iam:GetRole", ROLE_ARN)],
    "CreateRole": [Need("iam:CreateRole", ROLE_ARN), Need("iam:TagRole", ROLE_ARN)],
    "PutRolePolicy": [Need("iam:PutRolePolicy", ROLE_ARN)],
    "DeleteRolePolicy": [Need("iam:DeleteRolePolicy", ROLE_ARN)],
    "DeleteRole": [Need("iam:DeleteRole", ROLE_ARN)],
    "HeadBucket": [Need("s3:ListBucket", BUCKET)],
    "ListObjectsV2": [Need("s3:ListBucket", BUCKET)],
    "CreateBucket": [Need("s3:CreateBucket", BUCKET)],
    "PutBucketTagging": [Need("s3:PutBucketTagging", BUCKET)],
    "DeleteBucket": [Need("s3:DeleteBucket", BUCKET)],
    "GetObject": [Need("s3:GetObject", OBJECT)],
    "PutObject": [Need("s3:PutObject", OBJECT)],
    "DeleteObject": [Need("s3:DeleteObject", OBJECT)],
    "GetSecretValue": [Need("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-west-2:{ACCOUNT}:secret:{{SecretId}}-a1B2c3")],
    "CreateModel": [Need("sagemaker:CreateModel", MODEL), Need("sagemaker:AddTags", MODEL), Need("iam:PassRole", "{ExecutionRoleArn}", TO_SAGEMAKER)],
    "CreateEndpointConfig": [Need("sagemaker:CreateEndpointConfig", CONFIG), Need("sagemaker:AddTags", CONFIG)],
    "CreateEndpoint": [Need("sagemaker:CreateEndpoint", ENDPOINT), Need("sagemaker:CreateEndpoint", CONFIG), Need("sagemaker:AddTags", ENDPOINT)],
    "DescribeModel": [Need("sagemaker:DescribeModel", MODEL)],
    "DescribeEndpointConfig": [Need("sagemaker:DescribeEndpointConfig", CONFIG)],
    "DescribeEndpoint": [Need("sagemaker:DescribeEndpoint", ENDPOINT)],
    "DeleteModel": [Need("sagemaker:DeleteModel", MODEL)],
    "DeleteEndpointConfig": [Need("sagemaker:DeleteEndpointConfig", CONFIG)],
    "DeleteEndpoint": [Need("sagemaker:DeleteEndpoint", ENDPOINT)],
    "ListEndpoints": [Need("sagemaker:ListEndpoints")],
    "ListEndpointConfigs": [Need("sagemaker:ListEndpointConfigs")],
    "ListModels": [Need("sagemaker:ListModels")],
    "GetResources": [Need("tag:GetResources")],
    "InvokeEndpoint": [Need("sagemaker:InvokeEndpoint", ENDPOINT)],
    "InvokeEndpointWithResponseStream": [Need("sagemaker:InvokeEndpointWithResponseStream", ENDPOINT)],
    "FilterLogEvents": [Need("logs:FilterLogEvents", f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:{{logGroupName}}")],
}
"""Operation -> what the caller has to be allowed."""

WANTED = replace(WISH, question="what is life", token=Secret("secret:streamtwin-hub"))
EMPTY = replace(PLACE, role=None, has_bucket=False)
STUDIO = replace(PLACE, role=f"arn:aws:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole-20260101T000000")
PLANS = [
    plan_lmi(WANTED, EMPTY, image=LMI, options={}),
    plan_tgi(WANTED, EMPTY, image=TGI, model="m"),
    plan_jumpstart(WANTED, STUDIO, model=FALCON),
]
QUESTION = question_for(NAME, UNKNOWN, "what is life")
FINDING = [*(listing.call for listing in LISTINGS), BY_TAG]
CHATTING = [*look_for(NAME), *FINDING, ask(QUESTION), ask(QUESTION, stream=False)]
PLACING = [WHO, look_for_role(ROLE), look_for_bucket(PLACE.bucket, ACCOUNT), list_objects(PLACE.bucket)]
DELETING = [*(call for plan in PLANS for call in undo(plan.creates)), *deletes_of_shared(Shared(ROLE, PLACE.bucket, (f"{NAME}/model.tar.gz",)))]
JUMPSTART = [Call("s3", "GetObject", {"Bucket": "jumpstart-cache-prod-us-west-2", "Key": "models_manifest.json"})]
DEPLOYING = [*PLACING, *JUMPSTART, *(call for plan in PLANS for call in plan.calls), *DELETING, *CHATTING, filter_events(NAME, 0)]

OF_THE_ROLE = [
    Need("ecr:GetAuthorizationToken"),
    *(
        Need(f"ecr:{action}", f"arn:aws:ecr:us-west-2:{ACCOUNT}:repository/djl-inference")
        for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    ),
    *(Need("s3:GetObject", f"arn:aws:s3:::{each}") for each in (f"{PLACE.bucket}/{NAME}/model.tar.gz", "jumpstart-cache-prod-us-west-2/falcon/x")),
    *(Need("s3:ListBucket", f"arn:aws:s3:::{each}") for each in (PLACE.bucket, "jumpstart-cache-prod-us-west-2")),
    *(
        Need(f"logs:{action}", f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{NAME}")
        for action in ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
    ),
    Need("cloudwatch:PutMetricData"),
]
"""What SageMaker does by an execution role to serve a model. Source: SageMaker's guide, the permissions of a role for CreateModel."""


def needs(calls: Sequence[Call]) -> list[Need]:
    return [replace(need, resource=need.resource.format_map(call.parameters)) for call in calls for need in NEEDS[call.operation]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def grants(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield each action with each resource that it is allowed on, and on which condition."""
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield action, resource, statement.get("Condition", {}).get("StringEquals", {})


def allows(grant: tuple[str, str, Mapping[str, Any]], need: Need) -> bool:
    action, resource, condition = grant
    return action == need.action and fnmatchcase(need.resource, resource) and condition.items() <= need.context.items()


CASES = {"deploy": needs(DEPLOYING), "chat": needs(CHATTING), "role": OF_THE_ROLE}


@pytest.mark.parametrize("name", CASES)
def test_all_that_is_planned_is_allowed(name: str) -> None:
    denied = [need for need in CASES[name] if not any(allows(grant, need) for grant in grants(policy(name)))]
    assert not denied


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_allowed_that_no_plan_needs(name: str) -> None:
    idle = [grant[:2] for grant in grants(policy(name)) if not any(allows(grant, need) for need in CASES[name])]
    assert not idle


def test_a_role_may_be_given_to_sagemaker_alone_and_sagemaker_alone_takes_it_on() -> None:
    passing = replace(next(need for need in CASES["deploy"] if need.action == "iam:PassRole"), context={"iam:PassedToService": "ec2.amazonaws.com"})
    assert not any(allows(grant, passing) for grant in grants(policy("deploy")))
    assert TRUST["Statement"] == [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]


@pytest.mark.parametrize("action", ["sagemaker:DeleteEndpoint", "sagemaker:InvokeEndpoint", "sagemaker:CreateModel"])
def test_what_others_have_made_is_not_touched(action: str) -> None:
    theirs = [Need(action, f"{SAGEMAKER}{kind}/production") for kind in ("endpoint", "model")]
    assert not any(allows(grant, need) for grant in grants(policy("deploy")) for need in theirs)


def test_a_policy_fits_into_what_iam_takes() -> None:
    """6144 characters of a managed policy, white space not counted: IAM's quotas."""
    assert max(len("".join(str(policy(name)).split())) for name in CASES) < 6144
