"""litellm's `sagemaker` (a prompt) and `sagemaker_chat` (messages), at once and asynchronously.

It is tried where each part is one frame, as most endpoints cut by default: of a part that holds two, its releases up to 1.106 lose the rest of the answer,
and of characters cut in two as well (BerriAI/litellm 9165, 5372). Of LMI 0.23's `outputs` it knows nothing.
"""

from __future__ import annotations

import pytest

from mock_server import MockServer
from mock_server.catalog import FILE, load_catalog
from mock_server.containers.media import MEDIA
from tests.clients.foreign import Client, Start, named, text_of
from tests.contract.clients import MAX_NEW_TOKENS

PROVIDERS = {"inputs": "sagemaker", "messages": "sagemaker_chat"}
UNREAD = ("lmi-0.23",)
"""Containers whose frames it does not know."""
ENDPOINTS = [
    (PROVIDERS[entry.accepts], name)
    for name, entry in load_catalog(FILE).items()
    if entry.container not in MEDIA and not entry.container.name.startswith(UNREAD)
]
ENDS = {"sagemaker": "<|endoftext|>", "sagemaker_chat": "<|eot_id|>"}
"""Of a prompt's answer it takes a token of this text for the end; of a chat's, it shows no text that comes with a finish reason, as LMI's end token does."""


@pytest.fixture(scope="module")
def litellm(start: Start) -> Client:
    return start("litellm")


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("provider", "endpoint_name"), ENDPOINTS)
def test_the_whole_text_arrives(twin: MockServer, litellm: Client, provider: str, endpoint_name: str, *, asynchronous: bool) -> None:
    question = "how do I build a website?"
    options = {"max_tokens": MAX_NEW_TOKENS}
    answer = litellm.ask(provider=provider, endpoint=endpoint_name, asynchronous=asynchronous, prompt=question, options=options)

    assert answer["error"] is None
    assert "".join(answer["texts"]).lstrip(" ") == text_of(named(twin, endpoint_name), "mock.script=build-a-website").removesuffix(ENDS[provider]).lstrip(" ")
    assert len(answer["texts"]) > 50


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("provider", PROVIDERS.values())
def test_an_endpoint_that_is_not_there_is_a_bad_request(litellm: Client, provider: str, *, asynchronous: bool) -> None:
    answer = litellm.ask(provider=provider, endpoint="unicorn", asynchronous=asynchronous, prompt="hello", options={})

    assert answer["error"]["type"] == "litellm.exceptions.BadRequestError"
    assert "Endpoint unicorn of account 123456789012 not found." in answer["error"]["message"]
