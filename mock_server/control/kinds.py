"""The kinds of things that the control plane keeps, as a table: what they are called in operations, members, ARNs and texts.

Source: botocore's service model sagemaker 2017-07-24, which names the operations and members of all of them alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from mock_server.refusals import ACCOUNT


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing."""

    stem: str
    """In operations and members: CreateModel, ModelName, ModelArn, Models."""
    segment: str
    """In ARNs."""
    noun: str
    """In the texts of errors."""

    @property
    def name_member(self) -> str:
        """The member that has its name."""
        return f"{self.stem}Name"

    @property
    def arn_member(self) -> str:
        """The member that has its ARN."""
        return f"{self.stem}Arn"

    @property
    def status_member(self) -> str:
        """The member that has its status, where it has one."""
        return f"{self.stem}Status"

    @property
    def list_member(self) -> str:
        """The member of a list's answer that has all of them."""
        return f"{self.stem}s"

    def arn(self, region: str, name: str) -> str:
        """Return the ARN of one of that name; ARNs are in lower case, whatever the name is."""
        return f"arn:aws:sagemaker:{region}:{ACCOUNT}:{self.segment}/{name.lower()}"


MODEL = Kind("Model", "model", "model")
CONFIG = Kind("EndpointConfig", "endpoint-config", "endpoint configuration")
ENDPOINT = Kind("Endpoint", "endpoint", "endpoint")
COMPONENT = Kind("InferenceComponent", "inference-component", "inference component")
KINDS = (MODEL, CONFIG, ENDPOINT, COMPONENT)
