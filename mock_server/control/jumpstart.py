"""JumpStart's bucket, which is there in every region and needs no moto: a manifest of models and a specification of each, written for the rehearsal.

The models are the ten that the announcement of streaming in JumpStart names, and a gated one. Sources: sagemaker-core's `jumpstart` package, which reads the
files (`cache.py` the keys, `types.py` the members, `utils.py` how they make an image and an environment), and its `image_uri_config/huggingface-llm.json`
(accounts and tags of TGI's images). The numbers are ours: as the smallest instance that holds the model, and time enough to load it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

OBJECT = re.compile(r"/jumpstart-cache-prod-([a-z0-9-]+)/(.+)")
"""A path of S3's: the region in the bucket's name, and the key."""
BUCKET = "/jumpstart-cache-prod-"
VERSION, FIRST_SDK, NEVER_SDK = "1.0.0", "2.175.0", "99.0.0"
"""Of each model; of the SDK that may list it, and one that none is."""
EULA_KEY = "fmhMetadata/eula/llamaEula.txt"
EULA = "This stands in the place of the model's licence in a rehearsal. Read the real one before you deploy the real model.\n"
OLD_TGI = "2.0.1-tgi0.9.3-gpu-py39-cu118-ubuntu20.04"
TGI = "2.0.1-tgi1.1.0-gpu-py39-cu118-ubuntu20.04"
ACCOUNT = "763104351884"
ACCOUNTS = {
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-west-1": "204538143572",
    "cn-north-1": "727897471807",
    "cn-northwest-1": "727897471807",
    "eu-central-2": "380420809688",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "eusc-de-east-1": "204133271717",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "me-west-1": "124382933778",
    "mx-central-1": "637423239942",
    "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
}
"""Those that keep the images of a region, where it is another."""
SUFFIXES = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
"""The domains of regions whose names begin so; all others have the usual one."""
GPUS = {"ml.g5.2xlarge": 1, "ml.g5.4xlarge": 1, "ml.g5.12xlarge": 4, "ml.g5.48xlarge": 8, "ml.p4de.24xlarge": 8}
HOLDS = {"small": ("ml.g5.2xlarge", "ml.g5.4xlarge", "ml.g5.12xlarge"), "middle": ("ml.g5.12xlarge", "ml.g5.48xlarge"), "large": ("ml.p4de.24xlarge",)}
"""Which instances hold a model of that size; the first is where it is deployed if nobody says otherwise."""
PREDICTOR = {
    "default_content_type": "application/json",
    "supported_content_types": ["application/json"],
    "default_accept_type": "application/json",
    "supported_accept_types": ["application/json"],
}
"""What SDK 2 makes its `Predictor` of; without it, its `JumpStartModel.deploy` fails once the endpoint is there."""
LOADING_S = {"small": 600, "middle": 1200, "large": 3600}


@dataclass(frozen=True, slots=True)
class JumpStartModel:
    """One model of the manifest."""

    id: str
    size: str = "small"
    tag: str = OLD_TGI
    """Of TGI's image."""
    total_tokens: int = 2048
    is_gated: bool = False
    """Whether its licence has to be accepted."""

    @property
    def spec_key(self) -> str:
        """Where its specification is."""
        return f"community_models/{self.id}/specs_v{VERSION}.json"


MODELS = (
    JumpStartModel("huggingface-llm-bilingual-rinna-4b-instruction-ppo-bf16"),
    JumpStartModel("huggingface-llm-falcon-180b-bf16", "large", TGI),
    JumpStartModel("huggingface-llm-falcon-180b-chat-bf16", "large", TGI),
    JumpStartModel("huggingface-llm-falcon-40b-bf16", "middle"),
    JumpStartModel("huggingface-llm-falcon-40b-instruct-bf16", "middle"),
    JumpStartModel("huggingface-llm-falcon-7b-bf16"),
    JumpStartModel("huggingface-llm-falcon-7b-instruct-bf16"),
    JumpStartModel("huggingface-llm-mistral-7b", tag=TGI, total_tokens=8192),
    JumpStartModel("huggingface-llm-mistral-7b-instruct", tag=TGI, total_tokens=8192),
    JumpStartModel("huggingface-llm-rinna-3-6b-instruction-ppo-bf16"),
    JumpStartModel("meta-textgeneration-llama-2-7b-f", tag=TGI, total_tokens=4096, is_gated=True),
)


