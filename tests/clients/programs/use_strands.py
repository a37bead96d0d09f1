"""strands-agents: an agent with a tool, on a SageMaker endpoint that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
from typing import Any

from strands import Agent, tool
from strands.models.sagemaker import SageMakerAIModel

asked: list[tuple[str, str]] = []


@tool  # type: ignore[untyped-decorator]  # mypy does not see it
def get_weather(city: str, unit: str) -> str:
    """Tell the weather.

    Args:
        city: Where.
        unit: Of its temperature.
    """
    asked.append((city, unit))
    return f"It rains in {city}."


async def _ask(question: dict[str, Any], answer: dict[str, Any]) -> None:
    texts = answer.setdefault("texts", [])
    endpoint = {"endpoint_name": question["endpoint"], "additional_args": {"CustomAttributes": question["attributes"]}}
    model = SageMakerAIModel(endpoint_config=endpoint, payload_config={"max_tokens": question["maxTokens"], "stream": True})
    async for event in Agent(model=model, tools=[get_weather] if question["tools"] else [], callback_handler=None).stream_async(question["prompt"]):
        if "data" in event:
            texts.append(event["data"])
        if "result" in event:
            answer["stopReason"] = event["result"].stop_reason


def ask(question: dict[str, Any], answer: dict[str, Any]) -> None:
    """Stream one answer; its pieces are its `texts`, and what its tool was asked for is `asked`."""
    asked.clear()
    answer["asked"] = asked
    asyncio.run(_ask(question, answer))
