"""What image and environment tell of a container; the images' names are those of the registries."""

from __future__ import annotations

import pytest

from backends.endpoints import Recognised, family_of, recognise
from backends.prompts import FAMILIES
from mock_server.catalog import load_catalog

ECR = "763104351884.dkr.ecr.us-west-2.amazonaws.com"
LLAMA = {"HF_MODEL_ID": "meta-llama/Meta-Llama-3-8B-Instruct"}
BASE = {"HF_MODEL_ID": "mistralai/Mistral-7B-v0.1"}

IMAGES = [
    (f"{ECR}/djl-inference:0.23.0-deepspeed0.9.5-cu118", LLAMA, "LMI 0.23.0", "inputs"),
    (f"{ECR}/djl-inference:0.26.0-tensorrtllm0.7.1-cu122", LLAMA, "LMI 0.26.0", "inputs"),
    (f"{ECR}/djl-inference:0.27.0-deepspeed0.12.6-cu121", LLAMA, "LMI 0.27.0", "messages"),
    (f"{ECR}/djl-inference:0.38.0-lmi29.0.0-cu130", LLAMA, "LMI 0.38.0", "messages"),
    (f"{ECR}/djl-inference:0.38.0-lmi29.0.0-cu130", BASE, "LMI 0.38.0", "inputs"),
    (f"{ECR}/djl-inference@sha256:0123", LLAMA, "LMI", "inputs"),
    ("deepjavalibrary/djl-serving:0.36.0-lmi", {"OPTION_MODEL_ID": "google/gemma-2-9b-it"}, "LMI 0.36.0", "messages"),
    (f"{ECR}/huggingface-pytorch-tgi-inference:2.0.1-tgi0.9.3-gpu-py39-cu118-ubuntu20.04", LLAMA, "TGI 0.9.3", "inputs"),
    (f"{ECR}/huggingface-pytorch-tgi-inference:2.3.0-tgi2.3.1-gpu-py311-cu124-ubuntu22.04", LLAMA, "TGI 2.3.1", "inputs"),
    (f"{ECR}/huggingface-pytorch-tgi-inference:2.3.0-tgi2.3.1-gpu-py311", {**LLAMA, "MESSAGES_API_ENABLED": "true"}, "TGI 2.3.1", "messages"),
    (f"{ECR}/huggingface-pytorch-tgi-inference:2.4.0-tgi2.4.0-gpu-py311-cu124-ubuntu22.04-v2.0", LLAMA, "TGI 2.4.0", "messages"),
    (f"{ECR}/huggingface-pytorch-tgi-inference@sha256:0123", LLAMA, "TGI", "inputs"),
    ("ghcr.io/huggingface/text-generation-inference:3.3.6", LLAMA, "TGI 3.3.6", "messages"),
    (f"{ECR}/vllm:0.11.2-gpu-py312-cu129-ubuntu22.04-sagemaker-v1.2", BASE, "vLLM 0.11.2", "messages"),
    (f"{ECR}/vllm:server-sagemaker-cuda-v1", {}, "vLLM", "messages"),
    (f"{ECR}/huggingface-vllm:0.29.0-gpu", {}, "vLLM 0.29.0", "messages"),
    ("vllm/vllm-openai:v0.11.0", {}, "vLLM 0.11.0", "messages"),
    ("lmsysorg/sglang:v0.5.4-cu129", {}, "SGLang 0.5.4", "messages"),
    ("123456789012.dkr.ecr.us-east-1.amazonaws.com/my-own:1.0", LLAMA, "", "inputs"),
    (None, LLAMA, "", "inputs"),
]


@pytest.mark.parametrize(("image", "environment", "container", "accepts"), IMAGES)
def test_an_image_tells_its_server_and_what_that_takes(image: str | None, environment: dict[str, str], container: str, accepts: str) -> None:
    recognised = recognise(image, environment)
    assert (recognised.container, recognised.accepts) == (container, accepts)


