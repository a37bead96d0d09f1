"""What an hour of an instance costs, and how many accelerators it has.

The prices are those of real-time inference on demand in us-east-1, in US dollars, as of `AS_OF`: other regions differ by up to a half, and the list itself
(https://aws.amazon.com/sagemaker/ai/pricing/) goes before this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

AS_OF = "October 2025"
REGION = "us-east-1"
LIST = "https://aws.amazon.com/sagemaker/ai/pricing/"


@dataclass(frozen=True, slots=True)
class Instance:
    """One type."""

    dollars_an_hour: float
    gpus: int


INSTANCES: Mapping[str, Instance] = {
    "ml.g4dn.xlarge": Instance(0.736, 1),
    "ml.g4dn.2xlarge": Instance(0.94, 1),
    "ml.g4dn.4xlarge": Instance(1.505, 1),
    "ml.g4dn.8xlarge": Instance(2.72, 1),
    "ml.g4dn.12xlarge": Instance(4.89, 4),
    "ml.g4dn.16xlarge": Instance(5.44, 1),
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
    if known is None:
        return f"{count} x {instance_type}: its price is not in our table; {LIST} has it. It runs up until the endpoint is deleted."
    elsewhere = "" if region == REGION else f"; {region} may differ"
    return f"{count} x {instance_type}: ${known.dollars_an_hour * count:.3f} an hour ({REGION}, {AS_OF}{elsewhere}) until the endpoint is deleted."
