"""Answers of a real twin, kept on tapes as the page keeps them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.container import ContainerBackend
from backends.sagemaker import Credentials, SageMakerBackend
from demo.desk import SAGEMAKER
from demo.run import Run
from demo.tape import Tape
from mock_server import MockServer

KEYS = Credentials("AKIDSTREAMTWIN", "not-a-secret")


def answer(twin: MockServer, endpoint: str, question: str, *, front: str = SAGEMAKER, attributes: str | None = "mock.profile=instant") -> Tape:
    """Return the tape of a twin's answer."""
    [found] = [known for known in twin.endpoints if known.name == endpoint]
    messages = [ChatMessage("user", question)]
    return asked(twin, ChatRequest(messages=messages, endpoint=found, parameters=Parameters(max_new_tokens=80), custom_attributes=attributes), front)


def asked(twin: MockServer, request: ChatRequest, front: str) -> Tape:
    """Return the tape of the answer to `request`."""

    async def play() -> Tape:
        tape = Tape(request, front, number=1)
        runtime = SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False)
        container = ContainerBackend(use_proxy=False)
        async for _ in Run(runtime if front == SAGEMAKER else container, request, tape=tape).turns():
            pass
        await runtime.aclose()
        await container.aclose()
        return tape

    return asyncio.run(play())


def elsewhere(tape: Tape, name: str) -> Tape:
    """Return the tape as one of an endpoint of another name."""
    return replace(tape, request=replace(tape.request, endpoint=replace(tape.request.endpoint, name=name)))
