"""The operations on models, endpoint configurations, endpoints and inference components: create, describe, update, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from mock_server.control.deploying import Deployment, containers_of, created, deleted, deploy_config, deployed_image, updated
from mock_server.control.errors import already_exists, in_progress, invalid
from mock_server.control.kinds import COMPONENT, CONFIG, ENDPOINT, KINDS, MODEL, Kind
from mock_server.control.plane import Asked, ControlPlane
from mock_server.control.records import Container, Record, Step, Variant

Handler: TypeAlias = Callable[[ControlPlane, Asked], Mapping[str, Any]]
"""Does what a call asks and returns what it answers, or raises `ControlError`."""
Steps: TypeAlias = Callable[[ControlPlane, Asked], tuple[Step, ...]]


def _create(kind: Kind, begin: Steps, plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    name = asked.given[kind.name_member]
    arn = kind.arn(asked.region, name)
    if plane.store.find(arn) is not None:
        raise already_exists(kind, arn)
    given = {member: value for member, value in asked.given.items() if member != "Tags"}
    tags = {tag["Key"]: tag["Value"] for tag in asked.given.get("Tags", ())}
    steps = begin(plane, asked)
    record = Record(kind=kind, name=name, region=asked.region, given=given, created_at=plane.utc_now(), created_s=steps[0].from_s, steps=steps, tags=tags)
    plane.store.put(record)
    return {kind.arn_member: arn}


def _begin_model(plane: ControlPlane, asked: Asked) -> tuple[Step, ...]:
    if ("PrimaryContainer" in asked.given) == bool(asked.given.get("Containers")):
        raise invalid("Exactly one of PrimaryContainer and Containers has to be given.")
    if not all(container.image for container in containers_of(asked.given)) and "ModelPackageName" not in asked.given.get("PrimaryContainer", {}):
        raise invalid("Container definition must have an Image.")
    return (Step("", plane.clock.now_s()),)


def _begin_config(plane: ControlPlane, asked: Asked) -> tuple[Step, ...]:
    for variant in (*asked.given["ProductionVariants"], *asked.given.get("ShadowProductionVariants", ())):
        if "ModelName" in variant:
            plane.get(MODEL, asked.region, variant["ModelName"])
        elif "ExecutionRoleArn" not in asked.given:
            raise invalid("ExecutionRoleArn is required where a production variant names no model, so that inference components can run on it.")
    return (Step("", plane.clock.now_s()),)


def _begin_endpoint(plane: ControlPlane, asked: Asked) -> tuple[Step, ...]:
    return created(plane, deploy_config(plane, asked, asked.given["EndpointConfigName"]), asked.fault)


def _begin_component(plane: ControlPlane, asked: Asked) -> tuple[Step, ...]:
    return created(plane, _deploy_component(plane, asked, asked.given), asked.fault)


def _describe(kind: Kind, plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    return describe(plane, plane.get(kind, asked.region, asked.given[kind.name_member]))


def describe(plane: ControlPlane, record: Record) -> dict[str, Any]:
    """Return all that can be said of a thing as it is now, some of which an operation answers."""
    now_s, kind = plane.clock.now_s(), record.kind
    step = record.at(now_s)
    state = {kind.status_member: step.status, "LastModifiedTime": _stamp(record.modified_at(now_s).timestamp())} if step.status else {}
    given = record.given if kind is not COMPONENT else {**record.given, "EndpointArn": ENDPOINT.arn(record.region, record.given["EndpointName"])}
    return {**given, **step.members, kind.arn_member: record.arn, "CreationTime": _stamp(record.created_at.timestamp()), **state}


def _stamp(at: float) -> float:
    return round(at, 3)


def _update_endpoint(plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    record = _changeable(ENDPOINT, plane, asked)
    plane.get(CONFIG, asked.region, record.at(plane.clock.now_s()).members["EndpointConfigName"])
    deployment = deploy_config(plane, asked, asked.given["EndpointConfigName"])
    given = record.given if asked.fault else {**record.given, "EndpointConfigName": asked.given["EndpointConfigName"]}
    plane.store.put(replace(record, given=given, steps=updated(plane, record, deployment, asked.fault)))
    return {ENDPOINT.arn_member: record.arn}


def _update_component(plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    record = _changeable(COMPONENT, plane, asked)
    changes = {member: value for member, value in asked.given.items() if member != "DesiredRuntimeConfig"}
    runtime = asked.given.get("DesiredRuntimeConfig")
    given = {**record.given, **changes, **({"RuntimeConfig": runtime} if runtime else {}), "InferenceComponentName": record.name}
    steps = updated(plane, record, _deploy_component(plane, asked, given), asked.fault)
    plane.store.put(replace(record, given=given if asked.fault is None else record.given, steps=steps))
    return {COMPONENT.arn_member: record.arn}


def _changeable(kind: Kind, plane: ControlPlane, asked: Asked) -> Record:
    """Return what a call names, unless it is changing or has failed."""
    record = plane.get(kind, asked.region, asked.given[kind.name_member])
    if record.is_busy(plane.clock.now_s()):
        raise in_progress(kind, record.arn)
    if record.at(plane.clock.now_s()).status == "Failed":
        raise invalid(f'Cannot update failed {kind.noun} "{record.arn}"; it can only be deleted.')
    return record


def _delete_at_once(kind: Kind, plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    plane.store.remove(plane.get(kind, asked.region, asked.given[kind.name_member]))
    return {}


def _delete(kind: Kind, plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    record = plane.get(kind, asked.region, asked.given[kind.name_member])
    if record.is_busy(plane.clock.now_s()):
        raise in_progress(kind, record.arn)
    if kind is ENDPOINT and (names := list(_components_on(plane, record))):
        raise invalid(f'Cannot delete endpoint "{record.arn}" while it has inference components: {", ".join(names)}.')
    plane.store.put(deleted(plane, record))
    return {}


def _components_on(plane: ControlPlane, endpoint: Record) -> Iterator[str]:
    components = plane.store.all(COMPONENT, endpoint.region)
    return (component.name for component in components if component.given["EndpointName"].lower() == endpoint.name.lower())


def _deploy_component(plane: ControlPlane, asked: Asked, given: Mapping[str, Any]) -> Deployment:
    """Return what a component is to be."""
    endpoint = plane.get(ENDPOINT, asked.region, given["EndpointName"])
    names = [each.name for step in endpoint.steps for each in step.variants]
    if not names:
        raise invalid(f'Endpoint "{endpoint.arn}" takes no inference component: it is {endpoint.at(plane.clock.now_s()).status}.')
    variant = given.get("VariantName", names[0])
    if variant not in names:
        raise invalid(f'Could not find variant "{variant}" of endpoint "{endpoint.arn}".')
    specification = given.get("Specification") or next(iter(given.get("Specifications", ())), None)
    if specification is None:
        raise invalid("Specification has to be given.")
    container = _component_container(plane, asked, specification)
    copies = given.get("RuntimeConfig", {}).get("CopyCount", 1)
    summary = dict(specification)
    if "Container" in specification:
        image = {"DeployedImage": deployed_image(container.image, plane.utc_now().timestamp())}
        summary["Container"] = {**specification["Container"], **image}
    members = {"VariantName": variant, "Specification": summary}
    serving = {**members, "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies}}
    starting = {**members, "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": 0}}
    return Deployment(serving, (Variant(variant, 1.0, (container,)),), starting)


def _component_container(plane: ControlPlane, asked: Asked, specification: Mapping[str, Any]) -> Container:
    """Return the container of a component: its model's, its own, or that of the component that it adapts."""
    own = specification.get("Container", {})
    if "ModelName" in specification:
        return next(containers_of(plane.get(MODEL, asked.region, specification["ModelName"]).given))
    if "Image" in own:
        return Container(own["Image"], own.get("Environment", {}), own.get("ArtifactUrl", ""))
    if "BaseInferenceComponentName" in specification:
        base = plane.get(COMPONENT, asked.region, specification["BaseInferenceComponentName"])
        if found := [container for step in base.steps for variant in step.variants for container in variant.containers]:
            return found[0]
    raise invalid("Specification needs a ModelName, a Container with an Image, or a BaseInferenceComponentName.")


BEGIN: dict[Kind, Steps] = {MODEL: _begin_model, CONFIG: _begin_config, ENDPOINT: _begin_endpoint, COMPONENT: _begin_component}
HANDLERS: dict[str, Handler] = {
    **{f"Create{kind.stem}": partial(_create, kind, begin) for kind, begin in BEGIN.items()},
    **{f"Describe{kind.stem}": partial(_describe, kind) for kind in KINDS},
    **{f"Delete{kind.stem}": partial(_delete_at_once, kind) for kind in (MODEL, CONFIG)},
    **{f"Delete{kind.stem}": partial(_delete, kind) for kind in (ENDPOINT, COMPONENT)},
    "UpdateEndpoint": _update_endpoint,
    "UpdateInferenceComponent": _update_component,
    "UpdateInferenceComponentRuntimeConfig": _update_component,
}
