"""The endpoints of an AWS account as SageMaker lists and describes them, and what is told there of their containers.

All of it blocks: call it in a thread. Of what a model's environment holds nothing is kept. Source: botocore's service model sagemaker 2017-07-24.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from threading import Lock
from typing import Any

from backends.endpoints import UNKNOWN, Recognised, recognise
from backends.errors import BackendError
from backends.remedies import answers_in_our_words, in_our_words
from backends.signing import refuse_open_transport_of

PAGE_ENDPOINTS = 20
"""How many endpoints are listed at once."""
ASKED_AT_ONCE = 8
CONNECT_S, READ_S = 5, 15
"""How long one waits for a connection, and for each answer."""
ACTIONS = (
    "sagemaker:ListEndpoints",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeModel",
    "sagemaker:ListInferenceComponents",
    "sagemaker:DescribeInferenceComponent",
)
"""What has to be allowed; without the last five less is known of an endpoint."""
PARTITIONS = ("aws", "aws-us-gov", "aws-cn", "aws-eusc")
"""The parts of AWS whose regions anybody may use who has an account there."""
_OPERATIONS = frozenset(action.partition(":")[2] for action in ACTIONS)


@dataclass(frozen=True, slots=True)
class AccountEndpoint:
    """An endpoint of the account, or one of its inference components."""

    name: str
    status: str
    """SageMaker's word: `InService`, `Creating`, `Failed` .."""
    component: str | None = None
    recognised: Recognised = UNKNOWN
    reason: str = ""
    """SageMaker's words for why it failed."""
    error: BackendError | None = None
    """Why no more is known of it."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Some of the account's endpoints, the newest first."""

    region: str
    endpoints: tuple[AccountEndpoint, ...]
    token: str | None
    """What asks for the next page; None: there is none."""


class Account:
    """The endpoints that one profile sees in one region; safe in threads.

    Args:
        region: None for what the AWS configuration says.
        profile: None for AWS_PROFILE, or the default one.
    """

    def __init__(self, *, region: str | None = None, profile: str | None = None) -> None:
        self._region = region
        self._profile = profile
        self._making = Lock()
        self._made: Any = None

    def page(self, *, contains: str = "", token: str | None = None) -> AccountPage:
        """Return the endpoints behind `token` whose names contain a text, described.

        Raises:
            BackendError: They cannot be listed.
        """
        asked = {"NameContains": contains, "NextToken": token}
        said = {name: value for name, value in asked.items() if value}
        with self._in_our_words():
            client = self._client()
            listed = client.list_endpoints(SortBy="CreationTime", SortOrder="Descending", MaxResults=PAGE_ENDPOINTS, **said)
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            described = pool.map(lambda summary: self.describe(summary["EndpointName"], summary["EndpointStatus"]), listed["Endpoints"])
            endpoints = tuple(chain.from_iterable(described))
        return AccountPage(client.meta.region_name, endpoints, listed.get("NextToken"))

    def describe(self, name: str, status: str = "") -> Sequence[AccountEndpoint]:
        """Return an endpoint, or each of its inference components; what could not be found out of it is said by its `error`.

        Args:
            status: What is known of it, should it not be told.
        """
        known = AccountEndpoint(name, status, recognised=recognise(None, {}, name))
        try:
            with self._in_our_words():
                told = self._client().describe_endpoint(EndpointName=name)
                known = AccountEndpoint(name, told["EndpointStatus"], None, recognise(_deployed_image(told), {}, name), told.get("FailureReason", ""))
                return _Containers(self._client(), known).all(told["EndpointConfigName"])
        except BackendError as error:
            return (replace(known, error=error),)

    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = self._make_client()
            return self._made

    def _make_client(self) -> Any:
        import boto3
        from botocore.config import Config

        session = boto3.Session(region_name=self._region, profile_name=self._profile)
        config = Config(
            connect_timeout=CONNECT_S, read_timeout=READ_S, max_pool_connections=ASKED_AT_ONCE, retries={"mode": "standard", "total_max_attempts": 3}
        )
        client = session.client("sagemaker", region_name=session.region_name or os.environ.get("AWS_REGION"), config=config)
        client.meta.events.register("before-send.sagemaker", refuse_open_transport_of)
        return client

    def _in_our_words(self) -> AbstractContextManager[None]:
        return answers_in_our_words(self._profile, _OPERATIONS)


