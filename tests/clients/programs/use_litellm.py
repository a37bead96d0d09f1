"""litellm's two SageMaker providers, streamed, as its documentation has them.

It takes no endpoint URL from the environment: `sagemaker_base_url` is the one way to another place than AWS, and it is the operation's whole URL. An
endpoint's prompt template is registered, as litellm asks Hugging Face for one otherwise.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import litellm


def _options(question: dict[str, Any]) -> dict[str, Any]:
    url = f"{os.environ['AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME']}/endpoints/{question['endpoint']}/invocations-response-stream"
    return {
        "model": f"{question['provider']}/{question['endpoint']}",
        "messages": [{"role": "user", "content": question["prompt"]}],
        "stream": True,
        "sagemaker_base_url": url,
        **question["options"],
    }


def _text(chunk: Any) -> str:
    return chunk.choices[0].delta.content or ""


async def _ask_async(question: dict[str, Any], texts: list[str]) -> None:
    async for chunk in await litellm.acompletion(**_options(question)):
        texts.append(_text(chunk))  # noqa: PERF401 - a comprehension would lose what precedes an error


def ask(question: dict[str, Any], answer: dict[str, Any]) -> None:
    """Stream one answer; its pieces are its `texts`."""
    litellm.register_prompt_template(question["endpoint"], roles={"user": {"pre_message": "User: ", "post_message": "\nAssistant:"}})
    texts = answer.setdefault("texts", [])
    if question["asynchronous"]:
        asyncio.run(_ask_async(question, texts))
    else:
        for chunk in litellm.completion(**_options(question)):
            texts.append(_text(chunk))
