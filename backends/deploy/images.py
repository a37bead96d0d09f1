"""Which image a container is started from, as the SageMaker SDK's tables have it; no network is asked.

The SDK takes seconds to import and is large: only the commands that need it do so. Source: sagemaker-core 2.27, `image_uris`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from types import ModuleType
from typing import cast

from backends.errors import ConfigurationError

INSTALL = "pip install -r requirements-deploy.txt"
TGI = "huggingface-llm"
LMI = "djl-lmi"
VERSIONS = {"djl-deepspeed": "0.23.0"}
"""The version of a framework where nobody says one; without a row, the newest."""
_SCOPES = {TGI: "inference"}


@dataclass(frozen=True, slots=True)
class Known:
    """An image that is known without the SDK."""

    version: str
    uri: str
    """In `KNOWN_REGION`."""


KNOWN_REGION = "us-east-1"
KNOWN: Mapping[str, Known] = {
    LMI: Known("0.38.0", "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.38.0-lmi29.0.0-cu130"),
    TGI: Known("3.3.6", "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.7.0-tgi3.3.6-gpu-py311-cu124-ubuntu22.04"),
}
"""The newest of each framework in sagemaker-core 2.27, word for word, for whoever shows a plan and does without the SDK."""


def find_image(framework: str, region: str, *, version: str | None, instance_type: str) -> str:
    """Return an image's URI.

    Args:
        framework: As the SDK calls it: `djl-lmi`, `djl-deepspeed`, `huggingface-llm`.
        region: Where it is to be pulled.
        version: None for `VERSIONS`, or the newest.
        instance_type: What it is to run on.

    Raises:
        ConfigurationError: The SDK is missing, or knows no such framework, version or region; the message lists those that it knows.
    """
    wanted = version or VERSIONS.get(framework)
    try:
        return str(image_uris().retrieve(framework, region, version=wanted, instance_type=instance_type, image_scope=_SCOPES.get(framework)))
    except (ValueError, KeyError) as error:
        raise ConfigurationError(f"there is no image for {framework} {wanted or ''} in {region}: {error}") from error


def versions_of(framework: str) -> tuple[str, ...]:
    """Return the versions of a framework that the SDK knows; raises ConfigurationError."""
    config = image_uris().config_for_framework(framework)
    scope = _SCOPES.get(framework)
    return tuple((config[scope] if scope else config)["versions"])


def image_uris() -> ModuleType:
    """Return the SDK's module; raises ConfigurationError where it is not installed."""
    try:
        from sagemaker.core import image_uris as module
    except ImportError as error:
        raise missing_sdk(error) from error
    return cast("ModuleType", module)


def begin_import() -> None:
    """Import the SDK's module in a thread: it takes seconds, in which AWS can be asked. Who needs it later finds it, or fails, as ever."""

    def load() -> None:
        with suppress(ConfigurationError):
            image_uris()

    Thread(target=load, name="sagemaker-import", daemon=True).start()


def missing_sdk(error: ImportError) -> ConfigurationError:
    """Return what to say where the SDK cannot be imported."""
    return ConfigurationError(f"this needs the SageMaker SDK's tables of images and models, which are not installed ({error}): {INSTALL}")