class _Containers:
    """What runs at one endpoint; each of its methods asks."""

    def __init__(self, client: Any, endpoint: AccountEndpoint) -> None:
        self._client = client
        self._endpoint = endpoint

    def all(self, config: str) -> Sequence[AccountEndpoint]:
        """Return the endpoint with what its first variant runs, or its inference components where it has such."""
        variants = self._client.describe_endpoint_config(EndpointConfigName=config).get("ProductionVariants", ())
        model = next((variant["ModelName"] for variant in variants if variant.get("ModelName")), None)
        if model:
            return (replace(self._endpoint, recognised=self._of_model(model)),)
        pages = self._client.get_paginator("list_inference_components").paginate(EndpointNameEquals=self._endpoint.name)
        components = [self._component(each["InferenceComponentName"]) for page in pages for each in page["InferenceComponents"]]
        return components or (self._endpoint,)

    def _component(self, name: str) -> AccountEndpoint:
        told = self._client.describe_inference_component(InferenceComponentName=name)
        status, reason = told.get("InferenceComponentStatus", ""), told.get("FailureReason", "")
        return AccountEndpoint(self._endpoint.name, status, name, self._of_component(told), reason)

    def _of_component(self, told: Mapping[str, Any]) -> Recognised:
        """An adapter runs in the container of the component that it is for."""
        said: Mapping[str, Any] = told.get("Specification") or next(iter(told.get("Specifications", ())), {})
        if model := said.get("ModelName"):
            return self._of_model(model, told["InferenceComponentName"])
        if (base := said.get("BaseInferenceComponentName")) and base != told["InferenceComponentName"]:
            return self._of_component(self._client.describe_inference_component(InferenceComponentName=base))
        container: Mapping[str, Any] = said.get("Container", {})
        image = container.get("DeployedImage", {}).get("SpecifiedImage")
        return recognise(image, container.get("Environment", {}), container.get("ArtifactUrl"), told["InferenceComponentName"], self._endpoint.name)

    def _of_model(self, name: str, *names: str) -> Recognised:
        told = self._client.describe_model(ModelName=name)
        container: Mapping[str, Any] = told.get("PrimaryContainer") or next(iter(told.get("Containers", ())), {})
        source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
        places = (container.get("ModelDataUrl"), source, container.get("ModelPackageName"))
        return recognise(container.get("Image"), container.get("Environment", {}), *places, name, *names, self._endpoint.name)


def _deployed_image(told: Mapping[str, Any]) -> str | None:
    """Return what a described endpoint says of its image, which it does once it is in service."""
    images = (image.get("SpecifiedImage") for variant in told.get("ProductionVariants", ()) for image in variant.get("DeployedImages", ()))
    return next(images, None)


def profiles() -> tuple[str, ...]:
    """Return the profiles of the AWS configuration; raises ConfigurationError where it cannot be read."""
    with in_our_words(None):
        return tuple(_without_profile().available_profiles)


def regions() -> tuple[str, ...]:
    """Return the regions where SageMaker is, as boto3 knows them; raises ConfigurationError as `profiles` does."""
    with in_our_words(None):
        session = _without_profile()
        return tuple(region for partition in PARTITIONS for region in session.get_available_regions("sagemaker", partition))


def _without_profile() -> Any:
    """Return a session that knows of no profile, so that one that is not there is no reason to fail."""
    from botocore.session import Session

    return Session(session_vars={"profile": (None, None, None, None)})
