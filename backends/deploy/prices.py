"""What an hour of an instance costs, and how many accelerators it has.

The prices are those of hosting on demand in us-east-1, in US dollars: other regions differ by up to a half, and the list (`LIST`) goes before this table.
Sources: copies of AWS's price list of AmazonSageMaker (pricing.us-east-1.amazonaws.com, offers/v1.0/aws/AmazonSageMaker) in public repositories. For
us-east-1, as of August 2026: g5.2xlarge and g5.12xlarge. The other g5 from its copy for us-west-2, which agrees with it in both. A g4dn has no price, as
no copy of the list has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

AS_OF = "August 2026"
REGION = "us-east-1"
LIST = "https://aws.amazon.com/sagemaker/ai/pricing/"


@dataclass(frozen=True, slots=True)
class Instance:
    """One type."""

    dollars_an_hour: float | None
    """None: not in our sources."""
    gpus: int


INSTANCES: Mapping[str, Instance] = {
    "ml.g4dn.xlarge": Instance(None, 1),
    "ml.g4dn.2xlarge": Instance(None, 1),
    "ml.g4dn.4xlarge": Instance(None, 1),
    "ml.g4dn.8xlarge": Instance(None, 1),
    "ml.g4dn.12xlarge": Instance(None, 4),
    "ml.g4dn.16xlarge": Instance(None, 1),
    "ml.g5.xlarge": Instance(1.408, 1),
    "ml.g5.2xlarge": Instance(1.515, 1),
    "ml.g5.4xlarge": Instance(2.03, 1),
    "ml.g5.8xlarge": Instance(3.06, 1),
    "ml.g5.12xlarge": Instance(7.09, 4),
    "ml.g5.16xlarge": Instance(5.12, 1),
    "ml.g5.24xlarge": Instance(10.18, 4),
    "ml.g5.48xlarge": Instance(20.36, 8),
}


def gpus_of(instance_type: str) -> int:
    """Return how many GPUs an instance has; 1 where it is not known."""
    known = INSTANCES.get(instance_type)
    return known.gpus if known else 1


def price(instance_type: str, count: int, region: str) -> str:
    """Return a sentence on what so many instances cost until they are deleted."""
    known = INSTANCES.get(instance_type)
    if known is None or known.dollars_an_hour is None:
        return f"{count} x {instance_type}: its price is not in our table; {LIST} has it. It runs up until the endpoint is deleted."
    elsewhere = "" if region == REGION else f"; {region} may differ"
    return f"{count} x {instance_type}: ${known.dollars_an_hour * count:.3f} an hour ({REGION}, {AS_OF}{elsewhere}) until the endpoint is deleted."
