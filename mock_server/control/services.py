"""The services whose calls the control plane answers, as a table: what each is called by botocore, by `X-Amz-Target`, by signatures and by IAM."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One service."""

    model: str
    """botocore's name of it."""
    target: str
    """What `X-Amz-Target` begins with."""
    signing_name: str
    """In the scope of a signature."""
    action: str
    """What its IAM actions begin with."""


SAGEMAKER = Service("sagemaker", "SageMaker", "sagemaker", "sagemaker")
TAGGING = Service("resourcegroupstaggingapi", "ResourceGroupsTaggingAPI_20170126", "tagging", "tag")


def find_service(target: str) -> Service | None:
    """Return the service that an `X-Amz-Target` names; None if it is none of ours."""
    prefix = target.partition(".")[0]
    return next((service for service in (SAGEMAKER, TAGGING) if service.target == prefix), None)
