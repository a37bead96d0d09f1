"""OpenAI's own client on the service's OpenAI-compatible route, as AWS's developer guide has it: another base URL, and a bearer token for a key."""

from __future__ import annotations

from typing import Any

import openai


def ask(question: dict[str, Any], answer: dict[str, Any]) -> None:
    """Ask one question; the pieces of its answer are its `texts`."""
    with openai.OpenAI(base_url=question["url"], api_key=question["key"], max_retries=0) as client:
        texts = answer.setdefault("texts", [])
        options = {"model": "", "messages": [{"role": "user", "content": question["prompt"]}], "extra_headers": question["headers"]}
        if not question["stream"]:
            texts.append(client.chat.completions.create(**options).choices[0].message.content)
            return
        for chunk in client.chat.completions.create(**options, stream=True):
            texts.extend(choice.delta.content or "" for choice in chunk.choices)
