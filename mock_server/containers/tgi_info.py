"""What each version of Text Generation Inference tells of itself at `/info`.

Source: huggingface/text-generation-inference at each version's tag: `Info` in `router/src/lib.rs`; the values are the router's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_server.containers.tgi_request import MAX_BEST_OF, MAX_INPUT_TOKENS, MAX_STOP_SEQUENCES, MAX_TOTAL_TOKENS

MODEL = "/opt/ml/model"
"""Where SageMaker puts a model; the first version is that of the JumpStart deployments of Falcon."""

_LIMITS = {"max_concurrent_requests": 128, "max_best_of": MAX_BEST_OF, "max_stop_sequences": MAX_STOP_SEQUENCES}
_LENGTH, _TOKENS, _TOTAL = {"max_input_length": MAX_INPUT_TOKENS}, {"max_input_tokens": MAX_INPUT_TOKENS}, {"max_total_tokens": MAX_TOTAL_TOKENS}
_BATCH = {"waiting_served_ratio": 1.2, "max_batch_total_tokens": 16000, "max_waiting_tokens": 20}
_WORKERS, _CLIENTS = {"max_batch_size": None, "validation_workers": 2}, {"max_client_batch_size": 4, "router": "text-generation-router"}
_BUILD = {"version": None, "sha": None, "docker_label": None}


def _model(name: str) -> dict[str, Any]:
    return {"model_id": name, "model_sha": None, "model_dtype": "torch.bfloat16", "model_device_type": "cuda", "model_pipeline_tag": "text-generation"}


_LATER = {name: value for name, value in _model(MODEL).items() if name not in {"model_dtype", "model_device_type"}}
INFOS: Mapping[str, Mapping[str, Any]] = {
    "0.9": _model("tiiuae/falcon-7b-instruct") | _LIMITS | _LENGTH | _TOTAL | _BATCH | {"validation_workers": 2} | _BUILD,
    "1.4": _model(MODEL) | _LIMITS | _LENGTH | _TOTAL | _BATCH | _WORKERS | _BUILD,
    "2.1": _model(MODEL) | _LIMITS | _TOKENS | _TOTAL | _BATCH | _WORKERS | _CLIENTS | _BUILD,
    "2.3": _LATER | _LIMITS | _TOKENS | _TOTAL | {"validation_workers": 2} | _CLIENTS | _BUILD,
}
"""The version that a form of it began with -> its members."""


def info_of(version: str) -> Mapping[str, Any]:
    """Return what a version tells of itself."""
    began = max(first for first in INFOS if first <= version)
    return {**INFOS[began], "version": version}
