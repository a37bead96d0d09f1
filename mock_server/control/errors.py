"""The errors of the control plane, in the service's words.

Texts that users of the service published: what exists already (aws/sagemaker-python-sdk issue 101, awslabs/spot-tagging-bot-for-digital-assets 2), what could
not be found (aws/amazon-sagemaker-examples 2339 and 2402), the quota (there, 307), the model data (philschmid/llm-sagemaker-sample 2). That an endpoint cannot
go while it has components was seen (aws/amazon-sagemaker-feedback 49); that text, and the one of what is in progress, are not. Services of this protocol
answer 400 where others have 403 (aws-controllers-k8s/community 1889).
"""

from __future__ import annotations

from mock_server.control.kinds import Kind


class ControlError(Exception):
    """The control plane answers with an error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Broken(Exception):
    """The connection is to break in place of an answer."""


def invalid(message: str) -> ControlError:
    """Return the refusal of something that cannot be done as it was asked."""
    return ControlError("ValidationException", message)


def malformed(message: str) -> ControlError:
    """Return the refusal of what is no JSON of the right shape."""
    return ControlError("SerializationException", message)


def not_found(kind: Kind, arn: str) -> ControlError:
    """Return the refusal where there is none."""
    return invalid(f'Could not find {kind.noun} "{arn}".')


def already_exists(kind: Kind, arn: str) -> ControlError:
    """Return the refusal of a name that is taken."""
    return invalid(f'Cannot create already existing {kind.noun} "{arn}".')


def in_progress(kind: Kind, arn: str) -> ControlError:
    """Return the refusal to change or delete what is changing."""
    return invalid(f'Cannot update in-progress {kind.noun} "{arn}".')


def over_quota(instance_type: str, instances: int) -> ControlError:
    """Return the refusal of more instances than an account may have, which is none."""
    return ControlError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{instance_type} for endpoint usage' is 0 Instances, with current utilization of 0 Instances and a request delta of "
        f"{instances} Instances. Please contact AWS support to request an increase for this limit.",
    )


def no_model_data(url: str, role: str, region: str) -> ControlError:
    """Return the refusal of a model whose archive is not there, or not for its role."""
    return invalid(
        f'Could not access model data at {url}. Please ensure that the role "{role}" exists and that its trust relationship policy allows the action '
        '"sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
        f"is located in {region}."
    )
