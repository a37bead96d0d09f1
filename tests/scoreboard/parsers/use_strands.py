"""strands-agents: `SageMakerAIModel.stream`, whose boto3 client answers with the event dicts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import boto3
from strands.models.sagemaker import SageMakerAIModel

END: dict[str, Any] = {}


@cache
def _model() -> SageMakerAIModel:
    session = boto3.Session("AKIDSTREAMTWIN", "not-a-secret", region_name="us-east-1")
    return SageMakerAIModel({"endpoint_name": "none", "region_name": "us-east-1"}, {"max_tokens": 64}, boto_session=session)


def read(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the text of each delta."""
    model = _model()
    model.client.invoke_endpoint_with_response_stream = lambda **_: {"Body": events}
    stream = model.stream([{"role": "user", "content": [{"text": "hello"}]}])
    with asyncio.Runner() as runner:
        while (event := runner.run(_next(stream))) is not END:
            yield event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")


async def _next(stream: Any) -> dict[str, Any]:
    event: dict[str, Any] = await anext(stream, END)
    return event
