"""What the SageMaker SDK has to be told besides `AWS_ENDPOINT_URL` so that a rehearsal stays on this machine; against AWS, `Session()` is enough."""

from __future__ import annotations

from typing import Any

import boto3
from sagemaker.core.helper.session_helper import Session

# The SDK tells AWS of each build and each deployment, with account, region and ARNs, unless this is set; ~/.config/sagemaker/config.yaml takes it too.
NO_TELEMETRY = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


class OneEndpoint(boto3.Session):
    """AWS where `AWS_ENDPOINT_URL` says: the SDK asks for STS at its address at AWS, whatever the variable says."""

    def client(self, service_name: str, *args: Any, **options: Any) -> Any:
        """Return a client; of STS, without the address that the SDK gives."""
        if service_name == "sts":
            options.pop("endpoint_url", None)
        return super().client(service_name, *args, **options)  # type: ignore[call-overload]  # the stubs know the names one by one


def rehearsal_session() -> Any:
    """Return a session of the SDK's for `ModelBuilder(sagemaker_session=...)`."""
    return Session(boto_session=OneEndpoint(), sagemaker_config=NO_TELEMETRY)
