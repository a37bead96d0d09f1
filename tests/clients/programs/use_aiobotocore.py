"""aiobotocore as an application uses it: a session, a client by either of the service's names, a stream that is read or cancelled."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

from aiobotocore.session import get_session


async def _stream(question: dict[str, Any], answer: dict[str, Any], reached: asyncio.Event) -> None:
    parts = answer.setdefault("parts", [])
    async with get_session().create_client(question["client"]) as client:
        response = await client.invoke_endpoint_with_response_stream(**question["input"])
        async for event in response["Body"]:
            parts.append(b64encode(event["PayloadPart"]["Bytes"]).decode())
            if len(parts) == question.get("cancelAfter"):
                reached.set()


async def _invoke(question: dict[str, Any], answer: dict[str, Any]) -> None:
    async with get_session().create_client(question["client"]) as client:
        response = await client.invoke_endpoint(**question["input"])
        async with response["Body"] as body:
            answer["parts"] = [b64encode(await body.read()).decode()]


async def _cancel(question: dict[str, Any], answer: dict[str, Any]) -> None:
    reached = asyncio.Event()
    task = asyncio.create_task(_stream(question, answer, reached))
    await reached.wait()
    task.cancel()
    await asyncio.wait([task])
    answer["cancelled"] = task.cancelled()


def ask(question: dict[str, Any], answer: dict[str, Any]) -> None:
    """Do as one question says."""
    if "cancelAfter" in question:
        asyncio.run(_cancel(question, answer))
    elif question["operation"] == "invoke":
        asyncio.run(_invoke(question, answer))
    else:
        asyncio.run(_stream(question, answer, asyncio.Event()))
