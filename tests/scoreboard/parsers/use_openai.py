"""openai: its client, whose transport answers with the parts, and the loops of its README."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
from openai import OpenAI

from tests.scoreboard.parsers.members import said_in


def _client(parts: Iterator[bytes]) -> OpenAI:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=parts))
    return OpenAI(api_key="none", base_url="http://stream.test/v1", max_retries=0, http_client=httpx2.Client(transport=transport))


def read_chat(parts: Iterator[bytes]) -> Iterator[str]:
    """Yield what choice 0 says; a chunk without choices tells the usage alone, as the API's reference has it."""
    for chunk in _client(parts).chat.completions.create(model="none", messages=[{"role": "user", "content": "hello"}], stream=True):
        yield said_in(chunk)


def read_completion(parts: Iterator[bytes]) -> Iterator[str]:
    """Yield the text of choice 0."""
    for chunk in _client(parts).completions.create(model="none", prompt="hello", stream=True):
        yield said_in(chunk)
