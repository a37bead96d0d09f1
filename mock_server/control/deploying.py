"""What becomes of an endpoint or a component from one moment to the next: the steps of its creation, its changes and its end.

An update that fails leaves what was there in service, and says why (hashicorp/terraform-provider-aws issue 39099); one needs the configuration that was there
as well (there, 40048).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mock_server.control.faults import REASONS, ControlFault
from mock_server.control.kinds import CONFIG, ENDPOINT, MODEL
from mock_server.control.plane import Asked, ControlPlane
from mock_server.control.records import Container, Record, Step, Variant

RENAMED = {
    "CurrentWeight": "InitialVariantWeight",
    "DesiredWeight": "InitialVariantWeight",
    "CurrentInstanceCount": "InitialInstanceCount",
    "DesiredInstanceCount": "InitialInstanceCount",
    "CurrentServerlessConfig": "ServerlessConfig",
    "DesiredServerlessConfig": "ServerlessConfig",
    "ManagedInstanceScaling": "ManagedInstanceScaling",
    "RoutingConfig": "RoutingConfig",
}
"""What an endpoint says of a variant, and where its configuration says that."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is to be in service."""

    members: Mapping[str, Any]
    """What is described once it is."""
    variants: tuple[Variant, ...]
    pending: Mapping[str, Any] = field(default_factory=dict)
    """What is described while it is not."""


def deploy_config(plane: ControlPlane, asked: Asked, name: str) -> Deployment:
    """Return what an endpoint of that configuration is to be; models are taken as they are now.

    Raises:
        ControlError: There is no such configuration, or one of its models is gone.
    """
    config = plane.get(CONFIG, asked.region, name)
    given = config.given["ProductionVariants"]
    variants = tuple(_variant(plane, asked.region, each) for each in given)
    named = {"EndpointConfigName": config.name}
    summaries = {
        member: [_summary(plane, asked.region, each) for each in config.given[member]]
        for member in ("ProductionVariants", "ShadowProductionVariants")
        if member in config.given
    }
    pending = {**named, "ProductionVariants": [{"VariantName": each["VariantName"]} for each in given], "StartTime": plane.utc_now().timestamp()}
    deployment = {"LastDeploymentConfig": asked.given.get("DeploymentConfig", {})}
    return Deployment({**named, **summaries, **deployment}, variants, {**named, "PendingDeploymentSummary": pending})


def containers_of(given: Mapping[str, Any]) -> Iterator[Container]:
    """Yield the containers of a model, the primary one first."""
    for each in (given["PrimaryContainer"],) if "PrimaryContainer" in given else given.get("Containers", ()):
        source = each.get("ModelDataSource", {}).get("S3DataSource", {})
        yield Container(each.get("Image", ""), each.get("Environment", {}), each.get("ModelDataUrl") or source.get("S3Uri", ""))


def deployed_image(image: str, at: float) -> dict[str, Any]:
    """Return what is said of an image: its digest, which is no real one, stands for that of the registry."""
    repository = image.partition("@")[0].rpartition(":")[0] or image
    digest = hashlib.sha256(image.encode()).hexdigest()
    return {"SpecifiedImage": image, "ResolvedImage": f"{repository}@sha256:{digest}", "ResolutionTime": at}


def created(plane: ControlPlane, deployment: Deployment, fault: ControlFault | None) -> tuple[Step, ...]:
    """Return the steps of what is being created."""
    now_s = plane.clock.now_s()
    named = {name: member for name, member in deployment.pending.items() if name != "PendingDeploymentSummary"}
    creating = Step("Creating", now_s, named)
    if fault is None:
        return creating, Step("InService", now_s + plane.creation_s, deployment.members, deployment.variants)
    if fault.name == "stuck":
        return (creating,)
    return creating, Step("Failed", now_s + plane.creation_s, {**named, "FailureReason": _reason(fault, deployment)})


def updated(plane: ControlPlane, record: Record, deployment: Deployment, fault: ControlFault | None) -> tuple[Step, ...]:
    """Return the steps of what is changed: it goes on as it is until the change is done."""
    now_s = plane.clock.now_s()
    before = record.at(now_s)
    members = {name: member for name, member in before.members.items() if name != "FailureReason"}
    updating = replace(before, status="Updating", from_s=now_s, members={**deployment.pending, **members})
    done_s = now_s + plane.creation_s
    if fault is None:
        return updating, Step("InService", done_s, deployment.members, deployment.variants)
    if fault.name == "stuck":
        return (updating,)
    back = replace(before, status="InService", from_s=done_s, members={**members, "FailureReason": _reason(fault, deployment)})
    if record.kind is not ENDPOINT:
        return updating, back
    rolling_back = replace(before, status="RollingBack", from_s=done_s, members=members)
    return updating, rolling_back, replace(back, from_s=done_s + plane.creation_s)


def deleted(plane: ControlPlane, record: Record) -> Record:
    """Return what is being deleted; nothing answers any more, and no tag finds it."""
    now_s = plane.clock.now_s()
    members = {name: member for name, member in record.at(now_s).members.items() if name != "FailureReason"}
    return replace(record, steps=(Step("Deleting", now_s, members),), tags={}, gone_s=now_s + plane.creation_s)


def _reason(fault: ControlFault, deployment: Deployment) -> str:
    return REASONS[fault.name].format(variant=next((variant.name for variant in deployment.variants), "AllTraffic"))


def _variant(plane: ControlPlane, region: str, given: Mapping[str, Any]) -> Variant:
    containers = containers_of(plane.get(MODEL, region, given["ModelName"]).given) if "ModelName" in given else ()
    return Variant(given["VariantName"], given.get("InitialVariantWeight", 1.0), tuple(containers))


def _summary(plane: ControlPlane, region: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an endpoint in service says of a variant."""
    at = plane.utc_now().timestamp()
    images = [deployed_image(container.image, at) for container in _variant(plane, region, given).containers]
    weighed = {"InitialVariantWeight": 1.0, **given}
    members = {member: weighed[source] for member, source in RENAMED.items() if source in weighed}
    return {"VariantName": given["VariantName"], **members, **({"DeployedImages": images} if images else {})}
