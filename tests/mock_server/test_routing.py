"""Variants and inference components, as boto3 asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server import MockServer
from mock_server.catalog import CatalogError, load_catalog
from mock_server.clock import VirtualClock
from mock_server.routing import Variant, draw_variant
from tests.mock_server.boto import client_of, invoke, stream, twin_of

CATALOG = """
[shared]
container = "lmi-0.23"
[shared.variants]
blue = 3
green = { weight = 1, profile = "constant:100,1" }
idle = 0
[parts]
container = "lmi-0.23"
components = ["one", "two"]
[plain]
container = "lmi-0.23"
"""
HELLO = {"inputs": "hello", "parameters": {"max_new_tokens": 4}}


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[MockServer]:
    with twin_of(tmp_path, CATALOG, clock=VirtualClock(), time_limits=10) as twin:
        yield twin


@pytest.fixture
def client(twin: MockServer) -> Iterator[Any]:
    with client_of(twin) as client:
        yield client


def test_variants_share_the_traffic_by_their_weights(client: Any, twin: MockServer) -> None:
    asked = [invoke(client, "shared", HELLO)["InvokedProductionVariant"] for _ in range(100)]
    shares = Counter(asked)
    assert set(shares) == {"blue", "green"}
    assert 60 <= shares["blue"] <= 90
    twin.journal.wait(100)
    assert [entry.variant for entry in twin.journal.finished] == asked
    httpx.post(f"{twin.url}/_mock/reset", trust_env=False).raise_for_status()
    assert [invoke(client, "shared", HELLO)["InvokedProductionVariant"] for _ in range(20)] == asked[:20]


def test_the_same_seed_goes_to_the_same_variant(client: Any) -> None:
    by_seed = [{invoke(client, "shared", HELLO, CustomAttributes=f"mock.seed={seed}")["InvokedProductionVariant"] for _ in range(3)} for seed in range(12)]
    assert all(len(variants) == 1 for variants in by_seed)
    assert set().union(*by_seed) == {"blue", "green"}


def test_a_variant_that_is_named_answers_at_its_own_pace(client: Any, twin: MockServer) -> None:
    for name in ("green", "idle", "blue"):
        response = client.invoke_endpoint_with_response_stream(EndpointName="shared", Body=b'{"inputs": "hello"}', TargetVariant=name)
        assert response["InvokedProductionVariant"] == name
        list(response["Body"])
    twin.journal.wait(3)
    assert [(entry.variant, entry.profile) for entry in twin.journal.finished] == [("green", "constant:100,1"), ("idle", "instant"), ("blue", "instant")]
    stream(client, "shared", HELLO, TargetVariant="green", CustomAttributes="mock.profile=instant")
    assert twin.journal.wait(4).profile == "instant"


@pytest.mark.parametrize("endpoint", ["shared", "plain"])
def test_a_variant_that_is_not_there_is_named(client: Any, endpoint: str) -> None:
    with pytest.raises(client.exceptions.ValidationError, match=r"Variant red of account 123456789012 not found\.$"):
        invoke(client, endpoint, HELLO, TargetVariant="red")


def test_an_inference_component_is_asked_by_its_name(client: Any, twin: MockServer) -> None:
    assert stream(client, "parts", HELLO, InferenceComponentName="two") == stream(client, "plain", HELLO)
    assert twin.journal.wait(1).headers["x-amzn-sagemaker-inference-component"] == "two"
    assert [endpoint.component for endpoint in twin.endpoints] == [None, "one", None]


@pytest.mark.parametrize(
    ("endpoint", "members", "message"),
    [
        (
            "parts",
            {},
            "Inference Component Name header is required for endpoints to which you plan to deploy inference components. Please include ",
        ),
        (
            "plain",
            {"InferenceComponentName": "one"},
            "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference components. Please remove ",
        ),
        ("parts", {"InferenceComponentName": "three"}, "Inference Component three of account 123456789012 not found."),
    ],
)
def test_an_endpoint_takes_the_header_of_components_only_where_it_has_such(client: Any, endpoint: str, members: dict[str, str], message: str) -> None:
    with pytest.raises(client.exceptions.ValidationError) as refusal:
        invoke(client, endpoint, HELLO, **members)
    assert refusal.value.response["Error"]["Message"].startswith(message)


def test_a_missing_component_has_a_code_of_its_own(twin: MockServer) -> None:
    response = httpx.post(f"{twin.url}/endpoints/parts/invocations", json=HELLO, trust_env=False)
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (400, "ValidationError")
    assert response.json()["ErrorCode"] == "INFERENCE_COMPONENT_NAME_MISSING"


def test_the_twin_tells_what_its_endpoints_have(twin: MockServer) -> None:
    shared, parts, _ = httpx.get(f"{twin.url}/_mock/endpoints", trust_env=False).json()
    assert (shared["variants"], shared["components"], shared["sessions_s"]) == ({"blue": 3, "green": 1, "idle": 0}, [], None)
    assert (parts["variants"], parts["components"]) == ({"AllTraffic": 1}, ["one", "two"])


def test_a_variant_without_weight_is_never_drawn() -> None:
    drawn = {draw_variant((Variant("a", 0), Variant("b", 1), Variant("c", 0)), str(lot)).name for lot in range(200)}
    assert drawn == {"b"}


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("variants = 3", "variants: received 3; legal: a table of variants: a weight of 0 or more each, or a table of weight and profile"),
        ("variants = {}", "variants: received {}; legal: a table of variants"),
        ("variants = {a = -1}", "variants: a is -1; legal: a table of variants"),
        ("variants = {a = true}", "variants: a is True; legal: a table of variants"),
        ("variants = {a = nan}", "variants: a is nan; legal: a table of variants"),
        ("variants = {a = {wait = 1}}", "variants: a is {'wait': 1}; legal: a table of variants"),
        ("variants = {a = {profile = 1}}", "variants: a is {'profile': 1}; legal: a table of variants"),
        ("variants = {a = {profile = 'slow'}}", "variants: 'slow' is not a profile; legal: "),
        ("variants = {a_b = 1}", "variants: 'a_b' is not a name; legal: 1 to 63 letters, digits and hyphens between them"),
        ("variants = {a = 0, b = 0}", "variants: every weight is 0; legal: one over 0"),
        ("components = 'one'", "components: received 'one'; legal: a list of names"),
        ("components = []", "components: received []; legal: a list of names"),
        ("components = ['a b']", "components: 'a b' is not a name; legal: "),
    ],
)
def test_a_catalog_that_routes_nowhere_does_not_load(tmp_path: Path, lines: str, problem: str) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(f"[mine]\ncontainer = 'lmi-0.23'\n{lines}\n")
    with pytest.raises(CatalogError) as refusal:
        load_catalog(file)
    assert str(refusal.value).startswith(f"{file}: endpoint 'mine': {problem}")
