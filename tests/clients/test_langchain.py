"""langchain-aws's language model and its chat model, each with a content handler as people write it, by the environment's endpoint URL alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mock_server import MockServer
from mock_server.catalog import FILE, load_catalog
from mock_server.containers.media import MEDIA
from tests.clients.foreign import Client, Start, named, text_of
from tests.contract.clients import MAX_NEW_TOKENS
from tests.contract.cuttings import CUTS

CATALOG = {name: entry for name, entry in load_catalog(FILE).items() if entry.container not in MEDIA}
MODELS = [
    *(("llm", name) for name, entry in CATALOG.items() if entry.accepts == "inputs"),
    *(("chat", name) for name in CATALOG),
]
"""Every endpoint, by the chat model; by the language model those that take a prompt."""
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "inputs": {"parameters": {"max_new_tokens": MAX_NEW_TOKENS}},
    "messages": {"max_tokens": MAX_NEW_TOKENS},
}


@pytest.fixture(scope="module")
def langchain(start: Start) -> Client:
    return start("langchain")


def ask(langchain: Client, model: str, endpoint_name: str, attributes: str) -> dict[str, Any]:
    accepts = CATALOG[endpoint_name].accepts
    return langchain.ask(model=model, endpoint=endpoint_name, accepts=accepts, options=OPTIONS[accepts], attributes=attributes, prompt="hello")


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("model", "endpoint_name"), MODELS)
def test_the_whole_text_arrives_through_every_cut(twin: MockServer, langchain: Client, model: str, endpoint_name: str, cut: str) -> None:
    attributes = "mock.script=framing;mock.seed=3"
    answer = ask(langchain, model, endpoint_name, f"{attributes};mock.cut={cut}")

    assert answer["error"] is None
    assert "".join(answer["texts"]) == text_of(named(twin, endpoint_name), attributes)


@pytest.mark.parametrize("model", ["llm", "chat"])
def test_an_exception_frame_is_raised_after_what_came_before_it(langchain: Client, model: str) -> None:
    answer = ask(langchain, model, "falcon-7b-instruct-tgi", "mock.fault=model-stream-error@8;mock.script=hello")

    assert "".join(answer["texts"]) == " Hello! I am glad that you are"
    assert answer["error"]["type"] == "botocore.exceptions.EventStreamError"
    assert answer["error"]["members"]["Code"] == "ModelStreamError"
