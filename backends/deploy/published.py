"""A JumpStart model as its publisher has set it up, read from JumpStart's bucket without the SageMaker SDK, which would ask its own AWS configuration.

Source: sagemaker-core 2.27, `sagemaker.core.jumpstart`: `cache.py` for the keys, `types.py` for the members, `utils.py` for image and environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from backends.deploy.aws import Caller
from backends.deploy.jumpstart import JumpStartModel
from backends.deploy.plan import Call
from backends.errors import ConfigurationError

MANIFEST = "models_manifest.json"


def read_model(aws: Caller, model_id: str, *, instance_type: str = "") -> JumpStartModel:
    """Return what the newest version of a model is deployed with.

    Args:
        aws: Whom to ask.
        model_id: JumpStart's.
        instance_type: Empty for the model's own.

    Raises:
        BackendError: There is no such model, or none for that instance; or the bucket cannot be read.
    """
    listed = {each["model_id"]: each for each in sorted(_read(aws, MANIFEST), key=_version)}
    if model_id not in listed:
        raise ConfigurationError(f"JumpStart has no model {model_id!r} in {aws.region}; it has {', '.join(sorted(listed))}")
    return _model(_read(aws, listed[model_id]["spec_key"]), model_id, instance_type, aws.region)


def _version(entry: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(part) for part in str(entry["version"]).split(".") if part.isdigit())


def _read(aws: Caller, key: str) -> Any:
    return orjson.loads(aws.call(Call("s3", "GetObject", {"Bucket": _bucket(aws.region), "Key": key}))["Body"].read())


def _model(spec: Mapping[str, Any], model_id: str, instance_type: str, region: str) -> JumpStartModel:
    kind = instance_type or spec["default_inference_instance_type"]
    if kind not in (supported := spec["supported_inference_instance_types"]):
        raise ConfigurationError(f"JumpStart's {model_id} is not for {kind}; it is for {', '.join(supported)}")
    variants: Mapping[str, Any] = spec["hosting_instance_type_variants"]
    of_family, of_instance = (variants["variants"].get(name, {}) for name in (kind.split(".")[1], kind))
    image = of_family["regional_properties"]["image_uri"].removeprefix("$")
    limits = spec.get("deploy_kwargs") or {}
    eula = spec.get("hosting_eula_key")
    return JumpStartModel(
        model_id=model_id,
        version=spec["version"],
        image=variants["regional_aliases"][region][image],
        artifact=f"s3://{_bucket(region)}/{spec.get('hosting_prepacked_artifact_key') or spec['hosting_artifact_key']}",
        environment=_environment(spec) | of_instance.get("properties", {}).get("environment_variables", {}),
        instance_type=kind,
        health_check_s=limits.get("container_startup_health_check_timeout"),
        download_s=limits.get("model_data_download_timeout"),
        eula=eula and f"https://{_bucket(region)}.s3.{region}.amazonaws.com/{eula}",
        is_isolated=bool(spec.get("inference_enable_network_isolation")),
    )


def _environment(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of the container, not those of what trains or of what only the SDK reads."""
    return {each["name"]: str(each["default"]) for each in spec["inference_environment_variables"] if each["scope"] == "container"}


def _bucket(region: str) -> str:
    return f"jumpstart-cache-prod-{region}"
