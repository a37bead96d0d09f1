"""Lists and the search for tags: filters, order, pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.mock_server.control.rehearsal import ARN, Rehearsal, rehearsal_on

NAMES = ["alpha", "Beta", "gamma", "delta"]
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
MADE = {"Key": "made-by", "Value": "rehearsal"}


class Days:
    """A calendar on which a day goes by each time it is looked at."""

    def __init__(self) -> None:
        self.day = 0

    def __call__(self) -> datetime:
        self.day += 1
        return START + timedelta(days=self.day)


@pytest.fixture(scope="module")
def four() -> Iterator[Rehearsal]:
    """Four models, made on a day each; four endpoints, of which one has failed."""
    with rehearsal_on(utc_now=Days()) as rehearsal:
        for name in NAMES:
            rehearsal.model(name, Tags=[MADE, {"Key": "name", "Value": name}])
        rehearsal.model()
        rehearsal.config()
        for name in NAMES:
            rehearsal.endpoint(name, Tags=[{"Key": "mock:fault", "Value": "capacity"}] if name == "gamma" else [])
        rehearsal.clock.turn()
        yield rehearsal


def day(number: int) -> float:
    return (START + timedelta(days=number, hours=1)).timestamp()


MODELS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["falcon", "delta", "gamma", "Beta", "alpha"]),
    ({"SortOrder": "Ascending"}, ["alpha", "Beta", "gamma", "delta", "falcon"]),
    ({"SortBy": "Name", "SortOrder": "Ascending"}, ["Beta", "alpha", "delta", "falcon", "gamma"]),
    ({"NameContains": "ETA"}, ["Beta"]),
    ({"NameContains": "l", "SortBy": "Name"}, ["falcon", "delta", "alpha"]),
    ({"CreationTimeAfter": day(2)}, ["falcon", "delta", "gamma"]),
    ({"CreationTimeBefore": day(2)}, ["Beta", "alpha"]),
    ({"CreationTimeAfter": day(1), "CreationTimeBefore": day(3)}, ["gamma", "Beta"]),
]
ENDPOINTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"StatusEquals": "InService"}, ["delta", "Beta", "alpha"]),
    ({"StatusEquals": "Failed"}, ["gamma"]),
    ({"SortBy": "Status", "SortOrder": "Ascending"}, ["gamma", "alpha", "Beta", "delta"]),
    ({"LastModifiedTimeAfter": day(0)}, ["delta", "gamma", "Beta", "alpha"]),
    ({"LastModifiedTimeBefore": day(0)}, []),
]


@pytest.mark.parametrize(("asked", "names"), MODELS)
def test_models_are_listed_as_asked(four: Rehearsal, asked: dict[str, Any], names: list[str]) -> None:
    assert [model["ModelName"] for model in four.ask("list_models", **asked)["Models"]] == names


@pytest.mark.parametrize(("asked", "names"), ENDPOINTS)
def test_endpoints_are_listed_as_asked(four: Rehearsal, asked: dict[str, Any], names: list[str]) -> None:
    assert [endpoint["EndpointName"] for endpoint in four.ask("list_endpoints", **asked)["Endpoints"]] == names


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("key", ["Name", "CreationTime", "Status"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_pages_together_are_the_list(four: Rehearsal, order: str, key: str, size: int) -> None:
    asked = {"SortBy": key, "SortOrder": order}
    pages = list(four.sagemaker.get_paginator("list_endpoints").paginate(**asked, MaxResults=size))
    assert [endpoint for page in pages for endpoint in page["Endpoints"]] == four.ask("list_endpoints", **asked)["Endpoints"]
    assert len(pages) == -(-4 // size)


def test_a_token_of_another_list_is_refused(four: Rehearsal) -> None:
    token = four.ask("list_models", MaxResults=1)["NextToken"]
    code, _ = four.ask("list_models", SortBy="Name", NextToken=token)
    assert code == "ValidationException"


def test_a_page_has_ten_and_whoever_deletes_what_it_lists_misses_none(rehearsal: Rehearsal) -> None:
    for number in range(25):
        rehearsal.model(f"model-{number}")
    deleted, token = [], None
    while True:
        page = rehearsal.ask("list_models", **({"NextToken": token} if token else {}))
        assert len(page["Models"]) <= 10
        for model in page["Models"]:
            rehearsal.ask("delete_model", ModelName=model["ModelName"])
            deleted.append(model["ModelName"])
        token = page.get("NextToken")
        if token is None:
            break
    assert sorted(deleted) == sorted(f"model-{number}" for number in range(25))


def found(rehearsal: Rehearsal, **asked: Any) -> list[str]:
    return [mapping["ResourceARN"].removeprefix(f"{ARN}:") for mapping in rehearsal.ask("get_resources", **asked)["ResourceTagMappingList"]]


SEARCHES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["endpoint/gamma", "model/alpha", "model/beta", "model/delta", "model/gamma"]),
    ({"TagFilters": [{"Key": "made-by"}]}, ["model/alpha", "model/beta", "model/delta", "model/gamma"]),
    ({"TagFilters": [{"Key": "made-by", "Values": ["rehearsal"]}, {"Key": "name", "Values": ["alpha", "Beta"]}]}, ["model/alpha", "model/beta"]),
    ({"TagFilters": [{"Key": "made-by", "Values": ["others"]}]}, []),
    ({"ResourceTypeFilters": ["sagemaker:endpoint"]}, ["endpoint/gamma"]),
    ({"ResourceTypeFilters": ["s3"]}, []),
    ({"ResourceTypeFilters": ["sagemaker", "s3"], "TagFilters": [{"Key": "name", "Values": ["delta"]}]}, ["model/delta"]),
    ({"ResourceARNList": [f"{ARN}:model/alpha", f"{ARN}:model/falcon"]}, ["model/alpha"]),
]


@pytest.mark.parametrize(("asked", "arns"), SEARCHES)
def test_what_has_tags_is_found_by_them(four: Rehearsal, asked: dict[str, Any], arns: list[str]) -> None:
    assert found(four, **asked) == arns


def test_a_search_goes_on_page_by_page(four: Rehearsal) -> None:
    pages = list(four.tagging.get_paginator("get_resources").paginate(ResourcesPerPage=2))
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 2, 1]


def test_tags_are_told_added_replaced_and_taken_away(rehearsal: Rehearsal) -> None:
    rehearsal.model(Tags=[MADE])
    arn = f"{ARN}:model/falcon"
    assert rehearsal.ask("list_tags", ResourceArn=arn) == {"Tags": [MADE]}
    rehearsal.ask("add_tags", ResourceArn=arn, Tags=[{"Key": "made-by", "Value": "me"}, {"Key": "a", "Value": ""}])
    assert rehearsal.ask("list_tags", ResourceArn=arn) == {"Tags": [{"Key": "made-by", "Value": "me"}, {"Key": "a", "Value": ""}]}
    rehearsal.ask("delete_tags", ResourceArn=arn, TagKeys=["made-by", "nothing"])
    assert rehearsal.ask("list_tags", ResourceArn=arn) == {"Tags": [{"Key": "a", "Value": ""}]}


def test_a_thing_has_fifty_tags_at_most(rehearsal: Rehearsal) -> None:
    rehearsal.model(Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    code, message = rehearsal.ask("add_tags", ResourceArn=f"{ARN}:model/falcon", Tags=[MADE])
    assert (code, message) == ("ValidationException", f"{ARN}:model/falcon would have 51 tags; it can have 50.")


def test_no_tag_finds_what_is_deleted_or_being_deleted(rehearsal: Rehearsal) -> None:
    rehearsal.deploy(Tags=[MADE])
    rehearsal.ask("add_tags", ResourceArn=f"{ARN}:model/falcon", Tags=[MADE])
    rehearsal.clock.turn()
    assert found(rehearsal) == ["endpoint/falcon", "model/falcon"]
    rehearsal.ask("delete_model", ModelName="falcon")
    rehearsal.ask("delete_endpoint", EndpointName="falcon")
    assert rehearsal.status() == "Deleting"
    assert found(rehearsal) == []