VERSIONS = [
    ("TGI 2.4.0", ("TGI", (2, 4, 0))),
    ("LMI 0.38.0", ("LMI", (0, 38, 0))),
    ("vLLM 0.11", ("vLLM", (0, 11))),
    ("vLLM 0.11.0rc2", ("vLLM", (0, 11))),
    ("LMI", ("LMI", ())),
    ("", ("", ())),
]


@pytest.mark.parametrize(("container", "known"), VERSIONS)
def test_server_and_version_can_be_asked_apart(container: str, known: tuple[str, tuple[int, ...]]) -> None:
    recognised = Recognised(container)
    assert (recognised.server, recognised.version) == known


OWN_IMAGES = [
    ({"OPTION_ROLLING_BATCH": "vllm", **LLAMA}, "LMI"),
    ({"SERVING_LOAD_MODELS": "test::MPI=/opt/ml/model"}, "LMI"),
    ({"MAX_INPUT_LENGTH": "1900", "MAX_TOTAL_TOKENS": "2048", **LLAMA}, "TGI"),
    ({"SM_VLLM_MODEL": "Qwen/Qwen2.5-7B-Instruct"}, "vLLM"),
    ({"SM_SGLANG_MODEL_PATH": "Qwen/Qwen2.5-7B-Instruct"}, "SGLang"),
    ({"SAGEMAKER_PROGRAM": "inference.py"}, ""),
]


@pytest.mark.parametrize(("environment", "server"), OWN_IMAGES)
def test_an_image_of_ones_own_is_told_by_variables_that_one_server_alone_reads(environment: dict[str, str], server: str) -> None:
    assert recognise("123456789012.dkr.ecr.us-east-1.amazonaws.com/my-own:1.0", environment).server == server


MODELS = [
    ("tiiuae/falcon-7b-instruct", "falcon"),
    ("huggingface-llm-falcon-180b-chat-bf16", "falcon"),
    ("tiiuae/falcon-7b", "plain"),
    ("tiiuae/Falcon3-7B-Instruct", "plain"),
    ("meta-llama/Llama-2-7b-chat-hf", "llama2"),
    ("meta-textgeneration-llama-2-7b-f", "llama2"),
    ("meta-textgeneration-llama-2-7b", "plain"),
    ("codellama/CodeLlama-7b-Instruct-hf", "llama2"),
    ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama3"),
    ("meta-textgeneration-llama-3-8b-instruct", "llama3"),
    ("meta-llama/Llama-3.3-70B-Instruct", "llama3"),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "plain"),
    ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "plain"),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistral"),
    ("huggingface-llm-mistral-7b", "plain"),
    ("Qwen/Qwen2.5-7B-Instruct", "chatml"),
    ("Qwen/Qwen3-0.6B", "chatml"),
    ("Qwen/Qwen3-8B-Base", "plain"),
    ("NousResearch/Hermes-3-Llama-3.1-8B", "chatml"),
    ("huggingface-llm-rinna-3-6b-instruction-ppo-bf16", "rinna"),
    ("s3://jumpstart-private/meta-textgeneration/llama-3-8b-instruct/artifacts/", "llama3"),
    ("/opt/ml/model", "plain"),
    (None, "plain"),
]


@pytest.mark.parametrize(("name", "family"), MODELS)
def test_the_name_of_a_model_tells_its_family(name: str | None, family: str) -> None:
    assert family_of(name) == family
    assert family in FAMILIES


def test_the_surest_name_goes_before_the_others() -> None:
    image = f"{ECR}/djl-inference:0.36.0-lmi18.0.0-cu128"
    assert recognise(image, {"HF_MODEL_ID": "/opt/ml/model"}, None, "my-falcon-7b-instruct") == Recognised("LMI 0.36.0", "messages", "falcon")
    assert recognise(image, LLAMA, "my-falcon-7b-instruct").family == "llama3"
    assert recognise(None, {}, "my-falcon-7b-instruct") == Recognised(family="falcon")


def test_every_endpoint_of_the_catalog_is_named_after_its_family() -> None:
    assert {name: family_of(name) for name in load_catalog()} == {name: entry.family for name, entry in load_catalog().items()}
