"""What there is, in lines for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from backends.deploy.aws import Caller
from backends.deploy.finding import Found
from backends.deploy.plan import Call
from backends.deploy.plans import look_for
from backends.deploy.prices import price
from backends.deploy.running import is_not_there
from backends.deploy.terminal import age
from backends.endpoints import recognise
from backends.errors import RequestRejected

WORDS = {"endpoint": "endpoint", "endpoint-config": "endpoint configuration", "model": "model", "archive": "archive"}


def rows(found: Sequence[Found], now: datetime, command: Callable[..., str]) -> Iterator[str]:
    """Yield a line for each endpoint, and one for what is left of each that is none any more."""
    width = max((len(each.name) for each in found), default=0)
    for each in found:
        old = age((now - each.created).total_seconds()) if each.created else "?"
        if each.status:
            yield f"{each.name:{width}}  {each.status}  {old} old  {each.tags.get('instances', '')}".rstrip()
        else:
            left = ", ".join(WORDS[kind] for kind in each.kinds)
            yield f"{each.name:{width}}  no endpoint, {old} old; left of it: {left}. To clean up: {command('delete', each.name)}"


def describe_endpoint(aws: Caller, name: str, now: datetime) -> Iterator[str]:
    """Yield what a person wants to know of an endpoint; of a container's environment, nothing but what it is recognised by. Raises BackendError."""
    told = aws.call(look_for(name)[0])
    yield f"{name}: {told['EndpointStatus']}, {age((now - told['CreationTime']).total_seconds())} old"
    if reason := told.get("FailureReason"):
        yield f"It failed: {reason}"
    config = _looked_at(aws, look_for(told["EndpointConfigName"])[1])
    yield f"configuration: {told['EndpointConfigName']}{'' if config else ', which is gone'}"
    for variant in config.get("ProductionVariants", ()):
        yield from _describe_variant(aws, name, variant)


def _describe_variant(aws: Caller, name: str, variant: Mapping[str, Any]) -> Iterator[str]:
    if "InstanceType" in variant:
        yield price(variant["InstanceType"], variant.get("InitialInstanceCount", 1), aws.region)
    if not (model := variant.get("ModelName")):
        return
    container: Mapping[str, Any] = _looked_at(aws, look_for(model)[2]).get("PrimaryContainer", {})
    yield f"model: {model}{'' if container else ', which is gone'}"
    if not container:
        return
    source = container.get("ModelDataUrl") or container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    known = recognise(container.get("Image"), container.get("Environment", {}), source, model, name)
    yield f"image: {container.get('Image')}"
    yield f"container: {known.container or 'not known'}; it takes {known.accepts}, of a model of the family {known.family}"
    if source:
        yield f"files: {re.sub(r'[?].*', '', source)}"


def _looked_at(aws: Caller, look: Call) -> Mapping[str, Any]:
    """Return what a resource is described by, empty if it is gone."""
    try:
        return aws.call(look)
    except RequestRejected as refusal:
        if is_not_there(refusal):
            return {}
        raise
