"""What this tool has made, found by tag and by name, after a crash too; and what there is of one endpoint, as the calls that delete it.

Sources: botocore's service models of resourcegroupstaggingapi (GetResources, which may lag behind), sagemaker and s3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from backends.deploy.aws import Caller, pages
from backends.deploy.names import POLICY, PREFIX, ROLE, TAG, bucket_for
from backends.deploy.place import WHO, exists, look_for_bucket, look_for_role
from backends.deploy.plan import Call
from backends.deploy.plans import look_for
from backends.deploy.running import is_not_there
from backends.errors import RequestRejected

KINDS = ("endpoint", "endpoint-config", "model")
BY_TAG = Call("resourcegroupstaggingapi", "GetResources", {"TagFilters": [{"Key": TAG}], "ResourceTypeFilters": [f"sagemaker:{kind}" for kind in KINDS]})
_ARN = re.compile(r"arn:[^:]+:sagemaker:[^:]+:\d+:(?P<kind>endpoint|endpoint-config|model)/(?P<name>[^/]+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """How the resources of one kind are listed by name."""

    kind: str
    call: Call
    members: str
    name: str


LISTINGS = tuple(
    Listing(kind, Call("sagemaker", f"List{word}s", {"NameContains": PREFIX}), f"{word}s", f"{word}Name")
    for kind, word in zip(KINDS, ("Endpoint", "EndpointConfig", "Model"), strict=True)
)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of one endpoint."""

    name: str
    status: str = ""
    """SageMaker's word; empty: there is no endpoint of that name."""
    created: datetime | None = None
    """When the oldest part was made."""
    kinds: tuple[str, ...] = ()
    """Which parts there are: `endpoint`, `endpoint-config`, `model`, `archive`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """What the tags say besides the name: `command`, `instances`."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What serves every endpoint, and costs next to nothing."""

    role: str | None
    bucket: str | None
    keys: tuple[str, ...] = ()
    """What is in the bucket."""


def full_name(aws: Caller, given: str) -> str:
    """Return the name of the endpoint that a person means: as given where there is such a one, else with our prefix where there is that one.

    Where there is neither, or nobody may say, it is the name as given: what is asked next tells it. Raises BackendError without a connection.
    """
    if given.startswith(PREFIX):
        return given
    return next((name for name in (given, PREFIX + given) if is_there(aws, name)), given)


def is_there(aws: Caller, name: str) -> bool | None:
    """Return whether there is an endpoint of a name; None: AWS refuses to say."""
    try:
        return _looked_at(aws, look_for(name)[0]) is not None
    except RequestRejected:
        return None


def find_ours(aws: Caller) -> tuple[Found, ...]:
    """Return what this tool has made, the newest first; raises BackendError."""
    found: dict[str, Found] = {}
    for listing in LISTINGS:
        for each in pages(aws, listing.call, listing.members):
            if str(each[listing.name]).startswith(PREFIX):
                _add(found, each[listing.name], listing.kind, each["CreationTime"], each.get("EndpointStatus", ""))
    for resource in pages(aws, BY_TAG, "ResourceTagMappingList"):
        if match := _ARN.fullmatch(resource["ResourceARN"]):
            told = {each["Key"].removeprefix("streamtwin:"): each["Value"] for each in resource["Tags"]}
            _add_tagged(aws, found, match["kind"], match["name"], told)
    return tuple(sorted(found.values(), key=lambda each: each.created.timestamp() if each.created else 0.0, reverse=True))


def _add(found: dict[str, Found], name: str, kind: str, created: datetime, status: str) -> None:
    known = found.get(name, Found(name))
    oldest = min(filter(None, (known.created, created)))
    found[name] = replace(known, status=known.status or status, created=oldest, kinds=(*known.kinds, kind))


def _add_tagged(aws: Caller, found: dict[str, Found], kind: str, name: str, tags: Mapping[str, str]) -> None:
    """Add a resource that carries the tag; one that the listing by name does not have is looked at, as the search lags behind."""
    if name not in found or kind not in found[name].kinds:
        told = _looked_at(aws, look_for(name)[KINDS.index(kind)])
        if told is None:
            return
        _add(found, name, kind, told["CreationTime"], told.get("EndpointStatus", ""))
    found[name] = replace(found[name], tags={**found[name].tags, **tags})


