"""`python -m tests.mock_server.control.sdk_journey URL REGION`: to an endpoint and back by `sagemaker.core.resources`; the last line is what it saw, as JSON.

A process of its own: the SDK takes two seconds to import, and keeps its first client for good.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import tests.conftest


def connect(url: str, region: str) -> None:
    """Point every SDK of this process at a twin."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIDSTREAMTWIN", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
    os.environ.update({"AWS_ENDPOINT_URL": url, "AWS_REGION": region, "AWS_DEFAULT_REGION": region, **keys})


def travel() -> dict[str, Any]:
    """Create, look at and delete one of each kind; return what was seen on the way."""
    from sagemaker.core.resources import Endpoint, EndpointConfig, InferenceComponent, Model
    from sagemaker.core.shapes import (
        ContainerDefinition,
        InferenceComponentComputeResourceRequirements,
        InferenceComponentRuntimeConfig,
        InferenceComponentSpecification,
        ProductionVariant,
    )
    from sagemaker.core.utils.exceptions import FailedStatusError

    role, seen = "arn:aws:iam::123456789012:role/rehearsal", {}
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.28.0-lmi10.0.0-cu124"
    model = Model.create(model_name="falcon", primary_container=ContainerDefinition(image=image), execution_role_arn=role)
    placed = {"variant_name": "AllTraffic", "instance_type": "ml.g5.2xlarge", "initial_instance_count": 1}
    config = EndpointConfig.create(endpoint_config_name="falcon", production_variants=[ProductionVariant(model_name="falcon", **placed)])
    endpoint = Endpoint.create(endpoint_name="falcon", endpoint_config_name="falcon", tags=[{"key": "made-by", "value": "sdk"}])
    seen["at first"] = endpoint.endpoint_status
    endpoint.wait_for_status("InService", poll=1, timeout=60)
    seen["image"] = endpoint.production_variants[0].deployed_images[0].specified_image
    seen["models"] = [each.model_name for each in Model.get_all(name_contains="fal")]
    seen["endpoints"] = [each.endpoint_name for each in Endpoint.get_all(status_equals="InService")]
    bare = EndpointConfig.create(endpoint_config_name="bare", production_variants=[ProductionVariant(**placed)], execution_role_arn=role)
    host = Endpoint.create(endpoint_name="host", endpoint_config_name="bare")
    host.wait_for_status("InService", poll=1, timeout=60)
    needs = InferenceComponentComputeResourceRequirements(min_memory_required_in_mb=1024)
    component = InferenceComponent.create(
        inference_component_name="part",
        endpoint_name="host",
        variant_name="AllTraffic",
        specification=InferenceComponentSpecification(model_name="falcon", compute_resource_requirements=needs),
        runtime_config=InferenceComponentRuntimeConfig(copy_count=1),
    )
    component.wait_for_status("InService", poll=1, timeout=60)
    seen["component"] = component.specification.model_name
    component.delete()
    component.wait_for_delete(poll=1, timeout=60)
    for each in (endpoint, host):
        each.delete()
        each.wait_for_delete(poll=1, timeout=60)
    failing = Endpoint.create(endpoint_name="failing", endpoint_config_name="falcon", tags=[{"key": "mock:fault", "value": "capacity"}])
    try:
        failing.wait_for_status("InService", poll=1, timeout=60)
    except FailedStatusError as error:
        seen["failure"] = str(error)
    failing.delete()
    failing.wait_for_delete(poll=1, timeout=60)
    for each in (config, bare, model):
        each.delete()
    seen["left"] = [each.model_name for each in Model.get_all()] + [each.endpoint_name for each in Endpoint.get_all()]
    return {**seen, "asked outside": tests.conftest.outside}


if __name__ == "__main__":
    connect(*sys.argv[1:])
    print(f"\n{json.dumps(travel())}")  # noqa: T201 - it is for this that it runs
