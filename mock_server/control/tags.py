"""Tags, as SageMaker keeps them and as the Resource Groups Tagging API finds what has them: gone as soon as what they are on is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mock_server.control.errors import ControlError, invalid
from mock_server.control.operations import Handler
from mock_server.control.paging import Key, Pager
from mock_server.control.plane import Asked, ControlPlane
from mock_server.control.records import Record

MAX_TAGS = 50
RESOURCES_PAGE = 50


def tags_of(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as operations give them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _add(plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    record = _tagged(plane, asked)
    tags = {**record.tags, **{tag["Key"]: tag["Value"] for tag in asked.given["Tags"]}}
    if len(tags) > MAX_TAGS:
        raise invalid(f"{record.arn} would have {len(tags)} tags; it can have {MAX_TAGS}.")
    plane.store.put(replace(record, tags=tags))
    return {"Tags": tags_of(tags)}


def _list(plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    return {"Tags": tags_of(_tagged(plane, asked).tags)}  # a page has all: it cannot be asked for fewer than fifty


def _delete(plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    record = _tagged(plane, asked)
    plane.store.put(replace(record, tags={key: value for key, value in record.tags.items() if key not in asked.given["TagKeys"]}))
    return {}


def _tagged(plane: ControlPlane, asked: Asked) -> Record:
    arn = asked.given["ResourceArn"]
    record = plane.store.find(arn)
    if record is None:
        raise ControlError("ResourceNotFound", f"Could not find resource {arn}.")
    return record


def _find(plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    """Answer GetResources."""
    found: dict[Key, Record] = {("", record.arn): record for record in plane.store.all(region=asked.region) if record.tags and _fits(record, asked.given)}
    page, token = Pager(asked.given.get("PaginationToken"), asked.given.get("ResourcesPerPage", RESOURCES_PAGE)).take(found)
    return {"PaginationToken": token, "ResourceTagMappingList": [{"ResourceARN": record.arn, "Tags": tags_of(record.tags)} for record in page]}


def _fits(record: Record, given: Mapping[str, Any]) -> bool:
    """Whether one of the types, one of the ARNs and all of the tags are its own, as far as they are given."""
    types, arns = given.get("ResourceTypeFilters"), given.get("ResourceARNList")
    return (
        (not types or bool({"sagemaker", f"sagemaker:{record.kind.segment}"} & set(types)))
        and (not arns or record.arn in arns)
        and all(
            wanted["Key"] in record.tags and (not wanted.get("Values") or record.tags[wanted["Key"]] in wanted["Values"])
            for wanted in given.get("TagFilters", ())
            if "Key" in wanted
        )
    )


HANDLERS: dict[str, Handler] = {"AddTags": _add, "ListTags": _list, "DeleteTags": _delete}
FINDERS: dict[str, Handler] = {"GetResources": _find}
