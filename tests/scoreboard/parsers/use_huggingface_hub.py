"""huggingface_hub: `InferenceClient` at an endpoint's address, its HTTP client made by a factory, as it documents, to answer with the parts."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
from huggingface_hub import InferenceClient, set_client_factory

from tests.scoreboard.parsers.members import said_in


def _client(parts: Iterator[bytes]) -> InferenceClient:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":  # it asks the Hub about agents first
            return httpx2.Response(404)
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=parts)

    set_client_factory(lambda: httpx2.Client(transport=httpx2.MockTransport(answer)))
    return InferenceClient(model="http://stream.test")


def read_tokens(parts: Iterator[bytes]) -> Iterator[str]:
    """Yield the text of the tokens that are not special."""
    client = _client(parts)  # it closes what it reads when it is let go
    for output in client.text_generation("hello", stream=True, details=True):
        token = output.token  # None where an event had none
        yield "" if not token or token.special else token.text or ""


def read_chat(parts: Iterator[bytes]) -> Iterator[str]:
    """Yield what choice 0 says."""
    client = _client(parts)
    for chunk in client.chat_completion([{"role": "user", "content": "hello"}], stream=True):
        yield said_in(chunk)