def with_jumpstart(others: ASGIApp) -> ASGIApp:
    """Return an application of S3's that answers for JumpStart's bucket, which can only be read, and leaves all else to another."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(BUCKET):
            await _answer(scope)(scope, receive, send)
        else:
            await others(scope, receive, send)

    return app


def _answer(scope: Scope) -> Response:
    found = OBJECT.fullmatch(scope["path"])
    if scope["method"] not in {"GET", "HEAD"} or found is None:
        return _error(403, "AccessDenied", "JumpStart's bucket can only be read, object by object.")
    body = read_object(found[1], found[2])
    if body is None:
        return _error(404, "NoSuchKey", "The specified key does not exist.")
    kind = "application/json" if found[2].endswith(".json") else "text/plain"
    return Response(body, headers={"etag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}, media_type=kind)


def _error(status: int, code: str, message: str) -> Response:
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>', status, media_type="application/xml"
    )


def read_object(region: str, key: str) -> bytes | None:
    """Return what is at a key of a region's bucket; None where nothing is."""
    write = _FILES.get(key)
    return write(region) if write else None


def _manifest(region: str) -> bytes:  # noqa: ARG001 - the same everywhere
    return _json([{"model_id": model.id, "version": VERSION, "min_version": FIRST_SDK, "spec_key": model.spec_key} for model in MODELS])


def _proprietary_manifest(region: str) -> bytes:  # noqa: ARG001 - the same everywhere
    """Return a list that is not empty, which the SDK does not read well, of a model that it never lists."""
    return _json([{"model_id": "none-for-a-rehearsal", "version": VERSION, "min_version": NEVER_SDK, "spec_key": "proprietary-models/none.json"}])


def _spec(model: JumpStartModel, region: str) -> bytes:
    instances, tokens = HOLDS[model.size], model.total_tokens
    artifact_key = f"rehearsal/{model.id}/artifacts/inference/v{VERSION}/"
    properties = {instance: {"properties": {"environment_variables": {"SM_NUM_GPUS": str(GPUS[instance])}}} for instance in instances}
    families = {instance.split(".")[1]: {"regional_properties": {"image_uri": "$gpu"}} for instance in instances}
    return _json(
        {
            "model_id": model.id,
            "url": "https://github.com/aws/sagemaker-python-sdk",
            "version": VERSION,
            "min_sdk_version": FIRST_SDK,
            "incremental_training_supported": False,
            "training_supported": False,
            "hosting_artifact_key": artifact_key,
            "hosting_prepacked_artifact_key": artifact_key,
            "hosting_use_script_uri": False,
            "inference_environment_variables": [
                _variable("ENDPOINT_SERVER_TIMEOUT", int, 3600),
                _variable("HF_MODEL_ID", str, "/opt/ml/model"),
                _variable("MAX_INPUT_LENGTH", int, tokens - 1),
                _variable("MAX_TOTAL_TOKENS", int, tokens),
                _variable("SM_NUM_GPUS", int, GPUS[instances[0]]),
            ],
            "predictor_specs": PREDICTOR,
            "default_inference_instance_type": instances[0],
            "supported_inference_instance_types": list(instances),
            "deploy_kwargs": {
                "model_data_download_timeout": LOADING_S[model.size],
                "container_startup_health_check_timeout": LOADING_S[model.size],
            },
            "hosting_instance_type_variants": {"regional_aliases": {region: {"gpu": image_uri(region, model.tag)}}, "variants": {**families, **properties}},
            "inference_enable_network_isolation": True,
            "resource_name_base": model.id.removeprefix("huggingface-"),
            **({"hosting_eula_key": EULA_KEY} if model.is_gated else {}),
        }
    )


def _variable(name: str, kind: type, default: Any) -> dict[str, Any]:
    kinds = {int: "int", str: "text"}
    return {"name": name, "type": kinds[kind], "default": str(default), "scope": "container", "required_for_model_class": True}


def image_uri(region: str, tag: str) -> str:
    """Return the name of TGI's image in a region."""
    suffix = SUFFIXES.get(region.partition("-")[0], "amazonaws.com")
    return f"{ACCOUNTS.get(region, ACCOUNT)}.dkr.ecr.{region}.{suffix}/huggingface-pytorch-tgi-inference:{tag}"


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def _spec_writer(model: JumpStartModel) -> Callable[[str], bytes]:
    return lambda region: _spec(model, region)


_FILES: Mapping[str, Callable[[str], bytes]] = {
    "models_manifest.json": _manifest,
    "proprietary-sdk-manifest.json": _proprietary_manifest,
    EULA_KEY: lambda _: EULA.encode(),
    **{model.spec_key: _spec_writer(model) for model in MODELS},
}
"""Key -> what writes its object for a region."""
