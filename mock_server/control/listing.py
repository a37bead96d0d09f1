"""Lists: what is left by the filters, in the order that is asked for. Source of the defaults: botocore's documentation of the List operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mock_server.control.kinds import KINDS, Kind
from mock_server.control.operations import Handler, describe
from mock_server.control.paging import Pager
from mock_server.control.plane import Asked, ControlPlane

PAGE = 10
Fits = Callable[[Kind, Mapping[str, Any], Any], bool]
FILTERS: dict[str, Fits] = {
    "NameContains": lambda kind, shown, text: text.lower() in shown[kind.name_member].lower(),
    "CreationTimeAfter": lambda _, shown, at: shown["CreationTime"] > at,
    "CreationTimeBefore": lambda _, shown, at: shown["CreationTime"] < at,
    "LastModifiedTimeAfter": lambda _, shown, at: shown["LastModifiedTime"] > at,
    "LastModifiedTimeBefore": lambda _, shown, at: shown["LastModifiedTime"] < at,
    "StatusEquals": lambda kind, shown, status: shown[kind.status_member] == status,
    "EndpointNameEquals": lambda _, shown, name: shown["EndpointName"] == name,
    "VariantNameEquals": lambda _, shown, name: shown["VariantName"] == name,
}
"""Whether a thing, as it is described, is left by a filter."""


def _list(kind: Kind, plane: ControlPlane, asked: Asked) -> dict[str, Any]:
    given = asked.given
    shown = [describe(plane, record) for record in plane.store.all(kind, asked.region)]
    for name, fits in FILTERS.items():
        if name in given:
            shown = [each for each in shown if fits(kind, each, given[name])]
    members = {"Name": kind.name_member, "Status": kind.status_member, "CreationTime": "CreationTime"}
    member = members[given.get("SortBy", "CreationTime")]
    pager = Pager(given.get("NextToken"), given.get("MaxResults", PAGE), is_descending=given.get("SortOrder", "Descending") == "Descending")
    page, token = pager.take({(each[member], each[kind.arn_member]): each for each in shown})
    return {kind.list_member: page, "NextToken": token or None}


HANDLERS: dict[str, Handler] = {f"List{kind.list_member}": partial(_list, kind) for kind in KINDS}
