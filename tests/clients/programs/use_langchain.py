"""langchain-aws as its documentation has it: a language model and a chat model on an endpoint, each with a content handler that the user writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from langchain_aws.chat_models.sagemaker_endpoint import ChatModelContentHandler, ChatSagemakerEndpoint
from langchain_aws.llms.sagemaker_endpoint import LLMContentHandler, SagemakerEndpoint
from langchain_core.messages import AIMessageChunk

READERS: dict[str, Callable[[Any], str]] = {
    "outputs": lambda outputs: outputs[0],
    "token": lambda token: token["text"],
    "choices": lambda choices: choices[0]["delta"].get("content") or "" if choices else "",
}
"""Member of a frame -> its text."""


def read(line: bytes) -> str:
    """Return the text of one line of a stream: of JSON lines or of server-sent events."""
    data = line.removeprefix(b"data:").strip()
    if not data.startswith(b"{"):
        return ""
    frame = json.loads(data)
    return "".join(read_member(frame[name]) for name, read_member in READERS.items() if name in frame)


class TextHandler(LLMContentHandler):  # type: ignore[misc]  # mypy does not see the class
    """From a prompt to a body, and from a line of the answer to its text."""

    content_type = "application/json"
    accepts = "application/json"

    def transform_input(self, prompt: str, model_kwargs: Mapping[str, Any]) -> bytes:
        """Return the body."""
        return json.dumps({**model_kwargs, "inputs": prompt, "stream": True}).encode()

    def transform_output(self, output: bytes) -> str:
        """Return the text of one line."""
        return read(output)


class ChatHandler(ChatModelContentHandler):  # type: ignore[misc]  # mypy does not see the class
    """From messages to a body, and from a line of the answer to a piece of the message."""

    content_type = "application/json"
    accepts = "application/json"

    def __init__(self, shape: str) -> None:
        self.shape = shape

    def transform_input(self, prompt: list[dict[str, Any]], model_kwargs: Mapping[str, Any]) -> bytes:
        """Return the body."""
        asked = {"messages": prompt} if self.shape == "messages" else {"inputs": prompt[-1]["content"]}
        return json.dumps({**model_kwargs, **asked, "stream": True}).encode()

    def transform_output(self, output: bytes) -> AIMessageChunk:
        """Return the piece of the message that is in one line."""
        return AIMessageChunk(content=read(output))


def ask(question: dict[str, Any], answer: dict[str, Any]) -> None:
    """Stream one answer; its pieces are its `texts`."""
    options = {"endpoint_name": question["endpoint"], "endpoint_kwargs": {"CustomAttributes": question["attributes"]}, "streaming": True}
    options["model_kwargs"] = question["options"]
    texts = answer.setdefault("texts", [])
    if question["model"] == "chat":
        chat = ChatSagemakerEndpoint(content_handler=ChatHandler(question["accepts"]), **options)
        texts.extend(chunk.content for chunk in chat.stream([("user", question["prompt"])]))
    else:
        texts.extend(SagemakerEndpoint(content_handler=TextHandler(), **options).stream(question["prompt"]))
