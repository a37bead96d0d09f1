"""openai: its client, whose transport answers with the parts, and the loops of its README."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
from openai import OpenAI


def _client(parts: Iterator[bytes]) -> OpenAI:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=parts))
    return OpenAI(api_key="none", base_url="http://stream.test/v1", max_retries=0, http_client=httpx2.Client(transport=transport))


def read_chat(parts: Iterator[bytes]) -> Iterator[str]:
    """Yield what the first choice says; a chunk without choices tells the usage alone, as the API's reference has it."""
    for chunk in _client(parts).chat.completions.create(model="none", messages=[{"role": "user", "content": "hello"}], stream=True):
        yield from (choice.delta.content or "" for choice in chunk.choices[:1])


def read_completion(parts: Iterator[bytes]) -> Iterator[str]:
    """Yield the text of the first choice."""
    for chunk in _client(parts).completions.create(model="none", prompt="hello", stream=True):
        yield from (choice.text for choice in chunk.choices[:1])
