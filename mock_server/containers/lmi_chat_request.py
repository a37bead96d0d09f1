"""Chats as LMI's handler reads them: by a model of its own in 0.27 to 0.31, by vLLM's since.

Source: deepjavalibrary/djl-serving, the branch of each version: `djl_python/chat_completions/`. The models are pydantic's, and so are the texts that refuse.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator

from mock_server.containers.lmi_asked import DEFAULT_MAX_NEW_TOKENS, Asked, EngineBroke, Limits, Refused, check_limits, text_of


class ChatProperties(BaseModel):
    """A chat as 0.27 to 0.31 check it; members that they check and leave out of account are left out here, too."""

    messages: list[dict[str, Any]]
    frequency_penalty: float | None = 0.0
    logprobs: bool | None = False
    top_logprobs: int | None = None
    max_tokens: int | None = None
    presence_penalty: float | None = 0.0
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = False
    temperature: float | None = 1.0
    top_p: float | None = 1.0

    @field_validator("messages")
    @classmethod
    def _check_messages(cls, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not all("role" in message and "content" in message for message in messages):
            raise ValueError("When passing chat dicts as input, each dict must have a 'role' and 'content' key.")
        return messages

    @field_validator("frequency_penalty", "presence_penalty")
    @classmethod
    def _check_penalty(cls, penalty: float | None, info: ValidationInfo) -> float | None:
        if penalty is not None and not -2 <= penalty <= 2:
            raise ValueError(f"{info.field_name} must be between -2.0 and 2.0.")
        return penalty

    @field_validator("top_logprobs")
    @classmethod
    def _check_top_logprobs(cls, top_logprobs: int | None, info: ValidationInfo) -> int | None:
        if top_logprobs is None or not info.data.get("logprobs"):
            return None
        if not 0 <= top_logprobs <= 20:
            raise ValueError("top_logprobs must be between 0 and 20.")
        return top_logprobs

    @field_validator("temperature")
    @classmethod
    def _check_temperature(cls, temperature: float | None) -> float | None:
        if temperature is not None and not 0 <= temperature <= 2:
            raise ValueError("temperature must be between 0 and 2.")
        return temperature


def read_chat(members: dict[str, Any], error_type: type[Exception]) -> Asked:
    """Read a chat of 0.27 to 0.31: log probabilities come only where `top_logprobs` is over 0."""
    try:
        chat = ChatProperties(**members)
    except (ValidationError, TypeError) as error:
        raise error_type(str(error)) from error
    most = DEFAULT_MAX_NEW_TOKENS if chat.max_tokens is None else chat.max_tokens
    limits = check_limits(most, chat.stop or [], members)
    return _chat({**members, "logprobs": bool(chat.top_logprobs)}, limits)


def read_vllm_chat(members: dict[str, Any]) -> Asked:
    """Read a chat as vLLM's `ChatCompletionRequest`: without a limit of its own, the model's is the limit."""
    messages = members["messages"]
    if not isinstance(messages, list):
        raise Refused(_validation_error("ChatCompletionRequest", "messages", "Input should be a valid list", "list_type", messages))
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Refused(_validation_error("ChatCompletionRequest", f"messages.{place}.role", "Field required", "missing", message))
    if members.get("tool_choice") == "required":
        raise Refused('tool_choice = "required" is not supported!')
    try:
        limits = check_limits(members.get("max_tokens") or members.get("max_completion_tokens"), members.get("stop") or [], members)
    except EngineBroke as error:
        raise Refused(str(error)) from error
    return _chat(members, limits)


def _validation_error(model: str, member: str, text: str, kind: str, value: Any) -> str:
    return f"1 validation error for {model}\n{member}\n  {text} [type={kind}, input_value={value!r:.50}, input_type={type(value).__name__}]"


def _chat(members: dict[str, Any], limits: Limits) -> Asked:
    messages = members["messages"]
    prompt = text_of(messages[-1]) if messages else ""
    return Asked(prompt, members, bool(members.get("stream")), *limits, messages, is_chat=True)