def find_shared(aws: Caller) -> Shared:
    """Return the role and the bucket, as far as they are there; raises BackendError."""
    return replace(find_bucket(aws), role=ROLE if exists(aws, look_for_role(ROLE)) else None)


def find_bucket(aws: Caller, prefix: str = "") -> Shared:
    """Return the bucket with what is in it below `prefix`, and no role; raises BackendError."""
    account = aws.call(WHO)["Account"]
    bucket = bucket_for(account, aws.region)
    if not exists(aws, look_for_bucket(bucket, account)):
        return Shared(None, None)
    return Shared(None, bucket, tuple(str(each["Key"]) for each in pages(aws, list_objects(bucket, prefix), "Contents")))


def with_archives(found: tuple[Found, ...], shared: Shared) -> tuple[Found, ...]:
    """Return what was found with the archives in the bucket; one whose endpoint never came to be is a row of its own."""
    names = dict.fromkeys(key.partition("/")[0] for key in shared.keys)
    rows = {each.name: each for each in found}
    for name in names:
        known = rows.get(name, Found(name))
        rows[name] = replace(known, kinds=(*known.kinds, "archive"))
    return tuple(rows.values())


def list_objects(bucket: str, prefix: str = "") -> Call:
    """Return the call that lists what is in a bucket."""
    return Call("s3", "ListObjectsV2", {"Bucket": bucket, "Prefix": prefix})


def deletes_of(aws: Caller, name: str, shared: Shared | None = None) -> tuple[Call, ...]:
    """Return the calls that delete what there is of an endpoint: itself, its configuration, its models, its archive; none where there is nothing.

    Args:
        aws: Whom to ask.
        name: The endpoint's.
        shared: What is in the bucket; None: it is asked.

    Raises:
        BackendError: It cannot be found out.
    """
    calls: list[Call] = []
    endpoint = _looked_at(aws, look_for(name)[0])
    if endpoint:
        calls.append(Call("sagemaker", "DeleteEndpoint", {"EndpointName": name}))
    config_name = endpoint["EndpointConfigName"] if endpoint else name
    config = _looked_at(aws, look_for(config_name)[1])
    if config:
        calls.append(Call("sagemaker", "DeleteEndpointConfig", {"EndpointConfigName": config_name}))
    models = dict.fromkeys((*_models(config), name))
    calls += [Call("sagemaker", "DeleteModel", {"ModelName": model}) for model in models if _looked_at(aws, look_for(model)[2])]
    if name.startswith(PREFIX):
        calls += _archives(shared or find_bucket(aws, f"{name}/"), name)
    return tuple(calls)


def deletes_of_shared(shared: Shared) -> tuple[Call, ...]:
    """Return the calls that delete the bucket with what is in it, and the role."""
    objects = tuple(Call("s3", "DeleteObject", {"Bucket": shared.bucket, "Key": key}) for key in shared.keys)
    bucket = (Call("s3", "DeleteBucket", {"Bucket": shared.bucket}),) if shared.bucket else ()
    role = (Call("iam", "DeleteRolePolicy", {"RoleName": ROLE, "PolicyName": POLICY}), Call("iam", "DeleteRole", {"RoleName": ROLE})) if shared.role else ()
    return (*objects, *bucket, *role)


def _models(config: Mapping[str, Any] | None) -> Iterator[str]:
    for variant in (config or {}).get("ProductionVariants", ()):
        if variant.get("ModelName"):
            yield variant["ModelName"]


def _archives(shared: Shared, name: str) -> Iterator[Call]:
    return (Call("s3", "DeleteObject", {"Bucket": shared.bucket, "Key": key}) for key in shared.keys if key.startswith(f"{name}/"))


def _looked_at(aws: Caller, look: Call) -> Mapping[str, Any] | None:
    """Return what a resource is described by; None: it is not there."""
    try:
        return aws.call(look)
    except RequestRejected as refusal:
        if is_not_there(refusal):
            return None
        raise
