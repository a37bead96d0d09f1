"""What LMI's handler takes and refuses: the members of a request, their defaults, and the texts that say what is wrong.

Source: deepjavalibrary/djl-serving, the branch of each version: `djl_python/huggingface.py`, from 0.28 on `utils.py` and `input_parser.py`;
`encode_decode.py`; `three_p/three_p_utils.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from mock_server.containers.container import ContainerRequest
from mock_server.containers.lmi_asked import Asked, EngineBroke, HandlerBroke, Limits, Refused, read_tgi_limits, read_vllm_limits
from mock_server.containers.lmi_chat_request import read_chat, read_vllm_chat

BEDROCK_MAX_NEW_TOKENS = 512
FORWARDED_API = "x-amzn-sagemaker-forwarded-api"
"""The header in which SageMaker names the operation that was called."""
PARSING_FAILED = "Input Parsing failed. Ensure that the request payload is valid. "

Reader: TypeAlias = Callable[[ContainerRequest], Asked]
"""From a request to what it asks; raises `Refused`, `HandlerBroke` or `EngineBroke`."""


def read_0_23(request: ContainerRequest) -> Asked:
    """0.23: whatever its two `pop` do not like is refused, and what the engine does not like breaks the batch."""
    inputs, parameters, _ = pop(decode(request, Refused), Refused)
    try:
        return _generation(inputs, parameters, read_tgi_limits)
    except EngineBroke as error:
        raise HandlerBroke from error


def read_0_24(request: ContainerRequest) -> Asked:
    """0.24: as 0.23, but what the engine does not like is an error of its own."""
    inputs, parameters, _ = pop(decode(request, Refused), Refused)
    return _generation(inputs, parameters, read_tgi_limits)


def read_0_25(request: ContainerRequest) -> Asked:
    """0.25 and 0.26: only what is no JSON is refused; `pop` stands outside."""
    inputs, parameters, _ = pop(decode(request, Refused), HandlerBroke)
    return _generation(inputs, parameters, read_tgi_limits)


def read_0_27(request: ContainerRequest) -> Asked:
    """0.27: chats, and `stream`."""
    members = decode(request, Refused)
    if _is_chat(members, HandlerBroke):
        return read_chat(members, HandlerBroke)
    inputs, parameters, streams = pop(members, HandlerBroke)
    return _generation(inputs, parameters, read_vllm_limits, streams=streams)


def read_0_28(request: ContainerRequest) -> Asked:
    """0.28: the same, all of it refused with its error's text."""
    members = decode(request, Refused)
    if _is_chat(members, Refused):
        return read_chat(members, Refused)
    inputs, parameters, streams = pop(members, Refused)
    return _generation(inputs, parameters, read_vllm_limits, streams=streams)


def read_0_29(request: ContainerRequest) -> Asked:
    """0.29 and 0.30: an introduction before that text."""
    try:
        return read_0_28(request)
    except Refused as error:
        raise Refused(f"{PARSING_FAILED}{error}") from error


def read_0_31(request: ContainerRequest) -> Asked:
    """0.31: a text for each thing that `inputs` is not."""
    try:
        members = decode(request, Refused)
        return read_chat(members, Refused) if _is_chat(members, Refused) else _read_inputs(members)
    except Refused as error:
        raise Refused(f"{PARSING_FAILED}{error}") from error


def read_0_32(request: ContainerRequest) -> Asked:
    """0.32 and later, on vLLM: chats are read as vLLM reads them."""
    try:
        members = decode(request, Refused)
        return read_vllm_chat(members) if _is_chat(members, Refused) else _read_inputs(members)
    except Refused as error:
        raise Refused(f"{PARSING_FAILED}{error}") from error


def read_bedrock(request: ContainerRequest) -> Asked:
    """0.29 and later with `option.bedrock_compat`: whether it streams is what SageMaker says, not the body."""
    try:
        members = decode(request, Refused)
        if _is_chat(members, Refused):
            return read_chat(members, Refused)
        prompt = members["prompt"]
    except KeyError as error:
        raise Refused(f"{PARSING_FAILED}Invalid Request Property: {error}") from error
    except (Refused, TypeError) as error:
        raise Refused(f"{PARSING_FAILED}{error}") from error
    parameters = {**members, "max_new_tokens": members.get("max_gen_len", BEDROCK_MAX_NEW_TOKENS), "return_full_text": True, "details": True}
    streams = request.headers.get(FORWARDED_API) == "InvokeEndpointWithResponseStream"
    return _generation(prompt, parameters, read_vllm_limits, streams=streams)


def decode(request: ContainerRequest, error_type: type[Exception]) -> Any:
    """Return what a body holds, by its content type.

    Raises:
        Exception: Of `error_type`, with the text of what could not be read.
    """
    kind = request.content_type or ""
    try:
        if "text/plain" in kind:
            return {"inputs": [request.body.decode()]}
        if not kind and not request.body:
            return {"inputs": ""}
        if not kind or "application/json" in kind:
            return json.loads(request.body.decode())
    except (ValueError, RecursionError) as error:
        raise error_type(str(error)) from error
    return {"inputs": request.body.decode() if kind == "application/x-www-form-urlencoded" else request.body}


def _is_chat(members: Any, error_type: type[Exception]) -> bool:
    try:
        return "messages" in members
    except TypeError as error:
        raise error_type(str(error)) from error


def pop(members: Any, error_type: type[Exception]) -> tuple[Any, Any, bool]:
    """Return inputs, parameters and `stream`; these are the very statements of the handler, so their errors have the very texts.

    Raises:
        Exception: Of `error_type`, with Python's text.
    """
    try:
        return members.pop("inputs", members), members.pop("parameters", {}), bool(members.pop("stream", False))
    except (TypeError, AttributeError) as error:
        raise error_type(str(error)) from error


def _read_inputs(members: Any) -> Asked:
    wrong = f"Received payload {members}"
    shape = f"Invalid request payload. Request payload should be a json object specifying the 'inputs' field. {wrong}"
    inputs = members.get("inputs") if isinstance(members, dict) else None
    if inputs is None:
        raise Refused(shape)
    if not isinstance(inputs, str):
        raise Refused(f"Invalid request payload. The 'inputs' field must be a string. Received type {type(inputs)}")
    if not inputs:
        raise Refused(f"Invalid request payload. The 'inputs' field does not contain any content. {wrong}")
    parameters = members.get("parameters", {})
    if not isinstance(parameters, dict):
        raise Refused(f"Invalid request payload. 'parameters' must be provided as an object of key-value pairs. {wrong}")
    return _generation(inputs, parameters, read_vllm_limits, streams=bool(members.get("stream", False)))


def _generation(inputs: Any, parameters: Any, read_limits: Callable[[Mapping[str, Any]], Limits], *, streams: bool = False) -> Asked:
    prompt = inputs[0] if isinstance(inputs, list) and len(inputs) == 1 else inputs
    if not isinstance(prompt, str):
        raise EngineBroke(f"the prompt is of type {type(prompt).__name__}")
    if not isinstance(parameters, dict):
        raise EngineBroke(f"'{type(parameters).__name__}' object has no attribute 'get'")
    most, stop = read_limits(parameters)
    return Asked(prompt, parameters, streams, most, stop)
